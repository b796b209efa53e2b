"""Results as files below ``--out``: which are there, of what, and how one is written and taken away.

A result that a person has reviewed is theirs: it is never written over and never taken away.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import simplejson

from engine.as_json import to_json
from engine.batch.again import NOTHING_AGAIN, Again, result_to_again
from engine.batch.finished import OF_NO_WORK, Finished
from engine.batch.items import Item
from engine.batch.named import named
from engine.batch.pieces import to_be_cut
from engine.batch.remote import is_address
from engine.batch.state import Batch, finished_file
from engine.batch.wanted import Types, own_config, work_on
from engine.errors import UsageError
from engine.output import write_whole
from engine.reviewed import is_reviewed

Status = str


@dataclass(frozen=True, slots=True)
class Done:
    """An item with its result: ``status`` is clean, review or failed, or ``cancelled``, without a result then.

    ``fresh`` is False where the result's file was there already. ``beside`` is how many more documents its file turned
    out to hold, told with the first of them. ``reviewed`` is a result that a person has gone through, ``outdated`` such
    a one that is kept, though the document, its type or settings have changed since.
    """

    item: Item
    status: Status
    fresh: bool
    pages: int = 0
    vlm_pages: int = 0
    usd: Any = 0
    reason: str = ""
    sha256: str | None = None
    beside: int = 0
    again: Again = NOTHING_AGAIN
    reviewed: bool = False
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Superseded:
    """Names of results whose documents have results of other names now: taken away, or ``kept`` as somebody else has
    changed or reviewed them."""

    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


NOTHING_SUPERSEDED = Superseded()


def there(item: Item, out: Path, finished: Finished) -> Done | None:
    """The item as its result's file tells it, whatever it was made of; None as :func:`result_of`.

    Raises UsageError where the file is the result of another document.
    """
    told = result_of(item, out)
    if told is None:
        return None
    of, done = told
    known = finished.of(item.name) or (of if is_address(of) else os.path.abspath(of))  # noqa: PTH100 - links stay
    if known != item.whole:
        raise UsageError(f"{out / item.name} is the result of {of}, not of {item.place}: give another --out")
    return done


def result_of(item: Item, out: Path) -> tuple[str, Done] | None:
    """The path in the file of the item's name, and what it tells; None where it is no result or not there."""
    try:
        data = _read(out / item.name)
        return str(data["document"]["path"]), _done(item, data, out, fresh=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def already_there(batch: Batch, items: Iterable[Item] | None = None) -> Iterator[Done]:
    """The items that have their results, of the work that the batch wants now; no document is read for that."""
    types, finished = Types(batch.config), Finished(finished_file(batch.out))
    for item in batch.items if items is None else items:
        with suppress(UsageError):  # the result of another document
            done, recorded = there(item, batch.out, finished), finished.work(item.name)
            if done is None or recorded is None:
                continue
            if recorded == OF_NO_WORK:
                wanted = done.status == "failed"
            elif done.sha256 is None or to_be_cut(own_config(item, batch.config)):
                wanted = True  # nothing of it was read, or only its cut tells which pages it has
            else:
                wanted = work_on(item, done.sha256, batch, types).id == recorded
            if wanted or done.reviewed:
                yield done


def write(item: Item, work: str, result: str, out: Path, finished: Finished) -> Done:
    """The result of *work* under the item's own path: identical files are computed once.

    Raises UsageError where it cannot be written or noted.
    """
    data = named(result, item.place)
    content, path = (to_json(data) + "\n").encode(), out / item.name
    old = path.read_bytes() if path.is_file() else None
    if old != content:  # else killed after writing, before noting so
        mine = there(item, out, finished)
        if mine is not None and mine.reviewed:
            return replace(mine, outdated=True)
        write_whole(path, content.decode())
    finished.add(item, work, content)
    return _done(item, data, out, fresh=old != content)


def take_away(items: Collection[Item], names: Collection[str], out: Path, finished: Finished) -> Superseded:
    """Results of these documents under names that they have no more: a file was cut, or is not cut any more.

    *names* are those that count. Only what is noted as written by a batch, and is as it was written, is taken away.
    """
    documents = {item.whole for item in items}
    removed, kept = [], []
    for name in [name for name in finished if name not in names and finished.of(name) in documents]:
        path = out / name
        try:
            content, data = path.read_bytes(), _read(path)
            if finished.wrote(name, content) and not is_reviewed(out, name, data):
                path.unlink()
                finished.gone(name)
                removed.append(name)
            else:
                kept.append(name)
        except (OSError, ValueError, KeyError, TypeError):  # taken away or made something else by others
            continue
    return Superseded(tuple(removed), tuple(kept))


def _read(path: Path) -> Any:
    return simplejson.loads(path.read_bytes(), use_decimal=True)


def _done(item: Item, data: Mapping[str, Any], out: Path, *, fresh: bool) -> Done:
    pages = data["pages"]
    errors = [finding["message"] for finding in data["findings"] if finding["severity"] == "error"]
    return Done(
        item,
        data["status"],
        fresh,
        sum(page["outcome"] != "skipped" for page in pages),
        sum(page["route"] == "vlm" for page in pages),
        data["usage"]["usd"],
        errors[0] if errors and data["status"] == "failed" else "",
        data["document"]["sha256"],
        again=result_to_again(data),
        reviewed=is_reviewed(out, item.name, data),
    )
