"""The review in a real browser: a document cleared by keyboard alone, a box drawn by mouse, everything kept."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from engine.exact_json import read_json
from engine.page import Box
from engine.receive import sha256_of
from engine.result import Field
from tests.browser.conftest import engine
from tests.review.made import receipt, written

pytestmark = pytest.mark.usefixtures("pictures_once")

SLIP = Path("fixtures/receipt_thermal/receipt.jpg").absolute()
BENT = {"Total": "89.15", "Subtotal": "84.10", "Cash": "100.00", "Unit price": "14.50", "Amount": "43.50"}
"""What the model bent and is to be decided, with what is printed."""

HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe\u202c"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two receipts over one picture: the total is contradicted, the date missing, company and a name hostile."""
    drawn = Box(0.62, 0.62, 0.8, 0.65)
    company = Field(HOSTILE, HOSTILE, 1, drawn, "ocr", "confirmed", HOSTILE, 0.99)
    result = replace(receipt(company=company), path=str(SLIP), sha256=sha256_of(SLIP))
    written(tmp_path / "out", "a.json", result)
    return written(tmp_path / "out", f"b {HOSTILE}.json", result)


@pytest.fixture
def address(out: Path) -> Iterator[str]:
    with reviewing(out) as told:
        yield told


@contextmanager
def reviewing(out: Path, *more: str) -> Iterator[str]:
    """The address that ``engine review`` prints; it runs meanwhile."""
    asked = [sys.executable, "-m", "engine", "review", str(out), "--no-browser", "--port", "0", "--who", "Ann", *more]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)


def ready(page: Page, label: str) -> None:
    """Wait until this is what the card asks, and was there long enough to be decided on."""
    page.wait_for_function(
        """label => document.querySelector("body:not(.busy) #now[data-ready] h2")?.textContent === label""", arg=label
    )


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
    page.keyboard.press("Enter")  # it is contradicted: this accepts nothing
    expect(page.locator("#typed")).to_have_value("8.00")
    page.keyboard.press("Escape")
    ready(page, "Total")
    page.keyboard.press("a")
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
    expect(page.locator("#rows a").last).to_have_text("b <img src=x onerror=alert(1)> \ufffdgnp.exe\ufffd")
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
    ready(page, "Date")  # what stands in the box was seen
    page.keyboard.press("Enter")
    ready(page, "Total")
    page.wait_for_load_state("networkidle")
    field = json.loads((out / "a.json").read_text())["fields"]["/date"]
    assert (field["value"], field["source"], field["page"]) == (told["date"], "human", 1)
    assert field["box"] == pytest.approx([x0, y0, x1, y1], abs=0.01)


def test_a_batch_of_five_is_cleared_by_keyboard_alone(page: Page, extracted: Path, tmp_path: Path) -> None:
    for number in range(5):  # four whose two doubts are unfounded, then a slip with five wrong amounts
        copied = "receipt.json" if number == 4 else "scan0003.json"
        shutil.copy(extracted / copied, tmp_path / f"paper-{number}.json")
    with reviewing(tmp_path) as address:
        page.goto(address)
        page.keyboard.press("Enter")
        for number in range(1, 6):
            page.wait_for_url(f"**/{number}")
            if number == 5:
                correct(page, BENT)
            else:
                for label in ("Vendor", "Total"):
                    ready(page, label)
                    page.keyboard.press("Enter")
        expect(page.locator("#count")).to_have_text("5 shown")
        expect(page.locator("main")).to_contain_text("5 of 5 done")
        for number in range(5):
            result = read_json(tmp_path / f"paper-{number}.json", "a result")
            decided = {str(field["value"]) for field in result["fields"].values() if field["source"] == "human"}
            assert result["status"] == "clean"
            assert decided == (set(BENT.values()) if number == 4 else {"Pemberley Lighting Hire Ltd", "1015.80"})
        page.keyboard.press("u")
        page.wait_for_url("**/5")
        ready(page, "Amount")
        expect(page.locator("#now .value")).to_have_text("143.50")
        assert read_json(tmp_path / "paper-4.json", "a result")["status"] == "review"


def test_a_corrected_document_becomes_a_case_that_regress_passes(page: Page, extracted: Path, tmp_path: Path) -> None:
    out, fixtures = tmp_path / "out", tmp_path / "cases"
    out.mkdir()
    misread = (extracted / "scan0003.json").read_text().replace("1015.80", "1075.80")
    (out / "scan0003.json").write_text(misread)
    with reviewing(out, "--fixtures", str(fixtures)) as address:
        page.goto(address)
        page.keyboard.press("Enter")
        ready(page, "Vendor")
        page.keyboard.press("Enter")
        correct(page, {"Total": "1015.80"})
        expect(page.locator("#count")).to_have_text("1 shown")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector("#now[data-ready]")
        page.keyboard.press("c")
        page.keyboard.type("misread")
        page.keyboard.press("Enter")
        expect(page.locator("#case-made")).to_contain_text(str(fixtures / "misread"), timeout=60_000)
    assert read_json(fixtures / "misread" / "expected.json", "a truth")["total"] == Decimal("1015.80")
    assert engine("regress", "--fixtures", str(fixtures)) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_small_screens_and_is_open_to_everybody(
    page: Page, address: str, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    fits(page)
    page.keyboard.press("Enter")
    ready(page, "Date")
    fits(page)
    page.keyboard.press("?")
    fits(page)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    fits(page)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    fits(page)


def fits(page: Page) -> None:
    """Nothing is wider than the screen, whichever it is, and nothing speaks against its being used by everybody."""
    for size in ((390, 844), (820, 1180), (1280, 800)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, size)
    if page.locator("#now").count():
        page.wait_for_selector("#now[data-ready]")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def correct(page: Page, right: dict[str, str]) -> None:
    """What is to be decided, in this order, by what it is called; each is typed."""
    for label, value in right.items():
        ready(page, label)
        page.keyboard.press("e")
        page.keyboard.type(value)
        page.keyboard.press("Enter")
