"""The files that give the report and the review page one look: styles, marks, and the page viewer's script."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

LOOK, MARKS, VIEWER = "look.css", "marks.svg", "page.js"


@cache
def part(name: str) -> str:
    """The text of one of them. It holds nothing of any document; ``marks.svg`` goes into the page's body as it is."""
    return files("engine.view").joinpath(name).read_text("utf-8")
