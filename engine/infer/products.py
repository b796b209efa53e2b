"""Products and rates that hold in lines of numbers: quantity times price, a share of an amount."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from math import comb

from engine.infer.idea import Idea, dotted, numbers
from engine.infer.relations import LIKELY, Line, enough, unit_of
from engine.leaf import Leaf

CENT = Decimal("0.01")
FINEST = 4  # decimals of a rate, which is a share: 0.0725


def products(lines: Sequence[Line], leaves: Sequence[Leaf]) -> Iterator[Idea]:
    """One number that is another times a third, to the cent where it has cents."""
    tries = len(leaves) * comb(max(len(leaves) - 1, 0), 2)
    for made, rest in ((leaf, [other for other in leaves if other is not leaf]) for leaf in leaves):
        for pair in combinations(rest, 2):
            names = [leaf.name if leaf.in_array else dotted(leaf.pointer) for leaf in (made, *pair)]
            tolerance = _tolerance([line[names[0]] for line in lines])
            if _likely(lines, names, tolerance, tries, lambda a, b: a * b):
                factors = sorted(zip(names[1:], pair, strict=True), key=lambda each: each[1].kind != "quantity")
                yield Idea(f"{names[0]} == {factors[0][0]} * {factors[1][0]}", "a product", True, tolerance)
            percent = [name for name, leaf in zip(names[1:], pair, strict=True) if leaf.kind == "percent"]
            if len(percent) == 1 and _likely(lines, names, tolerance, tries, lambda a, b: a * b / 100):
                base = next(name for name in names[1:] if name not in percent)
                yield Idea(f"{names[0]} == {base} * {percent[0]} / 100", "a percentage", True, tolerance)


def _tolerance(values: Iterable[Decimal | None]) -> Decimal:
    return CENT if unit_of([value for value in values if value is not None]) < 1 else Decimal(0)


def _likely(
    lines: Sequence[Line],
    names: Sequence[str],
    tolerance: Decimal,
    tries: int,
    make: Callable[[Decimal, Decimal], Decimal],
) -> bool:
    """Whether it holds in nearly all lines, in so many that say something that it is no accident."""
    held = of = 0
    telling: dict[tuple[Decimal, ...], float] = {}
    for line in lines:
        made, a, b = (line[name] for name in names)
        if made is None or a is None or b is None:
            continue
        of += 1
        if abs(made - make(a, b)) <= tolerance:
            held += 1
            if made and not {a, b} & {Decimal(0), Decimal(1)}:  # 1 times anything is no proof of a product
                steps = 1 + float(abs(made) / unit_of([made]))
                telling[made, a, b] = (1 + 2 * float(tolerance / unit_of([made]))) / steps
    chance = float(tries * comb(of, held))
    for each in telling.values():
        chance *= min(each, 1)
    return enough(held, of) and len(telling) >= 2 and chance <= LIKELY


def rates(lines: Sequence[Line], singles: Sequence[Leaf]) -> Iterator[Idea]:
    """One amount that is the same share of another, or of two together, in every sample; rounded to the cent."""
    money = [dotted(leaf.pointer) for leaf in numbers(singles, "money")]
    bases = [*((name,) for name in money), *combinations(money, 2)]
    for part in money:
        for base in bases:
            rate = None if part in base else _rate(lines, part, base, len(money) * len(bases))
            if rate is not None:
                whole = base[0] if len(base) == 1 else f"({base[0]} + {base[1]})"
                yield Idea(f"{part} == round({whole} * {rate.normalize():f}, 2)", "a rate", False)
                break


def _rate(lines: Sequence[Line], part: str, base: Sequence[str], tries: int) -> Decimal | None:
    met: set[tuple[Decimal, Decimal]] = set()
    for line in lines:
        values = [line[name] for name in (part, *base)]
        if all(values):
            known = [value for value in values if value is not None]
            met.add((known[0], sum(known[1:], Decimal(0))))
    if len(met) < 3 or any(not 0 < share < whole for share, whole in met):
        return None
    widest = max(met, key=lambda each: each[1])
    for places in range(2, FINEST + 1):
        rate = (widest[0] / widest[1]).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        held = sum((whole * rate).quantize(CENT, ROUND_HALF_UP) == share for share, whole in met)
        if rate and held == len(met):
            chance = float(tries * 10 ** (places - 2))
            for share, _ in sorted(met)[1:]:
                chance /= 1 + float(share / CENT)
            return rate if chance <= LIKELY else None
    return None
