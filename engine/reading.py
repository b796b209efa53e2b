"""A document's pages to readings: words and signals, page by page and in parallel.

What is held at any time is the images of the pages being read, one a worker; a finished page is words and
numbers. So memory does not grow with the length of a document.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2

from engine.config import Config
from engine.cores import cores
from engine.errors import BadPage
from engine.hidden_text import hidden_text
from engine.measure import page_signals
from engine.ocr import Ocr
from engine.page import PageImage, Reading
from engine.prepare import prepare
from engine.receive import Document, page_range
from engine.text_layer import TextLayer, text_layer, trust
from engine.upright import reads_upright, upright

Progress = Callable[[int, int], None]


def read_pages(document: Document, ocr: Ocr, config: Config, progress: Progress | None = None) -> tuple[Reading, ...]:
    """Every page that ``config.pages`` asks for, in order; a broken one has its ``failure`` instead of words."""
    pages = page_range(config.pages, document.page_count)
    found = []
    with ThreadPoolExecutor(min(config.jobs or cores(), len(pages) or 1)) as workers:
        for reading in workers.map(lambda page: read_page(document, page, ocr, config), pages):
            found.append(reading)
            if progress:
                progress(len(found), len(pages))
    return tuple(found)


def read_page(document: Document, page: int, ocr: Ocr, config: Config) -> Reading:
    """One page, by its text layer where that can be trusted, else by OCR."""
    started = time.perf_counter()
    try:
        layer = text_layer(document, page, config)
        reading = _by_text_layer(page, layer, config) or _by_ocr(document, page, ocr, config)
        reading = _with_hidden(reading, layer)
    except BadPage as error:
        reading = Reading(page, failure=str(error), signals={"handwriting": 0.0, "table": 0.0})
    except cv2.error as error:  # a shape that nothing was made for costs its page, not the document
        told = f"page {page} of {document.path} has an odd shape that cannot be measured ({error.err})"
        reading = Reading(page, failure=told, signals={"handwriting": 0.0, "table": 0.0})
    return replace(reading, seconds=round(time.perf_counter() - started, 3))


def _by_text_layer(page: int, layer: TextLayer, config: Config) -> Reading | None:
    if config.route != "auto":
        return None
    trusted, why = trust(layer)
    if not trusted or layer.thumbnail is None:
        return None
    image = PageImage(page, layer.thumbnail, None)
    signals, regions = page_signals(image, layer.words)
    return Reading(page, image.width, image.height, None, 0, "text_layer", layer.words, signals, regions, note=why)


def _with_hidden(reading: Reading, layer: TextLayer) -> Reading:
    """The reading with the signal ``hidden_text``, the count of words that its layer says alone, if there are any."""
    count = hidden_text(layer, reading).words
    return replace(reading, signals=reading.signals | {"hidden_text": float(count)}) if count else reading


def _by_ocr(document: Document, page: int, ocr: Ocr, config: Config) -> Reading:
    image = prepare(document, page, config)
    words = ocr.read(image)
    if not reads_upright(words, image):  # asked afterwards: hardly any page is turned, and asking costs a third of OCR
        turned = upright(image, config.lang)
        if turned.rotation:
            image, words = turned, ocr.read(turned)
    signals, regions = page_signals(image, words)
    return Reading(page, image.width, image.height, image.dpi, image.rotation, "ocr", words, signals, regions)
