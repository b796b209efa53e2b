"""The content of a document, at hand as a file: its own, or a copy of what stands in object storage.

Copies lie in a folder of this process. Each goes when its document is done, so that there are as many as documents are
handed over or under way, and all go when the process ends, unless it is killed.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from engine.batch.items import Item
from engine.batch.named import NAME, nameless
from engine.batch.pool import Lost
from engine.batch.remote import fetch, is_address
from engine.batch.work import Work
from engine.config import Config
from engine.errors import BadInput
from engine.receive import check_file, sha256_of


def taken(item: Item, config: Config) -> tuple[str, Path]:
    """The SHA-256 of an item, and the file that holds it: for an address a new copy, to be kept or dropped.

    Raises BadInput, also for what is no regular file or too large: neither is read; UsageError for what is not there.
    """
    if item.address is None:
        check_file(item.path, config)
        try:
            return sha256_of(item.path), item.path
        except OSError as error:
            raise BadInput(f"{item.path} cannot be read ({error.strerror}): check its disk") from error
    copy = _folder() / uuid.uuid4().hex
    fetch(item.address, copy, config)
    return sha256_of(copy), copy


def keep(copy: Path, work: Work) -> None:
    """Make a copy that was taken the one of the work."""
    if is_address(work.path):
        copy.replace(_copy(work))


@contextmanager
def at_hand(work: Work, *, once: bool = False) -> Iterator[Path]:
    """The file that the work is done on, fetched where this process has no copy.

    It stays until it is dropped; with *once*, for work on a document that another machine may have, what was fetched
    goes at the end. Raises Lost where it cannot be fetched, or is not what it was.
    """
    if not is_address(work.path) or _copy(work).exists():
        yield _copy(work) if is_address(work.path) else Path(work.path)
        return
    copy = _folder() / uuid.uuid4().hex if once else _copy(work)
    try:
        fetch(work.path, copy, work.config)
    except BadInput as error:
        raise Lost(nameless(str(error), work.path)) from error
    if sha256_of(copy) != work.sha256:
        copy.unlink()
        raise Lost(f"{NAME} is not what it was when it was listed: run the batch again")
    try:
        yield copy
    finally:
        if once:
            copy.unlink()


def drop(work: Work) -> None:
    """The work is done: its copy goes, where there is one."""
    if is_address(work.path):
        _copy(work).unlink(missing_ok=True)


def _copy(work: Work) -> Path:
    return _folder() / work.id


def drop_all() -> None:
    """All copies of this process go: for one that ends without its usual end."""
    if _folder.cache_info().currsize:
        shutil.rmtree(_folder(), ignore_errors=True)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="engine-fetched-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
