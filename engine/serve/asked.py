"""What a client may want of a document, and whether it can be had here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.config import Config
from engine.doctype import list_types
from engine.errors import MissingDependency, UsageError
from engine.ocr.tesseract import require
from engine.receive import page_range
from engine.serve.problem import Problem

OPTIONS = ("pages", "lang", "ocr", "route", "policy", "no_vlm")
"""Settings that a client may have for a document. All others are the server's: where it looks for types, whose model it
asks with whose key, what it may cost, and every limit."""

BROKEN_TESSERACT = (MissingDependency, OSError, RuntimeError, SystemExit)
"""What one that is not there, or not all of it, is told by: the last three are pytesseract's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants done: see :class:`engine.serve.jobs.Job`."""

    owner: str
    document: str
    type: str
    options: Mapping[str, str]
    key: str | None = None


def check(asked: Asked, config: Config) -> None:
    """Whether that can be done here. Raises Problem."""
    names = [name for name, _ in list_types(config.schemas)]
    if asked.type not in ("auto", *names):
        raise Problem(422, f"type is none that there is: give auto or one of {', '.join(names)}")
    try:
        own = own_settings(config, asked.options)
        page_range(own.pages, own.max_pages)
    except UsageError as error:
        raise Problem(422, f"an option cannot be used: {error}") from error
    try:
        require(own.lang)
    except BROKEN_TESSERACT as error:
        if own.lang != config.lang:
            sentence = "the server cannot read that lang: leave it out, or have it installed there"
            raise Problem(422, sentence) from error
        raise Problem(503, "the server's Tesseract does not answer: try again later", {"Retry-After": "60"}) from error


def own_settings(config: Config, options: Mapping[str, str]) -> Config:
    """The server's settings with those of a document. Raises UsageError for a value that cannot be."""
    given: dict[str, Any] = dict(options)
    if "no_vlm" in given:
        given["no_vlm"] = {"true": True, "false": False}.get(given["no_vlm"], given["no_vlm"])
    return replace(config, **given)
