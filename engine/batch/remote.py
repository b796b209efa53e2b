"""Documents in object storage and on other servers, by addresses such as ``s3://bucket/prefix/``: listed and fetched.

fsspec does both, with a package for each kind of storage. Credentials come from where these look for them (the
environment, a profile, the machine's role), never from the address: addresses stand in results, logs and the database.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pebble import concurrent

from engine.config import Config
from engine.errors import BadInput, MissingDependency, UsageError
from engine.whole_file import PRIVATE, whole_file

PIECE = 1_000_000  # bytes fetched at a time
HEAD = 1024  # bytes that tell a format

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SECRET = re.compile(r"(?i)(sig|signature|token|key|password|passwd|pwd|secret|credential|auth)$")
_OF_STORAGE = (
    ("aiohttp", "ClientError"),
    ("azure.core.exceptions", "AzureError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("paramiko", "SSHException"),
    ("requests", "RequestException"),
)
"""What storage packages raise beside OSError; they share no other base."""


def is_address(text: str) -> bool:
    return _ADDRESS.match(text) is not None


def address_to_path(address: str) -> Path:
    """A path with the parts of an address, to name a result after. There is no file at it."""
    parts = address.replace("://", "/", 1).split("/")
    kept = (part.replace("\0", "%00") for part in parts if part)
    return Path("/", *(part.replace(".", "%2E") if part in (".", "..") else part for part in kept))


def check_address(address: str) -> None:
    """Raises UsageError for an address with a secret in it, which is not repeated, or with another address in it."""
    kind = address.partition("://")[0]
    try:
        password, query = urlsplit(address).password, urlsplit(address).query
    except ValueError as error:
        raise UsageError(f"{kind}://… is no address ({error}): check it") from error
    if password is not None:
        raise UsageError(
            f"an address of {kind}:// holds a password, which results and records would repeat: leave it out and set"
            f" FSSPEC_{kind.upper()}_PASSWORD"
        )
    if any(_SECRET.search(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise UsageError(
            f"an address of {kind}:// is signed, and results and records would repeat its key: give the storage's own"
            " address (s3://…, gs://…) and its credentials in the environment"
        )
    if "::" in address:
        raise UsageError(f"{address} is an address in an address: unpack it first")


def listed(address: str, is_document: Callable[[str, Callable[[], bytes]], bool]) -> Iterator[tuple[str, bool]]:
    """What *address* names (a file, all below a folder, a pattern): each file's address, and whether it is a document.

    *is_document* is given a name and a way to its first bytes; a file that is named itself is always one. Raises
    UsageError where nothing is there or the storage cannot be asked, MissingDependency.
    """
    check_address(address)
    with _told(address, UsageError, "check the address and the credentials"):
        system, path = _storage(address)
        if "*" in path:
            found = sorted(str(name) for name in system.glob(path))
            yield from ((_whole(address, system, path, name), True) for name in found if system.isfile(name))
        elif address.endswith("/") or system.isdir(path):
            found = sorted(system.find(path))
            for name in found:
                yield _whole(address, system, path, name), is_document(name, partial(_head, system, name))
        else:
            found = [path] if system.exists(path) else []
            yield from ((address, True) for _ in found)
    if not found:
        raise UsageError(f"there is nothing at {address}: check it")


def fetch(address: str, target: Path, config: Config) -> None:
    """The file at *address* to *target*, whole or not at all, within the bytes and seconds of the settings.

    A file that is told to be too large is not begun. Raises BadInput, with the address in its sentence.
    """
    with _told(address, BadInput, "check that it is there and may be read"):
        fetching = concurrent.thread(_fetch)(address, target, config.max_bytes)
        try:
            fetching.result(config.page_seconds)
        except TimeoutError as error:  # its thread, which cannot be ended, is left to itself
            raise TimeoutError(f"it takes longer than {config.page_seconds:.0f} seconds") from error


def _fetch(address: str, target: Path, most: int) -> None:
    system, path = _storage(address)
    size = system.info(path).get("size")
    _check_size(address, size or 0, most)
    held = 0
    with system.open(path, "rb") as source, whole_file(target, PRIVATE) as file:
        while piece := source.read(PIECE):
            held += len(piece)
            _check_size(address, held, most)  # where the storage tells no size, or a wrong one
            file.write(piece)


def _check_size(address: str, size: int, most: int) -> None:
    if size > most:
        raise BadInput(f"{address} has more bytes than the limit of {most:,}: split it or raise max_bytes")


def _storage(address: str) -> tuple[Any, str]:
    """The file system behind an address, and the path in it. Raises MissingDependency, UsageError."""
    kind = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        line = "pip install 'document-engine[remote]'"
        raise MissingDependency(f"{kind}:// needs an extra that is not installed: {line}") from error
    try:
        system, path = url_to_fs(address, use_listings_cache=False)
    except ImportError as error:  # fsspec's sentence names the package
        raise MissingDependency(f"{kind}:// needs a package that is not installed ({error}): pip install it") from error
    except ValueError as error:
        raise UsageError(f"{kind}:// is no storage that fsspec knows ({error}): check the address") from error
    return system, path


def _whole(address: str, system: Any, path: str, name: str) -> str:
    """The address of *name*, which was found below *path*, the path of *address*."""
    front = address.rstrip("/")
    if path and front.endswith(path.rstrip("/")):
        return front[: len(front) - len(path.rstrip("/"))] + name
    return str(system.unstrip_protocol(name))


def _head(system: Any, name: str) -> bytes:
    with system.open(name, "rb") as file:
        return bytes(file.read(HEAD))


@contextmanager
def _told(address: str, kind: type[UsageError] | type[BadInput], remedy: str) -> Iterator[None]:
    """What storage says against it, in one sentence."""
    try:
        yield
    except _errors() as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise kind(f"{address} cannot be fetched ({why}): {remedy}") from error


def _errors() -> tuple[type[BaseException], ...]:
    """OSError, and those of the packages in use: one that is not imported has raised nothing."""
    known = (getattr(sys.modules.get(module), name, None) for module, name in _OF_STORAGE)
    return (OSError, ValueError, *(error for error in known if isinstance(error, type)))
