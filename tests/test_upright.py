"""Pages of print are turned upright, and what is upright or unclear is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.config import Config
from engine.errors import MissingDependency
from engine.ocr.tesseract import Tesseract
from engine.page import PageImage
from engine.reading import read_page
from engine.receive import receive
from engine.upright import reads_upright, upright
from tests.making import noise, page_of_print


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_of_print_is_turned_upright(turned: int) -> None:
    """``turned`` is how far the scan was turned counter-clockwise, so the way back is clockwise."""
    original = np.asarray(page_of_print())
    image = PageImage(3, np.ascontiguousarray(np.rot90(original, turned // 90)), 150)
    back = upright(image)
    assert back.rotation == turned
    assert np.array_equal(back.pixels, original)
    assert (back.page, back.dpi) == (3, 150)


def test_colour_is_turned_too() -> None:
    original = np.asarray(page_of_print().convert("RGB"))
    back = upright(PageImage(1, np.ascontiguousarray(original[::-1, ::-1]), None))
    assert np.array_equal(back.pixels, original)


@pytest.mark.parametrize("picture", [Image.new("L", (400, 300), 255), Image.new("L", (40, 33), 0), noise(150, 100)])
def test_pages_without_print_are_left_as_they_are(picture: Image.Image) -> None:
    assert upright(PageImage(1, np.asarray(picture), None)).rotation == 0


def test_a_missing_tesseract_names_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", "no-such-tesseract")
    with pytest.raises(MissingDependency, match="apt install tesseract-ocr"):
        upright(PageImage(1, np.asarray(page_of_print()), None))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_read_first_and_asked_about_only_where_that_shows_no_upright_page(turn: int, tmp_path: Path) -> None:
    sheet = page_of_print().rotate(-turn, expand=True)
    sheet.save(tmp_path / "sheet.png", dpi=(150, 150))
    reading = read_page(receive(tmp_path / "sheet.png", Config()), 1, Tesseract(), Config())
    assert reading.rotation == (360 - turn) % 360
    assert reads_upright(reading.words, PageImage(1, np.zeros((reading.height, reading.width), np.uint8), None))
