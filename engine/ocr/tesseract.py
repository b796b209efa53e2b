"""Tesseract through pytesseract: one call a page gives words, boxes and confidence together.

What it is told matters more than any filter (DESIGN.md, "Why is a page scaled before OCR?"): letters of the height that
its LSTM was trained on, the true resolution, one thread a page. Narrow slips (receipts) are read as one block
of text, since page layout analysis tears their two columns apart; everything else with layout analysis.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pytesseract
from PIL import Image

from engine.errors import BadPage, MissingDependency
from engine.page import Box, PageImage, Pixels, Word

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # four threads a page cost 2.5 times the CPU for no speed

LETTER_HEIGHT = 22.0  # px, median height of connected components after scaling
LETTER_POINTS = 6.5  # that height in points on ordinary print: gives the dpi where nothing else tells it
LEGIBLE = (
    14.0,
    34.0,
)  # px; letters of these heights are left as they are: scaling costs time and gains nothing
# Height over width from which a page is a slip: above a sheet of US Legal (1.65). 79 of 90 receipts are, and 3 of 50
# book pages; above 1.5 it would be one receipt more and 33 of the books, whose columns and heads one block tears apart.
SLIP = 1.66
ONE_BLOCK, LAYOUT = 6, 3  # Tesseract page segmentation modes


@dataclass(frozen=True, slots=True)
class Tesseract:
    """The default reader. ``lang`` as Tesseract writes it (``eng+deu``); ``timeout`` in seconds a page."""

    lang: str = "eng"
    timeout: float = 60.0

    @property
    def name(self) -> str:
        return f"tesseract {version()} {self.lang}"

    def read(self, image: PageImage) -> tuple[Word, ...]:
        grey = to_grey(image.pixels)
        height = letter_height(grey)
        slip = image.height > SLIP * image.width
        scale = letter_scale(height, slip)
        scaled = resize(grey, scale)
        mode = ONE_BLOCK if slip else LAYOUT
        dpi = round((image.dpi or (height or 14.0) * 72 / LETTER_POINTS) * scale)
        return rows_to_words(self._run(scaled, f"--psm {mode} --dpi {min(max(dpi, 70), 2400)}", image.page))

    def _run(self, pixels: Pixels, options: str, page: int) -> dict[str, list[Any]]:
        require(self.lang)
        picture = Image.fromarray(pixels)
        picture.format = "PPM"  # what pytesseract writes for Tesseract to read: PNG would cost more than OCR
        try:
            return dict(
                pytesseract.image_to_data(
                    picture,
                    lang=self.lang,
                    config=options,
                    timeout=self.timeout,
                    output_type=pytesseract.Output.DICT,
                ),
                size=[pixels.shape[1], pixels.shape[0]],
            )
        except pytesseract.TesseractError as error:
            raise BadPage(f"page {page}: Tesseract gave up: {error.message.strip()[:200]}") from error
        except RuntimeError as error:
            raise BadPage(
                f"page {page}: Tesseract took longer than {self.timeout:g} s: raise ocr_timeout or lower the resolution"
            ) from error


def rows_to_words(rows: dict[str, list[Any]]) -> tuple[Word, ...]:
    """Tesseract's table to words; blocks, paragraphs and lines become one line number in reading order."""
    width, height = rows["size"]
    lines: dict[tuple[int, int, int], int] = {}
    words = []
    for i, text in enumerate(rows["text"]):
        if not text.strip():
            continue
        key = (rows["block_num"][i], rows["par_num"][i], rows["line_num"][i])
        x, y, w, h = (rows[k][i] for k in ("left", "top", "width", "height"))
        box = Box(x / width, y / height, (x + w) / width, (y + h) / height)
        confidence = min(max(float(rows["conf"][i]) / 100, 0.0), 1.0)
        words.append(Word(text.strip(), box, confidence, lines.setdefault(key, len(lines))))
    return tuple(words)


def to_grey(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def letter_height(grey: Pixels) -> float | None:
    """Median height in px of what looks like letters; None on a page with too few of them to tell."""
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    letters = (height >= 5) & (height < grey.shape[0] * 0.05) & (width >= 2) & (width < height * 3) & (area > 8)
    if letters.sum() <= 20:
        return None
    return float(np.median(height[letters]))


def letter_scale(height: float | None, slip: bool) -> float:
    """By how much to scale a page whose letters are ``height`` px high; thermal print gains from it always."""
    if height is None or (not slip and LEGIBLE[0] <= height <= LEGIBLE[1]):
        return 1.0
    return min(max(LETTER_HEIGHT / height, 0.4), 3.0)


def resize(grey: Pixels, scale: float) -> Pixels:
    if abs(scale - 1) < 0.05:
        return grey
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how), dtype=np.uint8)


@lru_cache(maxsize=1)
def version() -> str:
    """The version of the installed Tesseract; raises MissingDependency with the line that installs it."""
    if shutil.which(pytesseract.pytesseract.tesseract_cmd) is None:
        raise MissingDependency("Tesseract is not installed: run `apt install tesseract-ocr`")
    return str(pytesseract.get_tesseract_version())


@lru_cache(maxsize=8)
def require(lang: str) -> None:
    """Raise MissingDependency unless Tesseract and every language of ``lang`` are installed."""
    version()
    missing = set(lang.split("+")) - set(pytesseract.get_languages())
    if missing:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-').lower()}" for name in sorted(missing))
        raise MissingDependency(
            f"Tesseract language {', '.join(sorted(missing))} is not installed: run `apt install {packages}`"
        )
