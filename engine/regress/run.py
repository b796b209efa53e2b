"""Cases to what came of them: extracted as users would, offline, without key or cache, the same every time.

The settings of a case are the defaults and its own on top of them, never those of ``engine.toml`` or ``ENGINE_*``, so
that a case means the same everywhere. A model is its recordings; one that is missing is told and asked nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from engine.config import Config
from engine.cores import cores
from engine.doctype import DocumentType, load_type
from engine.errors import EngineError
from engine.flow import extract
from engine.given import values_to_fields
from engine.regress.accepted import expectation
from engine.regress.case import EXPECTED_FILE, Case
from engine.regress.compare import compare
from engine.regress.ran import Ran, RanFinding, RanPage
from engine.result import Result, Usage
from engine.vlm.connect import connect_recorded
from engine.vlm.replay import Replay

T = TypeVar("T")
Work = Callable[[Case, Path | None, int], T]
"""A function of a case, the folder of its types, and how many pages may be read at a time (0: one a core)."""


class CaseRun(NamedTuple):
    """A case as it ran; ``result`` and ``doctype`` are None where it could not, ``doctype`` also without a type."""

    ran: Ran
    result: Result | None = None
    doctype: DocumentType | None = None
    recordings: Replay | None = None


def run_cases(cases: Sequence[Case], schemas: Path | None = None, jobs: int = 0) -> Iterator[Ran]:
    """All cases, in their order, *jobs* at a time (0: one a core)."""
    return each_case(run_case, cases, schemas, jobs)


def each_case(work: Work[T], cases: Sequence[Case], schemas: Path | None = None, jobs: int = 0) -> Iterator[T]:
    """What *work*, a function of a module, makes of each case, in their order, *jobs* processes at a time (0: one a
    core). Where there are several, each reads one page at a time."""
    workers = min(jobs or cores(), len(cases))
    if workers < 2:
        yield from (work(case, schemas, 0) for case in cases)
        return
    # not forked: that would inherit the locks of libraries that have threads
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield from pool.map(work, cases, repeat(schemas), repeat(1))
    finally:
        pool.shutdown(cancel_futures=True)


def run_case(case: Case, schemas: Path | None = None, jobs: int = 0) -> Ran:
    """One case. What the engine refuses to do becomes the run's ``error``; a fault of the engine is raised, and a note
    in it names the case."""
    return run_whole(case, schemas, jobs).ran


def run_whole(case: Case, schemas: Path | None = None, jobs: int = 0) -> CaseRun:
    """One case with its whole result. ``schemas`` are searched for types first, ``jobs`` pages read at a time."""
    try:
        return _run(case, settings_of(case, schemas, jobs))
    except EngineError as error:
        return CaseRun(Ran(case.name, _told_type(case), None, error=str(error)))
    except BaseException as error:
        error.add_note(f"in the case {case.folder}")
        raise


def settings_of(case: Case, schemas: Path | None, jobs: int = 0, **others: Any) -> Config:
    """What a case is extracted under; *others* are settings that it does not decide. Raises UsageError."""
    return Config(**{"schemas": schemas, "jobs": jobs, **others, **case.settings})


def _run(case: Case, config: Config) -> CaseRun:
    if case.type != "auto":  # what stands where the type has no place for it is compared with nothing
        values_to_fields(case.expected, load_type(case.type, config.schemas), str(case.folder / EXPECTED_FILE))
    vlm = connect_recorded(config, case.recordings, (case.provider, case.model or "")) if case.provider else None
    result = extract(case.document, type=case.type, config=config, vlm=vlm)
    named = case.type if case.type != "auto" else result.type
    doctype = load_type(named, config.schemas) if named else None
    recordings = vlm.recordings if vlm else None
    ran = Ran(
        case.name,
        doctype.name if doctype else None,
        result.status,
        compare(case.expected, result, doctype, case.tolerances),
        tuple(RanPage(page.page, page.route, page.reason, page.outcome) for page in result.pages),
        tuple(RanFinding(found.path, found.check, found.severity, found.message) for found in result.findings),
        _stale(recordings, case) if recordings else (),
        _taken(recordings) if recordings else Usage(),
        expectation=expectation(case),
    )
    return CaseRun(ran, result, doctype, recordings)


def _told_type(case: Case) -> str | None:
    return None if case.type == "auto" else Path(case.type).stem


def _stale(recordings: Replay, case: Case) -> tuple[str, ...]:
    """What was not recorded; else the recordings that nobody asked for, which otherwise may just follow from it."""
    unused = (path.relative_to(case.recordings).as_posix() for path in recordings.unused)
    return recordings.missing or tuple(f"{name} answers a request that was not made: record again" for name in unused)


def _taken(recordings: Replay) -> Usage:
    """What the answers took when they were recorded."""
    taken = [one.kept for one in recordings.used]
    tokens = [kept.tokens for kept in taken if kept.tokens]
    known = [kept.usd for kept in taken if kept.usd is not None]
    usd = sum(known, Decimal(0)) if len(known) == len(taken) else None
    return Usage(len(taken), sum(each.input for each in tokens), sum(each.output for each in tokens), usd)
