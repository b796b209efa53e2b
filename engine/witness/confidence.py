"""The probability that a claimed value is right, from what the witness saw of it.

A logistic formula over independent signals, fitted on real documents with right values and corrupted ones (one value
in ten wrong, as from a poor model), by ``make bench-confidence``; its diagram and its error stand in DESIGN.md. Weights
are kept in confidence.json: for figures, texts, and cells of tables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from engine.doctype import Leaf
from engine.label.claims import TEXTS
from engine.witness.judgement import Judgement


def probability(judgement: Judgement, leaf: Leaf | None) -> float:
    """0..1, four digits."""
    weights = shipped_weights()[group_of(leaf)]
    x = sum(value * weights.get(name, 0.0) for name, value in signals(judgement).items())
    return round(1 / (1 + math.exp(-max(min(x, 30.0), -30.0))), 4)


def group_of(leaf: Leaf | None) -> str:
    if leaf is None or leaf.in_array or leaf.open_map:
        return "row"
    return "text" if leaf.kind in TEXTS else "figure"


def signals(judgement: Judgement) -> dict[str, float]:
    """What the formula weighs: the verdict, and the evidence for it."""
    told = judgement.evidence
    share = min(max(told.get("share", 0.0), 1e-3), 1 - 1e-3)
    return {
        "bias": 1.0,
        judgement.verdict: 1.0,
        "logit": math.log(share / (1 - share)) / 7,
        **{name: value for name, value in told.items() if name not in ("share", "figure", "crop")},
    }


@lru_cache(maxsize=1)
def shipped_weights() -> Mapping[str, Mapping[str, float]]:
    text = resources.files("engine.witness").joinpath("confidence.json").read_text("utf-8")
    stored: dict[str, dict[str, float]] = json.loads(text)
    return stored
