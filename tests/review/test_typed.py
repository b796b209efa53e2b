"""What is typed becomes a value of its leaf's type, or stays where it was typed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import UsageError
from engine.review.typed import Habits, entry_text, habits_of, leaf_of, typed_to_value
from tests.review.made import RECEIPT


@pytest.mark.parametrize(
    ("path", "text", "habits", "value"),
    [
        ("/total", "1.234,50", Habits(), Decimal("1234.50")),
        ("/total", " RM 9.80 ", Habits(","), Decimal("9.80")),
        ("/total", "1,234", Habits("."), 1234),
        ("/total", "1.234", Habits(","), 1234),
        ("/date", "25/12/2018", Habits(), "2018-12-25"),
        ("/date", "3 April 2018", Habits(), "2018-04-03"),
        ("/date", "03/04/2018", Habits(date_order="mdy"), "2018-03-04"),
        ("/company", "  Café GmbH ", Habits(), "Café GmbH"),
    ],
)
def test_it_is_read_as_the_house_reads(path, text, habits, value):
    read = typed_to_value(text, leaf_of(path, RECEIPT), habits)
    assert (read, str(read)) == (value, str(value))


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("/total", "nine", "no number"),
        ("/total", "8O.9O", "no number"),
        ("/total", "1,234", "could be 1.234 or 1234"),
        ("/total", "5 %", "percentage"),
        ("/date", "03/04/2018", "could be 2018-03-04 or 2018-04-03"),
        ("/date", "soon", "no date"),
        ("/company", "  ", "nothing is typed"),
    ],
)
def test_what_could_be_two_values_or_none_is_told(path, text, told):
    with pytest.raises(UsageError, match=told):
        typed_to_value(text, leaf_of(path, RECEIPT), Habits())


def test_the_document_tells_how_it_writes():
    assert habits_of(["1.234,50", "31.12.2018", None]) == Habits(",", "dmy")


COMMA = Habits(",", "dmy")


@pytest.mark.parametrize(
    ("path", "value", "printed", "habits", "entry"),
    [
        ("/total", Decimal("9.80"), "RM 9.80", Habits("."), "RM 9.80"),
        ("/total", Decimal("1234.50"), "1.234,50", COMMA, "1.234,50"),
        ("/total", Decimal("1.234"), None, COMMA, "1,234"),
        ("/total", 1234, "1.234", COMMA, "1.234"),
        ("/total", Decimal("1234.5"), "1.Z34,50", COMMA, "1234,5"),
        ("/total", Decimal("0.10"), "0.1", Habits("."), "0.10"),
        ("/total", Decimal("12345678901234567890.12"), None, Habits(), "12345678901234567890.12"),
        ("/total", Decimal("1.234"), None, Habits(), None),  # it could be 1234
        ("/total", Decimal("-1.50"), "1.50-", Habits("."), "1.50-"),
        ("/date", "2018-04-03", "03/04/2018", COMMA, "03/04/2018"),
        ("/date", "2018-04-03", "03/04/2018", Habits(date_order="mdy"), "2018-04-03"),
        ("/company", "Café GmbH", "Cafe GmbH", COMMA, "Café GmbH"),
        ("/company", " x ", None, COMMA, None),
        ("/total", None, None, COMMA, None),
    ],
)
def test_what_the_editor_begins_with_is_read_back_as_the_same_value(path, value, printed, habits, entry):
    leaf = leaf_of(path, RECEIPT)
    assert entry_text(value, printed, leaf, habits) == entry
    if entry is not None:
        assert repr(typed_to_value(entry, leaf, habits)) == repr(value)
