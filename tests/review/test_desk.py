"""What the page is told and what it sends back: the same values, to the last digit, and of the same place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.config import Config
from engine.result import Field
from engine.review.app import Review
from engine.review.folder import opened
from engine.view.decided import read_decisions
from tests.review.made import BOX, receipt, written

EXACT = ("0.10", "12345678901234567890.12")


def client_of(folder, tmp_path: Path) -> TestClient:
    return TestClient(Review(folder, Config(), tmp_path / "fixtures").app())


def field_of(desk: dict, path: str) -> dict:
    return next(field for field in desk["fields"] if field["path"] == path)


@pytest.mark.parametrize("number", EXACT)
def test_a_number_goes_to_the_page_and_back_with_all_its_digits(tmp_path, number):
    paid = Field(Decimal(number), f"RM{number}", 1, BOX, "ocr", "silent", None, 0.5)
    out = written(tmp_path / "out", result=receipt(cash=paid))
    with opened(out, "Ann", None) as folder:
        client = client_of(folder, tmp_path)
        told = field_of(client.get("/1/desk").json(), "/cash")
        assert (told["value"], told["entry"]) == (number, f"RM{number}")
        asked = {"kind": "correct", "path": "/total", "seen": "8.00", "text": told["entry"]}
        told = field_of(client.post("/1/decide", json=asked).json(), "/total")
        assert (told["value"], told["printed"], told["entry"]) == (number, f"RM{number}", f"RM{number}")
    (kept,) = read_decisions(out)
    assert str(kept.value) == number
    text = (out / "a.json").read_text()
    assert f'"total": {number},' in text
    with opened(out, "Ann", None) as folder:
        assert str(folder["a.json"].result.data["total"]) == number


def test_what_the_editor_begins_with_changes_nothing_where_the_document_has_commas(tmp_path):
    comma = Field(Decimal("12.50"), "12,50", 1, BOX, "ocr", "confirmed", "12,50", 0.99)
    total = replace(comma, value=Decimal("1.234"), printed="I.Z34", verdict="silent")
    out = written(tmp_path / "out", result=receipt(subtotal=comma, total=total))
    with opened(out, "Ann", None) as folder:
        client = client_of(folder, tmp_path)
        told = field_of(client.get("/1/desk").json(), "/total")
        assert (told["value"], told["entry"]) == ("1.234", "1,234")
        asked = {"kind": "correct", "path": "/total", "seen": told["value"], "text": told["entry"]}
        assert field_of(client.post("/1/decide", json=asked).json(), "/total")["value"] == "1.234"


def test_what_is_printed_is_what_was_kept_not_what_was_proposed(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        drawn = {"page": 1, "box": [0.1, 0.2, 0.3, 0.4], "read": "80.00"}
        asked = {"kind": "correct", "path": "/total", "seen": "8.00", "text": "90.00", **drawn}
        told = field_of(client_of(folder, tmp_path).post("/1/decide", json=asked).json(), "/total")
        assert (told["value"], told["printed"], told["box"]) == ("90.00", "90.00", [0.1, 0.2, 0.3, 0.4])


def test_a_value_that_somebody_corrected_meanwhile_is_not_accepted_unseen(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        client = client_of(folder, tmp_path)
        asked = {"kind": "correct", "path": "/total", "seen": "8.00", "text": "9.00"}
        assert client.post("/1/decide", json=asked).status_code == 200
        assert client.post("/1/decide", json={"kind": "accept", "path": "/total", "seen": "8.00"}).status_code == 409
        told = client.post("/1/decide", json={"kind": "accept", "path": "/total", "seen": "9.00"}).json()
        assert (field_of(told, "/total")["value"], field_of(told, "/total")["source"]) == ("9.00", "human")


def test_an_undo_is_of_its_document_and_in_the_list_of_the_last_decision(tmp_path):
    out = written(tmp_path / "out")
    written(out, "b.json")
    with opened(out, "Ann", None) as folder:
        client = client_of(folder, tmp_path)
        for number in (1, 2):
            client.post(f"/{number}/decide", json={"kind": "accept", "path": "/total", "seen": "8.00"})
        assert client.post("/1/undo", json={}).json()["number"] == 1
        last = client.post("/undo", json={}).json()
        assert (last["number"], last["undone"], last["undoable"]) == (2, "/total", 0)
        assert client.post("/undo", json={}).status_code == 422


def test_a_name_that_is_no_text_stops_no_list(tmp_path):
    out = written(tmp_path / "out")
    (out / "a.json").rename(out / "\udce9 \N{RIGHT-TO-LEFT OVERRIDE}.json")
    written(out, "z.json", replace(receipt(), type="\udce9"))
    with opened(out, "Ann", None) as folder:
        client = client_of(folder, tmp_path)
        for place in ("/", "/1"):
            page = client.get(place)
            assert page.status_code == 200
            assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text
        asked = {"kind": "accept", "path": "/total", "seen": "8.00"}
        assert client.post("/1/decide", json=asked).json()["undoable"] == 1
    with opened(out, "Ann", None) as folder:
        assert len(next(iter(folder)).standing) == 1
