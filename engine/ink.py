"""Ink and rules of a page as masks, and their connected pieces."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.page import Pixels

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PageInk:
    """The dark strokes of a page: all of them, its rules across and down, and ``strokes``, what is left without rules,
    with its ``pieces`` as :func:`components` counts them."""

    all: Pixels
    across: Pixels
    down: Pixels
    strokes: Pixels
    pieces: Counts


def page_ink(grey: Pixels) -> PageInk:
    ink = grey_to_ink(grey)
    across, down = ink_to_rules(ink)
    strokes = np.asarray(cv2.subtract(ink, swollen(either(across, down))), dtype=np.uint8)
    return PageInk(ink, across, down, strokes, components(strokes)[1])


def to_grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def grey_to_ink(grey: Pixels) -> Pixels:
    """Dark strokes as 255: darker than their surroundings by a margin, so that shadows and stains stay out."""
    side = max(31, (grey.shape[1] // 25) | 1)
    ink = cv2.adaptiveThreshold(
        cv2.GaussianBlur(grey, (3, 3), 0), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, side, 18
    )
    edge = max(2, grey.shape[1] // 100)  # scanners leave black rims
    ink[:edge], ink[-edge:], ink[:, :edge], ink[:, -edge:] = 0, 0, 0, 0
    return np.asarray(ink, dtype=np.uint8)


def dark_on_light(grey: Pixels) -> Pixels:
    """White lettering on dark fields turned dark on white, as the heads of tables often are.

    Gives ``grey`` itself back where there are none, so that its ink need not be found again.
    """
    around = cv2.blur(grey, (31, 31))
    least = 0.55 * percentile(np.ascontiguousarray(grey[::4, ::4]), 75)
    dark = np.asarray(cv2.inRange(around, np.array([0]), np.array([int(least)])), dtype=np.uint8)
    if not cv2.countNonZero(dark):
        return grey
    return np.asarray(cv2.bitwise_xor(grey, dark), dtype=np.uint8)  # 255 - grey where it is dark


def ink_to_rules(ink: Pixels) -> tuple[Pixels, Pixels]:
    """Horizontal and vertical printed lines, each as a mask."""
    length = max(25, ink.shape[1] // 18)
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return np.asarray(across, dtype=np.uint8), np.asarray(down, dtype=np.uint8)


def either(across: Pixels, down: Pixels) -> Pixels:
    return np.asarray(cv2.bitwise_or(across, down), dtype=np.uint8)


def swollen(mask: Pixels) -> Pixels:
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def halved(mask: Pixels) -> Pixels:
    """Half the size, every piece kept: rules need no more, and all that is done with them costs a quarter."""
    small = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return ((small > 0) * 255).astype(np.uint8)


def components(mask: Pixels, corners: bool = True) -> tuple[Counts, Counts]:
    """Labels (0 for the background) and x, y, width, height, area of every connected piece, label 1 first.

    ``corners``: pixels that touch at a corner belong together. 16-bit labels take a third of the time of 32-bit
    ones; a page of noise has too many pieces for them.
    """
    ways = 8 if corners else 4
    try:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=ways, ltype=cv2.CV_16U)
    except cv2.error:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=ways, ltype=cv2.CV_32S)
    return np.asarray(labels), np.asarray(stats[1:], dtype=np.int32)


def typical_height(pieces: Counts, size: tuple[int, int]) -> float:
    """Height of letters in px from the pieces of the ink of a page of ``size`` (height, width); 0 with too few."""
    width, height, area = pieces[:, 2], pieces[:, 3], pieces[:, 4]
    likely = (height >= 3) & (height < size[0] / 20) & (width < size[1] / 3) & (area >= 5)
    return float(np.percentile(height[likely], 60)) if likely.sum() >= 10 else 0.0


def percentile(grey: Pixels, share: float) -> float:
    """What ``np.percentile`` gives, from the counts of the 256 values: a tenth of its time."""
    below = np.cumsum(cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(np.int64))
    rank = share / 100 * (grey.size - 1)
    low, high = (int(np.searchsorted(below, int(r), side="right")) for r in (rank, min(rank + 1, grey.size - 1)))
    return low + (high - low) * (rank - int(rank))
