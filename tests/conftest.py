"""No test finds the developer's keys, servers or kept answers."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.read_once import pictures_read_once

OF_PROVIDERS = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_")


@pytest.fixture(scope="session")
def what_was_read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers of a run keep what OCR said of pictures."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "read"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def pictures_once(what_was_read: Path) -> Iterator[None]:
    """For tests that look at pages which others look at too, and are not about OCR itself."""
    with pictures_read_once(what_was_read):
        yield


@pytest.fixture(autouse=True)
def the_same_voice() -> Iterator[None]:
    """What --quiet does to the log in one test is undone for the next."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(OF_PROVIDERS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(tmp_path_factory.getbasetemp()) / "cache"))
