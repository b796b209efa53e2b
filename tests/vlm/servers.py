"""A loopback server that speaks every provider's wire, so that one script can be played on all of them.

A handler is a function ``(Asked) -> Answered | Raw``: what was asked, in no provider's words, and what to answer.
``Server.play`` gives a fixed series instead. Everything that arrived is kept in ``Server.asked`` (questions) and
``Server.seen`` (every request line). Use the fixtures by assignment: ``server = servers.server``.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KEYS = {
    "OPENAI_API_KEY": "sk-loopback-openai-0123456789",
    "ANTHROPIC_API_KEY": "sk-ant-loopback-0123456789",
    "GEMINI_API_KEY": "AIzaLoopbackGemini0123456789",
}
PROVIDERS = ("anthropic", "openai", "openai-responses", "google", "openai-compatible")
_ELSEWHERE = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_API_KEY")

Wire = Literal["anthropic", "chat", "responses", "google"]
Finish = Literal["complete", "truncated", "filtered", "unknown"]


@dataclass(frozen=True)
class Asked:
    """One question as it arrived. ``images`` are decoded bytes with their mime type, uploads looked up."""

    wire: Wire
    model: str
    images: tuple[tuple[bytes, str], ...]
    system: str
    text: str
    schema: Any
    limit: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """An answer to be written in the wire's own words. ``refusal`` is the flag for it beside or in place of text."""

    text: str = ""
    finish: Finish = "complete"
    refusal: str = ""
    input_tokens: int = 120
    cached: int = 20
    output_tokens: int = 30
    thoughts: int = 5


@dataclass(frozen=True)
class Raw:
    """A response as it is. ``chunks`` are sent one by one; ``length`` claims more bytes than come."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())
    length: int | None = None
    wait: float = 0.0


Play = Answered | Raw
Handler = Callable[[Asked], Play]


def answer(text: str, **more: Any) -> Answered:
    """A finished answer."""
    return Answered(text=text, **more)


def refuse_flag(words: str = "I cannot help with that.") -> Answered:
    """Refused by the provider's filter: the finish mark says so."""
    return Answered(text="", refusal=words, finish="filtered")


def refuse_structurally(words: str = "I cannot help with that.") -> Answered:
    """Refused where the finish mark says that all is well, as far as the wire has such a form."""
    return Answered(text="", refusal=words)


def truncate(text: str, **more: Any) -> Answered:
    """Cut off at the limit."""
    return Answered(text=text, finish="truncated", **more)


def status(code: int, headers: dict[str, str] | None = None, message: str = "no luck today") -> Raw:
    """An error as all three providers write it, near enough."""
    body = {"type": "error", "error": {"type": "trouble", "code": code, "status": "TROUBLE", "message": message}}
    return _raw(json.dumps(body), code, headers)


def body(data: Any, code: int = 200) -> Raw:
    """Any JSON."""
    return _raw(json.dumps(data), code)


def html() -> Raw:
    return _raw("<!doctype html><title>Sign in</title><p>Your network wants you to sign in.", 200, mime="text/html")


def broken_json() -> Raw:
    return _raw('{"id": "x", "choices": [{"mess')


def empty() -> Raw:
    return _raw("")


def hang(seconds: float = 5.0) -> Raw:
    """Say nothing for so long (or until the test is over)."""
    return Raw(wait=seconds)


def drip(seconds: float = 5.0) -> Raw:
    """A byte of the body now and then: no single wait is long."""

    def chunks() -> Iterator[bytes]:
        for _ in range(int(seconds / 0.02)):
            yield b" "
            threading.Event().wait(0.02)

    return Raw(chunks=chunks, headers={"Content-Type": "application/json"})


def disconnect_mid_body() -> Raw:
    """Promise more than is sent, and hang up."""
    return Raw(chunks=lambda: iter([b'{"id": "x", ']), length=5000, headers={"Content-Type": "application/json"})


def _raw(text: str, code: int = 200, headers: dict[str, str] | None = None, mime: str = "application/json") -> Raw:
    return Raw(code, {"Content-Type": mime, **(headers or {})}, lambda: iter([text.encode()]))


logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request, into whatever stderr a test has closed


class Server:
    """All wires under one address; see the module."""

    def __init__(self, http: HTTPServer) -> None:
        self.root = http.url_for("").rstrip("/")
        self._http = http
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything; called before each test."""
        self.handler: Handler = lambda _: answer("{}")
        self.asked: list[Asked] = []
        self.seen: list[str] = []
        self.uploads: dict[str, tuple[bytes, str]] = {}
        self.looks = 0
        self.polls = 1
        self.over = threading.Event()
        self.fail: dict[str, Raw] = {}
        self._http.clear()
        self._http.expect_request(re.compile(".*")).respond_with_handler(self._respond)

    def play(self, *plays: Play) -> None:
        """Answer with these in order, then with the last one again and again."""
        series = itertools.chain(plays, itertools.repeat(plays[-1]))
        self.handler = lambda _: next(series)

    def base_url(self, provider: str) -> str:
        return self.root if provider in ("anthropic", "google") else f"{self.root}/v1"

    def _respond(self, request: Request) -> Response:
        data = request.get_data()
        with self._lock:
            self.seen.append(f"{request.method} {request.path}")
        for start, raw in self.fail.items():
            if f"{request.method} {request.path}".startswith(start):
                return self._plain(raw)
        if request.method == "GET" and request.path.endswith("/models"):
            return _json({"data": [{"id": "m-1"}, {"id": "m-2"}], "models": [{"name": "models/m-1"}]})
        if "/files" in request.path:
            return self._file(request, data)
        asked = self._read(request, json.loads(data))
        with self._lock:
            self.asked.append(asked)
            played = self.handler(asked)
        return self._plain(played) if isinstance(played, Raw) else _json(_WRITE[asked.wire](played))

    def _plain(self, raw: Raw) -> Response:
        self.over.wait(raw.wait) if raw.wait else None
        response = Response(raw.chunks(), raw.status, raw.headers)
        if raw.length is not None:
            response.headers["Content-Length"] = str(raw.length)
        return response

    def _read(self, request: Request, body: dict[str, Any]) -> Asked:
        wire, reader = next(found for mark, found in _READ.items() if mark in request.path)
        model = body.get("model") or request.path.rpartition("/")[2].partition(":")[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Asked(wire=wire, model=model, headers=headers, body=body, **reader(self, body))

    def _file(self, request: Request, data: bytes) -> Response:
        """Google's File API: start, send, look, delete."""
        name = request.path.rpartition("/")[2]
        if request.method == "DELETE":
            return _json({}) if self.uploads.pop(name, None) else self._plain(status(403))
        if request.method == "GET":
            self.looks += 1
            return _json(self._about(name, "PROCESSING" if self.looks < self.polls else "ACTIVE"))
        if request.headers["X-Goog-Upload-Command"] == "start":
            about = json.loads(data)["file"]
            # files too must go to the server that was named, whichever it names for them
            place = f"http://elsewhere.invalid/put/files/{about['name'].removeprefix('files/')}"
            self.uploads[place.rpartition("/")[2]] = (b"", request.headers["X-Goog-Upload-Header-Content-Type"])
            return _json({}, {"X-Goog-Upload-URL": place, "X-Goog-Upload-Status": "active"})
        self.uploads[name] = (data, self.uploads[name][1])
        return _json({"file": self._about(name, "PROCESSING")}, {"X-Goog-Upload-Status": "final"})

    def _about(self, name: str, state: str) -> dict[str, str]:
        uri = f"{self.root}/v1/files/{name}"
        return {"name": f"files/{name}", "uri": uri, "mimeType": self.uploads[name][1], "state": state}


def _json(data: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(data), 200, headers, content_type="application/json")


def _data_url(url: str) -> tuple[bytes, str]:
    mime, _, data = url.removeprefix("data:").partition(";base64,")
    return base64.b64decode(data, validate=True), mime


def _read_chat(_: Server, body: dict[str, Any]) -> dict[str, Any]:
    system, user = body["messages"]
    return {
        "images": tuple(_data_url(p["image_url"]["url"]) for p in user["content"] if p["type"] == "image_url"),
        "system": system["content"],
        "text": "".join(p["text"] for p in user["content"] if p["type"] == "text"),
        "schema": body["response_format"]["json_schema"]["schema"],
        "limit": body.get("max_completion_tokens") or body["max_tokens"],
    }


def _read_responses(_: Server, body: dict[str, Any]) -> dict[str, Any]:
    parts = body["input"][0]["content"]
    return {
        "images": tuple(_data_url(p["image_url"]) for p in parts if p["type"] == "input_image"),
        "system": body["instructions"],
        "text": "".join(p["text"] for p in parts if p["type"] == "input_text"),
        "schema": body["text"]["format"]["schema"],
        "limit": body["max_output_tokens"],
    }


def _read_anthropic(_: Server, body: dict[str, Any]) -> dict[str, Any]:
    parts = body["messages"][0]["content"]
    sources = [p["source"] for p in parts if p["type"] == "image"]
    return {
        "images": tuple((base64.b64decode(s["data"], validate=True), s["media_type"]) for s in sources),
        "system": body["system"],
        "text": "".join(p["text"] for p in parts if p["type"] == "text"),
        "schema": body["output_config"]["format"]["schema"],
        "limit": body["max_tokens"],
    }


def _read_google(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    parts = body["contents"][0]["parts"]  # the SDK mixes the two spellings that the API takes
    images = []
    for part in parts:
        if "inlineData" in part:
            inline = part["inlineData"]
            images.append((base64.urlsafe_b64decode(inline["data"]), inline["mime_type"]))
        elif "fileData" in part:
            images.append(server.uploads[part["fileData"]["file_uri"].rpartition("/")[2]])
    settings = body["generationConfig"]
    return {
        "images": tuple(images),
        "system": "".join(p["text"] for p in body["systemInstruction"]["parts"]),
        "text": "".join(p.get("text", "") for p in parts),
        "schema": settings["responseJsonSchema"],
        "limit": settings["maxOutputTokens"],
    }


_READ: dict[str, tuple[Wire, Callable[[Server, dict[str, Any]], dict[str, Any]]]] = {
    "/chat/completions": ("chat", _read_chat),
    "/responses": ("responses", _read_responses),
    "/messages": ("anthropic", _read_anthropic),
    ":generateContent": ("google", _read_google),
}


def _write_chat(a: Answered) -> dict[str, Any]:
    mark = {"complete": "stop", "truncated": "length", "filtered": "content_filter", "unknown": "tool_calls"}[a.finish]
    message = {"role": "assistant", "content": a.text or None, "refusal": a.refusal or None}
    return {
        "id": "c-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": mark}],
        "usage": {
            "prompt_tokens": a.input_tokens,
            "completion_tokens": a.output_tokens,
            "prompt_tokens_details": {"cached_tokens": a.cached},
            "completion_tokens_details": {"reasoning_tokens": a.thoughts},
        },
    }


def _write_responses(a: Answered) -> dict[str, Any]:
    reason = {"truncated": "max_output_tokens", "filtered": "content_filter"}.get(a.finish)
    part = {"type": "refusal", "refusal": a.refusal} if a.refusal else {"type": "output_text", "text": a.text}
    return {
        "id": "r-1",
        "object": "response",
        "status": {"complete": "completed", "unknown": "cancelled"}.get(a.finish, "incomplete"),
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": [part]}],
        "usage": {
            "input_tokens": a.input_tokens,
            "output_tokens": a.output_tokens,
            "input_tokens_details": {"cached_tokens": a.cached},
        },
    }


def _write_anthropic(a: Answered) -> dict[str, Any]:
    mark = {"complete": "end_turn", "truncated": "max_tokens", "filtered": "refusal", "unknown": "tool_use"}[a.finish]
    return {
        "id": "m-1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": a.text}] if a.text else [],
        "stop_reason": "refusal" if a.refusal else mark,
        "usage": {
            "input_tokens": a.input_tokens - a.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": a.cached,
            "output_tokens": a.output_tokens,
        },
    }


def _write_google(a: Answered) -> dict[str, Any]:
    usage = {
        "promptTokenCount": a.input_tokens,
        "cachedContentTokenCount": a.cached,
        "candidatesTokenCount": a.output_tokens - a.thoughts,
        "thoughtsTokenCount": a.thoughts,
    }
    if a.refusal and a.finish == "complete":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage}
    mark = {"complete": "STOP", "truncated": "MAX_TOKENS", "filtered": "SAFETY", "unknown": "ESCALATION"}[a.finish]
    thought = {"text": "Let me think.", "thought": True}
    content = {"content": {"role": "model", "parts": [thought, {"text": a.text}]}} if a.text else {}
    return {"candidates": [{"index": 0, "finishReason": mark, **content}], "usageMetadata": usage}


_WRITE: dict[Wire, Callable[[Answered], dict[str, Any]]] = {
    "chat": _write_chat,
    "responses": _write_responses,
    "anthropic": _write_anthropic,
    "google": _write_google,
}


@dataclass(frozen=True)
class Wires:
    """One of the five providers, and the server that plays it."""

    provider: str
    base_url: str
    server: Server


@pytest.fixture(scope="module")
def http() -> Iterator[HTTPServer]:
    with HTTPServer(threaded=True) as running:
        yield running


@pytest.fixture
def server(http: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server with nothing played yet; keys are in the environment and no other server is."""
    for name in _ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    playing = Server(http)
    yield playing
    playing.over.set()
    http.check_handler_errors()  # a question that no wire's reader understands


@pytest.fixture(params=PROVIDERS)
def wires(server: Server, request: pytest.FixtureRequest) -> Wires:
    """Each of the five providers in turn."""
    return Wires(request.param, server.base_url(request.param), server)


def read_request(opened: socket.socket) -> bytes:
    """One whole request, in however many pieces it comes; empty where the other side is done."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (more := opened.recv(65536)):
            return b""
        got += more
    head, _, content = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while len(content) < int(length[1] if length else 0):
        content += opened.recv(65536)
    return head + content


@contextlib.contextmanager
def raw_socket(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server below HTTP: *talk* gets each connection, and an event that is set when the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    opened, _ = listening.accept()
                    with opened:
                        read_request(opened)
                        talk(opened, over)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
