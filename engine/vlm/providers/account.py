"""Who is asked: a provider's name, its server and the key, and words for people that never hold the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.errors import UsageError
from engine.vlm.wire import Fault

Client = TypeVar("Client")

_SAID = 300  # characters of a server's own words that a message repeats
_SECRET = 6  # a shorter "key" is a placeholder such as "none", and no secret


@dataclass(frozen=True, slots=True)
class Account:
    """``title`` is the provider for people, ``variables`` where its key may stand, ``base_url`` its server without
    userinfo; ``userinfo`` is name and password of a URL that had them.
    """

    title: str
    variables: tuple[str, ...]
    base_url: str
    key: str = field(repr=False)
    userinfo: tuple[str, str] | None = field(default=None, repr=False)

    def said(self, text: str) -> str:
        """*text* of a server as one line of at most 300 characters, without the key should the server echo it."""
        for secret in (self.key, *(self.userinfo or ())):
            if len(secret) >= _SECRET:
                text = text.replace(secret, "…")
        line = " ".join(text.split())
        return line if len(line) <= _SAID else line[: _SAID - 1] + "…"


def find_account(
    title: str, variables: tuple[str, ...], base_url: str, environ: Mapping[str, str] | None, key: str | None = None
) -> Account:
    """The account as *environ* tells it, None where no key is needed at all; *key* stands in for a missing one.

    Raises UsageError: no key, a key that no header can hold, or a base URL that is none.
    """
    url, userinfo = _split(base_url)
    if environ is None:
        return Account(title, variables, url, "", userinfo)
    variable = key_variable(variables, environ)
    if variable is None and key is None:
        raise UsageError(f"{title} needs a key: set {' or '.join(variables)} in the environment")
    found = environ[variable].strip() if variable else key or ""
    if not (found.isascii() and found.isprintable() and " " not in found):
        # said here, because the HTTP library would repeat the whole header
        raise UsageError(f"{variable} holds a character that no key has (a space, line break or accent): set it anew")
    return Account(title, variables, url, found, userinfo)


def key_variable(variables: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """The first of *variables* that is set to more than blanks."""
    return next((name for name in variables if environ.get(name, "").strip()), None)


def online(client: Client | None) -> Client:
    """The SDK's client. Raises Fault where the adapter was made for requests and replies alone."""
    if client is None:
        raise Fault("nothing can be sent by an adapter that was made offline")
    return client


def _split(base_url: str) -> tuple[str, tuple[str, str] | None]:
    """The URL without userinfo, which would end in logs, and the userinfo."""
    if not base_url:
        return "", None
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port  # reading it is what checks it
    except ValueError as error:
        raise UsageError(f"the base URL cannot be used ({error}): give one such as https://host/v1") from error
    if port == 0 or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("the base URL must be one such as https://host/v1: give it whole with --base-url")
    clean = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return clean, None
    return clean, (unquote(parts.username), unquote(parts.password or ""))
