"""What is let in, and the one sentence for everything that is not."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from engine.config import Config
from engine.errors import BadInput, MissingDependency, UsageError
from engine.receive import detect_format, page_range, receive
from tests.making import noise, page_of_print, pdf_of, print_lines

CONFIG = Config()
IMAGES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "TIFF": "tif", "BMP": "bmp"}


@pytest.mark.parametrize("format", IMAGES)
def test_each_image_format_is_known_by_its_content_whatever_its_name(tmp_path: Path, format: str) -> None:
    path = tmp_path / "scan.dat"
    page_of_print(200, 100).save(path, format)
    document = receive(path, CONFIG)
    assert (document.kind, document.format, document.page_count) == ("image", format, 1)
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document.path == path


def test_a_pdf_named_jpg_is_a_pdf(tmp_path: Path) -> None:
    document = receive(pdf_of(tmp_path / "a.jpg", print_lines), CONFIG)
    assert (document.kind, document.format, document.page_count) == ("pdf", "PDF", 1)


def test_junk_before_the_pdf_header_is_allowed_within_1024_bytes(tmp_path: Path) -> None:
    made = pdf_of(tmp_path / "made.pdf", print_lines).read_bytes()
    (tmp_path / "a.pdf").write_bytes(b"\n" * 900 + made)
    assert receive(tmp_path / "a.pdf", CONFIG).page_count == 1
    (tmp_path / "b.pdf").write_bytes(b"\n" * 2000 + made)
    with pytest.raises(BadInput, match="none of the supported formats"):
        receive(tmp_path / "b.pdf", CONFIG)


def test_heic_is_read_with_its_extra(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(page_of_print(200, 100).convert("RGB")).save(path)
    assert receive(path, CONFIG).format == "HEIF"


def test_heic_without_its_extra_names_the_line_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + b"\x00" * 100)
    with pytest.raises(MissingDependency, match=r"pip install 'document-engine\[heic\]'"):
        receive(tmp_path / "photo.heic", CONFIG)


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    page_of_print(200, 100).save(path, save_all=True, append_images=[noise(100, 200), noise(50, 60)])
    assert receive(path, CONFIG).page_count == 3
    with pytest.raises(BadInput, match="more than the limit of 2"):
        receive(path, replace(CONFIG, max_pages=2))


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_an_animation_is_one_page(tmp_path: Path, format: str) -> None:
    path = tmp_path / "moving"
    page_of_print(200, 100).save(path, format, save_all=True, append_images=[noise(200, 100)])
    assert receive(path, CONFIG).page_count == 1


@pytest.mark.parametrize("name", ["missing.pdf", "folder", "x" * 300])
def test_a_path_that_is_no_file_is_a_usage_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError):
        receive(tmp_path / name, CONFIG)


def test_a_pipe_is_refused_at_once_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="not a regular file"):
        receive(tmp_path / "pipe", CONFIG)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_bad_input(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", print_lines)
    path.chmod(0)
    with pytest.raises(BadInput, match="permissions"):
        receive(path, CONFIG)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"max_bytes": 100}, "max_bytes"),
        ({"max_pixels": 10_000}, "200 x 100 pixels, more than the limit of 10,000"),
        ({"min_side": 101}, "200 x 100 pixels and each side must have 101"),
    ],
)
def test_each_limit_is_named_with_its_number(tmp_path: Path, limits: dict[str, int], said: str) -> None:
    path = tmp_path / "a.png"
    noise(200, 100).save(path)
    assert receive(path, CONFIG)
    with pytest.raises(BadInput, match=said):
        receive(path, Config(**limits))  # type: ignore[arg-type]


def test_a_pdf_with_too_many_pages_is_refused(tmp_path: Path) -> None:
    def two_pages(canvas: Canvas) -> None:
        print_lines(canvas)
        canvas.showPage()

    path = pdf_of(tmp_path / "a.pdf", two_pages)
    assert receive(path, replace(CONFIG, max_pages=2)).page_count == 2
    with pytest.raises(BadInput, match="2 pages, more than the limit of 1"):
        receive(path, replace(CONFIG, max_pages=1))


def _encrypted(path: Path, user_password: str) -> Path:
    lock = StandardEncryption(user_password, ownerPassword="owner", canPrint=0)
    canvas = Canvas(str(path), encrypt=lock)
    print_lines(canvas)
    canvas.save()
    return path


def test_an_encrypted_pdf_asks_for_its_password(tmp_path: Path) -> None:
    path = _encrypted(tmp_path / "a.pdf", "secret")
    with pytest.raises(BadInput, match="encrypted: give its password with --password"):
        receive(path, CONFIG)
    with pytest.raises(BadInput, match="the password given does not open it"):
        receive(path, replace(CONFIG, password="wrong"))  # noqa: S106
    document = receive(path, replace(CONFIG, password="secret"))  # noqa: S106
    assert (document.page_count, document.password) == (1, "secret")


def test_a_pdf_with_an_owner_password_only_opens_without(tmp_path: Path) -> None:
    assert receive(_encrypted(tmp_path / "a.pdf", ""), CONFIG).page_count == 1


def test_bytes_of_no_format_are_none() -> None:
    assert detect_format(b"hello, world") is None
    assert detect_format(b"") is None
    assert detect_format(b"BMW is a car maker") is None
    assert detect_format(b"\x00\x00\x00\x18ftypisom") is None  # a video


@pytest.mark.parametrize(
    ("spec", "count", "pages"),
    [
        (None, 3, (1, 2, 3)),
        ("1-3,7", 10, (1, 2, 3, 7)),
        ("2", 3, (2,)),
        ("2-", 4, (2, 3, 4)),
        ("3,1,2-3", 5, (1, 2, 3)),
        ("2-99", 4, (2, 3, 4)),
        (" 1 - 2 , 4", 5, (1, 2, 4)),
    ],
)
def test_page_ranges(spec: str | None, count: int, pages: tuple[int, ...]) -> None:
    assert page_range(spec, count) == pages


@pytest.mark.parametrize("spec", ["", "a", "0", "0-2", "3-1", "1,,2", "-3", "1-2-3", "1.5", "²"])
def test_nonsense_for_pages_is_a_usage_error(spec: str) -> None:
    with pytest.raises(UsageError, match="--pages"):
        page_range(spec, 5)


def test_the_process_wide_bound_of_pillow_is_not_touched(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    noise(100, 100).save(tmp_path / "a.png")
    receive(tmp_path / "a.png", CONFIG)
    assert before == Image.MAX_IMAGE_PIXELS
