"""The route: every reason tells its evidence, and policies differ in their limits, never in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.page import Box, Reading, Region
from engine.route import POLICIES, PolicyName, decide_route, share_read
from tests.pages import typed_reading

TABLE = frozenset({"table"})
REGIONS = (Region("handwriting", Box(0.1, 0.1, 0.5, 0.3), 0.9), Region("handwriting", Box(0.1, 0.5, 0.6, 0.6), 0.8))


def reading(**signals: float) -> Reading:
    page = typed_reading("twelve words of print stand on this page and no other words")
    return replace(page, signals={"handwriting": 0.0, "table": 0.0, "ink": 0.05, "read_share": 0.97, **signals})


def told(page: Reading, **options: Any) -> str:
    return decide_route(page, **options).reason


def test_handwriting_tells_where_and_what_ocr_made_of_it() -> None:
    page = reading(handwriting=0.93, unread_ink=0.8)
    unsure = tuple(replace(word, confidence=0.3) for word in page.words[2:])
    page = replace(page, words=page.words[:2] + unsure, regions=REGIONS)
    assert (
        told(page)
        == "handwriting 0.93: in 2 places, 13% of the page, OCR is sure of 2 of 12 words and left out 80% of the ink"
    )


def test_handwriting_on_a_page_that_ocr_read_nothing_of() -> None:
    assert told(replace(reading(handwriting=0.93), words=())) == "handwriting 0.93: OCR read no word"


def test_handwriting_on_a_digital_page_says_nothing_of_ocr() -> None:
    page = replace(reading(handwriting=0.93), source="text_layer", regions=REGIONS)
    assert told(page) == "handwriting 0.93: in 2 places, 13% of the page"


def test_a_table_tells_how_far_its_columns_show() -> None:
    page = replace(reading(table=0.91, columns=0.31), regions=(Region("table", Box(0.0, 0.5, 1.0, 1.0), 0.91),))
    assert told(page, requires=TABLE) == (
        "table 0.91 in 1 place, 50% of the page, whose columns the words do not show: "
        "31% of its cells are aligned, 70% are needed"
    )


def test_poor_ocr_tells_how_much_was_read() -> None:
    page = reading(read_share=0.52, unread_ink=0.12)
    assert told(page) == (
        "OCR too poor to trust: about 52% of the words read right, 83% are needed; "
        "OCR is sure of 12 of 12 words and left out 12% of the ink"
    )


def test_good_print_tells_how_much_was_read() -> None:
    assert told(reading()) == "print that OCR reads well: about 97% of the words right"


@pytest.mark.parametrize("policy", POLICIES)
def test_the_order_of_reasons_is_the_same_under_every_policy(policy: PolicyName) -> None:
    all_at_once = reading(handwriting=1.0, table=1.0, columns=0.0, read_share=0.0, layout=1.0)
    causes = []
    for change in ({}, {"handwriting": 0.0}, {"table": 0.0}, {"read_share": 1.0}):
        all_at_once = replace(all_at_once, signals=all_at_once.signals | change)
        causes.append(decide_route(all_at_once, requires=TABLE, pages=51, policy=policy).cause)
    assert causes == ["handwriting", "table", "poor_ocr", "page_limit"]


@pytest.mark.parametrize(
    "signals",
    [{"handwriting": 0.6}, {"table": 0.7, "columns": 0.6}, {"read_share": 0.7}, {"layout": 0.8}],
)
def test_what_the_cheap_policy_reads_by_ocr_the_others_ask_a_model_for(signals: dict[str, float]) -> None:
    wants = {name: decide_route(reading(**signals), requires=TABLE, policy=name).wants_vlm for name in POLICIES}
    assert wants == {"accurate": True, "balanced": True, "cheap": False}


def test_each_policy_asks_for_no_fewer_pages_than_the_next() -> None:
    accurate, balanced, cheap = POLICIES["accurate"], POLICIES["balanced"], POLICIES["cheap"]
    for more, fewer in ((accurate, balanced), (balanced, cheap)):
        assert more.handwriting <= fewer.handwriting
        assert more.table <= fewer.table
        assert more.columns >= fewer.columns
        assert more.read_share >= fewer.read_share
        assert more.layout <= fewer.layout


def test_without_an_estimate_confidence_stands_in() -> None:
    assert share_read({"ocr_confidence": 0.2}) == 0.2
    assert share_read({}) == 1.0
