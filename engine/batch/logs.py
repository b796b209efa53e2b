"""What a batch logs: lines for people or, with ``--log-json``, one JSON object a line.

At the default level a line has the ids of documents (the start of their SHA-256), pages and times, never contents,
secrets or paths, which may name persons. So messages of other parts of the engine have their numbers only, and those
of libraries are told by the library's name; ``--verbose`` shows them whole.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.as_json import to_json
from engine.as_text import one_line
from engine.batch.traces import annotate

OURS = "engine.batch"
"""Its messages are fixed words: what changes from line to line is told beside them."""

IDS = frozenset({"step", "job", "document", "page", "seconds", "done", "of", "status", "pages", "vlm_pages"})
"""What a line may tell beside its message."""

WORDS = frozenset({"path", "reason"})
"""What it may tell with ``--verbose``."""

_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Logs:
    """How a process logs, to be sent to another too. ``level`` is the engine's, as :mod:`logging` has it."""

    as_json: bool
    level: int

    def begin(self) -> None:
        """Log so from now on, to stderr."""
        ours = logging.getLogger(OURS)
        ours.setLevel(logging.NOTSET)
        if not self.as_json:
            logging.basicConfig(stream=sys.stderr, level=self.level, format="engine: %(message)s", force=True)
            return
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines(verbose=self.level <= logging.INFO))
        logging.basicConfig(handlers=[handler], level=self.level, force=True)
        if self.level == logging.WARNING:
            ours.setLevel(logging.INFO)  # who asks for a log wants to see what is done
        library = logging.getLogger("dbos")  # it writes to stderr by itself, for people
        library.handlers.clear()
        library.propagate = True


def logs_here() -> Logs:
    """How this process logs."""
    root = logging.getLogger()
    as_json = any(isinstance(handler.formatter, JsonLines) for handler in root.handlers)
    return Logs(as_json, root.level)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, and what it is about."""

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if self._verbose else _without_contents(record),
        }
        may = IDS | WORDS if self._verbose else IDS
        for name, value in {**(_about.get() or {}), **record.__dict__}.items():
            if name in may and value is not None:
                told[name] = round(value, 3) if isinstance(value, float) else value
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            if self._verbose:
                told["traceback"] = self.formatException(record.exc_info)
        return to_json(told, indent=None)


def _without_contents(record: logging.LogRecord) -> str:
    """The message without any text that was put into it: that may be a path, or quote a document."""
    if record.name.split(".")[0] != "engine":
        return f"a message of {record.name}: --verbose shows it"
    given = record.args if isinstance(record.args, tuple) else ()
    kept = tuple(each if isinstance(each, int | float) else "…" for each in given)
    return record.msg % kept if kept else str(record.msg)


@contextmanager
def about(**told: Any) -> Iterator[None]:
    """What the lines and the span of this thread are about, as long as this lasts."""
    before = _about.get() or {}
    token = _about.set(before | told)
    annotate(told)
    try:
        yield
    finally:
        _about.reset(token)


def told_about() -> dict[str, Any]:
    """What is under way here, to be told in another process too."""
    return dict(_about.get() or {})


@contextmanager
def logged(step: str, **told: Any) -> Iterator[None]:
    """A line when a step has come to its end, and one where it did not: what it was of, never what it holds."""
    started = time.perf_counter()
    with about(step=step, **told):
        try:
            yield
        except BaseException as error:
            seconds = time.perf_counter() - started
            log.warning("a step was given up", extra={"seconds": seconds, "reason": str(error)})
            raise
        log.info("step done", extra={"seconds": time.perf_counter() - started})


def log_left_out(folders: Sequence[Path]) -> None:
    """Folders that cannot be entered, each in a line."""
    for folder in folders:
        if logs_here().as_json:
            log.warning("a folder cannot be entered: what is in it is left out", extra={"path": str(folder)})
        else:
            log.warning("%s cannot be entered: what is in it is left out", one_line(str(folder)))
