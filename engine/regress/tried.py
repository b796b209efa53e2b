"""A document type tried on samples: what it finds on each and on none, labels that nobody prints, and what is right
where values are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.as_text import columns, one_line
from engine.config import Config
from engine.doctype import DocumentType
from engine.flow import extract, read
from engine.infer.fields import exact
from engine.infer.learn import sample_to_notation
from engine.infer.samples import Sample, read_values
from engine.label.anchors import Label, every_anchor
from engine.label.claims import find_labels
from engine.label.lines import readings_to_lines
from engine.pointer import escape, matches, tokens
from engine.regress.compare import compare
from engine.regress.ran import RIGHT, Ran
from engine.regress.summary import summarise
from engine.regress.words import COUNT_HEADS, count_cells
from engine.result import Field, Result
from engine.validate import quoted

ROWS = 2  # rows of a table that are shown of each sample


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample's result, and the labels of the type that are printed on it as (pointer pattern, label): ``whole`` by
    themselves, ``printed`` also as a part of a longer label. ``ran`` holds the result against the values beside the
    sample, None where there are none; ``unknown`` are fields of these that the type does not have."""

    result: Result
    printed: frozenset[tuple[str, str]]
    whole: frozenset[tuple[str, str]]
    ran: Ran | None = None
    unknown: tuple[str, ...] = ()


def try_type(doctype: DocumentType, path: Path, config: Config) -> Tried:
    """The type on one document, read by OCR and text layer; no model is asked. BadInput for what cannot be opened,
    UsageError for values beside it that are none."""
    values = read_values(path)
    readings = read(path, config=config).readings
    lines = readings_to_lines(readings)
    labels = [Label(leaf.pointer, text, rank) for leaf in doctype.leaves for rank, text in enumerate(leaf.labels)]
    texts = {(label.leaf, label.rank): label.text for label in labels}
    whole = frozenset((a.leaf, texts[a.leaf, a.rank]) for a in find_labels(lines, doctype))
    printed = frozenset((a.leaf, texts[a.leaf, a.rank]) for a in every_anchor(lines, labels))
    tried = Tried(extract(path, type=str(doctype.path), config=config), printed, whole)
    return tried if values is None else _held_against(Sample(path, readings, values), tried, doctype)


def _held_against(sample: Sample, tried: Tried, doctype: DocumentType) -> Tried:
    """A field that the values leave out is not judged; a null says that it is not there."""
    values = sample.values or {}
    right = exact(values, doctype.schema.get("properties", {}), sample_to_notation(sample, doctype.date_order))
    known = {tokens(leaf.pointer)[0] for leaf in doctype.leaves}
    told = {escape(name): "*" in known or escape(name) in known for name in values}
    fields = [f for f in compare(right, tried.result, doctype, {}) if told.get(tokens(f.where)[0])]
    ran = Ran(str(sample.path), doctype.name, tried.result.status, tuple(fields))
    return replace(tried, ran=ran, unknown=tuple(f"/{name}" for name, there in told.items() if not there))


def tried_to_text(doctype: DocumentType, tried: Sequence[Tried]) -> str:
    """A table a sample, then how often each field was right where values are given, then what no sample has."""
    rans = [each.ran for each in tried if each.ran]
    told = [_right(rans)] if rans else []
    return "\n\n".join([*(_sample(each.result) for each in tried), *told, "\n".join(_summary(doctype, tried))])


def _right(rans: Sequence[Ran]) -> str:
    """How often each field was right, and each value that was not."""
    rows = [(counts.leaf, *count_cells(counts, None)) for counts in summarise(rans).leaves]
    wrong = [
        f"{f.outcome:<8} {one_line(ran.case)}: {f.where}: {_said(f.found)} where {_said(f.expected)} is right"
        for ran in rans
        for f in ran.fields
        if f.outcome not in (*RIGHT, "absent")
    ]
    beside = f"against the values beside {len(rans)} of the samples:"
    return "\n".join([beside, columns([("field", *COUNT_HEADS), *rows]), *wrong])


def _said(value: Any) -> str:
    return "nothing" if value is None else quoted(value)


def _sample(result: Result) -> str:
    found = sum(field.value is not None for field in result.fields.values())
    head = f"sample {one_line(result.path)}: {result.status}, {found} of {len(result.fields)} values"
    rows = [_row(pointer, field) for pointer, field in result.fields.items() if _shown(pointer)]
    left_out = len(result.fields) - len(rows)
    lines = [head, columns([("field", "value", "verdict", "confidence", "where"), *rows])] if rows else [head]
    lines += [f"… and {left_out} values of further rows"] if left_out else []
    lines += [f"{finding.severity}  {finding.path}: {one_line(finding.message)}" for finding in result.findings]
    return "\n".join(lines)


def _shown(pointer: str) -> bool:
    return all(not token.isdecimal() or int(token) < ROWS for token in tokens(pointer))


def _row(pointer: str, field: Field) -> tuple[str, ...]:
    if field.value is None:
        return pointer, "-", field.missing or "", "", ""
    sure = "" if field.confidence is None else f"{field.confidence:.2f}"
    where = (
        "" if field.page is None else f"page {field.page}" + (f" ({field.box_quality})" if field.box_quality else "")
    )
    return pointer, quoted(field.value), field.verdict, sure, where


def _summary(doctype: DocumentType, tried: Sequence[Tried]) -> Iterator[str]:
    printed = _any(each.printed for each in tried)
    whole = _any(each.whole for each in tried)
    fields = [item for each in tried for item in each.result.fields.items()]
    for leaf in doctype.leaves:
        found = any(field.value is not None and matches(leaf.pointer, pointer) for pointer, field in fields)
        unseen = [label for label in leaf.labels if (leaf.pointer, label) not in printed]
        if not found:
            why = "none of its labels is printed there" if len(unseen) == len(leaf.labels) else "though it is labelled"
            yield f"note   {leaf.pointer}: found on no sample, {why}"
        if unseen:
            yield f"note   {leaf.pointer}: printed on no sample: {', '.join(unseen)}"
        parts = [label for label in leaf.labels if (leaf.pointer, label) in printed - whole]
        if parts:
            yield f"note   {leaf.pointer}: printed only in the words of longer labels: {', '.join(parts)}"
    for pointer in dict.fromkeys(pointer for each in tried for pointer in each.unknown):
        yield f"note   {pointer}: has values beside the samples, but is no field of the type"


def _any(labels: Iterable[frozenset[tuple[str, str]]]) -> frozenset[tuple[str, str]]:
    return frozenset[tuple[str, str]]().union(*labels)
