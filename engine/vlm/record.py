"""Answers recorded as they come: each exchange is a file that :mod:`engine.vlm.replay` answers from.

What was recorded for exactly a request is not paid for again. Whatever a provider answered is kept, refusals and
broken answers too; what never came (a timeout, a server that is down) is not.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from threading import Lock

from engine.vlm.question import Question
from engine.vlm.replay import recordings_in, wording_of
from engine.vlm.store import Kept, holds_secret, kept_to_json, request_hash
from engine.vlm.wire import Request
from engine.whole_file import write_file

log = logging.getLogger(__name__)


class Recorder:
    """The recordings of one document below *directory*, by one provider's model. For any number of threads."""

    def __init__(self, directory: Path, provider: str, model: str) -> None:
        self._directory = directory
        there = [one.kept for one in recordings_in(directory)]
        mine = [kept for kept in there if (kept.provider, kept.model) == (provider, model)]
        self._by_request = {kept.asked: kept for kept in mine}
        self._lock = Lock()
        self.written: list[Path] = []

    def find(self, request: Request) -> Kept | None:
        """What was recorded for exactly *request*."""
        return self._by_request.get(request_hash(request))

    def keep(self, kept: Kept, question: Question, about: str) -> None:
        """Write an answer that has just come; *about* (``page-3``) begins the file's name. Raises OSError."""
        kept = replace(kept, wording=wording_of(question))
        text = kept_to_json(kept)
        path = self._directory / f"{about}-{kept.asked[:8]}.json"
        if holds_secret(text):
            log.warning("%s was not recorded: the answer repeats a key of this machine", path)
            return
        with self._lock:
            self._directory.mkdir(parents=True, exist_ok=True)
            write_file(path, text)
            self._by_request[kept.asked] = kept
            self.written.append(path)
