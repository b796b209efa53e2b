"""A model on loopback that counts what it was paid for: every request that it answered, by what was asked."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from pytest_httpserver import HTTPServer

from tests.vlm import servers
from tests.vlm.answers import answer_text

THINKING = 0.15  # seconds for an answer, so that kills meet calls under way
ON_ITS_WAY = 0.5
"""Seconds around a kill in which a request or an answer may be between the two processes, or read and not yet written
down: the two cores are busy."""


class Counting:
    """``answered`` counts by request."""

    def __init__(self, input_tokens: int = 120) -> None:
        self._input_tokens = input_tokens
        self.answered: Counter[str] = Counter()
        self._spans: list[tuple[str, float, float]] = []
        self._kills: list[float] = []
        self._lock = threading.Lock()

    def __call__(self, asked: servers.Asked) -> servers.Play:
        key = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()
        began = time.monotonic()
        time.sleep(THINKING)
        with self._lock:
            self._spans.append((key, began, time.monotonic()))
            self.answered[key] += 1
        return servers.answer(answer_text(asked.schema, {}), input_tokens=self._input_tokens)

    def killed(self) -> None:
        """A batch has just been killed."""
        with self._lock:
            self._kills.append(time.monotonic())

    @property
    def gaps(self) -> list[float]:
        """Of each answer whose question was asked again: seconds between it and the nearest kill."""
        by_question: dict[str, list[tuple[float, float]]] = {}
        for key, began, ended in self._spans:
            by_question.setdefault(key, []).append((began, ended))
        lost = [span for spans in by_question.values() for span in spans[:-1]]
        near = (
            min((max(began - kill, kill - ended, 0.0) for kill in self._kills), default=inf) for began, ended in lost
        )
        return sorted(near)

    @property
    def unexplained(self) -> int:
        """Answers whose question was asked again though no kill met them."""
        return sum(gap > ON_ITS_WAY for gap in self.gaps)


@contextmanager
def counting_model(input_tokens: int = 120) -> Iterator[tuple[Counting, str]]:
    """The count and the base URL of an OpenAI-compatible server, which books so many tokens a question."""
    counting = Counting(input_tokens)
    with HTTPServer(threaded=True) as http:
        server = servers.Server(http)
        server.handler = counting
        yield counting, server.base_url("openai-compatible")
