"""A document type tried on samples: what it finds on each, what it finds on none, and labels that nobody prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.as_text import columns, one_line
from engine.config import Config
from engine.doctype import DocumentType
from engine.flow import extract, read
from engine.label.claims import find_labels
from engine.label.lines import readings_to_lines
from engine.pointer import matches, tokens
from engine.result import Field, Result
from engine.validate import quoted

ROWS = 2  # rows of a table that are shown of each sample


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample's result, and the labels of the type that are printed on it as (pointer pattern, label)."""

    result: Result
    printed: frozenset[tuple[str, str]]


def try_type(doctype: DocumentType, path: Path, config: Config) -> Tried:
    """The type on one document, read by OCR and text layer; no model is asked. BadInput for what cannot be opened."""
    readings = read(path, config=config).readings
    by_pointer = {leaf.pointer: leaf for leaf in doctype.leaves}
    anchors = find_labels(readings_to_lines(readings), doctype)
    printed = frozenset((a.leaf, by_pointer[a.leaf].labels[a.rank]) for a in anchors)
    return Tried(extract(path, type=str(doctype.path), config=config), printed)


def tried_to_text(doctype: DocumentType, tried: Sequence[Tried]) -> str:
    """A table a sample, then what no sample has."""
    return "\n\n".join([*(_sample(each.result) for each in tried), "\n".join(_summary(doctype, tried))])


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
    printed = frozenset[tuple[str, str]]().union(*(each.printed for each in tried))
    fields = [item for each in tried for item in each.result.fields.items()]
    for leaf in doctype.leaves:
        found = any(field.value is not None and matches(leaf.pointer, pointer) for pointer, field in fields)
        unseen = [label for label in leaf.labels if (leaf.pointer, label) not in printed]
        if not found:
            why = "none of its labels is printed there" if len(unseen) == len(leaf.labels) else "though it is labelled"
            yield f"note   {leaf.pointer}: found on no sample, {why}"
        if unseen:
            yield f"note   {leaf.pointer}: printed on no sample: {', '.join(unseen)}"
