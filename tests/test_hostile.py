"""Files that mean harm or met with it: one sentence each, no traceback, no hang, no memory eaten."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.config import Config
from engine.errors import BadInput, BadPage
from engine.prepare import prepare
from engine.receive import receive
from tests.making import noise, page_of_print, pdf_of, print_lines, raw_pdf, stream

CONFIG = Config()
CATALOG = "<</Type /Catalog /Pages 2 0 R>>"


def _write(tmp_path: Path, content: bytes, name: str = "a.pdf") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def _encoded(format: str, image: Image.Image | None = None) -> bytes:
    file = io.BytesIO()
    (image or noise(300, 200)).save(file, format)
    return file.getvalue()


def _refused(path: Path, said: str, config: Config = CONFIG) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        receive(path, config)
    assert str(path) in str(caught.value)
    assert ": " in str(caught.value)  # what to do comes after the colon


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_half_an_image_is_said_to_be_truncated_or_broken(tmp_path: Path, format: str) -> None:
    whole = _encoded(format)
    _refused(_write(tmp_path, whole[: len(whole) // 2]), "truncated or broken|is a broken")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_header_alone_is_refused(tmp_path: Path, format: str) -> None:
    _refused(_write(tmp_path, _encoded(format)[:14]), "broken")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_flipped_bytes_give_a_page_or_a_sentence(tmp_path: Path, format: str) -> None:
    whole = bytearray(_encoded(format, page_of_print(300, 200)))
    for position in range(12, len(whole), max(1, len(whole) // 60)):
        hurt = bytearray(whole)
        hurt[position] ^= 0xFF
        path = _write(tmp_path, bytes(hurt))
        try:
            assert prepare(receive(path, CONFIG), 1, CONFIG).pixels.size > 0
        except BadInput as refused:
            assert str(path) in str(refused)  # noqa: PT017 - either outcome is right


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    _refused(_write(tmp_path, bomb, "a.png"), "60000 x 60000 pixels")


def test_a_bomb_inside_a_pdf_is_a_broken_page(tmp_path: Path) -> None:
    image = "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceGray"
    made = raw_pdf(
        CATALOG,
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</XObject <</I 5 0 R>>>>>>",
        stream("", b"q 612 0 0 792 0 0 cm /I Do Q"),
        stream(image + " /BitsPerComponent 8 /Filter /FlateDecode", zlib.compress(b"\0" * 100_000)),
    )
    document = receive(_write(tmp_path, made), CONFIG)
    with pytest.raises(BadPage, match="60000 x 60000 pixels"):
        prepare(document, 1, CONFIG)


@pytest.mark.parametrize("content", [b"hello", b"\x00" * 5000, b"<html>%PDF</html>", b"PK\x03\x04zip"])
def test_other_files_named_pdf_are_of_no_format(tmp_path: Path, content: bytes) -> None:
    _refused(_write(tmp_path, content), "none of the supported formats")


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    _refused(_write(tmp_path, b""), "empty")


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"%PDF-1.4\n" + b"\xff" * 3000])
def test_a_pdf_without_content_is_broken(tmp_path: Path, content: bytes) -> None:
    _refused(_write(tmp_path, content), "broken and cannot be opened|no pages")


def test_a_pdf_without_pages_is_refused(tmp_path: Path) -> None:
    made = raw_pdf(CATALOG, "<</Type /Pages /Kids [] /Count 0>>")
    _refused(_write(tmp_path, made), "no pages|broken and cannot be opened")


def test_half_a_pdf_is_mended_or_refused(tmp_path: Path) -> None:
    whole = pdf_of(tmp_path / "whole.pdf", print_lines).read_bytes()
    for cut in range(100, len(whole), 200):
        path = _write(tmp_path, whole[:cut], "cut.pdf")
        try:
            prepare(receive(path, CONFIG), 1, replace(CONFIG, max_pixels=2_000_000))
        except BadInput as refused:
            assert str(path) in str(refused)  # noqa: PT017 - either outcome is right


def test_a_looping_page_tree_ends(tmp_path: Path) -> None:
    made = raw_pdf(CATALOG, "<</Type /Pages /Kids [3 0 R] /Count 2>>", "<</Type /Pages /Kids [2 0 R 3 0 R]>>")
    path = _write(tmp_path, made)
    with pytest.raises(BadInput):
        prepare(receive(path, CONFIG), 1, CONFIG)


def test_a_form_that_draws_itself_ends(tmp_path: Path) -> None:
    form = "/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources <</XObject <</F 5 0 R>>>>"
    made = raw_pdf(
        CATALOG,
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</XObject <</F 5 0 R>>>>>>",
        stream("", b"/F Do"),
        stream(form, b"/F Do /F Do"),
    )
    document = receive(_write(tmp_path, made), CONFIG)
    with pytest.raises(BadPage, match=r"page 1 of .*cannot be drawn"):
        prepare(document, 1, CONFIG)
    healthy = receive(pdf_of(tmp_path / "b.pdf", print_lines), CONFIG)  # drawn by a new child
    assert prepare(healthy, 1, CONFIG).pixels.min() < 50


def test_a_count_that_lies_is_a_broken_page_and_not_a_crash(tmp_path: Path) -> None:
    made = raw_pdf(
        CATALOG,
        "<</Type /Pages /Kids [3 0 R] /Count 1000>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]>>",
    )
    document = receive(_write(tmp_path, made), CONFIG)
    assert prepare(document, 1, CONFIG).pixels.min() == 255
    if document.page_count > 1:
        with pytest.raises(BadPage, match=f"page {document.page_count} "):
            prepare(document, document.page_count, CONFIG)


def test_one_broken_page_of_three_leaves_the_others(tmp_path: Path) -> None:
    page = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 6 0 R>>"
    made = raw_pdf(
        CATALOG,
        "<</Type /Pages /Kids [3 0 R 4 0 R 5 0 R] /Count 3>>",
        page,
        "(not a page at all)",
        page,
        stream("", b"20 20 100 50 re f"),
    )
    document = receive(_write(tmp_path, made), CONFIG)
    assert document.page_count == 3
    for number in (1, 3):
        assert prepare(document, number, CONFIG).pixels.min() == 0
    with pytest.raises(BadPage, match="page 2 is broken and cannot be read"):
        prepare(document, 2, CONFIG)


def test_one_broken_frame_of_a_tiff_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    noise(200, 100).save(path, save_all=True, append_images=[noise(200, 100, 1)], compression="tiff_lzw")
    with Image.open(path) as image:
        image.seek(1)
        start = image.tag_v2[273][0]  # type: ignore[attr-defined]
    content = bytearray(path.read_bytes())
    content[start : start + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    document = receive(path, CONFIG)
    assert document.page_count == 2
    assert prepare(document, 1, CONFIG).width == 200
    with pytest.raises(BadPage, match=r"page 2 of .*a\.tif"):
        prepare(document, 2, CONFIG)


def test_a_wall_sized_page_is_drawn_smaller_and_a_larger_one_refused(tmp_path: Path) -> None:
    config = replace(CONFIG, max_pixels=4_000_000)
    wall = prepare(receive(pdf_of(tmp_path / "w.pdf", print_lines, (1800, 1440)), config), 1, config)
    assert 3_800_000 < wall.width * wall.height <= 4_000_000
    assert wall.width / wall.height == pytest.approx(1800 / 1440, abs=0.01)
    for side in (14_400, 1e9):
        document = receive(pdf_of(tmp_path / "h.pdf", print_lines, (side, side)), config)
        with pytest.raises(BadPage, match=r"too large|cannot be drawn"):
            prepare(document, 1, config)


@pytest.mark.parametrize("box", ["[0 0 0 0]", "[100 100 100 500]", "[5 5]", "(none)"])
def test_a_page_without_area_gives_a_page_or_a_sentence(tmp_path: Path, box: str) -> None:
    made = raw_pdf(
        CATALOG,
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        f"<</Type /Page /Parent 2 0 R /MediaBox {box}>>",
    )
    document = receive(_write(tmp_path, made), CONFIG)
    try:
        assert prepare(document, 1, CONFIG).pixels.size > 0  # renderers fall back to a letter page
    except BadPage as refused:
        assert "page 1" in str(refused)  # noqa: PT017 - either outcome is right
