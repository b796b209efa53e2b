"""A result in one line of the report's list, and what its charts count. Small enough to be kept for every document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.result import Result
from engine.view.document import mark_of, value_text
from engine.view.doubts import doubts

TEXT = 4000
"""Characters of a document's values that the filter looks into."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``errors`` and ``warnings`` count doubted places, ``checks`` are those of its findings, ``first`` is what the
    first of them says; ``calls`` are requests to a model, ``kept`` its answers that were there already; ``usd`` is None
    where a price is unknown; ``text`` is what the filter searches."""

    name: str
    path: str
    type: str | None
    status: str
    pages: int
    verdicts: Counter[str]
    routes: Counter[str]
    confidences: tuple[float, ...]
    checks: tuple[str, ...]
    errors: int
    warnings: int
    first: str
    calls: int
    kept: int
    usd: Decimal | None
    text: str


def entry(result: Result, name: str) -> Entry:
    pages = [page for page in result.pages if page.outcome != "skipped"]
    found = doubts(result)
    messages = [finding.message for doubt in found for finding in doubt.findings]
    values = [value_text(field.value) or "" for field in result.fields.values()]
    told = (field for field in result.fields.values() if field.value is not None and field.value != ())
    return Entry(
        name=name,
        path=result.path,
        type=result.type,
        status=result.status,
        pages=len(pages),
        verdicts=verdicts(result),
        routes=Counter(page.route for page in pages),
        confidences=tuple(field.confidence for field in told if field.confidence is not None),
        checks=tuple(dict.fromkeys(finding.check for finding in result.findings)),
        errors=sum(doubt.level == "error" for doubt in found),
        warnings=sum(doubt.level == "warning" for doubt in found),
        first=messages[0] if messages else "",
        calls=result.usage.calls,
        kept=sum(page.usage.kept for page in pages if page.usage),
        usd=result.usage.usd,
        text=" ".join([name, result.path, result.type or "", *messages, *values])[:TEXT].lower(),
    )


def verdicts(result: Result) -> Counter[str]:
    """How many values have each verdict; a person's word counts as one of its own. Nulls are no values."""
    return Counter(mark_of(field) for field in result.fields.values() if field.value is not None and field.value != ())


def summed(counters: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter())
