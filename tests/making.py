"""Small documents made on the spot: pages of print, PDFs by reportlab, PDFs object by object."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

SENTENCES = (
    "The quick brown fox jumps over the lazy dog and runs away",
    "Invoice number 2025 for the delivery of seven wooden chairs",
    "Please pay the total amount within thirty days of receipt",
    "Thank you for your order, we hope to see you again soon",
)


def page_of_print(width: int = 1000, height: int = 800, size: int = 26) -> Image.Image:
    """Black print on white, upright, grey."""
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    for number, y in enumerate(range(40, height - 2 * size, 2 * size)):
        draw.text((40, y), SENTENCES[number % len(SENTENCES)], fill=0, font=font)
    return image


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """Grey noise, which no format can pack well."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width), dtype=np.uint8))


def pdf_of(path: Path, draw: Callable[[Canvas], None], size: tuple[float, float] = letter) -> Path:
    """A one-page PDF that ``draw`` fills, or more where it calls showPage itself."""
    canvas = Canvas(str(path), pagesize=size)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return path


def print_lines(canvas: Canvas, left: float = 72, top: float = 700, lines: int = 12) -> None:
    """Sentences in ten points, as a digital document has them."""
    canvas.setFont("Helvetica", 10)
    for number in range(lines):
        canvas.drawString(left, top - 16 * number, SENTENCES[number % len(SENTENCES)])


def raw_pdf(*objects: str | bytes, root: int = 1) -> bytes:
    """A PDF from its objects (numbered from 1), however wrong they are."""
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    starts = []
    for number, content in enumerate(objects, start=1):
        starts.append(file.tell())
        body = content.encode() if isinstance(content, str) else content
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for start in starts:
        file.write(b"%010d 00000 n \n" % start)
    trailer = b"trailer\n<</Size %d /Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    file.write(trailer % (len(objects) + 1, root, table))
    return file.getvalue()


def stream(dictionary: str, content: bytes) -> bytes:
    """A stream object for :func:`raw_pdf`."""
    return b"<<%s /Length %d>>\nstream\n%s\nendstream" % (dictionary.encode(), len(content), content)
