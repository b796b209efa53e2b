"""Which results are there, and of what: ``OUT/.engine/finished.jsonl``, a line for each that was written.

A result counts as finished where its document, type and settings are still the same; else it is made anew. Only what
changed is: pages are read again where the content or the reading's settings did.
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.batch.items import Item
from engine.batch.work import Work
from engine.errors import UsageError


class Finished:
    """The results that earlier runs wrote below a folder, by their names."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = dict(_lines(file))

    def holds(self, item: Item, work: Work) -> bool:
        """Whether the result of *item* was written for this very work."""
        return self._known.get(item.name) == work.id

    def add(self, item: Item, work: Work) -> None:
        """The result of *item* is written. Raises UsageError where that cannot be noted."""
        if not self.holds(item, work):
            self._note(item, work.id)

    def drop(self, item: Item) -> None:
        """What is written for *item* now is of no work. Raises UsageError as :meth:`add`."""
        if self._known.get(item.name):
            self._note(item, "")

    def _note(self, item: Item, work: str) -> None:
        self._known[item.name] = work
        try:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"name": item.name, "work": work}) + "\n")
        except OSError as error:
            raise UsageError(f"{self._file} cannot be written ({error.strerror}): make room and run again") from error


def _lines(file: Path) -> list[tuple[str, str]]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            told = json.loads(line)
            found.append((str(told["name"]), str(told["work"])))
        except (ValueError, KeyError, TypeError):  # a run was killed while it wrote this
            continue
    return found
