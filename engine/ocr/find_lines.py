"""Where the lines of text stand on a page: PP-OCR's detector, and its map turned into boxes with OpenCV.

The page is shown to the detector with letters of one height: small enough to be cheap, large enough to be seen.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.ocr.networks import Tensor, network
from engine.page import Pixels

LETTER = 11.0  # px, height of a letter as the detector sees it
AREA = 1.2e6  # px as the detector sees a page at most: what it holds at once grows with it
STEP = 32  # sides are whole multiples of it: the detector halves five times
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the pictures it was trained on, blue first
INK, SURE = 0.2, 0.4  # PP-OCRv6's own: share from which a pixel is text, mean from which a box is
GROW = 1.4  # PP-OCRv6's own: the map shows the core of a line, its box is larger by this times area over outline
SMALLEST = 3  # px, on the detector's map
LEVEL = 1.0  # degrees up to which a line is cut out unturned


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on the page: centre, length along the text and height in pixels, and slope in degrees."""

    x: float
    y: float
    length: float
    height: float
    slope: float
    score: float


@lru_cache(maxsize=1)
def _one_at_a_time() -> ThreadPoolExecutor:
    """The one thread that runs the detector.

    A page takes up to 300 MB here, and each thread keeps what it ever took. Pages wait for one another for the sake of
    that memory alone: this is a third of the second reader's time, the first reader's and the rest run side by side.
    """
    return ThreadPoolExecutor(1, "find-lines")


if hasattr(os, "register_at_fork"):  # a forked child has the executor but not its thread: it would wait forever
    os.register_at_fork(after_in_child=_one_at_a_time.cache_clear)


def find_lines(pixels: Pixels, letter: float | None) -> list[Line]:
    """The lines on a page, unordered. ``letter`` is the height of its letters in pixels, None where unknown."""
    high, wide = pixels.shape[:2]
    scale = min(LETTER / letter if letter else 1.0, math.sqrt(AREA / (high * wide)), 3.0)
    shape = tuple(max(STEP, round(side * scale / STEP) * STEP) for side in (high, wide))
    share = _one_at_a_time().submit(lambda: network("detect")(_tensor(pixels, shape[0], shape[1]))[0, 0]).result()
    return map_to_lines(share, wide / shape[1], high / shape[0])


def _tensor(pixels: Pixels, high: int, wide: int) -> Tensor:
    how = cv2.INTER_AREA if high < pixels.shape[0] else cv2.INTER_LINEAR
    small = cv2.resize(pixels, (wide, high), interpolation=how)
    planes = np.empty((1, 3, high, wide), np.float32)
    for i, (mean, spread) in enumerate(zip(MEAN, SPREAD, strict=True)):
        plane = small if small.ndim == 2 else small[:, :, 2 - i]
        np.multiply(plane, 1 / (255 * spread), out=planes[0, i], dtype=np.float32)
        planes[0, i] -= mean / spread
    return planes


def map_to_lines(share: NDArray[np.float32], across: float, down: float) -> list[Line]:
    """Lines from the detector's map; ``across`` and ``down`` are page pixels to a pixel of the map."""
    outlines, _ = cv2.findContours(np.asarray(share > INK, dtype=np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        (x, y), (w, h), angle = cv2.minAreaRect(outline)
        if min(w, h) < SMALLEST:
            continue
        score = _mean_inside(share, np.asarray(outline, dtype=np.int32))
        if score < SURE:
            continue
        more = (w * h) * GROW / (2 * (w + h)) * 2
        w, h = w + more, h + more
        if abs(angle) > 45:  # the side nearer to the horizontal is the length; OpenCV's versions differ in it
            w, h, angle = h, w, angle - 90 if angle > 0 else angle + 90
        found.append(Line((x + 0.5) * across, (y + 0.5) * down, w * across, h * down, angle, score))
    return found


def _mean_inside(share: NDArray[np.float32], outline: NDArray[np.int32]) -> float:
    x, y, w, h = cv2.boundingRect(outline)
    mask = np.zeros((h, w), np.uint8)
    cv2.drawContours(mask, [outline - (x, y)], -1, 1, cv2.FILLED)
    return float(cv2.mean(share[y : y + h, x : x + w], mask)[0])


def cut_out(pixels: Pixels, line: Line) -> Pixels:
    """The pixels of a line, level, text from left to right; a line that stands upright is laid down (top leftmost)."""
    if line.height > 1.5 * line.length:
        return np.ascontiguousarray(np.rot90(_level(pixels, line)))
    return _level(pixels, line)


def _level(pixels: Pixels, line: Line) -> Pixels:
    size = (max(1, round(line.length)), max(1, round(line.height)))
    if abs(line.slope) <= LEVEL:
        x, y = max(0, round(line.x - line.length / 2)), max(0, round(line.y - line.height / 2))
        part = pixels[y : y + size[1], x : x + size[0]]
        if part.size:
            return part
    turn = cv2.getRotationMatrix2D((line.x, line.y), line.slope, 1.0)
    turn[0, 2] += size[0] / 2 - line.x
    turn[1, 2] += size[1] / 2 - line.y
    return np.asarray(
        cv2.warpAffine(pixels, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
