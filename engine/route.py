"""Which way a page goes, and why: a pure decision, its reasons in a fixed order.

blank; handwriting; a required table that the words' columns do not resolve; a trusted text layer; OCR too poor;
a document over the page limit; complex layout; else OCR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.measure import BLANK_INK
from engine.page import Reading
from engine.result import Route

HANDWRITING = 0.5  # these two are probabilities fitted on labelled pages (DESIGN.md, "Why is a page routed …")
TABLE = 0.5
COLUMNS = 0.55  # from here on first settings, no experiment stands behind them yet
POOR_CONFIDENCE = 0.55
POOR_TEXT = 0.45
COMPLEX = 0.75

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


def decide_route(
    reading: Reading,
    *,
    requires: frozenset[str] = frozenset(),
    pages: int = 1,
    page_limit: int = 50,
    forced: Literal["auto", "ocr", "vlm"] = "auto",
) -> Decision:
    """The first reason that holds. ``requires`` and ``pages`` are the type's and the document's."""
    signals = reading.signals
    if reading.failure:
        return Decision("ocr", "failed", reading.failure)
    if signals.get("ink", 1.0) < BLANK_INK and not reading.words:
        return Decision("blank", "blank", f"nothing is printed on it (ink {signals.get('ink', 0.0):.4f})")
    if forced != "auto":
        return Decision(forced, "forced", f"asked for with --route {forced}")
    return _by_signals(reading, requires, pages, page_limit)


def _by_signals(  # noqa: PLR0911 - one return a reason, in their order
    reading: Reading, requires: frozenset[str], pages: int, page_limit: int
) -> Decision:
    signals = reading.signals
    handwriting, table, columns = (signals.get(name, 0.0) for name in ("handwriting", "table", "columns"))
    confidence, script = signals.get("ocr_confidence", 1.0), signals.get("script", 1.0)
    layout = signals.get("layout", 0.0)
    if handwriting >= HANDWRITING:
        return Decision("vlm", "handwriting", f"handwriting (probability {handwriting:.2f})")
    if "table" in requires and table >= TABLE and columns < COLUMNS:
        return Decision(
            "vlm",
            "table",
            f"a table (probability {table:.2f}) whose columns the words do not show ({columns:.2f})",
        )
    if reading.source == "text_layer":
        return Decision("text_layer", "text_layer", reading.note or "its text layer covers what is printed")
    if confidence < POOR_CONFIDENCE or script < POOR_TEXT:
        return Decision(
            "vlm",
            "poor_ocr",
            f"OCR too poor to trust (confidence {confidence:.2f}, plausible words {script:.2f})",
        )
    if pages > page_limit:
        return Decision(
            "ocr", "page_limit", f"the document has {pages} pages, over the limit of {page_limit} for a VLM"
        )
    if layout >= COMPLEX:
        return Decision("vlm", "layout", f"complex layout ({layout:.2f})")
    return Decision("ocr", "ocr", f"print that OCR reads well (confidence {confidence:.2f})")
