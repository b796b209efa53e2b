"""Inputs to items: each file with the name of its result, its type, and what was passed over.

An input is a file, a folder (with all below it), a pattern such as ``scans/**/*.pdf``, or a manifest (``.csv`` or
``.jsonl``) that names files with a type and settings of their own.
"""

from __future__ import annotations

import csv
import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import UsageError
from engine.output import result_names
from engine.receive import detect_format

SUFFIXES = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".heic", ".heif"})
MANIFESTS = frozenset({".csv", ".jsonl"})


@dataclass(frozen=True, slots=True)
class Item:
    """A document of the batch. ``name`` is its result's file name below ``--out``; ``type`` None means the batch's;
    ``options`` are settings of its own."""

    path: Path
    name: str
    type: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """``ignored`` are files of folders that are no documents, by name and content."""

    items: tuple[Item, ...]
    ignored: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    path: Path
    type: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def inputs_to_items(inputs: Sequence[str], out: Path) -> Inputs:
    """All documents that *inputs* name, each once, in the order named; below *out* nothing is an input.

    Raises UsageError: an input that is not there, a pattern that fits nothing, a manifest that cannot be read.
    """
    ignored: list[Path] = []
    named: dict[str, _Named] = {}
    for text in inputs:
        for one in _expanded(text, ignored, out):
            named.setdefault(os.path.abspath(one.path), one)  # noqa: PTH100 - resolve() would follow links
    names = result_names([one.path for one in named.values()])
    items = tuple(Item(one.path, names[one.path], one.type, one.options) for one in named.values())
    return Inputs(items, tuple(ignored))


def _expanded(text: str, ignored: list[Path], out: Path) -> Iterator[_Named]:
    path = Path(text)
    if path.is_dir():
        for found in _files(path, out):
            if _is_document(found):
                yield _Named(found)
            else:
                ignored.append(found)
    elif path.is_file() and path.suffix.lower() in MANIFESTS:
        yield from _manifest(path)
    elif os.path.lexists(text):
        yield _Named(path)
    elif glob.has_magic(text):
        found_any = False
        for name in sorted(glob.iglob(text, recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            if Path(name).is_file():
                found_any = True
                yield _Named(Path(name))
        if not found_any:
            raise UsageError(f"nothing fits the pattern {text}: check the path")
    else:
        raise UsageError(f"{text} does not exist: check the path")


def _files(folder: Path, out: Path) -> Iterator[Path]:
    """Regular files below *folder* in order; links to folders are not followed, hidden ones and *out* left out."""
    own = out.resolve()
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(here, name).resolve() != own)
        yield from (path for path in (Path(here, name) for name in sorted(files)) if path.is_file())


def _is_document(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return detect_format(file.read(1024)) is not None
    except OSError:
        return False


def _manifest(path: Path) -> Iterator[_Named]:
    """Rows with ``path``, and if they like ``type`` and any setting; relative paths are below the manifest's folder."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _rows(path, file)
            for number, row in rows:
                if not row.get("path"):
                    raise UsageError(f"{path}, row {number}: has no path: give each row one")
                where = path.parent / row["path"]
                options = {name: value for name, value in row.items() if name not in ("path", "type") and value}
                yield _Named(where, row.get("type") or None, options)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a manifest ({error}): save it as UTF-8") from error


def _rows(path: Path, file: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise UsageError(f"{path} has no column path: name it so in its first line")
        for number, row in enumerate(reader, 2):
            yield number, {str(name): value or "" for name, value in row.items() if isinstance(value, str)}
        return
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: is not JSON ({error}): write one object a line") from error
        if not isinstance(row, dict):
            raise UsageError(f'{path}, line {number}: is no object: write {{"path": "…"}}')
        yield number, {name: str(value) for name, value in row.items() if value is not None}
