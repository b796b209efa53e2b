"""A model on loopback that counts what it was paid for: every request that it answered, by what was asked."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_httpserver import HTTPServer

from tests.vlm import servers
from tests.vlm.answers import answer_text

THINKING = 0.15  # seconds for an answer, so that kills meet calls under way
ON_ITS_WAY = 0.5
"""Seconds around a kill in which a request or an answer may be between the two processes, or read and not yet written
down: the two cores are busy."""


class Counting:
    """``answered`` counts by request; ``at_a_kill`` are those that were on their way when a batch was killed."""

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
    def at_a_kill(self) -> set[str]:
        return {
            key
            for key, began, ended in self._spans
            if any(began - ON_ITS_WAY <= kill <= ended + ON_ITS_WAY for kill in self._kills)
        }

    @property
    def repeated(self) -> list[str]:
        """Requests answered more than once that no kill explains."""
        return [key for key, count in self.answered.items() if count > 1 and key not in self.at_a_kill]

    @property
    def repeated_after_kills(self) -> list[str]:
        return [key for key, count in self.answered.items() if count > 1 and key in self.at_a_kill]

    @property
    def gaps(self) -> list[float]:
        """Of each answer that was asked for again: seconds between it and the nearest kill."""
        asked_again = {key for key, count in self.answered.items() if count > 1}
        first = {key: (began, ended) for key, began, ended in reversed(self._spans) if key in asked_again}
        return sorted(
            min(max(began - kill, kill - ended, 0.0) for kill in self._kills) for began, ended in first.values()
        )


@contextmanager
def counting_model(input_tokens: int = 120) -> Iterator[tuple[Counting, str]]:
    """The count and the base URL of an OpenAI-compatible server, which books so many tokens a question."""
    counting = Counting(input_tokens)
    with HTTPServer(threaded=True) as http:
        server = servers.Server(http)
        server.handler = counting
        yield counting, server.base_url("openai-compatible")
