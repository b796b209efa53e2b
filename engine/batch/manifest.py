"""A manifest: a table of documents, ``.csv`` with a column ``path`` or ``.jsonl`` with an object a line.

    path,type,lang
    scans/a.pdf,invoice,deu
    s3://bucket/b.pdf,receipt,

Beside ``path`` and ``type``, a row may have any setting of a document. Relative paths are below the manifest's folder.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path

from engine.batch.remote import is_address
from engine.config import Config
from engine.errors import UsageError

MANIFESTS = frozenset({".csv", ".jsonl"})

NOT_A_ROWS = frozenset(
    {"password", "database", "jobs", "cache", "no_cache", "max_usd", "max_vlm_pages"}
    | {"vlm_jobs", "requests_per_minute", "store_bytes", "schemas"}
)
"""Settings that a row cannot have: secrets, which would be written down with it, and what is the whole batch's."""

A_ROWS = tuple(sorted({setting.name for setting in fields(Config)} - NOT_A_ROWS))
"""Settings that it can have."""


@dataclass(frozen=True, slots=True)
class Row:
    """A document as it is named: ``place`` is a path or an address, ``type`` None where none is told."""

    place: str
    type: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def read_manifest(path: Path) -> Iterator[Row]:
    """The rows of a manifest. Raises UsageError, naming manifest and row, for what cannot be understood."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for where, told in _told(path, file):
                yield _row(path, where, told)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read as a manifest ({error}): save it as CSV or JSON in UTF-8") from error


def _row(path: Path, where: str, told: Mapping[str, str]) -> Row:
    place = told.get("path", "")
    if not place:
        raise UsageError(f"{path}, {where}: has no path: give each row one")
    try:
        impossible = b"\0" in os.fsencode(place)
    except UnicodeEncodeError:  # half a letter, as only JSON can write it
        impossible = True
    if impossible:
        raise UsageError(f"{path}, {where}: {place!r} can be no path: correct it")
    options = {name.lower(): value for name, value in told.items() if name not in ("path", "type")}
    if refused := sorted(NOT_A_ROWS & set(options)):
        raise UsageError(f"{path}, {where}: {refused[0]} is a setting of the whole batch: take it out of the manifest")
    for name in options:
        if name not in A_ROWS:
            near = get_close_matches(name, A_ROWS, n=1, cutoff=0.0)[0]
            known = ", ".join(("path", "type", *A_ROWS))
            raise UsageError(f"{path}, {where}: unknown column {name!r}: did you mean {near!r}? Known are {known}")
    return Row(place if is_address(place) else str(path.parent / place), told.get("type"), options)


def _told(path: Path, file: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What is told in each row, and where that is. Empty cells tell nothing."""
    if path.suffix.lower() == ".csv":
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise UsageError(f"{path} has no column path: name it so in its first line")
        for row in reader:
            if None in row:
                raise UsageError(f"{path}, line {reader.line_num}: has more cells than columns: put commas in quotes")
            yield f"line {reader.line_num}", {name: value for name, value in row.items() if value}
        return
    for number, line in enumerate(file, 1):
        if line.strip():
            yield f"line {number}", {name: _text(value) for name, value in _object(path, number, line).items()}


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}, line {number}: is not JSON ({error}): write one object a line") from error
    if not isinstance(row, dict):
        raise UsageError(f'{path}, line {number}: is no object: write {{"path": "…"}}')
    return {name: value for name, value in row.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
