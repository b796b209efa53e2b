"""A model's text as the one JSON object that it holds, or no answer at all.

A byte order mark, thoughts, code fences and prose around the object are put aside. What is not JSON gets one more
chance as JSON5, whose grammar (trailing commas, single quotes, comments, bare names) leaves no guessing, and is
flagged. Nothing else is ever mended: an answer cut off in the middle of a number reads like a clean one afterwards.
A refusal is known by its structure, never by a phrase.
"""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NoReturn

LONGEST_REPAIR = 50_000
"""Characters of text that is tried as JSON5, whose parser is slow: about 30 microseconds a character (2026-11-22)."""

_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_UNENDED = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_THOUGHTS_END = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"```\w*")
_BLANKS = " \t\r\n\ufeff"  # a byte order mark is one
_LONGEST_INT = 40  # digits; int() refuses thousands of them


class Unusable(Exception):
    """A text that is no answer to the question. ``str(error)`` is a sentence that may quote the model."""

    def __init__(self, outcome: Literal["refused", "malformed"], reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


def one_object(text: str, names: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The object, and the sentence that flags a repair ("" without one). Raises Unusable.

    ``names`` are those that the object was asked for; text without JSON that names one is no refusal.
    """
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


def quoted(text: str) -> str:
    """Text of the model in a sentence: one line, cut, in quotes."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= 100 else f'"{line[:99]}…"'


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
    return Unusable("refused", f"the model answered in prose: {quoted(body)}")


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
        raise Unusable("malformed", f"the answer goes on behind its JSON object: {quoted(rest)}")


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
            object_pairs_hook=_unique,
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


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise Unusable("malformed", f"the name {quoted(name)} stands twice in one object")
        made[name] = value
    return made


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except decimal.InvalidOperation:
        raise Unusable("malformed", f"{quoted(text)} is no number") from None


def _whole(text: str, base: int = 10) -> int | Decimal:
    if base != 10:
        raise Unusable("malformed", f"{quoted(text)} is not a decimal number")
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def _no_constant(word: str) -> NoReturn:
    raise Unusable("malformed", f"{word} is no JSON number")
