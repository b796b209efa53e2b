"""The report of a run over cases: what everything that is printed or written of it is made from, and its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.exact_json import read_json
from engine.regress.accepted import data_to_ran, ran_to_data, read_accepted
from engine.regress.case import Case
from engine.regress.changes import Change, changes
from engine.regress.gates import Gate
from engine.regress.ran import Ran
from engine.regress.sentences import Sentence, sentences
from engine.regress.summary import Counts, Share, Summary, summarise

VERSION = 1


@dataclass(frozen=True, slots=True)
class Mutated:
    """How many alterations of a case's expected values were tried, and in words those that went unnoticed."""

    case: str
    tried: int
    unnoticed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another run to compare with, by case; ``name`` says in words which."""

    name: str
    rans: Mapping[str, Ran]


@dataclass(frozen=True)
class Report:
    """``after`` are the runs, ``before`` those of the same cases they are compared with (none for a case that was
    never accepted), ``against`` says in words what these are. ``gone`` are cases of a baseline that are there no more,
    ``left_out`` those that were not asked for.
    """

    after: tuple[Ran, ...]
    before: tuple[Ran, ...]
    changes: tuple[Change, ...]
    against: str = "what is expected"
    gates: tuple[Gate, ...] = ()
    mutated: tuple[Mutated, ...] = ()
    gone: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """No difference but accepted ones, no case gone, every gate kept, every alteration noticed."""
        unnoticed = any(case.unnoticed for case in self.mutated)
        return not self.unaccepted and not self.gone and all(gate.kept for gate in self.gates) and not unnoticed

    @property
    def unaccepted(self) -> tuple[Change, ...]:
        """The changes of which no ``accepted.json`` says that they should be."""
        return tuple(change for change in self.changes if not change.accepted)

    @property
    def differ(self) -> tuple[str, ...]:
        """The cases with changes."""
        return tuple(dict.fromkeys(change.case for change in self.changes))

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return sentences(self.changes, self.before, self.after)

    @cached_property
    def now(self) -> Summary:
        """The figures, and those that gates hold, without cases whose recordings do not answer now."""
        return summarise(ran for ran in self.after if ran.case not in self.unanswered)

    @cached_property
    def then(self) -> Summary | None:
        """The figures before; None where any case has nothing to compare with, for they would be of other documents."""
        of = {ran.case for ran in self.before if not ran.unanswered}
        if any(ran.case not in of for ran in self.after if ran.case not in self.unanswered):
            return None
        return summarise(ran for ran in self.before if ran.case not in self.unanswered)

    @cached_property
    def unanswered(self) -> tuple[str, ...]:
        """The cases in which a model was asked and no recording answers: they are in no figure."""
        return tuple(ran.case for ran in self.after if ran.unanswered)

    def changes_of(self, case: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.case == case)


def report_to_data(report: Report) -> dict[str, Any]:
    """What ``--json`` prints and ``--baseline`` reads. Nothing in it differs between two runs of the same engine."""
    return {
        "version": VERSION,
        "cases": [ran_to_data(ran) for ran in report.after],
        "changes": [asdict(change) for change in report.changes],
        "summary": {
            "as_expected": report.as_expected,
            "differ": list(report.differ),
            "gone": list(report.gone),
            "left_out": list(report.left_out),
            "unanswered": list(report.unanswered),
            "sentences": [{"effect": told.effect, "words": told.words} for told in report.sentences],
            "after": _summary(report.now),
            "before": None if report.then is None else _summary(report.then),
            "gates": [
                {"name": gate.name, "limit": gate.limit, "kept": gate.kept, **_share(gate.share)}
                for gate in report.gates
            ],
            "mutations": [asdict(case) | {"unnoticed": list(case.unnoticed)} for case in report.mutated],
        },
    }


def make_report(
    cases: Sequence[Case],
    rans: Sequence[Ran],
    baseline: Baseline | None = None,
    mutated: Sequence[Mutated] = (),
    *,
    whole: bool = True,
) -> Report:
    """What the runs of the cases changed against what was accepted for each, or against a baseline; a case that the
    baseline has not is held against what was accepted for it. ``whole``: all cases were to run, not some by name, so
    that one of the baseline that did not is gone."""
    known = baseline.rans if baseline else {}
    accepted = {case.name: known.get(case.name) or read_accepted(case) for case in cases}
    not_run = tuple(name for name in known if name not in accepted)
    return Report(
        after=tuple(rans),
        before=tuple(earlier for earlier in accepted.values() if earlier is not None),
        changes=tuple(
            change
            for case, ran in zip(cases, rans, strict=True)
            for change in _changes(case, ran, accepted[case.name], to_baseline=case.name in known)
        ),
        against=baseline.name if baseline else "what is expected",
        mutated=tuple(mutated),
        gone=not_run if whole else (),
        left_out=() if whole else not_run,
    )


def _changes(case: Case, ran: Ran, before: Ran | None, *, to_baseline: bool) -> tuple[Change, ...]:
    """Those to a baseline are accepted where the case runs as its own accepted run: whoever changed the engine changed
    that too, in the open."""
    made = changes(case, ran, before)
    own = read_accepted(case) if made and to_baseline else None
    accepted = own is not None and not changes(case, ran, own)
    return tuple(replace(change, accepted=accepted) for change in made)


def read_baseline(path: Path) -> Baseline:
    """The report of another run, as ``--json`` printed it. Raises UsageError for a file that is none."""
    data = read_json(path, "the report of another run")
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("cases"), list):
        raise UsageError(f"{path} is no report of this version: make one with engine regress --json > {path.name}")
    rans = [data_to_ran(case, f"{path}: /cases/{index}") for index, case in enumerate(data["cases"])]
    return Baseline(f"the baseline {path.name}", {ran.case: ran for ran in rans})


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "cases": summary.cases,
        "failures": summary.failures,
        "values": _share(summary.values),
        "false_success": _share(summary.false_success),
        "automation": _share(summary.automation),
        "vlm_pages": summary.vlm_pages,
        "usage": asdict(summary.usage),
        "types": _counts(summary.types),
        "leaves": _counts(summary.leaves),
    }


def _counts(counts: Sequence[Counts] | Iterable[Counts]) -> list[dict[str, Any]]:
    return [asdict(entry) | {"n": entry.n, "accuracy": _rounded(entry.right.rate)} for entry in counts]


def _share(share: Share) -> dict[str, Any]:
    return {
        "hits": share.hits,
        "n": share.n,
        "rate": _rounded(share.rate),
        "interval": [_rounded(end) for end in share.interval],
    }


def _rounded(rate: float | None) -> float | None:
    """Four digits say all that a share of some hundred documents knows."""
    return None if rate is None else round(rate, 4)
