"""The OCR seam: a page image in, words out. One method; an engine is a file in this folder."""

from __future__ import annotations

from typing import Protocol

from engine.page import PageImage, Word


class Ocr(Protocol):
    """Reads one upright page.

    ``read`` raises :class:`engine.errors.BadPage` when this page cannot be read (a time-out, a crash) and
    :class:`engine.errors.MissingDependency` when no page could.
    """

    @property
    def name(self) -> str:
        """Engine, version and languages, such as ``tesseract 5.3.0 eng``."""

    def read(self, image: PageImage) -> tuple[Word, ...]: ...
