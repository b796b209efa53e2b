"""Sheets that part the documents of a scan: pages with little else than a barcode.

QR codes are read always; Code 39, Code 128 and the other usual ones with the extra ``split``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import cv2
import numpy as np

from engine.config import Config
from engine.errors import BadPage
from engine.page import Pixels, Reading
from engine.prepare import prepare
from engine.receive import Document

FEW = 20
"""Words of a sheet at the most, a first setting: what a barcode says and is, and what OCR takes its bars for."""
LONGEST = 40  # characters of a barcode that are told
CLEAREST = 5_000_000  # pixels of a page over which it is shrunk: a Letter page at 200 dpi has 3.7 million


def sheets(document: Document, readings: Sequence[Reading], config: Config) -> dict[int, str]:
    """The text of the barcode on each page that holds little else. Only pages with few words are looked at again."""
    found = {}
    for reading in readings:
        words = sum(any(c.isalnum() for c in word.text) for word in reading.words)
        if reading.failure or words > FEW or reading.signals.get("ink") == 0:
            continue
        try:
            texts = barcodes(prepare(document, reading.page, config).pixels)
        except BadPage:
            continue
        if texts:
            found[reading.page] = texts[0][:LONGEST]
    return found


def barcodes(pixels: Pixels) -> tuple[str, ...]:
    """What the barcodes on a page say, by zxing where it is installed."""
    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    scale = (CLEAREST / grey.size) ** 0.5
    if scale < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _by_zxing(grey) if find_spec("zxingcpp") else _by_opencv(grey)


def _by_zxing(grey: Pixels) -> tuple[str, ...]:
    import zxingcpp

    return tuple(code.text for code in zxingcpp.read_barcodes(grey) if code.text)


def _by_opencv(grey: Pixels) -> tuple[str, ...]:
    _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(grey)
    return tuple(text for text in texts if text)
