"""Inputs to items: each file with the name of its result, its type, and what was passed over.

An input is a file, a folder (with all below it), a pattern such as ``scans/**/*.pdf``, an address of object storage
(:mod:`engine.batch.remote`), or a manifest (:mod:`engine.batch.manifest`) that names files with a type and settings of
their own.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath

from engine.batch.manifest import MANIFESTS, Row, read_manifest
from engine.batch.remote import address_to_path, check_address, is_address, listed
from engine.errors import UsageError
from engine.output import NO_NAMES, result_names
from engine.receive import detect_format

SUFFIXES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".heic", ".heif"})


@dataclass(frozen=True, slots=True)
class Item:
    """A document of the batch. ``name`` is its result's file name below ``--out``; ``type`` None means the batch's;
    ``options`` are settings of its own. Where it has an ``address``, there is no file at ``path``."""

    path: Path
    name: str
    type: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None

    @property
    def place(self) -> str:
        """As it was given: what results and people are told."""
        return self.address or str(self.path)

    @property
    def whole(self) -> str:
        """Which document it is, wherever the command was given."""
        return self.address or os.path.abspath(self.path)  # noqa: PTH100 - resolve() would follow links


@dataclass(frozen=True, slots=True)
class Inputs:
    """``ignored`` are files of folders that are no documents, by name and content, or that stand elsewhere (links that
    lead out of the folder) or are none (pipes, devices); ``closed`` are folders that cannot be entered."""

    items: tuple[Item, ...]
    ignored: tuple[Path | str, ...]
    closed: tuple[Path, ...] = ()


@dataclass(slots=True)
class _PassedOver:
    ignored: list[Path | str] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)


def inputs_to_items(inputs: Sequence[str], out: Path, known: Mapping[str, str] = NO_NAMES) -> Inputs:
    """All documents that *inputs* name, each once, in the order named; below *out* nothing is an input.

    *known* are the names that results have already, by the documents' whole paths.

    A document that is named twice has the type and settings that one of the namings has. Raises UsageError: an input
    that is not there, a pattern that fits nothing, a manifest that cannot be read, two types for one document.
    """
    passed = _PassedOver()
    named: dict[str, Row] = {}
    for text in inputs:
        for row in _expanded(text, passed, out):
            place = row.place if is_address(row.place) else os.path.abspath(row.place)  # noqa: PTH100 - links stay
            named[place] = _together(named.get(place), row)
    paths = [address_to_path(row.place) if is_address(row.place) else Path(row.place) for row in named.values()]
    names = result_names(paths, known)
    items = tuple(
        Item(path, names[path], row.type, row.options, row.place if is_address(row.place) else None)
        for path, row in zip(paths, named.values(), strict=True)
    )
    return Inputs(items, tuple(passed.ignored), tuple(passed.closed))


def _together(before: Row | None, row: Row) -> Row:
    if before is None or before == row or not (row.type or row.options):
        return before or row
    if before.type or before.options:
        raise UsageError(f"{row.place} is named twice, with different types or settings: leave one out")
    return Row(before.place, row.type, row.options)


def _expanded(text: str, passed: _PassedOver, out: Path) -> Iterator[Row]:
    path = Path(text)
    if is_address(text):
        yield from _remote(text, passed)
    elif os.path.isdir(text):  # noqa: PTH112 - Path.is_dir() raises for a name that is too long
        for found in _files(path, passed, out):
            if is_document(found.name, partial(_head, found)):
                yield Row(str(found))
            else:
                passed.ignored.append(found)
    elif path.suffix.lower() in MANIFESTS and os.path.isfile(text):  # noqa: PTH113
        for row in read_manifest(path):
            if is_address(row.place):
                check_address(row.place)
            yield row
    elif os.path.lexists(text):
        yield Row(text)
    elif glob.has_magic(text):
        yield from _fitting(text)
    else:
        raise UsageError(f"{text} does not exist: check the path")


def _fitting(pattern: str) -> Iterator[Row]:
    found = sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    files = [name for name in found if Path(name).is_file()]
    if not files:
        raise UsageError(f"nothing fits the pattern {pattern}: check the path")
    yield from map(Row, files)


def is_document(name: str, head: Callable[[], bytes]) -> bool:
    """By the suffix of a name, else by the first bytes, which are only then asked for."""
    return PurePath(name).suffix.lower() in SUFFIXES or detect_format(head()) is not None


def _remote(address: str, passed: _PassedOver) -> Iterator[Row]:
    if PurePath(address).suffix.lower() in MANIFESTS:
        raise UsageError(f"{address} is a manifest in storage: copy it here, and name what is in storage by address")
    for found, good in listed(address, is_document):
        if good:
            yield Row(found)
        else:
            passed.ignored.append(found)


def _files(folder: Path, passed: _PassedOver, out: Path) -> Iterator[Path]:
    """Regular files below *folder* in order; links to folders are not followed, hidden ones and *out* left out."""
    own, top = out.resolve(), folder.resolve()
    for here, folders, files in os.walk(folder, onerror=lambda error: passed.closed.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(here, name).resolve() != own)
        for path in (Path(here, name) for name in sorted(files)):
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(top)):
                yield path
            else:
                passed.ignored.append(path)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError:
        return b""
