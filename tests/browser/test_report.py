"""The report as a person meets it: opened from the disk, gone through by keyboard and mouse, light and dark."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect

from engine.as_json import result_to_json
from engine.exact_json import read_json
from engine.from_json import data_to_result
from engine.page import Box
from engine.receive import sha256_of
from engine.result import Field, Finding, Result
from tests import sample_results as sample
from tests.browser.conftest import engine

CLEAN, FITTED, SIDEWAYS, EMPTY, HOSTILE = range(5)
SCRIPTS = ("</script><script>window.hit = 1</script>", "<img src=x onerror='window.hit = 1'>", "<!-- <script>")
LARGE: ViewportSize = {"width": 1900, "height": 2000}
TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}51.981\N{POP DIRECTIONAL FORMATTING}"


@pytest.fixture(scope="session")
def report(extracted: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report of five documents; by name: a clean one, those extracted, a failed one, a hostile one."""
    folder = tmp_path_factory.mktemp("results")
    for number, name in ((FITTED, "receipt"), (SIDEWAYS, "scan0003")):
        shutil.copy(extracted / f"{name}.json", folder / f"{number}-{name}.json")
    fitted = data_to_result(read_json(extracted / "receipt.json", "a result"))
    made = {
        f"{CLEAN}-clean": replace(sample.receipt(), status="clean", findings=()),
        f"{EMPTY}-empty": sample.failed(),
        f"{HOSTILE}-<img src=x onerror=alert(1)>{TURNED}": hostile(fitted, folder),
    }
    for name, result in made.items():
        (folder / f"{name}.json").write_text(result_to_json(result), encoding="utf-8")
    page = folder / "report.html"
    assert engine("report", str(folder), "-o", str(page), "--quiet") == 0
    return page.as_uri()


def hostile(result: Result, folder: Path) -> Result:
    """Everything in it that a document or a model chooses would be a script, or turn the direction of what follows."""
    paper = folder / f"{TURNED}.png"
    Image.new("L", (400, 500), 255).save(paper)
    said = (*SCRIPTS, TURNED)
    fields = {
        f"/line_items/{at}/description": Field(text, text, 1, Box(0.1, 0.1, 0.3, 0.2)) for at, text in enumerate(said)
    }
    fields |= {f"/{text}": Field(text, text, 1, Box(0.5, 0.5, 0.9, 0.6), witness=text) for text in said}
    findings = tuple(Finding(path, "witness", "error", text, 1) for path in ("", *fields) for text in said)
    pages = tuple(replace(page, reason=" ".join(said)) for page in result.pages)
    return replace(
        result, path=paper.name, sha256=sha256_of(paper), type=SCRIPTS[0], fields=fields, findings=findings, pages=pages
    )


def names(page: Page) -> list[str]:
    """Those of the list's rows that are to be seen, by the number that their name begins with."""
    return [link.inner_text()[0] for link in page.locator("#list tbody a").all() if link.is_visible()]


def grey(shown: Locator, size: tuple[int, int] | None = None) -> NDArray[np.float64]:
    """What is to be seen there, 0 (black) to 255."""
    image = Image.open(io.BytesIO(shown.screenshot())).convert("L")
    return np.asarray(image.resize(size) if size else image, dtype=np.float64)


def only_paper(page: Page) -> NDArray[np.float64]:
    """The sheet without its boxes, whole."""
    page.evaluate("for (const box of document.querySelectorAll('.box')) box.style.visibility = 'hidden'")
    return grey(page.locator(".sheet"))


def rectangle(shown: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom on the screen, px."""
    box = shown.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def part(paper: NDArray[np.float64], box: Box, air: float = 0.0) -> NDArray[np.float64]:
    """The part of a page in a box; *air* widens the box on all sides, a share of its height."""
    high, wide = paper.shape
    more = air * (box.y1 - box.y0) * high
    top, bottom = round(max(0, box.y0 * high - more)), round(box.y1 * high + more)
    left, right = round(max(0, box.x0 * wide - more)), round(box.x1 * wide + more)
    return paper[top:bottom, left:right]


def boxes(result: Path) -> dict[str, Box]:
    fields = data_to_result(read_json(result, "a result")).fields
    return {path: field.box for path, field in fields.items() if field.box is not None}


def test_the_list_is_filtered_by_status_and_by_text(page: Page, report: str) -> None:
    page.goto(report)
    assert names(page) == ["0", "1", "2", "3", "4"]
    page.get_by_role("button", name="review").click()
    assert names(page) == ["1", "2", "4"]
    page.keyboard.press("/")
    page.keyboard.type("contradicted merpati")
    expect(page.locator("#shown")).to_have_text("1 of 5")
    assert names(page) == ["1"]
    page.locator("#text").fill("no such thing")
    page.get_by_role("button", name="Clear the filter").click()
    page.locator("#what").select_option(label="contradicted")
    assert names(page) == ["1"]


def test_keys_lead_to_the_contradicted_total_and_its_box_is_where_the_result_says(
    page: Page, report: str, extracted: Path
) -> None:
    page.goto(report)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".sheet").first.wait_for()  # the document is open
    page.keyboard.press("j")
    expect(page.locator(".row.picked")).to_contain_text("189.15 is contradicted: at its place stands '89.15'")
    assert page.url.endswith(f"#{FITTED}:/total")
    box = page.locator(".box.picked")
    assert "contradicted" in (box.get_attribute("class") or "").split()
    left, top, right, bottom = rectangle(page.locator(".sheet img"))
    told = boxes(extracted / "receipt.json")["/total"]
    wide, high = right - left, bottom - top
    expected = (left + told.x0 * wide, top + told.y0 * high, left + told.x1 * wide, top + told.y1 * high)
    assert rectangle(box) == pytest.approx(expected, abs=2)
    expect(box).to_be_in_viewport()
    page.reload()
    expect(page.locator(".box.picked")).to_have_attribute("data-path", "/total")


def test_pointing_at_a_row_lights_its_box_and_the_other_way_round(page: Page, report: str) -> None:
    page.goto(f"{report}#{FITTED}")
    for pointed, lit in ((".row", ".box"), (".box", ".row"), ("td", ".box"), (".box", "td")):
        path = "/line_items/0/amount" if "td" in (pointed, lit) else "/tax"
        page.locator(f'{pointed}[data-path="{path}"]').hover()
        expect(page.locator(f"{lit}.lit")).to_have_attribute("data-path", path)
    page.locator("#help").hover()
    expect(page.locator(".lit")).to_have_count(0)


def test_the_cut_out_of_a_wrong_total_shows_that_part_of_the_page(page: Page, report: str, extracted: Path) -> None:
    page.set_viewport_size(LARGE)
    page.goto(f"{report}#{FITTED}")
    shown = grey(page.locator('.row[data-path="/total"] .crop'))
    paper = only_paper(page)
    told = boxes(extracted / "receipt.json")

    def alike(path: str) -> float:
        """The correlation of the cut-out with a place of the page, with the air that a cut-out has around it."""
        place = Image.fromarray(part(paper, told[path], 0.35).astype(np.uint8))
        size = (shown.shape[1], shown.shape[0])
        return float(np.corrcoef(shown[3:-3, 3:-3].ravel(), np.asarray(place.resize(size))[3:-3, 3:-3].ravel())[0, 1])

    assert alike("/total") > 0.85
    assert max(alike(path) for path in told if path != "/total") < alike("/total") - 0.1


def test_boxes_of_a_sheet_fed_sideways_lie_over_its_print(page: Page, report: str, extracted: Path) -> None:
    page.set_viewport_size(LARGE)
    page.goto(f"{report}#{SIDEWAYS}")
    paper = only_paper(page)
    ink = (paper < 170).astype(np.float64)
    told = boxes(extracted / "scan0003.json")

    def over_print(box: Box) -> bool:
        """More of it is ink than of the strip around it."""
        within, around = part(ink, box), part(ink, box, 0.5)
        beside = (around.sum() - within.sum()) / max(1, around.size - within.size)
        return bool(within.mean() > 2 * beside and within.mean() > 0.05)

    turned = [Box(1 - box.x1, 1 - box.y1, 1 - box.x0, 1 - box.y0) for box in told.values()]
    assert paper.shape[1] > paper.shape[0]
    assert sum(map(over_print, told.values())) >= 0.9 * len(told)  # an address of two lines has print beside it
    assert sum(map(over_print, turned)) < 0.3 * len(told)  # so the measure would tell a page turned wrongly


def test_what_a_hostile_document_says_is_shown_and_never_obeyed(page: Page, report: str) -> None:
    page.goto(report)
    expect(page.locator("#list tbody tr").nth(HOSTILE)).to_contain_text(
        "<img src=x onerror=alert(1)>\ufffd51.981\ufffd"
    )
    page.goto(f"{report}#{HOSTILE}")
    fields = page.locator("#fields")
    for text in SCRIPTS:
        expect(fields.locator(".value", has_text=text)).to_have_count(3)
    turned = fields.locator(".value", has_text="\ufffd51.981\ufffd")
    first, last = (glyph_left(turned.first, at) for at in (1, 6))
    assert first < last
    for box in page.locator(".box").all():
        box.dispatch_event("click")
    assert page.evaluate("window.hit") is None
    assert page.locator("#pages script, #fields script, #fields img, #list script, #list img").count() == 0


def glyph_left(shown: Locator, at: int) -> float:
    """Where a character of an element's text stands on the screen, px."""
    told: float = shown.evaluate(
        """(element, at) => { const range = document.createRange(); const text = element.firstChild;
           range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().left; }""",
        at,
    )
    return told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_small_screens_and_is_open_to_everybody(
    page: Page, report: str, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    for place in ("", f"#{FITTED}:/total", f"#{HOSTILE}"):
        for size in ((390, 844), (820, 1180), (1280, 800)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.goto(report + place)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (place, size)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, dark[4:-1].split(","))) < 200) == (scheme == "dark")


def test_the_tab_key_meets_everything_in_the_order_it_is_read(page: Page, report: str) -> None:
    page.goto(report)
    links = [f"#{number}" for number in range(5)]
    assert met(page, 13) == ["theme", "help", "text", "clean", "review", "failed", "type", "what", *links]
    page.goto(f"{report}#{FITTED}")
    page.reload()
    first = ["back", "earlier", "later", "after", "theme", "help", "Smaller", "Fit", "Larger", "Only doubts"]
    assert met(page, 15) == [*first, "Paper", "Signals", "/company", "/address", "/date"]
    page.keyboard.press("?")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def met(page: Page, many: int) -> list[str]:
    """What the Tab key meets from the top of the page on, by id, field, target or name; each shows that it is met."""
    names = []
    for _ in range(many):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const it = document.activeElement;
               const [words] = it.textContent.split(" (");
               return [it.id || it.dataset.path || it.getAttribute("href") || it.ariaLabel || words.trim(),
                       getComputedStyle(it).outlineStyle]; }"""
        )
        assert outline == "solid", name
        names.append(name)
    return names
