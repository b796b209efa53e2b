"""A document is read by OCR once, however often the tests of a module extract it or a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import flow
from engine.page import Reading
from engine.reading import read_pages
from engine.receive import Document


@pytest.fixture(scope="module")
def read_once() -> Iterator[None]:
    known: dict[str, tuple[Reading, ...]] = {}

    def remembered(document: Document, *rest: Any) -> tuple[Reading, ...]:
        if document.sha256 not in known:
            known[document.sha256] = read_pages(document, *rest)
        return known[document.sha256]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "read_pages", remembered)
        yield
