"""What a page shows of where it stands in its document: its number, its head, its type's wording, its identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.doctype import DocumentType
from engine.identify import identify, type_score
from engine.label.claims import is_single, plausible_ranking, readings_to_sheet
from engine.label.lines import Line, reading_to_lines
from engine.label.rank import shipped_model
from engine.page import Reading
from engine.route import decide_route
from engine.values.identifiers import key_of

TOP = 3  # lines that make a page's head
MARGIN = 0.15  # of the page's height at either end, where its number stands
FEWEST = 4  # letters and digits of an identifier that no other document has by chance
NUMBERED = re.compile(
    r"\b(?:page|pg|seite|pagina|página)\W{0,3}(\d{1,4})\s*(?:of|/|von|de|di|van|sur)\s*(\d{1,4})\b", re.I
)
BARE = re.compile(r"(?<![\d/.,-])\b(\d{1,3})\s*of\s*(\d{1,3})\b(?![/.,-]\d)", re.I)
SINGLE = re.compile(
    r"(?:^|(?<!see)(?<!on)(?<!to)(?<!next)(?<!from)\s)\W{0,2}page\W{0,3}(\d{1,3})\b(?!\s*(?:of|/))", re.I
)
YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Number:
    """A page's printed number, ``of`` so many (None where that is not printed)."""

    number: int
    of: int | None = None

    def __str__(self) -> str:
        return f"page {self.number}" + (f" of {self.of}" if self.of else "")


@dataclass(frozen=True, slots=True)
class Identified:
    """An identifier at its label: ``key`` is its letters and digits, ``confidence`` 0..1."""

    printed: str
    key: str
    confidence: float
    critical: bool


@dataclass(frozen=True, slots=True)
class PageLook:
    """``type`` is the one its wording tells (None where it tells none) and ``score`` how much; ``scores`` are those of
    all types. ``identifiers`` are by pointer; ``text`` is letters and digits, a line a word; ``shape`` is height over
    width."""

    page: int
    blank: bool = False
    failed: bool = False
    number: Number | None = None
    type: str | None = None
    score: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    identifiers: Mapping[str, Identified] = field(default_factory=dict)
    head: str = ""
    text: str = ""
    words: int = 0
    shape: float = 0.0
    source: str = "ocr"


def reading_to_look(reading: Reading, doctypes: Sequence[DocumentType]) -> PageLook:
    if reading.failure:
        return PageLook(reading.page, failed=True)
    if decide_route(reading).cause == "blank":
        return PageLook(reading.page, blank=True)
    alone = replace(reading, page=1)  # each page is asked as if a document began with it
    lines = reading_to_lines(alone)
    scores = {doctype.name: type_score(lines, doctype) for doctype in doctypes}
    name = doctypes[0].name if len(doctypes) == 1 else identify([alone], doctypes).type
    doctype = next((one for one in doctypes if one.name == name), None)
    return PageLook(
        reading.page,
        number=printed_number(lines),
        type=name,
        score=scores.get(name or "", 0.0),
        scores=scores,
        identifiers=page_identifiers(alone, doctype) if doctype else {},
        head=head(lines),
        text=" ".join(key_of(line.text) for line in lines),
        words=len(reading.words),
        shape=reading.height / reading.width if reading.width else 0.0,
        source=reading.source,
    )


def printed_number(lines: Sequence[Line]) -> Number | None:
    """``Page 1 of 3`` wherever it stands; ``1 of 3`` and ``Page 1`` only where pages are numbered."""
    ends = [line for line in lines if line.box.cy < MARGIN or line.box.cy > 1 - MARGIN]
    for pattern, where in ((NUMBERED, lines), (BARE, ends), (SINGLE, ends)):
        for line in where:
            found = pattern.search(line.text)
            if found is None:
                continue
            number, of = int(found[1]), int(found[2]) if pattern is not SINGLE else None
            if number >= 1 and (of is None or number <= of):
                return Number(number, of)
    return None


def head(lines: Sequence[Line]) -> str:
    """The letters of a page's first lines that hold words: digits change from page to page."""
    worded = [text for line in lines if len(text := re.sub(r"[^a-z]+", " ", line.text.casefold()).strip()) >= 4]
    return " ".join(worded[:TOP])


def page_identifiers(reading: Reading, doctype: DocumentType) -> dict[str, Identified]:
    """What stands at the labels of the type's identifiers on this page, years and short numbers left out."""
    sheet = readings_to_sheet([reading], doctype)
    found: dict[str, Identified] = {}
    for leaf in doctype.leaves:
        if leaf.kind != "identifier" or not is_single(leaf):
            continue
        best = next((one for one in plausible_ranking(sheet, leaf, shipped_model()) if one.labelled), None)
        key = key_of(best.candidate.printed) if best else ""
        if best and len(key) >= FEWEST and not YEAR.fullmatch(key):
            found[leaf.pointer] = Identified(best.candidate.printed, key, best.confidence, leaf.critical)
    return found
