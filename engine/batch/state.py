"""What a batch is, beside its results: ``OUT/.engine/batch.json`` and ``items.jsonl``, for status, resume and retry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from engine.batch.items import Item
from engine.config import Config
from engine.errors import UsageError
from engine.output import write_whole

VERSION = 1
SECRET = frozenset({"password", "database"})
"""Settings that are not written down; ``ENGINE_PASSWORD`` and ``ENGINE_DATABASE`` bring them to every command."""


@dataclass(frozen=True, slots=True)
class Batch:
    """``name`` is whose money is counted where several batches share a database. ``begun_in`` is the folder that
    relative paths of items and settings are below."""

    name: str
    out: Path
    type: str
    config: Config
    items: tuple[Item, ...]
    begun_in: Path = field(default_factory=Path.cwd)


def folder(out: Path) -> Path:
    return out / ".engine"


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
    lines = (json.dumps({**asdict(item), "path": str(item.path)}) for item in batch.items)
    write_whole(folder(batch.out) / "items.jsonl", "".join(f"{line}\n" for line in lines))
    pieces_file(batch.out).unlink(missing_ok=True)
    write_whole(folder(batch.out) / "batch.json", json.dumps(data, indent=2) + "\n")


def load(out: Path) -> Batch:
    """The batch whose results are in *out*. Raises UsageError where there is none."""
    try:
        data = json.loads((folder(out) / "batch.json").read_bytes())
        items = tuple(_items(folder(out) / "items.jsonl"))
        paths = {item.name for item in fields(Config) if "Path" in str(item.type)}
        told: dict[str, Any] = {n: Path(value) if n in paths else value for n, value in data["settings"].items()}
        return Batch(data["name"], out, data["type"], Config(**told), items, Path(data["folder"]))
    except FileNotFoundError as error:
        raise UsageError(f"{out} holds no batch: begin one with engine batch run … --out {out}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder(out)} cannot be understood ({error}): run the batch again into another folder"
        ) from error


def _items(path: Path) -> Iterator[Item]:
    for line in path.read_bytes().splitlines():
        data = json.loads(line)
        yield Item(Path(data["path"]), data["name"], data["type"], data["options"], data["address"])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Be the only process that brings results to *out*. Raises UsageError where another does."""
    from filelock import FileLock, Timeout

    try:
        folder(out).mkdir(parents=True, exist_ok=True)
        with FileLock(folder(out) / "running.lock", timeout=0):
            yield
    except Timeout as error:
        raise UsageError(f"{out} is being filled by another process: wait for it, or give another --out") from error
    except PermissionError as error:
        raise UsageError(f"{out} cannot be written to ({error.strerror}): give another --out") from error


def same_batch(old: Batch | None, items: Sequence[Item]) -> str | None:
    """The name of the batch that *out* holds already, so that its money goes on being counted."""
    return old.name if old and {item.name for item in old.items} & {item.name for item in items} else None
