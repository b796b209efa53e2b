"""The review in a real browser: a document cleared by keyboard alone, a box drawn by mouse, everything kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.page import Box
from engine.receive import sha256_of
from engine.result import Field
from tests.review.made import receipt, written

SLIP = Path("fixtures/receipt_thermal/receipt.jpg").absolute()
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe\u202c"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two receipts over one picture: the total is contradicted, the date missing, the company hostile."""
    drawn = Box(0.62, 0.62, 0.8, 0.65)
    company = Field(HOSTILE, HOSTILE, 1, drawn, "ocr", "confirmed", HOSTILE, 0.99)
    result = replace(receipt(company=company), path=str(SLIP), sha256=sha256_of(SLIP))
    written(tmp_path / "out", "a.json", result)
    return written(tmp_path / "out", "b.json", result)


@pytest.fixture
def address(out: Path) -> Iterator[str]:
    asked = [sys.executable, "-m", "engine", "review", str(out), "--no-browser", "--who", "Ann"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)


def ready(page: Page, label: str) -> None:
    expect(page.locator("#now h2")).to_have_text(label)
    page.wait_for_selector("body:not(.busy)")


def test_documents_are_cleared_by_keyboard_alone_and_stay_so(page: Page, address: str, out: Path) -> None:
    page.goto(address)
    assert "token" not in page.url
    page.keyboard.press("Enter")
    ready(page, "Date")
    page.keyboard.press("x")
    ready(page, "Total")
    page.keyboard.press("9")  # a figure begins a correction
    page.keyboard.type(",00")
    page.keyboard.press("Enter")
    ready(page, "Page 1")
    page.keyboard.press("u")
    ready(page, "Total")
    expect(page.locator("#now .value")).to_have_text("8.00")
    page.keyboard.press("Enter")
    ready(page, "Page 1")
    page.keyboard.press("d")
    page.keyboard.type("read by eye")
    page.keyboard.press("Enter")
    page.wait_for_url("**/2")  # the next that needs review
    ready(page, "Date")
    expect(page.locator("#progress")).to_have_text("1 of 2 done")
    page.reload()
    ready(page, "Date")
    page.keyboard.press("p")
    page.wait_for_url("**/1")
    expect(page.locator("#status")).to_have_text("clean")
    page.keyboard.press("l")
    page.wait_for_url(lambda url: url.endswith("/"))
    page.keyboard.press("u")  # from the list too
    page.wait_for_url("**/1")
    ready(page, "Page 1")
    page.keyboard.press("d")
    page.keyboard.type("read by eye")
    page.keyboard.press("Enter")
    page.wait_for_url("**/2")
    ready(page, "Date")
    page.wait_for_load_state("networkidle")
    kept = json.loads((out / "a.json").read_text(), parse_float=Decimal)
    assert (kept["status"], kept["data"]["total"], kept["fields"]["/total"]["source"]) == ("clean", 8, "human")
    assert any(finding["message"].endswith("(dismissed by Ann: read by eye)") for finding in kept["findings"])


def test_a_box_stands_where_its_field_is_and_hostile_text_is_text(page: Page, address: str) -> None:
    page.goto(address)
    page.goto(page.url + "1")
    ready(page, "Date")
    page.locator('.row[data-path="/company"]').click()
    ready(page, "Company")
    expect(page.locator("#now .value")).to_have_text("<img src=x onerror=alert(1)> \ufffdgnp.exe\ufffd")
    box, sheet = (page.locator(which).bounding_box() for which in ('.box[data-path="/company"]', ".sheet"))
    assert box is not None
    assert sheet is not None
    assert (box["x"] - sheet["x"]) / sheet["width"] == pytest.approx(0.62, abs=0.01)
    assert (box["y"] - sheet["y"]) / sheet["height"] == pytest.approx(0.62, abs=0.01)
    assert box["width"] / sheet["width"] == pytest.approx(0.18, abs=0.01)
    page.wait_for_load_state("networkidle")


def test_what_ocr_reads_in_a_drawn_box_is_proposed_and_kept_by_enter(page: Page, address: str, out: Path) -> None:
    page.goto(address)
    page.keyboard.press("Enter")
    ready(page, "Date")
    page.keyboard.press("b")
    sheet = page.locator(".sheet").bounding_box()
    assert sheet is not None
    told = json.loads(Path("fixtures/receipt_thermal/expected.json").read_text())
    x0, y0, x1, y1 = (0.69, 0.272, 0.9, 0.3)  # where 14/03/2024 is printed
    page.mouse.move(sheet["x"] + x0 * sheet["width"], sheet["y"] + y0 * sheet["height"])
    page.mouse.down()
    page.mouse.move(sheet["x"] + x1 * sheet["width"], sheet["y"] + y1 * sheet["height"], steps=4)
    page.mouse.up()
    expect(page.locator("#typed")).not_to_have_value("")
    page.keyboard.press("Enter")
    ready(page, "Total")
    page.wait_for_load_state("networkidle")
    field = json.loads((out / "a.json").read_text())["fields"]["/date"]
    assert (field["value"], field["source"], field["page"]) == (told["date"], "human", 1)
    assert field["box"] == pytest.approx([x0, y0, x1, y1], abs=0.01)
