"""The searchable PDF: the document's own pages with what OCR read laid over them, invisibly.

A PDF keeps its pages, links and form values; a page whose own text layer was trusted is left as it is. A page that
was read by OCR is shown upright from then on, and loses an older invisible layer, so that no word is found twice.
Images become pages.
"""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Operator, Pdf
from PIL import Image

from engine.config import Config
from engine.errors import BadInput, BadPage, UsageError
from engine.page import PageImage, Reading, Word
from engine.prepare import prepare
from engine.receive import Document
from engine.upright import turned
from engine.whole_file import whole_file

ADVANCE = 0.5  # width of a character of the font in its sizes
QUALITY = 90  # of a JPEG page: nothing can be seen, at a third of what lossless takes
LONGEST = 11.0  # inches of a page whose resolution nothing tells
PAPER = (0.0, 0.0, 612.0, 792.0)  # points; what readers take for a page without a size
INVISIBLE = 3  # text render mode
LARGEST = 8 << 20  # bytes of a content stream that is searched for an older layer: drawings have more, scans far less


def write_searchable(target: Path, document: Document, readings: Sequence[Reading], config: Config) -> None:
    """Write the PDF to *target*, whole or not at all; every page of the document is in it.

    Pages that are not among *readings*, or failed, have no new text. An encrypted PDF stays so, with its password.
    Raises UsageError where *target* is the document, BadInput where the PDF is too broken to be written anew, OSError.
    """
    if target.exists() and target.samefile(document.path):
        raise UsageError(f"{target} is the document itself: name another file")
    with _pages(document, readings, config) as pdf, whole_file(target) as file:
        pdf.save(file, encryption=pdf.is_encrypted, deterministic_id=not pdf.is_encrypted)


@contextmanager
def _pages(document: Document, readings: Sequence[Reading], config: Config) -> Iterator[Pdf]:
    try:
        with _opened(document) if document.kind == "pdf" else _images(document, readings, config) as pdf:
            font = None
            for reading in readings:
                if reading.source == "ocr" and reading.words and reading.page <= len(pdf.pages):
                    font = font or _font(pdf)
                    turn = reading.rotation if document.kind == "pdf" else 0  # an image was turned already
                    _add_layer(pdf, pdf.pages[reading.page - 1], reading.words, turn, font)
            yield pdf
    except (pikepdf.PdfError, pikepdf.DataDecodingError) as error:
        raise BadInput(f"{document.path} cannot be written as a searchable PDF ({error}): print it anew.") from error


def _opened(document: Document) -> Pdf:
    return pikepdf.open(document.path, password=document.password or "")


# ----------------------------------------------------------------------------------------------- the text layer


def _add_layer(pdf: Pdf, page: pikepdf.Page, words: Sequence[Word], turn: int, font: pikepdf.Object) -> None:
    """Before the page's own content, not behind it: there nothing has moved or scaled the page yet."""
    box = _visible(page)
    page.rotate(turn, relative=True)  # a page laid upside down on the glass is shown as it was read
    without_invisible(pdf, page.obj)
    name = page.add_resource(font, Name.Font, prefix="Read")
    page.contents_add(layer(words, box, int(page.rotation) % 360, str(name)), prepend=True)


def _visible(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """The part of the page that is shown, in user space: left, bottom, right, top."""
    media = _sides(page.mediabox) or PAPER
    crop = _sides(page.cropbox) or media
    box = (max(crop[0], media[0]), max(crop[1], media[1]), min(crop[2], media[2]), min(crop[3], media[3]))
    return box if box[0] < box[2] and box[1] < box[3] else media


def _sides(box: pikepdf.Object) -> tuple[float, float, float, float] | None:
    try:
        x0, y0, x1, y1 = (float(side) for side in box)
    except (TypeError, ValueError):
        return None
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def layer(words: Sequence[Word], box: tuple[float, float, float, float], rotation: int, font: str) -> bytes:
    """A content stream that writes *words* at their boxes. *rotation* is the clockwise turn from user space to the
    upright page that the boxes are fractions of, *box* what of user space is shown."""
    left, bottom, right, top = box
    wide, high = (right - left, top - bottom) if rotation in (0, 180) else (top - bottom, right - left)
    turn = {
        0: (1, 0, 0, 1, left, bottom),
        90: (0, 1, -1, 0, right, bottom),
        180: (-1, 0, 0, -1, right, top),
        270: (0, -1, 1, 0, left, top),
    }[rotation]
    out = ["q", f"{_numbers(*turn)} cm", "BT", f"{INVISIBLE} Tr"]
    lines: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word)
    for line in lines.values():
        for word, after in zip(line, [*line[1:], None], strict=True):
            code = _code(word.text)
            if not code:
                continue
            size, length = max(word.box.height * high, 0.1), max(word.box.width * wide, 0.1)
            per_character = 100 / (ADVANCE * size)  # per cent of stretch for a width of one point
            x, y = word.box.x0 * wide, (1 - word.box.y1) * high
            out.append(f"{font} {_numbers(size)} Tf 1 0 0 1 {_numbers(x, y)} Tm")
            out.append(f"{_numbers(per_character * length / (len(code) // 4))} Tz <{code}> Tj")
            gap = (after.box.x0 - word.box.x1) * wide if after else 0.0
            if gap > 0:
                out.append(f"{_numbers(per_character * gap)} Tz <0020> Tj")
    return "\n".join([*out, "ET", "Q", ""]).encode("ascii")


def _code(text: str) -> str:
    """Hexadecimal UTF-16, as the font is addressed: four digits a character. Control characters are left out."""
    shown = "".join(
        char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) not in ("Cc", "Cs")
    )
    return shown.encode("utf-16-be").hex().upper()


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in values)


def _font(pdf: Pdf) -> pikepdf.Object:
    """Tesseract's font without shapes (glyphless.ttf, Apache 2.0): one empty glyph that stands for every character.

    A character's code is its UTF-16, so that any script can be searched and copied; nothing of it is ever drawn.
    """
    file = pdf.make_stream(files("engine").joinpath("glyphless.ttf").read_bytes())
    codes = pdf.make_stream(UNICODE)
    glyphs = pdf.make_stream(b"\x00\x01" * 65536)
    about = Dictionary(
        Type=Name.FontDescriptor, FontName=Name.GlyphLessFont, FontFile2=file, Flags=5, ItalicAngle=0, StemV=80,
        Ascent=1000, CapHeight=1000, Descent=-1, FontBBox=Array([0, 0, 500, 1000]),
    )  # fmt: skip
    below = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.GlyphLessFont, CIDToGIDMap=glyphs,
        DW=int(1000 * ADVANCE), CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(about),
    )  # fmt: skip
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font, Subtype=Name.Type0, BaseFont=Name.GlyphLessFont, Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(below)]), ToUnicode=codes,
        )
    )  # fmt: skip


UNICODE = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identify-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
1 beginbfrange
<0000> <FFFF> <0000>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


# --------------------------------------------------------------------------------------------- an older layer


def without_invisible(pdf: Pdf, page: pikepdf.Object) -> None:
    """Take invisible text out of a page and of the forms it draws, however deep. What cannot be parsed stays."""
    seen: set[tuple[int, int]] = set()
    waiting = [page]
    while waiting:
        drawn = waiting.pop()
        if drawn.objgen in seen:
            continue
        seen.add(drawn.objgen)
        waiting += _forms(drawn)
        try:
            _take_out(pdf, drawn)
        except (pikepdf.PdfError, pikepdf.DataDecodingError, TypeError, ValueError):
            continue


def _forms(drawn: pikepdf.Object) -> list[pikepdf.Object]:
    resources = drawn.get("/Resources")
    inside = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    found = list(inside.values()) if isinstance(inside, Dictionary) else []
    return [form for form in found if isinstance(form, pikepdf.Stream) and form.get("/Subtype") == Name.Form]


def _take_out(pdf: Pdf, drawn: pikepdf.Object) -> None:
    content = _content(drawn)
    if b"Tr" not in content or len(content) > LARGEST:
        return
    steps = list(pikepdf.parse_content_stream(drawn if isinstance(drawn, pikepdf.Stream) else pikepdf.Page(drawn)))
    left = [step for step in map(_Mode().kept, steps) if step is not None]
    if left == steps:
        return
    text = pikepdf.unparse_content_stream(left)
    if isinstance(drawn, pikepdf.Stream):
        drawn.write(text)
    else:
        drawn.Contents = pdf.make_stream(text)


def _content(drawn: pikepdf.Object) -> bytes:
    if isinstance(drawn, pikepdf.Stream):
        return drawn.read_bytes()
    parts = drawn.get("/Contents", Array())
    streams = [parts] if isinstance(parts, pikepdf.Stream) else list(parts)
    return b"\n".join(part.read_bytes() for part in streams if isinstance(part, pikepdf.Stream))


Step = pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage


class _Mode:
    """The text render mode as a content stream is gone through."""

    def __init__(self) -> None:
        self.mode, self.outer = 0, list[int]()

    def kept(self, step: Step) -> Step | None:
        """*step*, or None where it only writes invisible text."""
        operator = str(step.operator)
        if operator == "q":
            self.outer.append(self.mode)
        elif operator == "Q" and self.outer:
            self.mode = self.outer.pop()
        elif operator == "Tr" and step.operands:
            self.mode = int(step.operands[0])
        elif self.mode == INVISIBLE and operator in ("Tj", "TJ"):
            return None
        elif self.mode == INVISIBLE and operator in ("'", '"'):  # these begin a line too
            return pikepdf.ContentStreamInstruction([], Operator("T*"))
        return step


# ------------------------------------------------------------------------------------------------------ images


@contextmanager
def _images(document: Document, readings: Sequence[Reading], config: Config) -> Iterator[Pdf]:
    """A PDF of the pages of an image file, upright; a page that cannot be decoded is an empty one."""
    turns = {reading.page: reading.rotation for reading in readings}
    with Pdf.new() as pdf:
        for page in range(1, document.page_count + 1):
            try:
                image = turned(prepare(document, page, config), turns.get(page, 0))
            except BadPage:
                pdf.add_blank_page()
                continue
            with pikepdf.open(io.BytesIO(_page_of(image))) as single:
                pdf.pages.extend(single.pages)
        yield pdf


def _page_of(image: PageImage) -> bytes:
    """A PDF of one page: fax compression for black and white, JPEG for all else."""
    picture = Image.fromarray(image.pixels)
    out, dpi = io.BytesIO(), image.dpi or max(picture.size) / LONGEST
    if image.pixels.ndim == 2 and bool(np.isin(image.pixels, (0, 255)).all()):
        picture.convert("1", dither=Image.Dither.NONE).save(out, "PDF", resolution=dpi)
    else:
        picture.save(out, "PDF", resolution=dpi, quality=QUALITY)
    return out.getvalue()
