"""Check digits that the samples keep: the format of python-stdnum that all values of a field have by no accident.

How often a format takes a number by accident is tried out: on the samples' own values with other figures in them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from engine.leaf import Leaf
from engine.pointer import expand
from engine.values.check_digits import formats, is_valid

TRIES = 400  # numbers made up for each format that fits all values
LOOSE = 0.34  # share of made-up numbers that a format with check digits takes at the most
LIKELY = 0.01  # formats that may be expected to fit by accident, at the most; first settings all three
GENERAL = ("luhn", "verhoeff", "damm", "iso7064")  # methods, not formats: the last choice


def find_check_digits(samples: Sequence[Mapping[str, Any]], leaves: Sequence[Leaf]) -> dict[str, str]:
    """Pointer pattern -> format, of the identifiers whose values all have one."""
    texts = [leaf for leaf in leaves if leaf.type == "string" and leaf.kind == "identifier"]
    found: dict[str, str] = {}
    for leaf in texts:
        values = {str(v) for sample in samples for _, v in expand(sample, leaf.pointer) if v is not None}
        name = values_to_format(sorted(values), len(texts))
        if name:
            found[leaf.pointer] = name
    return found


def values_to_format(values: Sequence[str], fields: int = 1) -> str | None:
    """The format of different values, of which two are needed; ``fields`` is how many fields are looked at."""
    if len(values) < 2 or not all(sum(map(str.isdigit, value)) >= 4 for value in values):
        return None
    fitting = [name for name in formats() if all(is_valid(value, name) for value in values)]
    shares = {name: _taken(values, name) for name in fitting}
    tries = len(formats()) * fields
    sure = [name for name in fitting if shares[name] <= LOOSE and tries * shares[name] ** len(values) <= LIKELY]
    return _plainest(sure, shares)


def _plainest(names: Sequence[str], shares: Mapping[str, float]) -> str | None:
    """A method where no format says more than it; else the most general format, if no other has the same right."""
    method = next((name for name in names if name.startswith(GENERAL)), None)
    if method:
        names = [name for name in names if 2 * shares[name] < shares[method]] or [method]
    best = sorted(names, key=_rank)
    rivals = [name for name in best[1:] if _rank(name) == _rank(best[0])]
    return best[0] if best and not rivals else None


def _taken(values: Sequence[str], name: str) -> float:
    """The share of numbers that only look like these which the format takes."""
    dice = random.Random(0)  # noqa: S311 - the same values always give the same answer
    return (sum(is_valid(_other(dice.choice(values), dice), name) for _ in range(TRIES)) + 1) / (TRIES + 1)


def _other(value: str, dice: random.Random) -> str:
    return "".join(str(dice.randrange(10)) if sign.isdigit() else sign for sign in value)


def _rank(name: str) -> int:
    """International formats first, then those of Europe, of one country, and methods that many formats share."""
    if name.startswith(GENERAL):
        return 3
    return 0 if "." not in name and name != "vatin" else 1 if name.startswith("eu.") else 2
