"""Tesseract behind its seam: words where they stand, and errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import BadPage, MissingDependency
from engine.ocr import Ocr, tesseract
from engine.ocr.tesseract import LETTER_HEIGHT, Tesseract, letter_height, letter_scale, rows_to_words
from engine.page import PageImage
from tests.making import SENTENCES, page_of_print


def test_words_come_with_boxes_confidence_and_lines() -> None:
    reader: Ocr = Tesseract()
    words = reader.read(PageImage(1, np.asarray(page_of_print()), None))
    text = " ".join(word.text for word in words)
    assert SENTENCES[0] in text
    fox = next(word for word in words if word.text == "fox")
    lazy = next(word for word in words if word.text == "lazy")
    assert fox.line == lazy.line
    assert fox.box.x1 < lazy.box.x0
    assert 40 / 800 < fox.box.cy < 80 / 800
    assert all(0 <= word.confidence <= 1 for word in words)


def test_a_time_out_is_told_as_the_pages_fault() -> None:
    with pytest.raises(BadPage, match=r"page 3: Tesseract took longer than 0\.001 s"):
        Tesseract(timeout=0.001).read(PageImage(3, np.asarray(page_of_print()), None))


def test_a_language_that_is_not_there_names_its_package() -> None:
    with pytest.raises(MissingDependency, match="apt install tesseract-ocr-xxx"):
        Tesseract("eng+xxx").read(PageImage(1, np.asarray(page_of_print()), None))


def test_a_missing_binary_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    tesseract.version.cache_clear()
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", "no-such-tesseract")
    try:
        with pytest.raises(MissingDependency, match="apt install tesseract-ocr"):
            tesseract.version()
    finally:
        tesseract.version.cache_clear()


def test_letters_are_scaled_to_what_the_reader_likes() -> None:
    assert letter_scale(None, slip=True) == 1
    assert letter_scale(20.0, slip=False) == 1  # print of a usual size stays as it is
    assert letter_scale(8.0, slip=False) == pytest.approx(LETTER_HEIGHT / 8)
    assert letter_scale(2.0, slip=True) == 3  # never more than threefold
    height = letter_height(np.asarray(page_of_print(size=26)))
    assert height is not None
    assert 10 < height < 22


def test_an_empty_page_has_no_words_and_no_letters() -> None:
    blank = np.full((400, 300), 255, np.uint8)
    assert letter_height(blank) is None
    assert Tesseract().read(PageImage(1, blank, None)) == ()


def test_blocks_and_paragraphs_become_lines_in_reading_order() -> None:
    rows = {
        "text": ["One", " ", "two", "three"],
        "block_num": [1, 1, 1, 2],
        "par_num": [1, 1, 1, 1],
        "line_num": [1, 1, 1, 1],
        "left": [0, 0, 50, 0],
        "top": [0, 0, 0, 50],
        "width": [10, 1, 10, 10],
        "height": [10, 1, 10, 10],
        "conf": [96.5, -1, 30, 101],
        "size": [100, 100],
    }
    words = rows_to_words(rows)
    assert [(w.text, w.line) for w in words] == [("One", 0), ("two", 0), ("three", 1)]
    assert [w.confidence for w in words] == [0.965, 0.3, 1.0]
    assert words[1].box.as_list() == [0.5, 0.0, 0.6, 0.1]
