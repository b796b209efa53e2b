"""Pages made of real ones: handwritten lines cut out by their boxes and laid into print, worn copies, swapped paper.

Nothing here reads a label that the data does not state: what was pasted is known, and so is the mask of its ink.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.config import Config
from engine.page import Pixels
from engine.prepare import prepare
from engine.receive import receive

LARGEST = 2_400_000  # px; larger sources are shrunk, as the signals look at 1.2 million
MISLABELLED = {"htr_tapuscorpus_typed_010"}  # a title page written by hand in a set of typescripts
MARKED = frozenset(
    {"003", "022", "042", "108", "116", "118", "187", "214", "216", "232", "241", "253", "257", "473", "484", "500"}
)  # receipts of every second one that carry a note, a tick or a circle, seen by eye
KNOWN, UNKNOWN = 255, 128  # of a mask: written by hand; written perhaps
Random = np.random.Generator
XYWH = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A page to cut from: grey pixels and the boxes of its lines (handwritten ones of a handwritten page)."""

    set: str
    id: str
    check: bool
    grey: Pixels = field(repr=False)
    lines: tuple[XYWH, ...] = ()
    signatures: tuple[XYWH, ...] = ()
    printed: tuple[XYWH, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A page made for measuring: ``mask`` is KNOWN, UNKNOWN or 0 for its ink written by hand."""

    kind: str
    grey: Pixels = field(repr=False)
    mask: Pixels = field(repr=False)
    source: str


# ------------------------------------------------------------------------------------------------ the sources


def half(key: str) -> bool:
    """Does this document, book or writer belong to the check half?"""
    return zlib.crc32(key.encode()) % 2 == 1


def handwritten(data: Path) -> list[Source]:
    """Stanford letters tune, Hooker letters check, the other two sets by writer."""
    found = []
    for name in ("htr_stanford_letters", "htr_hooker_letters", "htr_banq_copiste", "htr_poilus_wills"):
        for path in sorted((data / name / "gt").glob("*.json")):
            gt = json.loads(path.read_text())
            if gt["page_label"] != "handwritten":
                continue
            writer = Path(gt["source_path"]).stem.split("-")[0]
            writer = "_".join(part for part in writer.split("_") if part != "imp")
            writer = writer[: len("wikitexte_0000")] if name == "htr_banq_copiste" else writer
            check = name == "htr_hooker_letters" or (name != "htr_stanford_letters" and half(writer))
            found.append(_source(data, name, path.stem, check, gt))
    return found


def printed(data: Path) -> list[Source]:
    """Pages without handwriting; books by their title letter; typescripts only for checking."""
    rows = [json.loads(line) for line in (data / "page_labels.jsonl").read_text().splitlines()]
    clean = [r for r in rows if r["handwriting"] == "none" and Path(r["file"]).stem not in MISLABELLED]
    found = []
    for row in clean:
        stem = Path(row["file"]).stem
        if row["set"] == "icdar2013_tables" and (row["page"] > 0 or half(stem + "thin")):
            continue
        check = row["set"] == "htr_tapuscorpus_typed" or half(stem[0] if row["set"] == "oldbooks_otsu300" else stem)
        gt = data / row["set"] / "gt" / f"{stem}.json"
        found.append(_source(data, row["set"], stem, check, json.loads(gt.read_text()) if gt.exists() else {},
                             row["file"], row["page"]))  # fmt: skip
    for name, step in (("sroie2019", 2), ("vrdu_adbuy", 6), ("kleister_nda", 2)):
        for path in sorted((data / name / "docs").iterdir())[::step]:
            if name == "sroie2019" and path.stem in MARKED:
                continue
            gt = json.loads((data / name / "gt" / f"{path.stem}.json").read_text()) if name == "sroie2019" else {}
            found.append(_source(data, name, path.stem, half(path.stem), gt, f"docs/{path.name}"))
    return found


def real_marks(data: Path) -> Iterator[tuple[str, Source]]:
    """Real pages with their label where some of the ink is written by hand: signatures, notes, filled forms."""
    for line in (data / "page_labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["handwriting"] in ("signature_or_marks", "substantial"):
            stem = Path(row["file"]).stem
            yield row["handwriting"], _source(data, row["set"], stem, half(stem), {}, row["file"], row["page"])
    for stem in sorted(MARKED):
        yield "signature_or_marks", _source(data, "sroie2019", stem, half(stem), {}, f"docs/{stem}.jpg")


def _source(data: Path, name: str, stem: str, check: bool, gt: dict[str, Any], file: str = "", page: int = 0) -> Source:
    path = data / name / file if file else next((data / name / "docs").glob(f"{stem}.*"))
    grey = grey_page(path, page + 1)
    lines = gt.get("lines", [])
    width = gt.get("image_size", [0])[0]
    scale = grey.shape[1] / width if width else 1.0
    boxes: dict[str, list[XYWH]] = {"hand": [], "sign": [], "print": []}
    for line in lines:
        kind = str(line.get("line_type", ""))
        box = _box(line, scale)
        if box is None:
            continue
        hand = gt.get("page_label") == "handwritten" and not kind.endswith(("Print", "Typewritten", "Signature"))
        boxes["sign" if kind.endswith("Signature") else "hand" if hand else "print"].append(box)
    return Source(name, stem, check, grey, tuple(boxes["hand"]), tuple(boxes["sign"]), tuple(boxes["print"]))


def _box(line: dict[str, Any], scale: float) -> XYWH | None:
    if "xywh" not in line:
        return None
    x, y, w, h = (round(v * scale) for v in line["xywh"])
    return (max(x, 0), max(y, 0), w, h) if w > 20 and h > 8 else None


def grey_page(path: Path, page: int) -> Pixels:
    config = Config(route="ocr")
    pixels = prepare(receive(path, config), page, config).pixels
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = (LARGEST / grey.size) ** 0.5
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey)


# ---------------------------------------------------------------------------------------------- ink and paper


def ink_of(grey: Pixels) -> np.ndarray:
    """Ink as 0..1, paper divided out."""
    side = max(15, min(grey.shape) // 6 | 1)
    small = cv2.resize(grey, (max(grey.shape[1] // 4, 1), max(grey.shape[0] // 4, 1)), interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((min(side // 4 + 3, 15),) * 2, np.uint8))
    paper = cv2.resize(cv2.blur(paper, (9, 9)), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    depth = np.clip(paper.astype(np.float32) - grey - 6, 0, None)
    return np.clip(depth / max(float(np.percentile(depth, 99)), 25.0), 0, 1)


def paper_like(grey: Pixels, shape: tuple[int, int], random: Random) -> np.ndarray:
    """The paper of another page, its writing filled in, with its grain."""
    small = cv2.resize(grey, (80, 110), interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.dilate(small, np.ones((9, 9), np.uint8)), (9, 9), 0)
    large = cv2.resize(paper, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return large + grain(shape, random, float(random.uniform(1, 7)), float(random.uniform(0.4, 2)))


def grain(shape: tuple[int, int], random: Random, strength: float, size: float) -> np.ndarray:
    noise = cv2.GaussianBlur(random.standard_normal(shape).astype(np.float32), (0, 0), size)
    return noise * strength / max(float(noise.std()), 1e-6)


def swap_paper(grey: Pixels, other: Pixels, random: Random) -> Pixels:
    """The ink of one page on the paper of another."""
    paper = np.clip(paper_like(other, grey.shape, random), 60, 255)  # type: ignore[arg-type]
    dark = float(random.uniform(10, 90))
    ink = ink_of(grey)
    return np.asarray(np.clip(paper * (1 - ink) + np.minimum(dark, paper * 0.6) * ink, 0, 255), dtype=np.uint8)


def binarise(grey: Pixels, random: Random) -> Pixels:
    """Black and white by one of the usual ways."""
    way = random.integers(3)
    if way == 0:
        return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[1])
    if way == 1:
        side = int(random.integers(15, 40)) * 2 + 1
        return np.asarray(cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, side,
                                                float(random.uniform(8, 18))))  # fmt: skip
    return np.asarray(np.where(ink_of(grey) > random.uniform(0.25, 0.5), 0, 255), dtype=np.uint8)


def worn(grey: Pixels, random: Random) -> Pixels:
    """A bad copy: some of lower resolution, blur, low contrast, grain, threshold, specks, JPEG; always several."""
    page = grey
    if random.random() < 0.5:
        scale = float(random.uniform(0.45, 0.8)) if grey.size > 1_500_000 else float(random.uniform(0.7, 0.95))
        page = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    unit = (page.size / LARGEST) ** 0.5  # blur counts in parts of the page
    page = cv2.GaussianBlur(page, (0, 0), float(random.uniform(0.4, 2.2)) * max(unit, 0.35))
    tone = 255 - (255 - page.astype(np.float32)) * random.uniform(0.3, 1) - random.uniform(0, 40)
    tone += grain(page.shape, random, float(random.uniform(2, 24)), float(random.uniform(0.3, 1.1)))
    page = np.asarray(np.clip(tone, 0, 255), dtype=np.uint8)
    if random.random() < 0.6:
        page = binarise(page, random)
    if random.random() < 0.5:
        specks = random.random(page.shape) < random.uniform(0.0002, 0.006)
        if random.random() < 0.5:
            specks = cv2.dilate(specks.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
        page = np.where(specks, np.uint8(random.choice([0, 255], p=[0.8, 0.2])), page)
    if random.random() < 0.5:
        page = cv2.imdecode(cv2.imencode(".jpg", page, [1, int(random.integers(25, 80))])[1], 0)
    return np.asarray(page, dtype=np.uint8)


# ------------------------------------------------------------------------------------------------- composites


def cut(source: Source, box: XYWH, random: Random, share: float = 1.0) -> np.ndarray:
    """Ink of a line, or of a part of it that begins and ends in a gap where there is one."""
    x, y, w, h = box
    pad = 3
    ink = ink_of(source.grey[max(y - pad, 0) : y + h + pad, max(x - pad, 0) : x + w + pad])
    ink[ink < 0.12] = 0
    if share < 1:
        width = max(int(ink.shape[1] * share), ink.shape[0])
        start = int(random.integers(0, max(ink.shape[1] - width, 0) + 1))
        column = cv2.blur(ink.sum(axis=0)[None], (9, 1))[0]
        near = max(ink.shape[0] // 2, 1)
        start = max(start - near, 0) + int(np.argmin(column[max(start - near, 0) : start + near]))
        stop = min(start + width, ink.shape[1])
        stop = max(stop - near, start + 10) + int(np.argmin(column[max(stop - near, start + 10) : stop + near] if
                                                  stop + near > start + 10 else column[:1]))  # fmt: skip
        ink = ink[:, start:stop]
    return trim(ink)


def trim(ink: np.ndarray) -> np.ndarray:
    ys, xs = np.nonzero(ink > 0.3)
    return ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] if len(xs) > 20 else ink[:1, :1]


@lru_cache(maxsize=8)
def font_files(folder: Path | None) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.iterdir() if p.suffix in (".woff", ".ttf", ".otf"))) if folder else ()


TEXT = (
    "paid approved see attached please return call back received total cash July August March Monday John Smith "
    "account transfer not valid copy sent to office of the new car rent deposit balance due ok yes"
)


def typed_by_hand(fonts: Path, random: Random, words: int) -> np.ndarray:
    """A few words or numbers in a handwriting font."""
    text = " ".join(
        str(random.choice(TEXT.split())) if random.random() < 0.6 else _number(random) for _ in range(words)
    )
    font = ImageFont.truetype(str(random.choice(np.array(font_files(fonts), dtype=object))), 60)
    image = Image.new("L", (80 + 40 * len(text), 140))
    ImageDraw.Draw(image).text((30, 30), text, font=font, fill=255)
    return trim(np.asarray(image, dtype=np.float32) / 255)


def _number(random: Random) -> str:
    n = int(random.integers(1, 99999))
    way = int(random.integers(4))
    return (str(n), f"{n / 100:.2f}", f"{n % 12 + 1}/{n % 28 + 1}/{n % 99:02}", f"${n % 999}.00")[way]


def mark(random: Random) -> np.ndarray:
    """A tick, a cross, a circle, an underline or a scrawl, drawn with a shaking hand."""
    side = 160
    way = int(random.integers(5))
    t = np.linspace(0, 1, 60)
    if way == 0:
        points = np.stack([np.interp(t, [0, 0.3, 1], [20, 55, 140]), np.interp(t, [0, 0.3, 1], [90, 130, 20])], 1)
    elif way == 1:
        points = np.stack([np.interp(t, [0, 0.45, 0.55, 1], [20, 140, 140, 20]),
                           np.interp(t, [0, 0.45, 0.55, 1], [20, 140, 20, 140])], 1)  # fmt: skip
    elif way == 2:
        points = np.stack([80 + 65 * np.cos(t * 6.8), 80 + 40 * np.sin(t * 6.8)], 1)
    elif way == 3:
        points = np.stack([10 + 140 * t, 80 + 5 * np.sin(6 * t)], 1)
    else:
        points = np.cumsum(random.normal(0, 1, (60, 2)), axis=0)
        points = cv2.GaussianBlur(points, (1, 7), 0)
        points = 15 + 130 * (points - points.min(0)) / (np.ptp(points, axis=0) + 1e-6)
    points = points + cv2.GaussianBlur(random.normal(0, 6, (60, 2)), (1, 15), 0)
    canvas = np.zeros((side, side), np.uint8)
    cv2.polylines(canvas, [points.astype(np.int32)], False, 255, int(random.integers(2, 6)), cv2.LINE_AA)
    return trim(canvas.astype(np.float32) / 255)


def scrawl(random: Random) -> np.ndarray:
    """A signature: loops along a line that rises."""
    t = np.linspace(0, 1, 300)
    loops = float(random.uniform(3, 9))
    x = 420 * t + random.uniform(8, 40) * np.cos(t * loops * 6.3 + random.uniform(0, 6))
    size = np.interp(t, np.linspace(0, 1, 6), random.uniform(5, 60, 6))
    y = 120 - random.uniform(0, 60) * t + size * np.sin(t * loops * 6.3 * random.uniform(0.9, 1.1))
    canvas = np.zeros((260, 520), np.uint8)
    points = np.stack([x - x.min() + 20, y - y.min() + 15], 1).astype(np.int32)
    cv2.polylines(canvas, [points], False, 255, int(random.integers(3, 7)), cv2.LINE_AA)
    return trim(canvas.astype(np.float32) / 255)


def lay(
    page: Pixels, mask: Pixels, ink: np.ndarray, size: tuple[int, int], random: Random, *, at: tuple[int, int] | None,
    hand: bool,
) -> None:  # fmt: skip
    """Lays ink of ``size`` (width, height) into the page, in place; at a spot with little print unless ``at``."""
    height, width = page.shape
    w, h = max(4, min(size[0], width - 4)), max(4, min(size[1], height - 4))
    piece = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA if w < ink.shape[1] else cv2.INTER_LINEAR)
    x, y = at if at else quiet_spot(page, w, h, random)
    x, y = min(max(x, 0), width - w), min(max(y, 0), height - h)
    part = page[y : y + h, x : x + w]
    paper = np.percentile(part, 90)
    dark = float(random.uniform(0, 0.55)) * paper
    if random.random() < 0.15:  # cut out with scissors: what stood there is gone
        part[...] = np.uint8(paper)
    part[...] = np.minimum(part, paper * (1 - piece) + dark * piece).astype(np.uint8)
    if hand:
        area = mask[y : y + h, x : x + w]
        np.maximum(area, ((piece > 0.3) * 255).astype(np.uint8), out=area)


def quiet_spot(page: Pixels, w: int, h: int, random: Random) -> tuple[int, int]:
    """The spot with least ink of some tries; few tries now and then, so that ink also crosses print."""
    height, width = page.shape
    tries = int(random.choice([4, 20, 40]))
    spots = [(int(random.integers(0, max(width - w, 1))), int(random.integers(0, max(height - h, 1))))
             for _ in range(tries)]  # fmt: skip
    return min(spots, key=lambda s: -float(page[s[1] : s[1] + h : 3, s[0] : s[0] + w : 3].mean()))


def snippet(hands: Sequence[Source], random: Random, share: float, fonts: Path | None) -> np.ndarray:
    for _ in range(5):
        if fonts and font_files(fonts) and random.random() < 0.15:
            found = typed_by_hand(fonts, random, max(1, round(6 * share)))
        else:
            source = hands[int(random.integers(len(hands)))]
            if not source.lines:
                continue
            found = cut(source, source.lines[int(random.integers(len(source.lines)))], random, share)
        if found.size > 400 and (found > 0.3).mean() < 0.6:
            return found
    return mark(random)


def line_height(page: Pixels, random: Random, low: float, high: float) -> int:
    """A height for handwriting on this page: receipts are narrow, so it goes by the width."""
    return max(10, round(min(page.shape[1] * 1.3, page.shape[0]) * float(random.uniform(low, high))))


def with_dirt(made: Made, random: Random) -> Made:
    """What scans hold besides writing: a dark rim or corner, a crease, a picture, a blot. None of it is handwriting."""
    page, mask = made.grey.copy(), made.mask.copy()
    height, width = page.shape
    for _ in range(int(random.integers(1, 4))):
        way = int(random.integers(4))
        layer = np.zeros_like(page)
        if way == 0:  # a corner or rim outside the sheet
            x, y = (int(v) for v in random.uniform(0, 0.12, 2) * (width, height))
            corner = np.array([[0, 0], [x * 2, 0], [x, y], [0, y * 2]], np.int32)
            cv2.fillPoly(layer, [corner], 255)
            layer = np.rot90(layer, int(random.choice([0, 2]))).copy()
        elif way == 1:  # a crease: a bent line of broken, uneven darkness
            t = np.linspace(0, 1, 40)
            ends = random.uniform(0, 1, (2, 2)) * (width, height)
            points = ends[0] + t[:, None] * (ends[1] - ends[0])
            points += cv2.GaussianBlur(random.normal(0, width / 60, (40, 2)), (1, 5), 0)
            cv2.polylines(layer, [points.astype(np.int32)], False, 255, max(1, width // 500))
            layer[grain(page.shape, random, 1, 6) < random.uniform(-0.5, 0.8)] = 0
        else:  # a picture or a stain: blobs within an area
            x0, y0 = (int(v) for v in random.uniform(0, 0.85, 2) * (width, height))
            w, h = (int(v) + 12 for v in random.uniform(0.04, 0.5 if way == 2 else 0.15, 2) * (width, height))
            part = layer[y0 : y0 + h, x0 : x0 + w]
            texture = grain(part.shape, random, 1, float(np.exp(random.uniform(0, 2.3))))
            part[texture > random.uniform(-0.5, 1.3)] = 255
        dark = float(random.uniform(0, 180))
        hit = (layer > 0) & (page > dark)
        page[hit] = np.uint8(dark)
        mask[cv2.dilate(layer, np.ones((3, 3), np.uint8)) > 0] = 0
    return Made(made.kind, page, mask, made.source)


def with_lines(base: Source, hands: Sequence[Source], random: Random, fonts: Path | None = None) -> Made:
    """Print with 5 to 10 handwritten lines, of one hand mostly, in a block or here and there."""
    page, mask = base.grey.copy(), np.zeros_like(base.grey)
    one = [hands[int(random.integers(len(hands)))]] if random.random() < 0.8 else hands
    height = line_height(page, random, 0.02, 0.06)
    block = random.random() < 0.3
    top = int(random.integers(0, max(1, page.shape[0] * 6 // 10)))
    left = int(random.integers(0, max(1, page.shape[1] // 3)))
    for i in range(int(random.integers(5, 11))):
        ink = snippet(one, random, float(random.uniform(0.5, 1.2)), fonts)
        h = round(height * float(random.uniform(0.85, 1.15)))
        size = (min(round(ink.shape[1] * h / ink.shape[0]), round(page.shape[1] * 0.95)), h)
        lay(page, mask, ink, size, random, at=(left, top + round(i * height * 1.1)) if block else None, hand=True)
    return Made("lines", page, mask, base.id)


def with_entries(base: Source, hands: Sequence[Source], random: Random, fonts: Path | None = None) -> Made:
    """Print with 2 or 3 short handwritten entries of one hand."""
    page, mask = base.grey.copy(), np.zeros_like(base.grey)
    one = [hands[int(random.integers(len(hands)))]]
    height = line_height(page, random, 0.018, 0.05)
    for _ in range(int(random.integers(2, 4))):
        ink = snippet(one, random, float(random.uniform(0.12, 0.4)), fonts)
        h = round(height * float(random.uniform(0.85, 1.15)))
        lay(page, mask, ink, (round(ink.shape[1] * h / ink.shape[0]), h), random, at=None, hand=True)
    return Made("entries", page, mask, base.id)


def with_marks(base: Source, hands: Sequence[Source], random: Random, fonts: Path | None = None) -> Made:
    """Print with one or two signatures, now and then a date beside, and some ticks, circles and underlines."""
    page, mask = base.grey.copy(), np.zeros_like(base.grey)
    signed = [s for s in hands if s.signatures]
    for _ in range(int(random.choice([0, 1, 2], p=[0.1, 0.6, 0.3]))):
        way = random.random()
        if way < 0.15 and signed:
            source = signed[int(random.integers(len(signed)))]
            ink = cut(source, source.signatures[0], random)
        elif way < 0.4:
            ink = scrawl(random)
        else:
            ink = snippet(hands, random, float(random.uniform(0.12, 0.3)), fonts)
        h = line_height(page, random, 0.025, 0.07)
        width = round(min(ink.shape[1] * h / ink.shape[0], page.shape[1] * 0.45))
        low = (int(random.integers(0, page.shape[1])), round(page.shape[0] * float(random.uniform(0.6, 0.92))))
        lay(page, mask, ink, (width, h), random, at=low if random.random() < 0.6 else None, hand=True)
    for _ in range(int(random.integers(0, 6))):
        h = line_height(page, random, 0.01, 0.03)
        ink = mark(random)
        lay(page, mask, ink, (round(max(ink.shape[1] * h / ink.shape[0], 5)), h), random, at=None, hand=True)
    return Made("marks", page, mask, base.id)


def with_print(base: Source, prints: Sequence[Source], random: Random) -> Made:
    """Print with lines of other print laid in: what was pasted must not tell."""
    page, mask = base.grey.copy(), np.zeros_like(base.grey)
    from_ = [s for s in prints if s.printed]
    for _ in range(int(random.integers(2, 9)) if from_ else 0):
        source = from_[int(random.integers(len(from_)))]
        ink = cut(source, source.printed[int(random.integers(len(source.printed)))], random,
                  float(random.uniform(0.2, 1.2)))  # fmt: skip
        if ink.size > 400:
            h = line_height(page, random, 0.01, 0.035)
            size = (min(round(ink.shape[1] * h / ink.shape[0]), page.shape[1]), h)
            lay(page, mask, ink, size, random, at=None, hand=False)
    return Made("none", page, mask, base.id)


def as_is(base: Source) -> Made:
    """The page itself. On a handwritten one only the line boxes are known: around them are rims, stamps and folds."""
    mask = np.full_like(base.grey, UNKNOWN if base.lines else 0)
    for boxes, value in ((base.lines, KNOWN), (base.printed, 0)):
        for x, y, w, h in boxes:
            mask[y : y + h, x : x + w] = value
    return Made("full" if base.lines else "none", base.grey, mask, base.id)


LOOKS: tuple[str, ...] = ("as_is", "binarised", "swapped", "worn", "worn_swapped")


def look(made: Made, way: str, papers: Sequence[Source], random: Random) -> Made:
    """The page as another copy; the mask follows its size."""
    other = papers[int(random.integers(len(papers)))].grey
    ways: dict[str, Callable[[Pixels], Pixels]] = {
        "as_is": lambda grey: grey,
        "binarised": lambda grey: binarise(grey, random),
        "swapped": lambda grey: swap_paper(grey, other, random),
        "worn": lambda grey: worn(grey, random),
        "worn_swapped": lambda grey: worn(swap_paper(grey, other, random), random),
    }
    grey = ways[way](made.grey)
    mask = cv2.resize(made.mask, grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return Made(made.kind, grey, np.asarray(mask), made.source)
