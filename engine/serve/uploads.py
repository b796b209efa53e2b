"""What clients sent, as files named after their own content: no client's name is ever a path."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from engine.errors import UsageError
from engine.whole_file import PRIVATE, whole_file

PIECE = 1_000_000  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Uploads:
    """The files below a folder, each private to the user of this process."""

    folder: Path

    def prepare(self, known: Container[str]) -> None:
        """Make the folder, and take away what a process that was killed has left: files of no job.

        *known* are the SHA-256 of the jobs' documents. Raises UsageError where the folder cannot be written to.
        """
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            for file in [*self._incoming.iterdir(), *self.folder.iterdir()]:
                if file.is_file() and file.name not in known:
                    file.unlink()
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be written to ({error.strerror}): give another --out") from error

    def bring(self, source: BinaryIO) -> tuple[str, Path]:
        """A copy of *source* that belongs to no job yet, and its SHA-256. Raises OSError."""
        digest, copy = sha256(), self._incoming / uuid.uuid4().hex
        with whole_file(copy, PRIVATE) as file:
            while piece := source.read(PIECE):
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest(), copy

    def keep(self, copy: Path, digest: str) -> None:
        """Give the copy its name. Raises OSError."""
        copy.replace(self.path(digest))

    def path(self, digest: str) -> Path:
        return (self.folder / digest).absolute()

    def drop(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes left on the disk."""
        return shutil.disk_usage(self.folder).free

    @property
    def _incoming(self) -> Path:
        return self.folder / "incoming"
