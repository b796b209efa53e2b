"""Claims of pages to the fields of one document, by each leaf's ``x-merge``; then fields to data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from engine.claim import Claim
from engine.doctype import DocumentType, Leaf, empty
from engine.pointer import fill, set_at
from engine.result import Field, Finding, Missing

RIVAL = 0.5  # share of the best claim's confidence from which another page's claim has a say


def claims_to_fields(
    claims: Iterable[Claim], doctype: DocumentType, missing: Mapping[str, Missing]
) -> tuple[dict[str, Field], tuple[Finding, ...]]:
    """One field a leaf; ``missing`` tells by leaf why one without any claim is null, if not absent. Rows keep
    their own pages."""
    by_pointer: dict[str, list[Claim]] = {}
    for claim in claims:
        by_pointer.setdefault(claim.pointer, []).append(claim)
    fields: dict[str, Field] = {}
    findings: list[Finding] = []
    for pointer, leaf in leaf_pointers(doctype.leaves, by_pointer):
        rivals = by_pointer.get(pointer, [])
        fields[pointer] = merged(leaf, rivals) if rivals else Field(None, missing=missing.get(leaf.pointer, "absent"))
        findings += doubts_of(leaf, pointer, rivals, fields[pointer])
    return fields, tuple(findings)


def leaf_pointers(leaves: Sequence[Leaf], by_pointer: Collection[str]) -> Iterator[tuple[str, Leaf]]:
    """Every concrete pointer with its leaf, in schema order and row by row; an empty array stands for itself."""
    for array, group in groupby(leaves, key=lambda leaf: leaf.array):
        columns = list(group)
        if array is None:
            yield from ((leaf.pointer, leaf) for leaf in columns)
            continue
        beside = {leaf.pointer for leaf in leaves if leaf.array != array}
        rows = [row for row in row_keys(array, by_pointer) if not names_another(f"{array}/{row}", beside)]
        if not rows and array:
            yield array, columns[0]
        yield from ((fill(leaf.pointer, (row,)), leaf) for row in rows for leaf in columns)


def names_another(pointer: str, leaves: Collection[str]) -> bool:
    """An open map may stand beside declared fields: their names are no keys of it."""
    return any(leaf == pointer or leaf.startswith(f"{pointer}/") for leaf in leaves)


def row_keys(array: str, pointers: Collection[str]) -> list[str]:
    """Indices, or keys of an open map, of the rows that anything is claimed of."""
    keys = dict.fromkeys(p.removeprefix(f"{array}/").split("/")[0] for p in pointers if p.startswith(f"{array}/"))
    return sorted(keys, key=int) if all(key.isdecimal() for key in keys) else list(keys)


def merged(leaf: Leaf, claims: Sequence[Claim]) -> Field:
    """One claim by the rule of the leaf, among those likely enough to have a say."""
    best = max(claims, key=lambda c: c.confidence)
    serious = sorted((c for c in claims if c.confidence >= RIVAL * best.confidence), key=lambda c: c.page)
    if leaf.merge == "concat" and not leaf.in_array and isinstance(best.value, str):
        return _concatenated(serious)
    chosen = {"first": serious[0], "last": serious[-1]}.get(leaf.merge, best)
    return claim_to_field(chosen)


def claim_to_field(claim: Claim) -> Field:
    return Field(claim.value, claim.printed, claim.page, claim.box, claim.source, confidence=claim.confidence)


def _concatenated(claims: Sequence[Claim]) -> Field:
    first = claims[0]
    texts = list(dict.fromkeys(str(c.value) for c in claims))
    by_model = next((c.source for c in claims if c.source == "vlm"), first.source)  # one part is enough to doubt it all
    return Field(
        "\n".join(texts), "\n".join(c.printed for c in claims), first.page, first.box, by_model,
        confidence=min(c.confidence for c in claims),
    )  # fmt: skip


def doubts_of(leaf: Leaf, pointer: str, claims: Sequence[Claim], field: Field) -> Iterable[Finding]:
    """An assumed day/month order, a letter that may be missing, pages that disagree on a value that is to be unique."""
    chosen = next((c for c in claims if c.value == field.value and c.page == field.page), None)
    if chosen and chosen.ambiguous and leaf.kind == "identifier":
        yield Finding(
            pointer,
            "witness",
            "error",
            f"a sign of money stands right before {chosen.printed!r}: it may be a letter that was misread",
            chosen.page,
        )
    elif chosen and chosen.ambiguous:
        yield Finding(
            pointer,
            "date",
            "warning",
            f"{chosen.printed!r} could be read with day and month swapped; taken as {chosen.value}",
            chosen.page,
        )
    if chosen and chosen.by_place:
        yield Finding(
            pointer,
            "witness",
            "error",
            f"{chosen.printed!r} stands where this value usually does, and no label of it says that it is it",
            chosen.page,
        )
    others = {c.value: c for c in claims if c.value != field.value and c.confidence >= 0.5}
    if leaf.merge == "unique" and others and (field.confidence or 0) >= 0.5:
        listed = ", ".join(f"{c.printed!r} on page {c.page}" for c in others.values())
        yield Finding(pointer, "page", "error", f"pages disagree: {field.printed!r} on page {field.page}, {listed}")


def fields_to_data(fields: dict[str, Field], doctype: DocumentType) -> dict[str, Any]:
    """The schema's shape, filled; what is not there stays null or empty."""
    data = empty(doctype)
    for pointer, field in fields.items():
        if not any(leaf.array == pointer for leaf in doctype.leaves):
            set_at(data, pointer, field.value)
    return data
