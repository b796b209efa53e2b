"""A batch as it goes and as it went, for people and as data."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.as_text import columns, one_line
from engine.batch.logs import logs_here
from engine.batch.run import Done

log = logging.getLogger(__name__)

STATUSES = ("clean", "review", "failed", "cancelled")
REASONS = 10  # of failures that the summary names; all are in the results


@dataclass
class Tally:
    """What is counted while a batch runs."""

    total: int
    spent: Callable[[], Decimal]
    started: float = field(default_factory=time.monotonic)
    statuses: Counter[str] = field(default_factory=Counter)
    fresh: int = 0
    pages: int = 0
    vlm_pages: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def add(self, done: Done) -> None:
        self.total += done.beside
        self.statuses[done.status] += 1
        self.fresh += done.fresh
        self.pages += done.pages
        self.vlm_pages += done.vlm_pages
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

    def as_data(self) -> dict[str, Any]:
        return {
            "documents": self.total,
            **{status: self.statuses[status] for status in STATUSES},
            "already_there": self.done - self.fresh,
            "pages": self.pages,
            "vlm_pages": self.vlm_pages,
            "usd": self.spent(),
            "seconds": round(self.seconds, 1),
            "failures": [{"path": path, "reason": reason} for path, reason in self.failures],
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
        if self.failures:
            rows = [(one_line(path), one_line(reason)) for path, reason in self.failures[:REASONS]]
            more = len(self.failures) - len(rows)
            lines += ["", "failed:", columns(rows), *([f"and {more} more"] if more else [])]
        if ignored:
            shown = ", ".join(one_line(str(path)) for path in ignored[:REASONS])
            rest = f" and {len(ignored) - REASONS} more" if len(ignored) > REASONS else ""
            lines.append(f"ignored, being no documents: {shown}{rest}")
        return "\n".join(lines)


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
