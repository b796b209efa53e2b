"""Exact arithmetic that knows "not applicable": what the operators and functions of a rule do with values.

Numbers are Decimal (60 digits, half away from zero), never float. A null, a column without rows or a value of
a kind that cannot be compared raises :class:`NotApplicable`: nothing can be said, which is not an error.
"""

from __future__ import annotations

import ast
import decimal
import operator
import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Value = Decimal | str | bool | date | tuple[Any, ...]
CONTEXT = decimal.Context(prec=60, rounding=ROUND_HALF_UP)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?=$|[T ])")


class NotApplicable(Exception):
    """An operand is null, absent or not of a kind that can be compared; the message says which."""


def operand(raw: Any) -> Any:
    """A JSON value as an operand. TypeError for a float: it is not the number that was printed."""
    if isinstance(raw, float):
        raise TypeError("a rule met a float: parse JSON with parse_float=Decimal")
    return Decimal(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def as_date(value: Any) -> date | None:
    """An ISO date (or the date of an ISO time) as a date, None for anything else."""
    match = _ISO_DATE.match(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if value is None:
        raise NotApplicable("a row has a null")
    if isinstance(value, tuple):
        raise NotApplicable("a column stands where one number is wanted; take sum(), min(), max() of it")
    raise NotApplicable(f"{shown(value)} is not a number")


def _column(values: tuple[Any, ...]) -> tuple[Decimal, ...]:
    """The arguments of a function over columns as numbers; without rows there is nothing to say."""
    flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    if not flat:
        raise NotApplicable("there are no rows")
    return tuple(_number(v) for v in flat)


def _count(values: Any) -> Decimal:
    if not isinstance(values, tuple):
        raise NotApplicable("count() takes an array or a column")
    if not values:
        raise NotApplicable("there are no rows")
    return Decimal(sum(v is not None for v in values))


def _round(value: Any, places: Any = Decimal(0)) -> Decimal:
    digits = min(max(int(_number(places)), 0), 12)
    return _number(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*map(_number, values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda *values: sum(_column(values), Decimal(0)),
    "min": lambda *values: min(_column(values)),
    "max": lambda *values: max(_column(values)),
    "count": _count,
    "abs": _on_numbers(abs),
    "round": _round,
}
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _on_numbers(operator.add),
    ast.Sub: _on_numbers(operator.sub),
    ast.Mult: _on_numbers(operator.mul),
    ast.Div: _on_numbers(operator.truediv),
    ast.USub: _on_numbers(operator.neg),
    ast.UAdd: _on_numbers(operator.pos),
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Decimal, Decimal], bool]] = {
    # (left - right, tolerance) -> does it hold
    ast.Eq: lambda difference, tolerance: abs(difference) <= tolerance,
    ast.NotEq: lambda difference, tolerance: abs(difference) > tolerance,
    ast.LtE: lambda difference, tolerance: difference <= tolerance,
    ast.Lt: lambda difference, tolerance: difference < tolerance or difference < 0,
    ast.GtE: lambda difference, tolerance: difference >= -tolerance,
    ast.Gt: lambda difference, tolerance: difference > -tolerance or difference > 0,
}


def compare(kind: type[ast.cmpop], left: Value, right: Value, tolerance: Decimal) -> tuple[bool, Decimal | None]:
    """Whether the comparison holds, and left minus right (in days for dates, None for text)."""
    for side in (left, right):
        if isinstance(side, tuple):
            raise NotApplicable("a side is a column; take sum(), min(), max() or count() of it")
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        difference = _number(left) - _number(right)
        return COMPARISONS[kind](difference, tolerance), difference
    first, second = as_date(left), as_date(right)
    if first is not None and second is not None:
        difference = Decimal((first - second).days)
        return COMPARISONS[kind](difference, tolerance), difference
    if type(left) is not type(right) or kind not in (ast.Eq, ast.NotEq):
        raise NotApplicable(f"{shown(left)} and {shown(right)} cannot be compared")
    return (left == right) is (kind is ast.Eq), None


def shown(value: Any) -> str:
    """A value in a sentence: numbers with all their digits, dates plain, text in quotes."""
    if isinstance(value, Decimal):
        plain = value.is_finite() and -30 < value.adjusted() < 30
        return f"{value:f}" if plain else str(value)
    if isinstance(value, str):
        return value if as_date(value) else f'"{value}"'
    return str(value).lower()
