"""A place cut out of its page, enlarged and read again by each engine for itself: the look before an accusation.

On a whole page a reader scales, segments and guesses lines; a line by itself, at the height of letters that it likes,
it may read otherwise. What one engine reads in several ways is still one witness.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import pytesseract
from PIL import Image

from engine.config import BOTH_READ, Config
from engine.errors import BadPage
from engine.ocr.read_lines import read_line
from engine.ocr.tesseract import require, rows_to_words, to_grey
from engine.page import Box, PageImage, Pixels, Reader, Reading
from engine.prepare import prepare
from engine.receive import Document
from engine.upright import turned

log = logging.getLogger(__name__)

LETTER = 32.0  # px, height of a word's box after enlarging: print of 10 points at 300 dpi, as Tesseract's LSTM learnt
LARGEST = 6.0  # times that a place is enlarged at most
BESIDE, ABOVE = 1.0, 0.3  # heights of a word shown beside the place, and above and below it: no other line
PAPER = 16  # px of blank paper around the crop: Tesseract loses letters that touch the edge
ONE_LINE = 1.8  # heights of a word from which a place is more than one line
INSIDE = (
    0.6  # share of a word that must lie in the place: what else the margin shows, or what is glued to it, is not meant
)
KEPT = 2  # page images held at a time
FIGURES = "0123456789.,-/()"

Texts = Mapping[Reader, tuple[str, ...]]
"""What each engine reads in a place, once for each way it was asked; one that reads nothing there has no texts."""

Crops = Callable[[int, Box, bool], Texts]
"""Page (from 1), place and whether it prints figures alone, to what is read there; nothing where nobody can look."""


class Crop(NamedTuple):
    """Enlarged pixels of a place; ``start`` and ``end`` say where in their width (0..1) the place itself lies."""

    pixels: Pixels
    start: float
    end: float


class CropLook:
    """The places of one document, cut out on demand. Holds KEPT page images, so ask page by page; not for threads.

    Pages of a text layer are not looked at: what a program wrote is no ink.
    """

    def __init__(self, document: Document, readings: Sequence[Reading], config: Config) -> None:
        self._document, self._config = document, config
        self._readings = {r.page: r for r in readings if r.source == "ocr" and not r.failure}
        self._drawn: dict[int, PageImage | None] = {}

    def __call__(self, page: int, box: Box, figures: bool) -> Texts:
        """What stands in a place of one line as Tesseract and PP-OCR read it cut out; nothing for several lines."""
        height = self._letter(page, box)
        crop = self.cut(page, box) if box.height <= ONE_LINE * height else None
        if crop is None:
            return {}
        ways = ("", f"-c tessedit_char_whitelist={FIGURES}") if figures else ("",)
        found: dict[Reader, tuple[str, ...]] = {
            "tesseract": tuple(filter(None, (self._by_tesseract(crop, way) for way in ways)))
        }
        if not set(self._config.lang.split("+")) - BOTH_READ:
            found["paddle"] = tuple(filter(None, (by_paddle(crop),)))
        return found

    def cut(self, page: int, box: Box) -> Crop | None:
        """A place with a little paper around it, enlarged; None on a page that cannot be drawn or is no picture."""
        image = self._page(page)
        return cut_out(image, box, self._letter(page, box)) if image else None

    def _letter(self, page: int, box: Box) -> float:
        """The usual height of the words in a place (page fraction)."""
        words = self._readings[page].words if page in self._readings else ()
        inside = [w.box.height for w in words if box.x0 <= w.box.cx <= box.x1 and box.y0 <= w.box.cy <= box.y1]
        return median(inside) if inside else box.height

    def _page(self, page: int) -> PageImage | None:
        if page not in self._drawn:
            if len(self._drawn) == KEPT:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[page] = self._draw(page)
        return self._drawn[page]

    def _draw(self, page: int) -> PageImage | None:
        reading = self._readings.get(page)
        if reading is None:
            return None
        try:
            return turned(prepare(self._document, page, self._config), reading.rotation)
        except BadPage as error:
            log.warning("page %d cannot be looked at closer: %s", page, error)
            return None

    def _by_tesseract(self, crop: Crop, way: str) -> str:
        require(self._config.lang)
        grey = to_grey(crop.pixels)
        paper = int(np.median(np.concatenate((grey[0], grey[-1]))))
        framed = cv2.copyMakeBorder(grey, PAPER, PAPER, PAPER, PAPER, cv2.BORDER_CONSTANT, value=paper)
        picture = Image.fromarray(framed)
        picture.format = "PPM"
        try:
            rows = pytesseract.image_to_data(
                picture,
                lang=self._config.lang,
                config=f"--psm 7 --dpi 300 {way}",
                timeout=self._config.ocr_timeout,
                output_type=pytesseract.Output.DICT,
            )
        except (pytesseract.TesseractError, RuntimeError) as error:
            log.warning("Tesseract gave up on a place: %s", str(error)[:200])
            return ""
        high, wide = framed.shape[:2]
        words = rows_to_words({**rows, "size": [wide, high]})
        inner = wide - 2 * PAPER
        spans = [(w.text, (w.box.x0 * wide - PAPER) / inner, (w.box.x1 * wide - PAPER) / inner) for w in words]
        return meant(spans, crop)


def by_paddle(crop: Crop) -> str:
    return meant([(token.text, token.start, token.end) for token in read_line(crop.pixels)], crop)


def meant(spans: Sequence[tuple[str, float, float]], crop: Crop) -> str:
    """The words (text, start, end) that stand in the place itself and not in the margin beside it."""
    kept = []
    for text, start, end in spans:
        if min(end, crop.end) - max(start, crop.start) >= INSIDE * (end - start):
            kept.append(text)
    return " ".join(kept)


def cut_out(image: PageImage, box: Box, letter: float) -> Crop | None:
    """The place with its margins; ``letter`` is the height of its words (page fraction). None for a place without
    pixels."""
    height = letter * image.height
    x0, x1 = box.x0 * image.width, box.x1 * image.width
    left, right = max(int(x0 - BESIDE * height), 0), min(round(x1 + BESIDE * height), image.width)
    top = max(int(box.y0 * image.height - ABOVE * height), 0)
    bottom = min(round(box.y1 * image.height + ABOVE * height), image.height)
    if height < 1 or right - left < 2 or bottom - top < 2:
        return None
    scale = min(LETTER / height, LARGEST)
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    pixels = cv2.resize(image.pixels[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=how)
    wide = right - left
    return Crop(np.asarray(pixels, dtype=np.uint8), (x0 - left) / wide, (x1 - left) / wide)
