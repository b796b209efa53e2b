"""Where a quoted text stands: the one place whose words spell it, or none."""

from __future__ import annotations

import pytest

from engine.vlm.place import place
from tests.pages import typed_reading

READING = typed_reading(
    """
    Tiga Merpati  Hardware
    Total          11.00
    Paid            1.00
    Change   1.00   RM 2.50
    Straße 7
    """
)


def spelled(printed: str) -> list[str]:
    """The words in the box that was found."""
    box = place(printed, READING.words)
    assert box is not None
    return [w.text for w in READING.words if box.x0 <= w.box.cx <= box.x1 and box.y0 <= w.box.cy <= box.y1]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("11.00", ["11.00"]),
        ("Tiga Merpati Hardware", ["Tiga", "Merpati", "Hardware"]),
        ("TIGA  merpati\nHardware", ["Tiga", "Merpati", "Hardware"]),
        ("RM2.50", ["RM", "2.50"]),  # blanks are told apart by nobody
        ("R M 2.50", ["RM", "2.50"]),
        ("STRASSE 7", ["Straße", "7"]),
    ],
)
def test_a_text_stands_where_words_spell_it(printed: str, words: list[str]) -> None:
    assert spelled(printed) == words


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("1.00", "it is there twice, and in 11.00 it is no word"),
        ("99.00", "nobody read it"),
        ("1.0", "half a word"),
        ("otal 11.00", "it starts within a word"),
        ("", "nothing"),
        (" \n", "nothing"),
    ],
)
def test_what_is_not_there_just_once_has_no_place(printed: str, why: str) -> None:
    assert place(printed, READING.words) is None, why


def test_a_text_of_two_lines_has_the_box_around_both() -> None:
    box = place("11.00 Paid", READING.words)
    assert box is not None
    lines = [word for word in READING.words if word.text in ("11.00", "Paid")]
    assert (box.y0, box.y1) == (lines[0].box.y0, lines[1].box.y1)
    assert box.x0 == min(word.box.x0 for word in lines)


def test_no_words_no_place() -> None:
    assert place("Total", ()) is None
