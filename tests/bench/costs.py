"""What a process and all that it starts cost: CPU seconds, and peak memory. From /proc: Linux only."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

TICK = os.sysconf("SC_CLK_TCK")
EVERY = 0.05  # seconds between two looks at the memory


def family(pid: int) -> Iterator[int]:
    """The process and its descendants alive; not a child that is its parent's copy about to become a program."""
    yield pid
    with suppress(OSError):
        own = _told(pid, "cmdline")
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                if _told(child, "cmdline") != own:
                    yield from family(child)


def cpu(pid: int) -> float:
    """CPU seconds so far of the process, of its living descendants and of those that ended."""
    total = 0
    for member in family(pid):
        fields = _told(member, "stat").rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))  # user and system time, own and of children waited for
    return total / TICK


def held_mb(pid: int) -> float:
    """Memory of the family in MB; a page of it that several hold is divided among them (PSS)."""
    found = 0
    for member in family(pid):
        found += sum(int(line.split()[1]) for line in _told(member, "smaps_rollup").splitlines() if line[:4] == "Pss:")
    return found / 1024


def _told(pid: int, file: str) -> str:
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except OSError:  # it ended meanwhile
        return ") " + "0 " * 20 if file == "stat" else ""


class Peak:
    """``with Peak(pid) as peak: …; peak.mb`` is the most that the family held at a time."""

    def __init__(self, pid: int) -> None:
        self.mb = 0.0
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY):
            self.mb = max(self.mb, held_mb(self._pid))
