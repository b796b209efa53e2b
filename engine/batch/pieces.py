"""Files that hold several documents: once cut, each document is an item of its own, with its pages and its result.

A file is cut by a recorded workflow of its own. Its pieces are the same content with ``pages`` set: so they have their
own identity, are done, retried and cancelled like any other document, and find their pages read already. What was cut,
and why, is noted in ``OUT/.engine/pieces.jsonl``, so that status and retry know the pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.batch.items import Item
from engine.config import Config
from engine.errors import UsageError
from engine.output import piece_name
from engine.split import Split

WHOLE = "1-"


def to_be_cut(config: Config) -> bool:
    """An item that names its pages is a document already."""
    return config.split and config.pages is None


def pieces_to_items(item: Item, split: Split, taken: set[str]) -> tuple[Item, ...]:
    """The documents of a file: a result each, the file's own where there is one; ``taken`` are other items' names."""
    ranges = [piece.pages for piece in split.pieces] or [WHOLE]
    if len(ranges) == 1:
        return (_piece(item, ranges[0], item.name),)
    return tuple(_piece(item, pages, piece_name(item.name, pages, item.place, taken)) for pages in ranges)


def _piece(item: Item, pages: str, name: str) -> Item:
    return replace(item, name=name, options={**item.options, "pages": pages})


class Cuts:
    """Which files were cut, as *file* has it: later lines come after earlier ones."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._noted = dict(_noted(file))

    def pieces(self, items: Iterable[Item]) -> tuple[Item, ...]:
        """The items, those that were cut replaced by their pieces."""
        return tuple(
            piece
            for item in items
            for piece in [_piece(item, pages, name) for name, pages in self._noted.get(item.name, ())] or [item]
        )

    def note(self, item: Item, split: Split, items: Sequence[Item]) -> None:
        """Note how *item* was cut, unless it is known. Raises UsageError where that cannot be written."""
        if len(items) == 1:
            self.whole(item)
            return
        pieces = [
            {"name": one.name, "pages": one.options["pages"], "begins": piece.reason}
            for one, piece in zip(items, split.pieces, strict=True)
        ]
        self._add(item, pieces, split.separators)

    def whole(self, item: Item) -> None:
        """Note that *item* is one document, where it was cut before. Raises UsageError as :meth:`note`."""
        if self._noted.get(item.name):
            self._add(item, [], ())

    def _add(self, item: Item, pieces: Sequence[Mapping[str, str]], separators: Sequence[int]) -> None:
        known = [(piece["name"], piece["pages"]) for piece in pieces]
        if self._noted.get(item.name) == known:
            return
        self._noted[item.name] = known
        told = {"name": item.name, "path": item.place, "pieces": pieces, "separators": list(separators)}
        try:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(told) + "\n")
        except OSError as error:
            raise UsageError(
                f"{self._file} cannot be written ({error.strerror}): make room or give another --out"
            ) from error


def _noted(file: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each file's name with its pieces' names and pages."""
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:  # a run was killed while it wrote this: the next one notes it again
            continue
        yield told["name"], [(piece["name"], piece["pages"]) for piece in told["pieces"]]
