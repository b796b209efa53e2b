"""Readings as hOCR 1.2: XHTML with the place and confidence of every word, in pixels of the upright page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from html import escape

from engine import __version__
from engine.page import Box, Reading, Word

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{title}</title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content="document-engine {version}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word ocrp_wconf"/>
<meta name="ocr-number-of-pages" content="{pages}"/>
</head>
<body>
"""


def readings_to_hocr(path: str, readings: Sequence[Reading]) -> str:
    """The hOCR file's text. *path* is the document's; a page that could not be read has no lines."""
    head = HEAD.format(title=_text(path), version=__version__, pages=len(readings))
    return head + "".join(_page(path, reading) for reading in readings) + "</body>\n</html>\n"


def _page(path: str, reading: Reading) -> str:
    lines: dict[int, list[Word]] = defaultdict(list)
    for word in reading.words:
        lines[word.line].append(word)
    whole = _bbox(Box(0.0, 0.0, 1.0, 1.0), reading)
    scan = f"; scan_res {reading.dpi:.0f} {reading.dpi:.0f}" if reading.dpi else ""
    image = path.replace('"', "%22")  # the format has no way to write a quotation mark within one
    title = f'image "{image}"; {whole}; ppageno {reading.page - 1}{scan}'
    body = "".join(_line(line, number, reading) for number, line in enumerate(lines.values(), start=1))
    return f'<div class="ocr_page" id="page_{reading.page}" title="{_text(title)}">\n{body}</div>\n'


def _line(line: Sequence[Word], number: int, reading: Reading) -> str:
    box = reduce(Box.union, (word.box for word in line))
    name = f"{reading.page}_{number}"
    words = " ".join(
        f'<span class="ocrx_word" id="word_{name}_{i}" title="{_bbox(word.box, reading)}; '
        f'x_wconf {round(100 * word.confidence)}">{_text(word.text)}</span>'
        for i, word in enumerate(line, start=1)
    )
    return f'<span class="ocr_line" id="line_{name}" title="{_bbox(box, reading)}">{words}</span><br/>\n'


def _bbox(box: Box, reading: Reading) -> str:
    across, down = reading.width, reading.height
    return f"bbox {round(box.x0 * across)} {round(box.y0 * down)} {round(box.x1 * across)} {round(box.y1 * down)}"


def _text(text: str) -> str:
    """For XML, which has no place for some control characters at all."""
    return escape(NOT_XML.sub("\ufffd", text))
