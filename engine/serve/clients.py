"""Who may ask: those with a token of ``ENGINE_TOKEN``, each so many times a minute."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import scrypt, sha256
from math import ceil

from engine.errors import UsageError

VARIABLE = "ENGINE_TOKEN"
SHORTEST = 16
"""Letters of a token, a first setting: `openssl rand -hex 32` has 64."""


@dataclass(frozen=True, slots=True)
class Client:
    """``owner`` stands for the token where jobs are written down: guessing the token from it is slow work."""

    owner: str
    digest: bytes = field(repr=False)


def read_tokens(text: str) -> tuple[str, ...]:
    """The tokens of the variable, which are parted by commas. Raises UsageError for one that is easily guessed."""
    tokens = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not all(len(token) >= SHORTEST and token.isascii() and token.isprintable() for token in tokens):
        raise UsageError(
            f"{VARIABLE} holds a token that has fewer than {SHORTEST} letters or others than ASCII:"
            " make one with `openssl rand -hex 32`"
        )
    return tokens


def made_token() -> str:
    return secrets.token_urlsafe(32)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Clients:
    """All who may ask."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._clients = tuple(Client(_owner(token), _digest(token)) for token in tokens)

    def who(self, token: str) -> Client | None:
        """Whose token it is. Takes as long whether it is nearly right or not at all."""
        digest, found = _digest(token), None
        for client in self._clients:
            if hmac.compare_digest(digest, client.digest):
                found = client
        return found


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _owner(token: str) -> str:
    return scrypt(token.encode(), salt=b"engine serve", n=2**14, r=8, p=1, dklen=16).hex()


class Rate:
    """*a_minute* requests of each client, as many at once where none were made for a minute; 0 is no limit."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute, self._clock, self._lock = a_minute, clock, threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, owner: str) -> int:
        """0, and the request is counted; else the whole seconds after which one will be taken."""
        if not self._a_minute:
            return 0
        with self._lock:
            now = self._clock()
            left, at = self._left.get(owner, (float(self._a_minute), now))
            left = min(float(self._a_minute), left + (now - at) * self._a_minute / 60)
            taken = left >= 1
            self._left[owner] = left - taken, now
        return 0 if taken else max(1, ceil((1 - left) * 60 / self._a_minute))
