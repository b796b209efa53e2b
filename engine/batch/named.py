"""The name of a document in what is said of it.

Records go by content, and the same content may come again as another file, of another person. So they hold no path: a
mark stands for it, and each result gets the name of its own document when it is brought out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simplejson

if TYPE_CHECKING:
    from engine.result import Result

NAME = "\ufdd0"
"""Stands for the document. Unicode keeps it for a program's own use: no text has it."""


def nameless(sentence: str, file: Path | str) -> str:
    """The sentence with the mark where it names the file."""
    return sentence.replace(str(file), NAME)


def nameless_result(result: Result, file: Path) -> Result:
    """The result with the mark for its path and in its sentences."""
    return replace(
        result,
        path=NAME,
        findings=tuple(replace(each, message=nameless(each.message, file)) for each in result.findings),
        pages=tuple(replace(each, reason=nameless(each.reason, file)) for each in result.pages),
    )


def named(result: str, name: str) -> dict[str, Any]:
    """The data of a recorded result, as that of the document of this name, in its sentences too."""
    data: dict[str, Any] = simplejson.loads(result, use_decimal=True)
    data["document"]["path"] = name
    for finding in data["findings"]:
        finding["message"] = finding["message"].replace(NAME, name)
    for page in data["pages"]:
        page["reason"] = page["reason"].replace(NAME, name)
    return data
