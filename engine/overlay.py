"""Pages as pictures with the values on them: a box for each, drawn and marked by its verdict, with the field's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw

from engine.as_text import one_line
from engine.config import Config
from engine.doctype import DocumentType
from engine.errors import UsageError
from engine.explain import Colour, font, pixels, targets, text_size
from engine.picture import PAPER, page_picture, rotation_of
from engine.receive import receive
from engine.result import Result
from engine.view.document import label_of, mark_of, row_of
from engine.view.doubts import doubts
from engine.whole_file import whole_file

COLOURS: dict[str, Colour] = {
    "confirmed": (23, 105, 58),
    "contradicted": (178, 31, 45),
    "silent": (133, 83, 0),
    "unchecked": (83, 94, 110),
    "human": (103, 56, 156),
}
"""Those of view/look.css on paper."""
DASHES: dict[str, tuple[int, int]] = {"silent": (9, 5), "unchecked": (2, 4)}  # px drawn, px left out
WIDTHS = {"confirmed": 2, "contradicted": 5, "silent": 3, "unchecked": 2, "human": 3}
MARK, NAME = 18, 14  # px: height of a mark, of a name's print
BAND, INK = (246, 246, 243), (30, 30, 30)


@dataclass(frozen=True, slots=True)
class Name:
    """What stands in the margin for a box (pixels of the picture)."""

    text: str
    box: tuple[int, int, int, int]
    kind: str


def write_overlay(target: Path, result: Result, doctype: DocumentType | None, config: Config) -> None:
    """Draw every page of *result* that was looked at and write it as PNG, each whole or not at all: *target* itself for
    one page, else OUT-1.png, OUT-2.png. Nothing is written where no page was.

    Raises OSError, BadInput, and UsageError where a picture would overwrite the document.
    """
    turns = {p.page: rotation_of(p) for p in result.pages if p.outcome != "skipped"}
    if not turns:
        return
    document = receive(Path(result.path), config)
    places = targets(target, list(turns))
    if any(place.exists() and place.samefile(document.path) for place in places.values()):
        raise UsageError(f"a picture would overwrite {document.path}: name another file")
    for page, rotation in turns.items():
        picture = overlaid(page_picture(document, page, rotation, config), page, result, doctype)
        with whole_file(places[page]) as file:
            picture.save(file, "PNG")


def overlaid(picture: Image.Image, page: int, result: Result, doctype: DocumentType | None) -> Image.Image:
    """*picture* of *page* (upright, RGB) with its values' boxes drawn on it, above a line that explains the marks.

    Names stand in the margins, so that they hide nothing; those of single fields and of doubted cells only, for in a
    table the page itself has them.
    """
    here = {path: field for path, field in result.fields.items() if field.page == page and field.box is not None}
    doubted = {doubt.path for doubt in doubts(result)}
    boxes = {path: pixels(field.box, picture, 4) for path, field in here.items() if field.box is not None}
    veil = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(veil)
    names = []
    for path, field in here.items():
        kind, (x0, y0, _, y1) = mark_of(field), boxes[path]
        _box(draw, boxes[path], kind)
        if kind != "confirmed" or path in doubted:
            veil.alpha_composite(_mark(kind), (max(0, x0 - MARK - 3), max(0, (y0 + y1 - MARK) // 2)))
        if path in doubted or row_of(path) is None:
            names.append(Name(one_line(label_of(path, doctype)), boxes[path], kind))
    drawn = Image.alpha_composite(picture.convert("RGBA"), veil).convert("RGB")
    return _with_legend(_with_names(drawn, names), [mark_of(field) for field in here.values()])


def _box(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], kind: str) -> None:
    """Solid for confirmed, double for contradicted, dashed for silent, dotted for unchecked, thick for a person's."""
    colour, wide = COLOURS[kind], WIDTHS[kind]
    draw.rectangle(box, fill=(*colour, 22))
    if kind in DASHES:
        _dashed(draw, box, (*colour, 255), wide, DASHES[kind])
        return
    draw.rectangle(box, outline=(*colour, 255), width=wide)
    if kind == "contradicted":
        inner = (box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2)
        draw.rectangle(inner, outline=(*PAPER, 255), width=1)


def _dashed(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    colour: tuple[int, int, int, int],
    wide: int,
    dash: tuple[int, int],
) -> None:
    x0, y0, x1, y1 = box
    for (ax, ay), (bx, by) in pairwise([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]):
        length = abs(bx - ax) + abs(by - ay)
        for start in range(0, length, sum(dash)):
            a, b = start / length, min(start + dash[0], length) / length
            ends = [(ax + (bx - ax) * share, ay + (by - ay) * share) for share in (a, b)]
            draw.line(ends, fill=colour, width=wide)


def _with_names(picture: Image.Image, names: Sequence[Name]) -> Image.Image:
    """The picture between two margins with the names, each on the side that its box is nearer to."""
    wide = max((text_size(name.text, NAME)[0] for name in names), default=0) + 30
    sheet = Image.new("RGB", (picture.width + 2 * wide, picture.height), BAND)
    sheet.paste(picture, (wide, 0))
    draw = ImageDraw.Draw(sheet)
    for left in (True, False):
        side = sorted((n for n in names if (n.box[0] + n.box[2] < picture.width) == left), key=lambda n: n.box[3])
        for name, y in zip(side, _spread([n.box[3] - NAME // 2 - 2 for n in side], picture.height), strict=True):
            colour, length = COLOURS[name.kind], text_size(name.text, NAME)[0]
            at = wide - 22 - length if left else sheet.width - wide + 22
            near, edge = (at + length + 4, wide) if left else (at - 4, wide + picture.width)
            draw.line([(near, y + NAME // 2 + 2), (edge, name.box[3])], fill=colour)
            draw.line([(edge, name.box[3]), (name.box[0 if left else 2] + wide, name.box[3])], fill=colour)
            draw.text((at, y), name.text, fill=colour, font=font(NAME))
    return sheet


def _spread(heights: Sequence[int], most: int) -> list[int]:
    """Ascending heights moved down, and from the bottom up again, so that lines of print fit under each other."""
    step, placed = NAME + 5, list[int]()
    for height in heights:
        placed.append(max(height, placed[-1] + step if placed else 0))
    for number in reversed(range(len(placed))):
        placed[number] = min(placed[number], most - step * (len(placed) - number))
    return placed


@cache
def _mark(kind: str) -> Image.Image:
    """The mark of a verdict in the shapes of view/marks.svg, drawn four times as large and shrunk."""
    side = 64
    mark = Image.new("RGBA", (side, side))
    draw, colour = ImageDraw.Draw(mark), (*COLOURS[kind], 255)
    draw.ellipse((0, 0, side - 1, side - 1), fill=(*PAPER, 230))
    if kind == "confirmed":
        draw.ellipse((4, 4, 60, 60), fill=colour)
        draw.line([(18, 33), (28, 43), (46, 22)], fill=PAPER, width=8, joint="curve")
    elif kind == "contradicted":
        draw.polygon([(32, 0), (63, 32), (32, 63), (0, 32)], fill=colour)
        draw.line([(22, 22), (42, 42)], fill=PAPER, width=8)
        draw.line([(42, 22), (22, 42)], fill=PAPER, width=8)
    elif kind == "silent":
        draw.ellipse((8, 8, 56, 56), outline=colour, width=9)
    elif kind == "unchecked":
        for start in range(0, 360, 45):
            draw.arc((8, 8, 56, 56), start, start + 22, fill=colour, width=9)
    else:
        draw.ellipse((19, 4, 45, 30), fill=colour)
        draw.pieslice((6, 34, 58, 92), 180, 360, fill=colour)
    return mark.resize((MARK, MARK), Image.Resampling.LANCZOS)


def _with_legend(picture: Image.Image, kinds: Iterable[str]) -> Image.Image:
    """The picture above a line that names the marks and counts them."""
    counts = list(kinds)
    high = MARK + 18
    sheet = Image.new("RGB", (picture.width, picture.height + high), BAND)
    sheet.paste(picture, (0, 0))
    draw, x, y = ImageDraw.Draw(sheet), 12, picture.height + 9
    for kind in COLOURS:
        text = f"{kind} {counts.count(kind)}"
        sheet.paste(_mark(kind), (x, y), _mark(kind))
        draw.text((x + MARK + 6, y + 1), text, fill=INK, font=font(NAME))
        x += MARK + text_size(text, NAME)[0] + 24
    return sheet
