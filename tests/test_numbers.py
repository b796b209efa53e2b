"""Numbers as they are printed, as OCR leaves them, and what must not be taken for one."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values.numbers import Number, decimal_sign_of, numbers_in, parse_number

PRINTED = [
    # form, value, currency, repaired
    ("1,234.56", "1234.56", None, False),
    ("1.234,56", "1234.56", None, False),
    ("1 234,56", "1234.56", None, False),
    ("1\u00a0234,56", "1234.56", None, False),
    ("1\u202f234\u202f567,8", "1234567.8", None, False),
    ("1'234.56", "1234.56", None, False),
    ("12,34,567.89", "1234567.89", None, False),
    ("1.234.567", "1234567", None, False),
    ("1,234", "1234", None, False),
    ("1,23", "1.23", None, False),
    ("1.234", "1.234", None, False),
    ("0,123", "0.123", None, False),
    (".10", "0.10", None, False),
    ("36.0000", "36.0000", None, False),
    ("(12.50)", "-12.50", None, False),
    ("($640.00)", "-640.00", None, False),
    ("$(12.50)", "-12.50", None, False),
    ("(1,200)", "-1200", None, False),
    ("(3)", "-3", None, False),
    ("12.50-", "-12.50", None, False),
    ("-12.50", "-12.50", None, False),
    ("−12.50", "-12.50", None, False),
    ("- 0.02", "-0.02", None, False),
    ("-RM5.00", "-5.00", "MYR", False),
    ("RM-5.00", "-5.00", "MYR", False),
    ("12,50€-", "-12.50", "EUR", False),
    ("12.50 CR", "12.50", None, False),
    ("12.50DR", "-12.50", None, False),
    ("$27,480.00", "27480.00", None, False),
    ("US$ 5.00", "5.00", "USD", False),
    ("€ 12,50", "12.50", "EUR", False),
    ("12,50 €", "12.50", "EUR", False),
    ("£9", "9", "GBP", False),
    ("RM80.90", "80.90", "MYR", False),
    ("80.90 RM", "80.90", "MYR", False),
    ("USD 5", "5", "USD", False),
    ("R$ 1.234,56", "1234.56", "BRL", False),
    ("1 ,234. 56", "1234.56", None, True),
    ("80. 90", "80.90", None, True),
    ("RM 80 .90", "80.90", "MYR", True),
    ("$ 27,480. 00", "27480.00", None, True),
    ("$175, 00", "175.00", None, True),
    ("$6,420,00", "6420.00", None, True),
    ("1234,567.89", "1234567.89", None, True),
    ("8O.9O", "80.90", None, True),
    ("1OO.00", "100.00", None, True),
    ("RMO.20", "0.20", "MYR", True),
    ("l2.5O", "12.50", None, True),
]


@pytest.mark.parametrize(("form", "value", "currency", "repaired"), PRINTED)
def test_a_printed_form_is_one_number_alone_and_in_a_line(
    form: str, value: str, currency: str | None, repaired: bool
) -> None:
    for number in (parse_number(form), *numbers_in(form)):
        assert number is not None
        assert (str(number.value), number.currency, number.repaired) == (value, currency, repaired)
        assert number.printed == form
    assert len(numbers_in(form)) == 1


LINES = [
    # line, the printed forms in it
    ("3 12.50", ["3", "12.50"]),
    ("1x 25.90 25.90 SR", ["1", "25.90", "25.90"]),
    ("12 1. 14.62 14.62", ["12", "1", "14.62", "14.62"]),
    ("4 BAG @ 5.50", ["4", "5.50"]),
    ("5.65*1", ["5.65", "1"]),
    ("1 100.00", ["1", "100.00"]),
    ("$1 234.56 each", ["$1 234.56"]),
    ("2  150,00  300,00", ["2", "150,00", "300,00"]),
    ("SR @ 6% 2.83 0.17", ["6%", "2.83", "0.17"]),
    ("GST@6%", ["6%"]),
    ("Rounding Adj. : -0.02", ["-0.02"]),
    ("TOTAL 5.00 RM 10.00", ["5.00", "RM 10.00"]),
    ("CASH:RM50.00 CHANGE:RM9.10", ["RM50.00", "RM9.10"]),
    ("Totals 12 $20,000.00 ($3,000.00) $17,000.00", ["12", "$20,000.00", "($3,000.00)", "$17,000.00"]),
    ("*80.90", ["80.90"]),
    ("80.90T", ["80.90"]),
    ("3.60S", ["3.60"]),
    ("S80.90", ["80.90"]),
    ("12.50/EA", ["12.50"]),
    ("10.00-12.50", ["10.00", "12.50"]),
    ("Qty (3) pcs", ["3"]),
    ("25.12.18 9.50", ["9.50"]),
    ("25/12/2018 10:35 9.50", ["9.50"]),
    ("5$ -7", ["5", "$ -7"]),
    ("LOT 38, 39 101 BOULEVARD", ["38", "39", "101"]),
]


@pytest.mark.parametrize(("line", "forms"), LINES)
def test_the_numbers_of_a_line_with_their_spans(line: str, forms: list[str]) -> None:
    found = numbers_in(line)
    assert [n.printed for n in found] == forms
    assert all(line[n.start : n.end] == n.printed for n in found)


NO_AMOUNTS = [
    *("A123-45", "GST6%", "25/12/2018", "25-DEC-18", "10:35", "10:35:22", "05-2914630", "04-6031 2297"),
    *(
        "+6019-404 2816",
        "(555) 301-4477",
        "04 - 6120 7734",
        "35-64",
        "1/2",
        "20417/305/R0092",
        "#42",
        "500ML",
    ),
    *(
        "1.5k",
        "1.50L",
        "3'S",
        '3.5"',
        "GST ID: 000417730256",
        "9301748205516",
        "CPP: 317/284/6015",
        "-----1-",
    ),
    *("SAR-12345", "NOK00042", "U13/X", "2P2C", "12,34.56", "1.2.3", "no digits", ""),
]


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_what_is_no_amount_gives_no_number(text: str) -> None:
    assert numbers_in(text) == ()


@pytest.mark.parametrize(
    ("form", "sign", "value", "repaired"),
    [
        ("1.234", ".", "1.234", False),
        ("1.234", ",", "1234", False),
        ("1,234", ".", "1234", False),
        ("1,234", ",", "1.234", False),
        ("47,30", ".", "47.30", True),
        ("47.30", ",", "47.30", True),
        ("1.234,56", ".", "1234.56", False),
        ("12, 50", ",", "12.50", True),
    ],
)
def test_the_documents_decimal_sign_decides_what_the_form_leaves_open(
    form: str, sign: str, value: str, repaired: bool
) -> None:
    (number,) = numbers_in(form, sign)
    assert (str(number.value), number.repaired) == (value, repaired)


def test_a_space_groups_only_where_the_decimal_sign_may_be_a_comma() -> None:
    assert [n.printed for n in numbers_in("3 250,00", ",")] == ["3 250,00"]
    assert [n.printed for n in numbers_in("3 250,00", ".")] == ["3", "250,00"]


@pytest.mark.parametrize(
    ("form", "value"),
    [("1 234.56", "1234.56"), ("0042", "42"), ("20181225", "20181225"), ("80.90T", "80.90"), ("*5", "5")],
)
def test_being_told_it_is_one_number_parse_takes_more(form: str, value: str) -> None:
    number = parse_number(form)
    assert number is not None
    assert str(number.value) == value


@pytest.mark.parametrize("text", ["", "RM", "3 12.50", "TOTAL 5.00", "10:35", "12 May", "1.5k", "n/a"])
def test_parse_refuses_what_is_not_one_number(text: str) -> None:
    assert parse_number(text) is None


def test_an_ambiguous_currency_keeps_its_sign_only() -> None:
    assert numbers_in("$5.00") == (Number(Decimal("5.00"), "$5.00", 0, 5, None, "$", 2),)


def test_a_percentage_is_its_printed_figure() -> None:
    assert numbers_in("6.5 %") == (Number(Decimal("6.5"), "6.5 %", 0, 5, decimals=1, percent=True),)


def test_the_decimal_sign_is_that_of_the_majority_that_tells() -> None:
    assert decimal_sign_of(["12,50", "3,99", "1.234", "v 2.10"]) == ","
    assert decimal_sign_of(["1,234", "1,234.50", "7,00", "8.00"]) == "."
    assert decimal_sign_of(["1.234.567"]) == ","
    assert decimal_sign_of(["1,234", "5", "1.234"]) is None
    assert decimal_sign_of(["1,50", "1.50"]) is None


LOCALES = {
    "en": (",", "."),
    "de": (".", ","),
    "fr": ("\u202f", ","),
    "fr_plain": (" ", ","),
    "ch": ("'", "."),
    "none": ("", "."),
}


def printed(cents: int, group: str, sign: str) -> str:
    return f"{Decimal(cents).scaleb(-2):,.2f}".translate({ord(","): group, ord("."): sign})


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(LOCALES)), st.sampled_from(["", "$", "RM ", "€"]))
def test_an_amount_printed_in_any_locale_reads_back(cents: int, locale: str, currency: str) -> None:
    form = ("-" if cents < 0 else "") + currency + printed(abs(cents), *LOCALES[locale])
    for sign in (None, LOCALES[locale][1]):
        number = parse_number(form, sign)
        assert number is not None
        assert number.value == Decimal(cents).scaleb(-2)
        assert [n.value for n in numbers_in(f"Total: {form}", sign)] == [number.value]


@given(st.integers(0, 10**9), st.sampled_from(["en", "de"]), st.data())
def test_an_amount_split_by_ocr_reads_back_and_says_so(cents: int, locale: str, data: st.DataObject) -> None:
    group, sign = LOCALES[locale]
    form = printed(cents, group, sign)
    at = data.draw(st.sampled_from([i for i, c in enumerate(form) if c in ".,"]))
    split = form[:at] + data.draw(st.sampled_from([f" {form[at]}", f"{form[at]} "])) + form[at + 1 :]
    number = parse_number(split, sign)
    assert number is not None
    assert (number.value, number.repaired) == (Decimal(cents).scaleb(-2), True)


@given(st.integers(10**26, 10**32))
def test_no_digit_is_rounded_away(digits: int) -> None:
    number = parse_number(f"-{digits}.55")
    assert number is not None
    assert str(number.value) == f"-{digits}.55"


@given(
    st.text(alphabet="0123456789.,-–() $€RMOolISB%xX/:'\u202f\tCRDR", max_size=40),
    st.sampled_from([None, ".", ","]),
)
def test_any_text_gives_spans_in_order_that_hold_their_print(text: str, sign: str | None) -> None:
    found = numbers_in(text, sign)
    assert all(text[n.start : n.end] == n.printed and n.printed == n.printed.strip() for n in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
