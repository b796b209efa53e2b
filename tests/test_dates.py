"""Dates as they are printed, as OCR leaves them, and how a document's order is told."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values.dates import date_order_of, dates_in, resolve

CHRISTMAS = date(2018, 12, 25)

FORMS_OF_CHRISTMAS = [
    *(
        "25/12/2018",
        "25-12-18",
        "25.12.2018",
        "2018-12-25",
        "2018/12/25",
        "12/25/2018",
        "20181225",
        "25/12/18",
    ),
    *("25 Dec 2018", "25-DEC-18", "DEC 25, 2018", "December 25th, 2018", "25 décembre 2018", "25DEC2018"),
    *(
        "25. Dezember 2018",
        "25 de diciembre de 2018",
        "25 dicembre 2018",
        "25 Disember 2018",
        "25th of December 2018",
    ),
    *(
        "Dec 25 18",
        "Dec25/18",
        "25/DEC/2018",
        "2018-Dec-25",
        "Dec. 25, 2018",
        "25 DECEMBER, 2018",
        "25 Dec '18",
    ),
]
REPAIRED = [
    *(
        "25 /12/ 2018",
        "25/ 12/2018",
        "25 / 12 / 2018",
        "25/I2/2O18",
        "25. 12. 2018",
        "25/12-2018",
        "2S/12/2018",
    ),
    *("25/12/2@18", "25t12t18", "25112/18", "25/0ec/2018", "25-DEG-2018"),
]


@pytest.mark.parametrize("form", FORMS_OF_CHRISTMAS + REPAIRED)
@pytest.mark.parametrize("line", ["{}", "Date:{}", "({})", "Date : {} 10:35:22 AM", "from {}, paid"])
def test_every_form_is_found_with_its_span(form: str, line: str) -> None:
    text = line.format(form)
    (found,) = dates_in(text)
    assert (found.printed, text[found.start : found.end]) == (form, form)
    assert resolve(found, None, "dmy") == (CHRISTMAS, False)
    assert found.repaired == (form in REPAIRED)


@pytest.mark.parametrize(
    ("text", "printed", "day"),
    [
        ("25/12/201810:35", "25/12/2018", CHRISTMAS),
        ("25/12/1810:35", "25/12/18", CHRISTMAS),
        ("2018-12-25T10:35:00", "2018-12-25", CHRISTMAS),
        ("DATE25/12/2018", "25/12/2018", CHRISTMAS),
        ("Thursday, 25 December, 2018 5:26:39 PM", "25 December, 2018", CHRISTMAS),
        ("18:51 25 May 2018", "25 May 2018", date(2018, 5, 25)),
        ("O1/02/2019", "O1/02/2019", date(2019, 2, 1)),
        ("14/dun/2019", "14/dun/2019", date(2019, 6, 14)),
        ("1er août 2019", "1er août 2019", date(2019, 8, 1)),
        ("3. März 2020", "3. März 2020", date(2020, 3, 3)),
        ("7 Ogos 2017", "7 Ogos 2017", date(2017, 8, 7)),
        ("24 MAR 18", "24 MAR 18", date(2018, 3, 24)),
        ("Friday, April 17 2020 Page 1", "April 17 2020", date(2020, 4, 17)),
    ],
)
def test_dates_among_other_things(text: str, printed: str, day: date) -> None:
    (found,) = dates_in(text)
    assert found.printed == printed
    assert resolve(found, None, "dmy")[0] == day


@pytest.mark.parametrize(
    "text", ["02/19/20 - 03/03/20", "02/19/20-03/03/20", "02/19/20 / 03/03/20", "02/19/20 to 03/03/20"]
)
def test_a_range_gives_two(text: str) -> None:
    assert [f.printed for f in dates_in(text)] == ["02/19/20", "03/03/20"]


def test_strokes_read_as_ones_need_a_date_beside_them() -> None:
    assert [f.printed for f in dates_in("Week: 06/01/20 06107120")] == ["06/01/20", "06107120"]
    assert dates_in("Contract 06107120") == ()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "14/16/2018",
            "31/02/2018",
            "25/12/1718",
            "25/12/2218",
            "06/01/2",
            "12/2018",
            "Dec 2018",
            "99 May 2018",
        ),
        *(
            "1. 14.62 14.62",
            "2.1.10",
            "10.0.12.20",
            "25-12-18-001",
            "A-12-05-18",
            "P07-19/031562",
            "NO.2-1-1 JALAN",
        ),
        *(
            "2000 -10 -15",
            "2 SET 10 PCS",
            "5 Mar 12.50",
            "22 May 10:30",
            "5 BAR 2018",
            "04-5071-3926",
            "120181225",
        ),
        *("4170/0311/00487", "1-1-1--", "", "B/S/2018"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert dates_in(text) == ()


def test_an_ambiguous_date_keeps_all_its_readings() -> None:
    (form,) = dates_in("03/04/2018")
    assert form.readings == (("dmy", date(2018, 4, 3)), ("mdy", date(2018, 3, 4)))
    assert not form.unambiguous
    assert resolve(form, "mdy", "dmy") == (date(2018, 3, 4), False)
    assert resolve(form, None, "mdy") == (date(2018, 3, 4), True)
    assert resolve(form, "ymd", "dmy") == (date(2018, 4, 3), True)


def test_a_two_digit_year_in_front_is_a_last_resort_unless_told() -> None:
    (form,) = dates_in("18-05-04")
    assert resolve(form, None, "dmy") == (date(2004, 5, 18), False)
    (form,) = dates_in("18-12-25", pivot=30)
    assert form.reading("ymd") == CHRISTMAS
    (form,) = dates_in("51-12-31")
    assert resolve(form, None, "dmy") == (date(1951, 12, 31), False)


def test_the_pivot_is_fixed_and_can_be_moved() -> None:
    (at, above) = dates_in("25/12/50 25/12/51")
    assert (at.readings[0][1].year, above.readings[0][1].year) == (2050, 1951)
    assert dates_in("25/12/50", pivot=30)[0].readings[0][1].year == 1950


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("25/12/2018 03/04/2018", "dmy"),
        ("12/25/2018 03/04/2018", "mdy"),
        ("2018-12-25 03/04/2018", "ymd"),
        ("2018-12-25 25/12/2018", "dmy"),
        ("25/12/2018 12/25/2018", None),
        ("03/04/2018 05/05/2018", None),
        ("25 Dec 2018", None),
        ("25/I2/2018", None),
    ],
)
def test_the_order_of_a_document_comes_from_dates_that_tell(line: str, order: str | None) -> None:
    assert date_order_of(dates_in(line)) == order


FORMATS = {
    "dmy": ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d%b%Y", "%d %B, %Y"],
    "mdy": ["%m/%d/%Y", "%m-%d-%Y", "%b %d, %Y", "%B %dth, %Y", "%b%d/%Y"],
    "ymd": ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y-%b-%d"],
}


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from([(o, f) for o in FORMATS for f in FORMATS[o]]),
)
def test_a_date_printed_in_any_form_reads_back(day: date, chosen: tuple[str, str]) -> None:
    order, pattern = chosen
    (form,) = dates_in(f"Date: {day.strftime(pattern)}")
    assert form.reading(order) == day
    assert resolve(form, order, "dmy") == (day, False)


@given(
    st.dates(date(1951, 1, 1), date(2050, 12, 31)),
    st.sampled_from([("dmy", "%d/%m/%y"), ("mdy", "%m-%d-%y"), ("dmy", "%d %b %y")]),
)
def test_a_two_digit_year_reads_back(day: date, chosen: tuple[str, str]) -> None:
    (form,) = dates_in(day.strftime(chosen[1]))
    assert form.reading(chosen[0]) == day


@given(st.text(alphabet="0123456789/.- :OIltDecmar,'th", max_size=40))
def test_any_text_gives_spans_in_order_that_hold_their_print(text: str) -> None:
    found = dates_in(text)
    assert all(text[f.start : f.end] == f.printed and f.readings for f in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
