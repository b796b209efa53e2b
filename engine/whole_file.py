"""A file that is written whole or not at all: whoever reads meanwhile finds the old one or the new one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

PUBLIC, PRIVATE = 0o666, 0o600
"""File modes, before the umask takes its part."""


def write_file(path: Path, text: str, mode: int = PUBLIC) -> None:
    """Write *text* as UTF-8 under a hidden name that ends in ``.part``, sync it, and rename it to *path*.

    The unfinished file goes away when writing fails. Raises OSError.
    """
    unfinished = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
