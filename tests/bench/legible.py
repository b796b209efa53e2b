"""How small may letters become before a page must be sent in parts? Sets LEGIBLE of ``engine/vlm/fit.py``.

    python -m tests.bench.legible DATA [--pages N]

Pages with known numbers are shrunk until their letters (median height of a word's box, as OCR gives it) are 5 to
14 px high, encoded as they would be sent, and read by Tesseract: a stand-in for a model, which needs a key. It
tells how much of the print is still in the pixels, not what a given model makes of them. Printed is the share of
the true numbers read, and in brackets the same as a share of what is read of those pages unshrunk; a page counts
only at heights below its own. The height is chosen on half of the documents and looked at on the other half.
"""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image

from engine.config import Config
from engine.errors import EngineError
from engine.ocr.tesseract import Tesseract
from engine.page import PageImage, Word
from engine.prepare import prepare
from engine.receive import receive
from engine.vlm.fit import word_height

HEIGHTS = (5, 6, 7, 8, 9, 10, 11, 12, 14)
ENOUGH = 0.97  # of what is read unshrunk
QUALITY = 85  # what fit.py starts with


@dataclass(frozen=True)
class Printed:
    """A page with the numbers that are printed on it; ``half`` is tune or check."""

    set: str
    half: str
    path: Path
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """Numbers read of one page at one letter height, of how many; ``whole``: read of the page unshrunk."""

    page: Printed
    height: int
    found: int
    whole: int


def numbers(texts: Iterable[str]) -> set[str]:
    """Runs of two or more digits, without their thousands commas."""
    return {n.replace(",", "") for text in texts for n in re.findall(r"\d[\d.,]*\d", text)}


def pages(data: Path, count: int) -> Iterator[Printed]:
    """``count`` documents of each set, every k-th: receipts, noisy forms, digital orders (their text is the truth)."""
    for name, suffix in (("sroie2019", "jpg"), ("funsd", "png"), ("vrdu_adbuy", "pdf")):
        paths = sorted((data / name / "docs").glob(f"*.{suffix}"))
        found = 0
        for path in paths[:: max(1, len(paths) // (2 * count))]:
            known = tuple(sorted(truth(data, name, path)))
            if len(known) >= 5 and found < count:
                yield Printed(name, ("tune", "check")[found % 2], path, known)
                found += 1


def truth(data: Path, name: str, path: Path) -> set[str]:
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as document:
            return numbers(document[0].get_textpage().get_text_range().split())
    gt = json.loads((data / name / "gt" / f"{path.stem}.json").read_text())
    if name == "funsd":
        return numbers(word["text"] for entity in gt["entities"] for word in entity["words"])
    return numbers(line["text"] for line in gt["lines"])


def shrunk(image: PageImage, scale: float) -> PageImage:
    """The page at that scale after a JPEG of the quality that is sent."""
    picture = Image.fromarray(image.pixels)
    size = (round(image.width * scale), round(image.height * scale))
    file = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY)
    return PageImage(image.page, np.asarray(Image.open(file), dtype=np.uint8), None)


def recall(page: Printed, words: Iterable[Word]) -> int:
    read = numbers(word.text for word in words)
    return sum(number in read for number in page.numbers)


def measure(page: Printed) -> list[Share]:
    try:
        image = prepare(receive(page.path, Config()), 1, Config())
        words = Tesseract().read(image)
        if len(words) < 20:
            return []
        letter = word_height(words, image.height) or 0.0
        whole = recall(page, words)
        return [
            Share(page, height, recall(page, Tesseract().read(shrunk(image, height / letter))), whole)
            for height in HEIGHTS
            if height < letter
        ]
    except EngineError:
        return []


def those(found: list[Share], half: str, name: str, height: int) -> list[Share]:
    """What was measured at that height on the pages of one half and set; of every set where it is ``all``."""
    return [o for o in found if (o.height, o.page.half) == (height, half) and name in (o.page.set, "all")]


def share(shares: list[Share]) -> str:
    of = sum(len(one.page.numbers) for one in shares)
    return f"{sum(one.found for one in shares) / of:.3f} ({kept(shares):.3f})" if of else "-"


def kept(shares: list[Share]) -> float:
    return sum(one.found for one in shares) / max(1, sum(one.whole for one in shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pages", type=int, default=12, help="documents of each set")
    options = parser.parse_args()
    chosen = list(pages(options.data, options.pages))
    with ThreadPoolExecutor(2) as workers:
        found = [one for shares in workers.map(measure, chosen) for one in shares]
    sets = sorted({one.page.set for one in found})
    columns = [(name, half) for half in ("tune", "check") for name in (*sets, "all")]
    print("px   " + "".join(f"{half + ' ' + name:>18}" for name, half in columns))
    for height in HEIGHTS:
        cells = [share(those(found, half, name, height)) for name, half in columns]
        print(f"{height:3}  " + "".join(f"{cell:>18}" for cell in cells))
    for name in ("all", *sets):
        tuned = {h: kept(those(found, "tune", name, h)) for h in HEIGHTS}
        enough = [h for h in HEIGHTS if all(tuned[other] >= ENOUGH for other in HEIGHTS if other >= h)]
        told = f"lowest height that keeps {ENOUGH:.0%} of {name} (tune) from there on: {min(enough, default=None)} px"
        counts = " + ".join(str(len({o.page for o in found if o.page.half == half and name in (o.page.set, "all")}))
                            for half in ("tune", "check"))  # fmt: skip
        print(f"{told}, of {counts} pages")


if __name__ == "__main__":
    main()
