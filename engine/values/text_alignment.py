"""A claimed text against the words of a page: the run of words that prints it, and how well it does.

Words are compared as letters and digits only: case, accents and punctuation don't count, nor does where OCR
split or merged words or the printer hyphenated them. So a text is found over several lines, and an address whose
line breaks became commas. The edit distance only finds the run and pairs its letters with the claim's; what the
run is worth is then judged word by word, since names of different companies share most of their letters.

Of marks those count that change a figure: a point or comma between two digits, and a minus in front of one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from engine.values.letter_pairs import paired, slid
from engine.values.lettering import Lettering, lettering, same_mark
from engine.values.likeness import Likeness
from engine.values.misreading import digit_differs, fate


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words ``words[first:last]`` that print a claimed text best; ``span`` is None where nothing is near it.

    ``likeness`` equal: every word of the claim is read (:func:`engine.values.misreading.fate`), figures are exact, and
    nothing else stands in the run. Compatible: a point, comma or minus differs, words of up to three letters are left
    over, or one word in five (always one) is missing, left over, or badly read, while no digit differs and no word of
    four letters or more is quite another.

    ``misread``: compatible only because of letters that OCR takes for others, in words of four letters or more.
    What is compatible otherwise may as well be another text: Ports for Parts, Lea for Lee, "do renew".
    """

    span: tuple[int, int] | None
    likeness: Likeness
    misread: bool = False


def text_alignment(value: str, words: Sequence[str], *, exact: bool = False) -> Alignment:
    """The best run of ``words`` (one text each, in reading order of a page or a column) for a claimed text.

    Of runs equally near the first is taken. "&" is the word "and". ``exact``: the words are what a program wrote,
    so no letter is forgiven.
    """
    claim, page = lettering((value,)), lettering(tuple(words))
    if not claim.letters or not page.letters:
        return Alignment(None, "different")
    runs = [(_judged(claim, page, begin, end, exact), near, begin, end) for begin, end, near in _runs(claim, page)]
    if not runs:
        return Alignment(None, "different")
    worth, distance, begin, end = min(runs, key=lambda run: (_BEST_FIRST.index(run[0]), *run[1:]))
    nothing_near = worth == "different" and 2 * distance > len(claim.letters)
    span = None if nothing_near else page.words_of(begin, end)
    return Alignment(span, "compatible" if worth == "misread" else worth, worth == "misread")


_Worth = Likeness | Literal["misread"]
_BEST_FIRST: tuple[_Worth, ...] = ("equal", "misread", "compatible", "different")


# --- where --------------------------------------------------------------------------------------------------


def _runs(claim: Lettering, page: Lettering) -> set[tuple[int, int, int]]:
    """(begin, end, edit distance) of the nearest run about each likely place; begin and end are open edges."""
    places = _seeds(claim, page)
    runs = {run for place in places if (run := _nearest_run(claim.letters, page, place))}
    if any(distance == 0 for _, _, distance in runs):
        return runs
    near = fuzz.partial_ratio_alignment(claim.letters, page.letters, score_cutoff=60)
    if near and (run := _nearest_run(claim.letters, page, near.dest_start - near.src_start)):
        runs.add(run)
    return runs


_PLACES = 6  # tried for one claim; more only if a text stands on a page more often than that


def _seeds(claim: Lettering, page: Lettering) -> list[int]:
    """Where on the page the claim may begin, told by its parts, the rarest first; in order of their votes."""
    parts = [(begin, claim.letters[begin:end]) for begin, end in pairwise(claim.edges)]
    seen = [(hits, begin) for begin, part in parts if (hits := _hits(part, page))]
    slack = 4 + len(claim.letters) // 10
    votes: Counter[int] = Counter()
    first: dict[int, int] = {}
    for hits, begin in sorted(seen, key=lambda s: len(s[0]))[:8]:
        for hit in hits:
            bucket = (hit - begin) // slack
            votes[bucket] += 1
            first.setdefault(bucket, hit - begin)
    return [first[bucket] for bucket, _ in votes.most_common(_PLACES)]


def _hits(part: str, page: Lettering) -> list[int]:
    """Where a part stands; within a merged word too if it has four letters or more."""
    found = [m.start() for m in re.finditer(re.escape(part), page.letters)]
    if len(part) >= 4:
        return found
    return [at for at in found if page.edges[page.part_at(at)] == at]


def _nearest_run(letters: str, page: Lettering, place: int) -> tuple[int, int, int] | None:
    """Of the runs that begin and end about where they should, the one with the least edit distance."""
    slack = 8 + len(letters) // 5
    best: tuple[int, int, int] | None = None
    nearest = len(letters)
    for begin in _edges_about(page, place, slack):
        for end in _edges_about(page, begin + len(letters), slack):
            distance = Levenshtein.distance(letters, page.letters[begin:end], score_cutoff=nearest)
            if begin < end and distance < nearest:
                nearest, best = distance, (begin, end, distance)
    return best


def _edges_about(page: Lettering, place: int, slack: int) -> tuple[int, ...]:
    """Open edges, the nearest first."""
    edges = page.open_edges[bisect_left(page.open_edges, place - slack) : bisect_right(page.open_edges, place + slack)]
    return tuple(sorted(edges, key=lambda edge: abs(edge - place)))


# --- how well -----------------------------------------------------------------------------------------------


def _judged(claim: Lettering, page: Lettering, begin: int, end: int, exact: bool) -> _Worth:
    pairs = list(paired(claim.letters, page.letters, begin, end))
    pairs = slid(slid(pairs, 0, claim), 1, page)
    read = [(i, j) for i, j in pairs if i is not None and j is not None]
    claimed_at = {j: i for i, j in read}
    extra = [j for i, j in pairs if i is None and j is not None]
    if any(page.letters[j].isdigit() for j in extra):
        return "different"
    if any(digit_differs(claim.letters[i], "" if j is None else page.letters[j]) for i, j in pairs if i is not None):
        return "different"
    printed = _printed(claim, page, claimed_at, extra)
    words = [claim.letters[a:b] for a, b in pairwise(claim.edges)]
    told = [fate(word, read_as, exact) for word, read_as in zip(words, printed, strict=True)]
    # What is lost at an end, where the page goes on, has another word in its place.
    ends = [n for n, goes_on in ((0, begin > 0), (-1, end < len(page.letters))) if goes_on]
    if any(told[n] == "lost" and len(words[n]) >= 4 for n in ends):
        return "different"
    fates = Counter(told)
    left_over = [b - a for a, b in page.parts(begin, end) if claimed_at.keys().isdisjoint(range(a, b))]
    astray = fates["lost"] + sum(size >= 4 for size in left_over)
    badly = fates["poor"] + fates["doubtful"]
    allowed = fates.total() // 5
    if fates["another"] or astray > allowed or astray + badly > max(1, allowed):
        return "different"
    figures = all(same_mark(claim.marks[i], page.marks[j]) for i, j in read if page.letters[j].isdigit())
    if astray or left_over or fates["doubtful"] or not figures:
        return "compatible"
    return "misread" if fates["poor"] else "equal"


def _beside(j: int, page: Lettering, claimed_at: dict[int, int]) -> int | None:
    """The claim's letter that an added one is printed with, in one part: the son of Smithson is Smith's."""
    part = page.part_at(j)
    before, behind = range(j - 1, page.edges[part] - 1, -1), range(j + 1, page.edges[part + 1])
    return next((claimed_at[k] for k in (*before, *behind) if k in claimed_at), None)


def _printed(claim: Lettering, page: Lettering, claimed_at: dict[int, int], extra: list[int]) -> list[str]:
    """What stands for each word of the claim, with letters that are printed within it or beside it."""
    added = {j: i for j in extra if (i := _beside(j, page, claimed_at)) is not None}
    found = [""] * (len(claim.edges) - 1)
    for j, i in sorted((claimed_at | added).items()):
        found[claim.part_at(i)] += page.letters[j]
    return found
