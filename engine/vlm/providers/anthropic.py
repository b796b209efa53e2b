"""Anthropic Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import MissingDependency
from engine.vlm import dialect
from engine.vlm.model import Model
from engine.vlm.providers import stainless
from engine.vlm.providers.account import Account, find_account, online
from engine.vlm.providers.body import at, count, each, words
from engine.vlm.providers.deadline import http_client
from engine.vlm.providers.finish import Finish, Marks, ended
from engine.vlm.question import Question
from engine.vlm.wire import Body, Provider, Reply, Request, Tokens

if TYPE_CHECKING:
    import anthropic

KEYS = ("ANTHROPIC_API_KEY",)
_SERVER = "https://api.anthropic.com"
_MARKS = Marks(
    complete=frozenset({"end_turn"}),
    truncated=frozenset({"max_tokens", "model_context_window_exceeded", "pause_turn"}),
    refused=frozenset({"refusal"}),
)


def connect(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Provider:
    """Without ``live`` it needs no key. Raises UsageError and MissingDependency."""
    url = base_url or environ.get("ANTHROPIC_BASE_URL") or _SERVER
    mine = find_account("Anthropic", KEYS, url, environ if live else None)
    return Anthropic(mine, _client(mine) if live else None)


class Anthropic:
    """See :class:`engine.vlm.wire.Provider`."""

    def __init__(self, account: Account, connected: anthropic.Anthropic | None) -> None:
        self.name = "anthropic"
        self.base_url = account.base_url
        self._account = account
        self._client = connected

    def request(self, question: Question, model: Model) -> Request:
        images: list[dict[str, Any]] = [
            {
                "type": "image",
                "source": {"type": "base64", "media_type": i.mime_type, "data": i.data},
                # an error is better than letters shrunk to mush without a word
                "transformations": {"oversized_image": "error"},
            }
            for i in question.images
        ]
        schema = dialect.compile(question.schema, model.dialect)
        return {
            "model": model.name,
            "system": question.rules,
            "messages": [{"role": "user", "content": [*images, {"type": "text", "text": question.text}]}],
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
            "max_tokens": question.max_output_tokens,
        }

    def call(self, request: Request, timeout: float) -> Body:
        create = online(self._client).messages.with_raw_response.create
        return stainless.send("anthropic", create, request, timeout, self._account, "content")

    def reply(self, body: Body, request: Request) -> Reply:
        blocks = each(body, "content")
        finish = Finish(
            mark=words(at(body, "stop_reason")),
            text="".join(words(at(block, "text")) for block in blocks if at(block, "type") == "text"),
            tokens=_tokens(body),
            refusal=words(at(body, "stop_details", "explanation")),
        )
        return ended(self._account.title, finish, _MARKS, count(request, "max_tokens"))

    def models(self, timeout: float) -> tuple[str, ...]:
        listing = online(self._client).models.with_raw_response.list
        page = {"limit": 1000}
        body = stainless.send("anthropic", listing, page, timeout, self._account, "data")
        return tuple(sorted(words(at(row, "id")) for row in each(body, "data")))


def _client(account: Account) -> anthropic.Anthropic:
    try:
        import anthropic
    except ImportError as error:
        raise MissingDependency("this provider needs the anthropic SDK: pip install anthropic") from error
    http = http_client(account.userinfo)
    return anthropic.Anthropic(api_key=account.key, base_url=account.base_url, max_retries=0, http_client=http)


def _tokens(body: Body) -> Tokens | None:
    """``input_tokens`` leaves out what was written to the cache or read from it."""
    usage = at(body, "usage")
    if not usage:
        return None
    cached = count(usage, "cache_read_input_tokens")
    total = count(usage, "input_tokens") + count(usage, "cache_creation_input_tokens") + cached
    return Tokens(total, count(usage, "output_tokens"), cached)
