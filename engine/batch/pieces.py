"""Files that hold several documents: once cut, each document is an item of its own, with its pages and its result.

A file is cut by a recorded workflow of its own. Its pieces are the same content with ``pages`` set: so they have their
own identity, are done, retried and cancelled like any other document, and find their pages read already. What was cut,
and why, is noted in ``OUT/.engine/pieces.jsonl``, so that status and retry know the pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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


def note(file: Path, item: Item, split: Split, items: Sequence[Item]) -> None:
    """Add to *file* how *item* was cut. Raises UsageError where that cannot be written."""
    told = {
        "name": item.name,
        "path": item.place,
        "pieces": [
            {"name": one.name, "pages": one.options["pages"], "begins": piece.reason}
            for one, piece in zip(items, split.pieces, strict=True)
        ],
        "separators": list(split.separators),
    }
    try:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(told) + "\n")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}): make room or give another --out") from error


def with_pieces(items: Sequence[Item], file: Path) -> tuple[Item, ...]:
    """The items, those that were cut replaced by their pieces as *file* has them."""
    noted = dict(_noted(file))
    return tuple(
        piece
        for item in items
        for piece in ([_piece(item, pages, name) for name, pages in noted[item.name]] if item.name in noted else [item])
    )


def _noted(file: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each file's name with its pieces' names and pages, later lines after earlier ones."""
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
