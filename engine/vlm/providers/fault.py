"""What went wrong with a request, whoever's SDK says so: status codes, connections, and bodies that are no answer.

One table for all wires, since the SDKs differ: https://httpwg.org/specs/rfc9110.html#status.codes, 429 of RFC 6585,
529 "overloaded" of Anthropic and others.
"""

from __future__ import annotations

import json
import math
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from engine.vlm.providers.account import Account
from engine.vlm.providers.body import at, words
from engine.vlm.wire import Body, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

_AGAIN = frozenset({408, 409, 425, 429})  # and every 5xx
_NOT_WORKED_ON = frozenset({501, 503, 529})  # of the 5xx: turned away at the door


def of_status(response: httpx2.Response, account: Account, model: str = "") -> Fault:
    """The fault that a response with a status code other than 200 is."""
    code = response.status_code
    body = _json(response.content)
    told = account.said(words(at(body, "error", "message")) or words(at(body, "message")) or response.text)
    told = told or response.reason_phrase
    spent = "insufficient_quota" in (at(body, "error", "code"), at(body, "error", "type"))
    again = code in _AGAIN or code >= 500
    if response.headers.get("x-should-retry") == "false" or spent:
        again = False
    return Fault(
        f"{account.title} answered {code}: {_remedy(response, account, model, spent)}{told}",
        "rate_limited" if code == 429 else "failed",
        again=again,
        retry_after=_retry_after(response.headers, body) if again else None,
        sent=code == 408 or (code >= 500 and code not in _NOT_WORKED_ON),
    )


def of_connection(error: BaseException | None, account: Account, timed_out: bool) -> Fault:
    """The fault behind an error of the HTTP library (an SDK's wrapper off); *timed_out*: our own deadline passed."""
    import httpx2

    title = account.title
    where = f"{title} at {account.base_url}"
    connecting = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    if isinstance(error, connecting):
        told = account.said(str(error)) or type(error).__name__
        return Fault(f"{where} cannot be reached ({told}): check the network and the base URL", again=True)
    if timed_out or isinstance(error, httpx2.TimeoutException):
        return Fault(
            f"{title} gave no whole answer in time: give it longer, or ask less of a page", again=True, sent=True
        )
    if isinstance(error, httpx2.DecodingError):
        return malformed(account, "a body that is not compressed as its header says")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL):
        return Fault(f"{where} cannot be asked: {account.said(str(error))}")
    told = account.said(str(error or "")) or type(error).__name__
    return Fault(f"{title} broke the connection before its answer was whole ({told})", again=True, sent=True)


def malformed(account: Account, what: str) -> Fault:
    """A body with status 200 that is no answer of the API."""
    text = f"{account.title} answered with {what}: something between may have answered in its place; check the base URL"
    return Fault(text, "malformed", again=True, sent=True)


def parsed(content: bytes | str, account: Account, *marks: str) -> Body:
    """The body as data; it must be an object that has one of *marks*. Raises Fault for all else."""
    if not content.strip():
        raise malformed(account, "an empty body")
    body = _json(content)
    if body is None:
        start = content[:200].decode(errors="replace") if isinstance(content, bytes) else content[:200]
        kind = "a web page" if start.lstrip().startswith("<") else "broken JSON"
        raise malformed(account, f"{kind} ({account.said(start[:80])})")
    if not isinstance(body, dict) or not any(mark in body for mark in marks):
        told = account.said(words(at(body, "error", "message")) or words(at(body, "error")))
        raise malformed(account, f"an error in place of an answer ({told})" if told else "JSON of another API")
    return body


def _remedy(response: httpx2.Response, account: Account, model: str, spent: bool) -> str:
    code = response.status_code
    if code in (401, 403):
        return f"it does not accept the key; check {' or '.join(account.variables)}. "
    if code == 404:
        return f"it knows no model {model!r}, or the base URL is wrong. "
    if code == 413:
        return "the request is too large; send a smaller image. "
    if code == 429:
        return "its quota is spent; see to the account. " if spent else "too many requests. "
    if 300 <= code < 400:
        place = account.said(response.headers.get("location", "elsewhere"))
        return f"it redirects to {place}; give that as the base URL if you trust it. "
    return ""


def _retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    """Seconds that the server asks to wait: a header (milliseconds, seconds, date) or Google's RetryInfo."""
    asked = _number(headers.get("retry-after-ms"))
    if asked is not None:
        return asked / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if text is not None and seconds is None:
        try:
            seconds = max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, OverflowError):
            seconds = None
    if seconds is None:
        details = at(body, "error", "details")
        for detail in details if isinstance(details, list) else ():
            delay = words(at(detail, "retryDelay"))
            seconds = _number(delay.removesuffix("s")) if delay else seconds
    return seconds


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _json(content: bytes | str) -> Any:
    """The JSON value, None for what is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
