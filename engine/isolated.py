"""Calls into native code that a hostile file can make hang, crash or eat all memory: run in a child process.

PDFium cannot be interrupted: a PDF of 700 bytes whose form draws itself twice took 24 GB and never came back.
In the child it costs that page, and :data:`TIMEOUT` seconds or :data:`MEMORY` bytes at most. One child serves
the whole process, one call at a time (PDFium is not thread-safe either); it starts at the first call, in
0.3 s, anew after it had to be killed, and ends with its parent. A page of pixels comes back in 5 to 20 ms.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from engine.errors import EngineError

TIMEOUT = 15.0  # seconds for one call; the slowest page of print measured takes 2
MEMORY = 1500 << 20  # bytes of address space

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.Lock()
_child: subprocess.Popen[bytes] | None = None


class Stalled(Exception):
    """The call did not come back in time, or its process died; nothing of it is left running."""


def call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """``function(*args, **kwargs)``, a function of a module, run in the child.

    Raises what the function raises if that is an EngineError, and Stalled.
    """
    with _lock:
        child = _running_child()
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101
        try:
            pickle.dump((function, args, kwargs), child.stdin)
            child.stdin.flush()
            if not select.select([child.stdout], [], [], TIMEOUT)[0]:
                raise Stalled(f"no answer within {TIMEOUT:.0f} seconds")
            answer = pickle.load(child.stdout)  # noqa: S301 - from our own child
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            _end(child)
            raise Stalled("the process that drew the page died") from error
        except BaseException:  # Stalled, or the user's Ctrl-C: an answer may still be under way
            _end(child)
            raise
    if isinstance(answer, EngineError):
        raise answer
    result: R = answer
    return result


def serve() -> None:
    """The child: answer calls until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever native code prints must not get between the answers
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
            signal.alarm(int(TIMEOUT) + 5)  # its default ends native code too, should the parent be gone
            try:
                answer = function(*args, **kwargs)
            except EngineError as error:
                answer = error
            signal.alarm(0)
            pickle.dump(answer, answers, protocol=5)
            answers.flush()


def _running_child() -> subprocess.Popen[bytes]:
    global _child  # noqa: PLW0603 - one child for the process, as PDFium is one for a process
    if _child is None or _child.poll() is not None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
        _child = subprocess.Popen(
            [sys.executable, "-c", "from engine.isolated import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
    return _child


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # closing flushes what the child no longer takes
                pipe.close()


def _forget() -> None:
    """After a fork the child is the parent's: the new process starts its own."""
    global _child, _lock
    _child, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
