"""Charts as inline SVG. Their colours are classes of look.css, so that they follow the theme; every mark that tells a
kind by colour tells it by its shape too, and each chart says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from markupsafe import Markup

WIDTH = 280
ROW = 25  # px of a bar with its label
EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Of the bins of confidence: narrow where most values are. The last bin holds 1."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``kind`` is a class of look.css without ``is-``; ``marked`` draws its symbol before the label."""

    label: str
    count: float
    kind: str = "plain"
    told: str = ""
    marked: bool = False


def bars(title: str, rows: Sequence[Bar], label: int = 108) -> Markup:
    """Horizontal bars under each other; *label* px are left for their names. ``told`` stands behind a bar, else its
    count."""
    most = max((row.count for row in rows), default=0) or 1
    room = WIDTH - label - 44
    words = ", ".join(f"{row.label} {row.told or f'{row.count:g}'}" for row in rows)
    drawn = Markup("").join(_bar(row, number * ROW, label, room * row.count / most) for number, row in enumerate(rows))
    return _svg(f"{title}: {words}", len(rows) * ROW, drawn)


def _bar(row: Bar, y: int, label: int, length: float) -> Markup:
    mark = Markup('<svg class="mark {0}" x="0" y="{1}" width="16" height="16"><use href="#mark-{0}"/></svg>')
    return Markup(
        '<g>{mark}<text x="{at}" y="{text}">{label}</text><rect class="is-{kind}" x="{x}" y="{top}" width="{length}"'
        ' height="13" rx="2"/><text x="{end}" y="{text}">{told}</text></g>'
    ).format(
        mark=mark.format(row.kind, y + 4) if row.marked else "",
        at=22 if row.marked else 0,
        text=y + 16,
        label=_short(row.label, (label - (22 if row.marked else 0)) // 6),
        kind=row.kind,
        x=label,
        top=y + 5,
        length=f"{max(length, 1.5 if row.count else 0):.1f}",
        end=f"{label + length + 7:.1f}",
        told=row.told or f"{row.count:g}",
    )


def strip(parts: Sequence[tuple[str, int]]) -> Markup:
    """A thin bar in parts: what of a document's values has which verdict."""
    whole = sum(count for _, count in parts)
    words = ", ".join(f"{count} {kind}" for kind, count in parts if count) or "no values"
    drawn, x = Markup(""), 0.0
    for kind, count in parts:
        wide = 96 * count / whole if whole else 0
        if count:
            drawn += Markup('<rect class="is-{}" x="{:.2f}" y="0" width="{:.2f}" height="8"/>').format(
                kind, x, max(wide - 1, 0.8)
            )
        x += wide
    return Markup(
        '<svg class="strip" viewBox="0 0 96 8" width="96" height="8" role="img" aria-label="{0}"><title>{0}</title>'
        "{1}</svg>"
    ).format(words, drawn)


@dataclass(frozen=True, slots=True)
class Bin:
    """Values whose confidence lies in ``low`` to ``high``; ``said`` is its mean, ``right`` the share that was right."""

    low: float
    high: float
    count: int
    said: float
    right: float


def to_bins(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    """The bins that hold something, of pairs of a confidence and whether the value was right."""
    found = []
    for low, high in pairwise(EDGES):
        inside = [(said, right) for said, right in pairs if low <= said < high or said == high == EDGES[-1]]
        if inside:
            many = len(inside)
            found.append(Bin(low, high, many, sum(s for s, _ in inside) / many, sum(r for _, r in inside) / many))
    return found


def reliability(bins: Sequence[Bin]) -> Markup:
    """Confidence across, share that was right upwards, a disc as large as its bin; on the dashed line all is well."""
    side, left, top = 150, 40, 8
    total = sum(one.count for one in bins) or 1
    discs = Markup("").join(
        Markup(
            '<circle class="is-plain" fill-opacity="0.75" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>'
        ).format(
            left + side * one.said,
            top + side * (1 - one.right),
            3 + 11 * sqrt(one.count / total),
            f"{one.count} values, confidence {one.said:.2f}, right {one.right:.2f}",
        )
        for one in bins
    )
    ticks = Markup("").join(
        Markup(
            '<text class="faint" x="{:.0f}" y="{}" text-anchor="middle">{:g}</text>'
            '<text class="faint" x="{}" y="{:.0f}" text-anchor="end">{:g}</text>'
        ).format(left + side * tick, top + side + 16, tick, left - 6, top + side * (1 - tick) + 4, tick)
        for tick in (0, 0.5, 1)
    )
    frame = Markup(
        '<rect class="is-axis" x="{0}" y="{1}" width="{2}" height="{2}"/>'
        '<line class="is-ideal" x1="{0}" y1="{4}" x2="{3}" y2="{1}"/>'
        '<text class="faint" x="{5}" y="{6}" text-anchor="middle">confidence</text>'
        '<text class="faint" x="{7}" y="{8}">share right</text>'
    ).format(left, top, side, left + side, top + side, left + side / 2, top + side + 30, left + 6, top + 15)
    words = "; ".join(f"{one.count} values at {one.said:.2f}: {one.right:.2f} right" for one in bins)
    return _svg(f"Confidence against the share that was right: {words}", top + side + 36, frame + discs + ticks)


def distribution(confidences: Sequence[float]) -> Markup:
    """How many values have which confidence, in the bins of the reliability diagram."""
    rows = []
    for low, high in pairwise(EDGES):
        count = sum(low <= one < high or one == high == EDGES[-1] for one in confidences)
        rows.append(Bar(f"{low:.2f} to {high:.2f}", count))
    return bars("Values by confidence", rows, label=96)


def _svg(words: str, height: int, drawn: Markup) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, height, WIDTH, height, words, drawn)


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
