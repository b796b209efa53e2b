"""Long documents: CPU and memory of extraction from typed invoice pages of thirty rows, and of reading scanned pages.

python -m tests.bench.long
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from engine.config import Config
from engine.doctype import load_type
from engine.flow import readings_to_result
from engine.page import Reading
from engine.receive import Document
from tests.bench.costs import Peak
from tests.bench.datasets import ROOT
from tests.making import page_of_print
from tests.pages import typed_reading

ROWS = "\n".join(
    f"Part {i:03d} steel bracket        {i % 9 + 1}     {i * 1.25 + 2:.2f}     {(i % 9 + 1) * (i * 1.25 + 2):.2f}"
    for i in range(30)
)


def page(number: int) -> Reading:
    head = f"ACME PARTS LTD   Invoice No: INV-{number}\nDate: 12/03/2024"
    columns = "Description              Qty   Unit Price   Amount"
    return typed_reading(f"{head}\n{columns}\n{ROWS}\nTotal   999.00\n", number)


READ = "import sys, engine; engine.read(sys.argv[1])"
WHOLE = "import sys, pdf2image; pdf2image.convert_from_path(sys.argv[1], 200)"  # what many a tutorial begins with
SCANNED = (("engine.read", READ, (10, 200)), ("convert_from_path", WHOLE, (10, 50)))  # 200 of those need gigabytes


def scanned(path: Path, pages: int) -> None:
    """A PDF of A4 scans at 200 dpi with a paragraph each."""
    sheet = Image.new("L", (1654, 2339), 255)
    sheet.paste(page_of_print(), (200, 200))
    sheet.save(path, resolution=200, save_all=True, append_images=[sheet.copy() for _ in range(pages - 1)])


def print_scanned() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, code, counts in SCANNED:
            for pages in counts:
                path = Path(folder) / "scanned.pdf"
                scanned(path, pages)
                started = time.perf_counter()
                process = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT)
                with process, Peak(process.pid) as peak:
                    process.wait()
                seconds = time.perf_counter() - started
                print(
                    f"{pages:4} scanned pages, {name:17}: {seconds:6.1f} s, {peak.mb:5.0f} MB at the peak", flush=True
                )


def main() -> None:
    print_scanned()
    doctype = load_type("invoice")
    for pages in (30, 150, 300):
        readings = [page(number) for number in range(1, pages + 1)]
        document = Document(Path("long.pdf"), "0" * 64, "pdf", "PDF", pages)
        started = time.process_time()
        result = readings_to_result(document, readings, doctype, Config())
        seconds = time.process_time() - started
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        rows = len(result.data["line_items"])
        print(f"{pages:4} pages: {seconds:6.1f} s of CPU, {megabytes:5} MB at the peak, {rows} rows")


if __name__ == "__main__":
    main()
