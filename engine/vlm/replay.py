"""Answers from recordings alone: nothing is sent, no SDK and no key are needed.

A recording is a file of :mod:`engine.vlm.store`, in any folder layout. The adapter of the provider that was
recorded builds the request and reads the body; only the call between the two is replaced.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from engine.errors import UsageError
from engine.vlm.difference import differing, listed
from engine.vlm.question import Question
from engine.vlm.sketch import alike, sketch
from engine.vlm.store import Kept, NotKept, Parts, Wording, parts_of, read_kept, request_hash
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
    request, the newer one answers. A recording that holds the wording also answers where the images alone were
    written a little differently, as by another release of an image library.

    With an *identity* its model is asked whatever is there, be it nothing: what is missing is told page by page.

    Raises UsageError without an identity: no such folder, no recordings, or those of several models and none chosen.
    """

    def __init__(self, directory: Path, model: str | None = None, *, identity: Identity | None = None) -> None:
        if not directory.is_dir() and identity is None:
            raise UsageError(f"{directory} is no folder of recordings: give the one that answers were recorded to")
        self._directory = directory
        self._everything = sorted(recordings_in(directory), key=lambda one: (one.kept.created, one.path))
        self.identity = identity or _only(self._everything, directory, model)
        self._recordings = [one for one in self._everything if _is_of(one.kept, self.identity)]
        self._by_request = {one.kept.asked: one for one in self._recordings}
        self._used: dict[Path, Recording] = {}
        self._told: set[str] = set()
        self._outdated: set[Path] = set()

    @property
    def used(self) -> tuple[Recording, ...]:
        """Those that have answered, in the order of their paths."""
        return tuple(self._used[path] for path in sorted(self._used))

    @property
    def unused(self) -> tuple[Path, ...]:
        """Recordings that answer requests which were not made, but for those that a missing one was nearest to."""
        return tuple(
            one.path for one in self._everything if one.path not in self._used and one.path not in self._outdated
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """A sentence for each request that was made and not recorded."""
        return tuple(sorted(self._told))

    def find(self, question: Question, request: Request) -> Kept:
        """The answer recorded for exactly *request*, which puts *question*.

        Raises Fault, not to be tried again, that tells the nearest recording and in which parts it differs.
        """
        parts = parts_of(question, request)
        found = self._by_request.get(request_hash(request)) or self._but_for_encoding(question, parts)
        if found is not None:
            self._used[found.path] = found
            return found.kept
        sentence = self._missing(question, parts)
        self._told.add(sentence)
        raise Fault(sentence)

    def _but_for_encoding(self, question: Question, parts: Parts) -> Recording | None:
        """The newest recording of the same request but for the bytes of its images."""
        for one in reversed(self._recordings):
            if one.kept.wording is None or replace(one.kept.parts, images=parts.images) != parts:
                continue
            if all(map(alike, one.kept.wording.images, map(sketch, question.images))):
                log.debug("%s answers the same images in another encoding", one.path)
                return one
        return None

    def _missing(self, question: Question, parts: Parts) -> str:
        if not self._everything:
            return f"not recorded: there are no answers of {self.identity.model} to this document; record it"
        nearest = max(reversed(self._everything), key=lambda one: _nearness(one, parts, self.identity))
        self._outdated.add(nearest.path)
        which = f"{nearest.path.relative_to(self._directory)} of {nearest.kept.created:%Y-%m-%d}"
        if not _is_of(nearest.kept, self.identity):
            whose, asked = _names(nearest.kept)[1], f"{self.identity.provider}/{self.identity.model}"
            return f"recording stale: {which} is an answer of {whose}, and {asked} is asked: record it again"
        wording = nearest.kept.wording and wording_of(question)
        difference = listed(differing(nearest.kept, parts, wording))
        if nearest.kept.parts.images != parts.images:
            return (
                "recording stale: these images were never recorded; the nearest recording,"
                f" {which}, differs in {difference}: record this page"
            )
        return f"recording stale: {which} answers another question, which differs in {difference}: record it again"


def _only(everything: list[Recording], directory: Path, model: str | None) -> Identity:
    """Whose the recordings are that *model* chooses. Raises UsageError where that is nobody or several."""
    chosen = [one.kept for one in everything if model is None or model in _names(one.kept)]
    known = ", ".join(sorted({_names(one.kept)[1] for one in everything}))
    if not everything:
        raise UsageError(f"there is no recording below {directory}: record answers there first")
    if not chosen:
        raise UsageError(f"{directory} has no recording of the model {model}: give --model, one of {known}")
    if len({(kept.provider, kept.model) for kept in chosen}) > 1:
        raise UsageError(f"{directory} has recordings of several models: give --model, one of {known}")
    return Identity(chosen[-1].provider, chosen[-1].base_url, chosen[-1].model)


def wording_of(question: Question) -> Wording:
    """What a recording tells of a question."""
    schema = json.loads(json.dumps(question.schema, default=str))  # as it reads once it was kept
    prompt = (*question.rules.splitlines(), "", *question.text.splitlines())
    return Wording(prompt, schema, tuple(map(sketch, question.images)))


def recordings_in(directory: Path) -> list[Recording]:
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


def _is_of(kept: Kept, identity: Identity) -> bool:
    return (kept.provider, kept.model) == (identity.provider, identity.model)


def _nearness(one: Recording, asked: Parts, identity: Identity) -> tuple[bool, bool, int]:
    """The same model's count first, then the same page: prompts and schemas are much the same for all pages."""
    recorded = one.kept.parts
    return _is_of(one.kept, identity), recorded.images == asked.images, -len(differing(one.kept, asked))
