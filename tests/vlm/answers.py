"""Answers as a model would write them: the values of a document in the shape that a question asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import simplejson

SURE = 0.97


def answer_text(schema: dict[str, Any], data: dict[str, Any]) -> str:
    """The JSON text of an answer to *schema* (compiled or not) that holds *data* where it has it, else nulls.

    Asked which of two texts a picture shows, it abstains.
    """
    if "choice" in schema["properties"]:
        return '{"choice": "neither"}'
    return str(simplejson.dumps(_object(schema, data), use_decimal=True))


def prose_answer(schema: dict[str, Any], data: dict[str, Any]) -> str:
    return f"Here is what I found:\n```json\n{answer_text(schema, data)}\n```\nLet me know if you need more."


def _object(schema: dict[str, Any], data: Any) -> dict[str, Any]:
    known = data if isinstance(data, dict) else {}
    return {name: _any(child, known.get(name)) for name, child in schema["properties"].items()}


def _any(schema: dict[str, Any], data: Any) -> Any:
    if "items" in schema:
        return _list(schema["items"], data)
    if "printed" not in schema["properties"]:
        return _object(schema, data)
    return leaf(data)


def _list(items: dict[str, Any], data: Any) -> list[Any]:
    if isinstance(data, dict):  # an open map
        return [{"name": name, **leaf(value)} for name, value in data.items()]
    return [_any(items, row) for row in data or []]


def leaf(value: Any, printed: str | None = None) -> dict[str, Any]:
    told = "" if value is None else f"{value}"
    return {"value": value, "printed": told if printed is None else printed, "confidence": SURE}


def loads(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)
