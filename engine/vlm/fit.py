"""A page as the images that a model is sent: within every limit of its row, and with letters it can read.

A provider shrinks what is above its limits by itself and says nothing. So a page is shrunk here, and one that is
too fine for that goes in overlapping parts.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import UsageError
from engine.page import PageImage, Pixels, Word
from engine.vlm.image import Image
from engine.vlm.model import Model

if TYPE_CHECKING:
    from PIL import Image as Pillow

LEGIBLE = 10.0
"""px, median height of the words' boxes from which shrinking costs no print.

2026-11-22, `python -m tests.bench.legible DATA --pages 24`: of the numbers that OCR reads on 36 + 36 pages unshrunk it
still reads 0.99 + 0.99 at 10 px, 0.97 + 0.94 at 8, 0.88 + 0.90 at 7, 0.75 + 0.74 at 6. Receipts, the hardest of the
sets, need the 10 (0.99 + 1.00; 0.92 + 0.93 at 8).
"""
LETTERS_A_SIDE = 80  # letters' heights in the shorter side of a page where nobody has seen a letter; a guess
LINE = 2.0  # text lines stand about two heights of a word's box apart
OVERLAP_LINES = 2.5  # of neighbouring bands: a line that the cut halves is whole in one of them
OVERLAP_LETTERS = 10.0  # of tiles side by side, in letters' heights: a word of about twenty letters

_QUALITIES = (85, 75, 65, 55)  # of JPEG and WebP; lower ones only where bytes force them
_STEP = 0.85  # by which a side shrinks where even the lowest quality has too many bytes
_FOR_IMAGES = 0.9  # share of a request that images may take
_SMALLEST = 200  # px, height of a page that is worth cutting in two

WRITTEN = ("image/png", "image/jpeg", "image/webp")
"""The formats that pages are written in."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The images of a page in reading order; ``note`` tells a reader of them what they are, '' for one whole page."""

    images: tuple[Image, ...]
    note: str


@dataclass(frozen=True, slots=True)
class _Grid:
    """How a page is cut: so many rows and columns of parts of one size, in pixels of the page, shrunk by ``scale``."""

    rows: int
    columns: int
    width: int
    height: int
    scale: float

    @property
    def parts(self) -> int:
        return self.rows * self.columns


def word_height(words: Sequence[Word], height: int) -> float | None:
    """The median height of the words' boxes in pixels of a page that is ``height`` high; None without words.

    This is the measure that LEGIBLE is of.
    """
    return median(word.box.height for word in words) * height if words else None


def fit_page(image: PageImage, letter: float | None, model: Model) -> Fitted:
    """The page as images that keep to the model's row: format, bytes, side, pixels, count. Never enlarged, never
    squeezed. ``letter`` is the height of letters in pixels of the page (:func:`word_height`).

    One image where its letters stay LEGIBLE (or as they are, where they are smaller already); else as few
    overlapping bands as do, or tiles where the page is too wide for bands. Where the model takes too few images for
    that, the most legible way that it takes, and the note says so.

    Raises UsageError for a row without a format that can be written.
    """
    if not letter:  # a box without height tells nothing either
        letter = min(image.width, image.height) / LETTERS_A_SIDE
    needed = min(1.0, LEGIBLE / letter)
    grid = _chosen(image, letter, needed, model)
    budget = min(model.image_bytes, int(model.request_bytes * _FOR_IMAGES / grid.parts))
    scale, images = grid.scale, []
    for part in _parts(image.pixels, grid):
        encoded, shown = _encoded(part, grid.scale, budget, model)
        images.append(encoded)
        scale = min(scale, shown)
    return Fitted(tuple(images), _note(grid, letter * scale, scale < needed - 1e-6))


def cut_between_lines(image: PageImage) -> tuple[PageImage, PageImage, float] | None:
    """The page in two, no row of pixels twice, and where it was cut as a fraction of its height.

    The cut is in the middle third, in the middle of the highest stretch with the least ink, so between two lines
    of print where the page is upright. None for a page that is too low to be worth it.
    """
    if image.height < _SMALLEST:
        return None
    first, last = image.height // 3, image.height - image.height // 3
    ink = _ink_by_row(image.pixels)[first:last]
    runs = np.split(np.arange(first, last), np.flatnonzero(np.diff(ink <= ink.min())) + 1)
    emptiest = [run for run in runs if ink[run[0] - first] <= ink.min()]
    middle = image.height / 2
    best = max(emptiest, key=lambda run: (len(run), -abs(float(run.mean()) - middle)))
    cut = int(best[len(best) // 2])
    upper, lower = image.pixels[:cut], image.pixels[cut:]
    return replace(image, pixels=upper), replace(image, pixels=lower), cut / image.height


def _ink_by_row(pixels: Pixels) -> Pixels:
    """Dark pixels of each row, by Otsu's threshold over the page."""
    import cv2

    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(ink.sum(axis=1, dtype=np.int64))


# --------------------------------------------------------------------------------------------- whole or parts


def _chosen(image: PageImage, letter: float, needed: float, model: Model) -> _Grid:
    """The whole page, else the fewest bands, else the fewest tiles, whose letters stay legible; else the best."""
    tried = [_grid(image, letter, rows, columns, model) for rows, columns in _ways(model.images)]
    enough = [grid for grid in tried if grid.scale >= needed]
    if enough:
        return min(enough, key=lambda grid: (grid.columns > 1, grid.parts, grid.columns))
    return max(tried, key=lambda grid: (round(grid.scale, 3), -grid.parts, -grid.columns))


def _ways(images: int) -> Iterator[tuple[int, int]]:
    """Rows and columns of at most that many parts."""
    for columns in range(1, images + 1):
        for rows in range(1, images // columns + 1):
            yield rows, columns


def _grid(image: PageImage, letter: float, rows: int, columns: int, model: Model) -> _Grid:
    height = _with_overlap(image.height, rows, OVERLAP_LINES * LINE * letter)
    width = _with_overlap(image.width, columns, OVERLAP_LETTERS * letter)
    return _Grid(rows, columns, width, height, _scale(width, height, model))


def _with_overlap(length: int, parts: int, overlap: float) -> int:
    """Length of each of so many parts that overlap by that much, rounded up; the last ends where the page does."""
    return min(length, math.ceil((length + (parts - 1) * overlap) / parts))


def _scale(width: int, height: int, model: Model) -> float:
    """The largest scale, 1 at most, at which a picture is within the row's side, pixels and squares."""
    scale = min(1.0, model.side / max(width, height), math.sqrt(model.pixels / (width * height)))
    patch, cap = model.image_tokens.patch, model.image_tokens.cap
    while cap and _squares(width, height, scale, patch) > cap:
        scale *= 0.998  # squares that are only partly filled count too: a few steps and they are gone
    return scale


def _squares(width: int, height: int, scale: float, patch: int) -> int:
    across, down = _size(width, height, scale)
    return math.ceil(across / patch) * math.ceil(down / patch)


def _size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Rounded down, so that a limit that holds for the scale holds for the pixels."""
    return max(1, math.floor(width * scale + 1e-6)), max(1, math.floor(height * scale + 1e-6))


def _parts(pixels: Pixels, grid: _Grid) -> Iterator[Pixels]:
    """The parts in reading order, spread evenly from edge to edge."""
    for y in _starts(pixels.shape[0], grid.height, grid.rows):
        for x in _starts(pixels.shape[1], grid.width, grid.columns):
            yield pixels[y : y + grid.height, x : x + grid.width]


def _starts(length: int, part: int, count: int) -> list[int]:
    return [round(i * (length - part) / max(1, count - 1)) for i in range(count)]


def _note(grid: _Grid, letter: float, illegible: bool) -> str:
    told = ""
    if grid.columns > 1:
        told = (
            f"{grid.parts} overlapping tiles in {grid.rows} row{'s' * (grid.rows > 1)} of {grid.columns}, "
            "left to right, top to bottom"
        )
    elif grid.rows > 1:
        told = f"{grid.rows} overlapping bands, top to bottom"
    if illegible:
        shrunk = f"letters are {math.floor(letter)} pixels high, which may be too small to read"
        return f"{told}; {shrunk}" if told else shrunk
    return told


# --------------------------------------------------------------------------------------------------- encoding


def _encoded(pixels: Pixels, scale: float, budget: int, model: Model) -> tuple[Image, float]:
    """The part as an image of at most ``budget`` bytes of base64, and the scale it took."""
    from PIL import Image as Pillow

    whole = Pillow.fromarray(pixels)
    while True:
        size = _size(whole.width, whole.height, scale)
        picture = whole if size == whole.size else whole.resize(size, Pillow.Resampling.LANCZOS)
        smallest = min(_ways_to_write(picture, budget, model), key=lambda image: len(image.data))
        if len(smallest.data) <= budget or size == (1, 1):
            return smallest, scale
        scale *= _STEP


def _ways_to_write(picture: Pillow.Image, budget: int, model: Model) -> Iterator[Image]:
    """PNG, and JPEG of the first quality that keeps to the budget; WebP where JPEG is not taken."""
    lossy = next((name for name in ("JPEG", "WEBP") if f"image/{name.lower()}" in model.formats), None)
    if "image/png" in model.formats:
        yield _file(picture, "PNG")
    elif lossy is None:
        raise UsageError(
            f"no image can be written for {model.name}: its row of the table of models needs image/png, image/jpeg "
            "or image/webp among its formats"
        )
    for quality in _QUALITIES if lossy else ():
        written = _file(picture, lossy or "", quality=quality)
        if len(written.data) <= budget or quality == _QUALITIES[-1]:
            yield written
            return


def _file(picture: Pillow.Image, format: str, **options: int) -> Image:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return Image(base64.b64encode(file.getvalue()).decode("ascii"), f"image/{format.lower()}")
