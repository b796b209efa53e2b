"""``python -m tests.browser.pictures``, after ``make demo``: the pictures of docs/, made anew from its report."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.test_review import ready, reviewing

DEMO, DOCS = Path("demo-out"), Path("docs")
SIZE = {"width": 1280, "height": 800}
ACCUSED = "receipt_thermal_fitted"


def keep(png: bytes, name: str) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(DOCS / f"{name}.webp", quality=70)


def draw(browser: Browser) -> None:
    page = browser.new_page(viewport=SIZE, color_scheme="light")
    page.goto((DEMO / "report.html").absolute().as_uri())
    page.locator(f"[data-document='{ACCUSED}'] a, [data-document] a:has-text('{ACCUSED}')").first.click()
    page.locator(".box.contradicted").first.wait_for()
    page.keyboard.press("j")
    page.wait_for_timeout(500)
    keep(page.screenshot(), "report")
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(DEMO / f"{ACCUSED}.json", name)
        with reviewing(Path(name)) as address:
            page.goto(address)
            page.keyboard.press("Enter")
            ready(page, "Total")
            keep(page.screenshot(), "review")


if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=list(ARGUMENTS), executable_path=shutil.which("chromium"))
        draw(browser)
        browser.close()
