"""Which candidate is the value, and with which probability.

A candidate's score is a weighted sum of its features; scores compete in a softmax with "not on the page", which
scores 0. Candidates of equal value stand together: a total printed twice is likelier, not split. The weights
are fitted on documents with known answers (:mod:`engine.label.fit`): per kind, so that they serve any type,
plus what one leaf of a shipped type has of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from engine.label.candidates import Candidate
from engine.label.features import Features, Pool, leaf_features, role_features

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """Fitted weights: ``kinds`` for every leaf of a kind, ``leaves`` on top of them for ``type/leaf``.

    ``calibration`` turns what the ranking knows into a probability that the value is right, by kind.
    """

    kinds: Mapping[str, Weights]
    leaves: Mapping[str, Weights]
    calibration: Mapping[str, Weights]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A value's best candidate. ``share`` is its part of the softmax; ``confidence`` the calibrated probability."""

    candidate: Candidate
    share: float
    confidence: float


@lru_cache(maxsize=1)
def shipped_model() -> Model:
    text = resources.files("engine.label").joinpath("weights.json").read_text("utf-8")
    stored = json.loads(text)
    return Model(stored["kinds"], stored["leaves"], stored["calibration"])


def pool_to_features(pool: Pool, leaf: str, support: Sequence[float] = ()) -> list[Features]:
    """Every candidate's features for one leaf (a JSON Pointer such as ``/total``)."""
    found = []
    for i, (candidate, around, own) in enumerate(zip(pool.candidates, pool.relations, pool.own, strict=True)):
        features = own | leaf_features(leaf, around)
        if pool.kind == "date":
            features |= role_features(leaf, candidate, pool)
        if support:
            features["rules_hold"] = support[i]
        found.append(features)
    return found


def rank(pool: Pool, features: Sequence[Features], leaf: str, type_name: str, model: Model) -> tuple[Ranked, ...]:
    """The values of a pool for one leaf, likeliest first."""
    kind, own = model.kinds.get(pool.kind, {}), model.leaves.get(type_name + leaf, {})
    scores = [score(f, kind) + score(f, own) for f in features]
    shares = softmax_with_null(scores)
    groups: dict[object, list[int]] = {}
    for i, candidate in enumerate(pool.candidates):
        groups.setdefault(candidate.value, []).append(i)
    best_first = sorted(
        ((together([shares[i] for i in group]), max(group, key=lambda i: shares[i])) for group in groups.values()),
        reverse=True,
    )
    calibration = model.calibration.get(pool.kind, {})
    runner_up = [share for share, _ in best_first[1:2]] or [0.0]
    return tuple(
        Ranked(
            pool.candidates[i],
            share,
            probability(evidence(pool.candidates[i], features[i], share, runner_up[0]), calibration),
        )
        for share, i in best_first
    )


def together(shares: Sequence[float]) -> float:
    """The share of a value: its two best places. A total may stand twice; a rate that stands in twenty rows is
    not twenty times as likely to be the total."""
    return sum(sorted(shares, reverse=True)[:2])


def score(features: Features, weights: Weights) -> float:
    return sum(value * weights[name] for name, value in features.items() if name in weights)


def softmax_with_null(scores: Sequence[float]) -> list[float]:
    top = max(0.0, *scores) if scores else 0.0
    powers = [math.exp(s - top) for s in scores]
    total = sum(powers) + math.exp(-top)
    return [power / total for power in powers]


def evidence(candidate: Candidate, features: Features, share: float, runner_up: float) -> Features:
    """What tells a right value from a wrong one once it has won."""
    share = min(max(share, 1e-4), 1 - 1e-4)
    worst = min(w.confidence for w in candidate.words)
    return {
        "bias": 1.0,
        "logit": math.log(share / (1 - share)),
        "margin": share - runner_up,
        "worst_word": worst,
        "sure_words": float(worst > 0.9),
        "weak_word": float(worst < 0.6),
        "repeated": features.get("repeated", 0.0),
        "difference": features.get("difference", 0.0),
        "repaired": features.get("repaired", 0.0),
        "rules_hold": features.get("rules_hold", 0.0),
        "labelled": 1 - features.get("label_none", 0.0),
    }


def probability(evidence: Features, weights: Weights) -> float:
    """A calibrated probability; 0.5 where nothing was ever fitted for this kind."""
    x = score(evidence, weights) if weights else 0.0
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))

