"""Everything that knows PDFium: page counts, page pixels and the characters of the text layer.

Every call runs in the child of :mod:`engine.isolated`, opens the file anew and closes it: that costs 0.2 to
1.5 ms a call, keeps memory flat (120 scanned pages: 68 MB, against 87 MB and rising with one handle held) and
leaves no state to look after. A document that PDFium cannot open and a page that it cannot draw in time are
given to :mod:`engine.poppler`, which makes its mistakes elsewhere; not a page that is missing from the page
tree, as poppler leaves it out and counts on, so that the next page would be read in its place.

Coordinates come out as fractions of the upright page (CropBox and /Rotate applied), top-left origin.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from pypdfium2 import raw

from engine import isolated, poppler
from engine.config import Config
from engine.errors import BadInput, BadPage
from engine.page import Box, Pixels

# What OCR wants: 300 where nothing is known of the page; a scan at its own resolution within bounds, because
# enlarging adds nothing and letters below 100 or above 400 dpi are rescaled for reading anyway.
DIGITAL_DPI = 300.0
SCAN_DPI = (100.0, 400.0)
# A page smaller than a letter may have more than 400 dpi, as its size is often made up (a photo of 4000
# pixels on a page of 1.7 inches): then it gets as many pixels as a letter page has at 400 dpi.
SMALL_PAGE_PIXELS = 4400
# Below this an ordinary letter has no shape left: the page is refused rather than read wrongly.
LEAST_DPI = 72.0
THUMBNAIL_DPI = 72.0  # enough to see where ink is


@dataclass(frozen=True, slots=True)
class Char:
    """A character of the text layer. ``size`` is its height in points as drawn, ``angle`` its turn in degrees
    clockwise on the upright page. ``mapped`` is False where the font does not say which character it is."""

    text: str
    box: Box
    size: float
    angle: float
    visible: bool
    mapped: bool


@dataclass(frozen=True, slots=True)
class PageText:
    """The text layer of a page with what is needed to judge it.

    ``lines`` are in the order of the page's content; white space is left out, a None stands for it.
    ``images`` are the boxes of the images drawn. ``thumbnail`` is the page in grey.
    """

    lines: tuple[tuple[Char | None, ...], ...]
    images: tuple[Box, ...]
    thumbnail: Pixels


@dataclass(frozen=True, slots=True)
class _Frame:
    """How PDF user space (points, y upwards) maps to the upright page: visible box and /Rotate."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the upright page in points."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A rectangle of user space as a box of the upright page; it may lie outside of 0..1."""
        width, height = self.right - self.left, self.top - self.bottom
        x0, x1 = (left - self.left) / width, (right - self.left) / width
        y0, y1 = (self.top - top) / height, (self.top - bottom) / height
        if self.rotation == 90:
            return Box(1 - y1, x0, 1 - y0, x1)
        if self.rotation == 180:
            return Box(1 - x1, 1 - y1, 1 - x0, 1 - y0)
        if self.rotation == 270:
            return Box(y0, 1 - x1, y1, 1 - x0)
        return Box(x0, y0, x1, y1)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An image as drawn: its pixels, where it stands, its resolution along its own axes, whether upright."""

    image: pdfium.PdfImage
    width: int
    height: int
    box: Box
    dpi: tuple[float, float]
    plain: bool

    @property
    def cover(self) -> float:
        """Share of the page under it."""
        return share_on_page(self.box)


# ------------------------------------------------------------------------------------------- the public part


def page_count(path: Path, password: str | None) -> int:
    """Number of pages. Raises BadInput: encrypted, wrong password, no pages, or no renderer can open it."""
    try:
        pages = isolated.call(_page_count, path, password)
    except isolated.Stalled:
        pages = None
    return poppler.page_count(path, password) if pages is None else pages


def page_pixels(path: Path, page: int, config: Config) -> tuple[Pixels, float | None]:
    """Page ``page`` (from 1) upright as RGB or grey pixels, and its dpi (None where that is made up).

    A page that is one embedded image gives that image itself, any other is drawn, annotations and form values
    too. Raises BadPage: no renderer can draw it, it holds an image above ``max_pixels``, or it is so large
    that it would not fit into ``max_pixels`` at 72 dpi.
    """
    try:
        drawn = isolated.call(_page_pixels, path, page, config)
    except isolated.Stalled:
        drawn = None
    return poppler.page_pixels(path, page, DIGITAL_DPI, config) if drawn is None else drawn


def page_text(path: Path, page: int, password: str | None) -> PageText | None:
    """The text layer of page ``page`` (from 1) with form values; None where PDFium cannot give it.

    Raises BadPage where the page tree has no such page.
    """
    try:
        return isolated.call(_page_text, path, page, password)
    except isolated.Stalled:
        return None


def share_on_page(box: Box) -> float:
    """Share of the page (0..1) under a box that may reach beyond the page's edges."""
    return max(0.0, min(box.x1, 1) - max(box.x0, 0)) * max(0.0, min(box.y1, 1) - max(box.y0, 0))


# ----------------------------------------------------------------------------- in the child: opening, loading


def _page_count(path: Path, password: str | None) -> int | None:
    """None where PDFium cannot open the file for another reason than its password."""
    try:
        with _open(path, password) as document:
            return len(document)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise BadInput(_password_message(path, password)) from error
        return None


def _page_pixels(path: Path, page: int, config: Config) -> tuple[Pixels, float | None] | None:
    try:
        with _open(path, config.password) as document, _loaded(document, page) as loaded:
            return _pixels_of(loaded, f"page {page} of {path}", config)
    except pdfium.PdfiumError:
        return None


def _page_text(path: Path, page: int, password: str | None) -> PageText | None:
    try:
        with _open(path, password) as document, _loaded(document, page, flat=True) as loaded:
            frame = _frame(loaded)
            images = tuple(placed.box for placed in _images(loaded, frame))
            dpi = min(THUMBNAIL_DPI, 72 * 2000 / max(frame.size))
            return PageText(_lines(loaded, frame), images, _draw(loaded, dpi, grey=True))
    except pdfium.PdfiumError:
        return None


@contextmanager
def _open(path: Path, password: str | None) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(path, password=password)
    try:
        document.init_forms()  # before any page, or form values are not drawn
        yield document
    finally:
        document.close()


@contextmanager
def _loaded(document: pdfium.PdfDocument, page: int, flat: bool = False) -> Iterator[pdfium.PdfPage]:
    """One page; ``flat`` merges annotations and form values into its content, so that their text is seen."""
    try:
        loaded = document[page - 1]
    except pdfium.PdfiumError as error:
        raise BadPage(f"page {page} is broken and cannot be read: print the document to a new PDF.") from error
    try:
        if flat and document.formenv and raw.FPDFPage_GetAnnotCount(loaded) > 0:
            loaded.flatten()
            loaded.close()
            loaded = document[page - 1]
        yield loaded
    finally:
        loaded.close()


def _password_message(path: Path, password: str | None) -> str:
    if password is None:
        return f"{path} is encrypted: give its password with --password."
    return f"{path} is encrypted and the password given does not open it: check --password."


def _frame(page: pdfium.PdfPage) -> _Frame:
    """Raises PdfiumError where the page has no area."""
    left, bottom, right, top = page.get_bbox()
    frame = _Frame(left, bottom, right, top, page.get_rotation())
    if not (frame.right - frame.left > 0.1 and frame.top - frame.bottom > 0.1):
        raise pdfium.PdfiumError("The page has no area.")
    return frame


# ---------------------------------------------------------------------------------------------------- pixels


def _pixels_of(loaded: pdfium.PdfPage, name: str, config: Config) -> tuple[Pixels, float | None]:
    frame = _frame(loaded)
    images = _images(loaded, frame)
    for placed in images:
        if placed.width * placed.height > config.max_pixels:
            raise BadPage(
                f"{name} holds an image of {placed.width} x {placed.height} pixels, more than "
                f"the limit of {config.max_pixels:,}: raise max_pixels."
            )
    scans = [placed for placed in images if placed.cover > 0.25]
    bare = _nothing_else_drawn(loaded)
    if bare and len(images) == 1 and scans and _is_whole_page(scans[0]):
        scan = scans[0]
        return _decoded(scan, frame), plausible_dpi(scan.dpi[0], scan.width, scan.height)
    native = max((max(placed.dpi) for placed in scans), default=DIGITAL_DPI)
    dpi = raster_dpi(frame.size, native if bare else max(native, DIGITAL_DPI), config.max_pixels)
    if dpi < LEAST_DPI:
        width, height = (side / 72 for side in frame.size)
        raise BadPage(
            f"{name} is {width:.0f} x {height:.0f} inches, too large to be drawn within "
            f"{config.max_pixels:,} pixels: print it to a smaller page size or raise max_pixels."
        )
    pixels = _draw(loaded, dpi, grey=False)
    return pixels, plausible_dpi(dpi, pixels.shape[1], pixels.shape[0])


def raster_dpi(size: tuple[float, float], native: float, max_pixels: int) -> float:
    """The resolution to draw a page of ``size`` points at, if what is on it has ``native`` dpi."""
    low, high = SCAN_DPI
    dpi = min(max(native, low), max(high, SMALL_PAGE_PIXELS / (max(size) / 72)))
    return min(dpi, 72 * math.sqrt(max_pixels / (size[0] * size[1])) * 0.999)


def plausible_dpi(dpi: float | None, width: int, height: int) -> float | None:
    """``dpi`` where a page of so many pixels can have it, else None.

    A scanner has 50 to 1200 dpi and paper is at most 48 inches long: a photo said to have 72 dpi would be
    4 feet wide, so its number is a default that nobody measured.
    """
    if dpi is None or not 50 <= dpi <= 1200:
        return None
    return dpi if 0.5 <= max(width, height) / dpi <= 48 else None


def _images(page: pdfium.PdfPage, frame: _Frame) -> list[_Placed]:
    """The images drawn on a page, in forms too."""
    placed = []
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        matrix = item.get_matrix()
        container = item.container
        while container is not None:
            matrix = matrix.multiply(container.get_matrix())
            container = container.container
        a, b, c, d, e, f = matrix.get()
        wide, high = math.hypot(a, b), math.hypot(c, d)
        if wide <= 0 or high <= 0:
            continue
        width, height = item.get_px_size()
        xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
        box = frame.box(min(xs), min(ys), max(xs), max(ys))
        plain = item.level == 0 and a > 0 and d > 0 and abs(b) < a * 1e-3 and abs(c) < d * 1e-3
        placed.append(_Placed(item, width, height, box, (width * 72 / wide, height * 72 / high), plain))
    return placed


def _is_whole_page(scan: _Placed) -> bool:
    """Whether an image fills the page, upright, with square pixels and nothing that only drawing would show
    (a soft mask)."""
    across, down = scan.dpi
    box = scan.box
    return (
        scan.plain
        and abs(across / down - 1) < 0.02
        and scan.cover > 0.98
        and min(box.x0, box.y0) > -0.01
        and max(box.x1, box.y1) < 1.01
        and not raw.FPDFPageObj_HasTransparency(scan.image)
    )


def _nothing_else_drawn(page: pdfium.PdfPage) -> bool:
    """Whether a page shows images only: an old OCR layer may lie over them, invisibly."""
    for item in page.get_objects():
        if item.type == raw.FPDF_PAGEOBJ_TEXT:
            if raw.FPDFTextObj_GetTextRenderMode(item) not in _INVISIBLE:
                return False
        elif item.type == raw.FPDF_PAGEOBJ_PATH:
            if _is_drawn(item):
                return False
        elif item.type == raw.FPDF_PAGEOBJ_SHADING:
            return False
    return all(_annotation_kind(page, i) in _UNDRAWN for i in range(raw.FPDFPage_GetAnnotCount(page)))


_INVISIBLE = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
_UNDRAWN = (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP)


def _is_drawn(path: pdfium.PdfObject) -> bool:
    """Whether a path is filled or stroked, not only a clip."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(raw.FPDFPath_GetDrawMode(path, fill, stroke)) and bool(fill.value or stroke.value)


def _annotation_kind(page: pdfium.PdfPage, index: int) -> int:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    kind = int(raw.FPDFAnnot_GetSubtype(annotation))
    raw.FPDFPage_CloseAnnot(annotation)
    return kind


def _decoded(scan: _Placed, frame: _Frame) -> Pixels:
    pixels = _pixels(scan.image.get_bitmap())
    return np.ascontiguousarray(np.rot90(pixels, -frame.rotation // 90))


def _draw(page: pdfium.PdfPage, dpi: float, grey: bool) -> Pixels:
    return _pixels(page.render(scale=dpi / 72, grayscale=grey, limit_image_cache=True))


def _pixels(bitmap: pdfium.PdfBitmap) -> Pixels:
    """A copy of a bitmap as grey or RGB (its own memory is freed with it)."""
    view: Pixels = bitmap.to_numpy()
    if view.ndim == 2:
        return view.copy()
    return np.ascontiguousarray(view[:, :, 2::-1])  # BGR or BGRx


# ------------------------------------------------------------------------------------------------------ text


def _lines(page: pdfium.PdfPage, frame: _Frame) -> tuple[tuple[Char | None, ...], ...]:
    """The characters as PDFium orders them; it puts the ends of lines itself, from the geometry."""
    textpage = page.get_textpage()
    try:
        modes: dict[int, bool] = {}
        lines: list[tuple[Char | None, ...]] = []
        line: list[Char | None] = []
        for index in range(raw.FPDFText_CountChars(textpage)):
            code = raw.FPDFText_GetUnicode(textpage, index)
            if code in (0x0A, 0x0D):
                lines.append(tuple(line))
                line = []
            elif chr(code).isspace():
                line.append(None)
            else:
                line.append(_char(textpage, index, _text(code), frame, modes))
        return (*lines, tuple(line))
    finally:
        textpage.close()


def _char(textpage: pdfium.PdfTextPage, index: int, text: str, frame: _Frame, modes: dict[int, bool]) -> Char | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    box = frame.box(left.value, bottom.value, right.value, top.value)
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(textpage, index, matrix)
    size = raw.FPDFText_GetFontSize(textpage, index) * math.hypot(matrix.c, matrix.d)
    angle = (math.degrees(raw.FPDFText_GetCharAngle(textpage, index)) + frame.rotation) % 360
    return Char(
        text,
        box,
        size,
        angle,
        _is_visible(textpage, index, modes),
        not raw.FPDFText_HasUnicodeMapError(textpage, index),
    )


def _text(code: int) -> str:
    """PDFium marks a hyphen at the end of a line as U+0002; lone surrogates and 0 are no characters."""
    if code == 2:
        return "-"
    return "\ufffd" if code == 0 or 0xD800 <= code < 0xE000 else chr(code)


def _is_visible(textpage: pdfium.PdfTextPage, index: int, modes: dict[int, bool]) -> bool:
    """Whether the character's text object paints anything; ``modes`` remembers objects already asked."""
    item = raw.FPDFText_GetTextObject(textpage, index)
    if not item:
        return True
    key = ctypes.addressof(item.contents)
    if key not in modes:
        modes[key] = raw.FPDFTextObj_GetTextRenderMode(item) not in _INVISIBLE
    return modes[key]
