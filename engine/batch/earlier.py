"""Documents of earlier runs into the same folder: their names and results stay, and are counted.

A run works on the documents that it names. Others that the folder has results of are kept beside them: no later run
may have their settings, so nothing more is done for them until they are named again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.batch.finished import Finished
from engine.batch.items import Item
from engine.batch.pieces import Cuts
from engine.batch.results import result_of
from engine.batch.state import Batch, finished_file, pieces_file


def names_given(old: Batch | None) -> dict[str, str]:
    """The names that documents of earlier runs have, by their whole paths: a document keeps its name.

    Other results that are there, as those of pieces, keep theirs too: each stands for itself.
    """
    if old is None:
        return {}
    given = {_whole(item, old): item.name for item in (*old.kept, *old.items)}
    taken = set(given.values())
    others = (old.out.absolute() / name for name in Finished(finished_file(old.out)) if name not in taken)
    return given | {str(path): path.name for path in others if path.is_file()}


def kept_items(old: Batch | None, items: Sequence[Item]) -> tuple[tuple[Item, ...], int]:
    """The documents of earlier runs that are not among *items* and have results, and how many have none."""
    if old is None:
        return (), 0
    named = {item.whole for item in items}
    others = [item for item in (*old.kept, *old.items) if (item.address or _whole(item, old)) not in named]
    here = Path.cwd() == old.begun_in
    cuts, written = Cuts(pieces_file(old.out)), set(Finished(finished_file(old.out)))
    kept = [
        item if here or item.address else replace(item, path=Path(_whole(item, old)))
        for item in others
        if any(piece.name in written and (old.out / piece.name).is_file() for piece in cuts.pieces([item]))
    ]
    return tuple(kept), len(others) - len(kept)


def earlier_counts(batch: Batch) -> Mapping[str, int]:
    """The results of earlier runs by their status."""
    return Counter(_statuses(batch))


def _statuses(batch: Batch) -> Iterator[str]:
    for item in Cuts(pieces_file(batch.out)).pieces(batch.kept):
        told = result_of(item, batch.out)  # of a path as it was given to another run
        if told is not None:
            yield told[1].status


def _whole(item: Item, old: Batch) -> str:
    return os.path.abspath(old.begun_in / item.path)  # noqa: PTH100 - links stay
