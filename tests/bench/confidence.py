"""The witness's confidence: fitted, and how well it is calibrated on documents that it was not fitted on.

    python -m tests.bench.confidence [--data DIR] [--write] [--svg FILE.svg] [--outcomes FILE.jsonl]

The values of :mod:`tests.bench.verify`, right and corrupted; a wrong one weighs so little that one claimed value in ten
is wrong, as from a poor model. Out of fold by company, advertiser and registrant. Printed are the share that is right
by bins of confidence, the expected calibration error and the Brier score. --write refits the shipped weights on all of
it. Without --data the shipped weights are judged on the bundled fixtures. --outcomes judges what the engine said of the
values that people decided on instead (``engine review DIR --outcomes FILE.jsonl``): doubted ones for the most part.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine.doctype import DocumentType
from engine.label.fit import fit_probability
from engine.witness.confidence import group_of, shipped_weights, signals
from tests.bench.datasets import ROOT
from tests.bench.ranking import FOLDS, fold_of
from tests.bench.verify import Judged, judge_all
from tests.bench.verify_rows import JudgedCell, judge_cells

WRONG = 0.1  # share of claimed values that are wrong
BINS = (0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Point:
    """One claimed value: its signals, whether it is right, and how much it weighs."""

    group: str
    fold: int
    signals: Mapping[str, float]
    right: bool
    weight: float


def judged_to_points(judged: Sequence[Judged], types: Mapping[str, DocumentType]) -> list[Point]:
    right = sum(j.fault == "right" for j in judged)
    weight = WRONG / (1 - WRONG) * right / max(len(judged) - right, 1)
    leaves = {(t.name, leaf.pointer): leaf for t in types.values() for leaf in t.leaves}
    return [
        Point(
            group_of(leaves[j.type, j.pointer]),
            fold_of(j.group),
            signals(j.judgement),
            j.fault == "right",
            1.0 if j.fault == "right" else weight,
        )
        for j in judged
    ]


def cells_to_points(cells: Sequence[JudgedCell]) -> list[Point]:
    """Cells of the bundled tables; no real document here has its rows told."""
    right = sum(c.fault == "right" for c in cells)
    weight = WRONG / (1 - WRONG) * right / max(len(cells) - right, 1)
    return [
        Point("row", fold_of(c.id), signals(c.judgement), c.fault == "right", 1.0 if c.fault == "right" else weight)
        for c in cells
    ]


def fit(points: Sequence[Point]) -> dict[str, dict[str, float]]:
    groups = sorted({p.group for p in points})
    return {g: _fit([p for p in points if p.group == g]) for g in groups}


def _fit(points: Sequence[Point]) -> dict[str, float]:
    return fit_probability(
        [dict(p.signals) for p in points], [p.right for p in points], weights=[p.weight for p in points]
    )


def probability(point: Point, weights: Weights) -> float:
    x = sum(value * weights[point.group].get(name, 0.0) for name, value in point.signals.items())
    return 1 / (1 + math.exp(-x))


def out_of_fold(points: Sequence[Point]) -> list[tuple[Point, float]]:
    found = []
    for fold in range(FOLDS):
        weights = fit([p for p in points if p.fold != fold])
        found += [(p, probability(p, weights)) for p in points if p.fold == fold]
    return found


@dataclass(frozen=True)
class Bin:
    low: float
    high: float
    n: int
    said: float
    right: float
    weight: float


def to_bins(found: Sequence[tuple[Point, float]]) -> list[Bin]:
    bins = []
    for low, high in pairwise(BINS):
        inside = [(p, c) for p, c in found if low <= c < high or (high == 1.0 and c == 1.0)]
        weight = sum(p.weight for p, _ in inside)
        if inside:
            said = sum(p.weight * c for p, c in inside) / weight
            right = sum(p.weight for p, _ in inside if p.right) / weight
            bins.append(Bin(low, high, len(inside), said, right, weight))
    return bins


def print_calibration(found: Sequence[tuple[Point, float]]) -> None:
    bins, total = to_bins(found), sum(p.weight for p, _ in found)
    print(f"\n{'confidence':14} {'values':>7} {'weight':>7} {'said':>7} {'right':>7}")
    for b in bins:
        print(f"{b.low:.2f} to {b.high:.2f}   {b.n:7} {b.weight / total:7.3f} {b.said:7.3f} {b.right:7.3f}")
    ece = sum(b.weight * abs(b.said - b.right) for b in bins) / total
    brier = sum(p.weight * (c - p.right) ** 2 for p, c in found) / total
    print(f"expected calibration error {ece:.4f}, Brier score {brier:.4f}, {len(found)} values")


def svg(found: Sequence[tuple[Point, float]]) -> str:
    """The reliability diagram: confidence across, share that is right upwards, a disc as large as its bin."""
    side, margin, total = 360, 40, sum(p.weight for p, _ in found)
    at = lambda v: margin + v * side  # noqa: E731
    discs = "".join(
        f'<circle cx="{at(b.said):.1f}" cy="{at(1 - b.right):.1f}" r="{4 + 16 * math.sqrt(b.weight / total):.1f}"'
        ' fill="#2563eb" fill-opacity=".55"/>'
        for b in to_bins(found)
    )
    ticks = "".join(
        f'<text x="{at(v):.0f}" y="{at(1) + 18:.0f}" text-anchor="middle">{v:g}</text>'
        f'<text x="{margin - 8}" y="{at(1 - v) + 4:.0f}" text-anchor="end">{v:g}</text>'
        for v in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side + 2 * margin} {side + 2 * margin}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<rect x="{margin}" y="{margin}" width="{side}" height="{side}" fill="none" stroke="#94a3b8"/>'
        f'<line x1="{at(0)}" y1="{at(1)}" x2="{at(1)}" y2="{at(0)}" stroke="#94a3b8" stroke-dasharray="4"/>'
        f"{discs}{ticks}"
        f'<text x="{at(0.5)}" y="{at(1) + 34}" text-anchor="middle">confidence</text>'
        f'<text x="{at(0) + 6}" y="{at(0) + 16}">share right</text></svg>\n'
    )


def outcomes(file: Path) -> list[tuple[Point, float]]:
    """Values that people judged, with what the engine had said; those without a confidence are left out."""
    lines = map(json.loads, file.read_text("utf-8").splitlines())
    return [
        (Point(line["type"], 0, {}, line["right"], 1.0), line["confidence"])
        for line in lines
        if line["confidence"] is not None
    ]


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--outcomes", type=Path)
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.outcomes:
        print_calibration(outcomes(options.outcomes))
        return
    judged, types = judge_all(options.data)
    points = [*judged_to_points(judged, types), *cells_to_points([*judge_cells(("tesseract", "paddle"))])]
    found = out_of_fold(points) if options.data else [(p, probability(p, shipped_weights())) for p in points]
    for group in sorted({p.group for p in points}):
        print(f"\n{group}: ", end="")
        print_calibration([(p, c) for p, c in found if p.group == group])
    print_calibration(found)
    if options.svg:
        options.svg.write_text(svg(found))
    if options.write:
        stored = fit(points)
        path = ROOT / "engine" / "witness" / "confidence.json"
        path.write_text(json.dumps(stored, indent=1) + "\n")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
