"""Which document type is it? Phrases that tell a type, looked for in the words in spite of OCR errors."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.config import Config
from engine.doctype import DocumentType, list_types, load_type
from engine.label.anchors import Anchor, Label, lines_to_anchors
from engine.label.lines import Line, readings_to_lines
from engine.page import Reading
from engine.result import Finding

log = logging.getLogger(__name__)

FIRST_PAGES = 2  # the type is told where a document begins
LEAST = 1.0  # score below which nothing speaks for a type
MARGIN = 0.08  # lead over the next, as a share of the best score, below which it is "unknown" (DESIGN.md, last part)


@dataclass(frozen=True, slots=True)
class Identified:
    """``type`` is None for unknown; ``margin`` is the lead over ``runner_up``, 0..1."""

    type: str | None
    score: float
    runner_up: str | None
    margin: float

    @property
    def reason(self) -> str:
        if self.score < LEAST:
            return "nothing on its first pages tells its type: give it with --type"
        beside = f"; next {self.runner_up}, margin {self.margin:.2f}" if self.runner_up else ""
        if self.type is None:
            return f"two types fit equally well{beside}: give the type with --type"
        return f"its wording says {self.type} (score {self.score:.1f}{beside})"


def asked_types(name: str, config: Config) -> tuple[DocumentType, ...]:
    """The type of that name, or all there are for ``auto``; raises UsageError before any page is read."""
    if name != "auto":
        return (load_type(name, config.schemas),)
    return tuple(load_type(known, config.schemas) for known, _ in list_types(config.schemas))


def choose_type(
    readings: Sequence[Reading], doctypes: Sequence[DocumentType]
) -> tuple[DocumentType | None, tuple[Finding, ...]]:
    """The only type there is, or that of the wording; where that tells none, the doubt."""
    if len(doctypes) == 1:
        return doctypes[0], ()
    found = identify(readings, doctypes)
    log.info("type: %s", found.reason)
    chosen = next((d for d in doctypes if d.name == found.type), None)
    return chosen, () if chosen else (Finding("", "type", "error", found.reason),)


def identify(readings: Sequence[Reading], doctypes: Sequence[DocumentType]) -> Identified:
    """The type whose phrases and labels are found most, told apart from the next; unknown rather than guessed."""
    first = [reading for reading in readings if reading.words][:FIRST_PAGES]
    lines = readings_to_lines(replace(reading, page=page) for page, reading in enumerate(first, 1))
    scores = sorted(((type_score(lines, doctype), doctype.name) for doctype in doctypes), reverse=True)
    if not scores:
        return Identified(None, 0.0, None, 0.0)
    (best, name), *rest = scores
    next_score, next_name = rest[0] if rest else (0.0, None)
    margin = (best - next_score) / best if best > 0 else 0.0
    known = best >= LEAST and margin >= MARGIN
    return Identified(name if known else None, best, next_name, margin)


def type_score(lines: Sequence[Line], doctype: DocumentType) -> float:
    """Sum over clues found: a phrase counts by its length and the earlier it stands; labels count a little."""
    clues = [Label(f"clue{i}", phrase, 0) for i, phrases in enumerate(doctype.identify) for phrase in phrases]
    found: dict[str, float] = {}
    for anchor in lines_to_anchors(lines, clues):
        found[anchor.leaf] = max(found.get(anchor.leaf, 0.0), weight(anchor))
    labels = [Label(leaf.pointer, text, 0) for leaf in doctype.leaves for text in leaf.labels[:4]]
    leaves = {anchor.leaf for anchor in lines_to_anchors(lines, labels)}
    return sum(found.values()) + 0.8 * len(leaves) / max(len(doctype.leaves), 1)


def weight(anchor: Anchor) -> float:
    """A long phrase near the top of page one says most."""
    length = min(sum(len(w.text) for w in anchor.line.words[anchor.first : anchor.last]) / 12, 2.0)
    early = 0.4 + 0.6 * math.exp(-anchor.line.index / 12) if anchor.line.page == 1 else 0.3
    return length * early * anchor.score
