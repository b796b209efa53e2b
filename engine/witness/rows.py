"""The leaves of tables: each claimed cell against the line its row stands on, in the column of its leaf.

Each reader is asked for itself (row_forms: what is in a line; row_alignment: rows to lines; row_columns: the
columns; row_table: both, for one reader; row_sight: its look at a cell); here their looks are put together. One
reader alone never contradicts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz

from engine.doctype import Leaf
from engine.label.lines import bounding
from engine.pointer import matches, tokens
from engine.result import Field, Quality
from engine.values.text_alignment import text_alignment
from engine.witness.judgement import Judgement
from engine.witness.row_forms import value_to_keys
from engine.witness.row_roles import Roles
from engine.witness.row_rules import RowRules, claims_to_rules
from engine.witness.row_sight import Look, RowSight
from engine.witness.row_table import PlacedTable, TablePages, sort_of
from engine.witness.sight import Sight

QUITE_ANOTHER = 60.0  # rapidfuzz ratio of two texts below which one is no other wording of the other


def judge_rows(fields: Mapping[str, Field], array: str, sights: Sequence[Sight]) -> dict[str, Judgement]:
    """A judgement for every cell of the array that has a value; pointers are those of ``fields``.

    ``array`` is the pattern of an array of the type (:attr:`engine.doctype.Leaf.array`). A cell is confirmed
    where a reader sees it in the row that the other cells tell and in its own column; contradicted where two
    readers see one and the same other value there; else silent.
    """
    return judge_on_pages(fields, sights_to_pages(array, sights))


def sights_to_pages(array: str, sights: Sequence[Sight]) -> tuple[TablePages, ...]:
    """The pages made ready for an array, to be asked about several claims."""
    return tuple(
        TablePages(
            sight, {leaf.pointer: leaf for leaf in sight.doctype.leaves if leaf.in_array and leaf.array == array}
        )
        for sight in sights
    )


def judge_on_pages(
    fields: Mapping[str, Field], pages: Sequence[TablePages], only: Collection[str] | None = None
) -> dict[str, Judgement]:
    """What :func:`judge_rows` gives, from pages made ready before; of the pointers ``only``, if told."""
    if not pages:
        return {}
    leaves = pages[0].leaves
    places = _places(fields, leaves)
    keys = sorted({key for key, _ in places.values()})
    number = {key: n for n, key in enumerate(keys)}
    rows: list[dict[str, Any]] = [{} for _ in keys]
    for pointer, (key, leaf) in places.items():
        rows[number[key]][leaf] = fields[pointer].value
    tables = [PlacedTable(page, [_in_order(row, leaves) for row in rows]) for page in pages]
    rules = _rules(fields, rows, pages[0])
    readers = [RowSight(table, Roles(table, rules)) for table in tables]
    homeless = {n for n in range(len(rows)) if all(table.homeless(n) for table in tables)}
    found = {}
    for pointer, (key, leaf) in places.items():
        if only is None or pointer in only:
            value = fields[pointer].value
            judgement = looks_to_judgement(_looks(readers, number[key], leaf), value, leaves[leaf])
            if judgement.verdict == "silent":
                judgement = _marked(judgement, value, pages, homeless=number[key] in homeless)
            found[pointer] = judgement
    return found


def _rules(fields: Mapping[str, Field], rows: Sequence[Mapping[str, Any]], pages: TablePages) -> RowRules:
    doctype, array = pages.sight.doctype, next((leaf.array for leaf in pages.leaves.values()), None)
    single = {leaf.pointer: fields[leaf.pointer].value for leaf in doctype.leaves if leaf.pointer in fields}
    return claims_to_rules(doctype, array, rows, single) if array else RowRules()


def _marked(judgement: Judgement, value: Any, pages: Sequence[TablePages], *, homeless: bool) -> Judgement:
    """A silence with whether any line of the pages holds the value at all, and is not wholly other rows'."""
    nowhere = homeless or not any(key in page.printed.where for page in pages for key in value_to_keys(value))
    return replace(judgement, evidence=judgement.evidence | {"nowhere": float(nowhere)})


def _looks(readers: Sequence[RowSight], row: int, leaf: str) -> list[Look]:
    """A look of each reader that has read the page where the others see the row."""
    looks = [(reader, reader.look(row, leaf)) for reader in readers]
    pages = {look.page for _, look in looks if look.page is not None}
    return [look for reader, look in looks if look.page is not None or pages <= reader.table.pages.sight.pages]


def _places(fields: Mapping[str, Field], leaves: Mapping[str, Leaf]) -> dict[str, tuple[tuple[int | str, ...], str]]:
    """Row and leaf of each pointer of the array with a value."""
    found = {}
    for pointer, claimed in fields.items():
        leaf = next((pattern for pattern in leaves if matches(pattern, pointer)), None)
        if leaf is not None and claimed.value is not None:
            met = [m for m, token in zip(tokens(pointer), tokens(leaf), strict=True) if token == "*"]  # noqa: S105
            found[pointer] = (tuple(int(m) if m.isdecimal() else m for m in met), leaf)
    return found


def _in_order(row: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    return {leaf: row[leaf] for leaf in leaves if leaf in row}


# --- what the readers say together --------------------------------------------------------------------------


def looks_to_judgement(looks: Sequence[Look], value: Any, leaf: Leaf) -> Judgement:
    """One judgement of all looks at a cell, one look a reader."""
    seen = sorted(looks, key=lambda look: -look.column)
    equal = [look for look in seen if look.likeness == "equal" and look.column > 0]
    other = [look for look in looks if look.likeness == "different" and look.column > 0]
    if equal and not (equal[0].column < max((look.column for look in other), default=0)):
        return _judgement("confirmed", f"read in its row as {equal[0].printed}", equal[0], looks)
    if len(other) == len(looks) >= 2 and _one_other_value(other, value, leaf):
        return _judgement("contradicted", f"its row reads {other[0].printed}", other[0], looks)
    shown = next((look for look in seen if look.printed), next((look for look in seen if look.page), looks[0]))
    return _judgement("silent", shown.reason or _doubt(shown, looks), shown, looks)


def _one_other_value(looks: Sequence[Look], value: Any, leaf: Leaf) -> bool:
    """All readers see the same other value, in a sure column of a row whose place is sure."""
    first, *rest = looks
    if any(look.ambiguous or look.column < 1 for look in looks):
        return False
    if sort_of(value, leaf) != "text":
        return all(look.meaning == first.meaning for look in rest)
    same = all(text_alignment(first.meaning, look.meaning.split()).likeness == "equal" for look in rest)
    return same and all(_says_another(str(value), look.meaning) for look in looks)


def _says_another(claimed: str, read: str) -> bool:
    """Another text, not another wording: hardly a letter in common, or the same letters with other digits."""
    if fuzz.token_set_ratio(claimed.casefold(), read.casefold()) < QUITE_ANOTHER:
        return True
    digits = tuple("".join(filter(str.isdigit, text)) for text in (claimed, read))
    letters = tuple("".join(filter(str.isalpha, text.casefold())) for text in (claimed, read))
    return letters[0] == letters[1] and digits[0] != digits[1]


def _doubt(shown: Look, looks: Sequence[Look]) -> str:
    if shown.likeness == "compatible":
        return f"its row reads {shown.printed}, which may be the same through a fault of OCR"
    if len(looks) == 1:
        return f"its row reads {shown.printed} to one reader only"
    return f"its row reads {shown.printed}, but not surely"


def _judgement(verdict: Any, reason: str, shown: Look, looks: Sequence[Look]) -> Judgement:
    return Judgement(
        verdict=verdict,
        reason=reason,
        witness=shown.printed,
        page=shown.page if shown.words else None,
        box=bounding(shown.words) if shown.words else None,
        quality=_quality(shown),
        evidence={
            "equal": sum(look.likeness == "equal" for look in looks) / len(looks),
            "different": sum(look.likeness == "different" for look in looks) / len(looks),
            "anchored": max(look.anchored for look in looks),
            "column": shown.column,
            "word": min((word.confidence for word in shown.words), default=0.0),
            "second": float(len(looks) > 1),
            "otherwise": float(_otherwise(looks)),
        },
    )


def _otherwise(looks: Sequence[Look]) -> bool:
    """Do two readers see one and the same other value in the cell? Two of different kinds hardly misread alike. Or
    does the only one see it in what a program wrote? Or does the head give the column to another leaf, or the rules?
    """
    if any(look.misplaced for look in looks):
        return True
    other = [look for look in looks if look.words and look.column == 1 and not look.part]
    seen = [look for look in other if look.likeness in ("different", "compatible")]
    if len(looks) == 1 and len(seen) == 1:  # what a program wrote is not misread
        return all(word.reader == "text_layer" for word in seen[0].words)
    return len(seen) == len(looks) > 1 and all(look.meaning == seen[0].meaning for look in seen)


def _quality(shown: Look) -> Quality:
    if not shown.words:
        return "none"
    if shown.ambiguous:
        return "ambiguous"
    return "exact" if shown.likeness == "equal" else "fuzzy"
