"""A page as images: within every limit of the row, whole, in order, and legible."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from engine.errors import UsageError
from engine.page import Box, PageImage, Pixels, Word
from engine.vlm.fit import LEGIBLE, cut_between_lines, fit_page, word_height
from engine.vlm.image import Image, size_of
from engine.vlm.model import ImageTokens, Model

ROOMY = Model(
    provider="openai-compatible",
    name="test",
    vision=True,
    formats=("image/png", "image/jpeg"),
    image_bytes=50_000_000,
    request_bytes=200_000_000,
    side=10_000,
    pixels=100_000_000,
    images=8,
    output_tokens=1000,
    dialect="openai",
)


def page(pixels: Pixels) -> PageImage:
    return PageImage(3, pixels, 300.0, 90)


def numbered(height: int, width: int) -> Pixels:
    """A page whose rows tell their own height, coarsely enough to survive shrinking and JPEG."""
    ramp = np.linspace(0, 255, height).astype(np.uint8)
    return np.repeat(ramp[:, None], width, axis=1)


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def printed(lines: int, pitch: int = 40, width: int = 800) -> Pixels:
    sheet = Pillow.new("L", (width, lines * pitch + pitch), 255)
    font = ImageFont.load_default(pitch * 0.5)
    for number in range(lines):
        ImageDraw.Draw(sheet).text((40, pitch * (number + 0.5)), f"Item {number}  gypsum  {number * 7}.25", 0, font)
    return np.asarray(sheet, dtype=np.uint8)


def decoded(image: Image) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(base64.b64decode(image.data)))
    assert picture.get_format_mimetype() == image.mime_type
    return picture


# ------------------------------------------------------------------------------------------------------ whole


def test_a_page_within_all_limits_goes_as_it_is() -> None:
    pixels = printed(20)
    fitted = fit_page(page(pixels), 14.0, ROOMY)
    assert fitted.note == ""
    (image,) = fitted.images
    assert image.mime_type == "image/png"  # smaller for clean print
    assert np.array_equal(np.asarray(decoded(image)), pixels)


def test_a_photo_goes_as_jpeg_in_its_colours() -> None:
    (image,) = fit_page(page(noise(400, 300)), 14.0, ROOMY).images
    assert image.mime_type == "image/jpeg"
    assert (decoded(image).mode, decoded(image).size) == ("RGB", (300, 400))


def test_a_small_page_is_not_enlarged() -> None:
    (image,) = fit_page(page(printed(2)), 4.0, ROOMY).images
    assert size_of(image) == (800, 120)


def test_side_and_pixels_shrink_a_page_whose_letters_bear_it() -> None:
    sheet = page(numbered(3000, 2000))
    (by_side,) = fit_page(sheet, 40.0, replace(ROOMY, side=1500)).images
    assert size_of(by_side) == (1000, 1500)
    (by_pixels,) = fit_page(sheet, 40.0, replace(ROOMY, pixels=1_500_000)).images
    assert size_of(by_pixels) == (1000, 1500)


def test_squares_that_are_partly_filled_count_against_the_cap() -> None:
    model = replace(ROOMY, pixels=784 * 1568, image_tokens=ImageTokens(28, Decimal(1), 1568))
    (image,) = fit_page(page(numbered(3508, 2480)), 60.0, model).images
    width, height = size_of(image)
    assert -(-width // 28) * -(-height // 28) <= 1568
    assert width * height > 0.9 * model.pixels


def test_unknown_letters_leave_an_ordinary_page_whole_and_cut_a_long_slip() -> None:
    model = replace(ROOMY, side=1568, pixels=1_229_312)
    assert len(fit_page(page(numbered(2339, 1654)), None, model).images) == 1
    assert len(fit_page(page(numbered(6000, 800)), None, model).images) > 1


# ------------------------------------------------------------------------------------------------------ parts


def test_a_fine_page_goes_in_bands_from_top_to_bottom() -> None:
    sheet, letter = page(numbered(3508, 2480)), 20.0
    model = replace(ROOMY, side=1568, pixels=1_229_312)
    fitted = fit_page(sheet, letter, model)
    count = len(fitted.images)
    assert fitted.note == f"{count} overlapping bands, top to bottom"
    assert count > 1
    scale = size_of(fitted.images[0])[0] / 2480
    assert letter * scale >= LEGIBLE - 0.05
    edges = [(rows[0].mean(), rows[-1].mean()) for rows in (np.asarray(decoded(i), dtype=float) for i in fitted.images)]
    line = 255 / 3508 * 2 * letter  # one line of text in steps of the ramp
    for (_, end), (start, _) in pairwise(edges):
        assert end - start >= 2.4 * line
    assert edges[0][0] < 2
    assert edges[-1][1] > 253


def test_as_few_bands_as_keep_letters_legible() -> None:
    sheet, letter = page(numbered(3508, 2480)), 20.0
    model = replace(ROOMY, side=1568, pixels=1_229_312)
    fewest = len(fit_page(sheet, letter, model).images)
    fitted = fit_page(sheet, letter, replace(model, images=fewest - 1))
    assert len(fitted.images) == fewest - 1
    assert "too small to read" in fitted.note


def test_a_page_too_wide_for_bands_goes_in_tiles() -> None:
    sheet = page(np.tile(np.linspace(0, 255, 4000).astype(np.uint8), (2500, 1)))
    fitted = fit_page(sheet, LEGIBLE, replace(ROOMY, side=1500))
    assert fitted.note == "6 overlapping tiles in 2 rows of 3, left to right, top to bottom"
    lefts = [float(np.asarray(decoded(image), dtype=float)[:, 0].mean()) for image in fitted.images]
    assert lefts[0] < lefts[1] < lefts[2]
    assert np.allclose(lefts[:3], lefts[3:], atol=3)


def test_bands_go_before_tiles_even_where_tiles_are_fewer() -> None:
    fitted = fit_page(page(numbered(1000, 3000)), 15.0, replace(ROOMY, pixels=500_000))  # 1 row of 3 would do
    assert fitted.note == "4 overlapping bands, top to bottom"


def test_a_model_that_takes_one_image_gets_one_and_is_told() -> None:
    fitted = fit_page(page(numbered(4000, 3000)), 12.0, replace(ROOMY, side=1000, images=1))
    assert [size_of(image) for image in fitted.images] == [(750, 1000)]
    assert fitted.note == "letters are 3 pixels high, which may be too small to read"


def test_letters_that_are_small_already_are_not_shrunk_further() -> None:
    fitted = fit_page(page(numbered(3000, 1500)), 7.0, replace(ROOMY, side=2000))
    assert {size_of(image)[0] for image in fitted.images} == {1500}
    assert fitted.note == "2 overlapping bands, top to bottom"


# ---------------------------------------------------------------------------------------------- bytes, format


def test_bytes_lower_the_quality_before_the_size() -> None:
    sheet = page(noise(600, 600))
    (free,) = fit_page(sheet, 40.0, ROOMY).images
    (tight,) = fit_page(sheet, 40.0, replace(ROOMY, image_bytes=int(len(free.data) * 0.7))).images
    assert len(tight.data) <= len(free.data) * 0.7
    assert size_of(tight) == (600, 600)
    (tighter,) = fit_page(sheet, 40.0, replace(ROOMY, image_bytes=len(free.data) // 5)).images
    assert len(tighter.data) <= len(free.data) // 5
    assert size_of(tighter)[0] == size_of(tighter)[1] < 600


def test_letters_that_bytes_make_illegible_are_told() -> None:
    fitted = fit_page(page(noise(600, 600)), 12.0, replace(ROOMY, image_bytes=20_000))
    assert "too small to read" in fitted.note


def test_all_parts_together_keep_to_the_request() -> None:
    model = replace(ROOMY, side=700, request_bytes=400_000)
    fitted = fit_page(page(noise(1800, 600)), 10.0, model)
    assert len(fitted.images) > 1
    assert sum(len(image.data) for image in fitted.images) <= 360_000


@pytest.mark.parametrize(
    ("formats", "mime"),
    [
        (("image/png",), "image/png"),
        (("image/jpeg", "image/gif"), "image/jpeg"),
        (("image/webp",), "image/webp"),
        (("image/png", "image/webp"), "image/webp"),
    ],
)
def test_only_formats_of_the_row_are_sent(formats: tuple[str, ...], mime: str) -> None:
    (image,) = fit_page(page(noise(200, 200)), None, replace(ROOMY, formats=formats)).images
    assert image.mime_type == mime == Pillow.MIME[decoded(image).format or ""]


def test_png_alone_shrinks_where_bytes_force_it() -> None:
    model = replace(ROOMY, formats=("image/png",), image_bytes=100_000)
    (image,) = fit_page(page(noise(400, 400)), None, model).images
    assert len(image.data) <= 100_000


def test_a_row_with_no_format_to_write_is_an_error() -> None:
    with pytest.raises(UsageError, match="formats"):
        fit_page(page(numbered(50, 50)), None, replace(ROOMY, formats=("image/gif",)))


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 1500),
    width=st.integers(1, 1500),
    letter=st.none() | st.floats(1, 300),
    side=st.integers(50, 2000),
    pixels=st.integers(2_000, 1_000_000),
    images=st.integers(1, 6),
    cap=st.sampled_from((0, 30, 400)),
)
def test_every_limit_holds_for_every_page(
    height: int, width: int, letter: float | None, side: int, pixels: int, images: int, cap: int
) -> None:
    model = replace(
        ROOMY, side=side, pixels=pixels, images=images, image_bytes=60_000, request_bytes=200_000,
        image_tokens=ImageTokens(28, Decimal(1), cap),
    )  # fmt: skip
    fitted = fit_page(page(numbered(height, width)), letter, model)
    assert 1 <= len(fitted.images) <= images
    assert (fitted.note == "") or len(fitted.images) > 1 or "too small" in fitted.note
    for image in fitted.images:
        across, down = size_of(image)
        assert max(across, down) <= side
        assert across * down <= pixels
        assert across <= width
        assert down <= height
        assert not cap or -(-across // 28) * -(-down // 28) <= cap
        assert len(image.data) <= 60_000
    assert sum(len(image.data) for image in fitted.images) <= 200_000


def test_the_same_page_gives_the_same_bytes() -> None:
    sheet = page(printed(20))
    model = replace(ROOMY, side=700)
    assert fit_page(sheet, 14.0, model) == fit_page(sheet, 14.0, model)


def test_the_height_of_words_is_the_median_of_their_boxes() -> None:
    words = [Word("a", Box(0, 0.1, 0.1, 0.1 + height), 0.9, 0) for height in (0.01, 0.012, 0.5)]
    assert word_height(words, 1000) == pytest.approx(12.0)
    assert word_height([], 1000) is None


# -------------------------------------------------------------------------------------------------- cut in two


def test_a_page_is_cut_between_lines_and_nothing_is_lost_or_doubled() -> None:
    sheet = page(printed(20))
    cut = cut_between_lines(sheet)
    assert cut is not None
    upper, lower, at = cut
    assert np.array_equal(np.concatenate([upper.pixels, lower.pixels]), sheet.pixels)
    assert at == upper.height / sheet.height
    assert 1 / 3 <= at <= 2 / 3
    assert (upper.pixels[-3:] == 255).all()  # the cut is within a gap, not at a letter's edge
    assert (lower.pixels[:3] == 255).all()
    assert (upper.page, upper.dpi, upper.rotation, lower.page) == (3, 300.0, 90, 3)


def test_a_cut_keeps_away_from_a_line_of_print_in_colour() -> None:
    pixels = np.full((600, 400, 3), 230, dtype=np.uint8)
    pixels[180:320, 20:380] = (20, 20, 160)  # blue, over the middle
    pixels[330:420, 20:380] = (160, 20, 20)
    cut = cut_between_lines(page(pixels))
    assert cut is not None
    assert 320 <= cut[0].height <= 330


def test_the_highest_gap_is_cut_and_not_the_one_nearest_to_the_middle() -> None:
    pixels = np.zeros((600, 400), dtype=np.uint8)
    pixels[:100] = 255
    pixels[298:302] = 255
    pixels[340:360] = 255
    cut = cut_between_lines(page(pixels))
    assert cut is not None
    assert cut[0].height == 350


@pytest.mark.parametrize("height", [1, 199])
def test_a_low_page_is_not_cut(height: int) -> None:
    assert cut_between_lines(page(numbered(height, 300))) is None


@pytest.mark.parametrize("fill", [0, 255])
def test_a_page_of_one_colour_is_cut_in_the_middle(fill: int) -> None:
    cut = cut_between_lines(page(np.full((400, 300), fill, dtype=np.uint8)))
    assert cut is not None
    assert cut[2] == pytest.approx(0.5, abs=0.01)
