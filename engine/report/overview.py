"""What the report says of all documents together: counts, and the charts of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from markupsafe import Markup

from engine.as_text import one_line
from engine.report.charts import Bar, Bin, bars, distribution, reliability, strip, to_bins
from engine.report.entry import Entry, summed
from engine.result import Route, Status, Verdict

VERDICTS = (*get_args(Verdict), "human")
ROUTES: dict[Route, str] = {"ocr": "OCR", "vlm": "VLM", "text_layer": "text layer", "blank": "blank"}
DEAREST = 3  # documents that the chart of cost names


@dataclass(frozen=True, slots=True)
class Overview:
    """The charts, each None where there is nothing to draw; ``strips`` has a thin one for each entry."""

    status: Markup
    routes: Markup
    verdicts: Markup
    cost: Markup | None
    usd: str | None
    calls: int
    kept: int
    reliability: Markup | None
    bins: list[Bin]
    decided: int
    distribution: Markup
    strips: list[Markup]
    types: list[str]
    checks: list[str]


def overview(entries: Sequence[Entry], decided: Sequence[tuple[float, bool]]) -> Overview:
    """*decided* has the confidence of values that people decided on, and whether they were right."""
    routes, verdicts = summed(one.routes for one in entries), summed(one.verdicts for one in entries)
    priced = sorted(((one.usd, one.name) for one in entries if one.usd), reverse=True)[:DEAREST]
    dearest = [Bar(one_line(name), float(usd), told=dollars(usd)) for usd, name in priced]
    known = [one.usd for one in entries if one.usd is not None]
    bins = to_bins(decided)
    return Overview(
        status=bars(
            "Documents by status",
            [Bar(name, sum(one.status == name for one in entries), name, marked=True) for name in get_args(Status)],
        ),
        routes=bars("Pages by route", [Bar(ROUTES[name], routes[name]) for name in get_args(Route)]),
        verdicts=bars("Values by verdict", [Bar(name, verdicts[name], name, marked=True) for name in VERDICTS]),
        cost=bars("Dearest documents", dearest) if dearest else None,
        usd=dollars(sum(known, Decimal(0))) if len(known) == len(entries) else None,
        calls=sum(one.calls for one in entries),
        kept=sum(one.kept for one in entries),
        reliability=reliability(bins) if bins else None,
        bins=bins,
        decided=len(decided),
        distribution=distribution([confidence for one in entries for confidence in one.confidences]),
        strips=[strip([(name, one.verdicts[name]) for name in VERDICTS]) for one in entries],
        types=sorted({one.type or "" for one in entries}),
        checks=sorted({check for one in entries for check in one.checks}),
    )


def dollars(usd: Decimal) -> str:
    return f"${usd:.4f}" if usd else "$0"
