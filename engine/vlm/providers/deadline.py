"""One HTTP client for all SDKs, and a deadline for a whole request.

An SDK's timeout bounds each single wait: a server that sends a byte now and then is waited for without end. Here a
timer shuts the connection down at the deadline, whatever the request is doing (sending, waiting, reading headers or
body), and the wait ends at once. The connection is found through the documented ``trace`` extension of the HTTP
library; connections are not kept, so that each request opens one and is seen to. Not kept also means never sending
a page into a connection that the server just closed; beside a model's seconds a handshake is nothing.
Resolving a name is bounded by the system's resolver only.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

_CONNECT = 10.0  # seconds to open a connection, less where the deadline is nearer
_OPENED = ("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")


class Deadline:
    """A context: requests sent in it, from the same thread, are cut off after ``seconds``; ``passed`` tells so."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True
        self._token: Token[Deadline | None] | None = None

    def __enter__(self) -> Deadline:
        self._token = _running.set(self)
        with _all:
            _open.add(self)
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with _all:
            _open.discard(self)
        if self._token is not None:
            _running.reset(self._token)
        with self._lock:
            self._socket = None

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0 after it."""
        return max(0.0, self._end - time.monotonic())

    def begin(self, request: httpx2.Request) -> None:
        """Bound *request*, which is about to be sent."""
        left = max(self.left, 0.001)  # 0 would mean "do not block"
        waits = {"connect": min(_CONNECT, left), "read": left, "write": left, "pool": left}
        request.extensions |= {"timeout": waits, "trace": self._trace}

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(_OPENED):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.passed:
                    _shut(self._socket)

    def cut(self) -> None:
        """End it now, as the deadline would."""
        with self._lock:
            self.passed = True
            _shut(self._socket)


_running: ContextVar[Deadline | None] = ContextVar("_running", default=None)
_open: set[Deadline] = set()
_all = threading.Lock()


def cut_all() -> None:
    """Cut off every request on its way, from any thread: the run is given up."""
    with _all:
        running = list(_open)
    for deadline in running:
        deadline.cut()


def http_client(userinfo: tuple[str, str] | None = None) -> httpx2.Client:
    """The client to hand to an SDK. It follows no redirect: pages and keys go only to the server that was named."""
    import httpx2

    return httpx2.Client(
        auth=userinfo,
        follow_redirects=False,
        limits=httpx2.Limits(max_keepalive_connections=0),
        event_hooks={"request": [_begin]},
    )


def _begin(request: httpx2.Request) -> None:
    deadline = _running.get()
    if deadline is not None:
        deadline.begin(request)


def _shut(opened: socket.socket | None) -> None:
    """Wake whoever waits on the connection. Closing it would not, and could hit a reused descriptor."""
    if opened is not None:
        with contextlib.suppress(OSError):
            # not SSLSocket.shutdown, which takes the TLS state from under the reader
            socket.socket.shutdown(opened, socket.SHUT_RDWR)
