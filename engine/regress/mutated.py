"""The mutation check of a case: it runs once, and every alteration of what is right is held against that run."""

from __future__ import annotations

from pathlib import Path

from engine.regress.case import Case
from engine.regress.mutate import mutations, unnoticed
from engine.regress.ran import Ran
from engine.regress.report import Mutated
from engine.regress.run import run_whole


def mutate_case(case: Case, schemas: Path | None = None, jobs: int = 0) -> tuple[Ran, Mutated]:
    """The case's run, and which alterations went unnoticed in it. None is tried of a case that cannot run, or
    whose recordings do not answer."""
    run = run_whole(case, schemas, jobs)
    if run.result is None or run.ran.unanswered:
        return run.ran, Mutated(case.name, 0, ())
    missed = unnoticed(case, run.result, run.doctype, run.ran)
    return run.ran, Mutated(case.name, sum(1 for _ in mutations(case, run.doctype)), tuple(map(str, missed)))
