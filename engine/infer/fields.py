"""Values to fields: what JSON type, what kind, told by the values' own form, then by the name.

Values may be exact (9.00, "2018-12-25") or as printed ("RM9.00", "25/12/18"); :func:`exact` makes the first of the
second, in the notation that the samples tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.label.features import POSTCODE, STREET
from engine.leaf import DateOrder, Kind, Schema, infer_kind, json_type
from engine.values.dates import DateForm, dates_in, resolve
from engine.values.numbers import CURRENCY_CODES, Number, parse_number

Values = Mapping[str, Any]
ISO = re.compile(r"\d{4}-\d\d-\d\d")
OF_QUANTITIES = ("quantity", "qty", "hours", "units", "weight", "count", "spots", "pages", "volume", "usage", "items")
NAMED: tuple[Kind, ...] = ("name", "address", "identifier")
FEW, LEAST_REPEATS, LEAST_SAMPLES = 4, 2, 6  # of a choice: how many values, each how often, in how many samples
MOST = 0.8  # share of the values that must have a form: one of ten may hold a slip
TOKEN = re.compile(r"\S+(\s*[-/]\s*\S+)?")
WORD = 3  # letters in a row from which an identifier's part is a word


@dataclass(frozen=True, slots=True)
class Notation:
    """How the samples write: the order of numeric dates, and the decimal sign ("." or ",") where it is known."""

    date_order: DateOrder | None = None
    decimal_sign: str | None = None


def values_to_properties(values: Sequence[Values], samples: int | None = None) -> dict[str, Schema]:
    """A schema for every name, in the order in which the values have them.

    ``samples``: of how many samples the values are, where they are rows.
    """
    names = dict.fromkeys(name for each in values for name in each)
    count = len(values) if samples is None else samples
    return {name: _node(name, [each[name] for each in values if each.get(name) is not None], count) for name in names}


def _node(name: str, found: Sequence[Any], samples: int) -> Schema:
    if found and all(isinstance(value, Mapping) for value in found):
        return _object(found, samples)
    if found and all(isinstance(value, list) for value in found):
        items = [item for value in found for item in value]
        rows = all(isinstance(item, Mapping) for item in items)
        return {
            "title": spoken(name),
            "type": "array",
            "x-merge": "concat",
            "items": _object(items, samples) if rows and items else _leaf(name, items, samples),
        }
    return {"title": spoken(name)} | _leaf(name, found, samples)


def _object(found: Sequence[Values], samples: int) -> Schema:
    return {"type": "object", "properties": values_to_properties(found, samples)}


def spoken(name: str) -> str:
    """``gross_amount`` and ``grossAmount`` as ``Gross amount``."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).replace("_", " ").replace("-", " ").split()
    return " ".join(words).capitalize() or name


def _leaf(name: str, found: Sequence[Any], samples: int) -> Schema:
    if found and all(isinstance(value, bool) for value in found):
        return {"type": ["boolean", "null"]}
    texts = [value for value in found if isinstance(value, str)]
    numbers = [number for value in found if (number := as_number(value, None))]
    if texts and sum(map(is_date, texts)) >= MOST * len(found):
        return {"type": ["string", "null"], "format": "date"}
    if numbers and len(numbers) >= MOST * len(found) and not (texts and _digits_only(texts)):
        return _number(name, numbers)
    if not found and infer_kind(name.rsplit("_", 1)[-1], {"type": "number"}) == "money":
        return {"type": ["number", "null"], "x-kind": "money"}
    return _text(name, [str(value) for value in found], samples)


def _number(name: str, numbers: Sequence[Number]) -> Schema:
    by_name = infer_kind(name, {"type": "number"})
    cents = any(number.decimals == 2 for number in numbers)
    priced = any(number.sign_printed for number in numbers)
    counted = name.casefold().rsplit("_", 1)[-1] in OF_QUANTITIES
    kind: Kind = "quantity"
    if any(number.percent for number in numbers):
        kind = "percent"
    elif by_name == "identifier":
        kind = "identifier"
    elif priced or (not counted and (cents or by_name == "money")):
        kind = "money"
    elif by_name == "percent":
        kind = "percent"
    whole = kind in ("quantity", "identifier") and all(number.decimals == 0 for number in numbers)
    return {"type": ["integer" if whole else "number", "null"], "x-kind": kind}


def _text(name: str, texts: Sequence[str], samples: int) -> Schema:
    node: Schema = {"type": ["string", "null"]}
    if texts and all(text in CURRENCY_CODES for text in texts):
        return node | {"pattern": "^[A-Z]{3}$"}
    by_name = infer_kind(name, node)
    if by_name in NAMED and not (by_name == "identifier" and texts and not any(map(_has_digit, texts))):
        return node | {"x-kind": by_name}
    if texts and sum(map(_is_identifier, texts)) >= MOST * len(texts):
        return node | {"x-kind": "identifier"}
    choices = _choices(texts) if samples >= LEAST_SAMPLES else []
    if choices:
        return node | {"enum": [*choices, None]}
    if sum(_is_address(text) for text in texts) > len(texts) / 2:
        return node | {"x-kind": "address"}
    return node | {"x-kind": "text"}


def _choices(texts: Sequence[str]) -> list[str]:
    """The values of a field that clearly chooses among a few: each often enough that chance is no reason."""
    often = {text: texts.count(text) for text in dict.fromkeys(texts)}
    few = 2 <= len(often) <= FEW and min(often.values()) >= LEAST_REPEATS and len(texts) >= LEAST_SAMPLES
    return sorted(often) if few and not any(map(_has_digit, often)) else []


def is_date(text: str) -> bool:
    """Is the whole text one date?"""
    forms = dates_in(text)
    return len(forms) == 1 and len(forms[0].printed) >= 0.8 * len(text.strip())


def as_number(value: Any, decimal_sign: str | None) -> Number | None:
    """A number as given, or as printed; None for the rest."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        exponent = number.as_tuple().exponent
        return Number(number, str(number), 0, 0, decimals=max(0, -exponent if isinstance(exponent, int) else 0))
    return parse_number(value, decimal_sign) if isinstance(value, str) else None


def _digits_only(texts: Sequence[str]) -> bool:
    """Given as text, and nothing about it is an amount's: a number that names something."""
    numbers = [number for text in texts if (number := parse_number(text))]
    return not any(number.decimals == 2 or number.sign_printed or number.percent for number in numbers)


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _is_identifier(text: str) -> bool:
    """One token with digits, and no words in it."""
    return _has_digit(text) and TOKEN.fullmatch(text) is not None and not re.search(rf"[a-z]{{{WORD},}}", text)


def _is_address(text: str) -> bool:
    return _has_digit(text) and len(text) > 20 and bool(STREET.search(text) or POSTCODE.search(text))


# ---------------------------------------------------------------- values as the schema wants them


def exact(values: Values, properties: Mapping[str, Schema], notation: Notation) -> dict[str, Any]:
    """The values in the schema's types: Decimals for printed amounts, ISO for printed dates."""
    return {name: _exact(value, properties.get(name, {}), notation) for name, value in values.items()}


def _exact(value: Any, node: Schema, notation: Notation) -> Any:
    kind = json_type(node)
    if isinstance(value, Mapping):
        return exact(value, node.get("properties", {}), notation)
    if isinstance(value, list):
        return [_exact(item, node.get("items", {}), notation) for item in value]
    if kind in ("number", "integer") and not isinstance(value, bool):
        number = as_number(value, notation.decimal_sign)
        whole = number is not None and kind == "integer" and number.value == number.value.to_integral_value()
        return value if number is None else int(number.value) if whole else number.value
    if node.get("format") == "date" and isinstance(value, str):
        return as_iso(value, notation)
    return value if value is None or kind != "string" else str(value)


def as_iso(text: str, notation: Notation) -> str:
    forms: tuple[DateForm, ...] = () if ISO.fullmatch(text) else dates_in(text)
    order = notation.date_order
    return resolve(forms[0], order, order or "dmy")[0].isoformat() if forms else text
