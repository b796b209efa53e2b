"""Ranking examples from samples, and cross-validation between groups; shared by the field bench and the fit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.doctype import DocumentType, Leaf
from engine.label.claims import kind_of, readings_to_sheet
from engine.label.features import Features, Pool
from engine.label.fit import Example, fit_probability, fit_ranker
from engine.label.rank import UNSEEN, Model, evidence, label_features, rank
from engine.page import Reading
from tests.bench.datasets import Sample, agree, shown

FOLDS = 5
SHARED_PENALTY, OWN_PENALTY = 2.0, 1.0  # chosen by the same cross-validation: see DESIGN.md


@dataclass(frozen=True)
class Case:
    """One leaf of one document, ready to rank; ``features`` are computed once for all folds."""

    sample: Sample
    type: str
    leaf: Leaf
    pool: Pool
    features: tuple[Features, ...]
    right: tuple[bool, ...]

    @property
    def example(self) -> Example:
        return Example(self.type + self.leaf.pointer, self.pool.kind, self.features, self.right)


def samples_to_cases(
    samples: Iterable[Sample],
    readings: Mapping[tuple[str, str], Sequence[Reading]],
    types: Mapping[str, DocumentType],
) -> list[Case]:
    return [
        case
        for sample in samples
        if (sample.set, sample.id) in readings
        for case in sample_to_cases(sample, readings[sample.set, sample.id], types[sample.type])
    ]


def sample_to_cases(sample: Sample, readings: Sequence[Reading], doctype: DocumentType) -> Iterable[Case]:
    sheet = readings_to_sheet(readings, doctype)
    for leaf in doctype.leaves:
        truth = sample.truth.get(leaf.pointer)
        if truth is None or leaf.in_array or leaf.open_map or not shown(sample, leaf.pointer, readings):
            continue
        pool = sheet.pool(leaf)
        right = tuple(agree(kind_of(leaf), c.value, truth, sample.order, leaf.pointer) for c in pool.candidates)
        yield Case(sample, doctype.name, leaf, pool, tuple(sheet.features(leaf)), right)


def fit_model(cases: Sequence[Case]) -> Model:
    """The ranker, not yet calibrated: weights by kind and leaf, and those for leaves never fitted."""
    kinds, leaves = fit_ranker([c.example for c in cases], shared_penalty=SHARED_PENALTY, own_penalty=OWN_PENALTY)
    labelled = [c for c in cases if c.pool.kind != "choice"]
    unseen, _ = fit_ranker([as_unseen(c) for c in labelled], shared_penalty=SHARED_PENALTY, own_penalty=1e9)
    return Model(kinds | unseen, leaves, {})


def as_unseen(case: Case) -> Example:
    return Example(UNSEEN, UNSEEN, [label_features(f) for f in case.features], case.right)


def fold_of(group: str) -> int:
    return zlib.crc32(group.encode()) % FOLDS


@dataclass(frozen=True)
class Outcome:
    """What the ranker chose for a case it was not fitted on."""

    case: Case
    value: object
    correct: bool
    confidence: float
    evidence: Features | None
    readable: bool


def cross_validate(cases: Sequence[Case]) -> list[Outcome]:
    """Out-of-fold choices; their confidence comes from a calibration fitted on the other folds' choices."""
    chosen: list[tuple[int, Outcome]] = []
    for fold in range(FOLDS):
        model = fit_model([c for c in cases if fold_of(c.sample.group) != fold])
        chosen += [(fold, choose(c, model)) for c in cases if fold_of(c.sample.group) == fold]
    calibrated = []
    for fold in range(FOLDS):
        calibration = fit_calibration([o for f, o in chosen if f != fold])
        calibrated += [with_confidence(o, calibration) for f, o in chosen if f == fold]
    return calibrated


def choose(case: Case, model: Model, *, unseen: bool = False) -> Outcome:
    """``unseen``: as if the leaf had never been fitted."""
    name = UNSEEN if unseen else case.type
    ranked = rank(case.pool, case.features, case.leaf.pointer if not unseen else "/-", name, model)
    if not ranked:
        return Outcome(case, None, False, 0.0, None, any(case.right))
    best = ranked[0]
    i = next(i for i, c in enumerate(case.pool.candidates) if c is best.candidate)
    runner_up = ranked[1].share if len(ranked) > 1 else 0.0
    clues = evidence(best.candidate, case.features[i], best.share, runner_up)
    return Outcome(case, best.candidate.value, case.right[i], 0.0, clues, any(case.right))


def fit_calibration(outcomes: Sequence[Outcome], unseen: Sequence[Outcome] = ()) -> dict[str, dict[str, float]]:
    kinds = {o.case.pool.kind for o in outcomes}
    rows = {k: [o for o in outcomes if o.case.pool.kind == k and o.evidence] for k in sorted(kinds)}
    rows |= {UNSEEN: [o for o in unseen if o.evidence]} if unseen else {}
    return {
        k: fit_probability([o.evidence or {} for o in group], [o.correct for o in group]) for k, group in rows.items()
    }


def with_confidence(outcome: Outcome, calibration: Mapping[str, Mapping[str, float]]) -> Outcome:
    from dataclasses import replace

    from engine.label.rank import probability

    if outcome.evidence is None:
        return outcome
    return replace(outcome, confidence=probability(outcome.evidence, calibration.get(outcome.case.pool.kind, {})))
