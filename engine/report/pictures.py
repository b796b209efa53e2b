"""The pages of a document for the report: each as a small WebP, or why there is none."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.config import Config
from engine.errors import BadInput, EngineError, UsageError
from engine.locate import find_document
from engine.picture import page_picture, rotation_of
from engine.receive import Document, receive
from engine.result import PageResult, Result

LONGEST = 1400  # px of a page's longer side: print of 8 points is 15 px high on A4 and can be read
MANY = 20
"""Of a document of more pages only those have a picture on which a value stands or a doubt is: a first setting, for a
page of print takes about 70 kB."""

QUALITY = 50  # of WebP: a first setting; letters stay whole, a page of print takes about 100 kB


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a data URI; ``gone`` says why there is none."""

    page: int
    width: int = 0
    height: int = 0
    uri: str | None = None
    gone: str | None = None


def pictures(result: Result, result_json: Path, config: Config) -> Iterator[Picture]:
    """The pages that were looked at, one at a time."""
    pages = [page for page in result.pages if page.outcome != "skipped"]
    try:
        document = receive(find_document(result.path, result.sha256, result_json), config)
    except UsageError:
        gone = (
            f"There is no picture: {result.path} is neither where the result says nor beside the result, "
            "or its content has changed since."
        )
        yield from (Picture(page.page, gone=gone) for page in pages)
    except EngineError as error:  # it takes a password that was not given, or something that is not installed
        yield from (Picture(page.page, gone=f"There is no picture: {error}") for page in pages)
    else:
        marked = {field.page for field in result.fields.values()} | {finding.page for finding in result.findings}
        for page in pages:
            if len(pages) <= MANY or page.page in marked:
                yield _picture(document, page, config)
            else:
                yield Picture(page.page, gone="There is no picture: the document is long, and nothing stands here.")


def _picture(document: Document, page: PageResult, config: Config) -> Picture:
    try:
        image = page_picture(document, page.page, rotation_of(page), config, longest=LONGEST)
    except BadInput as error:
        return Picture(page.page, gone=f"There is no picture: {error}")
    held = io.BytesIO()
    image.save(held, "WEBP", quality=QUALITY, method=4)
    uri = f"data:image/webp;base64,{b64encode(held.getvalue()).decode('ascii')}"
    return Picture(page.page, image.width, image.height, uri)
