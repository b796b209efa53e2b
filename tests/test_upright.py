"""Pages of print are turned upright, and what is upright or unclear is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.errors import MissingDependency
from engine.page import PageImage
from engine.upright import upright
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
