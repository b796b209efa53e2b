"""What people decided of the results in a folder, as ``engine review`` keeps it: ``DIR/.engine/review.jsonl``, a line
each; and what that says of the engine: which of its values were right.

Nothing is taken back by deleting: an ``undo`` names the line that no longer stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import simplejson

from engine.errors import UsageError
from engine.page import Box
from engine.reviewed import decisions_file

Kind = Literal["accept", "correct", "absent", "dismiss", "undo"]
KINDS = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of one person. ``result`` is the result's file name, ``sha256`` the document's, ``of`` and ``gives``
    the digests (:func:`engine.review.digest.digest`) of the engine's own result and of what is shown from now on.

    ``path`` is a JSON Pointer, '' for the document. ``value`` and ``printed`` are those of a correction, ``page`` and
    ``box`` where somebody drew it. ``was`` is the field, or the finding, as it stood. ``when`` is UTC, ISO 8601.
    """

    id: str
    result: str
    sha256: str | None
    of: str
    gives: str
    kind: Kind
    path: str
    who: str
    when: str
    value: Any = None
    printed: str | None = None
    page: int | None = None
    box: Box | None = None
    why: str = ""
    was: Mapping[str, Any] | None = None
    undoes: str | None = None


def standing(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Those that were not undone, in their order."""
    decisions = tuple(decisions)
    undone = {decision.undoes for decision in decisions if decision.kind == "undo"}
    return tuple(decision for decision in decisions if decision.kind != "undo" and decision.id not in undone)


def decided(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The last standing word on each field."""
    return {decision.path: decision for decision in standing(decisions) if decision.kind != "dismiss"}


# ---------------------------------------------------------------- the engine, judged


@dataclass(frozen=True, slots=True)
class Judged:
    """A value that the engine gave and a person decided on: what the engine said of it, and whether it was right.
    ``confidence`` is a probability, None where the engine gave none."""

    path: str
    source: str
    verdict: str
    confidence: float | None
    right: bool


def judged(decisions: Iterable[Decision]) -> Iterator[Judged]:
    """The engine's values in one result on which a person's word stands; right is one that is still there after all
    that was said of its place. What a person or another program had given is none of the engine's."""
    decisions = tuple(decisions)
    engine_s: dict[str, Mapping[str, Any]] = {}
    for decision in decisions:
        if decision.was is not None and decision.was.get("source") in ("ocr", "vlm", "text_layer"):
            engine_s.setdefault(decision.path, decision.was)
    left = {path: was.get("value") for path, was in engine_s.items()}
    for decision in standing(decisions):
        if decision.kind in ("correct", "absent"):
            left[decision.path] = decision.value
    for path in decided(decisions):
        was = engine_s.get(path, {})
        if was.get("value") not in (None, []):
            sure, right = was.get("confidence"), bool(left[path] == was["value"])
            yield Judged(path, was["source"], str(was.get("verdict")), None if sure is None else float(sure), right)


# ---------------------------------------------------------------- the file


def read_decisions(out: Path) -> tuple[Decision, ...]:
    """All lines; one that a crash left torn, or that says nothing of a decision, is passed over."""
    try:
        lines = decisions_file(out).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(f"{decisions_file(out)} cannot be read ({error.strerror}): check its permissions") from error
    return tuple(decision for line in lines if (decision := _line_to_decision(line)))


def _line_to_decision(line: bytes) -> Decision | None:
    try:
        told = simplejson.loads(line, use_decimal=True)
        box = told.get("box")
        decision = Decision(**(told | {"box": Box(*map(float, box)) if box else None}))
    except (ValueError, TypeError, AttributeError):
        return None
    known = decision.kind in KINDS and isinstance(decision.was, dict | None)
    return decision if known and isinstance(decision.value, str | bool | int | Decimal | None) else None
