"""Child processes for what is heavy or may hang or crash: each costs its task, never the batch.

A task that takes longer than it may, or whose process dies (a library that segfaults, the system out of memory), is
told as :class:`Lost`; its process is replaced. Processes are replaced after some tasks too, so that what native code
leaks stays bounded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TimedOut
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from engine.batch.logs import Logs, about, logs_here, told_about
from engine.batch.tasks import prepare_process

TASKS_A_PROCESS = 200
"""A process takes 0.3 s of CPU to start and 2 s of work are an ordinary page: renewing costs a thousandth."""

GRACE = 10  # seconds after which a task without a batch ends itself

P = ParamSpec("P")
R = TypeVar("R")


class Lost(Exception):
    """A task that did not come back, as a clause: ``it took longer than 120 seconds``."""


class Pool:
    """``jobs`` processes, one a core where it is 0. Tasks are begun in the order in which they are given."""

    def __init__(self, jobs: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["engine.batch.preload"])
        self.jobs = jobs or os.cpu_count() or 1
        self._pool = ProcessPool(self.jobs, TASKS_A_PROCESS, _begin, [logs_here()], context=context)

    def run(self, seconds: float, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """``function(*args)`` in a child. Raises what it raises, and Lost."""
        future = self._pool.schedule(_bounded, (told_about(), seconds, function, args, kwargs), timeout=seconds)
        try:
            result: R = future.result()
        except TimedOut as error:
            raise Lost(f"it took longer than {seconds:.0f} seconds") from error
        except ProcessExpired as error:
            raise Lost(f"the process that worked on it died ({_cause(error.exitcode)})") from error
        except CancelledError:  # the pool is closed: what waits here must not be recorded as having failed
            threading.Event().wait()
            raise
        return result

    def close(self) -> None:
        """End the processes. A thread that waits for a task of theirs waits for ever (see :func:`engine.cli.batch`)."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _begin(logs: Logs) -> None:
    logs.begin()
    prepare_process()


def _bounded(
    told: dict[str, object],
    seconds: float,
    function: Callable[..., R],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> R:
    """The call, with a bound of its own: where the batch was killed meanwhile, nobody else ends a task that hangs."""
    signal.alarm(int(seconds) + GRACE)  # its default ends native code too
    try:
        with about(**told):
            return function(*args, **kwargs)
    finally:
        signal.alarm(0)


def _cause(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
