"""One scan that holds several documents: where each begins, and why. A pure decision on what was read of its pages.

Before each page the evidence for and against a beginning is added up. A wrong cut loses rows and a missed one mixes two
documents, so only sure evidence cuts; weaker evidence is told as a doubt. Sheets that part documents (blank, or with
little but a barcode) belong to no piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rapidfuzz import fuzz

from engine.doctype import DocumentType
from engine.identify import LEAST
from engine.page import Reading
from engine.page_look import PageLook, reading_to_look
from engine.result import Finding

NO_BARCODES: Mapping[int, str] = MappingProxyType({})

# Points and limits are set by `python -m tests.bench.split` on the bundled fixtures, so that no document of theirs is
# cut through; documents of other sources only checked them.
CUT = 1.0  # points from which a document begins
DOUBT = 0.5  # points from which one may begin
NEVER = -5.0  # outweighs all the rest together
SAME_HEAD = 85.0  # rapidfuzz ratio of two heads from which they are one
OWN_HEAD = 50.0  # ratio below which two heads are certainly not one
OTHER = 70.0  # ratio of two identifiers from which one may be the other misread
SURE = 0.9  # confidence of an identifier that speaks for itself
HEAD = 12  # letters of a head that can be compared
LIKELY = 0.5  # of one that says something
TOLD = 3.0  # score of a page whose wording alone tells its type (DESIGN.md has types told from 1.0)
RISE = 2.0  # how many times more than the page before a page says of its type where a document begins
PAPER = 0.06  # difference of height over width, as a share, from which the paper is another (Letter and A4: 0.09)


@dataclass(frozen=True, slots=True)
class Piece:
    """Pages ``first`` to ``last`` of a file are one document; ``reason`` says why it begins there."""

    first: int
    last: int
    reason: str

    @property
    def pages(self) -> str:
        """As ``--pages`` has them."""
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


@dataclass(frozen=True, slots=True)
class Split:
    """``separators`` are pages that belong to no piece; ``doubts`` pages where another document may begin, with why."""

    pieces: tuple[Piece, ...]
    separators: tuple[int, ...] = ()
    doubts: Mapping[int, str] = field(default_factory=dict)


NOTHING = Split(())


@dataclass(frozen=True, slots=True)
class Evidence:
    """``points`` for a document's beginning, below 0 against."""

    points: float
    reason: str


def split(
    readings: Sequence[Reading], doctypes: Sequence[DocumentType], barcodes: Mapping[int, str] = NO_BARCODES
) -> Split:
    """The documents in the pages read. ``barcodes`` has the text of each page that holds little else."""
    return looks_to_split([reading_to_look(reading, doctypes) for reading in readings], barcodes)


def looks_to_split(looks: Sequence[PageLook], barcodes: Mapping[int, str] = NO_BARCODES) -> Split:
    sheets = {look.page for look in looks if look.blank or look.page in barcodes}
    regular = back_sides(looks)
    pieces: list[list[PageLook]] = []
    reasons: list[str] = []
    separators: list[int] = []
    doubts: dict[int, str] = {}
    between: list[PageLook] = []
    for look in looks:
        if look.page in sheets:
            between.append(look)
            continue
        found = [*sheet_evidence(between, barcodes, regular), *(page_evidence(pieces, look) if pieces else ())]
        points = sum(one.points for one in found)
        why = "; ".join(one.reason for one in found if one.points > 0)
        if not pieces or points >= CUT or any(sheet.page in barcodes for sheet in between):
            pieces.append([])
            reasons.append(why or "the file begins")
            separators += [sheet.page for sheet in between]
        elif points >= DOUBT:
            doubts[look.page] = why
        pieces[-1].append(look)
        between = []
    separators += [sheet.page for sheet in between]
    told = zip(pieces, reasons, strict=True)
    return Split(tuple(Piece(p[0].page, p[-1].page, why) for p, why in told), tuple(separators), doubts)


def split_findings(readings: Sequence[Reading], doctypes: Sequence[DocumentType]) -> tuple[Finding, ...]:
    """A warning for each page of one document where another may begin: their values would be taken for one's."""
    if len(readings) < 2:
        return ()
    found = split(readings, doctypes)
    begins = {piece.first: piece.reason for piece in found.pieces[1:]}
    return tuple(
        Finding("", "page", "warning", f"another document may begin on page {page}: {why}", page)
        for page, why in sorted((begins | dict(found.doubts)).items())
    )


def back_sides(looks: Sequence[PageLook]) -> bool:
    """Is every second page blank, the last too, twice or more? So come sheets printed on one side and scanned on both.

    Sheets laid between documents of one page leave the last page printed.
    """
    return len(looks) > 2 and len(looks) % 2 == 0 and all(look.blank for look in looks[1::2])


def sheet_evidence(between: Sequence[PageLook], barcodes: Mapping[int, str], regular: bool) -> Iterator[Evidence]:
    for sheet in between:
        if sheet.page in barcodes:
            yield Evidence(CUT, f"page {sheet.page} is a sheet with the barcode {barcodes[sheet.page]}")
    blank = [sheet for sheet in between if sheet.page not in barcodes]
    if blank:
        yield Evidence(0.4 if regular else CUT, f"page {blank[0].page} is blank")


def page_evidence(pieces: Sequence[Sequence[PageLook]], look: PageLook) -> Iterator[Evidence]:
    """What a page and those of the document before it say. Beside a page that could not be read nothing is guessed."""
    piece = pieces[-1]
    if look.failed or piece[-1].failed:
        yield Evidence(NEVER, "a page that could not be read")
        return
    yield from number_evidence(piece, look)
    yield from identifier_evidence(piece, look)
    yield from wording_evidence(piece, look)
    yield from head_evidence(pieces, look)
    yield from paper_evidence(piece[-1], look)


def number_evidence(piece: Sequence[PageLook], look: PageLook) -> Iterator[Evidence]:
    """Printed page numbers: they go on, begin again, or have come to their end."""
    here, before = look.number, piece[-1].number
    last = next((one.number for one in reversed(piece) if one.number), None)
    ended = before is not None and before.number == before.of
    if here and last and here.of == last.of and here.number > last.number:
        yield Evidence(NEVER if here.of else -CUT, f"{here} goes on")
    elif here and here.number == 1:
        yield Evidence((CUT if here.of else 0.5) + 0.4 * ended, f"{here} is printed on it")
    elif here and last and here.of and last.of:
        yield Evidence(0.6, f"{here} does not follow {last}")
    elif before and ended:
        yield Evidence(0.4, f"{before} was the page before")
    elif before and before.of:
        yield Evidence(-0.6, f"{before} was not the last")


def identifier_evidence(piece: Sequence[PageLook], look: PageLook) -> Iterator[Evidence]:
    """An identifier of the document before stands on the page too, or the page has another in its place."""
    known = [(pointer, one) for page in piece for pointer, one in page.identifiers.items() if one.confidence >= LIKELY]
    carried = {one.key: one for _, one in known if one.key in look.text}
    if carried:
        most = max(carried.values(), key=lambda one: one.critical)
        yield Evidence(-1.0 if most.critical else -0.6, f"{most.printed} stands on it too")
    for pointer, here in look.identifiers.items():
        others = [one for where, one in known if where == pointer]
        if here.confidence < LIKELY or not others or look.type != piece[0].type:
            continue
        if all(fuzz.ratio(here.key, one.key) < OTHER and one.key not in look.text for one in others):
            sure = here.critical and min(here.confidence, max(one.confidence for one in others)) >= SURE
            yield Evidence(1.0 if sure else 0.5, f"it says {here.printed}, the document before {others[0].printed}")


def wording_evidence(piece: Sequence[PageLook], look: PageLook) -> Iterator[Evidence]:
    """The page's wording is that of another type, or of the type's first page."""
    first, before = piece[0], piece[-1]
    if look.type is None or look.score < LEAST:
        return
    if first.type and first.type != look.type and look.scores.get(first.type, 0.0) * RISE <= look.score:
        sure = look.score >= TOLD and first.score >= TOLD
        yield Evidence(1.0 if sure else 0.5, f"its wording says {look.type}, that of the document before {first.type}")
    elif look.score >= TOLD and before.scores.get(look.type, 0.0) * RISE <= look.score:
        yield Evidence(0.6, f"its wording is that of the first page of a document of type {look.type}")
    elif begins_anew(look, before):
        yield Evidence(DOUBT, "it has a head of its own")


def begins_anew(look: PageLook, before: PageLook) -> bool:
    """Could each of the two be a first page? No number says otherwise, both tell a type, and the heads differ."""
    weak = before.score < LEAST or look.score * RISE <= before.score
    numbered = look.number is not None or bool(look.identifiers.keys() & before.identifiers.keys())
    return not weak and not numbered and alike(look, before) < OWN_HEAD


def head_evidence(pieces: Sequence[Sequence[PageLook]], look: PageLook) -> Iterator[Evidence]:
    """The head is that of an earlier first page, and the page before has another."""
    if len(look.head) < HEAD or alike(look, pieces[-1][-1]) >= SAME_HEAD:
        return
    same = next((piece[0] for piece in pieces if alike(look, piece[0]) >= SAME_HEAD), None)
    if same:
        yield Evidence(0.6, f"it begins like page {same.page}")


def paper_evidence(before: PageLook, look: PageLook) -> Iterator[Evidence]:
    if abs(before.shape - look.shape) > PAPER * max(before.shape, look.shape):
        yield Evidence(0.4, "the paper has another shape")
    if before.source != look.source:
        yield Evidence(0.3, "one of them is a scan and the other is not")


def alike(look: PageLook, other: PageLook) -> float:
    """How much two heads are one, 0 to 100."""
    return fuzz.ratio(look.head, other.head)
