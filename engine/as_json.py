"""Results, readings and routes as the JSON of the contract. Nothing here reads a page or decides anything.

Decimals are written exactly as numbers: ``Decimal("9.00")`` becomes ``9.00``, not ``9.0`` and not a string.
Text is UTF-8 without needless escapes; parts of a file name that are not UTF-8 are written as ``\\udcXX``,
which reads back to the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import simplejson

from engine import __version__

if TYPE_CHECKING:  # numpy stays out: printing JSON needs none
    from engine.page import Box, Reading, Region, Word
    from engine.result import Field, Finding, PageResult, Result, Usage
    from engine.route import PageRoute

VERSION = 1

RESULT_SCHEMA: dict[str, Any] = json.loads(files("engine").joinpath("result.schema.json").read_text("utf-8"))
"""The JSON Schema (2020-12) of a result, as ``engine schema show result`` prints it."""


def to_json(data: Any, *, indent: int | None = 2) -> str:
    """*data* as JSON text, always encodable as UTF-8. Raises ValueError for a float that is no number."""
    text = simplejson.dumps(data, use_decimal=True, ensure_ascii=False, allow_nan=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def result_to_json(result: Result) -> str:
    """The result file's text, without a newline at the end."""
    return to_json(result_to_data(result))


def result_to_data(result: Result) -> dict[str, Any]:
    """The result in the contract's shape, its numbers still Decimals; valid against :data:`RESULT_SCHEMA`."""
    return {
        "version": VERSION,
        "document": _document(result.path, result.sha256, result.page_count, result.type),
        "status": result.status,
        "data": result.data,
        "fields": {pointer: _field(field) for pointer, field in result.fields.items()},
        "findings": [_finding(finding) for finding in result.findings],
        "pages": [_page(page) for page in result.pages],
        "usage": _usage(result.usage),
        "engine": {"version": __version__, "ocr": result.ocr, "model": result.model},
    }


def readings_to_json(path: str, sha256: str | None, page_count: int, readings: Iterable[Reading]) -> str:
    """What ``engine read --json`` prints. A page that could not be read has a ``failure`` and no words."""
    return to_json(
        {
            "version": VERSION,
            "document": _document(path, sha256, page_count, None),
            "pages": [_reading(reading) for reading in readings],
        }
    )


def routes_to_json(
    path: str, sha256: str | None, page_count: int, type_name: str | None, pages: Iterable[PageRoute]
) -> str:
    """What ``engine route --json`` prints."""
    return to_json(
        {
            "version": VERSION,
            "document": _document(path, sha256, page_count, type_name),
            "pages": [
                {
                    "page": page.page,
                    "route": page.route,
                    "reason": page.reason,
                    "signals": _rounded(page.reading.signals),
                    "regions": [_region(region) for region in page.reading.regions],
                }
                for page in pages
            ],
        }
    )


def _document(path: str, sha256: str | None, page_count: int, type_name: str | None) -> dict[str, Any]:
    return {"path": path, "sha256": sha256, "pages": page_count, "type": type_name}


def _field(field: Field) -> dict[str, Any]:
    return {
        "value": field.value,
        "printed": field.printed,
        "page": field.page,
        "box": _box(field.box),
        "source": field.source,
        "verdict": field.verdict,
        "witness": field.witness,
        "confidence": None if field.confidence is None else round(field.confidence, 4),
        "missing": field.missing,
        "box_quality": field.box_quality,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "check": finding.check,
        "severity": finding.severity,
        "message": finding.message,
        "page": finding.page,
    }


def _page(page: PageResult) -> dict[str, Any]:
    return {
        "page": page.page,
        "route": page.route,
        "reason": page.reason,
        "signals": _rounded(page.signals),
        "outcome": page.outcome,
        "attempts": page.attempts,
        "usage": None if page.usage is None else {**_usage(page.usage), "kept": page.usage.kept},
        "seconds": round(page.seconds, 3),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "usd": usage.usd,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    page: dict[str, Any] = {
        "page": reading.page,
        "width": reading.width,
        "height": reading.height,
        "dpi": None if reading.dpi is None else _whole(reading.dpi),
        "rotation": reading.rotation,
        "source": reading.source,
        "words": [_word(word) for word in reading.words],
    }
    if reading.failure is not None:
        page["failure"] = reading.failure
    return page


def _word(word: Word) -> dict[str, Any]:
    told: dict[str, Any] = {
        "text": word.text,
        "box": word.box.as_list(),
        "confidence": round(word.confidence, 4),
        "line": word.line,
    }
    if word.other is not None:  # two readers looked
        told |= {"reader": word.reader, "other": word.other, "agreed": word.agreed}
    return told


def _region(region: Region) -> dict[str, Any]:
    return {"kind": region.kind, "box": region.box.as_list(), "score": round(region.score, 4)}


def _box(box: Box | None) -> list[float] | None:
    return None if box is None else box.as_list()


def _rounded(signals: dict[str, float]) -> dict[str, float]:
    """Four digits say all that a signal knows, and keep result files readable."""
    return {name: round(value, 4) for name, value in signals.items()}


def _whole(number: float) -> float:
    """A resolution of 200.0 is written 200, as people say it; 199.5 keeps its half."""
    return int(number) if number == int(number) else round(number, 1)
