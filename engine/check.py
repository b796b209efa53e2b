"""Checked against its type: data in, findings out. Doubt is data here, nothing is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jsonschema import ValidationError

from engine.alibi import would_hold
from engine.doctype import DocumentType
from engine.pointer import expand, pointer_to
from engine.result import Field, Finding
from engine.rules import RuleOutcome, apply
from engine.validate import broken, faults, quoted, type_words
from engine.values.check_digits import format_title, is_valid

Path = tuple[str | int, ...]
NO_FIELDS: Mapping[str, Field] = MappingProxyType({})


def schema_findings(data: Any, doctype: DocumentType) -> tuple[Finding, ...]:
    """What JSON Schema has against the data, nulls taken out first, so that ``required`` reports them.

    The path of a missing value is its own. Formats are checked, check digits too. All are errors.
    """
    kept, original = _without_nulls(data, (), ())
    said = {(original.get(path, path), words): None for path, words in _said(faults(kept, doctype.schema))}
    found = [Finding(pointer_to(path), "schema", "error", words) for path, words in said]
    return (*found, *_digit_findings(data, doctype))


def _digit_findings(data: Any, doctype: DocumentType) -> Iterator[Finding]:
    """Values that are no number of the format that their field tells, or whose check digits do not agree."""
    for leaf in doctype.leaves:
        for pointer, value in expand(data, leaf.pointer) if leaf.check_digits else ():
            if value is not None and not is_valid(str(value), leaf.check_digits or ""):
                words = f"{leaf.name} {quoted(value)} is no valid {format_title(leaf.check_digits or '')}"
                yield Finding(pointer, "schema", "error", f"{words}: a letter or figure of it is wrong")


def rule_findings(data: Any, doctype: DocumentType, fields: Mapping[str, Field] = NO_FIELDS) -> tuple[Finding, ...]:
    """What the type's own rules have against the data; a rule that is not applicable says nothing.

    Where ``fields`` hold what a witness read, the message names the operands that it would hold with.
    """
    return tuple(
        Finding(outcome.path, outcome.check, rule.severity, _with_repair(outcome, data, fields))
        for rule in doctype.checks
        for outcome in apply(rule, data)
        if outcome.holds is False
    )


def _with_repair(outcome: RuleOutcome, data: Any, fields: Mapping[str, Field]) -> str:
    return "; ".join(filter(None, (outcome.message, would_hold(outcome, data, fields))))


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
    name, words, said = _name(tuple(error.absolute_path)), _WORDS.get(str(error.validator)), broken(error)
    if words:
        return f"{name} {words(error)}"
    return f"{name} {quoted(error.instance)} {said}" if said else f"{name}: {error.message}"


def _name(path: Path) -> str:
    """What a path is called in a sentence: its last name; an entry of a list after the list."""
    if not path:
        return "the document"
    last = path[-1]
    return last if isinstance(last, str) else f"an entry of {_name(path[:-1])}"


def _type(error: ValidationError) -> str:
    told = error.validator_value
    types = [t for t in (told if isinstance(told, list) else [told]) if t != "null"]
    return f"is {quoted(error.instance)}, not {type_words(types)}"


def _any_of(error: ValidationError) -> str:
    ways = ["; ".join(words for _, words in _said(branch)) for branch in _branches(error)]
    if not ways:
        return "fits more than one of the allowed forms"
    return f"fits none of the allowed forms: {', or '.join(f'({way})' for way in ways)}"


_WORDS: dict[str, Callable[[ValidationError], str]] = {
    "required": lambda error: "is missing",
    "type": _type,
    "anyOf": _any_of,
    "oneOf": _any_of,
    "minItems": lambda error: f"has {len(error.instance)} entries, at least {error.validator_value} are needed",
    "maxItems": lambda error: f"has {len(error.instance)} entries, at most {error.validator_value} are allowed",
    "minProperties": lambda error: f"has {len(error.instance)} entries, {error.validator_value} are needed",
    "uniqueItems": lambda error: "holds an entry twice",
    "additionalProperties": lambda error: "is no field of this type",
}
