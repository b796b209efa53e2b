"""How a number was lost is told from what was read in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.engines import numbers
from tests.bench.lost import PageRead, lost


@pytest.mark.parametrize(
    ("truth", "read", "how"),
    [
        ("80.91", "8091", "its marks"),
        ("53.00", "53.08", "one sign"),
        ("24116", "24883", "not seen"),
        ("411662", "411882", "two signs"),
        ("12345", "x12 345y", "parted or joined"),
        ("2018", "201877777", "parted or joined"),
        ("12", "", "not seen"),
        ("11", "42", "not seen"),
    ],
)
def test_how_a_number_was_lost(truth: str, read: str, how: str) -> None:
    assert [one.how for one in lost(PageRead(Path("a"), truth, read, None), numbers)] == [how]


def test_what_was_read_is_not_lost_however_often() -> None:
    page = PageRead(Path("a"), "Total 9.00 9.00 due 12.50", "9.00 due 12.50", None)
    assert [one.number for one in lost(page, numbers)] == ["9.00"]
