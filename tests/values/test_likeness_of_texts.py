"""Claimed texts found among the words of a page, and what passes for the same text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values.text_alignment import text_alignment

PAGE = (
    "Invoice No 123 ACME TRADING SDN BHD (12345-X) No. 5, Jalan Bukit 12/3, 50450 Kuala Lumpur, Malaysia "
    "Tel 03-1234 JOHN LEE total 12.50 Bor & Sons"
)
ON_THE_PAGE = [
    # claim, likeness, the words found
    ("Acme Trading Sdn. Bhd.", "equal", "ACME TRADING SDN BHD"),
    ("No 5, Jalan Bukit 12/3,\n50450 Kuala Lumpur", "equal", "No. 5, Jalan Bukit 12/3, 50450 Kuala Lumpur,"),
    ("Bor and Sons", "equal", "Bor & Sons"),
    ("ACMETRADING", "equal", "ACME TRADING"),
    ("Acme Trdaing Sdn Bhd", "compatible", "ACME TRADING SDN BHD"),
    ("Acme Trading Bhd", "different", None),
    ("ACME HARDWARE SDN BHD", "different", None),
    ("JOHN LIM", "different", "JOHN LEE"),
    ("No 5, Jalan Bukit 12/3, 50451 Kuala Lumpur", "different", "No. 5, Jalan Bukit 12/3, 50450 Kuala Lumpur,"),
    ("No 5, Jalan Bukit, 50450 Kuala Lumpur", "different", "No. 5, Jalan Bukit 12/3, 50450 Kuala Lumpur,"),
    ("total 12", "different", None),
]


@pytest.mark.parametrize(("claim", "likeness", "found"), ON_THE_PAGE)
def test_a_text_is_found_on_a_page(claim: str, likeness: str, found: str | None) -> None:
    words = PAGE.split()
    alignment = text_alignment(claim, words)
    assert alignment.likeness == likeness
    if found is not None:
        assert alignment.span is not None
        assert words[slice(*alignment.span)] == found.split()


AS_READ = [
    ("ACME TRADING SDN BHD", "ACMETRADINGSDNBHD", "equal"),
    ("ACME TRADING SDN BHD", "TO:ACME TRAD- ING SON. BHD", "equal"),
    ("ACME TRADING SDN BHD", "ACME TRADlNG SDN 8HD", "equal"),
    ("ACME TRADING SDN BHD", "ACME TRADING SDN BND", "compatible"),
    ("Café Zürich", "CAFE ZURICH", "equal"),
    ("AT&T", "AT & T", "equal"),
    ("John Smith", "John  — Smith", "equal"),
    ("John Smith", "John Smithson", "different"),
    ("John Smithson", "John Smith", "different"),
    ("JOHN A SMITH", "JOHN B SMITH", "different"),
    ("JALAN 10", "JALAN 10", "equal"),
    ("JALAN 10", "JALAN 1O", "compatible"),
    ("JALAN 10", "JALAN 16", "different"),
    ("JALAN 10", "JALAN 100", "different"),
    ("JALAN", "JALAN 10", "equal"),
    ("First National Bank of Ohio", "First National Bank of Iowa", "different"),
    ("First National Bank of Ohio", "First National Bank Ohio", "compatible"),
    ("First National Bank of Ohio", "Acme National Bank of Ohio", "different"),
    ("First National Bank of Ohio", "National Bank of Ohio", "compatible"),
    ("First Bank of Ohio", "First National Bank of Ohio", "different"),
    ("208416", "W003-208416", "different"),
    ("", "ACME", "different"),
    ("ACME", "—", "different"),
]


@pytest.mark.parametrize(("claim", "read", "likeness"), AS_READ)
def test_a_text_against_what_was_read(claim: str, read: str, likeness: str) -> None:
    assert text_alignment(claim, read.split()).likeness == likeness


WORDS = st.lists(st.text("abcdefghij", min_size=4, max_size=9), min_size=2, max_size=6)
MISREAD = [
    # claim, as OCR read it: equal or compatible by letters that it confuses alone, or perhaps another text
    ("Acme Tools Ltd", "Acrne Tools Ltd", "equal", False),
    ("Clark and Sons", "dark and Sons", "equal", False),
    ("Turku Haven", "Turku Hauen", "equal", False),
    ("William Tell", "Wiiliam Tell", "equal", False),
    ("Bright Tools", "Brjgnt Tools", "compatible", True),
    ("Jalan 10", "Jalan 1O", "compatible", True),
    ("Acne Tools Ltd", "Acme Tools Ltd", "compatible", False),
    ("Acme Tool Ltd", "Acme Tools Ltd", "compatible", False),
    ("Northern Ports Inc", "Northern Parts Inc", "compatible", False),
    ("Anderson Tools", "Andersen Tools", "compatible", False),
    ("Jo Ann Lea", "Jo Ann Lee", "compatible", False),
    ("Joe Ann Lee", "Jo Ann Lee", "different", False),
    ("Jo Lee", "Jo Ann Lee", "different", False),
    ("JOHN SMITH", "JOHN A SMITH", "compatible", False),
    ("do renew the lease at once", "do not renew the lease at once", "compatible", False),
    ("do not renew the lease at once", "do renew the lease at once", "compatible", False),
    ("do now renew the lease", "do not renew the lease", "compatible", False),
    ("do now renew", "do not renew", "different", False),
]


@pytest.mark.parametrize(("claim", "read", "likeness", "misread"), MISREAD)
def test_only_letters_that_ocr_confuses_are_forgiven(claim: str, read: str, likeness: str, misread: bool) -> None:
    alignment = text_alignment(claim, read.split())
    assert (alignment.likeness, alignment.misread) == (likeness, misread)


@pytest.mark.parametrize(("claim", "printed", "_likeness", "_misread"), MISREAD)
def test_nothing_is_forgiven_to_what_a_program_wrote(claim: str, printed: str, _likeness: str, _misread: bool) -> None:
    assert text_alignment(claim, printed.split(), exact=True).likeness != "equal"
    assert text_alignment(printed.upper(), printed.split(), exact=True).likeness == "equal"


FIGURES = [
    ("1.25 x 4.0 m", "1.25 x 4.0 m", "equal"),
    ("12.5 x 40 m", "1.25 x 4.0 m", "compatible"),
    ("size 1.5", "size 15", "compatible"),
    ("size 1,5", "size 1.5", "compatible"),
    ("size 12.50", "size 12. 50", "equal"),
    ("size 12.50", "size 12 50", "compatible"),
    ("size -1.5", "size 1.5", "compatible"),
    ("size 1.5", "size -1.5", "compatible"),
    ("size (-1.5)", "size −1.5", "equal"),
    ("-5 degrees", "5 degrees", "compatible"),
    ("model 737-800", "model 737 -800", "equal"),
    ("43,200 units", "43200 units", "compatible"),
    ("No. 2-1-1 Jalan", "NO.2-1-1, JALAN", "equal"),
    ("No 5, 50450 Kuala Lumpur", "NO 5,50450 KUALA LUMPUR", "equal"),
    ("17, 18 and 19 Jalan", "17,18 & 19 Jalan", "equal"),
    ("Tel 03-1234 5678", "Tel. 0312345678", "equal"),
]


@pytest.mark.parametrize(("claim", "read", "likeness"), FIGURES)
def test_points_and_signs_of_figures_count(claim: str, read: str, likeness: str) -> None:
    assert text_alignment(claim, read.split()).likeness == likeness


@given(WORDS, st.decimals(1, 999, places=2), st.sampled_from((10, 100, -1)))
def test_a_moved_point_or_a_turned_sign_is_never_equal(words: list[str], figure: Decimal, factor: int) -> None:
    page = [*words, str(figure)]
    assert text_alignment(" ".join(page), page).likeness == "equal"
    wrong = figure * factor if factor < 0 else (figure / factor).normalize()
    assert text_alignment(" ".join([*words, f"{wrong:f}"]), page).likeness != "equal"


def test_a_word_that_shares_letters_with_its_neighbour_is_lost_as_a_whole() -> None:
    assert text_alignment("First Bank Ohio", ["First", "Bank", "of", "Ohio"]).likeness == "compatible"


def test_nothing_near_has_no_span() -> None:
    assert text_alignment("Zebra Quartz", PAGE.split()).span is None


NOISE = st.lists(st.text("klmnopqrst", min_size=1, max_size=7), max_size=20)


@given(NOISE, WORDS, NOISE)
def test_a_text_as_printed_is_found_where_it_stands(before: list[str], words: list[str], behind: list[str]) -> None:
    alignment = text_alignment(", ".join(words), [*before, *words, *behind])
    assert alignment.likeness == "equal"
    assert alignment.span == (len(before), len(before) + len(words))


NAMES = ("acme", "trading", "hardware", "pacific", "summit", "bright", "holdings", "first", "kingdom", "jupiter")


@given(NOISE, st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True), NOISE, st.data())
def test_another_word_in_its_place_is_never_forgiven(
    before: list[str], words: list[str], behind: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.text("uvwxyz", min_size=4, max_size=9))
    printed = [*words[:at], other, *words[at + 1 :]]
    assert text_alignment(" ".join(words), [*before, *printed, *behind]).likeness == "different"


@given(WORDS, st.integers(10, 99999), st.data())
def test_every_digit_counts(words: list[str], number: int, data: st.DataObject) -> None:
    digits = str(number)
    at = data.draw(st.integers(0, len(digits) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[at]]))
    wrong = digits[:at] + digit + digits[at + 1 :]
    assert text_alignment(" ".join([*words, digits]), [*words, digits]).likeness == "equal"
    assert text_alignment(" ".join([*words, wrong]), [*words, digits]).likeness == "different"
