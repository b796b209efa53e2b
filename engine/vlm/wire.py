"""What all providers have in common: the outline of an adapter, and how a request can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from engine.result import Outcome
from engine.vlm.model import Model
from engine.vlm.question import Question

Request = dict[str, Any]
"""All that is sent, as JSON-able data (base64 images inside): what the SDK's own call takes; never a key or header."""
Body = dict[str, Any]
"""The exact body of an answer as JSON data."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as the provider booked them; ``input`` is all of them, ``cached`` the part read from its cache."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request that was answered ended, by the provider's own finish marks.

    ``complete`` says only that the provider calls it finished: what ``text`` holds is judged in
    :mod:`engine.vlm.answer`. ``reason`` is a sentence for people, empty where complete.
    """

    outcome: Literal["complete", "refused", "truncated", "malformed", "failed"]
    text: str = ""
    reason: str = ""
    tokens: Tokens | None = None


class Fault(Exception):
    """A request that got no usable answer: connection, status code, or a body that is not the API's.

    ``again`` says whether another try may help, ``retry_after`` the seconds the server asked for, ``sent`` whether
    the request may have been worked on (and billed). ``str(fault)`` is a sentence for people, without secrets.
    """

    def __init__(
        self,
        message: str,
        outcome: Outcome = "failed",
        *,
        again: bool = False,
        retry_after: float | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.again = again
        self.retry_after = retry_after
        self.sent = sent


class Provider(Protocol):
    """One wire. All but ``call`` and ``models`` are pure."""

    name: str
    base_url: str

    def request(self, question: Question, model: Model) -> Request:
        """The body to send; the same question and model always give the same one."""

    def call(self, request: Request, timeout: float) -> Body:
        """Send it once, without any retry; ``timeout`` in seconds for the whole request. Raises Fault."""

    def reply(self, body: Body, request: Request) -> Reply:
        """How it ended. Finish marks are an allow-list: what is not known to be complete is not."""

    def models(self, timeout: float) -> tuple[str, ...]:
        """The models that the server offers, for ``engine doctor``. Raises Fault."""
