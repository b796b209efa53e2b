"""What OCR reads in a box that a person drew: each line of it, cut out, enlarged and read by itself.

The way of the look before an accusation (:mod:`engine.witness.crop`): where a reader failed on the whole page, it may
read the line alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.config import Config
from engine.ocr.find_lines import Line, find_lines
from engine.ocr.paddle import rows
from engine.ocr.tesseract import letter_height, to_grey
from engine.page import Box, PageImage, Reading
from engine.prepare import prepare
from engine.receive import Document
from engine.upright import turned
from engine.witness.crop import CropLook, Texts

AROUND = 0.02  # of the page's longer side: paper around the box in which the lines are looked for


def read_box(
    document: Document, page: int, rotation: int, box: Box, config: Config, *, figures: bool
) -> tuple[str, ...]:
    """The ways in which the engines read the box, each whole, the likeliest first; none where they see no print.

    ``rotation`` is the page's, as its reading had it; ``figures`` whether numbers alone are meant. Raises BadPage.
    """
    image = turned(prepare(document, page, config), rotation)
    look = CropLook(document, (Reading(page, rotation=rotation),), config)
    return ways([look(page, line, figures) for line in lines_in(image, box) or [box]])


def lines_in(image: PageImage, box: Box) -> list[Box]:
    """The lines of print whose middle lies in the box, from top to bottom, each as wide as the box was drawn."""
    air = AROUND * max(image.width, image.height)
    left, top = max(0, int(box.x0 * image.width - air)), max(0, int(box.y0 * image.height - air))
    right, bottom = int(box.x1 * image.width + air), int(box.y1 * image.height + air)
    part = image.pixels[top:bottom, left:right]
    if min(part.shape[:2]) < 2:
        return []
    found = find_lines(part, letter_height(to_grey(image.pixels)))
    heights = [_up_and_down(row, top, image) for row in rows(found) if _reaches_in(row, left, box, image)]
    return [Box(box.x0, y0, box.x1, y1) for y0, y1 in heights if box.y0 <= (y0 + y1) / 2 <= box.y1]


def ways(read: Sequence[Texts]) -> tuple[str, ...]:
    """The texts of lines joined: an engine's first of each line, its second, and so on; what most ways read first."""
    engines = dict.fromkeys(engine for line in read for engine in line)
    most = max((len(texts) for line in read for texts in line.values()), default=0)
    whole = Counter(
        " ".join(texts[min(way, len(texts) - 1)] for line in read if (texts := line.get(engine)))
        for engine in engines
        for way in range(most)
    )
    return tuple(text for text, _ in whole.most_common() if any(map(str.isalnum, text)))


def _up_and_down(row: Sequence[Line], top: int, image: PageImage) -> tuple[float, float]:
    """Where a row of lines begins and ends (page fractions)."""
    y0, y1 = min(line.y - line.height / 2 for line in row), max(line.y + line.height / 2 for line in row)
    return max(0.0, (y0 + top) / image.height), min(1.0, (y1 + top) / image.height)


def _reaches_in(row: Sequence[Line], left: int, box: Box, image: PageImage) -> bool:
    x0, x1 = min(line.x - line.length / 2 for line in row), max(line.x + line.length / 2 for line in row)
    return (x0 + left) / image.width < box.x1 and (x1 + left) / image.width > box.x0
