"""Answers as a model would write them: the values of a document in the shape that a question asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import simplejson

from fixtures.answers import SURE, fill, leaf

__all__ = ["SURE", "answer_text", "leaf", "loads", "prose_answer"]


def answer_text(schema: dict[str, Any], data: dict[str, Any]) -> str:
    """The JSON text of an answer to *schema* (compiled or not) that holds *data* where it has it, else nulls.

    Asked which of two texts a picture shows, it abstains.
    """
    if "choice" in schema["properties"]:
        return '{"choice": "neither"}'
    return str(simplejson.dumps(fill(schema, data), use_decimal=True))


def prose_answer(schema: dict[str, Any], data: dict[str, Any]) -> str:
    return f"Here is what I found:\n```json\n{answer_text(schema, data)}\n```\nLet me know if you need more."


def loads(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)
