"""The answer's schema as each provider's strict mode takes it.

Strict modes take a subset of JSON Schema and refuse the rest with a 400. What a dialect cannot say is left out here
and loses nothing: the answer is always validated against the neutral schema (:mod:`engine.vlm.answer`), and the
question tells the model the same limits in words.

The subsets, as of 2026-11: OpenAI by its guide to structured outputs, which local servers follow as far as they can;
Anthropic by its documentation and ``transform_schema`` of its SDK; Gemini by ``response_json_schema`` of its SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.leaf import Schema
from engine.validate import is_of
from engine.vlm.model import Dialect
from engine.vlm.shape import one_or_list, types_of

Path = tuple[str, ...]

UNIONS, OPTIONALS = 16, 24
"""Anthropic's budgets for one schema: parameters of a union type (null counts), and parameters not required."""

PROPERTIES, LEVELS, CHOICES, LETTERS = 5_000, 10, 1_000, 120_000
"""OpenAI's limits for one schema: properties, nested containers, enum values, characters of names and choices."""

LEFT_OUT = "Leave value out if it is not visible on this page."

_SHARED = ("type", "description", "enum", "properties", "required", "additionalProperties", "items")
_RANGES = ("minimum", "maximum", "minItems", "maxItems")
_ONLY_FOR = {
    "format": ("string",),
    "pattern": ("string",),
    "minimum": ("number", "integer"),
    "maximum": ("number", "integer"),
    "exclusiveMinimum": ("number", "integer"),
    "exclusiveMaximum": ("number", "integer"),
    "minItems": ("array",),
    "maxItems": ("array",),
    "items": ("array",),
}
_PLAIN_PATTERN = re.compile(r"\^[^\\^$?]*\$")  # anchored, no escapes, no groups that look around: read alike by all


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a dialect takes: keywords, formats, and whether ``type`` may be a list (else ``anyOf``)."""

    keywords: frozenset[str]
    formats: frozenset[str]
    type_lists: bool = True
    ordering: bool = False


_INTERNET = ("email", "hostname", "ipv4", "ipv6", "uuid", "duration")
_RULES: dict[Dialect, _Rules] = {
    "openai": _Rules(
        frozenset((*_SHARED, *_RANGES, "exclusiveMinimum", "exclusiveMaximum", "pattern", "format")),
        frozenset(("date-time", "time", "date", *_INTERNET)),
    ),
    "anthropic": _Rules(
        frozenset((*_SHARED, "minItems", "format")),
        frozenset(("date-time", "time", "date", "uri", *_INTERNET)),
        type_lists=False,
    ),
    "gemini": _Rules(
        frozenset((*_SHARED, *_RANGES, "format")), frozenset(("date-time", "time", "date")), ordering=True
    ),
}


def compile(schema: Schema, dialect: Dialect) -> Schema:
    """The neutral schema in a dialect: plain JSON data, looser than the original but for one thing.

    Anthropic's union budget does not reach for all nullable values: those beyond it may be left out instead of null,
    and their description says so.
    """
    optional = frozenset(_beyond_budget(schema)) if dialect == "anthropic" else frozenset[Path]()
    made = _json(_compiled(schema, (), _RULES[dialect], optional))
    assert isinstance(made, dict)  # noqa: S101 - an object stays an object
    return made


def fits(schema: Schema, dialect: Dialect) -> bool:
    """Whether the dialect can say the schema at all; if not, ask for fewer leaves at once."""
    if dialect == "anthropic":
        fixed = sum(len(types_of(node)) > 1 for _, node in _nullable(schema))
        return fixed <= UNIONS and sum(1 for _ in _nullable(schema)) <= UNIONS + OPTIONALS
    if dialect == "openai":
        names = [name for _, node in _nodes(schema) for name in node.get("properties", ())]
        choices = [choice for _, node in _nodes(schema) for choice in node.get("enum", ())]
        return (
            len(names) <= PROPERTIES
            and len(choices) <= CHOICES
            and sum(len(str(text)) for text in (*names, *choices)) <= LETTERS
            and _levels(schema) <= LEVELS
        )
    return True


def left_out(schema: Schema, dialect: Dialect) -> Iterator[tuple[Path, str]]:
    """Each keyword of the neutral schema that the dialect cannot say, with the path of its node."""
    rules = _RULES[dialect]
    for path, node in _nodes(schema):
        branch = next((b for b in node.get("anyOf", ()) if b.get("type") != "null"), node)
        for word, value in branch.items():
            if word not in rules.keywords or not _is_taken(word, value, rules):
                yield path, word


# ---------------------------------------------------------------- looking at a schema


def _nodes(node: Schema, path: Path = ()) -> Iterator[tuple[Path, Schema]]:
    """Every object, list and value in document order; ``*`` stands for the entries of a list."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, (*path, name))
    if "items" in node:
        yield from _nodes(node["items"], (*path, "*"))


def _nullable(schema: Schema) -> Iterator[tuple[Path, Schema]]:
    return ((path, node) for path, node in _nodes(schema) if _takes_null(node))


def _takes_null(node: Schema) -> bool:
    return "null" in node.get("type", ()) or {"type": "null"} in node.get("anyOf", ())


def _levels(node: Schema) -> int:
    below = [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    return 1 + max(map(_levels, below)) if below else 0


def _beyond_budget(schema: Schema) -> list[Path]:
    """Nullable values that have to be optional. Those of several types stay unions in any case and come first."""
    nullable = list(_nullable(schema))
    one_type = [path for path, node in nullable if len(types_of(node)) == 1]
    return one_type[max(UNIONS - (len(nullable) - len(one_type)), 0) :]


# ---------------------------------------------------------------- writing it


def _compiled(node: Schema, path: Path, rules: _Rules, optional: frozenset[Path]) -> Schema:
    if _takes_null(node):
        return _value(node, path not in optional, rules)
    made = _allowed(node, rules)
    if "properties" in node:
        names = list(node["properties"])
        made["properties"] = {
            name: _compiled(child, (*path, name), rules, optional) for name, child in node["properties"].items()
        }
        made["required"] = [name for name in names if (*path, name) not in optional]
        made |= {"propertyOrdering": names} if rules.ordering else {}
        if len(made["required"]) < len(names):
            made["description"] = " ".join(filter(None, (made.get("description"), LEFT_OUT)))
    if "items" in node:
        made["items"] = _compiled(node["items"], (*path, "*"), rules, optional)
    return made


def _value(node: Schema, null: bool, rules: _Rules) -> Schema:
    """A value of one or more types, with null as one more unless it is to be left out.

    Of constraints that are put together of others (``anyOf`` in a leaf and the like) only the types remain.
    """
    branch = next((b for b in node.get("anyOf", ()) if b.get("type") != "null"), node)
    about = {"description": node["description"]} if "description" in node else {}
    kept = {word: value for word, value in _allowed(branch, rules).items() if word != "description"}
    types = types_of(node)
    if rules.type_lists and "enum" not in kept:
        kept["type"] = [*types, "null"] if null else one_or_list(types)
        return about | kept
    branches = [_of_type(kept, each) for each in types]
    if null:
        branches.append({"type": "null"})
    return about | (branches[0] if len(branches) == 1 else {"anyOf": branches})


def _of_type(node: Schema, told: str) -> Schema:
    """What of a node's constraints is about one JSON type."""
    made: Schema = {"type": told}
    made |= {
        word: v for word, v in node.items() if word not in ("type", "enum") and told in _ONLY_FOR.get(word, (told,))
    }
    choices = [choice for choice in node.get("enum", ()) if is_of(choice, told)]
    return made | ({"enum": choices} if choices else {})


def _allowed(node: Schema, rules: _Rules) -> Schema:
    """The keywords of the node itself that the dialect takes."""
    return {
        word: value
        for word, value in node.items()
        if word in rules.keywords and word not in ("properties", "required", "items") and _is_taken(word, value, rules)
    }


def _is_taken(word: str, value: Any, rules: _Rules) -> bool:
    if word == "format":
        return value in rules.formats
    if word == "pattern":
        return _PLAIN_PATTERN.fullmatch(value) is not None
    if word == "minItems" and "maxItems" not in rules.keywords:
        return value in (0, 1)
    return True


def _json(value: Any) -> Any:
    """Numbers of a schema as requests can hold them; they are limits, not amounts of money."""
    if isinstance(value, dict):
        return {word: _json(each) for word, each in value.items()}
    if isinstance(value, list):
        return [_json(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
