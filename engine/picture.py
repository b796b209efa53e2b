"""A page as people look at it: upright, in colour, at the size of a screen; and what stands in a box of it."""

from __future__ import annotations

from PIL import Image

from engine.config import Config
from engine.errors import BadPage
from engine.page import Box
from engine.prepare import prepare
from engine.receive import Document
from engine.result import PageResult
from engine.upright import turned

LONGEST = 1500  # px of the page's longer side: letters of a full page can just be read
NARROWEST = 900  # px of an empty sheet
PAPER = (255, 255, 255)


def page_picture(
    document: Document, page: int, rotation: int, config: Config, *, longest: int = LONGEST
) -> Image.Image:
    """Page *page* (from 1) in RGB, turned by *rotation* as its reading was; an empty sheet where it cannot be decoded.

    The longer side has *longest* pixels.
    """
    try:
        picture = Image.fromarray(turned(prepare(document, page, config), rotation).pixels)
    except BadPage:
        return Image.new("RGB", (NARROWEST, 300), PAPER)
    scale = longest / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def rotation_of(page: PageResult) -> int:
    """The clockwise turn (degrees) that made a page upright, as its result tells it among the signals."""
    return round(page.signals.get("rotation", 0.0))


def crop(page: Image.Image, box: Box, *, air: float = 0.0) -> Image.Image:
    """What stands in *box* of a page's picture, with *air* around it as a share of the box's height."""
    room = air * box.height * page.height
    left, top = max(0, round(box.x0 * page.width - room)), max(0, round(box.y0 * page.height - room))
    right, bottom = round(box.x1 * page.width + room), round(box.y1 * page.height + room)
    return page.crop((left, top, min(page.width, max(right, left + 1)), min(page.height, max(bottom, top + 1))))
