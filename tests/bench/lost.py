"""What is lost of a page's numbers, and how: told from what stands in their place in the reading.

``python -m tests.bench.engines DATA --worst N`` prints it. A number of the truth that was not read exactly is

- parted or joined: its digits stand in the reading, but with other digits in one word, or over two words;
- its marks: digits as in the truth, the points and commas between them not;
- one sign, two signs: a number that was read differs in so many letters;
- not seen: nothing like it was read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

Numbers = Callable[[str], Counter[str]]
SMALL = 10.0  # px: letters as high as on a form of 100 dpi


@dataclass(frozen=True)
class Lost:
    number: str
    nearest: str
    how: str


@dataclass(frozen=True)
class PageRead:
    """A page's truth and reading, and the height of its letters in px (None where too few tell)."""

    path: Path
    truth: str
    read: str
    letter: float | None


def lost(page: PageRead, numbers: Numbers) -> list[Lost]:
    """The numbers of the truth that were not read exactly, each as often as it was lost."""
    missing = numbers(page.truth) - numbers(page.read)
    spare = list((numbers(page.read) - numbers(page.truth)).elements())
    words = page.read.split()
    digits = [re.sub(r"\D", "", word) for word in words]
    line = re.sub(r"[^\d\n]", "", page.read)
    return [how_lost(number, spare, digits, line) for number in missing.elements()]


def how_lost(number: str, spare: Sequence[str], digits: Sequence[str], line: str) -> Lost:
    """``spare`` are numbers read that the truth lacks, ``digits`` those of each word, ``line`` of the lines."""
    bare = re.sub(r"\D", "", number)
    nearest = min(spare, key=lambda other: Levenshtein.distance(number, other), default="")
    off = Levenshtein.distance(number, nearest)
    if bare and bare in digits:
        return Lost(number, nearest, "its marks")
    if len(bare) >= 4 and bare in line:
        return Lost(number, nearest, "parted or joined")
    if off <= 2 and 2 * off <= len(number):
        return Lost(number, nearest, "one sign" if off == 1 else "two signs")
    return Lost(number, "", "not seen")


def print_lost(pages: Sequence[PageRead], numbers: Numbers, worst: int) -> None:
    found = [(page, lost(page, numbers)) for page in pages]
    ways = Counter(one.how for _, every in found for one in every)
    total = sum(numbers(page.truth).total() for page in pages)
    print(f"    lost {ways.total()} of {total}: " + ", ".join(f"{n} {how}" for how, n in ways.most_common()))
    for shown, fits in ((f"under {SMALL:g} px", True), ("higher, or too few to tell", False)):
        part = [(p, every) for p, every in found if (p.letter is not None and p.letter < SMALL) == fits]
        count = sum(numbers(p.truth).total() for p, _ in part)
        gone = sum(len(every) for _, every in part)
        print(f"    letters {shown}: {len(part)} pages, {gone} of {count} lost ({gone / max(count, 1):.3f})")
    ranked = sorted(found, key=lambda pair: -len(pair[1]))
    tenth = sum(len(every) for _, every in ranked[: max(1, len(ranked) // 10)])
    print(f"    the worst tenth of the pages lost {tenth} of them")
    for page, every in ranked[:worst]:
        height = "?" if page.letter is None else f"{page.letter:.0f}"
        print(f"    {page.path.stem}, letters {height} px, {len(every)} of {numbers(page.truth).total()}: "
              + ", ".join(f"{one.number} ({one.nearest or one.how})" for one in every[:12]))  # fmt: skip
