"""The review's own little server: on this machine's loopback, for the one who started it."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from engine.errors import UsageError
from engine.review.guard import Guard

HOST = "127.0.0.1"


def serve(app: ASGIApp, port: int, told: Callable[[str], None], *, browser: bool) -> None:
    """Answer until Ctrl-C. *told* hears the address, which opens once. Raises UsageError where the port is taken."""
    with _listening(port) as listener:
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        address = f"http://{HOST}:{port}/?token={token}"
        config = uvicorn.Config(
            Guard(app, token, port), log_level="warning", access_log=False, lifespan="off", server_header=False
        )
        told(address)
        if browser:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):  # how a review ends
            uvicorn.Server(config).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"port {port} cannot be used ({error.strerror}): give another --port, or 0 for any") from error
    listener.listen()  # so that a browser that is quicker than the server waits
    return listener
