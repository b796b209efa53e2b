"""Memory of reading as a file grows: peak MB of the process and all that it starts, and MB a page more.

    python -m tests.bench.memory [--full]

Each file is read by a process of its own, two pages at a time; what it holds is looked at 20 times a second (PSS).
Scans are A4 at 200 dpi, each page an image of its own in the file: dense ones, and ones of a few words, which are
read fast and so can be many. Digital pages are dense. Kept is what the words and signals of a page take: a reading
holds them all, and no more than them may grow.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.bench.costs import Peak
from tests.bench.datasets import ROOT
from tests.making import page_of_print, print_lines

A4, SHEET = (595, 842), (1654, 2339)  # points, and px at 200 dpi
READ = """
import pickle, sys, tracemalloc, engine
from engine.config import Config
whole = engine.read(sys.argv[1], config=Config(ocr=sys.argv[2], jobs=2))
assert not any(reading.failure for reading in whole.readings)
packed = pickle.dumps(whole.readings[-1])
tracemalloc.start()
copy = pickle.loads(packed)
print(len(copy.words), tracemalloc.get_traced_memory()[0] / 2**20)
"""
# What many a tutorial begins with. 200 such pages need gigabytes.
WHOLE = "import sys, pdf2image; pdf2image.convert_from_path(sys.argv[1], 200); print(0, 0)"


@dataclass(frozen=True)
class Told:
    """What reading one file came to; ``kept`` is what a page's words and signals take in memory, in MB."""

    pages: int
    mb: float
    seconds: float
    words: float
    kept: float


def scanned(path: Path, pages: int, lines: int) -> None:
    """A PDF of A4 scans; every page has an image of its own."""
    sheet = Image.new("L", SHEET, 255)
    print_ = page_of_print(SHEET[0] - 200, 40 + 52 * (lines + 1))
    sheet.paste(print_, (100, 200))
    packed = io.BytesIO()
    sheet.save(packed, "JPEG", quality=80)
    with pikepdf.new() as pdf:
        for _ in range(pages):
            image = pdf.make_stream(
                packed.getvalue(),
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=SHEET[0], Height=SHEET[1],
                ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            )  # fmt: skip
            page = pdf.add_blank_page(page_size=A4)
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
            page.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q" % A4)
        pdf.save(path)


def digital(path: Path, pages: int, lines: int) -> None:
    canvas = Canvas(str(path), pagesize=A4)
    for _ in range(pages):
        print_lines(canvas, top=800, lines=lines)
        canvas.showPage()
    canvas.save()


@dataclass(frozen=True)
class Kind:
    name: str
    make: Callable[[Path, int, int], None]
    lines: int
    way: str
    counts: tuple[int, ...]
    long: tuple[int, ...]  # and these with --full


KINDS = (
    Kind("digital", digital, 45, "tesseract", (10, 200, 600), ()),
    Kind("scanned, dense, Tesseract", scanned, 38, "tesseract", (10, 60), (200,)),
    Kind("scanned, few words, Tesseract", scanned, 3, "tesseract", (10, 200), (600,)),
    Kind("scanned, dense, both", scanned, 38, "both", (10, 60), (200,)),
    Kind("scanned, few words, both", scanned, 3, "both", (10, 60), (200, 600)),
    Kind("scanned, convert_from_path", scanned, 3, "whole", (10, 50), ()),
)


def told_of(kind: Kind, pages: int, folder: Path) -> Told:
    path = folder / "long.pdf"
    kind.make(path, pages, kind.lines)
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", WHOLE if kind.way == "whole" else READ, str(path), kind.way],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process, Peak(process.pid) as peak:
        answer, _ = process.communicate()
    words, kept = map(float, answer.split())
    return Told(pages, peak.mb, time.perf_counter() - started, words, kept)


def growth(told: list[Told]) -> float:
    """MB a page from the first to the last, as peaks."""
    return (told[-1].mb - told[0].mb) / (told[-1].pages - told[0].pages)


def print_memory(full: bool) -> None:
    print("\nmemory, two pages at a time     pages  peak MB  s a page  words a page  kept, MB a page")
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            told = []
            for pages in kind.counts + (kind.long if full else ()):
                told.append(one := told_of(kind, pages, Path(folder)))
                print(f"  {kind.name:30}{pages:5}{one.mb:9.0f}{one.seconds / pages:10.2f}{one.words:14.0f}"
                      f"{one.kept:17.3f}", flush=True)  # fmt: skip
            print(f"  {kind.name:30}grows by {growth(told):.3f} MB a page", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="up to 600 scanned pages")
    print_memory(parser.parse_args().full)


if __name__ == "__main__":
    main()
