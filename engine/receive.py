"""A file becomes a :class:`Document`, or one clear sentence says why not.

Cheap checks come first and nothing is decoded before all of them passed: existence, permission, size in
bytes, real format (by content: a name proves nothing), encryption, number of pages, pixels, smallest side.
Only then is a one-page image decoded once, thrown away, to tell a truncated file from a whole one; a page
of a longer document is judged when it is prepared, so that one broken page leaves the others.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from engine import pdf
from engine.config import Config
from engine.errors import BadInput, MissingDependency, UsageError

Kind = Literal["pdf", "image"]

SUPPORTED = "PDF, JPEG, PNG, TIFF, WebP, GIF, BMP and HEIC"

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# What Pillow's decoders raise on hostile bytes: its own two, and what leaks from parsing by struct and zlib.
DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A received file: it exists, is of a supported format and within every bound.

    ``path`` is as given, ``format`` the content's own (PDF, JPEG, PNG, WEBP, GIF, TIFF, BMP, HEIF).
    """

    path: Path
    sha256: str
    kind: Kind
    format: str
    page_count: int
    password: str | None = None


def receive(path: Path, config: Config) -> Document:
    """Check ``path`` against ``config`` and return it as a document.

    Raises UsageError (a missing path or a directory), MissingDependency (HEIC without its extra) and
    BadInput (everything wrong with an existing file).
    """
    head = check_file(path, config)
    kind_of_file = detect_format(head)
    if kind_of_file is None:
        raise BadInput(f"{path} is none of the supported formats: give {SUPPORTED}.")
    if kind_of_file == "PDF":
        pages = pdf.page_count(path, config.password)
        _check_page_count(path, pages, config)
    else:
        pages = _check_image(path, kind_of_file, config)
    kind: Kind = "pdf" if kind_of_file == "PDF" else "image"
    return Document(path, sha256_of(path), kind, kind_of_file, pages, config.password)


def check_file(path: Path, config: Config) -> bytes:
    """The first 1024 bytes of a regular file that can be read and is neither empty nor too large.

    Raises UsageError (a missing path or a directory) and BadInput; nothing but a regular file is opened.
    """
    _check_path(path)
    return _check_bytes(path, config)


def detect_format(head: bytes) -> str | None:
    """The format that the first 1024 bytes show, None if it is none of ours.

    Junk before ``%PDF-`` is allowed within the 1024 bytes, as every PDF reader allows it.
    """
    for magic, name in _MAGIC:
        if re.match(magic, head, re.DOTALL):
            return name
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return "PDF" if b"%PDF-" in head[:1024] else None


_MAGIC = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"II[*+]\x00|MM\x00[*+]", "TIFF"),
    (rb"BM.{4}\x00\x00\x00\x00", "BMP"),
)


@contextmanager
def open_image(path: Path, format: str) -> Iterator[ImageFile.ImageFile]:
    """Read an image's header; its pixels stay on disk. Raises BadInput.

    The format's own class is used, not ``Image.open``: so the bound is ours (``max_pixels``) and the one
    Pillow keeps for the whole process stays as the program around us set it. And it is given a file, not a
    path: from a path Pillow maps an uncompressed TIFF into memory, and 13.0 scrambles it if it is turned.
    """
    plugin = _plugin(format)
    with path.open("rb") as file:
        try:
            image = plugin(file)
        except DECODE_ERRORS as error:
            raise BadInput(f"{path} is a broken {format} file ({error}): save or scan it again.") from error
        yield image


def page_range(spec: str | None, page_count: int) -> tuple[int, ...]:
    """The pages (from 1) that ``--pages`` names, such as ``1-3,7``; all where it is None.

    Ascending and without repetition; what lies past the last page is cut. Raises UsageError on nonsense.
    """
    if spec is None:
        return tuple(range(1, page_count + 1))
    wanted: set[int] = set()
    for part in spec.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?\s*)?", part)
        if match is None:
            raise UsageError(f"--pages {spec!r} is not a page range: write it as 1-3,7.")
        first = int(match[1])
        last = int(match[3]) if match[3] else (page_count if match[2] else first)
        if first < 1 or (match[3] and last < first):
            raise UsageError(f"--pages {spec!r} is not a page range: count from 1 and upwards, as in 1-3,7.")
        wanted.update(range(first, min(last, page_count) + 1))
    return tuple(sorted(wanted))


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_path(path: Path) -> None:
    try:
        is_file, is_directory, exists = path.is_file(), path.is_dir(), path.exists()
    except OSError as error:  # a name too long, a folder above that may not be entered
        raise UsageError(f"{path} cannot be reached ({error.strerror}): check the path.") from error
    if is_directory:
        raise UsageError(f"{path} is a directory: name the files in it.")
    if not exists:
        raise UsageError(f"{path} does not exist: check the path.")
    if not is_file:
        raise BadInput(f"{path} is not a regular file: save its content to a file first.")


def _check_bytes(path: Path, config: Config) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    if size == 0:
        raise BadInput(f"{path} is empty: scan or download it again.")
    if size > config.max_bytes:
        raise BadInput(
            f"{path} has {size:,} bytes, more than the limit of {config.max_bytes:,}: split it or raise max_bytes."
        )
    return head


def _check_page_count(path: Path, pages: int, config: Config) -> None:
    if pages > config.max_pages:
        raise BadInput(
            f"{path} has {pages:,} pages, more than the limit of {config.max_pages:,}: split it or raise max_pages."
        )


def _check_image(path: Path, format: str, config: Config) -> int:
    """Number of pages of an image within the bounds, told from its headers, and whole if it is one page."""
    with open_image(path, format) as image:
        if format == "TIFF":
            return _check_tiff(path, image, config)
        _check_size(path, image.size, config)
        _check_whole(path, format, image)
    return 1


def _check_tiff(path: Path, image: ImageFile.ImageFile, config: Config) -> int:
    """Walk the frames' headers. A frame that cannot be reached ends the walk, unless it is the first."""
    pages = 0
    try:
        while True:
            image.seek(pages)
            _check_size(path, image.size, config)
            pages += 1
            _check_page_count(path, pages, config)
    except EOFError:  # Pillow's word for "no more frames"
        pass
    except BadInput:
        raise
    except DECODE_ERRORS as error:
        if pages == 0:
            raise BadInput(f"{path} is a broken TIFF file ({error}): save or scan it again.") from error
    if pages == 1:
        image.seek(0)
        _check_whole(path, "TIFF", image)
    return pages


def _check_size(path: Path, size: tuple[int, int], config: Config) -> None:
    width, height = size
    if width * height > config.max_pixels:
        raise BadInput(
            f"{path} has {width} x {height} pixels, more than the limit of {config.max_pixels:,}: "
            "scale it down or raise max_pixels."
        )
    if min(width, height) < config.min_side:
        raise BadInput(
            f"{path} has {width} x {height} pixels and each side must have {config.min_side} at least: "
            "scan it at a higher resolution."
        )


def _check_whole(path: Path, format: str, image: ImageFile.ImageFile) -> None:
    """Decode once and throw away. JPEG is decoded at an eighth of its size: all bytes read, little work."""
    try:
        image.draft("L", (1, 1))
        image.load()
    except DECODE_ERRORS as error:
        raise BadInput(f"{path} is a truncated or broken {format} file ({error}): {_AGAIN}") from error


_AGAIN = "scan, save or download it again."


def _plugin(format: str) -> type[ImageFile.ImageFile]:
    if format == "HEIF":
        return _heif_plugin()
    return _PLUGINS[format]


_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}


def _heif_plugin() -> type[ImageFile.ImageFile]:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise MissingDependency(
            "HEIC images need an extra that is not installed: pip install 'document-engine[heic]'"
        ) from error
    plugin: type[ImageFile.ImageFile] = HeifImageFile
    return plugin
