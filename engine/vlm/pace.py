"""How many requests to one model run at once, and how many begin within a minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from threading import Lock, Semaphore

from engine.errors import UsageError

WINDOW = 60.0
"""Seconds of the window that ``per_minute`` counts in; it slides, so that no minute has more."""


class Pace:
    """``with pace:`` around each request, from any thread of one process. A limit of 0 is none.

    Turns are given in the order in which they are asked for: each takes the next free place in the window and
    sleeps until then. Raises UsageError for a negative limit.
    """

    def __init__(
        self,
        concurrency: int,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if concurrency < 0 or per_minute < 0:
            raise UsageError("requests at once and requests a minute cannot be negative: 0 means no limit")
        self._running = Semaphore(concurrency) if concurrency else nullcontext()
        self._begun: deque[float] | None = deque(maxlen=per_minute) if per_minute else None
        self._lock = Lock()
        self._clock = clock
        self._sleep = sleep

    def __enter__(self) -> None:
        self._running.__enter__()
        try:
            wait = self._place() - self._clock()
            if wait > 0:
                self._sleep(wait)
        except BaseException:  # Ctrl-C while asleep must not keep others waiting
            self._running.__exit__(None, None, None)
            raise

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)

    def _place(self) -> float:
        """When this request may begin; the place is taken."""
        with self._lock:
            place = self._clock()
            if self._begun is not None:
                if len(self._begun) == self._begun.maxlen:
                    place = max(place, self._begun[0] + WINDOW)
                self._begun.append(place)
            return place
