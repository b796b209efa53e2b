"""Answers from recordings alone: nothing is sent, no SDK and no key are needed.

A recording is a file of :mod:`engine.vlm.store`, in any folder layout. The adapter of the provider that was
recorded builds the request and reads the body; only the call between the two is replaced.
"""

from __future__ import annotations

import logging
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from engine.errors import UsageError
from engine.vlm.store import Kept, NotKept, Parts, read_kept, request_hash
from engine.vlm.wire import Fault, Request

log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Whose answers were recorded; ``base_url`` is that of the newest recording, and nothing is sent there."""

    provider: str
    base_url: str
    model: str


class Recording(NamedTuple):
    path: Path
    kept: Kept


class Replay:
    """The recordings below *directory*. Other files may stand there: what is no recording is passed over.

    *model* chooses among the recordings of several models: ``gpt-x`` or, where two providers have it,
    ``openai/gpt-x``. Recordings are found by the request, whatever base URL it went to. Of two recordings of one
    request, the newer one answers.

    Raises UsageError: no such folder, no recordings, or those of several models and none chosen.
    """

    def __init__(self, directory: Path, model: str | None = None) -> None:
        if not directory.is_dir():
            raise UsageError(f"{directory} is no folder of recordings: give the one that answers were recorded to")
        everything = sorted(_recordings(directory), key=lambda one: (one.kept.created, one.path))
        self._directory = directory
        self._recordings = [one for one in everything if model is None or model in _names(one.kept)]
        known = ", ".join(sorted({_names(one.kept)[1] for one in everything}))
        if not everything:
            raise UsageError(f"there is no recording below {directory}: record answers there first")
        if not self._recordings:
            raise UsageError(f"{directory} has no recording of the model {model}: give --model, one of {known}")
        if len({(one.kept.provider, one.kept.model) for one in self._recordings}) > 1:
            raise UsageError(f"{directory} has recordings of several models: give --model, one of {known}")
        self._by_request = {one.kept.asked: one.kept for one in self._recordings}
        newest = self._recordings[-1].kept
        self.identity = Identity(newest.provider, newest.base_url, newest.model)

    def find(self, request: Request, parts: Parts) -> Kept:
        """The answer recorded for exactly *request*; *parts* are those of :func:`engine.vlm.store.parts_of`.

        Raises Fault, not to be tried again, that tells the nearest recording and in which parts it differs.
        """
        kept = self._by_request.get(request_hash(request))
        if kept is not None:
            return kept
        nearest = max(reversed(self._recordings), key=lambda one: _nearness(one.kept.parts, parts))
        where = nearest.path.relative_to(self._directory)
        differing = _listed(_differing(nearest.kept.parts, parts))
        if nearest.kept.parts.images != parts.images:
            raise Fault(
                f"recording stale: these images were never recorded in {self._directory}; the nearest recording,"
                f" {where} of {nearest.kept.created:%Y-%m-%d}, differs in {differing}: record this page"
            )
        raise Fault(
            f"recording stale: {where} of {nearest.kept.created:%Y-%m-%d} answers another question, which differs in"
            f" {differing}: record it again"
        )


def _recordings(directory: Path) -> list[Recording]:
    found = []
    for path in sorted(directory.rglob("*.json")):
        try:
            found.append(Recording(path, read_kept(path)))
        except NotKept:
            log.debug("%s is no recording", path)
        except (OSError, ValueError) as error:
            log.warning("the recording %s is not used: %s", path, error)
    return found


def _names(kept: Kept) -> tuple[str, str]:
    return kept.model, f"{kept.provider}/{kept.model}"


def _differing(recorded: Parts, asked: Parts) -> list[str]:
    return [item.name for item in fields(Parts) if getattr(recorded, item.name) != getattr(asked, item.name)]


def _nearness(recorded: Parts, asked: Parts) -> tuple[bool, int]:
    """The same page counts first: prompts and schemas are much the same for all pages of a document."""
    return recorded.images == asked.images, -len(_differing(recorded, asked))


def _listed(names: list[str]) -> str:
    """``prompt, schema and images``. A request whose parts are all known differs in how they are put together."""
    if not names:
        return "parameters"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
