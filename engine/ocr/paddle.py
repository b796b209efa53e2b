"""PP-OCR behind the seam: finds the lines of a page and reads each.

Another kind of reader than Tesseract, with other faults: stronger on receipts, photos and small print, weaker on
clean books. Latin script only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from engine.ocr.find_lines import Line, cut_out, find_lines
from engine.ocr.networks import runner
from engine.ocr.read_lines import Token, read_line
from engine.ocr.tesseract import letter_height, to_grey
from engine.page import Box, PageImage, Word


@dataclass(frozen=True, slots=True)
class Paddle:
    """The second reader."""

    @property
    def name(self) -> str:
        return f"pp-ocrv6-tiny latin ({runner()})"

    def read(self, image: PageImage) -> tuple[Word, ...]:
        lines = find_lines(image.pixels, letter_height(to_grey(image.pixels)))
        words = []
        for number, row in enumerate(rows(lines)):
            for line in row:
                tokens = read_line(cut_out(image.pixels, line))
                words += [token_to_word(token, line, image, number) for token in tokens]
        return tuple(words)


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines side by side as one row, rows from top to bottom, lines in it from left to right."""
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.y):
        row = next((row for row in reversed(found[-3:]) if _beside(row, line)), None)
        if row is None:
            found.append([line])
        else:
            row.append(line)
    return [sorted(row, key=lambda line: line.x) for row in found]


def _beside(row: Sequence[Line], line: Line) -> bool:
    near = min(row, key=lambda other: abs(other.x - line.x))
    return abs(near.y - line.y) < 0.25 * min(near.height, line.height)


def token_to_word(token: Token, line: Line, image: PageImage, number: int) -> Word:
    if line.height > 1.5 * line.length:  # laid down to be read
        box = Box(line.x - line.length / 2, line.y + (0.5 - token.end) * line.height,
                  line.x + line.length / 2, line.y + (0.5 - token.start) * line.height)  # fmt: skip
    else:
        # np.rot90 turns anticlockwise: text that runs upwards becomes level, its end was at the top
        level, half = radians(line.slope), line.height / 2 / 1.4
        ends = [(share - 0.5) * line.length for share in (token.start, token.end)]
        xs = [line.x + along * cos(level) for along in ends]
        ys = [line.y + along * sin(level) for along in ends]
        box = Box(xs[0], min(ys) - half, xs[1], max(ys) + half)
    return Word(token.text, _fractions(box, image), token.confidence, number, "paddle")


def _fractions(box: Box, image: PageImage) -> Box:
    across, down = image.width, image.height
    return Box(*(min(max(v, 0.0), 1.0) for v in (box.x0 / across, box.y0 / down, box.x1 / across, box.y1 / down)))
