"""A file that is written whole or not at all: whoever reads meanwhile finds the old one or the new one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PUBLIC, PRIVATE = 0o666, 0o600
"""File modes, before the umask takes its part."""


def write_file(path: Path, text: str, mode: int = PUBLIC) -> None:
    """Write *text* to *path* as UTF-8. Raises OSError."""
    with whole_file(path, mode) as file:
        file.write(text.encode("utf-8"))


@contextmanager
def whole_file(path: Path, mode: int = PUBLIC) -> Iterator[BinaryIO]:
    """A file to write bytes to, under a hidden name that ends in ``.part``; at the end it is synced and renamed to
    *path*.

    The unfinished file goes away when writing fails. Raises OSError.
    """
    unfinished = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
