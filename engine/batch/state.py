"""What a batch is, beside its results: ``OUT/.engine/batch.json`` and ``items.jsonl``, for status, resume and retry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from engine.batch.items import Item
from engine.config import Config
from engine.errors import UsageError
from engine.output import write_whole
from engine.reviewed import FOLDER

VERSION = 1
_NO_BATCH = "{out} holds no batch: begin one with engine batch run … --out {out}"
SECRET = frozenset({"password", "database"})
"""Settings that are not written down; ``ENGINE_PASSWORD`` and ``ENGINE_DATABASE`` bring them to every command."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``name`` is whose money is counted where several batches share a database. ``begun_in`` is the folder that
    relative paths of items and settings are below. ``kept`` are documents of earlier runs, whose results still count;
    nothing more is done for them."""

    name: str
    out: Path
    type: str
    config: Config
    items: tuple[Item, ...]
    begun_in: Path = field(default_factory=Path.cwd)
    kept: tuple[Item, ...] = ()


def folder(out: Path) -> Path:
    return out / FOLDER


def pieces_file(out: Path) -> Path:
    """What was found in files that hold several documents."""
    return folder(out) / "pieces.jsonl"


def finished_file(out: Path) -> Path:
    """Which results were written, and of what work."""
    return folder(out) / "finished.jsonl"


def cancelled_file(out: Path) -> Path:
    """There while the batch is given up: a run that is under way hands nothing over any more."""
    return folder(out) / "cancelled"


def save(batch: Batch) -> None:
    """Write the batch down, whole or not at all. No secret is written. Raises UsageError where that fails."""
    default = Config()
    config = {item.name: getattr(batch.config, item.name) for item in fields(Config) if item.name not in SECRET}
    told = {name: _plain(value) for name, value in config.items() if value != getattr(default, name)}
    data = {"version": VERSION, "name": batch.name, "type": batch.type, "folder": str(batch.begun_in), "settings": told}
    all_items = [*((item, False) for item in batch.items), *((item, True) for item in batch.kept)]
    lines = (json.dumps({**asdict(item), "path": str(item.path), "kept": kept}) for item, kept in all_items)
    write_whole(folder(batch.out) / "items.jsonl", "".join(f"{line}\n" for line in lines))
    write_whole(folder(batch.out) / "batch.json", json.dumps(data, indent=2) + "\n")


def begun(out: Path) -> bool:
    """Whether a batch was begun in *out*."""
    return (folder(out) / "batch.json").is_file()


def load(out: Path) -> Batch:
    """The batch whose results are in *out*. Raises UsageError where there is none."""
    try:
        data = json.loads((folder(out) / "batch.json").read_bytes())
        found = list(_items(folder(out) / "items.jsonl"))
        items, kept = (tuple(item for item, is_kept in found if is_kept == which) for which in (False, True))
        paths = {item.name for item in fields(Config) if "Path" in str(item.type)}
        told: dict[str, Any] = {n: Path(value) if n in paths else value for n, value in data["settings"].items()}
        return Batch(data["name"], out, data["type"], Config(**told), items, Path(data["folder"]), kept)
    except FileNotFoundError as error:
        raise UsageError(_NO_BATCH.format(out=out)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder(out)} cannot be understood ({error}): run the batch again into another folder"
        ) from error


def _items(path: Path) -> Iterator[tuple[Item, bool]]:
    """Each with whether it is one of earlier runs."""
    for line in path.read_bytes().splitlines():
        data = json.loads(line)
        item = Item(Path(data["path"]), data["name"], data["type"], data["options"], data["address"])
        yield item, data.get("kept", False)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@contextmanager
def alone(out: Path, *, only_begun: bool = False) -> Iterator[None]:
    """Be the only process that brings results to *out*. Raises UsageError where another does, and with *only_begun*
    where no batch was begun there: nothing is made then."""
    from filelock import FileLock, Timeout

    if only_begun and not begun(out):
        raise UsageError(_NO_BATCH.format(out=out))
    lock = FileLock(folder(out) / "running.lock", timeout=0)
    try:
        folder(out).mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"{out} is in use by another process, a batch or a review: wait for it") from error
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{out} cannot be written to ({error.strerror}): give another --out") from error
    try:
        yield
    finally:
        lock.release()
