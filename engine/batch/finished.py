"""Which results are there, and of what: ``OUT/.engine/finished.jsonl``, a line for each that was written.

A result counts as finished where its document, type and settings are still the same; else it is made anew. Only what
changed is: pages are read again where the content or the reading's settings did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from engine.batch.items import Item
from engine.batch.work import Work
from engine.errors import UsageError

OF_NO_WORK = ""
"""The work of a file that cannot even be read, and of a result that is to be made anew."""


@dataclass(frozen=True, slots=True)
class _Line:
    """``file`` is the digest of what was written, '' for what was taken away, ``of`` the document's whole path."""

    work: str
    file: str
    of: str


class Finished:
    """The results that earlier runs wrote below a folder, by their names: of which work, and what was written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = {name: line for name, line in dict(_lines(file)).items() if line.file}

    def __iter__(self) -> Iterator[str]:
        """The names of the results that were written and not taken away."""
        return iter(list(self._known))

    def of(self, name: str) -> str | None:
        """The whole path or address of the document that a result is of; None for one that nobody wrote."""
        return self._known[name].of if name in self._known else None

    def work(self, name: str) -> str | None:
        """The id of the work that a result was written for, :data:`OF_NO_WORK`; None for one that nobody wrote."""
        return self._known[name].work if name in self._known else None

    def holds(self, item: Item, work: Work) -> bool:
        """Whether the result of *item* was written for this very work."""
        return self.work(item.name) == work.id

    def wrote(self, name: str, content: bytes) -> bool:
        """Whether this is what was written, byte for byte."""
        return name in self._known and self._known[name].file == sha256(content).hexdigest()

    def add(self, item: Item, work: str, content: bytes) -> None:
        """The result of *item* is written. Raises UsageError where that cannot be noted."""
        self._note(item.name, _Line(work, sha256(content).hexdigest(), item.whole))

    def drop(self, item: Item) -> None:
        """The result of *item* is to be made anew, and stays until then. Raises UsageError as :meth:`add`."""
        if item.name in self._known:
            self._note(item.name, replace(self._known[item.name], work=OF_NO_WORK))

    def gone(self, name: str) -> None:
        """The result is taken away. Raises UsageError as :meth:`add`."""
        self._note(name, _Line(OF_NO_WORK, "", ""))
        del self._known[name]

    def _note(self, name: str, line: _Line) -> None:
        if self._known.get(name) == line:
            return
        self._known[name] = line
        try:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"name": name, **asdict(line)}) + "\n")
        except OSError as error:
            raise UsageError(f"{self._file} cannot be written ({error.strerror}): make room and run again") from error


def _lines(file: Path) -> Iterator[tuple[str, _Line]]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            told = json.loads(line)
            yield str(told["name"]), _Line(str(told["work"]), str(told["file"]), str(told["of"]))
        except (ValueError, KeyError, TypeError):  # a run was killed while it wrote this
            continue
