"""No ink, no text: claims that a page has no room for are told, and those of full pages are left alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

from engine.claim import Claim
from engine.ink_guard import ink_findings, letters_claimed
from engine.measure import page_signals
from engine.page import Box, PageImage, Reading, Region, Word
from tests.making import SENTENCES, page_of_print

WORDS = (Word("x" * 90, Box(0.1, 0.1, 0.9, 0.2), 0.9, 0),)


def claims(*printed: str, page: int = 1) -> list[Claim]:
    return [Claim(f"/row/{at}", text, text, page, None, 0.9, "vlm") for at, text in enumerate(printed)]


def read(image: Image.Image) -> Reading:
    page = PageImage(1, np.asarray(image, dtype=np.uint8), None)
    signals, regions = page_signals(page, ())
    return Reading(1, page.width, page.height, signals=signals, regions=regions)


def measured(**signals: float) -> Reading:
    return Reading(1, 1000, 1400, signals={"handwriting": 0.0, "ink": 0.002, "room": 10.0, **signals})


def blank() -> Image.Image:
    return Image.new("L", (1000, 1400), 250)


def a_number() -> Image.Image:
    image = blank()
    image.paste(page_of_print(200, 110).crop((40, 40, 140, 80)), (450, 1300))
    return image


def test_an_empty_page_holds_no_value_at_all() -> None:
    (finding,) = ink_findings([read(blank())], claims("9.00"))
    assert (finding.check, finding.severity, finding.page) == ("ink", "error", 1)
    assert finding.message == "1 value (3 letters and digits) claimed of a page without ink"


def test_a_page_with_next_to_nothing_on_it_does_not_hold_an_invoice() -> None:
    (finding,) = ink_findings([read(a_number())], claims(*SENTENCES))
    assert "claimed of a page that has ink for about" in finding.message
    assert ink_findings([read(a_number())], claims("page 7")) == ()


@pytest.mark.parametrize("size", [14, 26, 60])
def test_a_page_of_print_holds_all_that_is_printed_on_it(size: int) -> None:
    image = page_of_print(1000, 1400, size)
    lines = len(range(40, 1400 - 2 * size, 2 * size))
    printed = [f"{SENTENCES[number % 4]} {number}" for number in range(lines)]
    fits = [line[: 900 // (size // 2)] for line in printed]
    assert ink_findings([read(image)], claims(*fits)) == ()


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (measured(), True),
        (measured(room=60.0), False),
        (replace(measured(), words=WORDS), False),  # OCR read as much
        (replace(measured(), regions=(Region("handwriting", Box(0.1, 0.1, 0.6, 0.2), 0.9),)), False),  # pencil
        (replace(measured(), width=300), False),  # letters too small to be counted
        (replace(measured(), signals={"handwriting": 0.0, "ink": 0.002}), False),  # nobody measured the room
        (replace(measured(), failure="page 1 is broken"), False),
        (measured(ink=0.0, handwriting=0.9, room=60.0), False),  # a pencil's strokes are no ink
        (measured(ink=0.0, room=60.0), True),
    ],
)
def test_what_makes_room(reading: Reading, told: bool) -> None:
    assert bool(ink_findings([reading], claims("y" * 100))) is told


def test_only_the_page_at_fault_is_named() -> None:
    pages = [measured(room=500.0), replace(measured(), page=2)]
    found = ink_findings(pages, claims(*SENTENCES) + claims(*SENTENCES, page=2) + claims(*SENTENCES, page=3))
    assert [finding.page for finding in found] == [2]


def test_nothing_claimed_is_nothing_invented() -> None:
    nulls = [Claim("/total", None, "", 1, None, 0.9, "vlm")]
    assert ink_findings([read(blank())], nulls) == ()
    assert ink_findings([read(blank())], ()) == ()


def test_letters_are_counted_once_a_quotation() -> None:
    twice = [*claims("RM 9.00", "RM 9.00"), Claim("/paid", True, "X", 1, None, 0.9, "vlm")]
    assert letters_claimed(twice) == 5
    assert letters_claimed([Claim("/total", Decimal("12.50"), "", 1, None, 0.9, "given")]) == 4
