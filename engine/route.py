"""Which way a page goes, and why: a pure decision, its reasons in a fixed order.

blank; handwriting; a required table that the words' columns do not resolve; a trusted text layer; OCR too poor;
a document over the page limit; complex layout; else OCR. How readily each of them sends a page to a VLM is the
policy; their order is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.config import Config, PolicyName
from engine.doctype import DocumentType
from engine.measure import BLANK_INK
from engine.page import Reading
from engine.receive import Document
from engine.result import Route


@dataclass(frozen=True, slots=True)
class Policy:
    """From which signal on a page wants a VLM.

    ``handwriting`` and ``table`` are probabilities; ``columns`` the share of aligned cells below which a table is
    not resolved; ``read_share`` the share of words read right below which OCR is too poor; ``layout`` the
    complexity. Above 1 is never.
    """

    handwriting: float
    table: float
    columns: float
    read_share: float
    layout: float


# Every figure is printed by `make bench-route` (DESIGN.md, "Why is a page routed …"), on pages read by OCR.
# read_share: below 0.83 are 96 % of the pages with a word recall under 0.7 and 8 % of the others; 0.9 costs 27 %, and
#   0.6, at 0.5 %, still catches half.
# columns: below 0.7 are half of the tables whose cells come out badly and 5 % of the others, below 0.8 two thirds and
#   9 % (six such tables only).
# layout: says nothing about how well a page is read (area under the curve 0.57); none of 415 pages reaches 0.75.
POLICIES: Mapping[PolicyName, Policy] = {
    "accurate": Policy(handwriting=0.3, table=0.3, columns=0.80, read_share=0.90, layout=0.6),
    "balanced": Policy(handwriting=0.5, table=0.5, columns=0.70, read_share=0.83, layout=0.75),
    "cheap": Policy(handwriting=0.8, table=0.8, columns=0.50, read_share=0.60, layout=2.0),
}

Cause = Literal[
    "failed",
    "blank",
    "forced",
    "handwriting",
    "table",
    "text_layer",
    "poor_ocr",
    "page_limit",
    "layout",
    "ocr",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """``route`` is where the page should go; ``cause`` the reason as a word, ``reason`` in words for people."""

    route: Route
    cause: Cause
    reason: str

    @property
    def wants_vlm(self) -> bool:
        return self.route == "vlm"


@dataclass(frozen=True, slots=True)
class PageRoute:
    """What was read and measured on a page, and what was decided about it."""

    reading: Reading
    decision: Decision

    @property
    def page(self) -> int:
        return self.reading.page

    @property
    def route(self) -> Route:
        return self.decision.route

    @property
    def reason(self) -> str:
        return self.decision.reason


ROUTES: Mapping[Cause, Route] = {
    "failed": "ocr",
    "blank": "blank",
    "handwriting": "vlm",
    "table": "vlm",
    "text_layer": "text_layer",
    "poor_ocr": "vlm",
    "page_limit": "ocr",
    "layout": "vlm",
    "ocr": "ocr",
}


def readings_to_routes(
    readings: Sequence[Reading], document: Document, doctype: DocumentType | None, config: Config
) -> tuple[Decision, ...]:
    """A decision for each page that was read."""
    return tuple(
        decide_route(
            reading,
            requires=frozenset(doctype.requires) if doctype else frozenset(),
            pages=document.page_count,
            page_limit=config.page_limit,
            forced=config.route,
            policy=config.policy,
        )
        for reading in readings
    )


def without_vlm(readings: Sequence[Reading], routes: Sequence[Decision]) -> tuple[Decision, ...]:
    """The routes where nobody asks a model: a page that wants one stays with whoever read it, which is no doubt."""
    why = "a model may be wanted, values made elsewhere are checked by OCR alone"
    return tuple(
        replace(decision, route=reading.source, reason=f"{decision.reason}: {why}") if decision.wants_vlm else decision
        for reading, decision in zip(readings, routes, strict=True)
    )


def decide_route(
    reading: Reading,
    *,
    requires: frozenset[str] = frozenset(),
    pages: int = 1,
    page_limit: int = 50,
    forced: Literal["auto", "ocr", "vlm"] = "auto",
    policy: PolicyName = "balanced",
) -> Decision:
    """The first reason that holds. ``requires`` and ``pages`` are the type's and the document's."""
    limits = POLICIES[policy]
    cause = _cause(reading, requires, pages > page_limit, limits, forced != "auto")
    if cause == "forced" and forced != "auto":
        return Decision(forced, cause, f"asked for with --route {forced}")
    if cause == "page_limit":
        sentence = f"the document has {pages} pages, over the limit of {page_limit} for a VLM"
    else:
        sentence = reason(cause, reading, limits)
    return Decision(ROUTES[cause], cause, sentence)


def _cause(  # noqa: PLR0911 - one return a reason, in their order
    reading: Reading, requires: frozenset[str], too_long: bool, limits: Policy, forced: bool
) -> Cause:
    signals = reading.signals
    if reading.failure:
        return "failed"
    faint = signals.get("handwriting", 0.0) >= limits.handwriting
    if signals.get("ink", 1.0) < BLANK_INK and not reading.words and not faint:
        return "blank"
    if forced:
        return "forced"
    if signals.get("handwriting", 0.0) >= limits.handwriting:
        return "handwriting"
    unresolved = signals.get("table", 0.0) >= limits.table and signals.get("columns", 0.0) < limits.columns
    if "table" in requires and unresolved:
        return "table"
    if reading.source == "text_layer":
        return "text_layer"
    if share_read(signals) < limits.read_share:
        return "poor_ocr"
    if too_long:
        return "page_limit"
    if signals.get("layout", 0.0) >= limits.layout:
        return "layout"
    return "ocr"


def share_read(signals: Mapping[str, float]) -> float:
    """Share of words read right as estimated; OCR's own confidence where nobody estimated it."""
    return signals.get("read_share", signals.get("ocr_confidence", 1.0))


# -------------------------------------------------------------------------------------------------- in words


def reason(  # noqa: PLR0911 - one return a cause
    cause: Cause, reading: Reading, limits: Policy
) -> str:
    """The evidence for ``cause`` as a person reads it: what was measured, and the limit where one decided."""
    signals = reading.signals
    share = share_read(signals)
    match cause:
        case "failed":
            return reading.failure or ""
        case "blank":
            return f"nothing is printed on it (ink {signals.get('ink', 0.0):.4f})"
        case "handwriting":
            told = [places("handwriting", reading), sure_of(reading)]
            return f"handwriting {signals.get('handwriting', 0.0):.2f}: {', '.join(part for part in told if part)}"
        case "table":
            where = places("table", reading)
            return (
                f"table {signals.get('table', 0.0):.2f}{' ' + where if where else ''}, whose columns the words do not "
                f"show: {signals.get('columns', 0.0):.0%} of its cells are aligned, {limits.columns:.0%} are needed"
            )
        case "text_layer":
            return reading.note or "its text layer covers what is printed"
        case "poor_ocr":
            return (
                f"OCR too poor to trust: about {share:.0%} of the words read right, "
                f"{limits.read_share:.0%} are needed; {sure_of(reading)}"
            )
        case "layout":
            return f"complex layout {signals.get('layout', 0.0):.2f}: many columns, blocks and rules"
        case _:
            return f"print that OCR reads well: about {share:.0%} of the words right"


SURE = 0.6  # confidence from which a reason says that OCR is sure of a word, as the signals count it


def sure_of(reading: Reading) -> str:
    """How many of its words OCR is sure of, and how much of the ink it made no word of; empty for a digital page."""
    if reading.source != "ocr":
        return ""
    words = [word for word in reading.words if any(map(str.isalnum, word.text))]
    if not words:
        return "OCR read no word"
    sure = sum(word.confidence >= SURE for word in words)
    return f"OCR is sure of {sure} of {len(words)} words{_left_over(reading.signals)}"


def _left_over(signals: Mapping[str, float]) -> str:
    share = signals.get("unread_ink", 0.0)
    return f" and left out {share:.0%} of the ink" if share >= 0.01 else ""


def places(kind: str, reading: Reading) -> str:
    """In how many places of a page a kind of region stands, and on how much of it; empty where none is known."""
    boxes = [region.box for region in reading.regions if region.kind == kind]
    if not boxes:
        return ""
    area = min(sum(box.width * box.height for box in boxes), 1.0)
    return f"in {len(boxes)} place{'s' * (len(boxes) > 1)}, {area:.0%} of the page"
