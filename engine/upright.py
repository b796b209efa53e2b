"""Which way up a page stands, found from its letters, and the page turned upright.

Two cheap looks:

1. the neighbours of letters: in a line of text a letter's nearest neighbour stands beside it, not above it,
   so their directions tell 0/180 from 90/270 in about 30 ms;
2. a patch of the page, five lines with many letters, read by Tesseract: upside down hardly anything in it is
   a word. Most pages are upright, show it at the first reading, and no other is made.

Where neither is clear (handwriting, a drawing, a nearly empty page) the page is left as it is.

Measured by `make bench-read` (DESIGN.md, "Why not Tesseract's own orientation detection?"): of 133 upright pages none
was turned, of 399 turned ones 391 were found, 8 left and none turned wrongly. 0.2 to 0.45 s of CPU a page.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray
from PIL import Image

from engine.errors import MissingDependency
from engine.page import PageImage, Pixels, Word

os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # four threads cost more CPU for no speed

LOOK = 1600  # longest side in pixels at which letters are looked for
PATCH = (12, 70)  # height and width of the part that is read, in letter heights: 5 lines of 60 letters
# Share of the letters of a patch that stand in words read surely: upright 0.4 to 1, upside down 0 to 0.25.
SURE = 0.35
LETTER = 20.0  # pixels a letter should be high for Tesseract's reading of the strip
TIMEOUT = 5.0  # seconds for a patch, which takes 0.1 to 0.4; a photo of gravel may take longer


@dataclass(frozen=True, slots=True)
class _Letters:
    """Blots of the size of letters: centres (N, 2) as x, y, median of their longer sides; in pixels."""

    centres: NDArray[np.float64]
    size: float


def upright(image: PageImage, lang: str = "eng") -> PageImage:
    """``image`` turned so that its text runs from left to right, with ``rotation`` saying by how much.

    Raises MissingDependency where Tesseract or ``lang`` is not installed.
    """
    return turned(image, find_turn(image.pixels, lang))


def reads_upright(words: Sequence[Word], image: PageImage) -> bool:
    """Whether a page's own reading shows that it stands upright: then no patch need be tried.

    Of the letters read, those in sure level words are 0.55 to 0.9 upright, 0.01 to 0.08 upside down (16 receipts,
    forms and book pages).
    """
    level = [w for w in words if w.box.width * image.width > w.box.height * image.height]
    sure = sum(
        len(w.text) for w in level if w.confidence >= 0.75 and len(w.text) >= 3 and any(map(str.isalnum, w.text))
    )
    return sure >= 30 and sure >= SURE * sum(len(w.text) for w in words)


def turned(image: PageImage, turn: int) -> PageImage:
    """``image`` turned clockwise by ``turn`` degrees (0, 90, 180, 270)."""
    pixels = np.ascontiguousarray(np.rot90(image.pixels, -turn // 90)) if turn else image.pixels
    return replace(image, pixels=pixels, rotation=turn)


def find_turn(pixels: Pixels, lang: str = "eng") -> int:
    """The clockwise turn in degrees (0, 90, 180, 270) that makes a page upright; 0 in doubt."""
    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    letters = _letters(_shrunk(grey))
    beside = _share_beside(letters)
    if beside is None:
        return 0
    sure: dict[int, int] = {}
    for turn in _likely_turns(beside):
        patch = _patch_turned(grey, letters, turn)
        sure[turn], read = _letters_read(patch, lang)
        if sure[turn] >= 30 and sure[turn] >= SURE * read:
            return turn
    best = max(sure, key=lambda turn: sure[turn])
    return best if sure[best] > 2 * sure[0] + 8 else 0


def _likely_turns(beside: float) -> tuple[int, ...]:
    """The turns to try, likeliest first; no turn is always among them, as every other must beat it."""
    if beside >= 0.6:
        return 0, 180
    return (90, 270, 0) if beside <= 0.35 else (0, 180, 90, 270)


def _shrunk(grey: Pixels) -> Pixels:
    scale = LOOK / max(grey.shape)
    if scale >= 1:
        return grey
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _letters(grey: Pixels) -> _Letters:
    """Blots that may be letters, whichever way the page is turned."""
    ink = np.asarray(cv2.blur(grey, (41, 41)).astype(np.int16) - grey > 25, dtype=np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high, area = (
        stats[1:, cv2.CC_STAT_WIDTH],
        stats[1:, cv2.CC_STAT_HEIGHT],
        stats[1:, cv2.CC_STAT_AREA],
    )
    long, short = np.maximum(wide, high), np.minimum(wide, high)
    letter = (long >= 6) & (long <= 80) & (long <= 6 * short) & (area >= 12) & (area < 0.95 * wide * high)
    points, long = np.asarray(centres[1:][letter], dtype=np.float64), long[letter]
    if not len(long):
        return _Letters(points, 0.0)
    size = float(np.median(long))
    return _Letters(points[(long > 0.5 * size) & (long < 2 * size)], size)


def _share_beside(letters: _Letters) -> float | None:
    """Share of letters whose nearest neighbour stands beside rather than above or below them.

    None under 30 letters with a near neighbour. 400 letters, spread over the page, are asked.
    """
    points = letters.centres
    if len(points) < 30:
        return None
    asked = points[:: max(1, len(points) // 400)]
    gaps = np.abs(asked[:, None, :] - points[None, :, :])
    distance = np.hypot(gaps[:, :, 0], gaps[:, :, 1])
    distance[distance < 2] = np.inf  # itself
    nearest = gaps[np.arange(len(asked)), distance.argmin(axis=1)]
    near = distance.min(axis=1) < 3 * letters.size
    plain = nearest.max(axis=1) > 1.7 * nearest.min(axis=1)
    beside = (nearest[:, 0] > nearest[:, 1])[near & plain]
    return float(beside.mean()) if len(beside) >= 30 else None


def _patch_turned(grey: Pixels, letters: _Letters, turn: int) -> Pixels:
    """The patch to read if the page is to be turned by ``turn`` degrees clockwise."""
    if turn in (90, 270):
        height = _shrunk(grey).shape[0]
        centres = np.stack([height - 1 - letters.centres[:, 1], letters.centres[:, 0]], axis=1)
        patch = _patch(np.rot90(grey, -1), _Letters(centres, letters.size))
    else:
        patch = _patch(grey, letters)
    return np.ascontiguousarray(patch[::-1, ::-1]) if turn >= 180 else patch


def _patch(grey: Pixels, letters: _Letters) -> Pixels:
    """The part of the page with the most letters, scaled to the letter height that Tesseract likes."""
    scale = max(1.0, max(grey.shape) / LOOK)
    tall, wide = int(PATCH[0] * letters.size), int(PATCH[1] * letters.size)
    shape = (max(int(grey.shape[0] / scale) + 1, tall), max(int(grey.shape[1] / scale) + 1, wide))
    count = np.zeros(shape, dtype=np.float32)
    np.add.at(count, (letters.centres[:, 1].astype(int), letters.centres[:, 0].astype(int)), 1)
    within = cv2.boxFilter(count, -1, (wide, tall), normalize=False, borderType=cv2.BORDER_CONSTANT)
    _, _, _, (x, y) = cv2.minMaxLoc(within)
    top, left = max(0, int((y - tall / 2) * scale)), max(0, int((x - wide / 2) * scale))
    patch = grey[top : int((y + tall / 2) * scale), left : int((x + wide / 2) * scale)]
    zoom = LETTER / (letters.size * scale)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(patch, None, fx=zoom, fy=zoom, interpolation=way), dtype=np.uint8)


def _letters_read(patch: Pixels, lang: str) -> tuple[int, int]:
    """Letters and digits in the words that Tesseract is sure of (three letters at least), and in all."""
    picture = Image.fromarray(patch)
    picture.format = "PPM"  # pytesseract would pack it as PNG, which costs more than reading it
    try:
        data = pytesseract.image_to_data(
            picture, lang=lang, config="--psm 6", output_type=pytesseract.Output.DICT, timeout=TIMEOUT
        )
    except pytesseract.TesseractNotFoundError as error:
        raise MissingDependency("tesseract is not installed: apt install tesseract-ocr") from error
    except RuntimeError:  # the timeout, or a refusal: the reading that follows tells what is wrong, if anything is
        return 0, 0
    words = list(zip(data["text"], data["conf"], strict=True))
    sure = [t for t, c in words if float(c) >= 75 and len(t) >= 3 and any(x.isalnum() for x in t)]
    return sum(map(len, sure)), sum(len(t) for t, _ in words)
