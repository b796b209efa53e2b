"""One neutral image for every provider: base64 and a mime type.

Made from bytes, from a file, or, only where somebody asks for it in so many words, from a URL.
"""

from __future__ import annotations

import base64
import io
import ipaddress
import socket
import ssl
import struct
import time
import zlib
from binascii import Error as NotBase64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from threading import Timer
from urllib.parse import SplitResult, urljoin, urlsplit

from engine.errors import BadInput, UsageError

FORMATS = "PNG, JPEG, WebP or GIF"  # what one provider or another takes
REDIRECTS = 3
_REDIRECT = (301, 302, 303, 307, 308)
_PIECE = 65_536  # bytes read at a time
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# What Pillow's plugins raise on a header that is not theirs or broken: its own two, and what leaks from parsing.
_DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded picture: ``data`` is base64 without line breaks, ``mime_type`` such as ``image/png``."""

    data: str
    mime_type: str


def image_from_bytes(data: bytes) -> Image:
    """The image in ``data``; its mime type is told by its content. Raises BadInput if it is none of FORMATS.

    Only the header is read: a picture that is cut off further down is found out by whoever decodes it.
    """
    mime_type, _ = _header(data)
    return Image(base64.b64encode(data).decode("ascii"), mime_type)


def image_from_file(path: Path) -> Image:
    """The image in a file. Raises UsageError where there is no file, BadInput where it cannot be used."""
    if not path.is_file():
        raise UsageError(f"{path} is not a file: give the path of an image.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    try:
        return image_from_bytes(data)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def size_of(image: Image) -> tuple[int, int]:
    """Width and height in pixels, from the header. Raises BadInput where there is no such picture in it."""
    try:
        data = base64.b64decode(image.data, validate=True)
    except (NotBase64, ValueError) as error:
        raise BadInput("the image's data is not base64: make it with image_from_bytes.") from error
    return _header(data)[1]


def image_from_url(
    url: str, *, max_bytes: int = 20_000_000, timeout: float = 10.0, allow_private: bool = False
) -> Image:
    """The image at an http or https address, fetched from here and now: no provider ever sees the address.

    Every address that the host's name resolves to must be public, and the connection goes to one that was
    checked, so that a name which resolves differently a moment later gains nothing. At most REDIRECTS redirects
    are followed, each checked likewise. Proxies of the environment are not used. ``timeout`` is in seconds for the
    whole fetch, without the time that the system takes to look up names. ``allow_private`` lets local servers in.

    Raises UsageError for an address that may not be used, BadInput where no image comes of it. Messages name the
    host only: the rest of an address may hold a key.
    """
    deadline = time.monotonic() + timeout
    for _ in range(REDIRECTS + 1):
        parts = _checked(url)
        with _answer(parts, deadline, allow_private) as response:
            if response.status not in _REDIRECT:
                return image_from_bytes(_body(response, parts, max_bytes, deadline))
            url = urljoin(url, response.headers.get("Location", ""))
    raise BadInput(f"{parts.hostname} redirects more than {REDIRECTS} times: give the image's own address.")


# --------------------------------------------------------------------------------------------------- headers


def _header(data: bytes) -> tuple[str, tuple[int, int]]:
    """Mime type and size. The plugins are asked one by one, not ``Image.open``: that one warns or fails by a bound
    on pixels that belongs to the whole process, and what is too large here is shrunk or refused later."""
    from PIL import GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
    from PIL import Image as Pillow

    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
    ):
        try:
            with plugin(io.BytesIO(data)) as picture:
                return Pillow.MIME[plugin.format], picture.size
        except _DECODE_ERRORS:  # not this format
            continue
    raise BadInput(f"the data is no image, or a broken one: give {FORMATS}.")


# ---------------------------------------------------------------------------------------------------- fetch


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise UsageError(f"the image's address is no URL ({error}): give one as https://host/path.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("the image's address must begin with http:// or https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the image's address holds a user name: leave user and password out, fetch the file first.")
    return parts


@contextmanager
def _answer(parts: SplitResult, deadline: float, allow_private: bool) -> Iterator[HTTPResponse]:
    """The answer's head; its body is still to be read. A timer shuts the line down at the deadline, since a socket's
    own timeout begins anew with every byte that trickles in."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _addresses(host, port, allow_private)
    try:
        line = _connected(addresses, port, deadline)
        if parts.scheme == "https":
            secure = ssl.create_default_context()
            line = secure.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
        timer = Timer(max(0.0, deadline - time.monotonic()), _shut, [line])
        timer.daemon = True
        timer.start()
        try:
            if isinstance(line, ssl.SSLSocket):
                line.do_handshake()
            connection = HTTPConnection(host, port)
            connection.sock = line
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": _host_header(parts), "Accept": "image/*", "Accept-Encoding": "identity"}
            connection.request("GET", target, headers=headers)
            with connection.getresponse() as response:
                yield response
        finally:
            timer.cancel()
            line.close()
    except (OSError, HTTPException, ValueError) as error:  # ValueError: a target that http.client will not send
        if time.monotonic() >= deadline:
            raise BadInput(f"{host} took too long: raise the timeout or download the image first.") from error
        raise BadInput(f"{host} cannot be fetched from ({_told(error)}): check the address.") from error


def _addresses(host: str, port: int, allow_private: bool) -> list[str]:
    """What the name resolves to, every one of them checked."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadInput(f"{host} is not known ({_told(error)}): check the address.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(map(is_public, addresses)):
        raise UsageError(f"{host} is an address inside a network, not a public one: download the image first.")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet; an IPv4 address that is wrapped into IPv6 counts itself."""
    ip = _unwrapped(ipaddress.ip_address(address))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _unwrapped(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _connected(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """A line to the first address that answers."""
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=max(0.001, deadline - time.monotonic()))
        except OSError as error:
            failure = error
    raise failure or OSError("no address")


def _shut(line: socket.socket) -> None:
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # the plain one, also under TLS: the reader is in another thread
    except OSError:  # closed already
        return


def _host_header(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _body(response: HTTPResponse, parts: SplitResult, max_bytes: int, deadline: float) -> bytes:
    host = parts.hostname
    if response.status != 200:
        raise BadInput(f"{host} answered {response.status} and no image: check the address.")
    too_large = BadInput(f"the image at {host} is above {max_bytes:,} bytes: download it and scale it down.")
    stated = response.length
    if stated is not None and stated > max_bytes:
        raise too_large
    data = bytearray()
    while piece := response.read(_PIECE):
        data += piece
        if len(data) > max_bytes:
            raise too_large
    if time.monotonic() >= deadline or (stated is not None and len(data) < stated):
        raise BadInput(f"{host} sent only a part of the image in time: try again or download it first.")
    return bytes(data)


def _told(error: Exception) -> str:
    """A network failure in its own few words, without what was asked for."""
    return getattr(error, "strerror", None) or type(error).__name__
