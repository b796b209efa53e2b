"""The neutral image: told by content, fetched only from where it may be."""

from __future__ import annotations

import base64
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image as Pillow
from pytest_httpserver import HTTPServer

from engine.errors import BadInput, UsageError
from engine.vlm import image as image_module
from engine.vlm.image import Image, image_from_bytes, image_from_file, image_from_url, is_public, size_of


def picture(format: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", size, "teal").save(file, format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("format", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_content_tells_the_type_and_the_size(format: str, mime: str) -> None:
    image = image_from_bytes(picture(format))
    assert image.mime_type == mime
    assert base64.b64decode(image.data) == picture(format)
    assert "\n" not in image.data
    assert size_of(image) == (40, 30)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", picture("TIFF"), picture("PNG")[:20], b"\xff\xd8\xff\xe0\x00\x10"])
def test_what_is_no_picture_for_a_model_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="PNG, JPEG"):
        image_from_bytes(data)


def test_a_file_is_read_whatever_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(picture("JPEG"))
    assert image_from_file(path).mime_type == "image/jpeg"


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.png is not a file"):
        image_from_file(tmp_path / "none.png")
    (tmp_path / "a.txt").write_text("no picture")
    with pytest.raises(BadInput, match=r"a\.txt: the data is no image"):
        image_from_file(tmp_path / "a.txt")


def test_data_that_is_not_base64_has_no_size() -> None:
    with pytest.raises(BadInput, match="not base64"):
        size_of(Image("§§", "image/png"))


# ------------------------------------------------------------------------------------------------------- URLs


def test_an_image_is_fetched(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a b.png", query_string="key=1").respond_with_data(picture())
    fetched = image_from_url(httpserver.url_for("/a%20b.png?key=1"), allow_private=True)
    assert base64.b64decode(fetched.data) == picture()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/a.png", "data:image/png;base64,AA", "https://", "a.png",
            "http://user:secret@example.org/a.png", "http://example.org:99999/a.png"],
)  # fmt: skip
def test_only_http_addresses_without_credentials_are_fetched(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        image_from_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "192.168.1.1", "169.254.169.254", "[fe80::1]", "0.0.0.0",  # noqa: S104 - asked for, not bound
             "[::ffff:127.0.0.1]", "2130706433", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "240.0.0.1",
             "[2001:0:7f00:1::]", "100.64.0.1", "[::]"],
)  # fmt: skip
def test_addresses_inside_a_network_are_refused(host: str) -> None:
    with pytest.raises(UsageError, match="inside a network"):
        image_from_url(f"http://{host}/a.png")


def test_public_addresses_are_public() -> None:
    assert all(map(is_public, ("93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808")))


def test_one_private_address_among_many_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(UsageError, match="inside a network"):
        image_from_url("http://two.example/a.png")


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])  # a name that resolves differently the second time
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(BadInput, match="Connection refused"):
        image_from_url("http://rebinding.example/a.png")
    assert asked == ["rebinding.example"]
    assert connected == [("93.184.216.34", 80)]


def test_a_redirect_is_followed_and_checked_again(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "/b"})
    httpserver.expect_request("/b").respond_with_data(picture())
    assert image_from_url(httpserver.url_for("/a"), allow_private=True).mime_type == "image/png"

    httpserver.expect_request("/out").respond_with_data(status=302, headers={"Location": "http://127.0.0.2/b"})
    monkeypatch.setattr(image_module, "is_public", lambda address: address == "127.0.0.1")
    with pytest.raises(UsageError, match=r"127\.0\.0\.2 is an address inside a network"):
        image_from_url(httpserver.url_for("/out").replace("localhost", "127.0.0.1"))


def test_redirects_end(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(status=307, headers={"Location": "/a"})
    with pytest.raises(BadInput, match="more than 3 times"):
        image_from_url(httpserver.url_for("/a"), allow_private=True)
    assert len(httpserver.log) == 4


def test_a_redirect_to_a_file_is_refused(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(status=302, headers={"Location": "file:///etc/passwd"})
    with pytest.raises(UsageError, match="must begin with http"):
        image_from_url(httpserver.url_for("/a"), allow_private=True)


def test_too_many_bytes_are_refused_by_the_stated_length(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(b"x" * 5000)
    with pytest.raises(BadInput, match="above 1,000 bytes"):
        image_from_url(httpserver.url_for("/a"), max_bytes=1000, allow_private=True)


def test_what_is_no_image_is_refused(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/page").respond_with_data(b"<html>", content_type="image/png")
    with pytest.raises(BadInput, match="no image"):
        image_from_url(httpserver.url_for("/page"), allow_private=True)
    with pytest.raises(BadInput, match="answered 500 and no image"):
        image_from_url(httpserver.url_for("/unexpected?token=secret"), allow_private=True)


@dataclass
class Raw:
    """A server that sends its pieces, 20 ms apart, to whoever comes first, and hangs up."""

    port: int
    pieces: list[bytes] = field(default_factory=list)
    context: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://localhost:{self.port}/a.png"


@pytest.fixture
def raw() -> Iterator[Raw]:
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = Raw(listener.getsockname()[1])

    def serve() -> None:
        try:
            line, _ = listener.accept()
            with server.context.wrap_socket(line, server_side=True) if server.context else line as talk:
                talk.recv(65536)
                for piece in server.pieces:
                    if over.wait(0.02):
                        return
                    talk.sendall(piece)
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server
    over.set()
    listener.close()
    thread.join(1)


HEAD = b"HTTP/1.1 200 OK\r\n"


def test_too_many_bytes_are_refused_while_they_come(raw: Raw) -> None:
    raw.pieces += [HEAD + b"\r\n", *[b"x" * 70_000] * 50]
    with pytest.raises(BadInput, match="above 100,000 bytes"):
        image_from_url(raw.url, max_bytes=100_000, allow_private=True)


def test_too_many_bytes_that_are_announced_are_not_waited_for(raw: Raw) -> None:
    raw.pieces += [HEAD + b"Content-Length: 5000\r\n\r\n"]
    with pytest.raises(BadInput, match="above 1,000 bytes"):
        image_from_url(raw.url, max_bytes=1000, allow_private=True)


def test_an_image_that_breaks_off_is_refused(raw: Raw) -> None:
    raw.pieces += [HEAD + b"Content-Length: 5000\r\n\r\n" + picture()]
    with pytest.raises(BadInput, match="only a part"):
        image_from_url(raw.url, allow_private=True)


@pytest.mark.parametrize("start", [b"", HEAD, HEAD + b"Content-Length: 5000\r\n\r\n", HEAD + b"\r\n" + picture()])
def test_bytes_that_trickle_in_do_not_outlast_the_timeout(raw: Raw, start: bytes) -> None:
    raw.pieces += [start, *[b"x"] * 500]
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"too long|in time"):
        image_from_url(raw.url, timeout=0.15, allow_private=True)
    assert time.monotonic() - began < 5  # the server would go on for ten


def test_a_server_that_hangs_up_is_told(raw: Raw) -> None:
    raw.pieces += [b""]
    with pytest.raises(BadInput, match="cannot be fetched"):
        image_from_url(raw.url, allow_private=True)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody knows, and its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


def test_https_is_checked_by_the_hosts_name(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with HTTPServer(host="localhost", port=0, ssl_context=context) as server:
        server.expect_request("/a").respond_with_data(picture())
        with pytest.raises(BadInput, match="cannot be fetched"):
            image_from_url(server.url_for("/a"), allow_private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert image_from_url(server.url_for("/a"), allow_private=True).mime_type == "image/png"
        with pytest.raises(BadInput, match="cannot be fetched"):
            image_from_url(server.url_for("/a").replace("localhost", "127.0.0.1"), allow_private=True)


def test_bytes_that_trickle_in_over_https_do_not_outlast_the_timeout(
    raw: Raw, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    raw.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    raw.context.load_cert_chain(*certificate)
    raw.pieces += [HEAD + b"\r\n" + picture(), *[b"x"] * 500]
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"too long|in time"):
        image_from_url(raw.url, timeout=0.2, allow_private=True)
    assert time.monotonic() - began < 5
