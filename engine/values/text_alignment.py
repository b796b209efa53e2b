"""A claimed text against the words of a page: the run of words that prints it, and how well it does.

Words are compared as letters and digits only: case, accents and punctuation don't count, nor does where OCR
split or merged words or the printer hyphenated them. So a text is found over several lines, and an address whose
line breaks became commas. The edit distance only finds the run and pairs its letters with the claim's; what the
run is worth is then judged word by word, since names of different companies share most of their letters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from engine.values.likeness import Likeness, look_alike


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words ``words[first:last]`` that print a claimed text best; ``span`` is None where nothing is near it.

    ``likeness`` equal: every word of the claim is there, digits exact, a letter in six of a word of four letters
    or more forgiven, as are look-alikes; nothing is left over in the run but words without digits of up to three
    letters. Compatible: the same but for one word in five (missing, left over, or badly read, and then always
    one), while no digit differs and no word of four letters or more is quite another.
    """

    span: tuple[int, int] | None
    likeness: Likeness


def text_alignment(value: str, words: Sequence[str]) -> Alignment:
    """The best run of ``words`` (one text each, in reading order of a page or a column) for a claimed text.

    Of runs equally near the first is taken. "&" is the word "and".
    """
    claim, page = _lettering((value,)), _lettering(tuple(words))
    if not claim.letters or not page.letters:
        return Alignment(None, "different")
    judged = [(_judged(claim, page, begin, end), near, begin, end) for begin, end, near in _runs(claim, page)]
    if not judged:
        return Alignment(None, "different")
    likeness, distance, begin, end = min(judged, key=lambda run: (_BEST_FIRST.index(run[0]), *run[1:]))
    nothing_near = likeness == "different" and 2 * distance > len(claim.letters)
    return Alignment(None if nothing_near else page.words_of(begin, end), likeness)


_BEST_FIRST: tuple[Likeness, ...] = ("equal", "compatible", "different")


# --- letters ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lettering:
    """The letters and digits of words, end to end. A part is what stands between marks within a word.

    ``edges`` holds where each part begins, and the end of all; ``word`` the word of each part; ``open_edges``
    the edges where a run may begin or end: not within what a hyphen or point makes one number or identifier.
    """

    letters: str
    edges: tuple[int, ...]
    word: tuple[int, ...]
    open_edges: tuple[int, ...]

    def part_at(self, letter: int) -> int:
        return bisect_right(self.edges, letter) - 1

    def parts(self, begin: int, end: int) -> list[tuple[int, int]]:
        """The parts from one edge to another, as spans of letters."""
        first, last = bisect_left(self.edges, begin), bisect_left(self.edges, end)
        return list(pairwise(self.edges[first : last + 1]))

    def words_of(self, begin: int, end: int) -> tuple[int, int]:
        return self.word[self.part_at(begin)], self.word[self.part_at(end - 1)] + 1


_PART = re.compile(r"([^\W_]+)([\W_]*)")  # and the marks behind it


@lru_cache(maxsize=64)
def _lettering(words: tuple[str, ...]) -> _Lettering:
    parts = [(part, index, bound) for index, word in enumerate(words) for part, bound in _parts(word)]
    ends = tuple(accumulate((len(part) for part, _, _ in parts), initial=0))
    bound = {end for end, (_, _, bound) in zip(ends[1:], parts, strict=True) if bound}
    return _Lettering(
        letters="".join(part for part, _, _ in parts),
        edges=ends,
        word=tuple(index for _, index, _ in parts),
        open_edges=tuple(end for end in ends if end not in bound),
    )


@lru_cache(maxsize=1 << 15)
def _parts(word: str) -> tuple[tuple[str, bool], ...]:
    """The parts of a word in small letters without accents, each with whether it is bound to the next one."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c)).casefold()
    found = _PART.findall(plain.replace("&", " and "))
    behind = [*(part for part, _ in found), ""][1:]
    return tuple((part, _bound(part, marks, after)) for (part, marks), after in zip(found, behind, strict=True))


def _bound(part: str, marks: str, behind: str) -> bool:
    """12.50 and W003-208416 are not cut in two, NO.5 and B/5 are."""
    digits = _has_digit(part), _has_digit(behind)
    return bool(behind) and (
        (all(digits) and marks in (".", ",", "'", "/", "-")) or (any(digits) and marks in ("-", "_"))
    )


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


# --- where --------------------------------------------------------------------------------------------------


def _runs(claim: _Lettering, page: _Lettering) -> set[tuple[int, int, int]]:
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


def _seeds(claim: _Lettering, page: _Lettering) -> list[int]:
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


def _hits(part: str, page: _Lettering) -> list[int]:
    """Where a part stands; within a merged word too if it has four letters or more."""
    found = [m.start() for m in re.finditer(re.escape(part), page.letters)]
    if len(part) >= 4:
        return found
    return [at for at in found if page.edges[page.part_at(at)] == at]


def _nearest_run(letters: str, page: _Lettering, place: int) -> tuple[int, int, int] | None:
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


def _edges_about(page: _Lettering, place: int, slack: int) -> tuple[int, ...]:
    """Open edges, the nearest first."""
    edges = page.open_edges[bisect_left(page.open_edges, place - slack) : bisect_right(page.open_edges, place + slack)]
    return tuple(sorted(edges, key=lambda edge: abs(edge - place)))


# --- how well -----------------------------------------------------------------------------------------------


def _judged(claim: _Lettering, page: _Lettering, begin: int, end: int) -> Likeness:
    pairs = list(_paired(claim.letters, page.letters, begin, end))
    read = {i: "" if j is None else page.letters[j] for i, j in pairs if i is not None}
    claimed_at = {j: i for i, j in pairs if i is not None and j is not None}
    extra = [j for i, j in pairs if i is None and j is not None]
    if any(page.letters[j].isdigit() for j in extra):
        return "different"
    if any(_digit_differs(claim.letters[i], letter) for i, letter in read.items()):
        return "different"
    added = Counter(claim.part_at(i) for j in extra if (i := _beside(j, page, claimed_at)) is not None)
    words = list(pairwise(claim.edges))
    told = [_fate(claim.letters[a:b], [read[i] for i in range(a, b)], added[n]) for n, (a, b) in enumerate(words)]
    # What is lost at an end, where the page goes on, has another word in its place.
    ends = [n for n, goes_on in ((0, begin > 0), (-1, end < len(page.letters))) if goes_on]
    if any(told[n] == "lost" and words[n][1] - words[n][0] >= 4 for n in ends):
        return "different"
    fates = Counter(told)
    astray = fates["lost"] + _left_over(page, begin, end, claimed_at)
    if astray + fates["poor"] + fates["another"] == 0:
        return "equal"
    allowed = fates.total() // 5
    within = not fates["another"] and astray <= allowed and astray + fates["poor"] <= max(1, allowed)
    return "compatible" if within else "different"


def _paired(claimed: str, letters: str, begin: int, end: int) -> Iterator[tuple[int | None, int | None]]:
    """Letters of the claim with letters of the page, in order; None where one has no counterpart."""
    for step in Levenshtein.opcodes(claimed, letters[begin:end]):
        ours, theirs = range(step.src_start, step.src_end), range(begin + step.dest_start, begin + step.dest_end)
        if step.tag == "delete":
            yield from ((i, None) for i in ours)
        elif step.tag == "insert":
            yield from ((None, j) for j in theirs)
        else:
            yield from zip(ours, theirs, strict=True)


def _digit_differs(claimed: str, read: str) -> bool:
    """A digit lost, invented, or standing for anything but a letter that looks like it."""
    if claimed == read or not (claimed.isdigit() or read.isdigit()):
        return False
    return not read or claimed.isdigit() == read.isdigit() or not _look_alike(claimed, read)


def _look_alike(a: str, b: str) -> bool:
    """Letters are small here and may have been capitals on the page."""
    return any(look_alike(x, y) for x in (a, a.upper()) for y in (b, b.upper()))


def _beside(j: int, page: _Lettering, claimed_at: dict[int, int]) -> int | None:
    """The claim's letter that an added one is printed with, in one part: the son of Smithson is Smith's."""
    part = page.part_at(j)
    before, behind = range(j - 1, page.edges[part] - 1, -1), range(j + 1, page.edges[part + 1])
    return next((claimed_at[k] for k in (*before, *behind) if k in claimed_at), None)


def _left_over(page: _Lettering, begin: int, end: int, claimed_at: dict[int, int]) -> int:
    """How many parts of four letters or more the claim has nothing of."""
    return sum(b - a >= 4 and claimed_at.keys().isdisjoint(range(a, b)) for a, b in page.parts(begin, end))


def _fate(word: str, read: list[str], added: int) -> Literal["read", "poor", "lost", "another"]:
    """What became of a word of the claim: ``read`` holds what stands for each letter, empty where nothing does."""
    wrong = [(claimed, letter) for claimed, letter in zip(word, read, strict=True) if claimed != letter]
    alike = sum(_look_alike(claimed, letter) for claimed, letter in wrong if letter)
    if _has_digit(word):  # all digits are right by now, or letters like them
        return "poor" if wrong or added else "read"
    errors = len(wrong) + added - (min(alike, 1) if len(word) > 1 else 0)
    if errors <= (max(1, len(word) // 6) if len(word) >= 4 else 0):
        return "read"
    if len(wrong) >= len(word) - 1 and not any(letter for _, letter in wrong):
        return "lost"
    if 3 * errors <= len(word):
        return "poor"
    return "another" if len(word) >= 4 else "lost"
