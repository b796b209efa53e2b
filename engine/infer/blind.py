"""Samples without values: the labels they share, with what stands at these, as fields; shared heads as tables.

What stands at the fields comes with them, so that the rules can be found that it keeps.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice, repeat
from typing import Any

from engine.infer.common import NEARLY_ALL, common_words, is_headline, line_to_runs, values_of
from engine.infer.fields import Notation, as_iso, exact, spoken, values_to_properties
from engine.infer.samples import Sample
from engine.infer.shared_tables import Table, shared_tables
from engine.label.features import joins_a_range
from engine.label.lines import Line, readings_to_lines
from engine.leaf import Schema, infer_kind, json_type
from engine.page import Reading
from engine.values.dates import date_order_of, dates_in
from engine.values.numbers import decimal_sign_of, parse_number

MOST_FIGURES = 6  # of a whole number that counts something; longer ones name something; a first setting

ROWS = "rows"
Found = dict[str, list[str]]  # place of a value -> what stands there, the first print of the label first


@dataclass(frozen=True, slots=True)
class Blind:
    """``properties`` of a schema, and what stands at these fields in each sample, as data of that schema."""

    properties: Schema
    values: tuple[Mapping[str, Any], ...]


def blind_samples(samples: Sequence[Sample]) -> list[Sample]:
    """The samples with what stands at the fields that they share as their values."""
    found = propose_fields([sample.readings for sample in samples]).values
    return [replace(sample, values=values) for sample, values in zip(samples, found, strict=True)]


def propose_fields(readings: Sequence[Sequence[Reading]]) -> Blind:
    """A field for every label that nearly all samples have with different values; tables as arrays.

    ``readings`` are the pages of each sample. Names are made from the labels as they are printed most often.
    """
    samples = [readings_to_lines(pages) for pages in readings]
    common = common_words(samples)
    tables, rows = shared_tables(samples, common)
    labels, printed = _labelled(samples, common, rows)
    names = dict(zip(labels, _names(labels.values()), strict=True))
    values: list[dict[str, Any]] = [{names[key]: text for key, text in each.items()} for each in printed]
    texts = [[line.text for line in lines] for lines in samples]
    orders = Counter(date_order_of(form for text in each for form in dates_in(text)) for each in texts)
    order = next((order for order, _ in orders.most_common() if order), None)
    values, wording = _parted_ranges(values, {names[key]: label for key, label in labels.items()}, Notation(order))
    values = _counted(values)
    made = values_to_properties(values)
    for name, label in wording.items():
        made[name] |= {"x-labels": [label]}
    for number, table in enumerate(tables, 1):
        array = _free(ROWS if number == 1 else f"{ROWS}_{number}", made)
        made[array], found = _array(table)
        for each, cells in zip(values, found, strict=True):
            each[array] = cells
    signs = [decimal_sign_of(each) for each in texts]
    exact_values = (exact(each, made, Notation(order, sign)) for each, sign in zip(values, signs, strict=True))
    return Blind(made, tuple(map(_typed_only, exact_values, repeat(made))))


def _typed_only(values: Mapping[str, Any], properties: Mapping[str, Schema]) -> dict[str, Any]:
    """Null where what stands there is not of the field's type: misread, or another thing."""
    return {name: _typed(values.get(name), node) for name, node in properties.items()}


def _typed(value: Any, node: Schema) -> Any:
    if isinstance(value, list):
        return [_typed_only(row, node["items"]["properties"]) for row in value]
    wanted = json_type(node)
    number = isinstance(value, int | Decimal)
    return value if wanted == "string" or number or wanted == "array" else None


# ---------------------------------------------------------------- labels with values


def _labelled(
    samples: Sequence[Sequence[Line]], common: frozenset[str], rows: Sequence[set[int]]
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The label of each field by its letters, and for each sample what stands there."""
    found = [_places(lines, common, skipped) for lines, skipped in zip(samples, rows, strict=True)]
    wording: dict[str, str] = {}
    for _, labels in found:
        for key, text in labels.items():
            wording.setdefault(key, text)
    chosen = {key: place for key in wording if (place := _best_place(key, [places for places, _ in found]))}
    printed = [
        {key: texts[0] for key, place in chosen.items() if (texts := places.get(key, {}).get(place))}
        for places, _ in found
    ]
    return {key: wording[key] for key in chosen}, printed


def _places(lines: Sequence[Line], common: frozenset[str], rows: set[int]) -> tuple[dict[str, Found], dict[str, str]]:
    places: dict[str, Found] = {}
    texts: dict[str, str] = {}
    for at, line in enumerate(lines):
        if at in rows:
            continue
        following = lines[at + 1] if at + 1 < len(lines) and lines[at + 1].page == line.page else None
        below = None if at + 1 in rows else following
        runs = line_to_runs(line, common)
        for label in filter(is_headline, runs):
            texts.setdefault(label.key, label.text)
            for place, text in values_of(label, runs, below, common):
                places.setdefault(label.key, {}).setdefault(place, []).append(text)
    return places, texts


def _best_place(key: str, found: Sequence[Mapping[str, Found]]) -> str | None:
    """Where nearly all samples have a value for the label and not all the same."""
    for place in ("beside", "next", "below"):
        texts = [texts[0] for places in found if (texts := places.get(key, {}).get(place)) and texts[0]]
        differ = len(texts) > 1 and Counter(texts).most_common(1)[0][1] < max(NEARLY_ALL * len(texts), 2)
        if len(texts) >= max(2, NEARLY_ALL * len(found)) and differ and _of_one_form(texts):
            return place
    return None


def _of_one_form(texts: Sequence[str]) -> bool:
    """All with figures or all without: else it is no field but what happens to stand there."""
    figures = sum(any(map(str.isdigit, text)) for text in texts)
    return min(figures, len(texts) - figures) <= (1 - NEARLY_ALL) * len(texts)


# ---------------------------------------------------------------- tables


def _array(table: Table) -> tuple[Schema, list[list[dict[str, Any]]]]:
    """The node of a table, and its rows in each sample."""
    names = _names(table.labels)
    rows = _counted([{names[n]: text for n, text in cells.items()} for each in table.samples for cells in each])
    made = values_to_properties(rows, len(table.samples))
    columns = zip(names, table.labels, strict=True)
    ordered = {name: made[name] | {"x-labels": [label]} for name, label in columns if name in made}
    left = iter(rows)
    node = {
        "title": spoken(ROWS),
        "type": "array",
        "x-merge": "concat",
        "items": {"type": "object", "properties": ordered},
    }
    return node, [list(islice(left, len(each))) for each in table.samples]


# ---------------------------------------------------------------- values and names


def _parted_ranges(
    values: list[dict[str, Any]], labels: Mapping[str, str], notation: Notation
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What is a range of dates in every sample becomes two fields of one label: where it begins and where it ends."""
    parted: dict[str, str] = {}
    for name, label in labels.items():
        if not all(_is_range(each[name], notation) for each in values if name in each):
            parted[name] = label
            continue
        ends = [_free(f"{name}_{end}", labels) for end in ("from", "to")]
        parted |= dict.fromkeys(ends, label)
        for each in values:
            if name in each:
                dates = (form.printed for form in dates_in(each.pop(name)))
                each.update(zip(ends, dates, strict=True))
    return values, parted


def _is_range(text: str, notation: Notation) -> bool:
    """Is it two dates in their order, joined by a dash or ``to``, and nothing else?"""
    forms = dates_in(text)
    if len(forms) != 2:
        return False
    first, second = forms
    alone = not any(map(str.isalnum, text[: first.start] + text[second.end :]))
    in_order = as_iso(first.printed, notation) <= as_iso(second.printed, notation)
    return alone and joins_a_range(text[first.end : second.start]) and in_order


def _counted(printed: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The printed values by name; where a name does not say that its figures only name something, they are numbers."""
    names = dict.fromkeys(name for each in printed for name in each)
    counts = {name for name in names if _counts(name, [each[name] for each in printed if name in each])}
    return [{name: _number(text) if name in counts else text for name, text in each.items()} for each in printed]


def _counts(name: str, texts: Sequence[str]) -> bool:
    if infer_kind(name, {"type": "string"}) == "identifier":
        return False
    short = [text for text in texts if parse_number(text) and len(re.sub(r"\D", "", text)) <= MOST_FIGURES]
    whole = [text for text in short if not re.search(r"\D", text.replace(" ", ""))]
    return len(whole) == len(texts) or (len(whole) > 0 and len(short) >= NEARLY_ALL * len(texts))


def _number(text: str) -> Decimal | None:
    """The figure, None for what was misread."""
    number = parse_number(text)
    return number.value if number else None


def _names(labels: Iterable[str]) -> list[str]:
    """A name of its own for each label."""
    names: list[str] = []
    for label in labels:
        names.append(_free(_snake(label), names))
    return names


def _snake(label: str) -> str:
    """``Invoice No.`` as ``invoice_no``: what a field may be called and a rule may name."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().casefold()
    name = "_".join(re.findall(r"[a-z0-9]+", plain.replace("#", " number ")))
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"field_{name}".rstrip("_")


def _free(name: str, taken: Container[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
