"""A document's words and its type in, claims out: the OCR route's extraction on one screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.claim import Claim
from engine.doctype import DocumentType, Leaf
from engine.label.anchors import Anchor, Label, lines_to_anchors
from engine.label.assign import assign
from engine.label.candidates import (
    Candidate,
    address_candidates,
    choice_candidates,
    currency_candidates,
    date_candidates,
    identifier_candidates,
    number_candidates,
    text_candidates,
)
from engine.label.features import Features, Layout, Pool, candidates_to_pool, spot_features
from engine.label.lines import Line, readings_to_lines
from engine.label.pairs import lines_to_pairs
from engine.label.rank import Model, Ranked, own_weights, pool_to_features, rank, shipped_model
from engine.label.rows import lines_to_rows
from engine.label.sums import rule_support
from engine.page import Reading
from engine.result import FieldSource
from engine.values.dates import date_order_of, dates_in
from engine.values.numbers import Number, decimal_sign_of

CHOICE, CURRENCY = "choice", "currency"
PRESENT = 0.1  # share of the softmax that all candidates together must reach, else "not on the page" is far likelier
LIKELY = 0.25  # calibrated confidence below which what stands at the label of such a leaf is taken for something else
BY_PLACE = 0.5  # confidence that a value without a label never exceeds: something else may stand in its place today
HEAD = 3  # labels of columns in one row from which it is the head of a table
NUMBERS = ("money", "quantity", "percent")
TEXTS = ("name", "address", "text")


@dataclass(frozen=True)
class Sheet:
    """A document prepared for extraction: its rows, labels, and the pools of candidates made when asked for."""

    doctype: DocumentType
    layout: Layout

    @cached_property
    def decimal_sign(self) -> str | None:
        return decimal_sign_of(line.text for line in self.layout.lines)

    @cached_property
    def date_order(self) -> str | None:
        return date_order_of(form for line in self.layout.lines for form in dates_in(line.text))

    @cached_property
    def _pools(self) -> dict[tuple[str, str], Pool]:
        return {}

    def pool(self, leaf: Leaf) -> Pool:
        """The candidates that ``leaf`` may take; made once for all leaves that share them."""
        kind = kind_of(leaf)
        key = (kind, leaf.pointer if kind == CHOICE else leaf.date_order or "")
        if key not in self._pools:
            made = MAKERS[kind](self, leaf)
            self._pools[key] = candidates_to_pool(kind, made, self.layout)
        return self._pools[key]

    def features(self, leaf: Leaf) -> list[Features]:
        """The features of the leaf's candidates, with what the type's rules say of each."""
        pool = self.pool(leaf)
        support = rule_support(leaf.pointer, self.number_pools, self.doctype.checks) if kind_of(leaf) in NUMBERS else ()
        features = pool_to_features(pool, leaf.pointer, support)
        if leaf.spot is None:
            return features
        spots = [spot_features(candidate, self.layout, leaf.spot) for candidate in pool.candidates]
        return [whole | spot for whole, spot in zip(features, spots, strict=True)]

    @cached_property
    def number_pools(self) -> dict[str, Pool]:
        """The pools of the leaves outside arrays that hold numbers."""
        return {
            leaf.pointer: self.pool(leaf)
            for leaf in self.doctype.leaves
            if kind_of(leaf) in NUMBERS and is_single(leaf)
        }


def kind_of(leaf: Leaf) -> str:
    if leaf.choices:
        return CHOICE
    if leaf.type in ("integer", "number") and leaf.kind not in NUMBERS:
        return "quantity"  # an integer called order_no is counted in digits all the same
    return CURRENCY if leaf.name == CURRENCY else leaf.kind


def _numbers(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    return number_candidates(sheet.layout.lines, sheet.decimal_sign)


def _currencies(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    """The currency is told by the signs and codes that stand with the amounts, whatever its label."""
    return currency_candidates(sheet.layout.lines, sheet.decimal_sign)


def _dates(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    default = leaf.date_order or sheet.doctype.date_order or "dmy"
    return date_candidates(sheet.layout.lines, sheet.date_order, default)


def _identifiers(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    return identifier_candidates(sheet.layout.lines)


def _texts(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    return text_candidates(sheet.layout.lines, sheet.layout.anchors)


def _addresses(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    return address_candidates(sheet.layout.lines)


def _choices(sheet: Sheet, leaf: Leaf) -> list[Candidate]:
    phrases = [Label(str(choice), str(choice), 0) for choice in leaf.choices]
    return choice_candidates(
        sheet.layout.lines,
        lines_to_anchors(sheet.layout.lines, phrases),
        {str(choice): choice for choice in leaf.choices},
    )


MAKERS: dict[str, Callable[[Sheet, Leaf], list[Candidate]]] = {
    "money": _numbers,
    "quantity": _numbers,
    "percent": _numbers,
    "date": _dates,
    "identifier": _identifiers,
    "name": _texts,
    "text": _texts,
    "address": _addresses,
    CHOICE: _choices,
    CURRENCY: _currencies,
}


def readings_to_sheet(readings: Sequence[Reading], doctype: DocumentType) -> Sheet:
    lines = readings_to_lines(readings)
    return Sheet(doctype, Layout(lines, find_labels(lines, doctype), tuple(r.page for r in readings)))


def find_labels(lines: Sequence[Line], doctype: DocumentType) -> tuple[Anchor, ...]:
    labels = [Label(leaf.pointer, text, rank) for leaf in doctype.leaves for rank, text in enumerate(leaf.labels)]
    return without_heads(lines_to_anchors(lines, labels))


def without_heads(anchors: Sequence[Anchor]) -> tuple[Anchor, ...]:
    """The head of a table labels its columns only: ``Net amount`` over a column is not the net amount."""
    columns: dict[tuple[int, int], set[tuple[int, ...]]] = {}
    for anchor in anchors:
        if "*" in anchor.leaf:
            columns.setdefault((anchor.line.page, anchor.line.index), set()).add(anchor.place)
    heads = {place for places in columns.values() if len(places) >= HEAD for place in places}
    return tuple(anchor for anchor in anchors if "*" in anchor.leaf or anchor.place not in heads)


def sheet_to_ranking(sheet: Sheet, leaf: Leaf, model: Model) -> tuple[Ranked, ...]:
    return rank(sheet.pool(leaf), sheet.features(leaf), leaf.pointer, sheet.doctype.name, model)


def readings_to_claims(
    readings: Sequence[Reading], doctype: DocumentType, model: Model | None = None
) -> tuple[Claim, ...]:
    """Claims for every leaf: single values ranked, arrays from their tables, open maps from label-value pairs."""
    sheet = readings_to_sheet(readings, doctype)
    source: dict[int, FieldSource] = {reading.page: reading.source for reading in readings}
    single = {leaf.pointer: leaf for leaf in doctype.leaves if is_single(leaf)}
    chosen = model or shipped_model()
    rankings = {pointer: plausible_ranking(sheet, leaf, chosen) for pointer, leaf in single.items()}
    places = {p: ranking for p, ranking in rankings.items() if kind_of(single[p]) not in (CHOICE, CURRENCY)}
    fitted = {p for p in places if own_weights(chosen, doctype.name, p) is not None}
    rankings |= assign(places, fitted)
    return (
        *(
            claim
            for pointer, leaf in single.items()
            for claim in ranking_to_claims(leaf, rankings[pointer], source, fitted=pointer in fitted)
        ),
        *lines_to_rows(sheet.layout, doctype, source),
        *lines_to_pairs(sheet.layout, doctype, source),
    )


def is_single(leaf: Leaf) -> bool:
    """Has the document one value of it? A yes or no is told by a tick, which no word shows."""
    return not leaf.in_array and not leaf.open_map and leaf.type != "boolean"


def plausible_ranking(sheet: Sheet, leaf: Leaf, model: Model) -> list[Ranked]:
    """The values that fit the leaf; none where "not on the page" is likelier than all of them.

    A leaf for which no weights were ever fitted takes only what stands at its label, or at its place (x-place).
    """
    ranking = [ranked for ranked in sheet_to_ranking(sheet, leaf, model) if fits(ranked.candidate, leaf)]
    kind = kind_of(leaf)
    if kind == CURRENCY:
        return ranking
    if kind != CHOICE and own_weights(model, sheet.doctype.name, leaf.pointer) is None:
        ranking = [r for r in ranking if (r.labelled and r.confidence >= LIKELY) or r.placed]
    return ranking if sum(ranked.share for ranked in ranking) >= PRESENT else []


def ranking_to_claims(
    leaf: Leaf, ranking: Sequence[Ranked], source: Mapping[int, FieldSource], *, fitted: bool
) -> Iterator[Claim]:
    """The likeliest value on each page. Of a leaf that is not ``fitted``, a place alone vouches for nothing."""
    pages = set()
    for ranked in ranking:
        candidate, page = ranked.candidate, ranked.candidate.line.page
        if page not in pages:
            pages.add(page)
            by_place = ranked.placed and not ranked.labelled and not fitted
            yield Claim(
                leaf.pointer,
                to_type(candidate.value, leaf),
                candidate.printed,
                page,
                candidate.box,
                min(ranked.confidence, BY_PLACE) if by_place else ranked.confidence,
                source[page],
                candidate.ambiguous,
                by_place,
            )


def fits(candidate: Candidate, leaf: Leaf) -> bool:
    """An amount is no percentage, an integer leaf takes whole numbers only, and a pattern is kept."""
    if kind_of(leaf) in ("money", "quantity") and isinstance(candidate.form, Number) and candidate.form.percent:
        return False
    if leaf.type == "integer":
        return bool(candidate.value == int(candidate.value))
    return leaf.pattern is None or re.search(leaf.pattern, str(candidate.value)) is not None


def to_type(value: Any, leaf: Leaf) -> Any:
    """The value as the schema's JSON type wants it."""
    if leaf.type == "integer":
        return int(value)
    return str(value) if leaf.type == "string" else value
