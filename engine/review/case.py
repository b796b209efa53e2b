"""A reviewed document to a regression case: what a person says is right, and how the engine runs on it today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.config import Config
from engine.regress.accept import accept_added
from engine.regress.add import add_case
from engine.review.folder import Reviewed
from engine.view.decided import decided

NAMED = 5  # fields that the sentence names


@dataclass(frozen=True, slots=True)
class Made:
    """The case, and what came of running it once: a correction means that the engine errs there today. ``unvouched``
    counts the values that are held to be right now, and that neither a witness nor a person has confirmed."""

    folder: Path
    outcome: str
    unvouched: int


def make_case(
    known: Reviewed, out: Path, fixtures: Path, document: Path, config: Config, *, why: str = "", name: str | None
) -> Made:
    """Make a folder in *fixtures* whose ``expected.json`` holds the reviewed data, and accept its run of today, so that
    ``engine regress`` tells what changes from now on; not where a model's answers have to be recorded first. *name* is
    the folder's (default: the document's stem).

    Raises UsageError as :func:`engine.regress.add.add_case`.
    """
    why, schemas = why or _why(known), config.schemas
    added = add_case(out / known.name, fixtures, name=name, why=why, document=document, schemas=schemas)
    return Made(added.folder, accept_added(added, config), added.unvouched)


def _why(known: Reviewed) -> str:
    last = decided(known.decisions)
    corrected = [path for path, decision in last.items() if decision.kind in ("correct", "absent")]
    if not corrected:
        return f"{known.original.path} was looked through by a person, and nothing had to be corrected."
    listed = ", ".join(corrected[:NAMED]) + (f" and {len(corrected) - NAMED} more" if len(corrected) > NAMED else "")
    return f"{last[corrected[0]].who} corrected {listed} in review."
