"""What a model said, judged: one JSON object in, claims out, and everything that speaks against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.arithmetic import shown
from engine.claim import Claim
from engine.leaf import Leaf, Schema
from engine.pointer import escape
from engine.result import Finding
from engine.validate import broken, faults, is_of, type_words
from engine.vlm.one_object import Unusable, one_object, quoted
from engine.vlm.question import DOUBT, Question
from engine.vlm.shape import Part, parts, types_of

__all__ = ["UNTOLD", "Answer", "Unusable", "read_answer"]

UNTOLD = 0.5
"""The confidence of a claim whose model gave none that can be used."""

_MISSING = object()
_DIGITS = 20  # places before or behind the point: no document prints a longer number that is one


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said of one page.

    ``claims`` have no box yet; rows count from 0, without those that were empty. ``nulls`` are the pointers that
    were answered with null; an array or open map without entries puts the patterns of its leaves there. ``wrong``
    are pointers with a sentence each: what is missing (a whole array by its own pointer) or of the wrong JSON type
    gives no claim, what breaks a constraint keeps its claim. ``doubts`` are for the result. ``repaired`` is empty,
    or the sentence that says what was mended. Sentences may quote the model: fence them when they go back to one.
    """

    claims: tuple[Claim, ...] = ()
    nulls: frozenset[str] = frozenset()
    wrong: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Finding, ...] = ()
    repaired: str = ""


def read_answer(text: str, question: Question, page: int) -> Answer:
    """The answer in a text that its provider called complete, about ``page`` (from 1). Raises Unusable."""
    shape = parts(question.leaves)
    data, repaired = one_object(text, [part.name for part in shape])
    if not any(part.name in data for part in shape):
        raise Unusable("malformed", "the JSON object has none of the fields that were asked for")
    found = _Found(page)
    found.object(shape, data, question.schema, "")
    if repaired:
        found.doubts.append(Finding("", "page", "warning", repaired, page))
    return Answer(tuple(found.claims), frozenset(found.nulls), tuple(found.wrong), tuple(found.doubts), repaired)


# ---------------------------------------------------------------- the object to claims


@dataclass(slots=True)
class _Found:
    """What was found so far on one page; each method reads one shape of the answer at a concrete pointer."""

    page: int
    claims: list[Claim] = field(default_factory=list)
    nulls: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[Finding] = field(default_factory=list)
    empty: bool = True

    def object(self, shape: Sequence[Part], data: dict[str, Any], schema: Schema, at: str) -> None:
        """``at`` is the pointer of the object itself; ``schema`` describes ``data`` as it was asked for."""
        names = [part.name for part in shape]
        for part in shape:
            told, node = data.get(part.name, _MISSING), schema["properties"][part.name]
            if part.shape == "map" and part.pointer == at:  # no map is inside an array, so that patterns are pointers
                self._part(part, told, node, at, declared=[name for name in names if name != part.name])
            else:
                self._part(part, told, node, f"{at}/{escape(part.name)}")
        self._extra(at, names, data)

    def _part(self, part: Part, data: Any, schema: Schema, at: str, declared: Sequence[str] = ()) -> None:
        if part.leaf is not None and part.shape == "leaf":
            self._leaf(part.leaf, data, schema, at)
        elif data is None or (data == [] and part.shape != "object"):
            self.nulls += _pointers(part, at)
        elif part.shape == "object" and isinstance(data, dict):
            self.object(part.parts, data, schema, at)
        elif part.shape == "object":
            said = f"{at} is missing" if data is _MISSING else f"{at} is {_kind(data)}, not an object"
            self.wrong += [(pointer, said) for pointer in _pointers(part, at)]
        elif not isinstance(data, list):
            self.wrong.append((at, f"{at} is missing" if data is _MISSING else f"{at} is {_kind(data)}, not a list"))
        elif part.shape == "map" and part.leaf is not None:
            self._map(part.leaf, data, schema["items"], at, declared)
        else:
            self._rows(part, data, schema["items"], at)

    def _rows(self, part: Part, data: list[Any], schema: Schema, at: str) -> None:
        """Rows (or plain values) from 0; one that holds nothing at all has no number."""
        row = 0
        for each in data:
            found = _Found(self.page)
            found._row(part, each, schema, f"{at}/{row}")
            self.doubts += found.doubts
            if not found.empty:
                row += 1
                self.claims += found.claims
                self.nulls += found.nulls
                self.wrong += found.wrong
        if not row:
            self.nulls += _pointers(part, at)
        elif row < len(data):
            self._doubt(at, f"{len(data) - row} rows of {at} without any value were left out")

    def _row(self, part: Part, data: Any, schema: Schema, at: str) -> None:
        if part.leaf is not None:
            self._leaf(part.leaf, data, schema, at)
        elif isinstance(data, dict):
            self.object(part.parts, data, schema, at)
        elif data is not None:
            self.empty = False
            said = f"{at} is {_kind(data)}, not an object"
            self.wrong += [(f"{at}{p.removeprefix(f'{part.pointer}/*')}", said) for p in _pointers(part, part.pointer)]

    def _map(self, leaf: Leaf, data: list[Any], schema: Schema, at: str, declared: Sequence[str]) -> None:
        """Entries of an open map; a name that comes again gets " (2)", as labels repeat on a form."""
        taken: set[str] = set()
        for each in data:
            name = each.get("name") if isinstance(each, dict) else None
            key = " ".join(name.split()).removesuffix(":").rstrip() if isinstance(name, str) else ""
            if not key or key == "*" or key in declared:
                why = f"is named {quoted(key)}" if key else "has no name"
                self._doubt(at, f"an entry of {at or 'the document'} {why} and was left out", leaf)
                continue
            key = _fresh(key, taken)
            taken.add(key)
            self._leaf(leaf, {k: v for k, v in each.items() if k != "name"}, schema, f"{at}/{escape(key)}")

    def _leaf(self, leaf: Leaf, data: Any, schema: Schema, at: str) -> None:
        value = _value(data)
        if value is _MISSING:
            self.wrong.append((at, _no_value(data, at)))
            self.empty = self.empty and data in (_MISSING, None, {})
        elif value is None:
            self._null(leaf, data, at)
        else:
            self.empty = False
            self._claim(leaf, value, data, schema["properties"]["value"], at)

    def _null(self, leaf: Leaf, data: Any, at: str) -> None:
        self.nulls.append(at)
        printed = data.get("printed") if isinstance(data, dict) else None
        if isinstance(printed, str) and printed.strip():
            self._doubt(at, f"{at} has no value, though {quoted(printed)} is printed", leaf)

    def _claim(self, leaf: Leaf, value: Any, data: dict[str, Any], schema: Schema, at: str) -> None:
        types = types_of(schema)
        if not any(is_of(value, told) for told in types):
            said = " ".join(filter(None, (_kind(value), _shown(value))))
            self.wrong.append((at, f"{at} is {said}, not {type_words(types)}"))
            return
        if is_of(value, "number") and not _is_plausible(value):
            self.wrong.append((at, f"{at} is a number of too many digits"))
            return
        if isinstance(value, Decimal) and types == ["integer"]:
            value = int(value)
        self.wrong += [(at, f"{at} {said}") for said in _broken(value, schema)]
        printed, confidence = self._printed(value, data, at), self._confidence(leaf, data, at)
        self.claims.append(Claim(at, value, printed, self.page, None, confidence, "vlm"))
        self._extra(at, ("value", "printed", "confidence"), data)

    def _printed(self, value: Any, data: dict[str, Any], at: str) -> str:
        printed = data.get("printed")
        if isinstance(printed, str) and printed.strip():
            return printed
        if printed is not None and not isinstance(printed, str):
            self.wrong.append((at, f"{at}: printed is {_kind(printed)}, not text"))
        return value if isinstance(value, str) else shown(value)

    def _confidence(self, leaf: Leaf, data: dict[str, Any], at: str) -> float:
        told = data.get("confidence")
        if told is None:
            self._doubt(at, f"the model gave no confidence for {at}", leaf)
            return UNTOLD
        if not is_of(told, "number") or not 0 <= told <= 1:
            self.wrong.append((at, f"{at}: confidence is {_shown(told)}, not a number from 0 to 1"))
            self._doubt(at, f"the model gave no usable confidence for {at}", leaf)
            return UNTOLD
        if told < Decimal(str(DOUBT)):
            self._doubt(at, f"the model itself is in doubt about {at} (confidence {told})", leaf)
        return float(told)

    def _extra(self, at: str, known: Iterable[str], data: dict[str, Any]) -> None:
        extra = [name for name in data if name not in set(known)]
        if extra:
            listed = ", ".join(quoted(name) for name in extra[:5])
            self._doubt(at, f"{at or 'the answer'} has what was not asked for, and is not used: {listed}")

    def _doubt(self, at: str, message: str, leaf: Leaf | None = None) -> None:
        """An error where the leaf is critical: a doubt there sends the document to review."""
        severity: Literal["error", "warning"] = "error" if leaf is not None and leaf.critical else "warning"
        self.doubts.append(Finding(at, "page", severity, message, self.page))


def _pointers(part: Part, at: str) -> list[str]:
    """All leaves in a part that stands at a pointer; stars remain where arrays and open maps have no entries."""
    if part.leaf is not None:
        return [at + part.leaf.pointer.removeprefix(part.pointer)]
    inside = [pattern for below in part.parts for pattern in _pointers(below, below.pointer)]
    return [at + pattern.removeprefix(part.pointer) for pattern in inside]


def _value(data: Any) -> Any:
    """The value of a leaf, None for null, _MISSING where none was given.

    A blank text says nothing and counts as null; so does a leaf that is null as a whole, and one with nothing
    printed whose value was left out, as some dialects ask for it (:mod:`engine.vlm.dialect`).
    """
    if data is None:
        return None
    if not isinstance(data, dict):
        return _MISSING
    value = data.get("value", None if data.get("printed") == "" else _MISSING)
    return None if isinstance(value, str) and not value.strip() else value


def _no_value(data: Any, at: str) -> str:
    if data is _MISSING:
        return f"{at} is missing"
    if isinstance(data, dict):
        return f"{at} has no value"
    return f"{at} is {_kind(data)}, not an object of value, printed and confidence"


def _fresh(key: str, taken: set[str]) -> str:
    """The key, with a number behind where it is taken."""
    fresh, number = key, 1
    while fresh in taken:
        number += 1
        fresh = f"{key} ({number})"
    return fresh


# ---------------------------------------------------------------- one value


def _is_plausible(value: int | Decimal) -> bool:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return not number or (number.adjusted() < _DIGITS and isinstance(exponent, int) and exponent > -_DIGITS)


def _broken(value: Any, schema: Schema) -> Iterator[str]:
    """Which constraints the value breaks, each as the rest of a sentence."""
    for fault in faults(value, schema):
        words = broken(fault) or "is not what its field allows"
        if fault.validator == "format" and fault.validator_value == "date":
            words = "is not a date as YYYY-MM-DD"  # as the question puts it
        yield f"{_shown(value)} {words}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else "a number"


def _shown(value: Any) -> str:
    return "" if isinstance(value, dict | list) else quoted(value) if isinstance(value, str) else shown(value)
