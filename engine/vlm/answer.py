"""What a model wrote, judged: text in, claims out, and everything that speaks against them.

The text holds exactly one JSON object, or it is no answer. A byte order mark, thoughts, code fences and prose around
it are put aside. What is not JSON gets one more chance as JSON5, whose grammar (trailing commas, single quotes,
comments, bare names) leaves no guessing, and is flagged. Nothing else is ever mended: an answer cut off in the middle
of a number reads like a clean one afterwards. A refusal is known by its structure, never by a phrase.
"""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NoReturn

from engine.arithmetic import CONTEXT, shown
from engine.claim import Claim
from engine.leaf import Leaf, Schema
from engine.pointer import escape
from engine.result import Finding
from engine.vlm.question import DOUBT, Part, Question, parts

UNTOLD = 0.5
"""The confidence of a claim whose model gave none that can be used."""

LONGEST_REPAIR = 200_000
"""Characters of text that is tried as JSON5: its parser is slow (two seconds for this much)."""

_MISSING = object()
_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_UNENDED = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_THOUGHTS_END = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"```\w*")
_BLANKS = " \t\r\n\ufeff"  # a byte order mark is one
_DIGITS = 20  # places before or behind the point: no document prints a longer number that is one
_TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


class Unusable(Exception):
    """A text that is no answer to the question. ``str(error)`` is a sentence that may quote the model."""

    def __init__(self, outcome: Literal["refused", "malformed"], reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


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
    data, repaired = _one_object(text, [part.name for part in shape])
    if not any(part.name in data for part in shape):
        raise Unusable("malformed", "the JSON object has none of the fields that were asked for")
    found = _Found(page)
    found.object(shape, data, question.schema, "")
    if repaired:
        found.doubts.append(Finding("", "page", "warning", repaired, page))
    return Answer(tuple(found.claims), frozenset(found.nulls), tuple(found.wrong), tuple(found.doubts), repaired)


# ---------------------------------------------------------------- text to one JSON object


def _one_object(text: str, names: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The object, and the sentence that flags a repair."""
    body = _without_thoughts(text.strip(_BLANKS)).strip()
    if not body:
        raise Unusable("malformed", "the answer is empty")
    start = _start(body, names)
    _check_before(body[:start])
    try:
        data, end = _decoder().raw_decode(body, start)
    except json.JSONDecodeError as error:
        why = f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        return _repaired(body, start, names, why)
    except RecursionError:
        raise Unusable("malformed", "the JSON is nested too deeply") from None
    _check_behind(body[end:])
    assert isinstance(data, dict)  # noqa: S101 - it starts with a brace
    return data, ""


def _without_thoughts(text: str) -> str:
    """Thoughts stand before the answer; a page may print the same tags within it."""
    while thoughts := _THOUGHTS.match(text):
        text = text[thoughts.end() :]
    if _UNENDED.match(text):
        raise Unusable("malformed", "the answer ends in the middle of the model's thoughts")
    end = _THOUGHTS_END.search(text)  # some servers keep the opening tag to themselves
    return text[end.end() :] if end and not text.lstrip().startswith(("{", "[", "```")) else text


def _start(body: str, names: Sequence[str]) -> int:
    """Where the object starts. Raises Unusable where something else stands first, or nothing."""
    brace, bracket = body.find("{"), body.find("[")
    if bracket >= 0 and (bracket < brace or brace < 0) and _is_list(body, bracket):
        raise Unusable("malformed", "the answer is a JSON list, not one JSON object")
    if brace < 0:
        raise _prose(body, names)
    return brace


def _is_list(body: str, at: int) -> bool:
    if re.match(r"\[\s*\{", body[at:]):
        return True
    try:
        _decoder().raw_decode(body, at)
    except (json.JSONDecodeError, RecursionError):
        return False  # a remark in brackets
    return True


def _prose(body: str, names: Sequence[str]) -> Unusable:
    """Text without JSON: a refusal, unless it looks like answers (``total: 9.00``) or is a bare value."""
    try:
        bare = not isinstance(_decoder().decode(_FENCE.sub("", body)), str)
    except (json.JSONDecodeError, RecursionError):
        bare = False
    if bare:
        return Unusable("malformed", "the answer is a bare JSON value, not one JSON object")
    if _holds_a_name(body, names):
        return Unusable("malformed", "the answer names fields but is not JSON")
    return Unusable("refused", f"the model answered in prose: {_quoted(body)}")


def _holds_a_name(body: str, names: Sequence[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}[\"'`*]*\s*[:=]", body) for name in names)


def _check_before(before: str) -> None:
    """An object within something whose start is missing is not the one that was asked for."""
    if re.search(r"[\"']\s*:\s*$", before):
        raise Unusable("malformed", "the answer starts in the middle of an object")
    if re.search(r"([}\]\"'\d]\s*,|\[)\s*$", before):
        raise Unusable("malformed", "the answer starts in the middle of a list")


def _check_behind(behind: str) -> None:
    rest = _FENCE.sub("", behind).strip()
    if "{" in rest:
        raise Unusable("malformed", "the answer holds more than one JSON object")
    if rest.startswith((",", "]", "}", ":", "[")):
        raise Unusable("malformed", f"the answer goes on behind its JSON object: {_quoted(rest)}")


def _repaired(body: str, start: int, names: Sequence[str], why: str) -> tuple[dict[str, Any], str]:
    """The object by the grammar of JSON5. Raises Unusable for all that is not JSON5 either."""
    import json5

    end = body.rfind("}") + 1
    whole = body[start:end]
    try:
        if not whole or len(whole) > LONGEST_REPAIR:
            raise ValueError
        data = json5.loads(
            whole,
            parse_float=_number,
            parse_int=_whole,
            parse_constant=_no_constant,
            object_pairs_hook=lambda pairs: _unique(list(pairs)),
        )
    except (ValueError, RecursionError):
        if start > 0 and not body.startswith("```") and not _holds_a_name(body, names):
            raise _prose(body, names) from None  # a brace in a sentence
        raise Unusable("malformed", why) from None
    _check_behind(body[end:])
    return data, f"the model's answer was {why}; read by the rules of JSON5"


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_float=_number, parse_int=_whole, parse_constant=_no_constant
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unusable("malformed", f"the name {_quoted(twice)} stands twice in one object")
    return made


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except decimal.InvalidOperation:
        raise Unusable("malformed", f"{_quoted(text)} is no number") from None


def _whole(text: str, base: int = 10) -> int | Decimal:
    if base != 10:
        raise Unusable("malformed", f"{_quoted(text)} is not a decimal number")
    return int(text) if len(text) <= 2 * _DIGITS else Decimal(text)  # int() takes no thousands of digits


def _no_constant(word: str) -> NoReturn:
    raise Unusable("malformed", f"{word} is no JSON number")


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
                why = f"is named {_quoted(key)}" if key else "has no name"
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
            self._doubt(at, f"{at} has no value, though {_quoted(printed)} is printed", leaf)

    def _claim(self, leaf: Leaf, value: Any, data: dict[str, Any], schema: Schema, at: str) -> None:
        types = _types(schema)
        if not any(_is_of(value, told) for told in types):
            wanted = " or ".join(_TYPE_WORDS.get(told, told) for told in types)
            self.wrong.append((at, f"{at} is {' '.join(filter(None, (_kind(value), _shown(value))))}, not {wanted}"))
            return
        if isinstance(value, Decimal | int) and not _is_plausible(value):
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
        if not _is_of(told, "number") or not 0 <= told <= 1:
            self.wrong.append((at, f"{at}: confidence is {_shown(told)}, not a number from 0 to 1"))
            return UNTOLD
        if told < Decimal(str(DOUBT)):
            self._doubt(at, f"the model itself is in doubt about {at} (confidence {told})", leaf)
        return float(told)

    def _extra(self, at: str, known: Iterable[str], data: dict[str, Any]) -> None:
        extra = [name for name in data if name not in set(known)]
        if extra:
            listed = ", ".join(_quoted(name) for name in extra[:5])
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


def _types(schema: Schema) -> list[str]:
    """The JSON types that a value may have, but null."""
    told = schema.get("type", [])
    branches = [t for branch in schema.get("anyOf", ()) for t in _types(branch)]
    return [t for t in dict.fromkeys([*(told if isinstance(told, list) else [told]), *branches]) if t != "null"]


def _is_of(value: Any, told: str) -> bool:
    """Whether a value has the JSON type; 3.0 is a whole number, text is never a number."""
    if told == "boolean" or isinstance(value, bool):
        return told == "boolean" and isinstance(value, bool)
    if told == "string":
        return isinstance(value, str)
    if not isinstance(value, int | Decimal):
        return False
    return told == "number" or not _is_plausible(value) or value == int(value)


def _is_plausible(value: int | Decimal) -> bool:
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    return not number or (number.adjusted() < _DIGITS and isinstance(exponent, int) and exponent > -_DIGITS)


def _broken(value: Any, schema: Schema) -> Iterator[str]:
    """Which constraints the value breaks, each as the rest of a sentence."""
    with decimal.localcontext(CONTEXT):
        errors = list(_validator()(schema, format_checker=_validator().FORMAT_CHECKER).iter_errors(value))
    for error in errors:
        words = _BROKEN.get(str(error.validator), lambda told: "is not what its field allows")
        yield f"{_shown(value)} {words(error.validator_value)}"


@cache
def _validator() -> Any:
    """JSON Schema for int and Decimal."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "number": lambda _, value: _is_of(value, "number"),
            "integer": lambda _, value: _is_of(value, "integer"),
        }
    )
    return extend(Draft202012Validator, type_checker=checker)


def _choices(told: Iterable[Any]) -> str:
    return ", ".join(_shown(choice) for choice in told if choice is not None)


_BROKEN: dict[str, Callable[[Any], str]] = {
    "format": lambda told: "is not a date as YYYY-MM-DD" if told == "date" else f"is no {told}",
    "enum": lambda told: f"is none of {_choices(told)}",
    "pattern": lambda told: f"does not match {told}",
    "minimum": lambda told: f"is less than {told}",
    "maximum": lambda told: f"is more than {told}",
    "exclusiveMinimum": lambda told: f"is not more than {told}",
    "exclusiveMaximum": lambda told: f"is not less than {told}",
    "multipleOf": lambda told: f"is not a multiple of {told}",
    "minLength": lambda told: f"is shorter than {told} characters",
    "maxLength": lambda told: f"is longer than {told} characters",
}


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else "a number"


def _shown(value: Any) -> str:
    return "" if isinstance(value, dict | list) else _quoted(value) if isinstance(value, str) else shown(value)


def _quoted(text: str) -> str:
    """Text of the model in a sentence: one line, cut, in quotes."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= 100 else f'"{line[:99]}…"'
