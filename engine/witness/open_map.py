"""An entry of an open map: its key is the label as printed, and its value must stand beside or below that label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.label.anchors import Anchor, Label, lines_to_anchors
from engine.label.lines import bounding
from engine.page import Word
from engine.pointer import tokens
from engine.result import Field
from engine.values.text_alignment import text_alignment
from engine.witness.judgement import Judgement
from engine.witness.sight import Sight

BELOW = 3  # rows under its label in which an entry's value may begin


def judge_entry(pointer: str, field: Field, sights: Sequence[Sight]) -> Judgement:
    """Confirmed by any reader that reads the value at its label; never contradicted, for where an unknown form has
    its values is only guessed."""
    key = tokens(pointer)[-1]
    anchored = False
    for sight in sights:
        lines = sight.lines(field.page if field.page in sight.pages else None)
        for anchor in lines_to_anchors(lines, [Label(pointer, key, 0)]):
            anchored = True
            for words in _places(anchor, sight):
                found = text_alignment(str(field.value), [word.text for word in words])
                if found.span and found.likeness == "equal":
                    run = words[slice(*found.span)]
                    printed = " ".join(word.text for word in run)
                    evidence = {"share": 1.0, "word": min(word.confidence for word in run)}
                    return Judgement(
                        "confirmed",
                        "it stands at its label",
                        printed,
                        anchor.line.page,
                        bounding(run),
                        "exact",
                        evidence,
                    )
    why = "OCR reads something else at its label" if anchored else "OCR does not find its label"
    return Judgement("silent", why, evidence={"nowhere": 0.0})


def _places(anchor: Anchor, sight: Sight) -> Iterator[Sequence[Word]]:
    """The words right of a label, and those of the rows under it that are no farther left."""
    line = anchor.line
    right = line.words[anchor.last :]
    below: list[Word] = []
    reach = 3 * line.height * line.aspect
    for step in range(1, BELOW + 1):
        under = sight.sheet.layout.line_at(line.page, line.index + step)
        below += [word for word in under.words if word.box.x1 > anchor.box.x0 - reach] if under else []
    if right:
        yield [*right, *below]
    if below:
        yield below
