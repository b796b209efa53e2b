"""The keywords of our own in a document type, in one table: the check on load and the docs both read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rapidfuzz import process

from engine.leaf import DateOrder, Kind, Merge, Schema
from engine.pointer import escape
from engine.values.check_digits import formats

DEFAULT_THRESHOLD = 0.95
NEAR = 60  # likeness, 0..100, from which a word counts as a slip of another; a first setting
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
        "x-place",
        ("field",),
        {
            "type": "object",
            "properties": {
                "page": {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "last"}]},
                "box": {
                    "type": "array",
                    "items": {"type": "number", "minimum": 0, "maximum": 1},
                    "minItems": 4,
                    "maxItems": 4,
                },
            },
            "required": ["box"],
            "additionalProperties": False,
        },
        'an object such as {"page": 1, "box": [0.6, 0.1, 0.9, 0.2]}: a page (a number, or "last"; without it any) and'
        " left, top, right and bottom as fractions of the page",
        "Where the value usually stands, as learned from examples; it helps to choose, and does not forbid.",
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
    Keyword(
        "x-check-digits",
        ("field",),
        {"enum": list(formats())},
        "a number format of python-stdnum, such as iban, bic, ean, isbn, luhn, eu.vat or us.rtn",
        "The value must be a number of this format, its check digits too, else it is an error.",
    ),
)
_BY_NAME = {keyword.name: keyword for keyword in KEYWORDS}

# where JSON Schema 2020-12 keeps schemas: behind a name, in a list, or directly
NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTED = ("prefixItems", "anyOf", "oneOf", "allOf")
_DIRECT = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")


def vocabulary() -> tuple[Keyword, ...]:
    """Every keyword, root ones first, as the documentation prints it."""
    return KEYWORDS


def keyword_mistakes(schema: Schema) -> Iterator[tuple[str, str]]:
    """The pointer of each ``x-`` keyword that is unknown, misplaced or ill-valued, and what is wrong with it."""
    for pointer, node in subschemas(schema, ""):
        for name, value in node.items():
            if name.startswith("x-") and (words := _mistake(name, value, pointer)):
                yield f"{pointer}/{escape(name)}", words


def _mistake(name: str, value: Any, pointer: str) -> str | None:
    keyword = _BY_NAME.get(name)
    if keyword is None:
        nearest = process.extractOne(name, list(_BY_NAME))[0]
        return f'unknown keyword "{name}"; did you mean "{nearest}"?'
    if ("field" if pointer else "root") not in keyword.where:
        place = "the root of the schema" if "root" in keyword.where else "a field"
        return f'"{name}" belongs to {place}; move it there'
    error = best_match(Draft202012Validator(keyword.value).iter_errors(value))
    if error is None:
        return _empty_box(*value["box"]) if name == "x-place" else None
    choices = keyword.value.get("enum", ())
    near = process.extractOne(value, choices, score_cutoff=NEAR) if isinstance(value, str) and choices else None
    return f'"{name}" must be {keyword.expects}' + (f'; did you mean "{near[0]}"?' if near else "")


def _empty_box(x0: Decimal, y0: Decimal, x1: Decimal, y1: Decimal) -> str | None:
    if x0 < x1 and y0 < y1:
        return None
    return 'the box of "x-place" holds nothing; write left, top, right and bottom in this order'


def subschemas(node: Any, pointer: str) -> Iterator[tuple[str, Schema]]:
    """The node and every schema in it, each with its JSON Pointer; property names are no keywords."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for word in NAMED:
        named = node.get(word)
        for name, child in named.items() if isinstance(named, dict) else ():
            yield from subschemas(child, f"{pointer}/{word}/{escape(name)}")
    for word in _LISTED:
        listed = node.get(word)
        for index, child in enumerate(listed if isinstance(listed, list) else ()):
            yield from subschemas(child, f"{pointer}/{word}/{index}")
    for word in _DIRECT:
        yield from subschemas(node.get(word), f"{pointer}/{word}")
