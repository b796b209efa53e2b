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
from engine.label.features import OF_PLACE, Features, Pool, leaf_features, role_features

Weights = Mapping[str, float]
UNSEEN = "unseen"  # the weights of leaves that no documents with known values were fitted for
OF_LABELS = (
    "bias",
    "label_",
    "first_",
    "pure_",
    "beats_",
    "other_",
    "column_",
    "letters_",
    "range_",
    "rules_",
    "colon",
)
OF_SPOT = {"in_spot": 3.0}  # what standing at the place that the type tells (x-place) is worth (tests/bench/learn.py)
LOOKS_TELL = ("name", "address", "text")  # kinds of which many spans lie at one place, and looks tell the right one
LEAST_SPOT = 0.5  # how well a value must stand at that place to count without a label; a first setting
LEAST_LABEL = 0.15  # strength (0..1) below which a label is too far or too badly read to count
# Who issued a paper, where, when and for how much stands in the same way on every kind of paper.
ROLES = {
    "company": "receipt/company", "vendor": "receipt/company", "supplier": "receipt/company",
    "seller": "receipt/company", "issuer": "receipt/company", "bank": "receipt/company",
    "vendor_address": "receipt/address", "seller_address": "receipt/address", "address": "receipt/address",
    "date": "receipt/date", "total": "receipt/total",
}  # fmt: skip


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
    """A value with the places where it is printed, best first.

    ``share`` is its part of the softmax, ``confidence`` the calibrated probability that it is right, ``labelled``
    whether a label of its leaf stands nearest to its best place, ``placed`` whether that lies where the type says.
    """

    places: tuple[Candidate, ...]
    share: float
    confidence: float
    labelled: bool
    placed: bool = False

    @property
    def candidate(self) -> Candidate:
        return self.places[0]


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
    own = own_weights(model, type_name, leaf)
    if own is None:
        scores = [score(label_features(f), model.kinds.get(UNSEEN, {})) for f in features]
        looks = (
            model.kinds.get(pool.kind, {}) if pool.kind in LOOKS_TELL and "in_spot" in next(iter(features), {}) else {}
        )
        scores = (
            [s + score(look_features(f), looks) for s, f in zip(scores, features, strict=True)] if looks else scores
        )
    else:
        scores = [score(f, model.kinds.get(pool.kind, {})) + score(f, own) for f in features]
    shares = softmax_with_null([s + score(f, OF_SPOT) for s, f in zip(scores, features, strict=True)])
    groups: dict[object, list[int]] = {}
    for i, candidate in enumerate(pool.candidates):
        groups.setdefault(candidate.value, []).append(i)
    ordered = [sorted(group, key=lambda i: -shares[i]) for group in groups.values()]
    best_first = sorted(((together([shares[i] for i in group]), group) for group in ordered), reverse=True)
    runner_up = best_first[1][0] if len(best_first) > 1 else 0.0
    calibration = model.calibration.get(pool.kind if own is not None else UNSEEN, {})
    return tuple(
        Ranked(
            tuple(pool.candidates[i] for i in group),
            share,
            probability(evidence(pool.candidates[group[0]], features[group[0]], share, runner_up), calibration),
            labelled(features[group[0]]),
            features[group[0]].get("in_spot", 0.0) >= LEAST_SPOT,
        )
        for share, group in best_first
    )


def label_features(features: Features) -> Features:
    """What can be said of any leaf of any type: how its labels stand, not where such values usually are."""
    return {name: value for name, value in features.items() if name.startswith(OF_LABELS)}


def look_features(features: Features) -> Features:
    """What can be said of the candidate itself, wherever it stands: how names and addresses look."""
    return {
        name: value
        for name, value in features.items()
        if not name.startswith((*OF_LABELS, "in_spot")) and name not in OF_PLACE and name != "repeated"
    }


def labelled(features: Features) -> bool:
    """A label of the leaf is near enough to count."""
    return max(features["label_right"], features["label_below"]) >= LEAST_LABEL


def own_weights(model: Model, type_name: str, leaf: str) -> Weights | None:
    """What was fitted for this leaf, or for the one that plays its role in a type that was fitted; else None."""
    return model.leaves.get(type_name + leaf) or model.leaves.get(ROLES.get(leaf.rsplit("/", 1)[-1], ""))


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
        "agreed": float(all(w.agreed for w in candidate.words)),
        "disputed": float(any(w.agreed is False for w in candidate.words)),
    }


def probability(evidence: Features, weights: Weights) -> float:
    """A calibrated probability; 0.5 where nothing was ever fitted for this kind."""
    x = score(evidence, weights) if weights else 0.0
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))
