"""The result of a document, as frozen data; :mod:`engine.flow` makes it, the command line prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.page import Box

Status = Literal["clean", "review", "failed"]
Verdict = Literal["confirmed", "contradicted", "silent", "unchecked"]
FieldSource = Literal["ocr", "vlm", "text_layer", "given", "human"]
Missing = Literal["absent", "unreadable", "refused", "truncated", "failed"]
Check = Literal["witness", "schema", "arithmetic", "ink", "text_layer", "type", "page", "route", "budget", "date"]
Severity = Literal["error", "warning"]
Quality = Literal["exact", "fuzzy", "ambiguous", "none"]
"""How well a value's place is known: it stands there as claimed; nearly so; in several places of equal right; nowhere.
"""
Route = Literal["ocr", "vlm", "text_layer", "blank"]
Outcome = Literal["complete", "refused", "truncated", "malformed", "rate_limited", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf of ``data`` with its evidence. ``box`` is None exactly where ``page`` is None.

    ``value`` is str, bool, int or Decimal, or None with ``missing`` saying why. ``witness`` is what another reader sees
    at the leaf's place, ``box_quality`` how well that place is known; both None where nobody looked.
    """

    value: Any
    printed: str | None = None
    page: int | None = None
    box: Box | None = None
    source: FieldSource = "ocr"
    verdict: Verdict = "unchecked"
    witness: str | None = None
    confidence: float | None = None
    missing: Missing | None = None
    box_quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A doubt: where (JSON Pointer, '' for the document), which check, how bad, in words."""

    path: str
    check: Check
    severity: Severity
    message: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What asking a model took, as the provider booked it; ``usd`` is None where a price is unknown.

    ``calls`` are requests that were answered, ``kept`` the answers that were there already and cost nothing.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal | None = Decimal(0)
    kept: int = 0

    def __add__(self, other: Usage) -> Usage:
        unknown = self.usd is None or other.usd is None
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            None if unknown else (self.usd or Decimal(0)) + (other.usd or Decimal(0)),
            self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True)
class PageResult:
    """``usage`` is None for a page that no model was asked about."""

    page: int
    route: Route
    reason: str
    signals: dict[str, float]
    outcome: Outcome
    attempts: int = 1
    usage: Usage | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a document became. ``data`` has the schema's shape; ``fields`` has an entry for every leaf."""

    path: str
    sha256: str | None
    page_count: int
    type: str | None
    status: Status
    data: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    pages: tuple[PageResult, ...] = ()
    usage: Usage = Usage()
    ocr: str = ""
    model: str | None = None
