"""The JSON of the contract: its shape, its numbers, its encoding."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from engine import __version__
from engine import result as shapes
from engine.as_json import RESULT_SCHEMA, readings_to_json, result_to_json, routes_to_json
from engine.page import Box, Reading, Region, Word
from engine.result import Field, Result
from engine.route import Decision, PageRoute
from tests import sample_results as sample


def parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def errors(data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(RESULT_SCHEMA).iter_errors(data)]


def test_the_result_has_the_shape_of_the_contract() -> None:
    data = parsed(result_to_json(sample.receipt()))
    assert list(data) == [
        "version",
        "document",
        "status",
        "data",
        "fields",
        "findings",
        "pages",
        "usage",
        "engine",
    ]
    assert data["version"] == 1
    assert data["document"] == {"path": "in/a.pdf", "sha256": "0" * 64, "pages": 2, "type": "receipt"}
    assert data["fields"]["/total"] == {
        "value": Decimal("9.00"),
        "printed": "RM9.00",
        "page": 1,
        "box": [Decimal("0.61"), Decimal("0.7"), Decimal("0.74"), Decimal("0.72")],
        "source": "ocr",
        "verdict": "confirmed",
        "witness": "9.00",
        "confidence": Decimal("0.98"),
        "missing": None,
        "box_quality": None,
    }
    assert data["findings"] == [
        {
            "path": "/date",
            "check": "schema",
            "severity": "error",
            "message": "date is required and was not found",
            "page": None,
        }
    ]
    assert data["pages"][0] == {
        "page": 1,
        "route": "ocr",
        "reason": "printed text",
        "signals": {"handwriting": Decimal("0.0212"), "table": Decimal("0.9")},
        "outcome": "complete",
        "attempts": 1,
        "usage": None,
        "seconds": Decimal("0.912"),
    }
    assert data["usage"] == {"calls": 0, "input_tokens": 0, "output_tokens": 0, "usd": 0}
    assert data["engine"] == {"version": __version__, "ocr": "tesseract 5.3.0 eng", "model": None}


@pytest.mark.parametrize("number", ["9.00", "0.10", "-1.50", "12345678901234567890.123456789", "0"])
def test_decimals_are_written_digit_by_digit(number: str) -> None:
    result = replace(sample.receipt(), data={"total": Decimal(number)})
    assert f'"total": {number}\n' in result_to_json(result)


@pytest.mark.parametrize("result", [sample.receipt(), sample.failed()], ids=["review", "failed"])
def test_results_are_valid_against_the_schema_of_the_result(result: Result) -> None:
    assert errors(json.loads(result_to_json(result))) == []


def test_the_schema_is_one_and_refuses_what_is_no_result() -> None:
    Draft202012Validator.check_schema(RESULT_SCHEMA)
    data = json.loads(result_to_json(sample.receipt()))
    assert errors({**data, "status": "fine"})
    assert errors({**data, "extra": 1})
    assert errors({**data, "fields": {"/total": {"value": 1}}})
    assert errors({**data, "fields": {"total": data["fields"]["/total"]}})


def test_the_schema_knows_every_word_that_the_result_knows() -> None:
    defs = RESULT_SCHEMA["$defs"]
    field, finding, page = (defs[name]["properties"] for name in ("field", "finding", "page"))
    assert RESULT_SCHEMA["properties"]["status"]["enum"] == list(get_args(shapes.Status))
    assert field["verdict"]["enum"] == list(get_args(shapes.Verdict))
    assert field["source"]["enum"] == list(get_args(shapes.FieldSource))
    assert field["missing"]["enum"] == [*get_args(shapes.Missing), None]
    assert finding["check"]["enum"] == list(get_args(shapes.Check))
    assert finding["severity"]["enum"] == list(get_args(shapes.Severity))
    assert page["route"]["enum"] == list(get_args(shapes.Route))
    assert page["outcome"]["enum"] == list(get_args(shapes.Outcome))
    assert list(field) == [item.name for item in fields(Field)]


def test_a_name_that_is_not_utf8_comes_back_as_it_was() -> None:
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\xa7\xbe.pdf")
    text = result_to_json(sample.receipt(path=name)).encode("utf-8").decode("utf-8")
    assert "🧾" in text
    assert os.fsencode(json.loads(text)["document"]["path"]) == b"caf\xe9 \xf0\x9f\xa7\xbe.pdf"


def test_what_is_no_number_is_never_written() -> None:
    with pytest.raises(ValueError, match="nan"):
        result_to_json(replace(sample.receipt(), data={"total": float("nan")}))


def test_readings_have_the_shape_of_the_contract() -> None:
    words = (Word("Total", Box(0.1, 0.2, 0.3, 0.4), 0.96123456, 12),)
    readings = [Reading(1, 1654, 2339, 200.0, 90, words=words), Reading(2, failure="page 2 is broken")]
    assert json.loads(readings_to_json("a.pdf", "0" * 64, 2, readings)) == {
        "version": 1,
        "document": {"path": "a.pdf", "sha256": "0" * 64, "pages": 2, "type": None},
        "pages": [
            {
                "page": 1,
                "width": 1654,
                "height": 2339,
                "dpi": 200,
                "rotation": 90,
                "source": "ocr",
                "words": [{"text": "Total", "box": [0.1, 0.2, 0.3, 0.4], "confidence": 0.9612, "line": 12}],
            },
            {
                "page": 2,
                "width": 0,
                "height": 0,
                "dpi": None,
                "rotation": 0,
                "source": "ocr",
                "words": [],
                "failure": "page 2 is broken",
            },
        ],
    }


def test_routes_have_the_shape_of_the_contract() -> None:
    region = Region("table", Box(0.1, 0.2, 0.3, 0.4), 0.91234)
    page = PageRoute(Reading(1, signals={"table": 0.9}, regions=(region,)), Decision("ocr", "ocr", "printed"))
    assert json.loads(routes_to_json("a.pdf", "0" * 64, 1, "receipt", [page])) == {
        "version": 1,
        "document": {"path": "a.pdf", "sha256": "0" * 64, "pages": 1, "type": "receipt"},
        "pages": [
            {
                "page": 1,
                "route": "ocr",
                "reason": "printed",
                "signals": {"table": 0.9},
                "regions": [{"kind": "table", "box": [0.1, 0.2, 0.3, 0.4], "score": 0.9123}],
            }
        ],
    }
