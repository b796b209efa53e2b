"""Identifiers: every token with a digit that is not certainly something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values.identifiers import identifiers_in, key_of, same_identifier


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("Invoice No: INV-2019/0031", ["INV-2019/0031"]),
        ("Contract # 7403216", ["7403216"]),
        ("INVOICE # : QK19031700420815", ["QK19031700420815"]),
        ("(412907-K)", ["412907-K"]),
        (": P07-19/031562", ["P07-19/031562"]),
        ("INV NO: KD-TE-0041237 Date: 18/4/2017", ["KD-TE-0041237"]),
        ("Bill#:W003- 208416 Pax(s): 4", ["W003- 208416", "4"]),
        ("Order / Rev: 5820417 12:30", ["5820417"]),
        ("518206 / 4", ["518206", "4"]),
        ("A-123 456", ["A-123", "456"]),
        ("Total $27,480.00 at 6% 12.50", []),
        ("06/01/20 - 06/07/20", []),
        ("no digits at all", []),
        ("", []),
    ],
)
def test_the_identifiers_of_a_line(line: str, printed: list[str]) -> None:
    found = identifiers_in(line)
    assert [i.printed for i in found] == printed
    assert all(line[i.start : i.end] == i.printed for i in found)


def test_a_phone_number_is_marked() -> None:
    (phone,) = identifiers_in("TEL 05-2914630")
    assert phone.phone
    (contract,) = identifiers_in("Contract 6120473-2")
    assert not contract.phone


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("INV-2019/0031", "inv 2019 0031", True),
        ("518206 / 4", "518206/4", True),
        ("7403216", "7403217", False),
        ("0042", "42", False),
        ("O42", "042", False),
        ("-", "/", False),
    ],
)
def test_same_up_to_separators_and_case_and_no_further(a: str, b: str, same: bool) -> None:
    assert same_identifier(a, b) is same


@given(
    st.from_regex(r"[A-Z]{2,4}-[0-9]{5,8}", fullmatch=True),
    st.sampled_from(["No {}", "({})", "Inv#{}", "{}."]),
)
def test_an_identifier_is_found_wherever_it_stands(identifier: str, line: str) -> None:
    assert [i.key for i in identifiers_in(line.format(identifier))] == [key_of(identifier)]
