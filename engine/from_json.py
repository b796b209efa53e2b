"""A result file read back: what :mod:`engine.as_json` wrote, as a :class:`engine.result.Result` again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.as_json import RESULT_SCHEMA
from engine.errors import UsageError
from engine.page import Box
from engine.pointer import escape
from engine.result import Field, Finding, PageResult, Result, Usage
from engine.validate import faults


def data_to_result(data: Any) -> Result:
    """The result that *data* tells, as :func:`engine.as_json.result_to_data` gives it, numbers as int and Decimal.

    The version of the engine that wrote it is left behind. Raises UsageError for what is no result, naming the place.
    """
    for fault in faults(data, RESULT_SCHEMA):
        where = "".join(f"/{escape(str(name))}" for name in fault.absolute_path) or "as a whole"
        raise UsageError(f"this is no result ({where}: {fault.message[:200]}): give a file as engine extract writes it")
    return Result(
        path=data["document"]["path"],
        sha256=data["document"]["sha256"],
        page_count=int(data["document"]["pages"]),
        type=data["document"]["type"],
        status=data["status"],
        data=data["data"],
        fields={pointer: _field(told) for pointer, told in data["fields"].items()},
        findings=tuple(Finding(**told) for told in data["findings"]),
        pages=tuple(_page(told) for told in data["pages"]),
        usage=_usage(data["usage"]),
        ocr=data["engine"]["ocr"],
        model=data["engine"]["model"],
    )


def _field(told: Mapping[str, Any]) -> Field:
    box, value, confidence = told["box"], told["value"], told["confidence"]
    changed = {
        "value": () if isinstance(value, list) else value,
        "box": None if box is None else Box(*map(float, box)),
        "confidence": None if confidence is None else float(confidence),
    }
    return Field(**{**told, **changed})


def _page(told: Mapping[str, Any]) -> PageResult:
    usage = told["usage"]
    changed = {
        "signals": {name: float(signal) for name, signal in told["signals"].items()},
        "usage": None if usage is None else _usage(usage),
        "seconds": float(told["seconds"]),
    }
    return PageResult(**{**told, **changed})


def _usage(told: Mapping[str, Any]) -> Usage:
    usd = told["usd"]
    return Usage(**{**told, "usd": None if usd is None else Decimal(usd)})
