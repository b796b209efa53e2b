"""Where results go under ``--out DIR``: a name for each document, and files that are whole or not there."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from engine.errors import UsageError
from engine.reviewed import stands_reviewed
from engine.whole_file import whole_file

LONGEST_NAME = 240
"""Bytes of a name: most file systems take 255, and ``.json`` and a little more must fit behind it."""


NO_NAMES: Mapping[str, str] = MappingProxyType({})


def result_names(paths: Iterable[Path], known: Mapping[str, str] = NO_NAMES) -> dict[Path, str]:
    """The file name of each document's result, as ``{path: "NAME.json"}`` in the order given.

    NAME is the stem. Documents that share a stem get the path below their common folder instead, with ``/``
    as ``__`` and the suffix kept. Where even that is shared or too long for a file system, the start of a
    hash of the path follows. The same file named twice, however written, is one document: the first path
    stays. Nothing is looked up on disk.

    *known* are the names that documents have already, by their whole paths: they keep them, others make way.
    """
    documents: dict[str, Path] = {}
    for path in paths:
        documents.setdefault(os.path.abspath(path), path)  # noqa: PTH100 - resolve() would ask the disk
    names = {whole: _fitting(Path(whole).stem, whole) for whole in (*known, *documents)}
    for shared in _shared(names):
        common = os.path.commonpath([os.path.dirname(whole) for whole in shared])  # noqa: PTH120
        for whole in shared:
            names[whole] = _fitting(os.path.relpath(whole, common).replace(os.sep, "__"), whole)
    names |= {whole: name.removesuffix(".json") for whole, name in known.items()}
    for shared in _shared(names):
        names |= {whole: _marked(names[whole], whole) for whole in shared if whole not in known}
    return {path: f"{names[whole]}.json" for whole, path in documents.items()}


def check_places(names: dict[Path, str], out: Path | None, csv_path: Path | None) -> None:
    """Whether the results have places to go to, before any work; folders that are not there are made.

    *names* are those of :func:`result_names`. Raises UsageError: several documents and no folder, a place
    that cannot be written to, a result that would overwrite its own document, or what a person reviewed.
    """
    if out is None and len(names) > 1:
        raise UsageError(f"{len(names)} files need a place for their results: give --out DIR")
    if csv_path is not None and csv_path.suffix.lower() != ".csv" and not csv_path.is_dir():
        raise UsageError(f"--csv {csv_path} is neither a folder nor named *.csv: give one of these")
    for folder in (out, csv_path and csv_path.parent):
        if folder is not None:
            _make(folder)
    inputs = {path.resolve() for path in names}
    for name in names.values():
        if out is not None and (out / name).resolve() in inputs:
            raise UsageError(f"the result {out / name} would overwrite its document: give another --out")
        if out is not None and stands_reviewed(out / name):
            raise UsageError(f"{out / name} was reviewed by a person and would be overwritten: give another --out")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made ({error.strerror}): give another folder") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} cannot be written to: give another folder")


def write_whole(path: Path, text: str) -> None:
    """Write *text* to *path*, whole or not at all. Raises UsageError where the folder cannot be written to."""
    with whole_output(path) as file:
        file.write(text.encode("utf-8"))


@contextmanager
def whole_output(path: Path) -> Iterator[BinaryIO]:
    """A file to write bytes to, at *path* when all is written. Raises UsageError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            yield file
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): give another place") from error


def piece_name(name: str, pages: str, place: str, taken: Container[str]) -> str:
    """``NAME__p4-6.json``, the result of some pages of the document whose own would be ``NAME.json``.

    Where that is *taken* or too long for a file system, the start of a hash of *place* follows.
    """
    piece = f"{name.removesuffix('.json')}__p{pages}"
    fitting = _fitting(piece, f"{place} {pages}")
    return f"{_marked(piece, f'{place} {pages}') if f'{fitting}.json' in taken else fitting}.json"


def _shared(names: dict[str, str]) -> list[list[str]]:
    """The groups of documents that have the same name."""
    often = Counter(names.values())
    groups: dict[str, list[str]] = defaultdict(list)
    for whole, name in names.items():
        if often[name] > 1:
            groups[name].append(whole)
    return list(groups.values())


def _fitting(name: str, whole: str) -> str:
    return name if len(os.fsencode(name)) <= LONGEST_NAME else _marked(name, whole)


def _marked(name: str, whole: str) -> str:
    """*name*, cut where it is too long, with the start of the path's hash."""
    mark = sha256(os.fsencode(whole)).hexdigest()[:8]
    start = os.fsencode(name)[: LONGEST_NAME - len(mark) - 1].decode("utf-8", "ignore")
    return f"{start}~{mark}"
