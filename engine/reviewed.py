"""Where people's decisions about the results of a folder stand, for all who write results there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = ".engine"


def decisions_file(results: Path) -> Path:
    """What people decided about the results of a folder, a line a decision."""
    return results / FOLDER / "review.jsonl"


def original_file(results: Path, name: str) -> Path:
    """A result as it was before a person reviewed it; there is none for others."""
    return results / FOLDER / "original" / name


def is_reviewed(results: Path, name: str, result: Mapping[str, Any]) -> bool:
    """Whether *result*, which stands under *name*, is a person's too: nobody may write over it unasked."""
    fields = result.get("fields", {}).values()
    return original_file(results, name).exists() or any(field.get("source") == "human" for field in fields)


def stands_reviewed(path: Path) -> bool:
    """The same of what stands at *path*; False where nothing does, or no result."""
    try:
        return is_reviewed(path.parent, path.name, json.loads(path.read_bytes()))
    except (OSError, ValueError, AttributeError):
        return False
