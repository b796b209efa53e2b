"""The language of ``x-checks``: one comparison between fields, in exact decimal arithmetic.

    total == subtotal + tax
    sum(line_items.amount) == subtotal
    flight_from <= flight_to
    each(line_items): amount == quantity * unit_price
    each(rows): balance == prev(balance) + zero(credit) - zero(debit)

Python parses, simpleeval walks, :mod:`engine.arithmetic` calculates; what is here binds names to leaves once,
on load, so that a wrong name is an error before any document is read. Names inside ``each`` are looked for
in the row first, then outwards to the document. Any null makes a rule not applicable, except in ``zero()``.
"""

from __future__ import annotations

import ast
import decimal
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from rapidfuzz import process
from simpleeval import SimpleEval

from engine.arithmetic import (
    COMPARISONS,
    CONTEXT,
    FUNCTIONS,
    OPERATORS,
    NotApplicable,
    Value,
    as_date,
    compare,
    operand,
    shown,
)
from engine.errors import UsageError
from engine.leaf import Leaf
from engine.pointer import array_of, expand, fill, keys_of, tokens
from engine.result import Severity

MAX_LENGTH = 500
MAX_NODES = 200
_EACH = re.compile(r"each\(\s*([\w.]+)\s*\)\s*:\s*(.*)")
_LITERAL = re.compile(r"\d{1,30}(\.\d{1,30})?|\.\d{1,30}")
_LONE_EQUALS = re.compile(r"(?<![=!<>])=(?!=)")
_CONSTANTS = {"true": True, "false": False}
# function -> fewest and most arguments, and the only calls that may stand inside (None: any expression may)
_FORMS: dict[str, tuple[int, int, tuple[str, ...] | None]] = {
    "sum": (1, 1, ("zero",)),
    "min": (1, 9, None),
    "max": (1, 9, None),
    "count": (1, 1, ()),
    "abs": (1, 1, None),
    "round": (1, 2, None),
    "prev": (1, 1, ()),
    "zero": (1, 1, ("prev",)),
}
_SYNTAX = (ast.Name, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Load, *OPERATORS)
_WRONG: dict[type[ast.cmpop], tuple[str, str]] = {  # said of numbers and text, of dates
    ast.Eq: ("is not", "is not"),
    ast.NotEq: ("must not be", "must not be"),
    ast.LtE: ("is more than", "is after"),
    ast.Lt: ("is not less than", "is not before"),
    ast.GtE: ("is less than", "is before"),
    ast.Gt: ("is not more than", "is not after"),
}
_NO_CHANGES: Mapping[str, Any] = MappingProxyType({})
Binding = tuple[str, int]  # pointer pattern, and how many of its stars the current row fills


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was checked on load. ``array`` is the pattern of the rows it goes over, None for none.

    ``pointer`` is where it stands in the schema. ``tolerance`` is the absolute difference (days between
    dates) up to which it still holds.
    """

    text: str
    pointer: str
    tolerance: Decimal
    message: str | None
    severity: Severity
    array: str | None
    body: str
    node: ast.Compare = field(repr=False, compare=False)
    names: Mapping[str, Binding] = field(repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule applied once. ``holds`` is None where it is not applicable, and ``message`` then says why.

    ``path`` is where a finding belongs: the first field on the left (its array, if that is a column).
    ``paths`` are the pointers of all operands read; ``difference`` is left minus right (in days for dates).
    ``row`` has the indices of the row it was applied to.
    """

    rule: Rule
    holds: bool | None
    path: str
    paths: tuple[str, ...] = ()
    check: Literal["arithmetic", "date"] = "arithmetic"
    left: Value | None = None
    right: Value | None = None
    difference: Decimal | None = None
    message: str = ""
    row: tuple[str, ...] = ()


def parse_rule(entry: Any, pointer: str, leaves: tuple[Leaf, ...]) -> Rule:
    """A rule from a string or ``{"rule", "tolerance", "message", "severity"}``.

    UsageError ("pointer: …") on wrong syntax, unknown names (with the nearest right one) and sides that can
    never be compared; the last is found by trying the rule on made-up values.
    """
    told = _entry({"rule": entry} if isinstance(entry, str) else entry, pointer)
    text = " ".join(told["rule"].split())
    array, body = _each(text, pointer, leaves)
    node = _parse(body, pointer)
    rule = Rule(
        text=text,
        pointer=pointer,
        tolerance=Decimal(told.get("tolerance", 0)),
        message=told.get("message"),
        severity=told.get("severity", "error"),
        array=array,
        body=body,
        node=node,
        names=_bind(node, array, leaves, pointer),
    )
    _try(rule, leaves)
    return rule


def apply(rule: Rule, data: Any) -> tuple[RuleOutcome, ...]:
    """The rule on the document, or on each row of its array; numbers are int or Decimal.

    TypeError if a float is met: parse JSON with ``parse_float=Decimal``.
    """
    return tuple(_outcome(_Reader(rule, data, row)) for row in _rows(rule, data))


def holds(rule: Rule, data: Any) -> bool:
    """Whether the rule holds for the document, or for any row; in a fraction of the time of :func:`apply`."""
    return any(_holds(_Reader(rule, data, row)) for row in _rows(rule, data))


def holds_with(outcome: RuleOutcome, data: Any, changes: Mapping[str, Any]) -> bool | None:
    """Whether the rule would hold there if the leaves at these pointers had these values (None: not applicable).

    ``data`` is left as it is: trying many readings of a long table costs no copy of it.
    """
    return _holds(_Reader(outcome.rule, data, outcome.row, changes))


def _holds(reader: _Reader) -> bool | None:
    try:
        return _judge(reader)[1]
    except (NotApplicable, decimal.DecimalException):
        return None


def _rows(rule: Rule, data: Any) -> Iterator[tuple[str, ...]]:
    """The indices of each row, or once none; where an object stands instead of an array there are no rows."""
    if rule.array is None:
        yield ()
        return
    for keys in keys_of(data, f"{rule.array}/*"):
        if all(key.isdecimal() for key in keys):
            yield keys


# ---------------------------------------------------------------- reading a rule


def _entry(told: Any, pointer: str) -> dict[str, Any]:
    """The long form, each of its values checked."""
    if not isinstance(told, dict) or not isinstance(told.get("rule"), str):
        raise UsageError(
            f'{pointer}: a check is a string such as "total == subtotal + tax", or an object with "rule",'
            ' "tolerance", "message" and "severity"'
        )
    known = ("rule", "tolerance", "message", "severity")
    for key in told:
        if key not in known:
            raise UsageError(f'{pointer}/{key}: unknown key "{key}" of a check{_nearest(key, known)}')
    tolerance = told.get("tolerance", 0)
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | Decimal) or not tolerance >= 0:
        raise UsageError(f'{pointer}/tolerance: "tolerance" must be a number of 0 or more')
    if not isinstance(told.get("message", ""), str):
        raise UsageError(f'{pointer}/message: "message" must be a string')
    if told.get("severity", "error") not in ("error", "warning"):
        raise UsageError(f'{pointer}/severity: "severity" must be error or warning')
    if len(told["rule"]) > MAX_LENGTH:
        raise UsageError(f"{pointer}: a rule has at most {MAX_LENGTH} characters; split it into several")
    return told


def _each(text: str, pointer: str, leaves: tuple[Leaf, ...]) -> tuple[str | None, str]:
    """The array of ``each(array):`` as a pattern, and what follows."""
    match = _EACH.match(text)
    if match is None:
        return None, text
    arrays = _arrays(leaves)
    if match[1] not in arrays:
        raise UsageError(f'{pointer}: "{match[1]}" is not an array{_nearest(match[1], arrays)}')
    return arrays[match[1]], match[2]


def _parse(body: str, pointer: str) -> ast.Compare:
    try:
        node = ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        detail = getattr(error, "msg", None) or "it is nested too deeply"
        if _LONE_EQUALS.search(body):
            detail = 'write "==" for "is equal to"'
        raise UsageError(f'{pointer}: the rule "{body}" cannot be read: {detail}') from None
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
        raise UsageError(
            f'{pointer}: the rule "{body}" must be one comparison with ==, !=, <, <=, > or >=, such as'
            ' "total == subtotal + tax"; write several as several rules'
        )
    parts = [part for side in (node.left, node.comparators[0]) for part in ast.walk(side)]
    if len(parts) > MAX_NODES:
        raise UsageError(f'{pointer}: the rule "{body}" is too long; split it into several')
    for part in parts:
        _check_syntax(part, body, pointer)
    return node


def _check_syntax(part: ast.AST, body: str, pointer: str) -> None:
    """UsageError for everything but fields, literals, + - * / and our functions."""
    if isinstance(part, ast.Call):
        _check_call(part, pointer)
    elif isinstance(part, ast.Constant):
        source = ast.get_source_segment(body, part) or ""
        plain = isinstance(part.value, str | bool) or _LITERAL.fullmatch(source)
        if not plain:
            raise UsageError(f'{pointer}: "{source}" is no value of a rule; write numbers as 12.50')
    elif isinstance(part, ast.Attribute) and not isinstance(part.value, ast.Name | ast.Attribute):
        raise UsageError(f'{pointer}: "{ast.unparse(part)}" is no field; a dot stands between field names')
    elif not isinstance(part, _SYNTAX):
        raise UsageError(
            f'{pointer}: the rule "{body}" holds a {type(part).__name__}, which rules do not have; use'
            f" fields, numbers, + - * / and {', '.join(_FORMS)}"
        )


def _check_call(call: ast.Call, pointer: str) -> None:
    name = ast.unparse(call.func)
    if name not in _FORMS:
        raise UsageError(f'{pointer}: unknown function "{name}"{_nearest(name, _FORMS)}')
    fewest, most, inside = _FORMS[name]
    if call.keywords or not fewest <= len(call.args) <= most:
        raise UsageError(f'{pointer}: "{ast.unparse(call)}" has a wrong number of arguments')
    argument = call.args[0]
    called = isinstance(argument, ast.Call) and ast.unparse(argument.func) in (inside or ())
    if inside is not None and not (called or isinstance(argument, ast.Name | ast.Attribute)):
        raise UsageError(f'{pointer}: {name}() takes a field, not "{ast.unparse(argument)}"')


# ---------------------------------------------------------------- binding names to leaves


def _bind(node: ast.Compare, array: str | None, leaves: tuple[Leaf, ...], pointer: str) -> dict[str, Binding]:
    """Every name of the rule with the leaf (or array to count) that it means."""
    fields = {**_arrays(leaves), **{_dotted(leaf.pointer): leaf.pointer for leaf in leaves}}
    names: dict[str, Binding] = {}
    for name, in_prev in _names(node):
        binding = _lookup(name, array, fields)
        if binding is None and name in _CONSTANTS:
            continue
        if binding is None:
            inside = [k.removeprefix(f"{_dotted(array)}.") for k in fields] if array else list(fields)
            raise UsageError(f'{pointer}: unknown field "{name}"{_nearest(name, inside)}')
        names[name] = binding
        if in_prev:
            if array is None or binding[0].rpartition("/")[0] != f"{array}/*":
                raise UsageError(f'{pointer}: prev({name}) needs "each(array): …" with {name} in its rows')
            opening = _lookup(f"opening_{name}", array_of(array), fields)
            names.update({f"opening_{name}": opening} if opening else {})
    return names


def _lookup(name: str, array: str | None, fields: Mapping[str, str]) -> Binding | None:
    """The name in the row of ``array``, else outwards to the document; with the stars that the row fills."""
    if array is None:
        return (fields[name], 0) if name in fields else None
    inside = f"{_dotted(array)}.{name}"
    if inside in fields:
        return fields[inside], array.count("/*") + 1
    return _lookup(name, array_of(array), fields)


def _names(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """The dotted field names of a rule from left to right, each with whether it stands in ``prev()``."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield ast.unparse(node), False
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield from ((name, in_prev or ast.unparse(node.func) == "prev") for name, in_prev in _names(argument))
    else:
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _dotted(pattern: str) -> str:
    return ".".join(token for token in tokens(pattern) if token != "*")  # noqa: S105


def _arrays(leaves: tuple[Leaf, ...]) -> dict[str, str]:
    """Dotted name -> pattern of every array (or open map)."""
    found: dict[str, str] = {}
    for leaf in leaves:
        array = leaf.array
        while array is not None:
            found[_dotted(array)] = array
            array = array_of(array)
    return found


def _nearest(name: str, known: Iterable[str]) -> str:
    best = process.extractOne(name, list(known))
    return f'; did you mean "{best[0]}"?' if best else "; there is none in this type"


def _try(rule: Rule, leaves: tuple[Leaf, ...]) -> None:
    """UsageError for a rule that can never apply, such as one that adds text to a number."""
    data = _sample(leaves)
    reasons = []
    for row in _rows(rule, data):
        try:
            _judge(_Reader(rule, data, row))
        except NotApplicable as reason:
            reasons.append(str(reason))
        except decimal.DecimalException:
            return  # the made-up values divide by zero; real ones need not
        else:
            return
    raise UsageError(f'{rule.pointer}: the rule "{rule.body}" can never apply: {reasons[-1]}')


def _sample(leaves: tuple[Leaf, ...]) -> dict[str, Any]:
    """Made-up data with a value in every leaf and two rows in every array (here a map of 0 and 1)."""
    data: dict[str, Any] = {}
    for index, leaf in enumerate(leaves):
        text: Any = "2000-01-01" if leaf.kind == "date" else "text"
        value = {"string": text, "boolean": True}.get(leaf.type, Decimal(index + 2))
        _plant(data, tokens(leaf.pointer), value)
    return data


def _plant(node: dict[str, Any], path: list[str], value: Any) -> None:
    for key in ("0", "1") if path[0] == "*" else (path[0],):
        if len(path) == 1:
            node[key] = value
        else:
            _plant(node.setdefault(key, {}), path[1:], value)


# ---------------------------------------------------------------- applying a rule


class _Reader(SimpleEval):  # type: ignore[misc]
    """simpleeval over one row (or the document): literals, bound fields, arithmetic and our functions."""

    def __init__(self, rule: Rule, data: Any, row: tuple[str, ...], changes: Mapping[str, Any] = _NO_CHANGES) -> None:
        super().__init__(operators=OPERATORS, functions=FUNCTIONS, names={})
        self.rule, self.data, self.row, self.changes, self.expr = rule, data, row, changes, rule.body
        self.paths: dict[str, None] = {}  # the pointers read, in order
        self.nodes = {
            ast.Constant: self._literal,
            ast.Name: self._field,
            ast.Attribute: self._field,
            ast.BinOp: self._eval_binop,
            ast.UnaryOp: self._eval_unaryop,
            ast.Call: self._call,
        }

    def value(self, node: ast.expr) -> Value:
        """The value of a side or of an operand; NotApplicable or decimal.DecimalException."""
        value: Value = self._eval(node)
        return value

    def _literal(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str | bool):
            return node.value
        return Decimal(ast.get_source_segment(self.rule.body, node) or "NaN")

    def _field(self, node: ast.expr) -> Value:
        return self._read(ast.unparse(node), self.row)

    def _read(self, name: str, row: tuple[str, ...]) -> Value:
        """The value of a bound name in a row, a column or array as a tuple; NotApplicable where null."""
        if name not in self.rule.names:
            return _CONSTANTS[name]
        pattern, bound = self.rule.names[name]
        concrete = fill(pattern, row[:bound])
        met = [(pointer, self.changes.get(pointer, value)) for pointer, value in expand(self.data, concrete)]
        self.paths.update(dict.fromkeys(pointer for pointer, _ in met))
        if "/*" in concrete:
            return tuple(operand(value) for _, value in met)
        value = operand(met[0][1])
        if value is None:
            raise NotApplicable(f"{name} is null")
        return tuple(value) if isinstance(value, list | dict) else value

    def _call(self, node: ast.Call) -> Value:
        form = ast.unparse(node.func)
        if form == "zero":
            return self._zero(node.args[0])
        if form == "prev":
            return self._previous(ast.unparse(node.args[0]))
        value: Value = self._eval_call(node)
        return value

    def _zero(self, node: ast.expr) -> Value:
        try:
            value = self.value(node)
        except NotApplicable:
            return Decimal(0)
        return tuple(Decimal(0) if v is None else v for v in value) if isinstance(value, tuple) else value

    def _previous(self, name: str) -> Value:
        *outer, last = self.row
        if int(last) > 0:
            return self._read(name, (*outer, str(int(last) - 1)))
        if f"opening_{name}" in self.rule.names:
            return self._read(f"opening_{name}", self.row)
        raise NotApplicable("the first row has none before it")


def _judge(reader: _Reader) -> tuple[tuple[Value, Value], bool, Decimal | None]:
    """Both sides, whether the rule holds, and the difference."""
    rule = reader.rule
    with decimal.localcontext(CONTEXT):
        left, right = reader.value(rule.node.left), reader.value(rule.node.comparators[0])
        return (left, right), *compare(type(rule.node.ops[0]), left, right, rule.tolerance)


def _outcome(reader: _Reader) -> RuleOutcome:
    rule, row, path = reader.rule, reader.row, _home(reader.rule, reader.row)
    try:
        sides, holds, difference = _judge(reader)
    except NotApplicable as reason:
        return RuleOutcome(rule, None, path, tuple(reader.paths), message=f"not applicable: {reason}", row=row)
    except decimal.DecimalException as error:
        words = f"not applicable: {type(error).__name__}"
        return RuleOutcome(rule, None, path, tuple(reader.paths), message=words, row=row)
    message = "" if holds else _words(reader, sides, difference)
    check: Literal["arithmetic", "date"] = "date" if as_date(sides[0]) else "arithmetic"
    return RuleOutcome(rule, holds, path, tuple(reader.paths), check, *sides, difference, message, row)


def _home(rule: Rule, row: tuple[str, ...]) -> str:
    """The first field of the rule as one pointer: of a column its array, without any field the document."""
    for name, _ in _names(rule.node):
        if name in rule.names:
            pattern, bound = rule.names[name]
            return fill(pattern, row[:bound]).partition("/*")[0]
    return ""


# ---------------------------------------------------------------- saying what is wrong


def _words(reader: _Reader, sides: tuple[Value, Value], difference: Decimal | None) -> str:
    """Such as ``total 9.00 is not subtotal 8.00 + tax 0.50 = 8.50 (off by 0.50)``."""
    rule, dates = reader.rule, as_date(sides[0]) is not None
    left = _side(rule.node.left, sides[0], reader)
    right = _side(rule.node.comparators[0], sides[1], reader)
    words = f"{left} {_WRONG[type(rule.node.ops[0])][dates]} {right}"
    if difference:
        days = "" if not dates else " day" if abs(difference) == 1 else " days"
        words += f" (off by {shown(abs(difference))}{days})"
    if reader.row:
        words = f"row {int(reader.row[-1]) + 1}: {words}"
    return f"{rule.message}: {words}" if rule.message else words


def _side(node: ast.expr, value: Value, reader: _Reader) -> str:
    """A side as written, with the value after every field and, where it is computed, its result."""
    text = (ast.get_source_segment(reader.rule.body, node) or "").encode()  # ast counts in bytes
    operands = _operands(node)
    for part in reversed(operands):
        at = (part.end_col_offset or 0) - node.col_offset
        text = text[:at] + f" {shown(reader.value(part))}".encode() + text[at:]
    computed = operands and isinstance(node, ast.BinOp | ast.UnaryOp)
    return text.decode() + (f" = {shown(value)}" if computed else "")


def _operands(node: ast.expr) -> list[ast.expr]:
    """The fields and function calls of a side from left to right, not looking into calls."""
    if isinstance(node, ast.BinOp):
        return _operands(node.left) + _operands(node.right)
    if isinstance(node, ast.UnaryOp):
        return _operands(node.operand)
    constant = isinstance(node, ast.Constant) or ast.unparse(node) in _CONSTANTS
    return [] if constant else [node]
