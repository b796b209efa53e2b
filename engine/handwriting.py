"""Handwriting on a page: where it is, and how likely the page holds more of it than signatures and marks.

A small convolutional net looks at the ink alone: the page is brought to one size, its paper is divided out and its
strokes are stretched to full contrast, so neither the colour nor the age of the paper says anything. The net gives
each cell of 8 x 8 px the probability that the ink in it was written by hand; cells that touch make regions; and a
logistic of the regions' number and size gives the page's probability. Model and weights come from
``tests/bench/handwriting.py``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.ink import percentile, to_grey
from engine.page import Box, PageImage, Pixels, Region

AREA = 1_200_000  # px of the working image: an A4 page at 115 dpi, where strokes of a pen are still 1.5 px wide
LARGEST_SCALE = 2.0  # a thumbnail is not blown up beyond this
CELL = 8  # px of the working image to one probability: the net's stride
INK = 0.35  # of full stroke contrast; what is fainter is paper
LEAST_INK = 400  # cells of ink that a page is taken to have: one signature on an empty sheet is not all of a page
Plane = NDArray[np.float32]

# One net for all threads, one page at a time: it keeps the 33 MB that a page takes in it, and OpenCV gives a page all
# cores, so pages that wait for one another lose little.
_turn = Lock()


@dataclass(frozen=True, slots=True)
class InkMap:
    """``written`` is the probability per cell that its ink was written by hand, ``ink`` its number of ink pixels."""

    written: Plane
    ink: Plane


@dataclass(frozen=True, slots=True)
class Patch:
    """Touching cells of handwriting, a word or more: box in cells (half-open), how many cells are all but certain,
    and the mean probability of its cells."""

    x0: int
    y0: int
    x1: int
    y1: int
    sure: int
    mean: float


def handwriting(image: PageImage) -> tuple[float, tuple[Region, ...]]:
    """Probability that the page holds handwriting beyond signatures and marks, and the handwritten regions.

    Signatures and marks are regions too: their ink is as unreadable to OCR as other handwriting.
    """
    found = ink_map(to_grey(image.pixels))
    patches = find_patches(found)
    page = page_probability(page_amounts(found, patches)) if patches else 0.0
    return page, patches_to_regions(patches, found.ink.shape)


def page_probability(amounts: dict[str, float]) -> float:
    """That of a page whose patches come to these amounts, by the weights fitted on pages."""
    weights = shipped_weights()
    x = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in amounts.items())
    return 1 / (1 + math.exp(-max(min(x, 30.0), -30.0)))


# ---------------------------------------------------------------------------------------------------- the ink


def strokes(grey: Pixels) -> Plane:
    """The page at working size as ink: 0 is paper, 1 the darkest stroke of the neighbourhood; rules are taken out.

    Both the paper and the contrast are measured locally, so a pencil note beside bold print counts as ink too.
    """
    height, width = grey.shape
    scale = min(math.sqrt(AREA / max(height * width, 1)), LARGEST_SCALE)
    size = (max(CELL * 4, round(width * scale / CELL) * CELL), max(CELL * 4, round(height * scale / CELL) * CELL))
    page = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    few = (size[0] // CELL, size[1] // CELL)
    paper = cv2.dilate(cv2.resize(page, few, interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(cv2.medianBlur(paper, 5), (5, 5), 0), size, interpolation=cv2.INTER_LINEAR)
    depth = np.asarray(cv2.subtract(paper, page), dtype=np.uint8)
    deepest = cv2.dilate(depth, np.ones((CELL, CELL), np.uint8))[CELL // 2 :: CELL, CELL // 2 :: CELL]
    deepest = cv2.blur(cv2.dilate(deepest, np.ones((7, 7), np.uint8)), (7, 7)).astype(np.float32)
    floor = max(16.0, 0.25 * percentile(depth, 99.5))  # else the grain of empty paper would become ink
    deepest = cv2.resize(np.maximum(deepest, floor), size, interpolation=cv2.INTER_LINEAR)
    ink = np.asarray(np.divide(depth, deepest, out=deepest, dtype=np.float32), dtype=np.float32)
    return without_rules(np.minimum(ink, 1, out=ink))


def without_rules(ink: Plane) -> Plane:
    """``ink`` itself, long straight lines removed: a pen's line and a printed one look alike, neither is writing."""
    dark = (ink > INK).view(np.uint8)
    long = max(50, ink.shape[1] // 16)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((long, 1), np.uint8))
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((13, 13), np.uint8))  # rims, photographs, blots
    rules = cv2.dilate(cv2.bitwise_or(cv2.bitwise_or(across, down), thick), np.ones((3, 3), np.uint8))
    ink[rules.view(np.bool_)] = 0
    return ink


def cells_of(ink: Plane) -> Plane:
    """Ink pixels in each cell."""
    dark = (ink > INK).astype(np.float32)
    small = cv2.resize(dark, (ink.shape[1] // CELL, ink.shape[0] // CELL), interpolation=cv2.INTER_AREA)
    return np.asarray(small * CELL * CELL, dtype=np.float32)


def ink_map(grey: Pixels) -> InkMap:
    ink = strokes(grey)
    with _turn:
        net = shipped_net()
        net.setInput(folded(ink))
        logits = np.array(net.forward(), dtype=np.float32)[0, 0]
    return InkMap(np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32), cells_of(ink))


def folded(ink: Plane) -> Plane:
    """Each square of 2 x 2 px as 4 values of one, (1, 4, H / 2, W / 2): what the net's first layer takes.

    OpenCV sets aside eight values a pixel for one: unfolded that layer takes three times as long.
    """
    return np.stack([ink[y::2, x::2] for y in (0, 1) for x in (0, 1)])[None]


# ------------------------------------------------------------------------------------------------- the regions

SEEN = 3.0  # px of ink from which a cell counts: less is a speck
LIKELY, SURE = 0.5, 0.8  # of a cell; counting cells at 0.8 told 5-10 lines from none best (0.983; at 0.95 0.961)
RIM = 0.02  # of each side: shadows, torn edges and the next page, not writing
LEAST = 3  # sure cells of a patch: smaller is a stroke of print or a smudge


def find_patches(found: InkMap) -> list[Patch]:
    """Handwritten cells joined over gaps between letters and words; the largest first."""
    likely = ((found.written > LIKELY) & inner_ink(found)).astype(np.uint8)
    joined = cv2.morphologyEx(np.pad(likely, 8), cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))[8:-8, 8:-8]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    part, written = labels[likely > 0], found.written[likely > 0]
    number = np.bincount(part, minlength=count)
    sure = np.bincount(part[written > SURE], minlength=count)
    mass = np.bincount(part, weights=written, minlength=count)
    patches = []
    for i in range(1, count):
        if sure[i] >= LEAST:
            x, y, width, height = (int(v) for v in stats[i, :4])
            patches.append(Patch(x, y, x + width, y + height, int(sure[i]), float(mass[i] / number[i])))
    return sorted(patches, key=lambda p: -p.sure)


def inner_ink(found: InkMap) -> NDArray[np.bool_]:
    """Cells with ink, the rim of the page left out."""
    seen = found.ink >= SEEN
    down, across = (max(2, round(RIM * side)) for side in seen.shape)
    seen[:down], seen[-down:], seen[:, :across], seen[:, -across:] = False, False, False, False
    return seen


def page_amounts(found: InkMap, patches: list[Patch]) -> dict[str, float]:
    """How much handwriting there is, alone and of all ink, and how much is left without its largest patch, which
    may be a signature."""
    seen = inner_ink(found)
    ink = max(int(np.count_nonzero(seen)), LEAST_INK)
    sure = [patch.sure for patch in patches]
    return {
        "sure": math.log1p(sum(sure)),
        "after_first": math.log1p(sum(sure[1:])),
        "share": sum(sure) / ink,
    }


def patches_to_regions(patches: list[Patch], shape: tuple[int, ...]) -> tuple[Region, ...]:
    height, width = shape[0], shape[1]
    return tuple(
        Region("handwriting", Box(p.x0 / width, p.y0 / height, p.x1 / width, p.y1 / height), round(p.mean, 4))
        for p in patches
    )


@lru_cache(maxsize=1)
def shipped_net() -> cv2.dnn.Net:
    model = resources.files("engine").joinpath("handwriting.onnx").read_bytes()
    return cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))


@lru_cache(maxsize=1)
def shipped_weights() -> dict[str, float]:
    return dict(json.loads(resources.files("engine").joinpath("handwriting.json").read_text("utf-8")))
