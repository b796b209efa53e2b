"""A second reader of another kind, asked only for pages with a value that the first one does not confirm.

Tesseract twice is one witness: it misreads the same ink in the same way. PP-OCR makes other mistakes, so what both
read is right nearly always. A page is read a second time at most once, whatever is claimed of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from engine.config import BOTH_READ, Config
from engine.cores import cores
from engine.errors import BadPage
from engine.ocr.paddle import Paddle
from engine.page import Reader, Reading, Word
from engine.prepare import prepare
from engine.receive import Document
from engine.upright import turned

log = logging.getLogger(__name__)

SecondLook = Callable[[Sequence[Reading]], Mapping[int, Reading]]
"""Pages as they were read, to the same pages as another reader reads them; a page it cannot read is left out."""


@dataclass(frozen=True, slots=True)
class SecondReader:
    """PP-OCR for the pages of a document; what it has read is kept as long as the document is worked on."""

    document: Document
    config: Config
    kept: dict[int, Reading] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """The engine's name, None where it was not asked."""
        return Paddle().name if self.kept else None

    def __call__(self, readings: Sequence[Reading]) -> Mapping[int, Reading]:
        asked = [r for r in readings if r.source == "ocr" and not r.failure and r.page not in self.kept]
        with ThreadPoolExecutor(min(self.config.jobs or cores(), len(asked) or 1)) as workers:
            for found in workers.map(lambda reading: _read_again(self.document, reading, self.config), asked):
                if found:
                    self.kept[found.page] = found
        return {reading.page: self.kept[reading.page] for reading in readings if reading.page in self.kept}


def second_reader(document: Document, config: Config) -> SecondReader | None:
    """None for a language whose letters it does not know, and with ``ocr = tesseract``."""
    unknown = set(config.lang.split("+")) - BOTH_READ
    return None if unknown or config.ocr == "tesseract" else SecondReader(document, config)


def _read_again(document: Document, reading: Reading, config: Config) -> Reading | None:
    try:
        image = turned(prepare(document, reading.page, config), reading.rotation)
    except BadPage as error:  # what was read once and cannot be drawn again has one reader, who accuses nobody
        log.warning("page %d has no second reader: %s", reading.page, error)
        return None
    return replace(reading, words=Paddle().read(image))


def apart(readings: Iterable[Reading], reader: Reader) -> tuple[Reading, ...]:
    """Pages, those that two engines have read together as one of them saw them."""
    return tuple(
        replace(reading, words=tuple(_words_of(reading.words, reader))) if read_twice(reading) else reading
        for reading in readings
    )


def read_twice(reading: Reading) -> bool:
    return any(word.other is not None for word in reading.words)


def _words_of(words: Collection[Word], reader: Reader) -> Iterable[Word]:
    for word in words:
        if word.reader in (reader, "text_layer"):
            yield word
        elif word.other:
            yield replace(word, text=word.other, reader=reader)
