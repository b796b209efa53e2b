"""One printed value serves one leaf: whoever has the best claim to a place takes it.

Without this a page with a single amount would have it as total, subtotal, tax and discount alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from engine.label.candidates import Candidate
from engine.label.rank import Ranked

SURE = 0.4  # share from which a fitted leaf takes its place first


def assign(rankings: Mapping[str, Sequence[Ranked]], fitted: Collection[str]) -> dict[str, list[Ranked]]:
    """Each leaf's ranking without the places that another leaf has a better claim to; those of ``fitted`` first, where
    they are at all sure: shares of leaves that nothing was fitted for are not comparable."""
    taken: list[Candidate] = []
    kept: dict[str, list[Ranked]] = {}
    best = {leaf: max((r.share for r in ranking), default=0.0) for leaf, ranking in rankings.items()}
    for leaf in sorted(rankings, key=lambda leaf: (leaf not in fitted or best[leaf] < SURE, -best[leaf])):
        kept[leaf] = [free for ranked in rankings[leaf] if (free := without(ranked, taken))]
        if kept[leaf]:
            taken.append(kept[leaf][0].candidate)
    return kept


def without(ranked: Ranked, taken: Sequence[Candidate]) -> Ranked | None:
    places = tuple(place for place in ranked.places if not any(clash(place, other) for other in taken))
    return replace(ranked, places=places) if places else None


def clash(a: Candidate, b: Candidate) -> bool:
    """Do they share a word? Two values within one word (``10/20/20-10/26/20``) do not clash."""
    if a.line.page != b.line.page or not set(map(id, a.words)) & set(map(id, b.words)):
        return False
    if a.form is None or b.form is None:
        return True
    return a.form.start < b.form.end and b.form.start < a.form.end
