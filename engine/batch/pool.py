"""Child processes for what is heavy or may hang or crash: each costs its task, never the batch.

A task that takes longer than it may, or whose process dies (a library that segfaults, the system out of memory), is
told as :class:`Lost`; its process is replaced. Processes are replaced after some tasks too, so that what native code
leaks stays bounded.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import multiprocessing.util
import os
import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TimedOut
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from engine.batch.logs import Logs, about, logs_here, told_about
from engine.batch.tasks import prepare_process
from engine.cores import cores
from engine.errors import UsageError

TASKS_A_PROCESS = 1000
"""Renewing costs as much as some documents do. ``make soak`` tells what memory does meanwhile."""

GRACE = 10  # seconds after which a task without a batch ends itself

TOLD_TO_END = -signal.SIGTERM
"""How a process ends that was told to, as all processes of a service are when it is stopped: no fault of its task."""

LONGEST_SOCKET = 103
"""Bytes of a socket's path: 107 on Linux, 103 on macOS."""

TRIES = 3
"""How often a task is begun whose process was told to end, or was ended while it wrote (which breaks the pool)."""

P = ParamSpec("P")
R = TypeVar("R")


class Lost(Exception):
    """A task that did not come back, as a clause: ``it took longer than 120 seconds``."""


class Pool:
    """``jobs`` processes, one a core where it is 0. Tasks are begun in the order in which they are given.

    ``with Pool(jobs) as pool`` ends the processes at the end. Raises UsageError where processes cannot be talked to.
    """

    def __init__(self, jobs: int) -> None:
        begin_server()
        self.jobs = jobs or cores()
        self._threads = max(1, cores() // self.jobs)
        self._closed = False
        self._lock = threading.Lock()
        self._context = multiprocessing.get_context("forkserver")
        self._hear, self._tell = self._context.Pipe(duplex=False)
        self._pool = self._made()
        for _ in range(self.jobs):  # the processes start now, while their parent sees to its database
            self._pool.schedule(prepare_process, (self._threads,))

    def run(self, seconds: float, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """``function(*args)`` in a child. Raises what it raises, and Lost."""
        for _ in range(TRIES):
            pool, future = self._begun((told_about(), seconds, function, args, kwargs), seconds)
            try:
                result: R = future.result()
            except TimedOut as error:
                raise Lost(f"it took longer than {seconds:.0f} seconds") from error
            except ProcessExpired as error:
                if error.exitcode != TOLD_TO_END:
                    raise Lost(f"the process that worked on it died ({_cause(error.exitcode)})") from error
            except BrokenProcessPool:
                self._replace(pool)
            except CancelledError:
                _wait_for_ever()
            else:
                return result
        raise Lost(f"the processes that worked on it were ended {TRIES} times")

    def _begun(self, arguments: tuple[object, ...], seconds: float) -> tuple[ProcessPool, Any]:
        while not self._closed:
            pool = self._pool
            try:
                return pool, pool.schedule(_bounded, arguments, timeout=seconds)
            except RuntimeError:  # it broke, or was closed, at this moment
                self._replace(pool)
        return _wait_for_ever()

    def _made(self) -> ProcessPool:
        told = [logs_here(), self._tell, self._threads]
        return ProcessPool(self.jobs, TASKS_A_PROCESS, _begin, told, context=self._context)

    def _replace(self, broken: ProcessPool) -> None:
        """A new one for one that is broken; the first of those who notice makes it."""
        with self._lock:
            if self._pool is broken and not self._closed:
                self._pool = self._made()
                broken.stop()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes. A thread that waits for a task of theirs waits for ever (see :func:`engine.cli.batch`)."""
        with self._lock:
            first, self._closed = not self._closed, True
        for _ in range(self.jobs if first else 0):  # one that is stopped while it begins tells a traceback
            if self._hear.poll(GRACE):
                self._hear.recv_bytes()
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def begin_server() -> None:
    """Begin the process that others are forked from, unless it is there: the half a second that it takes can be used.

    Raises UsageError where processes cannot be talked to.
    """
    _check_sockets()
    multiprocessing.forkserver.set_forkserver_preload(["engine.batch.preload"])
    multiprocessing.forkserver.ensure_running()


def _check_sockets() -> None:
    """The processes are begun through a socket in the temporary folder, and a system bounds the path of one."""
    longest = Path(multiprocessing.util.get_temp_dir(), "listener-12345678")
    if len(os.fsencode(longest)) > LONGEST_SOCKET:
        folder = longest.parent.parent
        raise UsageError(f"the temporary folder {folder} has too long a path for sockets: set TMPDIR to one like /tmp")


def leave_nothing() -> None:
    """Take away what multiprocessing keeps in a temporary folder: for a process that ends without its usual end."""
    shutil.rmtree(multiprocessing.util.get_temp_dir(), ignore_errors=True)


def _wait_for_ever() -> NoReturn:
    """The pool is closed: what was given up must not be recorded as having failed."""
    while True:
        threading.Event().wait()


def _begin(logs: Logs, tell: Connection, threads: int) -> None:
    with suppress(OSError):  # nobody waits any more, or so many have begun that nobody can
        os.set_blocking(tell.fileno(), False)
        tell.send_bytes(b"begun")
    logs.begin()
    prepare_process(threads)
    signal.signal(signal.SIGTERM, _end)


def _end(*_: object) -> None:
    """Given up: the programs started for the task go too, for nobody else would end a Tesseract that hangs."""
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # one that ends by itself meanwhile
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


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
