"""A claim: what one reader says a leaf holds on one page. Claims are merged into fields, and doubted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.page import Box
from engine.result import FieldSource


@dataclass(frozen=True, slots=True)
class Claim:
    """``pointer`` is a leaf's JSON Pointer with row numbers in it; ``confidence`` a probability, 0..1.

    ``ambiguous``: its print can be read in two ways. ``by_place``: no label tells it, only where it stands.
    """

    pointer: str
    value: Any
    printed: str
    page: int
    box: Box | None
    confidence: float
    source: FieldSource = "ocr"
    ambiguous: bool = False
    by_place: bool = False
