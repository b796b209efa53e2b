"""Long documents: CPU and memory of extraction from typed invoice pages of thirty rows, which are read already.

python -m tests.bench.long
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

from engine.config import Config
from engine.doctype import load_type
from engine.flow import readings_to_result
from engine.page import Reading
from engine.receive import Document
from tests.pages import typed_reading

ROWS = "\n".join(
    f"Part {i:03d} steel bracket        {i % 9 + 1}     {i * 1.25 + 2:.2f}     {(i % 9 + 1) * (i * 1.25 + 2):.2f}"
    for i in range(30)
)


def page(number: int) -> Reading:
    head = f"ACME PARTS LTD   Invoice No: INV-{number}\nDate: 12/03/2024"
    columns = "Description              Qty   Unit Price   Amount"
    return typed_reading(f"{head}\n{columns}\n{ROWS}\nTotal   999.00\n", number)


def main() -> None:
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
