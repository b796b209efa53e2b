"""What the witness says of one leaf, and how it came to say it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.page import Box
from engine.result import Quality, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """``witness`` is what stands at the leaf's place as OCR reads it, ``box`` where that is (page fractions).

    ``evidence`` is what the confidence is computed from (:mod:`engine.witness.confidence`).
    """

    verdict: Verdict
    reason: str
    witness: str | None = None
    page: int | None = None
    box: Box | None = None
    quality: Quality = "none"
    evidence: dict[str, float] = field(default_factory=dict)
