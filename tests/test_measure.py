"""Signals: honest counts on pages made to have one property."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.measure import page_signals, plausible
from engine.ocr.tesseract import Tesseract
from engine.page import PageImage, Pixels, Reading
from engine.route import decide_route
from tests.making import page_of_print

EXPECTED = {"handwriting", "table", "layout", "degradation", "ink", "script", "ocr_confidence", "columns"}


def signals(pixels: Pixels) -> dict[str, float]:
    image = PageImage(1, pixels, None)
    return page_signals(image, Tesseract().read(image))[0]


def ruled_page() -> Pixels:
    """Six rows and four columns of numbers in ruled boxes."""
    image = Image.new("L", (1000, 800), 255)
    draw = ImageDraw.Draw(image)
    for row in range(7):
        draw.line((80, 100 + 80 * row, 920, 100 + 80 * row), fill=0, width=3)
        for column in range(4):
            if row < 6:
                draw.text(
                    (100 + 210 * column, 125 + 80 * row),
                    f"{(row + 3) * (column + 7)}.50",
                    fill=0,
                    font_size=30,
                )
    for column in range(5):
        draw.line((80 + 210 * column, 100, 80 + 210 * column, 580), fill=0, width=3)
    return np.asarray(image)


def test_every_signal_is_a_share() -> None:
    found = signals(np.asarray(page_of_print()))
    assert set(found) >= EXPECTED
    assert all(0 <= found[name] <= 1 for name in EXPECTED)


def test_print_is_neither_handwriting_nor_table() -> None:
    found = signals(np.asarray(page_of_print()))
    assert found["handwriting"] < 0.3
    assert found["table"] < 0.5
    assert found["ocr_confidence"] > 0.8
    assert found["script"] > 0.8


def test_a_ruled_table_is_a_table_with_a_box() -> None:
    image = PageImage(1, ruled_page(), None)
    found, regions = page_signals(image, Tesseract().read(image))
    assert found["table"] > 0.5
    (table,) = [region for region in regions if region.kind == "table"]
    assert table.box.x0 == pytest.approx(0.08, abs=0.03)
    assert table.box.y1 == pytest.approx(580 / 800, abs=0.03)


def test_a_blank_page_has_no_ink_and_no_kind() -> None:
    found = signals(np.full((800, 1000), 250, np.uint8))
    assert (found["ink"], found["handwriting"], found["table"]) == (0.0, 0.0, 0.0)


def test_a_faint_page_is_degraded() -> None:
    crisp = np.asarray(page_of_print())
    faint = (200 + crisp.astype(int) * 40 // 255).astype(np.uint8)
    assert signals(faint)["degradation"] > signals(crisp)["degradation"] + 0.2


@pytest.mark.parametrize("text", ["Total", "12,30", "INVOICE", "don't", "A4", "25/12/2018"])
def test_words_and_numbers_are_plausible(text: str) -> None:
    assert plausible(text)


@pytest.mark.parametrize("text", ["xkqzt", "~~", "aS|dk", "l1lIl1lIl"])
def test_what_ocr_makes_of_pen_strokes_is_not(text: str) -> None:
    assert not plausible(text)


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (32, 250_000), (2, 2)])
def test_a_page_of_any_shape_is_measured(shape: tuple[int, int]) -> None:
    signals, _ = page_signals(PageImage(1, np.full(shape, 255, np.uint8), None), ())
    assert all(0 <= value <= 1 for name, value in signals.items() if name != "words")


def test_faint_handwriting_is_no_blank_page_and_no_good_print() -> None:
    letter = Path(__file__).parents[1] / "fixtures" / "letter_handwritten" / "letter.jpg"
    with Image.open(letter) as page:
        faint = (255 - (255 - np.asarray(page.convert("L"), dtype=np.float64)) * 20 / 255).round().astype(np.uint8)
    signals, regions = page_signals(PageImage(1, faint, None), ())
    assert signals["handwriting"] > 0.5
    assert regions
    assert decide_route(Reading(1, signals=signals)).cause == "handwriting"
