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


class Counting:
    """``answered`` counts by request; ``at_a_kill`` are those that were under way when a batch was killed."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.at_a_kill: set[str] = set()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, asked: servers.Asked) -> servers.Play:
        key = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()
        with self._lock:
            self._under_way[key] += 1
        time.sleep(THINKING)
        with self._lock:
            self._under_way[key] -= 1
            self.answered[key] += 1
        return servers.answer(answer_text(asked.schema, {}))

    def killed(self) -> None:
        """A batch has just been killed: what is under way may be asked again, and what has just been answered too."""
        with self._lock:
            self.at_a_kill |= {key for key, count in self._under_way.items() if count}

    @property
    def repeated(self) -> list[str]:
        """Requests answered more than once that no kill explains."""
        return [key for key, count in self.answered.items() if count > 1 and key not in self.at_a_kill]

    @property
    def repeated_after_kills(self) -> list[str]:
        return [key for key, count in self.answered.items() if count > 1 and key in self.at_a_kill]


@contextmanager
def counting_model() -> Iterator[tuple[Counting, str]]:
    """The count and the base URL of an OpenAI-compatible server."""
    counting = Counting()
    with HTTPServer(threaded=True) as http:
        server = servers.Server(http)
        server.handler = counting
        yield counting, server.base_url("openai-compatible")
