"""A batch as a process that is killed in mid-run and begun again, until it comes to its end."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

PROGRAM = Path(sys.executable).with_name("engine")


@dataclass
class Killed:
    """How a batch went: kills, the summary of the last run, each step's count of runs.

    ``memory`` are bytes of all its processes, some samples a second.
    """

    kills: int = 0
    summary: dict[str, Any] = field(default_factory=dict)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def repeated(self) -> int:
        """Steps that came to their end more than once."""
        return sum(count - 1 for count in self.steps.values())


def run_and_kill(
    arguments: Sequence[str | Path],
    *,
    at: Sequence[tuple[str, int]] = (),
    kills: int = 0,
    pause: tuple[float, float] = (0, 0),
    seed: int = 0,
    on_kill: Callable[[], None] = lambda: None,
    environment: dict[str, str] | None = None,
) -> Killed:
    """``engine batch run ARGUMENTS``, killed at each of *at*, then *kills* times after random pauses (seconds), and
    then left to its end.

    At a step's name and a count: as soon as that run tells that it has done so many of these steps, however fast the
    machine. Every other kill takes all its processes at once, as a power cut does; the others its head alone. What it
    says goes to files: with a pipe that nobody reads it would stand still at 64 kB, with answers in hand that it has
    not kept.
    """
    chance, told, started = random.Random(seed), Killed(), time.monotonic()
    command = [str(PROGRAM), "batch", "run", *map(str, arguments), "--json", "--log-json", "--verbose"]
    while True:
        with TemporaryFile() as out, TemporaryFile() as err:
            batch = subprocess.Popen(
                command, stdout=out, stderr=err, env=os.environ | (environment or {}), start_new_session=True
            )
            try:
                step, count = at[told.kills] if told.kills < len(at) else ("", 0)
                by_time = len(at) <= told.kills < len(at) + kills
                end = time.monotonic() + chance.uniform(*pause) if by_time else math.inf
                while batch.poll() is None and time.monotonic() < end and not (step and _done(err, step) >= count):
                    told.memory.append(memory(batch.pid))
                    time.sleep(0.1)
                if batch.poll() is None:
                    if told.kills % 2:
                        os.killpg(batch.pid, signal.SIGKILL)
                    else:
                        batch.kill()
                    on_kill()
                    told.kills += 1
                    batch.wait()
            finally:
                if batch.poll() is None:  # the test was given up
                    os.killpg(batch.pid, signal.SIGKILL)
                    batch.wait()
            told.steps.update((each["step"], f"{each['document']}/{each.get('page', '')}") for each in _steps(err))
            if batch.returncode == -signal.SIGKILL:
                continue
            if batch.returncode not in (0, 1, 2):
                raise RuntimeError(f"the batch ended with {batch.returncode}: {_said(err)[-2000:]}")
            told.summary = json.loads(_said(out))
            told.seconds = time.monotonic() - started
            return told


def _said(file: IO[bytes]) -> str:
    """All of it, and the place where the batch writes on is not moved."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode("utf-8", "replace")


def _steps(log: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The lines that tell of a step's end."""
    for line in _said(log).splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # cut off by a kill
            continue
        if entry.get("message") == "step done":  # other lines tell what step they belong to
            yield entry


def _done(log: IO[bytes], step: str) -> int:
    return sum(entry["step"] == step for entry in _steps(log))


def memory(session: int) -> int:
    """Resident bytes of all processes of a session."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total
