"""Pages as pictures with what was measured on them: words by confidence, regions, and the route with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.config import Config
from engine.errors import UsageError
from engine.page import Box, Reading, Region, Word
from engine.picture import NARROWEST, PAPER, page_picture
from engine.receive import Document
from engine.route import PageRoute
from engine.whole_file import whole_file

Colour = tuple[int, int, int]

EDGE, LETTER = 24, 19  # px: margin of the band, height of its print
BAND, INK, FAINT, FRAME = (246, 246, 243), (30, 30, 30), (110, 110, 110), (190, 190, 185)
SURE, DOUBTFUL, UNSURE = (34, 139, 60), (222, 140, 0), (206, 32, 41)
DIGITAL: Colour = (0, 128, 128)
REGIONS: dict[str, Colour] = {"handwriting": (176, 38, 190), "table": (20, 110, 215)}
OTHER: Colour = (90, 90, 90)
ROUTES: dict[str, Colour] = {"vlm": (176, 38, 190), "ocr": (34, 139, 60), "text_layer": DIGITAL}


def targets(target: Path, pages: Sequence[int]) -> dict[int, Path]:
    """The picture of each page: *target* itself for one page, else OUT-1.png, OUT-2.png by page number."""
    if len(pages) == 1:
        return {pages[0]: target}
    return {page: target.with_name(f"{target.stem}-{page}{target.suffix}") for page in pages}


def write_explained(target: Path, document: Document, pages: Sequence[PageRoute], config: Config) -> None:
    """Draw every page and write it as PNG, each whole or not at all.

    Raises OSError, and UsageError where a picture would overwrite the document.
    """
    places = targets(target, [page.reading.page for page in pages])
    if any(place.exists() and place.samefile(document.path) for place in places.values()):
        raise UsageError(f"a picture would overwrite {document.path}: name another file")
    for page in pages:
        picture = explained(page_picture(document, page.reading.page, page.reading.rotation, config), page)
        with whole_file(places[page.reading.page]) as file:
            picture.save(file, "PNG")


def explained(page: Image.Image, about: PageRoute) -> Image.Image:
    """*page* (upright, RGB) with boxes drawn on it, above a band that tells the decision."""
    drawn = _with_regions(_with_words(page, about.reading), about.reading.regions)
    width = max(page.width, NARROWEST)
    band = _band(width, about)
    sheet = Image.new("RGB", (width, page.height + band.height), BAND)
    sheet.paste(drawn, ((width - page.width) // 2, 0))
    sheet.paste(band, (0, page.height))
    return sheet


# ----------------------------------------------------------------------------------------------- on the page


def word_colour(word: Word, source: str) -> Colour:
    """By confidence; blue where the text comes from the file and nothing was guessed."""
    if source == "text_layer":
        return DIGITAL
    return SURE if word.confidence >= 0.85 else DOUBTFUL if word.confidence >= 0.6 else UNSURE


def _with_words(page: Image.Image, reading: Reading) -> Image.Image:
    veil = Image.new("RGBA", page.size)
    draw = ImageDraw.Draw(veil)
    for word in reading.words:
        colour = word_colour(word, reading.source)
        draw.rectangle(pixels(word.box, page, 1), fill=(*colour, 34), outline=(*colour, 210))
    return Image.alpha_composite(page.convert("RGBA"), veil).convert("RGB")


def _with_regions(page: Image.Image, regions: Sequence[Region]) -> Image.Image:
    """Tints first, then frames, then labels: no region hides another's name."""
    veil = Image.new("RGBA", page.size)
    draw = ImageDraw.Draw(veil)
    boxes = [(pixels(region.box, page, 4), REGIONS.get(region.kind, OTHER), region) for region in regions]
    for box, colour, _ in sorted(boxes, key=lambda item: -_area(item[0])):
        draw.rectangle(box, fill=(*colour, 40), outline=(*colour, 255), width=3)
    taken: list[tuple[int, int, int, int]] = []
    for box, colour, region in boxes:
        text = f"{region.kind} {region.score:.2f}"
        place = _free_place(box, text_size(text, 17), page.size, taken)
        taken.append(place)
        draw.rectangle(place, fill=(*colour, 235))
        draw.text((place[0] + 5, place[1] + 2), text, fill=(255, 255, 255, 255), font=font(17))
    return Image.alpha_composite(page.convert("RGBA"), veil).convert("RGB")


def _free_place(
    box: tuple[int, int, int, int], text: tuple[int, int], page: tuple[int, int], taken: Sequence[tuple[int, ...]]
) -> tuple[int, int, int, int]:
    """Where a label goes: above its box, else below, else within, where no other label stands."""
    wide, high = text[0] + 10, text[1] + 6
    x = max(0, min(box[0], page[0] - wide))
    choices = [(x, y, x + wide, y + high) for y in (box[1] - high, box[3], box[1]) if 0 <= y <= page[1] - high]
    choices.append((x, max(0, min(box[1], page[1] - high)), x + wide, min(page[1], box[1] + high)))
    return next((place for place in choices if not any(_meet(place, other) for other in taken)), choices[0])


def _meet(a: Sequence[int], b: Sequence[int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _area(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def pixels(box: Box, page: Image.Image, air: int) -> tuple[int, int, int, int]:
    x0, x1 = sorted(round(x * page.width) for x in (box.x0, box.x1))
    y0, y1 = sorted(round(y * page.height) for y in (box.y0, box.y1))
    return max(x0 - air, 0), max(y0 - air, 0), min(x1 + air, page.width - 1), min(y1 + air, page.height - 1)


# -------------------------------------------------------------------------------------------------- the band


def _band(width: int, about: PageRoute) -> Image.Image:
    """Route and reason, the signals as bars, and what the colours mean."""
    reading, decision = about.reading, about.decision
    chip = decision.route.replace("_", " ").upper()
    indent = EDGE + text_size(chip, LETTER)[0] + 34
    lines = _wrapped(f"Page {reading.page}: {decision.reason}", width - indent - EDGE)
    columns = max(1, (width - 2 * EDGE) // 300)
    signals = sorted(reading.signals.items())
    rows = -(-len(signals) // columns)
    step = LETTER + 9
    top = EDGE + step * len(lines) + 12
    bottom = top + step * rows + 12
    band = Image.new("RGB", (width, bottom + step + EDGE), BAND)
    draw = ImageDraw.Draw(band)
    draw.line((0, 0, width, 0), fill=FRAME, width=2)
    colour = ROUTES.get(decision.route, OTHER)
    draw.rounded_rectangle((EDGE, EDGE - 5, indent - 14, EDGE + LETTER + 5), 6, fill=colour)
    draw.text((EDGE + 10, EDGE - 1), chip, fill=PAPER, font=font(LETTER))
    for number, line in enumerate(lines):
        draw.text((indent, EDGE - 1 + step * number), line, fill=INK, font=font(LETTER))
    across = (width - 2 * EDGE) // columns
    for number, (name, value) in enumerate(signals):
        x, y = EDGE + across * (number // max(rows, 1)), top + step * (number % max(rows, 1))
        _bar(draw, x, y, name, value)
    _legend(draw, EDGE, bottom, about)
    return band


def _bar(draw: ImageDraw.ImageDraw, x: int, y: int, name: str, value: float) -> None:
    draw.text((x, y), name.replace("_", " "), fill=FAINT, font=font(16))
    left, wide = x + 140, 80
    if name == "words" or value > 1:  # a count
        draw.text((left, y), f"{value:.0f}", fill=INK, font=font(16))
        return
    draw.rectangle((left, y + 4, left + wide, y + 15), outline=FRAME, fill=PAPER)
    if filled := round(wide * max(value, 0.0)):
        draw.rectangle((left, y + 4, left + filled, y + 15), fill=REGIONS.get(name, OTHER))
    draw.text((left + wide + 8, y), f"{value:.2f}" if value >= 0.1 else f"{value:.3f}", fill=INK, font=font(16))


def _legend(draw: ImageDraw.ImageDraw, x: int, y: int, about: PageRoute) -> None:
    words: list[tuple[Colour, str]] = [
        (SURE, "word, confidence 0.85 and more"), (DOUBTFUL, "0.60 to 0.85"), (UNSURE, "below 0.60"),
    ]  # fmt: skip
    if about.reading.source == "text_layer":
        words = [(DIGITAL, "word of the text layer")]
    kinds = dict.fromkeys(region.kind for region in about.reading.regions)
    for colour, text in [*words, *((REGIONS.get(kind, OTHER), kind) for kind in kinds)]:
        draw.rectangle((x, y + 3, x + 14, y + 17), fill=colour)
        draw.text((x + 21, y), text, fill=FAINT, font=font(16))
        x += 21 + text_size(text, 16)[0] + 26


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_size(longer, LETTER)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, so that pictures look the same everywhere."""
    return ImageFont.load_default(size)


def text_size(text: str, size: int) -> tuple[int, int]:
    left, _, right, _ = font(size).getbbox(text)
    return round(right - left), size
