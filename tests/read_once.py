"""OCR is asked about a picture once in a run, and a document read once, however often tests extract it or a copy."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytesseract
import pytest
from PIL import Image

from engine import flow
from engine.ocr.paddle import Paddle
from engine.page import PageImage, Reading, Word
from engine.reading import read_pages
from engine.receive import Document
from engine.whole_file import whole_file


@contextmanager
def pictures_read_once(folder: Path) -> Iterator[None]:
    """What each engine says of a picture is kept in *folder*, which the processes of a run share.

    All else of a reading is done anew each time. What Tesseract says is kept for its program's path, the picture and
    the options: one that a test brings, at a path of its own, is asked, but no more than once about a picture either.
    What fails is not kept.
    """
    tesseract, paddle = pytesseract.image_to_data, Paddle.read

    def by_tesseract(picture: Image.Image, *rest: Any, **options: Any) -> Any:
        program = shutil.which(pytesseract.pytesseract.tesseract_cmd)
        about = (program, picture.mode, picture.size, rest, sorted(options.items()))
        return _kept(folder, picture.tobytes(), about, lambda: tesseract(picture, *rest, **options))

    def by_paddle(reader: Paddle, image: PageImage) -> tuple[Word, ...]:
        about = (reader.name, image.pixels.shape)
        return tuple(_kept(folder, np.ascontiguousarray(image.pixels), about, lambda: paddle(reader, image)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytesseract, "image_to_data", by_tesseract)
        patch.setattr(Paddle, "read", by_paddle)
        yield


def _kept(folder: Path, pixels: Any, about: object, say: Callable[[], Any]) -> Any:
    key = hashlib.blake2b(pixels, digest_size=16)
    key.update(repr(about).encode())
    place = folder / key.hexdigest()
    if not place.exists():
        said = pickle.dumps(say())
        with whole_file(place) as file:
            file.write(said)
    return pickle.loads(place.read_bytes())  # noqa: S301 - of this run


@pytest.fixture(scope="module")
def read_once(pictures_once: None) -> Iterator[None]:
    known: dict[str, tuple[Reading, ...]] = {}

    def remembered(document: Document, *rest: Any) -> tuple[Reading, ...]:
        if document.sha256 not in known:
            known[document.sha256] = read_pages(document, *rest)
        return known[document.sha256]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "read_pages", remembered)
        yield
