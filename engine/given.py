"""An extraction made elsewhere: its values to the fields of a document.

The values come as data (``{"total": 9.00}``) or by pointer (``{"/total": "9.00"}``), which is told by the slashes; a
whole result of the engine stands for its ``data``. Values are never changed. Only a number that is given as text
becomes that number where the text can mean no other, so that the data keep their shape; ``printed`` keeps the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from rapidfuzz import process

from engine.arithmetic import shown
from engine.doctype import DocumentType, Leaf
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.merge import leaf_pointers, row_keys
from engine.pointer import escape, fill, tokens, unescape
from engine.result import Field
from engine.values.numbers import parse_number

MOST_ROWS = 100_000  # no document has as many; a pointer to the row behind them is a slip that would fill the memory
DIGITS = 20  # before or behind the point: no document prints a longer number that is one
OF_A_RESULT = {"version", "data", "fields"}

_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
_INDEX = re.compile(r"0|[1-9]\d*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Given:
    """Values that somebody claims of a document. ``where`` is what messages call them: their file."""

    where: str
    values: Any


def read_given(path: Path) -> Given:
    """The values in a JSON file, numbers exact. Raises UsageError for what is no file of one JSON object."""
    values = read_json(path, "values of a document")
    _check_object(values, str(path))
    return Given(str(path), values)


def values_to_fields(
    values: Any, doctype: DocumentType, where: str, decimal_sign: str | None = None
) -> dict[str, Field]:
    """A field for every leaf of the type, in the order and shape of :func:`engine.merge.claims_to_fields`.

    What is null or left out is ``absent``; arrays keep their rows. ``decimal_sign`` is the document's ("." or ","):
    it tells what the text "1,234" means; without it such a text stays one. Raises UsageError, which begins with
    ``where``, for names that the type does not have and for what cannot be the value of a leaf.
    """
    _check_object(values, where)
    found: dict[str, Any] = {}
    for pointer, value in _claims(values, doctype, where):
        if pointer in found:
            raise UsageError(f"{where}: {pointer} is given twice")
        found[pointer] = value
    for array in {leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array}:
        last = max((int(row) for row in row_keys(array, found)), default=0)
        found = dict.fromkeys(f"{array}/{row}" for row in range(last)) | found  # rows that a pointer leaps over
    return {
        pointer: _field(found.get(pointer), leaf, decimal_sign)
        for pointer, leaf in leaf_pointers(doctype.leaves, found)
    }


# ---------------------------------------------------------------- a JSON file


def _check_object(values: Any, where: str) -> None:
    if not isinstance(values, Mapping):
        raise UsageError(f'{where}: {_kind(values)} is no extraction; write one object, such as {{"total": 9.00}}')


# ---------------------------------------------------------------- both forms to pointers


@dataclass(frozen=True, slots=True)
class _Node:
    """A place of the type: a leaf, or what is below it by its (escaped) names; ``*`` for rows and open maps."""

    below: dict[str, _Node] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def leaf(self) -> Leaf | None:
        return None if self.below else self.leaves[0]

    @property
    def is_array(self) -> bool:
        return "*" in self.below and self.below["*"].leaves[0].in_array

    def at(self, token: str) -> _Node | None:
        """What stands at a name, an index or a key of an open map."""
        if self.is_array:
            return self.below["*"] if _INDEX.fullmatch(token) else None
        return self.below.get(token) or self.below.get("*")


def _tree(leaves: Iterable[Leaf]) -> _Node:
    root = _Node()
    for leaf in leaves:
        node = root
        for token in tokens(leaf.pointer):
            node = node.below.setdefault(token, _Node())
            node.leaves.append(leaf)
    return root


def _claims(values: Mapping[Any, Any], doctype: DocumentType, where: str) -> Iterator[tuple[str, Any]]:
    """Concrete pointers with their values, of leaves; and of rows, so that empty ones are kept."""
    root = _tree(doctype.leaves)
    if values.keys() >= OF_A_RESULT and isinstance(values["data"], Mapping) and not root.below.keys() >= OF_A_RESULT:
        values = values["data"]
    slashed = [str(name).startswith("/") for name in values]
    if not values or not all(slashed):
        if any(slashed) and "*" not in root.below:  # an open map may hold any name
            raise UsageError(f"{where}: some names begin with a slash and some do not; give all as pointers, or none")
        yield from _inside(root, values, "", doctype, where)
        return
    for name, value in values.items():
        node, pointer = root, ""
        for token in map(escape, map(unescape, tokens(name))):
            below, pointer = node.at(token), f"{pointer}/{token}"
            if below is None:
                raise _unknown(name, doctype, where)
            if node.is_array and int(token) >= MOST_ROWS:
                raise UsageError(f"{where}: {name} is the row {token}; rows count from 0, up to {MOST_ROWS - 1}")
            node = below
        yield from _inside(node, value, pointer, doctype, where)


def _inside(node: _Node, value: Any, pointer: str, doctype: DocumentType, where: str) -> Iterator[tuple[str, Any]]:
    if node.leaf is not None:
        yield pointer, _scalar(value, f"{where}: {pointer}")
    elif value is None:
        return
    elif node.is_array:
        if not isinstance(value, list | tuple):
            raise UsageError(f"{where}: {pointer} is {_kind(value)}, where a list of rows stands")
        for index, row in enumerate(value):
            if node.below["*"].leaf is None:
                yield f"{pointer}/{index}", None
            yield from _inside(node.below["*"], row, f"{pointer}/{index}", doctype, where)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            at = f"{pointer}/{escape(str(name))}"
            below = node.at(escape(str(name)))
            if below is None:
                raise _unknown(at, doctype, where)
            yield from _inside(below, inner, at, doctype, where)
    else:
        raise UsageError(f"{where}: {pointer} is {_kind(value)}, where an object stands")


def _unknown(pointer: str, doctype: DocumentType, where: str) -> UsageError:
    row = next((token for token in tokens(pointer) if _INDEX.fullmatch(token)), "0")
    known = [fill(leaf.pointer, (row,)) if leaf.in_array else leaf.pointer for leaf in doctype.leaves]
    nearest = process.extractOne(pointer, known, score_cutoff=60)
    guess = f"; did you mean {nearest[0]}?" if nearest else f": see engine schema show {doctype.name}"
    return UsageError(f"{where}: {pointer} is no field of the type {doctype.name}{guess}")


# ---------------------------------------------------------------- one value


def _scalar(value: Any, at: str) -> Any:
    """What a leaf can hold: text, yes or no, an exact number, or null."""
    if value is None or isinstance(value, str | bool):
        return value
    if not isinstance(value, int | float | Decimal):
        raise UsageError(f"{at} is {_kind(value)}, where one value stands")
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise UsageError(f"{at} is {value}, which is no number")
    if number and (number.adjusted() >= DIGITS or exponent <= -DIGITS):
        raise UsageError(f"{at} is a number of too many digits")
    return value if isinstance(value, int) else number


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", Decimal: "a number"}
    return "null" if value is None else names.get(type(value), f"a {type(value).__name__}")


def _field(value: Any, leaf: Leaf, decimal_sign: str | None) -> Field:
    if value is None:
        return Field(None, source="given", missing="absent")
    if not isinstance(value, str):
        return Field(value, shown(value), source="given")
    number = _number(value, leaf, decimal_sign) if leaf.type in ("number", "integer") else None
    return Field(value if number is None else number, value, source="given")


def _number(text: str, leaf: Leaf, decimal_sign: str | None) -> int | Decimal | None:
    """The number that a text writes: as JSON writes it, else as paper does; None where it is none, or not sure."""
    if len(text) > 4 * DIGITS:
        return None
    if _PLAIN.fullmatch(text):
        plain = Decimal(text)
    else:
        ways = [parse_number(text, sign) for sign in ((decimal_sign,) if decimal_sign else (".", ","))]
        number = parse_number(text)
        if number is None or number.repaired or len({way and way.value for way in ways}) > 1 or ways[0] is None:
            return None
        if number.percent and leaf.kind != "percent":
            return None
        plain = ways[0].value
    if plain.adjusted() >= DIGITS:
        return None
    return int(plain) if plain.as_tuple().exponent == 0 else plain
