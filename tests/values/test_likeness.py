"""Numbers, dates and identifiers against what was read: equal, compatible through one fault, or different."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.values.date_likeness import date_likeness
from engine.values.identifier_likeness import identifier_in, identifier_likeness
from engine.values.likeness import look_alike, number_likeness

NUMBERS = [
    # value, printed, the document's decimal sign, likeness
    ("9", "9.00", None, "equal"),
    ("9.00", "RM 9", ".", "equal"),
    ("9.00", "RM9.0O", ".", "equal"),
    ("80.90", "8O.9O", ".", "equal"),
    ("80.90", "80. 90", ".", "equal"),
    ("1234.56", "1 ,234. 56", ".", "equal"),
    ("1234.56", "1 234,56 €", ",", "equal"),
    ("1234.56", "1'234.56", ".", "equal"),
    ("1234567.89", "12,34,567.89", ".", "equal"),
    ("12.50", "12⁵⁰", ".", "equal"),
    ("12.50", "12⁵⁰", ",", "equal"),
    ("-12.50", "(12.50)", ".", "equal"),
    ("-12.50", "12.50-", ".", "equal"),
    ("45", "45.-", ".", "equal"),
    ("6", "(6%)", ".", "equal"),
    ("5", "5 pcs", None, "equal"),
    ("12.50", "EVR 12.50", ".", "equal"),
    ("9.00", "9.00S", ".", "equal"),
    # which sign is which
    ("1234", "1,234", None, "equal"),
    ("1.234", "1,234", None, "compatible"),
    ("1.234", "1.234", None, "equal"),
    ("1234", "1.234", None, "compatible"),
    ("1234", "1.234", ",", "equal"),
    ("1.234", "1.234", ",", "compatible"),
    ("47.30", "47,30", None, "equal"),
    ("47.30", "47,30", ".", "compatible"),
    ("1234.56", "1,234,56", ".", "compatible"),
    ("1234567.89", "1234,567.89", ".", "compatible"),
    # points lost and invented, never moved
    ("9.00", "900", ".", "compatible"),
    ("9", "900", ".", "compatible"),
    ("900", "9.00", ".", "compatible"),
    ("0.50", "50", ".", "compatible"),
    ("9.00", "90.0", ".", "different"),
    ("90", "9.00", ".", "different"),
    ("9", "90", ".", "different"),
    ("50", "0.50", ".", "different"),
    ("12.50", "12 50", ".", "compatible"),
    ("12.50", "12:50", ".", "compatible"),
    ("12.50", "1 2.50", ".", "compatible"),
    # glyphs
    ("12.50", "72.50", ".", "compatible"),
    ("12.50", "12.5D", ".", "compatible"),
    ("100", "1O0", None, "compatible"),
    ("12.50", "22.50", ".", "different"),
    ("13.30", "18.80", ".", "different"),
    ("12.50", "l2.50", ".", "compatible"),
    ("2.50", "l2.50", ".", "compatible"),
    ("9.00", "S9.00", ".", "compatible"),
    ("59.00", "S9.00", ".", "compatible"),
    ("9.00", "59.00", ".", "compatible"),
    ("9.00", "RM59.00", ".", "different"),
    ("2", "I2", None, "compatible"),
    ("12", "I2", None, "compatible"),
    # digits lost and doubled
    ("1234.56", "124.56", ".", "different"),
    ("1234.56", "11234.56", ".", "different"),
    ("1234.56", "1234.5", ".", "different"),
    # signs
    ("-9.00", "9.00", ".", "compatible"),
    ("9.00", "-9.00", ".", "different"),
    ("9.00", "9.00-", ".", "different"),
    ("9.00", "- 9.00", ".", "compatible"),
    ("9.00", "(9.00", ".", "compatible"),
    ("-9.00", "(9.00", ".", "compatible"),
    ("12.50", "12.50 DR", ".", "compatible"),
    ("-12.50", "12.50 CR", ".", "compatible"),
    # not what it says
    ("0.06", "6%", ".", "compatible"),
    ("1.5", "1.5k", ".", "different"),
    ("1500", "1.5k", ".", "different"),
    ("1.5", "1.5 million", ".", "different"),
    ("1.5", "1.5 M", ".", "different"),
    ("9.00", "9.00 M", ".", "equal"),
    ("9.00", "9.00 9.00", ".", "different"),
    ("9.00", "TOTAL", ".", "different"),
    ("NaN", "9.00", ".", "different"),
]


@pytest.mark.parametrize(("value", "printed", "sign", "likeness"), NUMBERS)
def test_a_number_against_a_form(value: str, printed: str, sign: str | None, likeness: str) -> None:
    assert number_likeness(Decimal(value), printed, sign) == likeness


AMOUNTS = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)


@given(AMOUNTS, st.sampled_from((",", ".", " ", "'", "")), st.sampled_from((".", ",")))
def test_an_amount_of_any_locale_is_equal_when_the_sign_is_told(amount: Decimal, group: str, sign: str) -> None:
    assume(group != sign)
    printed = f"{amount:,.2f}".translate(str.maketrans({",": group, ".": sign}))
    assert number_likeness(amount, printed, sign) == "equal"
    assert number_likeness(-amount, f"({printed})", sign) == "equal"


@given(AMOUNTS, st.data())
def test_another_digit_is_different_unless_it_looks_alike(amount: Decimal, data: st.DataObject) -> None:
    printed = f"{amount:,.2f}"
    at = data.draw(st.sampled_from([i for i, c in enumerate(printed) if c.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != printed[at]]))
    likeness = number_likeness(amount, printed[:at] + digit + printed[at + 1 :], ".")
    assert likeness == ("compatible" if look_alike(digit, printed[at]) else "different")


@given(AMOUNTS, st.text("0123456789.,OlISB $()-", min_size=1, max_size=9))
def test_no_form_is_equal_to_two_values(amount: Decimal, printed: str) -> None:
    equal = {v for v in (amount, -amount, amount * 10, amount / 10) if number_likeness(v, printed, None) == "equal"}
    assert len(equal) <= 1


@given(AMOUNTS, st.sampled_from((10, 100)), st.booleans())
def test_a_moved_point_is_never_equal(amount: Decimal, factor: int, up: bool) -> None:
    assume(amount)
    moved = amount * factor if up else amount / factor
    assert number_likeness(moved, f"{amount:,.2f}", ".") != "equal"


DATES = [
    # iso, printed, the document's order, the type's, likeness
    ("2018-12-25", "25/12/2018", None, None, "equal"),
    ("2018-12-25", "25 DEC 2018", None, None, "equal"),
    ("2018-12-25", "25/I2/2O18", None, None, "equal"),
    ("2018-12-25", "25. 12. 2018", None, None, "equal"),
    ("2018-12-25T10:00:00", "25/12/2018 10:00", None, None, "equal"),
    ("2018-12-25T22:05", "25/12/2018 10:05 PM", None, None, "equal"),
    ("2018-12-25 10:05:30Z", "25/12/2018 10:05:30", None, None, "equal"),
    ("2018-12-25T10:05:31", "25/12/2018 10:05:30", None, None, "compatible"),
    ("2018-12-25T10:00", "25/12/2018 11:00", None, None, "compatible"),
    ("2018-12-25T10:00", "25/12/2018", None, None, "compatible"),
    ("2018-12-25T99:00", "25/12/2018 99:00", None, None, "compatible"),
    ("2018-12-25T25.12", "25.12.2018", None, None, "compatible"),
    ("2018-12-25 soon", "25/12/2018", None, None, "compatible"),
    ("2018-04-03", "03/04/2018", "dmy", None, "equal"),
    ("2018-04-03", "03/04/2018", None, "dmy", "equal"),
    ("2018-04-03", "03/04/2018", "dmy", "mdy", "equal"),
    ("2018-03-04", "03/04/2018", "dmy", None, "different"),
    ("2018-03-04", "03/04/2018", None, "dmy", "different"),
    ("2018-04-03", "03/04/2018", None, None, "compatible"),
    ("2018-03-04", "03/04/2018", None, None, "compatible"),
    ("2018-05-04", "03/04/2018", None, None, "different"),
    ("2018-12-25", "25/12/18", None, None, "equal"),
    ("1918-12-25", "25/12/18", None, None, "compatible"),
    ("1918-12-25", "25/12/2018", None, None, "different"),
    ("2018-12-25", "18-12-25", None, None, "compatible"),
    ("2018-12-25", "18-12-25", "dmy", None, "different"),
    ("2018-12-25", "18-12-25", "ymd", None, "compatible"),
    ("2018-12-25", "25/12/2013", None, None, "compatible"),
    ("2018-12-25", "25/12/2017", None, None, "different"),
    ("2018-12-25", "26/12/2018", None, None, "different"),
    ("2018-12-25", "25 DEC 2013", None, None, "compatible"),
    ("2018-12-15", "l5/12/2018", None, None, "compatible"),
    ("2019-06-14", "14/dun/2019", None, None, "compatible"),
    ("2018-12-25", "25/Decembor/2018", None, None, "equal"),
    ("2018-12-25", "25/122018", None, None, "compatible"),
    ("2018-12-25", "25/1212018", None, None, "compatible"),
    ("2020-10-20", "10/20/20-10/26/20", None, None, "compatible"),
    ("2018-12-25", "soon", None, None, "different"),
    ("soon", "25/12/2018", None, None, "different"),
]


@pytest.mark.parametrize(("iso", "printed", "order", "default", "likeness"), DATES)
def test_a_date_against_a_form(iso: str, printed: str, order: str | None, default: str | None, likeness: str) -> None:
    assert date_likeness(iso, printed, order, default) == likeness


ORDERS = st.sampled_from((None, "dmy", "mdy"))


@given(st.permutations(range(1, 13)), st.integers(1900, 2100), st.sampled_from("/-."), ORDERS, ORDERS)
def test_day_and_month_are_never_equal_both_ways(
    numbers: list[int], year: int, stroke: str, order: str | None, default: str | None
) -> None:
    a, b = numbers[:2]
    printed = f"{a:02}{stroke}{b:02}{stroke}{year}"
    ways = [date_likeness(f"{year}-{m:02}-{d:02}", printed, order, default) for d, m in ((a, b), (b, a))]
    assert sorted(ways) == (["different", "equal"] if order or default else ["compatible"] * 2)


IDENTIFIERS = [
    ("W003-208416", "W003- 208416", "equal"),
    ("INV1", "inv-1", "equal"),
    ("1234567", "123456", "different"),
    ("1234567", "1234567 REV", "different"),
    ("A10", "A1O", "compatible"),
    ("A10", "AIO", "different"),
    ("ABL", "ab1", "compatible"),
    ("5B", "58", "compatible"),
    ("A12", "A13", "different"),
    ("", "", "different"),
]


@pytest.mark.parametrize(("value", "printed", "likeness"), IDENTIFIERS)
def test_an_identifier_against_a_form(value: str, printed: str, likeness: str) -> None:
    assert identifier_likeness(value, printed) == likeness


FOUND = [
    ("W003-208416", "No. W003- 208416 page", "W003- 208416"),
    ("W003-208416", "No. W003 -208416 page", "W003 -208416"),
    ("W003", "No. W003- 208416 page", None),
    ("208416", "No. W003- 208416 page", None),
    ("208416", "No. W003 -208416", None),
    ("W003", "No. W003-208416", None),
    ("1234567", "1234567 REV", "1234567"),
    ("123456", "1234567", None),
    ("12345", "No.12345", "12345"),
    ("No.12345", "No.12345", "No.12345"),
    ("12345", "INV#12345,", "12345"),
    ("45678901", "card 4567 8901", "4567 8901"),
    ("12", "1 2", None),
    ("1250", "Total 12.50", None),
    ("518206", "518206 - Date 4", "518206"),
    ("1234", "12-34x 1234.", "1234"),
    ("", "1234", None),
]


@pytest.mark.parametrize(("value", "text", "found"), FOUND)
def test_an_identifier_is_found_as_whole_tokens(value: str, text: str, found: str | None) -> None:
    span = identifier_in(value, text)
    assert (span and text[slice(*span)]) == found


@given(st.from_regex(r"[A-Z]?[0-9]{4,9}", fullmatch=True), st.integers(0, 9), st.integers(0, 9))
def test_a_dropped_or_added_glyph_is_not_found(value: str, at: int, digit: int) -> None:
    at = min(at, len(value) - 1)
    for wrong in (value[:at] + value[at + 1 :], value[:at] + str(digit) + value[at:]):
        assert identifier_likeness(wrong, value) == "different"
        assert identifier_in(wrong, f"No: {value} REV") is None
    assert re.search(value, f"No: {value} REV")
    assert identifier_in(value, f"No: {value} REV") == (4, 4 + len(value))
