"""Any page of any file becomes upright grey or RGB pixels, and nothing of it is squeezed or lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from engine.config import Config
from engine.errors import BadPage
from engine.page import PageImage, Pixels
from engine.prepare import prepare
from engine.receive import receive
from tests.making import noise, page_of_print, pdf_of, print_lines

CONFIG = Config()


def _prepared(path: Path, page: int = 1) -> PageImage:
    return prepare(receive(path, CONFIG), page, CONFIG)


def _saved(tmp_path: Path, image: Image.Image, format: str, **options: object) -> Path:
    path = tmp_path / "a"
    image.save(path, format, **options)  # type: ignore[arg-type]
    return path


def _quarters() -> Image.Image:
    """White, a dark quarter top left and a middle grey one bottom right: no turn looks the same."""
    image = Image.new("L", (160, 120), 255)
    image.paste(20, (0, 0, 80, 60))
    image.paste(128, (80, 60, 160, 120))
    return image


def _corners(pixels: Pixels) -> list[int]:
    """Grey in the middle of the four quarters: top left, top right, bottom left, bottom right."""
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    height, width = grey.shape
    return [int(grey[height * y // 4, width * x // 4]) for y in (1, 3) for x in (1, 3)]


def _alpha(image: Image.Image, mode: str) -> Image.Image:
    """``image`` as ink on a transparent sheet whose hidden colour is black."""
    sheet = Image.new("RGBA", image.size, (0, 0, 0, 0))
    sheet.paste(image.convert("RGBA"), mask=image.point(lambda value: 255 if value < 200 else 0))
    return sheet.convert(mode)


def _palette_alpha(image: Image.Image) -> Image.Image:
    palette = image.quantize(8)
    palette.info["transparency"] = palette.getpixel((159, 0))
    return palette


def _wide(image: Image.Image, scale: float, kind: str) -> Image.Image:
    return Image.fromarray((np.asarray(image).astype(np.float64) * scale).astype(kind))


def _lab(image: Image.Image) -> Image.Image:
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    made = ImageCms.profileToProfile(image.convert("RGB"), rgb, lab, outputMode="LAB")
    assert made is not None
    return made


MODES: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "L": (lambda image: image, "PNG"),
    "RGB": (lambda image: image.convert("RGB"), "PNG"),
    "P": (lambda image: image.quantize(8), "PNG"),
    "P in GIF": (lambda image: image.quantize(8), "GIF"),
    "P with transparency": (_palette_alpha, "PNG"),
    "RGBA": (lambda image: _alpha(image, "RGBA"), "PNG"),
    "RGBA in WebP": (lambda image: _alpha(image, "RGBA"), "WEBP"),
    "LA": (lambda image: _alpha(image, "LA"), "PNG"),
    "CMYK in JPEG (Adobe's inversion)": (lambda image: image.convert("CMYK"), "JPEG"),
    "CMYK in TIFF": (lambda image: image.convert("CMYK"), "TIFF"),
    "YCbCr": (lambda image: image.convert("YCbCr"), "TIFF"),
    "LAB": (_lab, "TIFF"),
    "I;16": (lambda image: _wide(image, 257, "<u2"), "PNG"),
    "I;16 of 12 bits": (lambda image: _wide(image, 4095 / 255, "<u2"), "TIFF"),
    "I;16 with bytes in it": (lambda image: _wide(image, 1, "<u2"), "TIFF"),
    "I": (lambda image: _wide(image, 257, "<i4"), "TIFF"),
    "F of 0 to 1": (lambda image: _wide(image, 1 / 255, "<f4"), "TIFF"),
    "F of 0 to 255": (lambda image: _wide(image, 1, "<f4"), "TIFF"),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_colour_mode_gives_the_same_grey_page(tmp_path: Path, mode: str) -> None:
    convert, format = MODES[mode]
    image = _prepared(_saved(tmp_path, convert(_quarters()), format))
    assert image.pixels.shape == (120, 160)
    assert image.pixels.dtype == np.uint8
    assert np.allclose(_corners(image.pixels), [20, 255, 255, 128], atol=12)


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    image = _prepared(_saved(tmp_path, _quarters().point(lambda v: 255 if v > 200 else 0).convert("1"), "TIFF"))
    assert _corners(image.pixels) == [0, 255, 255, 0]


def test_colour_stays_and_grey_stored_as_colour_becomes_grey(tmp_path: Path) -> None:
    page = page_of_print(600, 400).convert("RGB")
    assert _prepared(_saved(tmp_path, page, "JPEG", quality=60)).pixels.ndim == 2
    page.paste((30, 60, 200), (300, 200, 340, 206))  # a stroke of a blue pen
    assert _prepared(_saved(tmp_path, page, "JPEG", quality=60)).pixels.shape == (400, 600, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, format: str) -> None:
    """The file is stored turned, as a camera does; the tag tells how to turn it back."""
    inverse = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = _quarters() if inverse is None else _quarters().transpose(inverse)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = _prepared(_saved(tmp_path, stored, format, exif=exif))
    assert (image.width, image.height) == (160, 120)
    assert np.allclose(_corners(image.pixels), [20, 255, 255, 128], atol=12)


@pytest.mark.parametrize(
    ("size", "stated", "dpi"),
    [
        ((1700, 2200), 200, 200),
        ((850, 1100), 96, 96),
        ((4000, 3000), 72, None),  # a camera's default: the page would be 55 inches
        ((600, 400), 1200, None),  # a stamp of half an inch
        ((600, 400), 20, None),
        ((600, 400), None, None),
    ],
)
def test_dpi_is_believed_where_it_can_be_true(
    tmp_path: Path, size: tuple[int, int], stated: int | None, dpi: float | None
) -> None:
    options = {} if stated is None else {"dpi": (stated, stated)}
    image = _prepared(_saved(tmp_path, Image.new("L", size, 255), "JPEG", **options))
    assert image.dpi == (None if dpi is None else pytest.approx(dpi, abs=0.5))


def test_oblong_pixels_of_a_fax_are_made_square(tmp_path: Path) -> None:
    fax = Image.new("1", (1728, 1100), 1)
    image = _prepared(_saved(tmp_path, fax, "TIFF", dpi=(204, 98)))
    assert (image.width, image.height, image.dpi) == (1728, round(1100 * 204 / 98), 204)


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    first, second = Image.new("L", (100, 50), 10), Image.new("RGB", (60, 80), (200, 0, 0))
    path = _saved(tmp_path, first, "TIFF", save_all=True, append_images=[second])
    assert _prepared(path, 1).pixels.shape == (50, 100)
    assert _prepared(path, 2).pixels.shape == (80, 60, 3)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    other = Image.new("L", (160, 120), 0)
    image = _prepared(_saved(tmp_path, _quarters(), "GIF", save_all=True, append_images=[other]))
    assert np.allclose(_corners(image.pixels), [20, 255, 255, 128], atol=12)


# ------------------------------------------------------------------------------------------------------ PDFs


def _scan(canvas: Canvas, image: Image.Image, box: tuple[float, float, float, float]) -> None:
    canvas.drawImage(ImageReader(image), *box)


def test_a_page_that_is_one_image_gives_that_image(tmp_path: Path) -> None:
    scan = noise(850, 1100)

    def draw(canvas: Canvas) -> None:
        _scan(canvas, scan, (0, 0, 612, 792))
        text = canvas.beginText(72, 700)
        text.setTextRenderMode(3)  # an old OCR layer
        text.textLine("old words")
        canvas.drawText(text)

    image = _prepared(pdf_of(tmp_path / "a.pdf", draw))
    assert np.array_equal(image.pixels, np.asarray(scan))
    assert image.dpi == pytest.approx(100)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_the_rotation_of_a_page_turns_its_image(tmp_path: Path, rotation: int) -> None:
    scan = noise(850, 1100)

    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        _scan(canvas, scan, (0, 0, 612, 792))

    size = (612, 792) if rotation == 180 else (792, 612)  # reportlab swaps them for a turned page
    image = _prepared(pdf_of(tmp_path / "a.pdf", draw, size))
    assert np.array_equal(image.pixels, np.rot90(np.asarray(scan), -rotation // 90))


def test_what_is_drawn_over_a_scan_is_seen(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        _scan(canvas, Image.new("L", (1224, 1584), 255), (0, 0, 612, 792))
        canvas.rect(100, 100, 200, 200, fill=1)

    assert _prepared(pdf_of(tmp_path / "a.pdf", draw)).pixels.min() == 0


def test_an_image_squeezed_on_its_page_is_seen_as_the_page_shows_it(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        _scan(canvas, noise(850, 550), (0, 0, 612, 792))

    image = _prepared(pdf_of(tmp_path / "a.pdf", draw))
    assert image.height / image.width == pytest.approx(792 / 612, abs=0.01)


def test_a_digital_page_is_drawn_at_300_dpi(tmp_path: Path) -> None:
    image = _prepared(pdf_of(tmp_path / "a.pdf", print_lines))
    assert (image.width, image.dpi) == (2550, pytest.approx(300))
    assert image.pixels.ndim == 2


@pytest.mark.parametrize(("native", "drawn"), [(72, 100), (288, 288), (864, 400)])
def test_a_scan_with_margins_is_drawn_at_its_own_resolution_within_bounds(
    tmp_path: Path, native: int, drawn: int
) -> None:
    def draw(canvas: Canvas) -> None:
        _scan(canvas, Image.new("L", (5 * native, 8 * native), 128), (126, 108, 360, 576))  # 5 x 8 inches

    assert _prepared(pdf_of(tmp_path / "a.pdf", draw)).dpi == pytest.approx(drawn, abs=1)


def test_form_values_and_annotations_are_drawn(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.acroForm.textfield(value="Filled in", x=100, y=600, width=300, height=30, borderWidth=0)

    image = _prepared(pdf_of(tmp_path / "a.pdf", draw))
    assert (image.pixels < 80).sum() > 300


def test_colour_in_a_pdf_stays(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0.8, 0.1, 0.1)
        canvas.rect(100, 100, 200, 200, fill=1)

    pixels = _prepared(pdf_of(tmp_path / "a.pdf", draw)).pixels
    assert pixels.ndim == 3
    middle = pixels[int((792 - 200) / 72 * 300), int(200 / 72 * 300)]
    assert middle[0] > 150  # red comes first
    assert middle[2] < 60


def test_a_page_past_the_end_is_a_bad_page(tmp_path: Path) -> None:
    with pytest.raises(BadPage, match="page 2"):
        _prepared(pdf_of(tmp_path / "a.pdf", print_lines), 2)


def test_max_pixels_holds_for_what_is_drawn(tmp_path: Path) -> None:
    config = replace(CONFIG, max_pixels=1_000_000)
    image = prepare(receive(pdf_of(tmp_path / "a.pdf", print_lines), config), 1, config)
    assert 950_000 < image.width * image.height <= 1_000_000
