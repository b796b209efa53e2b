"""The ink guard: no ink, no text. What is claimed of a page must have room in its ink.

A model asked about an empty page, a stained one or the back of a sheet tends to answer all the same. The guard counts
letters only: whether they are the right ones is the witness's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.claim import Claim
from engine.measure import BLANK_INK
from engine.page import Reading
from engine.result import Finding

# Set by `python -m tests.bench.ink_guard DATA`: whole true texts of printed and handwritten pages take at most 0.9 of
# the room at 1000 px of width, 1.6 at 450 px.
SLACK = 2.5  # letters claimed for each letter there is room for, above which they are not believed
SPARE = 20.0  # letters that specks, a stamp or a page number may excuse
SMALLEST = 400  # px of width below which letters have no shape that could be counted
WRITTEN = 4000.0  # letters on a page full of handwriting; a pencil's strokes are too faint to be counted as ink
IS_WRITTEN = 0.5  # probability of handwriting from which a page without ink may hold a pencil's


def ink_findings(readings: Sequence[Reading], claims: Iterable[Claim]) -> tuple[Finding, ...]:
    """An error for each page of which more text is claimed than there is ink for.

    ``claims`` are those of whoever does not read by the ink alone: a model, or a stranger. Claims of null, of pages
    that nobody read, and of pages measured without the signal ``room`` are left alone.
    """
    by_page: dict[int, list[Claim]] = {}
    for claim in claims:
        if claim.value is not None:
            by_page.setdefault(claim.page, []).append(claim)
    known: Mapping[int, Reading] = {r.page: r for r in readings if not r.failure and "room" in r.signals}
    doubts = [(page, _doubt(known[page], by_page[page])) for page in sorted(by_page) if page in known]
    return tuple(Finding("", "ink", "error", doubt, page) for page, doubt in doubts if doubt is not None)


def _doubt(reading: Reading, claims: Sequence[Claim]) -> str | None:
    letters, room = letters_claimed(claims), letters_possible(reading)
    values = f"{len(claims)} value{'s' * (len(claims) > 1)} ({letters} letters and digits)"
    if is_bare(reading):
        return f"{values} claimed of a page without ink"
    if reading.width < SMALLEST or letters <= SLACK * room + SPARE:
        return None
    return f"{values} claimed of a page that has ink for about {room:.0f}"


def is_bare(reading: Reading) -> bool:
    """Whether nothing is printed or written on a page, as the route ``blank`` means it."""
    written = reading.signals.get("handwriting", 0.0) >= IS_WRITTEN
    return reading.signals.get("ink", 1.0) < BLANK_INK and not reading.words and not written


def letters_claimed(claims: Iterable[Claim]) -> int:
    """Letters and digits of what is quoted as printed, each quotation once: two fields may stand in one place.

    Nothing need be printed for true or false.
    """
    quoted = {c.printed or str(c.value) for c in claims if not isinstance(c.value, bool)}
    return sum(char.isalnum() for text in quoted for char in text)


def letters_possible(reading: Reading) -> float:
    """For how many letters there is ink, or was some for OCR, or there are strokes of a pen or pencil."""
    read = sum(char.isalnum() for word in reading.words for char in word.text)
    written = sum(r.box.width * r.box.height for r in reading.regions if r.kind == "handwriting")
    return max(reading.signals.get("room", 0.0), float(read), WRITTEN * written)
