"""Small one-page documents, each another, and files that are none: what a batch meets overnight."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw, ImageFont

SLIP = 400, 600  # px


def slips(folder: Path, count: int) -> list[Path]:
    """``slip-0000.png`` and so on: till slips with a date, a number and a total of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_slip(folder / f"slip-{number:04}.png", number) for number in range(count)]


def _slip(path: Path, number: int) -> Path:
    chance = random.Random(number)
    total = chance.randrange(100, 99999)
    lines = (
        "CORNER SHOP LTD",
        "12 High Street, Springfield",
        f"Receipt no: {100000 + number}",
        f"Date: 2024-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        f"Total  {total // 100}.{total % 100:02}",
        "Thank you",
    )
    image = Image.new("L", SLIP, 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for row, text in enumerate(lines):
        draw.text((30, 40 + 70 * row), text, fill=0, font=font)
    image.save(path)
    return path


def faults(folder: Path) -> Iterator[Path]:
    """Files that no engine can read, and one that takes too long: each must cost itself alone."""
    folder.mkdir(parents=True, exist_ok=True)
    yield _file(folder / "empty.pdf", b"")
    yield _file(folder / "noise.pdf", b"%PDF-1.7\n" + random.Random(1).randbytes(2000))
    yield _file(folder / "cut off.png", _png()[:200])
    yield _file(folder / "text.pdf", b"this is no PDF at all")
    locked = folder / "locked.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="u"))
    yield locked
    yield bomb(folder / "bomb.pdf")
    yield _file(folder / "huge.png", _claims(60_000, 60_000))


def bomb(path: Path) -> Path:
    """A page whose form draws itself twice: PDFium never comes back from it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        form = pdf.make_stream(
            b"/F Do /F Do", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 200, 200]
        )
        form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        pdf.pages[0].Contents = pdf.make_stream(b"/F Do")
        pdf.save(path)
    return path


def _png() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((300, 300), 50).save(buffer, "PNG")
    return buffer.getvalue()


def _claims(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its bytes do not hold."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
