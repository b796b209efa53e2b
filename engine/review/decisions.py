"""What people decided of the results in a folder: ``DIR/.engine/review.jsonl``, a line each, only ever added to.

A line is on the disk before anybody is told that it is kept. Nothing is taken back by deleting: an ``undo`` names the
line that no longer stands.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import simplejson

from engine.as_json import to_json
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


def add_decision(out: Path, decision: Decision) -> None:
    """Put it on the disk. Raises UsageError where that fails: then it is not decided."""
    line = to_json(_to_data(decision), indent=None).encode() + b"\n"
    path = decisions_file(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() and not _ends_whole(file):
                line = b"\n" + line  # behind a line that a crash left torn
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): make room, and decide again") from error


def _ends_whole(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _to_data(decision: Decision) -> dict[str, Any]:
    told = {item.name: getattr(decision, item.name) for item in fields(Decision)}
    told["box"] = decision.box.as_list() if decision.box else None
    needed = {"id", "result", "sha256", "of", "gives", "kind", "path", "who", "when"}
    return {name: value for name, value in told.items() if name in needed or value not in (None, "")}


def _line_to_decision(line: bytes) -> Decision | None:
    try:
        told = simplejson.loads(line, use_decimal=True)
        box = told.get("box")
        decision = Decision(**(told | {"box": Box(*map(float, box)) if box else None}))
    except (ValueError, TypeError, AttributeError):
        return None
    return (
        decision if decision.kind in KINDS and isinstance(decision.value, str | bool | int | Decimal | None) else None
    )
