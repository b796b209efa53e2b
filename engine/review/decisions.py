"""A decision of a person to its line in ``DIR/.engine/review.jsonl``, which is only ever added to.

A line is on the disk before anybody is told that it is kept. :mod:`engine.view.decided` reads them.
"""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from engine.as_json import to_json
from engine.errors import UsageError
from engine.reviewed import decisions_file
from engine.view.decided import Decision


def add_decision(out: Path, decision: Decision) -> None:
    """Put it on the disk. Raises UsageError where that fails: then it is not decided."""
    line = to_json(_to_data(decision), indent=None).encode() + b"\n"
    path = decisions_file(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() and not _ends_whole(file):
                line = b"\n" + line  # behind a line that a crash left torn
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): make room, and decide again") from error


def _ends_whole(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _to_data(decision: Decision) -> dict[str, Any]:
    told = {item.name: getattr(decision, item.name) for item in fields(Decision)}
    told["box"] = decision.box.as_list() if decision.box else None
    needed = {"id", "result", "sha256", "of", "gives", "kind", "path", "who", "when"}
    return {name: value for name, value in told.items() if name in needed or value not in (None, "")}
