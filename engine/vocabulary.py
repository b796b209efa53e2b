"""The keywords of our own in a document type, in one table: the check on load and the docs both read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rapidfuzz import process

from engine.errors import UsageError
from engine.leaf import DateOrder, Kind, Merge, Schema
from engine.pointer import escape

DEFAULT_THRESHOLD = 0.95
CAPABILITIES = ("table", "handwriting")
_PHRASE = {"type": "string", "minLength": 1, "pattern": r"\S"}
_PHRASES = {"type": "array", "items": _PHRASE, "minItems": 1}


@dataclass(frozen=True, slots=True)
class Keyword:
    """One ``x-`` keyword: where it may stand, its value as JSON Schema and in words, what it means."""

    name: str
    where: tuple[Literal["root", "field"], ...]
    value: Schema
    expects: str
    meaning: str


def _one_of(options: tuple[str, ...]) -> tuple[Schema, str]:
    return {"enum": list(options)}, "one of " + ", ".join(options)


KEYWORDS = (
    Keyword(
        "x-identify",
        ("root",),
        {"type": "array", "items": {"anyOf": [_PHRASE, _PHRASES]}, "minItems": 1},
        "a list of phrases, or of lists of phrases that say the same",
        "Phrases that tell this type from others in the text; of an inner list one is enough.",
    ),
    Keyword(
        "x-checks",
        ("root",),
        {"type": "array"},
        "a list of rules",
        'Rules between fields in exact decimal arithmetic, such as "total == subtotal + tax",'
        ' "sum(line_items.amount) == subtotal", "flight_from <= flight_to",'
        ' "each(line_items): amount == quantity * unit_price" or'
        ' "each(rows): balance == prev(balance) + zero(credit) - zero(debit)"; or an object with rule,'
        " tolerance (the difference still right; days for dates; default 0), message and severity (error or"
        " warning; default error). Functions: sum, min, max and count over a column; abs; round(x, places),"
        " half away from zero; prev(x), the row before, in the first row opening_x of the document; zero(x),"
        " 0 where x is null. Any other null makes a rule not applicable, and so does a column without rows.",
    ),
    Keyword(
        "x-requires",
        ("root",),
        {
            "anyOf": [
                {"enum": list(CAPABILITIES)},
                {"type": "array", "items": {"enum": list(CAPABILITIES)}, "uniqueItems": True},
            ]
        },
        "table, handwriting, or a list of them",
        "What a reader of this type must be able to do.",
    ),
    Keyword(
        "x-threshold",
        ("root",),
        {"type": "number", "minimum": 0, "maximum": 1},
        "a number from 0 to 1",
        "The calibrated confidence from which a critical value with no second reader counts"
        f" (default {DEFAULT_THRESHOLD}).",
    ),
    Keyword(
        "x-date-order",
        ("root", "field"),
        *_one_of(get_args(DateOrder)),
        "The order of numeric dates where the document does not tell.",
    ),
    Keyword(
        "x-labels",
        ("field",),
        _PHRASES,
        "a list of phrases",
        "How the label may be printed, best first (default: the name with blanks, and the title).",
    ),
    Keyword(
        "x-kind",
        ("field",),
        *_one_of(get_args(Kind)),
        "What sort of value it is (default: inferred from format, type and name).",
    ),
    Keyword(
        "x-merge",
        ("field",),
        *_one_of(get_args(Merge)),
        "How pages combine (default: first; concat for the rows of an array).",
    ),
    Keyword(
        "x-critical",
        ("field",),
        {"type": "boolean"},
        "true or false",
        "A doubt here sends the document to review (default: false).",
    ),
)
_BY_NAME = {keyword.name: keyword for keyword in KEYWORDS}

# where JSON Schema 2020-12 keeps schemas: behind a name, in a list, or directly
_NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTED = ("prefixItems", "anyOf", "oneOf", "allOf")
_DIRECT = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")


def vocabulary() -> tuple[Keyword, ...]:
    """Every keyword, root ones first, as the documentation prints it."""
    return KEYWORDS


def check_keywords(schema: Schema) -> None:
    """UsageError ("/pointer: …") for the first ``x-`` keyword that is unknown, misplaced or ill-valued."""
    for pointer, node in subschemas(schema, ""):
        for name, value in node.items():
            if name.startswith("x-"):
                _check_keyword(name, value, pointer)


def _check_keyword(name: str, value: Any, pointer: str) -> None:
    at = f"{pointer}/{escape(name)}"
    keyword = _BY_NAME.get(name)
    if keyword is None:
        nearest = process.extractOne(name, list(_BY_NAME))[0]
        raise UsageError(f'{at}: unknown keyword "{name}"; did you mean "{nearest}"?')
    if ("field" if pointer else "root") not in keyword.where:
        place = "the root of the schema" if "root" in keyword.where else "a field"
        raise UsageError(f'{at}: "{name}" belongs to {place}; move it there')
    error = best_match(Draft202012Validator(keyword.value).iter_errors(value))
    if error is not None:
        raise UsageError(f'{at}: "{name}" must be {keyword.expects}')


def subschemas(node: Any, pointer: str) -> Iterator[tuple[str, Schema]]:
    """The node and every schema in it, each with its JSON Pointer; property names are no keywords."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for word in _NAMED:
        named = node.get(word)
        for name, child in named.items() if isinstance(named, dict) else ():
            yield from subschemas(child, f"{pointer}/{word}/{escape(name)}")
    for word in _LISTED:
        for index, child in enumerate(node.get(word, ())):
            yield from subschemas(child, f"{pointer}/{word}/{index}")
    for word in _DIRECT:
        yield from subschemas(node.get(word), f"{pointer}/{word}")
