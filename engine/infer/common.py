"""What samples of one sort have in common: the words that stand on nearly all of them, in runs that may be labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.label.anchors import letters
from engine.label.lines import Line, bounding
from engine.label.pairs import NOISE, WIDE
from engine.page import Word
from engine.values.dates import dates_in

NEARLY_ALL = 0.8  # share of the samples; a misread word in one of five is no reason to lose a label (a first setting)
LONGEST = 6  # words in a label at the most


@dataclass(frozen=True, slots=True)
class Run:
    """Words ``first`` to ``last`` (half-open) of a line: a label, or what is between labels."""

    line: Line
    first: int
    last: int
    common: bool

    @property
    def words(self) -> tuple[Word, ...]:
        return self.line.words[self.first : self.last]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words).strip(NOISE)

    @property
    def key(self) -> str:
        """What is compared between samples."""
        return letters(self.text)


def common_words(samples: Sequence[Sequence[Line]]) -> frozenset[str]:
    """The words without figures that nearly all samples have, as letters."""
    counts = Counter(
        word for lines in samples for word in {letters(w.text) for line in lines for w in line.words} if _plain(word)
    )
    return frozenset(word for word, count in counts.items() if count >= NEARLY_ALL * len(samples))


def line_to_runs(line: Line, common: frozenset[str]) -> list[Run]:
    """The line parted where a cell ends, at a colon, and where words that all samples have meet others."""
    dated = {at for form in dates_in(line.text) for at in range(*line.between(form.start, form.end))}
    kinds = [at not in dated and letters(word.text) in common for at, word in enumerate(line.words)]
    kinds = [kind or _between(kinds, at, line) for at, kind in enumerate(kinds)]
    starts = {first for first, _ in line.cells}
    runs: list[Run] = []
    for at, kind in enumerate(kinds):
        ended = at == 0 or at in starts or kind != kinds[at - 1] or (kind and line.words[at - 1].text.endswith(":"))
        if ended:
            runs.append(Run(line, at, at + 1, kind))
        else:
            runs[-1] = Run(line, runs[-1].first, at + 1, kind)
    return [run for run in runs if run.key]  # leaders and smudges part runs, and are none


def _between(kinds: Sequence[bool], at: int, line: Line) -> bool:
    """A sign without letters between two words of a label ("Shipping & handling")."""
    sign = line.words[at].text in ("&", "/", "-", "+")
    return sign and 0 < at < len(kinds) - 1 and kinds[at - 1] and kinds[at + 1]


def _plain(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= 2 and not any(map(str.isdigit, word))


def is_headline(run: Run) -> bool:
    """Is it written as labels are: with a capital first, or a colon behind? Words of prose mostly are not."""
    return is_label(run) and (run.text[0].isupper() or run.words[-1].text.endswith(":"))


def is_label(run: Run) -> bool:
    return run.common and run.last - run.first <= LONGEST and sum(map(str.isalpha, run.key)) >= 2


def values_of(label: Run, runs: Sequence[Run], below: Line | None, common: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What may be the label's value, by where it stands: behind it in its cell, in the next cell, below it."""
    at = runs.index(label) + 1
    behind = [run for run in runs[at : at + 2] if not run.common]
    if behind and runs[at] is not behind[0]:
        behind = []
    for run in behind:
        own = label.line.cell_of(label.first) == label.line.cell_of(run.first)
        text = _to_end_of_cell(run)
        if text:
            yield ("beside" if own else "next"), text
    if below is not None and not behind:
        yield from (("below", text) for text in _under(label, below, common))


def _to_end_of_cell(run: Run) -> str:
    """The value with the words behind it that others have too ("41 Mill Lane"), up to the next label's colon.

    Empty where so many follow that it is a sentence.
    """
    words = run.line.words[run.first : run.line.cell_of(run.first)[1]]
    if any(word.text.endswith(":") for word in words[run.last - run.first :]):
        words = run.words
    if len(words) - len(run.words) > LONGEST:
        return ""
    return " ".join(word.text for word in words).strip(NOISE)


def _under(label: Run, below: Line, common: frozenset[str]) -> Iterator[str]:
    box, height = bounding(label.words), below.height
    if (below.box.y0 - box.y1) / height > WIDE / 3:
        return
    for first, last in below.cells:
        cell = bounding(below.words[first:last])
        if min(box.x1, cell.x1) > max(box.x0, cell.x0):
            runs = [run for run in line_to_runs(below, common) if first <= run.first < last]
            if runs and not runs[0].common:
                yield " ".join(word.text for word in below.words[first:last]).strip(NOISE)
            return
