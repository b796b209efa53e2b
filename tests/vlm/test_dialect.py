"""The schema in each dialect: only what its provider takes, and never stricter than the original."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.doctype import list_types, load_type
from engine.vlm.dialect import LEFT_OUT, compile, fits
from engine.vlm.model import Dialect
from tests.vlm.test_question import asked, rich_type

DIALECTS = get_args(Dialect)
SHIPPED = [name for name, _ in list_types()]
TAKEN = {
    "openai": {
        *("type", "description", "enum", "properties", "required", "additionalProperties", "items", "anyOf"),
        *("pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
    },
    "anthropic": {
        *("type", "description", "enum", "properties", "required", "additionalProperties", "items", "anyOf"),
        *("format", "minItems"),
    },
    "gemini": {
        *("type", "description", "enum", "properties", "required", "additionalProperties", "items", "anyOf", "format"),
        *("minimum", "maximum", "minItems", "maxItems", "propertyOrdering"),
    },
}


def neutral(name: str, folder: Path) -> dict[str, Any]:
    return asked(rich_type(folder) if name == "rich" else load_type(name)).schema


def nodes(node: Any) -> list[dict[str, Any]]:
    """Every schema in a compiled schema; property names are no keywords."""
    below = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    below += [node["items"]] if "items" in node else []
    return [node, *(each for child in below for each in nodes(child))]


def leaf_schema(value: dict[str, Any]) -> dict[str, Any]:
    """An answer of one leaf ``a`` with this value."""
    return many({"a": value})


def many(values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    leaves = {
        name: {
            "type": "object",
            "properties": {"value": value, "printed": {"type": "string"}, "confidence": {"type": "number"}},
            "required": ["value", "printed", "confidence"],
            "additionalProperties": False,
        }
        for name, value in values.items()
    }
    return {"type": "object", "properties": leaves, "required": list(leaves), "additionalProperties": False}


def value_in(schema: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    made = compile(leaf_schema(schema), dialect)["properties"]["a"]["properties"]["value"]
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", [*SHIPPED, "rich"])
def test_a_compiled_schema_is_plain_json_in_the_dialects_own_words(name: str, dialect: Dialect, tmp_path: Path) -> None:
    schema = neutral(name, tmp_path)
    before = repr(schema)
    made = compile(schema, dialect)
    assert repr(schema) == before
    assert fits(schema, dialect)
    Draft202012Validator.check_schema(json.loads(json.dumps(made)))
    for node in nodes(made):
        assert set(node) <= TAKEN[dialect]
        assert "type" in node or "anyOf" in node
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert set(node["required"]) <= set(node["properties"])
            assert dialect != "openai" or node["required"] == list(node["properties"])
            assert dialect != "gemini" or node["propertyOrdering"] == list(node["properties"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_limits_are_kept_where_the_dialect_has_them(dialect: Dialect) -> None:
    node = {
        "type": ["number", "null"],
        "minimum": Decimal("0.5"),
        "maximum": Decimal("9.0"),
        "multipleOf": Decimal("0.01"),
    }
    wanted: dict[str, dict[str, Any]] = {
        "openai": {"type": ["number", "null"], "minimum": 0.5, "maximum": 9},
        "anthropic": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "gemini": {"type": ["number", "null"], "minimum": 0.5, "maximum": 9},
    }
    assert value_in(node, dialect) == wanted[dialect]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_choices_and_null_are_branches_of_their_own(dialect: Dialect) -> None:
    value = value_in({"enum": ["open", "closed", None], "type": ["string", "null"]}, dialect)
    assert value == {"anyOf": [{"type": "string", "enum": ["open", "closed"]}, {"type": "null"}]}
    mixed = value_in({"enum": [1, "top", True, None], "type": ["number", "string", "boolean", "null"]}, dialect)
    assert mixed["anyOf"] == [
        {"type": "number", "enum": [1]},
        {"type": "string", "enum": ["top"]},
        {"type": "boolean", "enum": [True]},
        {"type": "null"},
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_choices_with_decimals_stay_choices(dialect: Dialect) -> None:
    value = value_in({"enum": [Decimal("0.5"), Decimal("2.0"), 3, None], "type": ["number", "null"]}, dialect)
    assert value["anyOf"] == [{"type": "number", "enum": [0.5, 2, 3]}, {"type": "null"}]
    assert [type(choice) for choice in value["anyOf"][0]["enum"]] == [float, int, int]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_constraints_made_of_others_leave_their_types(dialect: Dialect) -> None:
    odd = {"anyOf": [{"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "z$"}]}, {"type": "null"}]}
    value = value_in(odd, dialect)
    assert value in ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]})


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [("^[A-Z]{3}$", True), ("[A-Z]{3}", False), (r"^\d+$", False), ("^(?=a).*$", False), ("^(?:a|b)$", False)],
)
def test_only_patterns_that_all_servers_read_alike_are_sent(pattern: str, kept: bool) -> None:
    value = value_in({"type": ["string", "null"], "pattern": pattern}, "openai")
    assert ("pattern" in value) is kept
    assert "pattern" not in json.dumps(value_in({"type": ["string", "null"], "pattern": pattern}, "anthropic"))


def test_a_constraint_goes_with_the_type_that_it_is_about() -> None:
    value = value_in({"type": ["string", "number", "null"], "format": "date"}, "anthropic")
    assert value["anyOf"] == [{"type": "string", "format": "date"}, {"type": "number"}, {"type": "null"}]


def test_formats_that_a_dialect_does_not_know_are_left_out() -> None:
    for dialect in DIALECTS:
        known = "format" in json.dumps(value_in({"type": ["string", "null"], "format": "uri"}, dialect))
        assert known is (dialect == "anthropic")
        assert "format" in json.dumps(value_in({"type": ["string", "null"], "format": "date"}, dialect))


# ---------------------------------------------------------------- budgets


def wide(count: int, value: dict[str, Any] | None = None) -> dict[str, Any]:
    return many({f"f{number}": value or {"type": ["string", "null"]} for number in range(count)})


def unions(schema: dict[str, Any]) -> int:
    return sum("anyOf" in node or isinstance(node.get("type"), list) for node in nodes(schema))


def optionals(schema: dict[str, Any]) -> int:
    return sum(len(node["properties"]) - len(node["required"]) for node in nodes(schema) if "properties" in node)


@pytest.mark.parametrize("count", [1, 16, 17, 40])
def test_anthropics_budget_holds_sixteen_unions_then_values_to_leave_out(count: int) -> None:
    schema = wide(count)
    made = compile(schema, "anthropic")
    assert fits(schema, "anthropic")
    assert unions(made) == min(count, 16)
    assert optionals(made) == max(count - 16, 0)
    for number, leaf in enumerate(made["properties"].values()):
        assert (LEFT_OUT in leaf.get("description", "")) is (number >= 16)
        assert ("value" in leaf["required"]) is (number < 16)
    Draft202012Validator(made).validate(
        {name: {"value": "x", "printed": "x", "confidence": 1} for name in made["required"]}
    )


def test_what_no_budget_holds_does_not_fit() -> None:
    assert not fits(wide(41), "anthropic")
    assert fits(wide(41), "openai")
    assert fits(wide(41), "gemini")
    assert not fits(wide(1251), "openai")  # 1251 leaves have 5004 properties with their three
    assert not fits(wide(17, {"type": ["string", "number", "null"]}), "anthropic")


def test_values_of_several_types_stay_unions_and_others_make_room() -> None:
    mixed = {f"m{number}": {"type": ["string", "number", "null"]} for number in range(10)}
    schema = many({**{f"s{number}": {"type": ["string", "null"]} for number in range(10)}, **mixed})
    made = compile(schema, "anthropic")
    assert (unions(made), optionals(made)) == (16, 4)


def test_openai_has_ten_levels_and_a_thousand_choices() -> None:
    deep = leaf_schema({"type": ["string", "null"]})
    for _ in range(8):
        deep = {"type": "object", "properties": {"o": deep}, "required": ["o"], "additionalProperties": False}
    assert fits(deep, "openai")
    assert not fits({**deep, "properties": {"o": deep}}, "openai")
    choices = [f"c{number}" for number in range(1000)]
    assert fits(wide(1, {"type": ["string", "null"], "enum": choices}), "openai")
    assert not fits(wide(1, {"type": ["string", "null"], "enum": [*choices, None]}), "openai")


# ---------------------------------------------------------------- never stricter than the original


POOL = (None, True, -3, 0, 1, 2, 7, 0.25, 0.75, 1.5, "EUR", "2018-12-25", "open", "yes", "top", "abc", "z", "", "é")


def answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Answers that are valid under a neutral schema."""
    if "properties" in schema:
        return st.fixed_dictionaries({name: answers(child) for name, child in schema["properties"].items()})
    if "items" in schema:
        return st.lists(answers(schema["items"]), max_size=2)
    plain = json.loads(json.dumps(schema, default=float))
    validator = Draft202012Validator(plain, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return st.sampled_from([value for value in POOL if validator.is_valid(value)])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", [*SHIPPED, "rich"])
def test_a_valid_answer_is_valid_in_every_dialect(
    name: str, dialect: Dialect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    schema = neutral(name, tmp_path_factory.mktemp("type"))
    made = compile(schema, dialect)
    validator = Draft202012Validator(made, format_checker=Draft202012Validator.FORMAT_CHECKER)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(answers(schema))
    def holds(answer: Any) -> None:
        validator.validate(_without_optional_nulls(answer, made))

    holds()


def _without_optional_nulls(answer: Any, schema: dict[str, Any]) -> Any:
    """The answer as a model has to write it where a value may be left out instead of null."""
    if isinstance(answer, list):
        return [_without_optional_nulls(each, schema["items"]) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: _without_optional_nulls(child, schema["properties"][name])
        for name, child in answer.items()
        if child is not None or name in schema["required"]
    }
