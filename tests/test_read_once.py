"""What tests share of OCR: a picture that was asked about is not asked about again, anything else is."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadPage
from engine.ocr.paddle import Paddle
from engine.ocr.tesseract import Tesseract
from engine.page import PageImage, Word
from tests.making import page_of_print
from tests.read_once import pictures_read_once

PAGE = PageImage(1, np.asarray(page_of_print()), None)
OTHER = PageImage(1, np.ascontiguousarray(PAGE.pixels[:, ::-1]), None)  # of the same size

COUNTS = """#!/bin/sh
case "$*" in *_input.*) echo asked >> "$0.asked"; [ -e "$0.broken" ] && exit 1 ;; esac
exec "{real}" "$@"
"""


def counting(place: Path) -> Path:
    """A Tesseract at *place* that notes each picture that it is asked about, and fails where told to."""
    place.write_text(COUNTS.format(real=shutil.which("tesseract")))
    place.chmod(0o755)
    return place


def asked(program: Path) -> int:
    notes = program.with_name(f"{program.name}.asked")
    return len(notes.read_text().splitlines()) if notes.exists() else 0


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = counting(tmp_path / "tesseract")
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(program))
    return program


def test_a_picture_is_asked_about_once_and_another_or_in_another_way_anew(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Tesseract().read(PAGE)
    assert asked(program) == 1
    with pictures_read_once(tmp_path):
        assert [Tesseract().read(PAGE), Tesseract().read(PAGE)] == [alone, alone]
        assert asked(program) == 2
        assert Tesseract().read(OTHER) != alone
        assert asked(program) == 3
        Tesseract().read(PageImage(1, PAGE.pixels, 200))  # which Tesseract is told
        assert asked(program) == 4
        own = counting(tmp_path / "own")
        monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(own))
        Tesseract().read(PAGE)
        assert asked(own) == 1


def test_a_failure_is_not_kept(program: Path, tmp_path: Path) -> None:
    broken = program.with_name(f"{program.name}.broken")
    broken.touch()
    with pictures_read_once(tmp_path):
        with pytest.raises(BadPage):
            Tesseract().read(PAGE)
        broken.unlink()
        assert Tesseract().read(PAGE)
    assert asked(program) == 2


def test_the_second_reader_is_asked_once_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, seen = Paddle.read, list[PageImage]()

    def noted(reader: Paddle, image: PageImage) -> tuple[Word, ...]:
        seen.append(image)
        return read(reader, image)

    monkeypatch.setattr(Paddle, "read", noted)
    with pictures_read_once(tmp_path):
        words = Paddle().read(PAGE)
        assert words
        assert Paddle().read(PAGE) == words
        assert Paddle().read(OTHER) != words
    assert len(seen) == 2
