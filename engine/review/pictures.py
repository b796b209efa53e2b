"""The documents behind the results: their pages as pictures, and what stands in a box of one."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from engine.batch.state import load
from engine.config import Config
from engine.errors import UsageError
from engine.locate import find_document
from engine.page import Box
from engine.picture import crop, page_picture, rotation_of
from engine.receive import Document, receive, sha256_of
from engine.regress.add import language_of
from engine.result import Result
from engine.review.read_box import read_box

SHARP = 3000  # px of the longer side of the picture that crops are cut from: small print can be read
ENLARGED = 90  # px of a crop's height that its print is brought to where it is smaller
WIDEST = 1100  # px of a crop
KEPT, KEPT_SMALL = 4, 40  # pictures of pages held at a time: sharp ones (20 MB each), and for the screen (0.3 MB)


class Pictures:
    """Pages of the documents of a folder, drawn one at a time and kept while they are looked at."""

    def __init__(self, out: Path, config: Config) -> None:
        self._out, self._config = out, config
        self._lock = threading.Lock()
        self._drawn = lru_cache(KEPT)(self._draw)
        self._screen = lru_cache(KEPT_SMALL)(self._shrink)
        self._found = lru_cache(KEPT)(self._receive)
        self._begun_in = _begun_in(out)

    def page(self, name: str, result: Result, page: int) -> bytes:
        """The page as JPEG at the size of a screen. Raises UsageError and BadInput where there is no document."""
        with self._lock:
            return self._screen(*_key(name, result, page))[0]

    def size(self, name: str, result: Result, page: int) -> tuple[int, int]:
        """Width and height of that picture."""
        with self._lock:
            return self._screen(*_key(name, result, page))[1]

    def crop(self, name: str, result: Result, page: int, box: Box) -> bytes:
        """What stands in the box with a little paper around it, enlarged, as JPEG."""
        with self._lock:
            drawn = self._drawn(*_key(name, result, page))
        cut = crop(drawn, box, air=0.5)
        scale = min(max(1.0, ENLARGED / cut.height), WIDEST / cut.width)
        size = (max(1, round(cut.width * scale)), max(1, round(cut.height * scale)))
        return _jpeg(cut.resize(size, Image.Resampling.LANCZOS))

    def read(self, name: str, result: Result, page: int, box: Box, *, figures: bool) -> tuple[str, ...]:
        """What OCR reads in the box, as :func:`engine.review.read_box.read_box` tells it."""
        config = replace(self._config, lang=language_of(result.ocr) or self._config.lang)
        with self._lock:
            document = self._found(name, result.path, result.sha256)
            return read_box(document, page, _rotation(result, page), box, config, figures=figures)

    def _draw(self, name: str, path: str, sha256: str | None, page: int, rotation: int) -> Image.Image:
        document = self._found(name, path, sha256)
        return page_picture(document, page, rotation, self._config, longest=SHARP)

    def _shrink(
        self, name: str, path: str, sha256: str | None, page: int, rotation: int
    ) -> tuple[bytes, tuple[int, int]]:
        drawn = self._drawn(name, path, sha256, page, rotation)
        small = drawn.resize(((drawn.width + 1) // 2, (drawn.height + 1) // 2), Image.Resampling.LANCZOS)
        return _jpeg(small), small.size

    def _receive(self, name: str, path: str, sha256: str | None) -> Document:
        return receive(self.path(name, path, sha256), self._config)

    def path(self, name: str, path: str, sha256: str | None) -> Path:
        """Where the document is: as the result tells, from where the batch was begun too, else beside the result.

        Raises UsageError where it is in none of these places.
        """
        result = self._out / name
        begun = self._begun_in / path if self._begun_in else None
        try:
            return find_document(path, sha256, result)
        except UsageError as error:
            if sha256 is not None and begun and begun.is_file() and sha256_of(begun) == sha256:
                return begun
            raise UsageError(f"{str(error).rpartition(':')[0]}: put it beside {result}") from None


def _key(name: str, result: Result, page: int) -> tuple[str, str, str | None, int, int]:
    return name, result.path, result.sha256, page, _rotation(result, page)


def _rotation(result: Result, page: int) -> int:
    return next((rotation_of(told) for told in result.pages if told.page == page), 0)


def _begun_in(out: Path) -> Path | None:
    try:
        return load(out).begun_in
    except UsageError:  # no batch
        return None


def _jpeg(picture: Image.Image) -> bytes:
    made = BytesIO()
    picture.save(made, "JPEG", quality=88)
    return made.getvalue()
