"""Phrases that tell a type: printed near the top of every sample, and none that another type is told by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.doctype import DocumentType
from engine.infer.samples import Sample
from engine.label.anchors import letters, worded
from engine.label.candidates import EDGE
from engine.label.lines import Line, reading_to_lines

TOP = 40  # rows of the first page in which a phrase may stand; identification weighs the upper ones more
LONGEST = 4  # words
LEAST = 5  # letters: shorter words are on any paper
SHARE = 0.8  # of the samples that must print it
MOST = 6  # phrases


def identify_phrases(samples: Sequence[Sample], others: Iterable[DocumentType]) -> list[str]:
    """The phrases on at least four of five samples, the commonest, longest and uppermost first."""
    taken = {letters(phrase) for other in others for clue in other.identify for phrase in clue}
    rows: dict[str, list[int]] = {}
    texts: dict[str, str] = {}
    for sample in samples:
        for key, (text, row) in _phrases(reading_to_lines(sample.readings[0])[:TOP]).items():
            rows.setdefault(key, []).append(row)
            texts.setdefault(key, text)
    common = [key for key in rows if len(rows[key]) >= max(2, SHARE * len(samples)) and key not in taken]
    common.sort(key=lambda key: (-len(rows[key]), -min(len(key), 12), sum(rows[key]) / len(rows[key])))
    chosen: list[str] = []
    for key in common:
        if len(chosen) < MOST and not any(key in other or other in key for other in chosen):
            chosen.append(key)
    return [texts[key] for key in chosen]


def _phrases(lines: Sequence[Line]) -> dict[str, tuple[str, int]]:
    """Each phrase by its letters, with its text and the first row that prints it."""
    found: dict[str, tuple[str, int]] = {}
    for line in lines:
        for start, end in line.cells:
            for first in range(start, end):
                for last in range(first + 1, min(first + LONGEST, end) + 1):
                    words = line.words[first:last]
                    text = " ".join(word.text for word in words).strip(EDGE).casefold()
                    figures = any(c.isdigit() for c in text)
                    if not figures and len(letters(text)) >= LEAST and worded(words[0].text) and worded(words[-1].text):
                        found.setdefault(letters(text), (text, line.index))
    return found
