"""An upload as it arrives: within its bounds, or refused before it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import PurePosixPath
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from engine.serve.asked import OPTIONS
from engine.serve.problem import Problem

BESIDE = 65_536  # bytes of a request that are not its file
LONGEST = 4_096  # bytes of a field
LONGEST_NAME = 255  # letters of a document's name
SECONDS = 300.0
"""For a whole upload, a first setting: 200 MB at 5 Mbit/s."""


@asynccontextmanager
async def received(
    request: Request, most: int, room_for: Callable[[int], AbstractContextManager[None]]
) -> AsyncIterator[FormData]:
    """The form of a request whose file has *most* bytes at most, where there is room for it.

    Raises Problem, and OSError where it cannot be kept.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "the document is sent as multipart/form-data: curl -F file=@scan.pdf does so")
    length = request.headers.get("content-length", "")
    told = int(length[:20]) if length.isascii() and length.isdigit() else most
    if told > most + BESIDE:
        raise _too_large(most)
    parser = MultiPartParser(
        request.headers, _bounded(request, most), max_files=1, max_fields=len(OPTIONS) + 1, max_part_size=LONGEST
    )
    with room_for(told):
        form = await _parsed(parser)
        try:
            yield form
        finally:
            await form.close()


async def _parsed(parser: MultiPartParser) -> FormData:
    try:
        async with asyncio.timeout(SECONDS):
            return await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"the form cannot be read ({error.message.rstrip('.')}): send it as curl -F does") from error
    except (UnicodeError, LookupError) as error:  # of a charset that is none
        raise Problem(400, "the form cannot be read (its charset is none): send it as curl -F does") from error
    except TimeoutError as error:
        raise Problem(408, f"the upload took longer than {SECONDS:.0f} seconds: send it again") from error
    except ClientDisconnect as error:
        raise Problem(400, "the upload broke off: send it again") from error


def file_of(form: FormData, most: int) -> tuple[BinaryIO, str]:
    """The file of a form, and its name for people. Raises Problem."""
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Problem(422, "the form has no file: send the document as its field file, curl -F file=@scan.pdf")
    if (file.size or 0) > most:
        raise _too_large(most)
    return file.file, document_name(file.filename)


def fields_of(form: FormData) -> dict[str, str]:
    """The fields beside the file, those only that there are. Raises Problem."""
    told: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != "file":
                raise Problem(422, "a file was sent in another field than file: send it there")
        elif name in told or name not in ("type", *OPTIONS):
            raise Problem(422, f"a field is unknown or sent twice: there are file, type, {', '.join(OPTIONS)}")
        elif value:
            told[name] = value
    return told


def document_name(given: str | None) -> str:
    """A client's name for a document, to be shown: the last part of a path, of printable characters."""
    last = PurePosixPath((given or "").replace("\\", "/")).name
    return "".join(char for char in last if char.isprintable())[:LONGEST_NAME] or "document"


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > most + BESIDE:
            raise _too_large(most)
        yield piece


def _too_large(most: int) -> Problem:
    return Problem(
        413, f"the document has more than {most:,} bytes: split it or scan it smaller", {"Connection": "close"}
    )
