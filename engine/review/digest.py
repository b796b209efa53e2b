"""What makes two result files the same: all that is told of the document, not when, where or how fast it was read."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from engine.as_json import to_json

OF_THE_RUN = ("usage", "engine", "version")
OF_THE_PAGE_S_RUN = ("usage", "seconds", "attempts")


def digest(told: Mapping[str, Any]) -> str:
    """A short digest of a result as data (:func:`engine.as_json.result_to_data`, or a file read back): extracted again
    with the same outcome, it is the same."""
    document = {name: value for name, value in told["document"].items() if name != "path"}
    pages = [{name: v for name, v in page.items() if name not in OF_THE_PAGE_S_RUN} for page in told["pages"]]
    kept = {name: value for name, value in told.items() if name not in OF_THE_RUN}
    text = to_json({**kept, "document": document, "pages": pages}, indent=None)
    return sha256(text.encode()).hexdigest()[:16]
