"""Where two readers looked and did not see the same, one reader's confidence is worth less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.page import Reading, Word
from engine.result import Field

UNAGREED = 0.9
"""The most that a value is given whose words the readers saw differently: under every type's threshold for clean.

Confidences are fitted on one reader's words (DESIGN.md, "What is the second OCR engine for?"), so it is a bound and no
estimate.
"""


def bounded(fields: Mapping[str, Field], readings: Sequence[Reading]) -> dict[str, Field]:
    """The fields, those read by OCR bounded where not both readers saw all of their words alike."""
    words = {reading.page: reading.words for reading in readings}
    return {
        pointer: replace(field, confidence=min(field.confidence or 0.0, UNAGREED))
        if field.source == "ocr" and field.value is not None and not _agreed(field, words.get(field.page or 0, ()))
        else field
        for pointer, field in fields.items()
    }


def _agreed(field: Field, words: Sequence[Word]) -> bool:
    box = field.box
    inside = [w for w in words if box and box.x0 <= w.box.cx <= box.x1 and box.y0 <= w.box.cy <= box.y1]
    return bool(inside) and all(word.agreed for word in inside)
