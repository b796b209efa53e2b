"""OpenAI Chat Completions: OpenAI's own, and any server that speaks it (Ollama, vLLM, llama.cpp) by base URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import MissingDependency, UsageError
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
    import openai

KEYS = ("OPENAI_API_KEY",)
SERVER = "https://api.openai.com/v1"
_MARKS = Marks(frozenset({"stop"}), frozenset({"length"}), frozenset({"content_filter"}))


def connect(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Provider:
    """OpenAI itself; without ``live`` it needs no key. Raises UsageError and MissingDependency."""
    mine = openai_account(base_url, environ, live=live)
    return OpenAiChat("openai", mine, client(mine) if live else None)


def connect_compatible(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Provider:
    """Another server of the same wire; most want no key. Raises UsageError and MissingDependency."""
    if live and not base_url:
        raise UsageError("openai-compatible needs the server's address, such as --base-url http://localhost:11434/v1")
    mine = find_account("The server", KEYS, base_url or "", environ if live else None, key="none")
    connected = client(mine) if live else None
    if connected:  # which organisation one belongs to is OpenAI's business, not another server's
        connected.organization = connected.project = None
    return OpenAiChat("openai-compatible", mine, connected)


def openai_account(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Account:
    """OpenAI's account, for both of its wires. Raises UsageError."""
    url = base_url or environ.get("OPENAI_BASE_URL") or SERVER
    return find_account("OpenAI", KEYS, url, environ if live else None)


def client(account: Account) -> openai.OpenAI:
    """The SDK's client without its retries. Raises MissingDependency."""
    try:
        import openai
    except ImportError as error:
        raise MissingDependency("this provider needs the openai SDK: pip install openai") from error
    http = http_client(account.userinfo)
    return openai.OpenAI(api_key=account.key, base_url=account.base_url, max_retries=0, http_client=http)


def model_names(connected: openai.OpenAI, account: Account, timeout: float) -> tuple[str, ...]:
    """The models that the server lists. Raises Fault."""
    body = stainless.send("openai", connected.models.with_raw_response.list, {}, timeout, account, "data")
    return tuple(sorted(words(at(row, "id")) for row in each(body, "data")))


class OpenAiChat:
    """See :class:`engine.vlm.wire.Provider`."""

    def __init__(self, name: str, account: Account, connected: openai.OpenAI | None) -> None:
        self.name = name
        self.base_url = account.base_url
        self._account = account
        self._client = connected

    def request(self, question: Question, model: Model) -> Request:
        images: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": f"data:{i.mime_type};base64,{i.data}", "detail": "high"}}
            for i in question.images
        ]
        schema = dialect.compile(question.schema, model.dialect)
        request: Request = {
            "model": model.name,
            "messages": [
                {"role": "system", "content": question.rules},
                {"role": "user", "content": [*images, {"type": "text", "text": question.text}]},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            },
        }
        if self.name == "openai":
            return request | {"max_completion_tokens": question.max_output_tokens}
        # local servers know the older name only; OpenAI's reasoning models take no temperature
        return request | {"max_tokens": question.max_output_tokens, "temperature": 0}

    def call(self, request: Request, timeout: float) -> Body:
        create = online(self._client).chat.completions.with_raw_response.create
        return stainless.send("openai", create, request, timeout, self._account, "choices")

    def reply(self, body: Body, request: Request) -> Reply:
        message = at(body, "choices", 0, "message")
        finish = Finish(
            mark=words(at(body, "choices", 0, "finish_reason")),
            text=words(at(message, "content")) or "".join(words(at(part, "text")) for part in each(message, "content")),
            tokens=_tokens(body),
            refusal=words(at(message, "refusal")),
        )
        if not each(body, "choices"):
            return Reply("malformed", "", f"{self._account.title} answered without a choice", finish.tokens)
        limit = count(request, "max_completion_tokens") or count(request, "max_tokens")
        return ended(self._account.title, finish, _MARKS, limit)

    def models(self, timeout: float) -> tuple[str, ...]:
        return model_names(online(self._client), self._account, timeout)


def _tokens(body: Body) -> Tokens | None:
    """Reasoning is part of ``completion_tokens``, cached input part of ``prompt_tokens``."""
    usage = at(body, "usage")
    if not usage:
        return None
    cached = count(usage, "prompt_tokens_details", "cached_tokens")
    return Tokens(count(usage, "prompt_tokens"), count(usage, "completion_tokens"), cached)
