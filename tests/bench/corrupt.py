"""Right values made wrong, one fault at a time, as models and OCR make them wrong; the same for every run.

A corrupted value that could still be right is left out: one that equals the truth, or another printing of it.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.bench.datasets import agree, letters

ALIKE = {"0": "68", "1": "7", "2": "7", "3": "8", "4": "9", "5": "6", "6": "805", "7": "1", "8": "306", "9": "4"}
NUMBERS = ("money", "quantity", "percent")


def corrupted(
    kind: str, truth: str, others: Sequence[str], seed: str, order: str, pointer: str = ""
) -> Iterator[tuple[str, str]]:
    """(fault, wrong value as printed) for one right value.

    ``kind`` is the leaf's, ``truth`` its right value (dates in ISO form), ``others`` the other values of that kind on
    the page, those of sibling leaves first.
    """
    chance = random.Random(zlib.crc32(f"{seed}{truth}".encode()))
    made: dict[str, str | None] = {}
    if kind == "date":
        made |= dates(date.fromisoformat(truth), chance)
    elif kind in NUMBERS or kind == "identifier" or re.search(r"\d{2}", truth):
        made |= digits(truth, chance)
        if kind in NUMBERS:
            made["point moved"] = point_moved(truth, chance)
    differing = [o for o in others if not agree(kind, as_value(kind, o), truth, order, pointer)]
    unlike = [o for o in differing if kind not in ("name", "address") or not _overlap(o, truth)]
    if unlike:
        made["role swap"] = unlike[0] if len(unlike) == 1 else chance.choice(unlike)
    made["invented"] = invented(kind, truth, chance)
    for fault, wrong in made.items():
        if wrong and wrong != truth and not _same(kind, wrong, truth):
            yield fault, wrong


def as_value(kind: str, printed: str) -> object:
    return Decimal(printed) if kind in NUMBERS else printed


def _same(kind: str, wrong: str, truth: str) -> bool:
    return Decimal(wrong) == Decimal(truth) if kind in NUMBERS else letters(wrong) == letters(truth)


def _overlap(a: str, b: str) -> bool:
    one, two = letters(a), letters(b)
    return one in two or two in one


def digits(truth: str, chance: random.Random) -> dict[str, str | None]:
    places = [i for i, c in enumerate(truth) if c.isdigit()]
    whole = [i for i in places if i <= (truth.rfind(".") if "." in truth else len(truth))]
    at = chance.choice(places)
    other = chance.choice([d for d in "123456789" if d != truth[at]])
    alike = chance.choice(places)
    pairs = [(i, j) for i, j in pairwise(places) if truth[i] != truth[j]]
    lost, twice = chance.choice(whole or places), chance.choice(whole or places)
    found: dict[str, str | None] = {
        "digit replaced": truth[:at] + other + truth[at + 1 :],
        "confusable digit": truth[:alike] + chance.choice(ALIKE[truth[alike]]) + truth[alike + 1 :],
        "digit dropped": truth[:lost] + truth[lost + 1 :] if len(places) > 1 else None,
        "digit doubled": truth[:twice] + truth[twice] + truth[twice:],
    }
    if pairs:
        i, j = chance.choice(pairs)
        found["digits swapped"] = truth[:i] + truth[j] + truth[i + 1 : j] + truth[i] + truth[j + 1 :]
    return {fault: _number(wrong, truth) for fault, wrong in found.items()}


def _number(wrong: str | None, truth: str) -> str | None:
    """A wrong number that still is one ("0.50" with its first digit dropped is ".50", which is the same)."""
    if wrong and re.fullmatch(r"-?\d*\.?\d+", truth):
        return wrong if re.fullmatch(r"-?\d+(\.\d+)?", wrong) else None
    return wrong


def point_moved(truth: str, chance: random.Random) -> str:
    return str(Decimal(truth).scaleb(chance.choice((-1, 1, 2))).normalize().__format__("f"))


def dates(truth: date, chance: random.Random) -> dict[str, str | None]:
    try:
        swapped: date | None = truth.replace(day=truth.month, month=truth.day)
    except ValueError:
        swapped = None
    try:
        year = truth.replace(year=truth.year + chance.choice((-1, 1)))
    except ValueError:
        year = None
    return {
        "day and month swapped": swapped.isoformat() if swapped else None,
        "year off by one": year.isoformat() if year else None,
        "day off by one": (truth + timedelta(chance.choice((-1, 1)))).isoformat(),
    }


def invented(kind: str, truth: str, chance: random.Random) -> str | None:
    if kind in NUMBERS:
        return f"{chance.randint(1, 9999)}.{chance.randint(0, 99):02}"
    if kind == "date":
        return date(chance.randint(2005, 2023), chance.randint(1, 12), chance.randint(1, 28)).isoformat()
    if kind == "identifier":
        return re.sub(r"\d", lambda _: str(chance.randint(0, 9)), truth)
    if kind == "name":
        return chance.choice(("Northfield Trading Company", "Harbour Lane Partners LLC", "Kestrel Stationery Sdn Bhd"))
    if kind == "address":
        return chance.choice(("14 Orchard Lane, 30450 Ipoh, Perak", "2210 Willow Creek Rd, Denver, CO 80203"))
    return None
