"""Places cut out and read again: what is read there, and what becomes of the accusation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.config import Config
from engine.doctype import load_type
from engine.page import Box, PageImage, Reading, Word
from engine.prepare import prepare
from engine.receive import Document, receive
from engine.result import Field
from engine.witness import crop as cropping
from engine.witness.choice import MOST_QUESTIONS, let_choose, two_texts
from engine.witness.closer import MOST_CROPS, look_closer
from engine.witness.crop import CropLook, Texts
from engine.witness.judgement import Judgement
from engine.witness.sight import Sight
from tests.pages import typed_reading

DOCTYPE = load_type("invoice")
LEAVES = {leaf.pointer: leaf for leaf in DOCTYPE.leaves}
PAGE = """
    Invoice number: MF-20418            Invoice date: 25/03/2024
    Total due                                       1,421.40
"""
SIGHT = Sight("tesseract", (typed_reading(PAGE),), DOCTYPE)
PLACE = Box(0.6, 0.1, 0.7, 0.12)

LINES = ("Subtotal 1,184.50", "Total due 1,421.40", "Paid 900.00")
WIDE, HIGH, STEP = 700, 200, 50


def accused(witness: str, page: int = 1) -> Judgement:
    return Judgement("contradicted", f"there stands {witness}", witness, page, PLACE, "exact", {"rival": 0.9})


def closer(pointer: str, value: Any, witness: str, texts: Texts) -> Judgement:
    return look_closer({pointer: accused(witness)}, {pointer: Field(value)}, SIGHT, lambda *_: texts)[pointer]


# ------------------------------------------------------------------------------------------- accusations


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ({"tesseract": ("1,412.40", "1412.40"), "paddle": ("1,412.40",)}, "contradicted"),
        ({"tesseract": ("1,412.40",), "paddle": ("1,421.40",)}, "silent"),  # one of two reads the claim
        ({"tesseract": ("1,412.40", "1421.40"), "paddle": ("1,412.40",)}, "silent"),  # one way of one reader
        ({"tesseract": ("l,4Z1.4O",), "paddle": ("1,42140",)}, "contradicted"),  # nearly is not read
        ({"tesseract": ("11,421.40",), "paddle": ("1,421.4",)}, "silent"),
        ({"tesseract": ("11,421.40",), "paddle": ("421.40",)}, "contradicted"),
    ],
)
def test_an_accusation_stands_unless_the_claim_is_read_in_the_crop(texts: Texts, verdict: str) -> None:
    found = closer("/total", Decimal("1421.40"), "1,412.40", texts)
    assert found.verdict == verdict
    assert found.evidence == {"rival": 0.9, "crop": float(verdict == "silent")}


@pytest.mark.parametrize(
    ("pointer", "value", "witness", "text", "verdict"),
    [
        ("/date", "2024-03-25", "26/03/2024", "25/03/2024", "silent"),
        ("/date", "2024-03-25", "26/03/2024", "26/03/2024", "contradicted"),
        ("/date", "2024-03-25", "26/03/2024", "25/03/2024 26/03/2024", "contradicted"),  # two dates are none
        ("/date", "2024-03-25", "26/03/24", "26/03/24/25/03/24", "contradicted"),  # glued together
        ("/invoice_number", "MF-20418", "MF-20413", "MF-20418", "silent"),
        ("/invoice_number", "MF-20418", "MF-20413", "MF-20413 MF-20418", "contradicted"),
        ("/invoice_number", "MF-2041", "MF-20418", "MF-20418", "contradicted"),  # whole tokens only
        ("/vendor", "Marlow & Finch", "Marlow & Flinch", "Marlow & Finch", "silent"),
        ("/vendor", "Marlow & Finch", "Marlow & Finch Stationery Supplies", "Marlow & Finch Stationery Supplies",
         "contradicted"),  # a name within another
    ],
)  # fmt: skip
def test_each_kind_is_read_as_it_is_everywhere(pointer: str, value: str, witness: str, text: str, verdict: str) -> None:
    critical = replace(LEAVES[pointer], critical=True)
    doctype = replace(DOCTYPE, leaves=tuple(critical if leaf.pointer == pointer else leaf for leaf in DOCTYPE.leaves))
    sight = Sight("tesseract", SIGHT.readings, doctype)
    found = look_closer({pointer: accused(witness)}, {pointer: Field(value)}, sight, lambda *_: {"paddle": (text,)})
    assert found[pointer].verdict == verdict


def test_a_crop_that_nobody_reads_changes_nothing() -> None:
    nothing: tuple[Texts, ...] = ({}, {"tesseract": (), "paddle": ()})
    for texts in nothing:
        assert closer("/total", Decimal("1421.40"), "1,412.40", texts) == accused("1,412.40")


@pytest.mark.parametrize("verdict", ["silent", "confirmed"])
def test_a_crop_confirms_and_accuses_nobody(verdict: Any) -> None:
    before = replace(accused("1,421.40"), verdict=verdict)
    fields = {"/total": Field(Decimal("1421.40"))}
    asked: list[int] = []

    def crops(page: int, box: Box, figures: bool) -> Texts:
        asked.append(page)
        return {"tesseract": ("1,421.40",), "paddle": ("1,421.40",)}

    assert look_closer({"/total": before}, fields, SIGHT, crops) == {"/total": before}
    assert not asked


def many(pages: int, each: int) -> tuple[dict[str, Judgement], dict[str, Field], Sight]:
    """Accused totals in rows, all critical, page by page; and one that is not."""
    leaf = replace(LEAVES["/total"], pointer="/rows/*/total", in_array=True, critical=True)
    other = replace(LEAVES["/total"], pointer="/other", critical=False)
    found = {"/other": accused("9.00")}
    found |= {f"/rows/{n}/total": accused("9.00", 1 + n % pages) for n in range(pages * each)}
    sight = Sight("tesseract", SIGHT.readings, replace(DOCTYPE, leaves=(other, leaf)))
    return found, {pointer: Field(Decimal("8.00"), source="vlm") for pointer in found}, sight


def test_looks_are_bounded_by_the_page_and_kept_to_critical_leaves_page_by_page() -> None:
    found, fields, sight = many(2, MOST_CROPS + 2)
    pages: list[int] = []

    def crops(page: int, box: Box, figures: bool) -> Texts:
        pages.append(page)
        assert figures
        return {"paddle": ("8.00",)}

    looked = look_closer(found, fields, sight, crops)
    assert pages == [1] * MOST_CROPS + [2] * MOST_CROPS
    assert sum(judgement.verdict == "silent" for judgement in looked.values()) == 2 * MOST_CROPS
    assert looked["/other"] == found["/other"]


# ------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("chosen", "verdict"), [("1421.4", "silent"), ("1412.4", "contradicted"), (None, "contradicted")]
)
def test_a_model_may_only_take_an_accusation_back(chosen: str | None, verdict: str) -> None:
    found = {"/total": accused("1,412.40")}
    told = let_choose(found, {"/total": Field(Decimal("1421.40"))}, SIGHT, lambda *_: chosen)
    assert told["/total"].verdict == verdict
    assert (told == found) == (verdict == "contradicted")


def test_silent_and_confirmed_values_are_not_asked_about() -> None:
    for verdict in ("silent", "confirmed"):
        found = {"/total": replace(accused("1,412.40"), verdict=verdict)}
        assert let_choose(found, {"/total": Field(Decimal("1421.40"))}, SIGHT, refuse) == found


def refuse(page: int, box: Box, texts: tuple[str, str]) -> str | None:
    raise AssertionError("asked")


def test_questions_are_bounded_by_the_page() -> None:
    found, fields, sight = many(2, MOST_QUESTIONS + 2)
    pages: list[int] = []

    def pick(page: int, box: Box, texts: tuple[str, str]) -> str | None:
        pages.append(page)
        return None

    assert let_choose(found, fields, sight, pick) == found
    assert pages == [1] * MOST_QUESTIONS + [2] * MOST_QUESTIONS


@pytest.mark.parametrize(
    ("pointer", "value", "witness", "texts"),
    [
        ("/total", Decimal("1412.4"), "$ 1,421.40", ("1412.4", "1421.4")),  # nothing tells which one was printed
        ("/total", Decimal("14214.0"), "1,421.40", ("14214", "1421.4")),
        ("/total", Decimal("1421.40"), "1,421.40", None),
        ("/total", Decimal("1421.40"), "Total due", None),
        ("/date", "2024-03-26", "25/03/2024", ("2024-03-26", "2024-03-25")),
        ("/date", "2024-04-03", "04/03/2024", None),  # no picture tells day from month
        ("/invoice_number", "MF-20418", "MF 20418", None),
        ("/invoice_number", "MF-2041", "MF-20418", ("MF-2041", "MF-20418")),
        ("/vendor", "Marlow", "Marlow & Finch", None),
        ("/vendor", "Marlow & Finch", None, None),
    ],
)
def test_the_two_texts_are_written_alike(
    pointer: str, value: Any, witness: str | None, texts: tuple[str, str] | None
) -> None:
    assert two_texts(LEAVES[pointer], value, witness, SIGHT) == texts


# ------------------------------------------------------------------------------------------- cutting and reading


def page_file(folder: Path, lines: tuple[str, ...] = LINES, size: int = 22) -> Path:
    image = Image.new("L", (WIDE, HIGH), 250)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for number, line in enumerate(lines):
        for x, text in zip((40, 420), line.rsplit(" ", 1), strict=True):
            draw.text((x, 20 + STEP * number), text, fill=20, font=font)
    image.save(folder / "page.png")
    return folder / "page.png"


def place_of(line: int, size: int = 22) -> Box:
    """Where the amount of a line stands."""
    left, top, right, bottom = ImageFont.load_default(size).getbbox(LINES[line].rsplit(" ", 1)[1])
    y = 20 + STEP * line
    return Box((420 + left) / WIDE, (y + top) / HIGH, (420 + right) / WIDE, (y + bottom) / HIGH)


def look(folder: Path, **changed: Any) -> CropLook:
    words = tuple(Word(line.split()[-1], place_of(n), 0.9, n) for n, line in enumerate(LINES))
    reading = Reading(1, WIDE, HIGH, words=words, **changed)
    return CropLook(receive(page_file(folder), Config()), (reading,), Config())


@pytest.mark.parametrize("line", range(len(LINES)))
def test_both_engines_read_a_place_and_nothing_beside_it(tmp_path: Path, line: int) -> None:
    texts = look(tmp_path)(1, place_of(line), True)
    amount = LINES[line].split()[-1]
    assert texts == {"tesseract": (amount, amount), "paddle": (amount,)}


def test_a_word_is_read_whole_where_its_box_is_too_narrow(tmp_path: Path) -> None:
    whole = place_of(1)
    narrow = replace(whole, x0=whole.x0 + 0.15 * whole.width)
    assert set(sum(look(tmp_path)(1, narrow, True).values(), ())) == {"1,421.40"}


def test_letters_are_read_where_the_place_prints_no_figures(tmp_path: Path) -> None:
    label = replace(place_of(1), x0=38 / WIDE, x1=140 / WIDE)
    texts = look(tmp_path)(1, label, False)
    assert texts == {"tesseract": ("Total due",), "paddle": ("Total due",)}


def test_several_lines_are_not_read_as_one(tmp_path: Path) -> None:
    assert look(tmp_path)(1, place_of(0).union(place_of(2)), True) == {}


@pytest.mark.parametrize("changed", [{"source": "text_layer"}, {"failure": "page 1 is broken"}])
def test_a_page_without_ink_to_look_at_is_not_looked_at(tmp_path: Path, changed: Mapping[str, Any]) -> None:
    closely = look(tmp_path, **changed)
    assert closely(1, place_of(0), True) == {}
    assert closely.cut(1, place_of(0)) is None


def test_a_page_turned_by_the_first_reader_is_cut_the_same_way_up(tmp_path: Path) -> None:
    with Image.open(page_file(tmp_path)) as image:
        image.rotate(90, expand=True).save(tmp_path / "turned.png")
    words = tuple(Word(line.split()[-1], place_of(n), 0.9, n) for n, line in enumerate(LINES))
    reading = Reading(1, WIDE, HIGH, rotation=90, words=words)
    closely = CropLook(receive(tmp_path / "turned.png", Config()), (reading,), Config())
    assert closely(1, place_of(1), True)["paddle"] == ("1,421.40",)


def test_a_page_is_drawn_once_and_a_language_of_one_reader_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def counted(document: Document, page: int, config: Config) -> PageImage:
        drawn.append(page)
        return prepare(document, page, config)

    monkeypatch.setattr(cropping, "prepare", counted)
    monkeypatch.setattr(cropping, "BOTH_READ", frozenset())
    closely = look(tmp_path)
    for line in range(3):
        assert set(closely(1, place_of(line), True)) == {"tesseract"}
    assert drawn == [1]


def test_two_page_images_are_held_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def blank(document: Document, page: int, config: Config) -> PageImage:
        drawn.append(page)
        return PageImage(page, np.full((HIGH, WIDE), 255, np.uint8), None)

    monkeypatch.setattr(cropping, "prepare", blank)
    document = receive(page_file(tmp_path), Config())
    closely = CropLook(document, [Reading(page, WIDE, HIGH) for page in (1, 2, 3)], Config())
    for page in (1, 2, 2, 1, 3, 3, 1):
        closely.cut(page, place_of(0))
    assert drawn == [1, 2, 3, 1]


def test_a_place_that_runs_over_the_edge_is_cut_at_it(tmp_path: Path) -> None:
    found = look(tmp_path).cut(1, Box(0.0, 0.0, 1.0, 0.1))
    assert found is not None
    assert (found.start, found.end) == (0.0, 1.0)
    assert look(tmp_path).cut(1, Box(0.5, 0.5, 0.5, 0.5)) is None
