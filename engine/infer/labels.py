"""The labels of a leaf as the samples print them: the words before or above its values that keep on telling them.

Every phrase that stands at a value is tried as a label on all samples, with the geometry that extraction itself uses:
does the value stand nearest to it? The fewest phrases that serve all samples are taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from engine.doctype import Leaf
from engine.infer.places import Shown
from engine.label.anchors import Label, every_anchor, letters, worded
from engine.label.candidates import EDGE, Candidate
from engine.label.claims import TEXTS, kind_of
from engine.label.features import joins_a_range
from engine.label.lines import Line, bounding
from engine.label.relations import DOWN, Surroundings, alignment, relations
from engine.page import Word

LONGEST = 4  # words in a label
WELL_READ = 0.7  # confidence (0..1) of each word of a label; a first setting
ENOUGH = 3  # samples of which a label may be asked to come again
MOST = 12  # labels of one leaf
RIGHT = 0.3  # worth from which a phrase is taken for a label ("Advertiser" stands in "Advertiser code" and
# "Advertiser ref" too); a first setting
BESIDE = 0.5  # strength, as a share of the best, from which a candidate counts as standing at the phrase too:
# the second date of "Flight 10/20 - 10/26" is a leaf's as well
NEAREST = 0.95  # the same for kinds that have no ranges
ALONE = 0.2  # least strength (0..1) with which a phrase leads anywhere


@dataclass(frozen=True, slots=True)
class FoundLabel:
    """``held``: in how many samples the phrase led to the value, of those ``of`` that print it near any.

    ``worth`` is the share (0..1) of its prints that lead to the value, over these samples. ``samples`` are the numbers
    of those where it held.
    """

    text: str
    held: int
    of: int
    worth: float
    samples: frozenset[int]


def leaf_labels(
    leaf: Leaf,
    shown: Sequence[Shown],
    found: Sequence[Sequence[Candidate]],
    printed: Sequence[frozenset[int]],
    own: Sequence[str],
) -> tuple[FoundLabel, ...]:
    """Labels for a leaf outside arrays, best first, ``own`` ones that a person wrote among them where they lead to its
    values: then nothing else is wanted in their samples.

    ``found`` are each sample's candidates that hold the value, ``printed`` the ids of the words of any given value:
    no label is made of these.
    """
    phrases = {letters(text): text for text in leaf.labels}
    on_paper: set[str] = set()
    for each, candidates, values in zip(shown, found, printed, strict=True):
        for candidate in candidates:
            for text in phrases_at(candidate, each, values):
                phrases.setdefault(letters(text), text)
                on_paper.add(letters(text))
    tried = _try(leaf, shown, found, phrases)
    keys = {letters(text) for text in own}
    kept = [label for label in tried if letters(label.text) in keys]
    known = frozenset(i for label in kept for i in label.samples)
    longer = [label for label in tried if letters(label.text) in on_paper]  # a name may only look like what is printed
    new = [label for label in tried if letters(label.text) not in keys and not _is_bit(label, longer)]
    kept += _cover(leaf, new, known, len(shown))
    return tuple(sorted(kept, key=lambda label: -label.held * label.worth))


def _cover(leaf: Leaf, tried: Sequence[FoundLabel], known: frozenset[int], count: int) -> list[FoundLabel]:
    """The fewest phrases that lead to the value in the samples where none of those known does."""
    chosen: list[FoundLabel] = []
    served = set(known)
    good = [
        label for label in tried if (label.worth >= RIGHT or 2 * label.held > count) and _likely(label, leaf, count)
    ]
    while len(chosen) < MOST and (
        best := max(
            good,
            key=lambda t: (len(t.samples - served) * t.worth, t.text not in leaf.labels, len(t.text)),
            default=None,
        )
    ):
        if not best.samples - served:
            break
        chosen.append(best)
        served |= best.samples
    return chosen


def _is_bit(label: FoundLabel, tried: Sequence[FoundLabel]) -> bool:
    """Is it a part of a longer phrase wherever it led to the value ("to pay" of "amount to pay")? Labels are looked for
    whole, so that it would be found nowhere."""
    words = _worded(label.text)
    return any(words in _worded(o.text) and words != _worded(o.text) and label.samples <= o.samples for o in tried)


def _worded(text: str) -> str:
    """The words by their letters, with a blank on each side."""
    return f" {' '.join(filter(None, map(letters, text.split())))} "


def _likely(label: FoundLabel, leaf: Leaf, count: int) -> bool:
    """Over a name stands often another name, and cash given may be the total by chance: what led to a value once
    counts only where it never led elsewhere, and for a text not at all."""
    return label.held > 1 or count < ENOUGH or (kind_of(leaf) not in TEXTS and label.held == label.of)


def _try(
    leaf: Leaf, shown: Sequence[Shown], found: Sequence[Sequence[Candidate]], phrases: Mapping[str, str]
) -> list[FoundLabel]:
    held: dict[str, set[int]] = defaultdict(set)
    worth: dict[str, float] = defaultdict(float)
    of: dict[str, int] = defaultdict(int)
    labels = [Label(key, text, 0) for key, text in phrases.items()]
    for number, (each, right) in enumerate(zip(shown, found, strict=True)):
        if not right:
            continue
        words = {id(word) for candidate in right for word in candidate.words}
        for key, prints in _led_to(leaf, each, labels).items():
            of[key] += 1
            hits = sum(any(_same(candidate, right, words) for candidate in nearest) for nearest in prints)
            if hits:
                held[key].add(number)
                worth[key] += hits / len(prints)
    return [
        FoundLabel(phrases[key], len(held[key]), of[key], worth[key] / of[key], frozenset(held[key]))
        for key in of
        if held[key]
    ]


def _same(candidate: Candidate, right: Sequence[Candidate], words: Set[int]) -> bool:
    """The value, or a longer or shorter piece of the text that prints it."""
    return any(candidate.value == c.value for c in right) or any(id(word) in words for word in candidate.words)


def _led_to(leaf: Leaf, each: Shown, labels: Sequence[Label]) -> dict[str, list[list[Candidate]]]:
    """For each phrase, by its letters, the candidates nearest to each of its prints."""
    layout, pool = each.sheet.layout, each.sheet.pool(leaf)
    anchors = every_anchor(layout.lines, labels)
    strengths: dict[tuple[str, tuple[int, ...]], list[tuple[float, Candidate]]] = defaultdict(list)
    for page in layout.pages:
        group = [candidate for candidate in pool.candidates if candidate.line.page == page]
        around = Surroundings.of([anchor for anchor in anchors if anchor.line.page == page], group)
        for candidate in group:
            for relation in relations(candidate, around):
                if relation.strength >= ALONE:
                    strengths[relation.anchor.leaf, relation.anchor.place].append((relation.strength, candidate))
    least = BESIDE if kind_of(leaf) == "date" else NEAREST
    nearest: dict[str, list[list[Candidate]]] = defaultdict(list)
    for (key, _), found in strengths.items():
        best = max(strength for strength, _ in found)
        there = [candidate for strength, candidate in found if strength >= least * best]
        if kind_of(leaf) == "date":
            there += [end for end in pool.candidates if any(_ends_range(start, end) for start in there)]
        nearest[key].append(there)
    return nearest


def _ends_range(start: Candidate, end: Candidate) -> bool:
    """Is it the second date of "01/04/2024 - 30/04/2024", however wide the first is? Of "01/04/2024 due 30/04/2024" it
    is not: what stands between them says so."""
    if end.line is not start.line or start.form is None or end.form is None:
        return False
    between = start.line.text[start.form.end : end.form.start]
    return between == " " or joins_a_range(between)  # OCR may lose the dash


def phrases_at(candidate: Candidate, shown: Shown, printed: frozenset[int]) -> Iterator[str]:
    """What is printed before the candidate in its row, and above it."""
    yield from _before(candidate.line, candidate.first, printed)
    value = bounding(candidate.line.words[candidate.first : candidate.last])
    near = candidate.line.height * candidate.line.aspect
    for row in range(candidate.line.index - 1, candidate.line.index - 1 - DOWN, -1):
        line = shown.sheet.layout.line_at(candidate.line.page, row)
        cells = [line.words[a:b] for a, b in line.cells] if line else []
        above = [cell for cell in cells if alignment(bounding(cell), value, near) > 0]
        for cell in above:
            text = as_label(cell, printed)
            if text:
                yield text
        if above:
            return


def _before(line: Line, first: int, printed: frozenset[int]) -> Iterator[str]:
    """The words before word ``first``, from one to a few; signs and rules between are passed over."""
    end = first
    while end and not worded(line.words[end - 1].text):
        end -= 1
    if not end:
        return
    start, _ = line.cell_of(end - 1)
    for begin in range(max(start, end - LONGEST), end):
        text = as_label(line.words[begin:end], printed)
        if text:
            yield text


def as_label(words: Sequence[Word], printed: frozenset[int]) -> str:
    """The words in small letters, without the marks around them; empty for what no label is made of: values,
    figures, sentences."""
    text = " ".join(word.text for word in words).strip(EDGE.replace("#", "")).casefold()
    alien = any(id(word) in printed or word.confidence < WELL_READ for word in words) or any(c.isdigit() for c in text)
    short = len(words) <= LONGEST and sum(c.isalpha() for c in text) >= 2
    return "" if alien or not short or not (worded(words[0].text) and worded(words[-1].text)) else text
