"""OpenAI Responses. Nothing is kept at OpenAI for later turns (``store`` false)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.vlm import dialect
from engine.vlm.model import Model
from engine.vlm.providers import openai_chat, stainless
from engine.vlm.providers.account import Account, online
from engine.vlm.providers.body import at, count, each, words
from engine.vlm.providers.finish import Finish, Marks, ended
from engine.vlm.question import Question
from engine.vlm.wire import Body, Provider, Reply, Request, Tokens

if TYPE_CHECKING:
    import openai

KEYS = openai_chat.KEYS
_MARKS = Marks(
    complete=frozenset({"completed"}),
    truncated=frozenset({"incomplete: max_output_tokens"}),
    refused=frozenset({"incomplete: content_filter"}),
)


def connect(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Provider:
    """OpenAI itself; without ``live`` it needs no key. Raises UsageError and MissingDependency."""
    mine = openai_chat.openai_account(base_url, environ, live=live)
    return OpenAiResponses(mine, openai_chat.client(mine) if live else None)


class OpenAiResponses:
    """See :class:`engine.vlm.wire.Provider`."""

    def __init__(self, account: Account, connected: openai.OpenAI | None) -> None:
        self.name = "openai-responses"
        self.base_url = account.base_url
        self._account = account
        self._client = connected

    def request(self, question: Question, model: Model) -> Request:
        images: list[dict[str, Any]] = [
            {"type": "input_image", "image_url": f"data:{i.mime_type};base64,{i.data}", "detail": "high"}
            for i in question.images
        ]
        schema = dialect.compile(question.schema, model.dialect)
        return {
            "model": model.name,
            "instructions": question.rules,
            "input": [{"role": "user", "content": [*images, {"type": "input_text", "text": question.text}]}],
            "text": {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": schema}},
            "max_output_tokens": question.max_output_tokens,
            "store": False,
        }

    def call(self, request: Request, timeout: float) -> Body:
        create = online(self._client).responses.with_raw_response.create
        return stainless.send("openai", create, request, timeout, self._account, "output")

    def reply(self, body: Body, request: Request) -> Reply:
        parts = [part for item in each(body, "output") for part in each(item, "content")]
        finish = Finish(
            mark=_mark(body),
            text="".join(words(at(part, "text")) for part in parts if at(part, "type") == "output_text"),
            tokens=_tokens(body),
            # a refusal is a part of its own, in an answer that is called completed
            refusal="".join(words(at(part, "refusal")) or "refusal" for part in parts if at(part, "type") == "refusal"),
        )
        return ended(self._account.title, finish, _MARKS, count(request, "max_output_tokens"))

    def models(self, timeout: float) -> tuple[str, ...]:
        return openai_chat.model_names(online(self._client), self._account, timeout)


def _mark(body: Body) -> str:
    """The status, with its reason where it has one."""
    status = words(at(body, "status"))
    reason = words(at(body, "incomplete_details", "reason")) or words(at(body, "error", "message"))
    return f"{status}: {reason}" if reason and status != "completed" else status


def _tokens(body: Body) -> Tokens | None:
    """Reasoning is part of ``output_tokens``, cached input part of ``input_tokens``."""
    usage = at(body, "usage")
    if not usage:
        return None
    cached = count(usage, "input_tokens_details", "cached_tokens")
    return Tokens(count(usage, "input_tokens"), count(usage, "output_tokens"), cached)
