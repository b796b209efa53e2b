"""Hands that slip: keys held, doubled or too early, clicks elsewhere. None decides on what nobody could see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from engine.exact_json import read_json
from engine.page import Box
from engine.receive import sha256_of
from engine.result import Field, Finding, Result
from tests.browser.test_review import ready, reviewing
from tests.review.made import RECEIPT, judged, receipt, written

BEAT = 40  # ms between two presses of a key that is held
SHEET = "sheet.png"
FIRST = ("accept", "/company")
NAMES = (
    *("a finished", "b following", "comma", "drawn", "elsewhere", "focus", "held", "late", "list", "rewritten"),
    *("tabs", "tapped", "typed"),
)

Decided = Callable[[str], list[tuple[str, str]]]


def doubtful(total: str = "8.00") -> Result:
    """Four critical values of which OCR says nothing, each at its own place, and a page that wanted a model."""

    def silent(value: str | Decimal, top: float) -> Field:
        return Field(value, str(value), 1, Box(0.3, top, 0.7, top + 0.03), "ocr", "silent", None, 0.1)

    values: dict[str, str | Decimal] = {
        "company": "Cafe GmbH",
        "address": "2 Road",
        "date": "2024-03-14",
        "total": Decimal(total),
    }
    made = receipt(**{name: silent(value, 0.1 + 0.1 * at) for at, (name, value) in enumerate(values.items())})
    said = [Finding(f"/{name}", "witness", "error", "nobody reads it", 1) for name in values]
    return replace(made, path=SHEET, findings=(*said, *made.findings))


def nearly_clean() -> Result:
    """Only the total is in doubt."""
    sure = {"date": Field("2024-03-14", "14/03/2024", 1, Box(0.3, 0.3, 0.7, 0.33), "ocr", "confirmed", None, 0.99)}
    return _judged(receipt(**sure))


def of_commas() -> Result:
    """A total of 1.234, as the engine writes it, in a document whose decimal sign is the comma."""
    fields = receipt().fields | {
        "/subtotal": Field(Decimal("12.50"), "12,50", 1, Box(0.3, 0.3, 0.7, 0.33), "ocr", "confirmed", None, 0.99),
        "/total": Field(Decimal("1.234"), "1,234", 1, Box(0.3, 0.4, 0.7, 0.43), "ocr", "contradicted", "?", 0.1),
        "/date": Field("2024-03-14", "14.03.2024", 1, Box(0.3, 0.5, 0.7, 0.53), "ocr", "confirmed", None, 0.99),
    }
    return _judged(replace(receipt(), fields=fields))


def _judged(result: Result) -> Result:
    return replace(judged(dict(result.fields), RECEIPT, ()), path=SHEET)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hands")
    Image.new("L", (600, 800), 255).save(folder / SHEET)
    made = {"a finished": nearly_clean(), "comma": of_commas()}
    for name in NAMES:
        result = made.get(name) or doubtful()
        written(folder, f"{name}.json", replace(result, sha256=sha256_of(folder / SHEET)))
    return folder


@pytest.fixture(scope="module")
def review(chromium: Browser, out: Path) -> Iterator[BrowserContext]:
    with (
        reviewing(out) as address,
        chromium.new_context(viewport={"width": 1280, "height": 800}, base_url=address) as context,
    ):
        context.new_page().goto(address)  # it opens once
        yield context


@pytest.fixture
def page(review: BrowserContext) -> Iterator[Page]:
    faults: list[str] = []
    shown = review.new_page()
    shown.set_default_timeout(10_000)
    shown.on("pageerror", lambda error: faults.append(str(error)))
    yield shown
    shown.close()
    assert faults == []


@pytest.fixture
def decided(out: Path) -> Decided:
    """What was decided of a document, kind and path."""

    def told(name: str) -> list[tuple[str, str]]:
        place = out / ".engine" / "review.jsonl"
        lines = [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []
        return [(line["kind"], line["path"]) for line in lines if line["result"] == f"{name}.json"]

    return told


def opened(page: Page, name: str, label: str = "Company") -> None:
    page.goto(f"/{NAMES.index(name) + 1}")
    ready(page, label)


def hold(page: Page, what: str) -> list[Route]:
    """The requests for it, none of which is answered yet."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(what, keep)
    return held


def focused(page: Page) -> str:
    told: str = page.evaluate("(({ dataset, id, tagName }) => dataset.key || id || tagName)(document.activeElement)")
    return told


@pytest.mark.parametrize(("name", "lifted"), [("held", False), ("tapped", True)])
def test_a_held_enter_decides_once(page: Page, decided: Decided, name: str, lifted: bool) -> None:
    """Also where what repeats a held key, such as a remote desktop, tells each as a press of its own."""
    opened(page, name)
    for _ in range(14):
        page.keyboard.down("Enter")
        if lifted:
            page.keyboard.up("Enter")
        page.wait_for_timeout(BEAT)
    page.keyboard.up("Enter")
    ready(page, "Address")
    assert decided(name) == [FIRST]


def test_nothing_is_decided_before_its_picture_is_there(page: Page, decided: Decided) -> None:
    held = hold(page, "**/crop/**")
    page.goto(f"/{NAMES.index('late') + 1}")
    expect(page.locator("#now h2")).to_have_text("Company")
    for key in ("Enter", "x", "a", "e", "9", "Enter"):
        page.wait_for_timeout(100)
        page.keyboard.press(key)
    assert decided("late") == []
    held[0].abort()  # nor can it be had: the page beside it is what is left to look at
    page.unroute("**/crop/**")
    ready(page, "Company")
    page.keyboard.press("Enter")
    ready(page, "Address")
    assert decided("late") == [FIRST]


def test_a_value_that_changed_meanwhile_is_shown_before_it_is_accepted(page: Page, out: Path, decided: Decided) -> None:
    opened(page, "rewritten")
    page.locator('.row[data-path="/total"]').click()
    ready(page, "Total")
    written(out, "rewritten.json", replace(doubtful("7.00"), sha256=sha256_of(out / SHEET)))
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("extracted again meanwhile")
    expect(page.locator("#now .value")).to_have_text("7.00")
    page.keyboard.press("Enter")  # too early
    ready(page, "Total")
    assert decided("rewritten") == []
    page.keyboard.press("Enter")
    ready(page, "Page 1")
    assert decided("rewritten") == [("accept", "/total")]
    assert read_json(out / "rewritten.json", "a result")["data"]["total"] == 7
    page.keyboard.press("x")
    expect(page.locator("#toast")).to_have_text("this is no field: d dismisses it")


def test_a_box_that_is_being_read_stays_with_the_field_it_was_drawn_for(page: Page) -> None:
    held = hold(page, "**/read")
    opened(page, "drawn")
    page.keyboard.press("b")
    sheet = page.locator(".sheet").bounding_box()
    assert sheet is not None
    page.mouse.move(sheet["x"] + 0.69 * sheet["width"], sheet["y"] + 0.272 * sheet["height"])
    page.mouse.down()
    page.mouse.move(sheet["x"] + 0.9 * sheet["width"], sheet["y"] + 0.3 * sheet["height"], steps=3)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("reading the box")
    page.locator('.row[data-path="/total"]').click()
    page.keyboard.press("j")
    held[0].continue_()
    expect(page.locator("#typed")).to_be_visible()
    expect(page.locator("#now h2")).to_have_text("Company")
    expect(page.locator(".row.picked")).to_have_attribute("data-path", "/company")


def test_a_click_elsewhere_while_typing_moves_nothing_and_a_doubled_enter_keeps_one_value(
    page: Page, decided: Decided
) -> None:
    opened(page, "typed")
    page.keyboard.press("e")
    page.keyboard.type("Mer")
    page.locator('.row[data-path="/total"]').click()
    page.locator('.box[data-path="/date"]').click()
    for what in (".row.picked", ".row[aria-current]", ".box.picked"):
        expect(page.locator(what)).to_have_attribute("data-path", "/company")
    expect(page.locator("#toast")).to_contain_text("keep or give up")
    page.keyboard.type("pati")  # the focus is where it was
    expect(page.locator("#typed")).to_have_value("Merpati")
    page.keyboard.press("Enter")
    page.wait_for_timeout(120)
    page.keyboard.press("Enter")
    ready(page, "Address")
    assert decided("typed") == [("correct", "/company")]


def test_the_focus_stays_with_the_keys_and_leaves_a_button_that_was_clicked(page: Page, decided: Decided) -> None:
    opened(page, "focus")
    assert focused(page) == "H2"
    page.keyboard.press("Tab")
    assert focused(page) == "a"
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")  # it repeats
    page.keyboard.up("Enter")
    ready(page, "Address")
    assert focused(page) == "a"
    expect(page.locator("#told")).to_contain_text("Address; 2 Road; silent")
    page.locator('#now [data-key="x"]').dblclick()
    ready(page, "Date")
    assert focused(page) == "H2"
    page.keyboard.press("e")
    assert focused(page) == "typed"
    page.keyboard.press("Escape")
    assert focused(page) == "H2"
    assert decided("focus") == [FIRST, ("absent", "/address")]


def test_u_pressed_twice_in_the_list_takes_one_decision_back(page: Page, decided: Decided) -> None:
    opened(page, "list")
    page.keyboard.press("Enter")
    ready(page, "Address")
    page.keyboard.press("Enter")
    ready(page, "Date")
    page.keyboard.press("l")
    expect(page.locator("#count")).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("u")
    ready(page, "Address")
    assert decided("list") == [FIRST, ("accept", "/address"), ("undo", "/address")]


def test_u_takes_back_what_finished_the_document_before(page: Page, decided: Decided) -> None:
    opened(page, "a finished", "Total")
    page.keyboard.press("a")
    page.wait_for_url(f"**/{NAMES.index('b following') + 1}")
    ready(page, "Company")
    expect(page.locator("#toast")).to_contain_text("a finished is clean")
    page.keyboard.press("u")
    page.wait_for_url(f"**/{NAMES.index('a finished') + 1}")
    ready(page, "Total")
    assert decided("a finished") == [("accept", "/total"), ("undo", "/total")]
    assert decided("b following") == []


def test_u_takes_nothing_back_of_a_document_in_another_tab(
    page: Page, review: BrowserContext, decided: Decided
) -> None:
    opened(page, "tabs")
    page.keyboard.press("Enter")
    ready(page, "Address")
    other = review.new_page()
    opened(other, "elsewhere")
    other.keyboard.press("u")
    expect(other.locator("#toast")).to_contain_text("nothing was decided here")
    other.close()
    assert decided("tabs") == [FIRST]


def test_what_was_proposed_and_not_changed_is_accepted_as_it_is(page: Page, out: Path, decided: Decided) -> None:
    opened(page, "comma", "Total")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith(f"/{NAMES.index('comma') + 1}"))
    assert decided("comma") == [("accept", "/total")]
    assert read_json(out / "comma.json", "a result")["data"]["total"] == Decimal("1.234")
