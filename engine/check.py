"""Checked against its type: data in, findings out. Doubt is data here, nothing is raised.

Numbers are int and Decimal throughout, in the data as in the schema; jsonschema mixes them with floats badly.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from engine.arithmetic import CONTEXT, shown
from engine.doctype import DocumentType
from engine.pointer import pointer_to
from engine.result import Finding
from engine.rules import apply

Path = tuple[str | int, ...]
_FORMATS = {
    "date": "a date such as 2018-12-25",
    "date-time": "a date and time such as 2018-12-25T10:30:00Z",
    "time": "a time such as 10:30:00Z",
    "email": "an e-mail address",
    "uri": "a web address",
}
_TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of fields",
}


def schema_findings(data: Any, doctype: DocumentType) -> tuple[Finding, ...]:
    """What JSON Schema has against the data, nulls taken out first, so that ``required`` reports them.

    The path of a missing value is its own. Formats are checked. All are errors.
    """
    validator = _Validator(doctype.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    kept, original = _without_nulls(data, (), ())
    with decimal.localcontext(CONTEXT):
        said = {(original.get(path, path), words): None for path, words in _said(validator.iter_errors(kept))}
    return tuple(Finding(pointer_to(path), "schema", "error", words) for path, words in said)


def rule_findings(data: Any, doctype: DocumentType) -> tuple[Finding, ...]:
    """What the type's own rules have against the data; a rule that is not applicable says nothing."""
    return tuple(
        Finding(outcome.path, outcome.check, rule.severity, outcome.message)
        for rule in doctype.checks
        for outcome in apply(rule, data)
        if outcome.holds is False
    )


# ---------------------------------------------------------------- nulls out


def _without_nulls(node: Any, old: Path, new: Path) -> tuple[Any, dict[Path, Path]]:
    """The node without nulls (and without objects that held nothing else), and new path -> path in the data.

    An element taken out of a list moves those behind it; the second value leads back.
    """
    if isinstance(node, dict):
        return _dict_without_nulls(node, old, new)
    if not isinstance(node, list):
        return node, {new: old}
    kept: list[Any] = []
    paths = {new: old}
    for index, child in enumerate(node):
        if child is not None:
            value, below = _without_nulls(child, (*old, index), (*new, len(kept)))
            kept.append(value)
            paths |= below
    return kept, paths


def _dict_without_nulls(node: dict[str, Any], old: Path, new: Path) -> tuple[Any, dict[Path, Path]]:
    kept: dict[str, Any] = {}
    paths = {new: old}
    for name, child in node.items():
        value, below = _without_nulls(child, (*old, name), (*new, name))
        emptied = isinstance(child, dict) and child and not value
        paths |= {(*new, name): (*old, name)}
        if value is not None and not emptied:
            kept[name] = value
            paths |= below
    return kept, paths


# ---------------------------------------------------------------- errors in plain words


def _said(errors: Iterable[ValidationError]) -> Iterator[tuple[Path, str]]:
    for error in errors:
        branches = _branches(error)
        if len(branches) == 1:  # a union with null: the other branch is what was meant
            yield from _said(branches[0])
        else:
            yield tuple(error.absolute_path), _sentence(error)


def _branches(error: ValidationError) -> list[list[ValidationError]]:
    """The errors of each branch of anyOf or oneOf that is not just null."""
    if error.validator not in ("anyOf", "oneOf"):
        return []
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        index = inner.relative_schema_path[0]
        if error.validator_value[index] != {"type": "null"}:
            branches.setdefault(index, []).append(inner)
    return list(branches.values())


def _sentence(error: ValidationError) -> str:
    words = _WORDS.get(str(error.validator))
    name = _name(tuple(error.absolute_path))
    return words(name, error) if words else f"{name}: {error.message}"


def _name(path: Path) -> str:
    """What a path is called in a sentence: its last name; an entry of a list after the list."""
    if not path:
        return "the document"
    last = path[-1]
    return last if isinstance(last, str) else f"an entry of {_name(path[:-1])}"


def _type(name: str, error: ValidationError) -> str:
    told = error.validator_value
    types = [t for t in (told if isinstance(told, list) else [told]) if t != "null"]
    return f"{name} is {_quoted(error.instance)}, not {' or '.join(_TYPE_WORDS[t] for t in types)}"


def _any_of(name: str, error: ValidationError) -> str:
    ways = ["; ".join(words for _, words in _said(branch)) for branch in _branches(error)]
    if not ways:
        return f"{name} fits more than one of the allowed forms"
    return f"{name} fits none of the allowed forms: {', or '.join(f'({way})' for way in ways)}"


def _quoted(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a group of fields" if isinstance(value, dict) else "a list"
    text = shown(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _choices(values: Iterable[Any]) -> str:
    return ", ".join(_quoted(value) for value in values if value is not None)


_WORDS: dict[str, Callable[[str, ValidationError], str]] = {
    "required": lambda name, e: f"{name} is missing",
    "type": _type,
    "anyOf": _any_of,
    "oneOf": _any_of,
    "format": lambda name, e: (
        f"{name} {_quoted(e.instance)} is not {_FORMATS.get(e.validator_value, e.validator_value)}"
    ),
    "enum": lambda name, e: f"{name} {_quoted(e.instance)} is none of {_choices(e.validator_value)}",
    "const": lambda name, e: f"{name} {_quoted(e.instance)} is not {_quoted(e.validator_value)}",
    "pattern": lambda name, e: f"{name} {_quoted(e.instance)} does not match {e.validator_value}",
    "minimum": lambda name, e: f"{name} {_quoted(e.instance)} is less than {e.validator_value}",
    "maximum": lambda name, e: f"{name} {_quoted(e.instance)} is more than {e.validator_value}",
    "exclusiveMinimum": lambda name, e: f"{name} {_quoted(e.instance)} is not more than {e.validator_value}",
    "exclusiveMaximum": lambda name, e: f"{name} {_quoted(e.instance)} is not less than {e.validator_value}",
    "multipleOf": lambda name, e: f"{name} {_quoted(e.instance)} is not a multiple of {e.validator_value}",
    "minLength": lambda name, e: f"{name} {_quoted(e.instance)} is shorter than {e.validator_value}",
    "maxLength": lambda name, e: f"{name} {_quoted(e.instance)} is longer than {e.validator_value}",
    "minItems": lambda name, e: f"{name} has {len(e.instance)} entries, at least {e.validator_value} are needed",
    "maxItems": lambda name, e: f"{name} has {len(e.instance)} entries, at most {e.validator_value} are allowed",
    "minProperties": lambda name, e: f"{name} has {len(e.instance)} entries, {e.validator_value} are needed",
    "uniqueItems": lambda name, e: f"{name} holds an entry twice",
    "additionalProperties": lambda name, e: f"{name} is no field of this type",
}


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
        known = {**schema.get("properties", {})}
        names = [n for n in instance if n not in known and not _patterned(n, schema)]
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
