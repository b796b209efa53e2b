"""The second renderer, for PDFs and pages that PDFium cannot open or draw.

Poppler runs as a child process with a timeout, so a file that makes it hang or crash costs one page. It is
about three times slower than PDFium and is asked only when PDFium gave up.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pdf2image
from pdf2image.exceptions import (
    PDFInfoNotInstalledError,
    PDFPageCountError,
    PDFPopplerTimeoutError,
    PDFSyntaxError,
)

from engine.config import Config
from engine.errors import BadInput, BadPage
from engine.page import Pixels

TIMEOUT = 20  # seconds for one page; the slowest page measured took 4

_ERRORS = (PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError, OSError)


def page_count(path: Path, password: str | None) -> int:
    """Number of pages. Raises BadInput where poppler cannot open the file either, or finds no page."""
    pages = int(_info(path, password).get("Pages", 0))
    if pages < 1:
        raise BadInput(f"{path} has no pages: make the PDF again.")
    return pages


def page_pixels(path: Path, page: int, dpi: float, config: Config) -> tuple[Pixels, float | None]:
    """Page ``page`` (from 1) as RGB at ``dpi``, or less where ``max_pixels`` says so. Raises BadPage."""
    broken = f"page {page} of {path} cannot be drawn: print the document to a new PDF."
    try:
        width, height = _page_size(path, page, config.password)
        dpi = min(dpi, 72 * (config.max_pixels / (width * height)) ** 0.5)
        images = pdf2image.convert_from_path(
            path.absolute(), dpi=int(dpi), first_page=page, last_page=page, userpw=config.password or "",
            use_cropbox=True, timeout=TIMEOUT,
        )  # fmt: skip
    except (BadInput, ValueError, *_ERRORS) as error:
        raise BadPage(broken) from error
    pixels = np.asarray(images[0].convert("RGB")) if images else np.empty(0, np.uint8)
    if not images or pixels.min() == 255:  # poppler draws what is no page at all as an empty one
        raise BadPage(broken)
    return pixels, float(int(dpi))


def _page_size(path: Path, page: int, password: str | None) -> tuple[float, float]:
    """Width and height in points, before /Rotate. Raises ValueError where the page has none."""
    info = _info(path, password, page)
    for key, value in info.items():
        match = re.match(r"([\d.]+) x ([\d.]+) pts", str(value))
        if key.startswith("Page") and key.endswith("size") and match and float(match[1]) * float(match[2]) > 0:
            return float(match[1]), float(match[2])
    raise ValueError("the page has no size")


def _info(path: Path, password: str | None, page: int = 0) -> dict[str, Any]:
    """What ``pdfinfo`` says, of one page too where ``page`` is not 0. Raises BadInput."""
    try:
        info: dict[str, Any] = pdf2image.pdfinfo_from_path(
            str(path.absolute()), userpw=password or "", timeout=TIMEOUT, first_page=page, last_page=page
        )
    except (ValueError, *_ERRORS) as error:
        raise BadInput(f"{path} is broken and cannot be opened as a PDF: print or scan it again.") from error
    return info
