"""What flows: boxes, words, page images and page readings. All frozen; nothing here reads a file.

Geometry is in fractions of the upright page, top-left origin, so it survives any rescaling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Source = Literal["ocr", "text_layer"]
Reader = Literal["tesseract", "paddle", "text_layer"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright page (0..1), top-left origin."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def cx(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def cy(self) -> float:
        return (self.y0 + self.y1) / 2

    def union(self, other: Box) -> Box:
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def as_list(self) -> list[float]:
        return [round(v, 5) for v in (self.x0, self.y0, self.x1, self.y1)]


@dataclass(frozen=True, slots=True)
class Word:
    """One word as a reader saw it. ``confidence`` is 0..1; ``line`` numbers lines from 0 in reading order.

    ``other`` is what another reader saw in the same place: empty where it looked and saw nothing, None where no other
    looked. ``agreed`` says whether both saw the same, marks of no matter aside; None where no other looked.
    """

    text: str
    box: Box
    confidence: float
    line: int
    reader: Reader = "tesseract"
    other: str | None = None
    agreed: bool | None = None


@dataclass(frozen=True, slots=True)
class PageImage:
    """An upright page as pixels: grey (H, W) or RGB (H, W, 3), uint8.

    ``dpi`` is the true resolution, None where nothing tells it. ``rotation`` is the clockwise turn in degrees
    that made the page upright (0, 90, 180, 270), page rotation and EXIF not counted.
    """

    page: int
    pixels: Pixels
    dpi: float | None
    rotation: int = 0

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page that was recognised as something, with its probability."""

    kind: str
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One page as words, with its signals: what is left of a page when its pixels are gone.

    ``failure`` is None, or the sentence that says why the page could not be read (then there are no words).
    ``width`` and ``height`` are pixels of the upright page image; ``seconds`` is what reading it took.
    """

    page: int
    width: int = 0
    height: int = 0
    dpi: float | None = None
    rotation: int = 0
    source: Source = "ocr"
    words: tuple[Word, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()
    seconds: float = 0.0
    failure: str | None = None
    note: str | None = None
