"""Pages drawn with what was measured: boxes where they belong, in the colour of their confidence, and the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli import main
from engine.config import Config
from engine.errors import UsageError
from engine.explain import (
    DIGITAL,
    DOUBTFUL,
    REGIONS,
    SURE,
    UNSURE,
    explained,
    targets,
    word_colour,
    write_explained,
)
from engine.page import Box, Reading, Region, Word
from engine.picture import LONGEST, page_picture
from engine.receive import receive
from engine.route import Decision, PageRoute
from tests.making import page_of_print, pdf_of, print_lines

DOUBT = Word("doubt", Box(0.5, 0.5, 0.7, 0.6), 0.3, 0)
WRITING = Region("handwriting", Box(0.1, 0.2, 0.4, 0.5), 0.9)
BY_OCR = Decision("ocr", "ocr", "print that OCR reads well")
SHEET = Image.new("RGB", (1200, 1500), "white")


def picture(reading: Reading, decision: Decision = BY_OCR) -> Image.Image:
    return explained(SHEET, PageRoute(reading, decision))


def bounds(image: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn in about *colour* on the page."""
    pixels = np.asarray(image)[: SHEET.height].astype(int)
    ys, xs = np.nonzero(np.abs(pixels - colour).max(axis=2) < 60)
    return xs.min(), ys.min(), xs.max(), ys.max()


def test_a_word_is_framed_where_it_was_read_in_the_colour_of_its_confidence() -> None:
    drawn = picture(Reading(1, 100, 100, words=(DOUBT,)))
    assert bounds(drawn, UNSURE) == pytest.approx((600, 750, 840, 900), abs=3)


@pytest.mark.parametrize(
    ("confidence", "source", "colour"),
    [(0.9, "ocr", SURE), (0.7, "ocr", DOUBTFUL), (0.1, "ocr", UNSURE), (1.0, "text_layer", DIGITAL)],
)
def test_colours(confidence: float, source: str, colour: tuple[int, int, int]) -> None:
    assert word_colour(replace(DOUBT, confidence=confidence), source) == colour


def test_a_region_is_framed_with_its_name_above_it() -> None:
    drawn = picture(Reading(1, 100, 100, regions=(WRITING,)))
    left, top, right, bottom = bounds(drawn, REGIONS["handwriting"])
    assert (left, right, bottom) == pytest.approx((120, 480, 750), abs=6)
    assert 300 - 35 < top < 300 - 15  # the label


def test_labels_of_regions_at_one_place_do_not_hide_each_other() -> None:
    table = Region("table", WRITING.box, 0.8)
    drawn = np.asarray(picture(Reading(1, 100, 100, regions=(WRITING, table)))).astype(int)
    for kind in ("handwriting", "table"):
        filled = np.abs(drawn[: SHEET.height] - REGIONS[kind]).max(axis=2) < 25
        assert filled.sum() > 1500, kind  # a label is 130 by 23 pixels less its letters


def test_a_longer_reason_gets_more_room_and_signals_are_drawn() -> None:
    plain = picture(Reading(1, 100, 100))
    longer = picture(Reading(1, 100, 100), replace(BY_OCR, reason="many words " * 40))
    assert longer.height > plain.height > SHEET.height
    one, other = (np.asarray(picture(Reading(1, 100, 100, signals={"table": value}))) for value in (0.2, 0.9))
    blue = [(np.abs(image.astype(int) - REGIONS["table"]).max(axis=2) < 5).sum() for image in (one, other)]
    assert blue[1] > 4 * blue[0] > 0


def test_the_page_is_shown_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    page_of_print().rotate(90, expand=True).save(path)
    drawn = page_picture(receive(path, Config()), 1, 90, Config())
    assert max(drawn.size) == LONGEST
    upright = page_of_print().resize(drawn.size)
    assert np.abs(np.asarray(drawn.convert("L"), float) - np.asarray(upright, float)).mean() < 3


def test_several_pages_are_told_apart_by_their_numbers() -> None:
    assert targets(Path("a/out.png"), [3]) == {3: Path("a/out.png")}
    assert targets(Path("a/out.png"), [1, 7]) == {1: Path("a/out-1.png"), 7: Path("a/out-7.png")}


def test_a_page_that_cannot_be_decoded_still_tells_why(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", print_lines)
    document = receive(path, Config())
    path.write_bytes(b"%PDF-1.7 cut off")
    failed = PageRoute(Reading(1, failure="it is broken"), Decision("ocr", "failed", "it is broken"))
    write_explained(tmp_path / "out.png", document, [failed], Config())
    assert Image.open(tmp_path / "out.png").size[0] >= 900


def test_a_picture_that_would_overwrite_the_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out-2.png"
    page_of_print().save(path)
    pages = [PageRoute(Reading(page), BY_OCR) for page in (1, 2)]
    with pytest.raises(UsageError, match="overwrite"):
        write_explained(tmp_path / "out.png", receive(path, Config()), pages, Config())
    assert [file.name for file in tmp_path.iterdir()] == ["out-2.png"]


def test_route_draws_beside_what_it_prints(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path, out = pdf_of(tmp_path / "a.pdf", print_lines), tmp_path / "new" / "out.png"
    printed = []
    for options in ([], ["--explain", str(out)]):
        with pytest.raises(SystemExit) as end:
            main(["route", str(path), "--json", *options])
        assert end.value.code == 0
        printed.append(json.loads(capsysbinary.readouterr().out))
    assert printed[0] == printed[1]
    assert Image.open(out).format == "PNG"


@pytest.mark.parametrize(("target", "told"), [("a.png", "overwrite"), ("out.jpg", "name it out.png")])
def test_a_target_that_cannot_be_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, told: str
) -> None:
    page_of_print().save(tmp_path / "a.png")
    with pytest.raises(SystemExit) as end:
        main(["route", str(tmp_path / "a.png"), "--explain", str(tmp_path / target)])
    assert end.value.code == 3
    assert told in capsys.readouterr().err
