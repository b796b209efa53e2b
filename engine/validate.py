"""JSON Schema for exact data, and what a value breaks in plain words.

A number is an int or a finite Decimal, in the data as in the schema; jsonschema mixes Decimals with floats badly.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from engine.arithmetic import CONTEXT, shown

_FORMATS = {
    "date": "a date such as 2018-12-25",
    "date-time": "a date and time such as 2018-12-25T10:30:00Z",
    "time": "a time such as 10:30:00Z",
    "email": "an e-mail address",
    "uri": "a web address",
}
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of fields",
}
_LIMITS = {
    "pattern": "does not match {}",
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "multipleOf": "is not a multiple of {}",
    "minLength": "is shorter than {}",
    "maxLength": "is longer than {}",
}


def faults(value: Any, schema: dict[str, Any]) -> list[ValidationError]:
    """What the schema has against the value, formats included; at its own path what is missing or too much."""
    with decimal.localcontext(CONTEXT):
        return list(_Validator(schema, format_checker=_Validator.FORMAT_CHECKER).iter_errors(value))


def is_of(value: Any, told: str) -> bool:
    """Whether a value has a JSON type: 3.0 is a whole number, true is none, NaN is no number."""
    return bool(_Validator.TYPE_CHECKER.is_type(value, told))


def broken(error: ValidationError) -> str | None:
    """What one value breaks, to be said behind it (``is less than 0``); None where it is not about one value."""
    keyword, told = str(error.validator), error.validator_value
    if keyword == "format":
        return f"is not {_FORMATS.get(told, told)}"
    if keyword == "enum":
        return f"is none of {', '.join(quoted(choice) for choice in told if choice is not None)}"
    if keyword == "const":
        return f"is not {quoted(told)}"
    return _LIMITS[keyword].format(told) if keyword in _LIMITS else None


def type_words(types: Iterable[str]) -> str:
    """JSON types in a sentence."""
    return " or ".join(_TYPES[told] for told in types)


def quoted(value: Any) -> str:
    """A value in a sentence, cut where it is long."""
    if isinstance(value, dict | list):
        return _TYPES["object" if isinstance(value, dict) else "array"]
    text = shown(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


# ---------------------------------------------------------------- jsonschema, for Decimal


def _required(validator: Any, names: list[str], instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """As in jsonschema, but the error stands at the missing property."""
    if validator.is_type(instance, "object"):
        yield from (ValidationError("is missing", path=[name]) for name in names if name not in instance)


def _multiple_of(validator: Any, step: Any, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """Exact, and without a crash on a number too long for the context."""
    if not validator.is_type(instance, "number"):
        return
    try:
        if Decimal(instance) % Decimal(step):
            yield ValidationError(f"is not a multiple of {step}")
    except decimal.InvalidOperation:
        yield ValidationError(f"is not a multiple of {step}")


def _additional(validator: Any, rest: Any, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """As in jsonschema, but one error at each name that is too much."""
    for error in Draft202012Validator.VALIDATORS["additionalProperties"](validator, rest, instance, schema):
        if rest is not False:
            yield error
            continue
        known = schema.get("properties", {})
        names = [name for name in instance if name not in known and not _patterned(name, schema)]
        yield from (ValidationError("is not known", path=[name]) for name in names)


def _patterned(name: str, schema: dict[str, Any]) -> bool:
    return any(re.search(pattern, name) for pattern in schema.get("patternProperties", ()))


def _is_number(checker: Any, value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(checker: Any, value: Any) -> bool:
    """Decimal("3") and Decimal("3.0") count as integers, as 3.0 does in JSON Schema."""
    return _is_number(checker, value) and value == Decimal(value).to_integral_value()


_Validator = extend(
    Draft202012Validator,
    {"required": _required, "multipleOf": _multiple_of, "additionalProperties": _additional},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer}),
)
