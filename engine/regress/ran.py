"""What is kept of a case that ran: enough to tell what changed since, and nothing that differs from run to run.

The same data is a case's ``accepted.json``, its part of ``engine regress --json``, and what a baseline holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from engine.result import Missing, Route, Severity, Status, Usage, Verdict

Outcome = Literal["exact", "equal", "wrong", "missing", "invented", "absent"]
"""A value against what is right: the same; the same but for writing or tolerance; another; null where there is one;
there where there is none; null in both, which counts for nothing."""

RIGHT = frozenset({"exact", "equal"})


@dataclass(frozen=True, slots=True)
class RanField:
    """A value. ``path`` is its pointer in what is right, for rows too, which are matched by content; a row that only
    the result has stands at ``found_at`` and has ``path`` None. ``leaf`` is the pointer pattern."""

    path: str | None
    found_at: str | None
    leaf: str
    outcome: Outcome
    expected: Any
    found: Any
    verdict: Verdict
    missing: Missing | None = None

    @property
    def where(self) -> str:
        return self.path or self.found_at or self.leaf


@dataclass(frozen=True, slots=True)
class RanPage:
    page: int
    route: Route
    reason: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RanFinding:
    path: str
    check: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A case as it ran. ``error`` is set where it could not (nothing else then is); ``stale`` are the sentences about
    recordings that answer other requests than were made. ``expectation`` tells what was held to be right
    (:func:`engine.regress.accepted.expectation`); '' where that is not known."""

    case: str
    type: str | None
    status: Status | None
    fields: tuple[RanField, ...] = ()
    pages: tuple[RanPage, ...] = ()
    findings: tuple[RanFinding, ...] = ()
    stale: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    error: str | None = None
    expectation: str = ""

    @property
    def unanswered(self) -> bool:
        """A page was to be read by a model, and no recording answers what it is asked: nobody knows what it would say,
        and what OCR made of the page instead tells nothing of the change."""
        failed = [page.reason for page in self.pages if page.route == "vlm" and page.outcome == "failed"]
        return any(sentence in reason for sentence in self.stale for reason in failed)

    @property
    def false_success(self) -> bool:
        """Clean, and a value is not right. Whatever the expected data holds a value for counts, and an invented one."""
        return self.status == "clean" and any(f.outcome not in RIGHT and f.outcome != "absent" for f in self.fields)
