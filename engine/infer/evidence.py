"""What a proposal rests on, as a table for the person who reviews it: it goes beside the file, never into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.as_text import columns
from engine.infer.learn import Lesson
from engine.label.claims import kind_of

if TYPE_CHECKING:
    from engine.infer.checks import FoundCheck

SHOWN = 4  # labels of a field that the table names


def evidence_to_text(lessons: Sequence[Lesson], checks: Sequence[FoundCheck]) -> str:
    """Each field with the samples that print its value, its labels and its place; then each check."""
    head = ("field", "kind", "printed", "labels (samples led to the value / that print it)", "place")
    rows = [
        (
            lesson.leaf.pointer.removeprefix("/"),
            kind_of(lesson.leaf),
            f"{lesson.seen} of {lesson.given}" + (f", {lesson.turned} with the other sign" if lesson.turned else ""),
            _labels(lesson),
            _place(lesson),
        )
        for lesson in lessons
    ]
    told = columns([head, *rows])
    if checks:
        told += "\n\n" + columns(
            [("check", "held"), *((_rule(check.rule), f"{check.held} of {check.of}") for check in checks)]
        )
    return told


def _labels(lesson: Lesson) -> str:
    named = [f"{label.text} {label.held}/{label.of}" for label in lesson.labels[:SHOWN]]
    more = len(lesson.labels) - SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "") if named else "none"


def _place(lesson: Lesson) -> str:
    if lesson.spot is None:
        return "–"
    page = "any page" if lesson.spot.page is None else f"page {lesson.spot.page}"
    return f"{page}, " + " ".join(f"{edge:.2f}" for edge in lesson.spot.box)


def _rule(rule: Any) -> str:
    return rule if isinstance(rule, str) else str(rule["rule"])
