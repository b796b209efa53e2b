"""A document as one reader saw it, ready to be asked where a leaf stands and what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.doctype import DocumentType, Leaf
from engine.label.assign import clash
from engine.label.candidates import Candidate
from engine.label.claims import CHOICE, CURRENCY, Sheet, fits, is_single, kind_of, readings_to_sheet, sheet_to_ranking
from engine.label.lines import Line
from engine.label.rank import Model, Ranked, own_weights, shipped_model
from engine.page import Reader, Reading

OWNER = 0.4  # share from which a labelled place belongs to its leaf


@dataclass(frozen=True)
class Sight:
    """``readings`` are the pages that this reader has seen; each of their words is its own. ``model`` ranks places;
    None is the shipped one."""

    reader: Reader
    readings: tuple[Reading, ...]
    doctype: DocumentType
    model: Model | None = None

    @cached_property
    def sheet(self) -> Sheet:
        return readings_to_sheet(self.readings, self.doctype)

    @cached_property
    def pages(self) -> frozenset[int]:
        return frozenset(reading.page for reading in self.readings)

    def lines(self, page: int | None = None) -> Sequence[Line]:
        """The visual rows of a page, or of all."""
        return [line for line in self.sheet.layout.lines if page in (None, line.page)]

    def ranking(self, leaf: Leaf) -> tuple[Ranked, ...]:
        """The values that could be the leaf's, likeliest first, whatever is claimed."""
        if leaf.pointer not in self._rankings:
            ranking = sheet_to_ranking(self.sheet, leaf, self._model)
            self._rankings[leaf.pointer] = tuple(ranked for ranked in ranking if fits(ranked.candidate, leaf))
        return self._rankings[leaf.pointer]

    def learned(self, leaf: Leaf) -> bool:
        """Was the place of this leaf learned from documents, or is it told by its labels alone?"""
        return own_weights(self._model, self.doctype.name, leaf.pointer) is not None

    def owned_by_another(self, leaf: Leaf, ranked: Ranked) -> bool:
        """Does every place of this value belong to another leaf of its kind, which is sure of it?"""
        if kind_of(leaf) in (CHOICE, CURRENCY):
            return False
        others = [places for pointer, places in self._owners.items() if pointer != leaf.pointer]
        return all(any(clash(place, taken) for taken in others) for place in ranked.places)

    @property
    def _model(self) -> Model:
        return self.model or shipped_model()

    @cached_property
    def _owners(self) -> dict[str, Candidate]:
        """The best place of each leaf outside tables that is sure of its own."""
        leaves = [leaf for leaf in self.doctype.leaves if is_single(leaf) and kind_of(leaf) not in (CHOICE, CURRENCY)]
        best = {leaf.pointer: ranking[0] for leaf in leaves if (ranking := self.ranking(leaf))}
        return {pointer: top.candidate for pointer, top in best.items() if top.labelled and top.share >= OWNER}

    @cached_property
    def _rankings(self) -> dict[str, tuple[Ranked, ...]]:
        return {}
