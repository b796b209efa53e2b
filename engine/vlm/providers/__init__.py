"""The wires: one adapter a provider, all of the same outline (:class:`engine.vlm.wire.Provider`).

Importing this package imports no SDK; :func:`connect` does, and only the one it needs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches

from engine.errors import UsageError
from engine.vlm.providers import anthropic, google, openai_chat, openai_responses
from engine.vlm.providers.account import key_variable
from engine.vlm.wire import Provider

KEYS: dict[str, tuple[str, ...]] = {
    "anthropic": anthropic.KEYS,
    "openai": openai_chat.KEYS,
    "openai-responses": openai_responses.KEYS,
    "google": google.KEYS,
    "openai-compatible": openai_chat.KEYS,
}
PROVIDERS = tuple(KEYS)


def connect(provider: str, base_url: str | None = None) -> Provider:
    """The adapter of *provider*; *base_url* None means the provider's own server, or what its SDK's variable says.

    Keys are taken from the environment. Raises UsageError (unknown provider, key or URL missing or unusable) and
    MissingDependency (SDK not installed).
    """
    return _adapter(provider, base_url, live=True)


def offline(provider: str, base_url: str | None = None) -> Provider:
    """The same adapter for requests and replies alone: it needs neither key nor SDK, and can send nothing.

    Raises UsageError for an unknown provider or an unusable URL.
    """
    return _adapter(provider, base_url, live=False)


def configured(environ: Mapping[str, str]) -> dict[str, str | None]:
    """For each provider the variable of *environ* that holds its key, None where there is none.

    ``openai-compatible`` needs no key, and a base URL instead.
    """
    return {provider: key_variable(variables, environ) for provider, variables in KEYS.items()}


def _adapter(provider: str, base_url: str | None, *, live: bool) -> Provider:
    environ = os.environ
    match provider:
        case "anthropic":
            return anthropic.connect(base_url, environ, live=live)
        case "openai":
            return openai_chat.connect(base_url, environ, live=live)
        case "openai-responses":
            return openai_responses.connect(base_url, environ, live=live)
        case "google":
            return google.connect(base_url, environ, live=live)
        case "openai-compatible":
            return openai_chat.connect_compatible(base_url, environ, live=live)
    near = get_close_matches(provider, PROVIDERS, n=1, cutoff=0.0)
    raise UsageError(f"unknown provider {provider!r}: did you mean {near[0]!r}? Known are {', '.join(PROVIDERS)}")
