"""What the values of samples teach of a type's leaves: how their labels are printed, and where they stand.

Nothing here changes a schema's meaning: labels are added, places written, and everything that a person wrote stays.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.doctype import DocumentType, Leaf
from engine.infer.fields import Notation, exact
from engine.infer.heads import column_labels
from engine.infer.labels import FoundLabel, leaf_labels
from engine.infer.places import Shown, candidates_to_spot, joined, matches, medoid, show, spot_to_json, turned
from engine.infer.samples import Sample, with_values
from engine.label.anchors import letters
from engine.label.candidates import Candidate
from engine.label.claims import CHOICE, CURRENCY, is_single, kind_of
from engine.label.lines import readings_to_lines
from engine.leaf import Schema, Spot
from engine.pointer import array_of, tokens, unescape
from engine.values.dates import date_order_of, dates_in
from engine.values.numbers import decimal_sign_of


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned of a leaf: ``given`` samples have a value, ``seen`` of them print it where it can be read, and
    ``turned`` more print it with the other sign.

    ``labels`` led to the values; those that the leaf has already come first. ``chosen`` is each value's likeliest
    place on its sample.
    """

    leaf: Leaf
    given: int
    seen: int
    labels: tuple[FoundLabel, ...]
    spot: Spot | None
    chosen: tuple[Candidate, ...] = ()
    turned: int = 0

    @property
    def new_labels(self) -> list[str]:
        known = {letters(text) for text in self.leaf.labels}
        return [label.text for label in self.labels if letters(label.text) not in known]


def sample_to_notation(sample: Sample, default: str | None = None) -> Notation:
    lines = [line.text for line in readings_to_lines(sample.readings)]
    order = date_order_of(form for line in lines for form in dates_in(line))
    return Notation(order or default, decimal_sign_of(lines))  # type: ignore[arg-type]


def show_samples(samples: Sequence[Sample], doctype: DocumentType, order: str | None = None) -> list[Shown]:
    """The samples that have values, as the type's leaves see them."""
    properties = doctype.schema.get("properties", {})
    return [
        show(sample, doctype, exact(values, properties, sample_to_notation(sample, order or doctype.date_order)))
        for sample, values in with_values(samples)
    ]


def learn(doctype: DocumentType, shown: Sequence[Shown]) -> tuple[Lesson, ...]:
    """A lesson for each leaf that some sample has a value of."""
    single = [leaf for leaf in doctype.leaves if is_single(leaf)]
    found = {leaf.pointer: [matches(each, leaf) for each in shown] for leaf in single}
    printed = [
        frozenset(id(word) for leaf in single for candidate in found[leaf.pointer][number] for word in candidate.words)
        for number in range(len(shown))
    ]
    lessons = [
        _lesson(
            leaf,
            shown,
            found[leaf.pointer],
            _telling(leaf, single, shown, found[leaf.pointer]),
            printed,
            (node_of(doctype.schema, leaf) or {}).get("x-labels", ()),
        )
        for leaf in single
    ]
    columns = dict(_columns(doctype, shown))
    whole = {lesson.leaf.pointer: lesson for lesson in lessons} | columns
    return tuple(whole[leaf.pointer] for leaf in doctype.leaves if leaf.pointer in whole)


def _telling(
    leaf: Leaf, single: Sequence[Leaf], shown: Sequence[Shown], found: Sequence[Sequence[Candidate]]
) -> list[Sequence[Candidate]]:
    """What is found, without the samples where another leaf of the kind has the same value: nobody tells which of its
    prints is whose, and the label of one would be learned for the other. Where no other sample is left, all count.
    """
    alike = [other for other in single if other is not leaf and kind_of(other) == kind_of(leaf)]
    told = [
        () if any(each.value(other) == each.value(leaf) for other in alike) else candidates
        for each, candidates in zip(shown, found, strict=True)
    ]
    return told if any(told) else list(found)


def _lesson(
    leaf: Leaf,
    shown: Sequence[Shown],
    found: Sequence[Sequence[Candidate]],
    telling: Sequence[Sequence[Candidate]],
    printed: Sequence[frozenset[int]],
    own: Sequence[str],
) -> Lesson:
    """``found`` is where each sample prints the value, ``telling`` what of it teaches."""
    chosen = medoid(telling)
    last = [max(each.sheet.layout.pages) for each, group in zip(shown, telling, strict=True) if group]
    given, seen = sum(each.value(leaf) is not None for each in shown), sum(map(bool, found))
    if kind_of(leaf) in (CHOICE, CURRENCY):  # told by what is printed, wherever it stands
        return Lesson(leaf, given, seen, (), None, tuple(chosen))
    labels = leaf_labels(leaf, shown, telling, printed, own)
    other = sum(turned(each, leaf) for each, group in zip(shown, found, strict=True) if group)
    spot = candidates_to_spot(chosen, last, leaf.spot)
    return Lesson(leaf, given, seen - other, labels, spot, tuple(chosen), other)


def _columns(doctype: DocumentType, shown: Sequence[Shown]) -> Iterator[tuple[str, Lesson]]:
    arrays: dict[str, list[Leaf]] = {}
    for leaf in doctype.leaves:
        array = array_of(leaf.pointer)
        if leaf.in_array and array and not leaf.pointer.endswith("/*"):
            arrays.setdefault(array, []).append(leaf)
    for array, leaves in arrays.items():
        heads = column_labels(array, leaves, shown)
        for leaf in leaves:
            labels = heads.get(leaf.pointer, ())
            seen = frozenset().union(*(label.samples for label in labels))
            other = sum(turned(shown[number], leaf) for number in seen)
            yield leaf.pointer, Lesson(leaf, len(shown), len(seen) - other, labels, None, turned=other)


def taught(schema: Schema, lessons: Sequence[Lesson], *, new: bool = False) -> Schema:
    """The schema with what was learned; labels a person wrote stay first, a place is widened to hold the new one.

    ``new``: the fields are just proposed, so that a name which is printed as the label is written down as one too.
    """
    made = copy.deepcopy(schema)
    for lesson in lessons:
        node = node_of(made, lesson.leaf)
        if node is None:
            continue
        if lesson.new_labels or (new and lesson.labels and "x-labels" not in node):
            node["x-labels"] = with_labels(node, lesson)
        if lesson.spot:
            spot = joined(lesson.leaf.spot, lesson.spot) if lesson.leaf.spot else lesson.spot
            node["x-place"] = spot_to_json(spot)
    return made


def with_labels(node: Mapping[str, Any], lesson: Lesson) -> list[str]:
    """A person's labels with the new ones behind them; where the field's name stood for a label, the best first."""
    if "x-labels" in node:
        return [*node["x-labels"], *lesson.new_labels]
    found = [label.text.casefold() for label in lesson.labels]
    return list(dict.fromkeys([*found, *(label.casefold() for label in lesson.leaf.labels)]))


def node_of(schema: Schema, leaf: Leaf) -> dict[str, Any] | None:
    """The leaf's own node; None where it is shared (``$ref``) or behind a choice of shapes: that is for a person."""
    node: dict[str, Any] = schema
    for token in tokens(leaf.pointer):
        inside: Any = node.get("items") if token == "*" else node.get("properties", {}).get(unescape(token))  # noqa: S105
        if not isinstance(inside, dict) or "$ref" in inside:
            return None
        node = inside
    return node
