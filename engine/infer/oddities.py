"""What is odd about the values beside samples: slips that would quietly make another type than was meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from engine.errors import UsageError
from engine.infer.samples import Sample, values_path, with_values
from engine.pointer import escape

ALIKE = 80  # likeness (0..100) of two names of which one may be a slip for the other; a first setting


def oddities(samples: Sequence[Sample]) -> Iterator[str]:
    """Sentences about samples without values among others, one document twice, and names that look like slips.

    Raises UsageError where one name has a list in some samples and a single value in others: no field can be both.
    """
    given = with_values(samples)
    _check_shapes([(values_path(sample.path), "", values) for sample, values in given])
    bare = [sample.path.name for sample in samples if sample.values is None]
    if given and bare:
        told = f"{', '.join(bare)}: no values beside {'it' if len(bare) == 1 else 'them'}"
        yield f"{told}, so only the type's phrases are looked for there"
    seen: dict[tuple[str, ...], Path] = {}
    for sample in samples:
        words = tuple(word.text for reading in sample.readings for word in reading.words)
        first = seen.setdefault(words, sample.path)
        if first is not sample.path:
            yield f"{sample.path} says the same as {first} and proves nothing more: give another document"
    yield from _slips([(values_path(sample.path), values) for sample, values in given])


def _slips(given: Sequence[tuple[Path, Mapping[str, Any]]]) -> Iterator[str]:
    """A name in fewer samples than another that looks like it, and in none together with it."""
    where: dict[str, list[Path]] = defaultdict(list)
    for path, values in given:
        for name in values:
            where[name].append(path)
    for name, paths in where.items():
        others = [o for o in where if len(where[o]) > len(paths) and not {*where[o]} & {*paths}]
        near = process.extractOne(name, others, scorer=fuzz.ratio, score_cutoff=ALIKE)
        if near:
            yield f'{paths[0]}: "{name}" stands only in {len(paths)} of {len(given)} samples: is it "{near[0]}"?'


def _check_shapes(nodes: Sequence[tuple[Path, str, Any]]) -> None:
    """Of all that stands at one place: its file, its pointer (rows by ``*``) and what it is."""
    shapes = {_shape(node): (path, pointer) for path, pointer, node in nodes if node is not None}
    if len(shapes) > 1:
        (one, (path, pointer)), (other, (second, _)), *_ = shapes.items()
        raise UsageError(f"{pointer} is {one} in {path} and {other} in {second}: give it the same shape in all")
    inside: dict[str, list[tuple[Path, str, Any]]] = defaultdict(list)
    for path, pointer, node in nodes:
        if isinstance(node, Mapping):
            for name, child in node.items():
                inside[f"{pointer}/{escape(name)}"].append((path, f"{pointer}/{escape(name)}", child))
        elif isinstance(node, list):
            inside[f"{pointer}/*"] += [(path, f"{pointer}/*", child) for child in node]
    for group in inside.values():
        _check_shapes(group)


def _shape(node: Any) -> str:
    return "an object" if isinstance(node, Mapping) else "a list" if isinstance(node, list) else "a single value"
