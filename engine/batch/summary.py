"""A batch as it goes and as it went, for people and as data."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.as_text import columns, one_line
from engine.batch.logs import logs_here
from engine.batch.results import NOTHING_SUPERSEDED, Done, Superseded

log = logging.getLogger(__name__)

STATUSES = ("clean", "review", "failed", "cancelled")
REASONS = 10  # of failures that the summary names; all are in the results
PATHS = 1000
"""Of ignored files that the summary as JSON names: a folder may hold any number."""


@dataclass
class Tally:
    """What is counted while a batch runs.

    ``unpaid`` are documents with pages left for the budget, ``bad`` those for review with pages that a provider or a
    reader failed on; ``outdated`` reviewed results that are kept though what they are of has changed; ``earlier`` the
    results of earlier runs by their status.
    """

    total: int
    spent: Callable[[], Decimal]
    started: float = field(default_factory=time.monotonic)
    statuses: Counter[str] = field(default_factory=Counter)
    fresh: int = 0
    pages: int = 0
    vlm_pages: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    unpaid: int = 0
    bad: int = 0
    outdated: list[str] = field(default_factory=list)
    earlier: Mapping[str, int] = field(default_factory=dict)
    superseded: Superseded = NOTHING_SUPERSEDED

    def add(self, done: Done) -> None:
        self.total += done.beside
        self.statuses[done.status] += 1
        self.fresh += done.fresh
        self.pages += done.pages
        self.vlm_pages += done.vlm_pages
        self.unpaid += bool(done.again.unpaid)
        self.bad += bool(done.status != "failed" and done.again.unanswered | done.again.unread)
        if done.outdated:
            self.outdated.append(done.item.name)
        if done.status == "failed":
            self.failures.append((done.item.place, done.reason))

    @property
    def done(self) -> int:
        return self.statuses.total()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def eta(self) -> float | None:
        """Seconds that the rest will take, if it goes on as until now; None before the first new result."""
        return self.seconds / self.fresh * (self.total - self.done) if self.fresh else None

    def as_data(self, ignored: Sequence[Path | str] | None = None) -> dict[str, Any]:
        """``ignored`` are not told where None: nobody has looked for them."""
        paths = [str(path) for path in ignored or ()]
        return {
            "documents": self.total,
            **{status: self.statuses[status] for status in STATUSES},
            "already_there": self.done - self.fresh,
            "pages": self.pages,
            "vlm_pages": self.vlm_pages,
            "usd": self.spent(),
            "seconds": round(self.seconds, 1),
            "failures": [{"path": path, "reason": reason} for path, reason in self.failures],
            "over_budget": self.unpaid,
            "with_failed_pages": self.bad,
            "reviewed_and_outdated": self.outdated,
            "earlier": {"documents": sum(self.earlier.values()), **self.earlier},
            "superseded": {"removed": list(self.superseded.removed), "kept": list(self.superseded.kept)},
            **({} if ignored is None else {"ignored": {"count": len(paths), "paths": paths[:PATHS]}}),
        }

    def as_text(self, ignored: Sequence[Path | str]) -> str:
        counts = ", ".join(f"{self.statuses[status]} {status}" for status in STATUSES if self.statuses[status])
        there = self.done - self.fresh
        lines = [
            f"{self.done} of {self.total} documents: {counts or 'none'}"
            + (f"; {there} were there already" * bool(there)),
            f"{self.pages} pages, {self.vlm_pages} of them sent to a model, ${self.spent():.4f} spent",
        ]
        if self.fresh and self.seconds:
            lines.append(f"{self.seconds:.0f} seconds, {self.fresh / self.seconds:.2f} documents a second")
        lines += self._beside()
        if self.failures:
            rows = [(one_line(path), one_line(reason)) for path, reason in self.failures[:REASONS]]
            more = len(self.failures) - len(rows)
            lines += ["", "failed:", columns(rows), *([f"and {more} more"] if more else [])]
        if ignored:
            lines.append(f"ignored, being no documents: {_listed(ignored)}")
        return "\n".join(lines)

    def _beside(self) -> Iterator[str]:
        if self.earlier:
            counts = ", ".join(f"{self.earlier[status]} {status}" for status in STATUSES if self.earlier.get(status))
            yield f"beside them {sum(self.earlier.values())} of earlier runs: {counts}"
        if self.unpaid:
            yield f"{self.unpaid} have pages over the budget: raise it and run again, and these alone are asked about"
        if self.bad:
            yield f"{self.bad} have pages that a model or a reader failed on: engine batch retry --failed"
        if self.outdated:
            yield f"reviewed, and kept though what they are of has changed: {_listed(self.outdated)}"
        if self.superseded.removed:
            yield f"removed, as their documents have results of other names now: {_listed(self.superseded.removed)}"
        if self.superseded.kept:
            yield f"kept beside newer results, as somebody changed or reviewed them: {_listed(self.superseded.kept)}"


def _listed(paths: Sequence[Path | str]) -> str:
    shown = ", ".join(one_line(str(path)) for path in paths[:REASONS])
    return shown + (f" and {len(paths) - REASONS} more" if len(paths) > REASONS else "")


@contextmanager
def progress(tally: Tally, *, quiet: bool) -> Iterator[Callable[[Done], None]]:
    """Something to tell of each item: a bar where somebody watches, else a line a document on stderr, or in the log."""
    import sys

    if logs_here().as_json:
        yield lambda done: _log(tally, done)
        return
    if quiet or not sys.stderr.isatty():
        yield lambda done: _line(tally, done, quiet=quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    view = (TextColumn("documents"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*view, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=tally.total, told="")

        def told(done: Done) -> None:
            tally.add(done)
            bar.update(task, total=tally.total, completed=tally.done, told=_state(tally))

        yield told


def _log(tally: Tally, done: Done) -> None:
    tally.add(done)
    told = {
        "done": tally.done,
        "of": tally.total,
        "document": done.sha256 and done.sha256[:16],
        "pages": done.pages,
        "vlm_pages": done.vlm_pages,
        "status": done.status,
        "path": done.item.place,
        "reason": done.reason or None,
    }
    log.info("document done", extra=told)


def _line(tally: Tally, done: Done, *, quiet: bool) -> None:
    import click

    tally.add(done)
    if not quiet and done.fresh:
        why = f": {one_line(done.reason)}" if done.reason else ""
        click.echo(f"{tally.done}/{tally.total} {one_line(done.item.place)}: {done.status}{why}", err=True)


def _state(tally: Tally) -> str:
    counts = " ".join(f"{status} {tally.statuses[status]}" for status in STATUSES[:3])
    rest = "" if tally.eta is None else f" · {_clock(tally.eta)} left"
    return f"{tally.pages} pages, {tally.vlm_pages} to a model, ${tally.spent():.2f} · {counts}{rest}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
