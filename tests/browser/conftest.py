"""A real Chromium without a window; what a page would fetch from elsewhere is refused, and told by the test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from engine.cli import main
from fixtures.demo import arguments
from tests.read_once import pictures_read_once

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a laptop's size. The test fails where a script of it does, or where it asks anybody but loopback."""
    faults: list[str] = []
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        shown = context.new_page()
        shown.set_default_timeout(10_000)
        shown.on("pageerror", lambda error: faults.append(str(error)))
        shown.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        shown.on("request", lambda asked: faults.append(asked.url) if not _is_here(asked.url) else None)
        yield shown
    assert faults == []


@pytest.fixture(scope="session")
def extracted(tmp_path_factory: pytest.TempPathFactory, what_was_read: Path) -> Path:
    """Two results: receipt.json, whose model bent amounts until they fit, and scan0003.json, a sheet fed sideways."""
    out = tmp_path_factory.mktemp("extracted")
    with pictures_read_once(what_was_read):
        for case in ("receipt_thermal_fitted", "invoice_sideways"):
            assert engine("extract", *arguments(case), "--out", str(out), "--no-cache", "--quiet") == 1
    return out


def engine(*given: str) -> object:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(given)
    return ended.value.code


def _is_here(url: str) -> bool:
    return url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "http://localhost:"))
