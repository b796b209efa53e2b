"""Every provider and every way a server can behave, through the real SDKs against a loopback server."""

from __future__ import annotations

import base64
import logging
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from engine.errors import MissingDependency, UsageError
from engine.vlm import dialect
from engine.vlm.image import Image
from engine.vlm.model import Dialect, Model
from engine.vlm.providers import PROVIDERS, configured, connect, offline
from engine.vlm.question import Question
from engine.vlm.wire import Fault, Reply, Tokens
from tests.vlm import servers
from tests.vlm.servers import Asked, Server, Wires

http, server, wires = servers.http, servers.server, servers.wires

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3  # with bytes that base64 writes as + and /
JPEG = b"\xff\xd8\xff\xe0" + b"second image"
LIMIT = 500
QUESTION = Question(
    rules="Only what is printed. Null if not visible.",
    text="Read the total of page 1, in €.",
    images=(
        Image(base64.b64encode(PNG).decode(), "image/png"),
        Image(base64.b64encode(JPEG).decode(), "image/jpeg"),
    ),
    schema={
        "type": "object",
        "properties": {
            "total": {"type": "number", "description": "what is to be paid"},
            "date": {"type": "string"},
        },
        "required": ["total", "date"],
        "additionalProperties": False,
    },
    leaves=(),
    max_output_tokens=LIMIT,
)
MODEL = Model(
    provider="any",
    name="m-1",
    vision=True,
    formats=("image/png", "image/jpeg"),
    image_bytes=10**6,
    request_bytes=10**7,
    side=4000,
    pixels=10**7,
    images=20,
    output_tokens=4000,
    dialect="openai",
)
TEXT = '{"total": 9.00}'
SOON = 0.25  # seconds; what a test waits for a server that never ends


def model(provider: str) -> Model:
    dialects: dict[str, Dialect] = {"anthropic": "anthropic", "google": "gemini"}
    return replace(MODEL, provider=provider, dialect=dialects.get(provider, "openai"))


def ask(wires: Wires, timeout: float = 10, **changed: Any) -> Reply:
    provider = connect(wires.provider, wires.base_url)
    request = provider.request(QUESTION, replace(model(wires.provider), **changed))
    return provider.reply(provider.call(request, timeout), request)


def fault(wires: Wires, timeout: float = 10) -> Fault:
    with pytest.raises(Fault) as raised:
        ask(wires, timeout)
    found = raised.value
    told = str(found)
    assert "\n" not in told
    assert not any(key in told for key in servers.KEYS.values())
    return found


def test_page_and_question_arrive_whole(wires: Wires) -> None:
    wires.server.play(servers.answer(TEXT))
    reply = ask(wires)
    assert reply == Reply("complete", TEXT, "", Tokens(input=120, output=30, cached=20))
    (asked,) = wires.server.asked
    assert asked.images == ((PNG, "image/png"), (JPEG, "image/jpeg"))
    assert asked.schema == dialect.compile(QUESTION.schema, model(wires.provider).dialect)
    assert list(asked.schema["properties"]) == ["total", "date"]  # models answer in this order
    assert (asked.system, asked.text) == (QUESTION.rules, QUESTION.text)
    assert (asked.model, asked.limit) == ("m-1", LIMIT)


def test_key_goes_in_a_header_and_nowhere_else(wires: Wires) -> None:
    provider = connect(wires.provider, wires.base_url)
    request = provider.request(QUESTION, model(wires.provider))
    provider.call(request, 10)
    (asked,) = wires.server.asked
    used = [key for key in servers.KEYS.values() if any(key in value for value in asked.headers.values())]
    assert len(used) == 1
    assert used[0] not in repr(request)
    assert used[0] not in str(asked.body)
    assert used[0] not in repr(vars(provider))


def test_request_is_pure(wires: Wires) -> None:
    one, two = connect(wires.provider, wires.base_url), connect(wires.provider, wires.base_url)
    assert one.request(QUESTION, model(wires.provider)) == two.request(QUESTION, model(wires.provider))
    assert wires.server.seen == []


def test_each_wire_sends_what_only_it_wants(server: Server) -> None:
    sent: dict[str, Asked] = {}
    for provider in PROVIDERS:
        ask(Wires(provider, server.base_url(provider), server), request_bytes=10**7)
        sent[provider] = server.asked[-1]
    strict = sent["openai"].body["response_format"]["json_schema"]["strict"]
    assert strict is True
    assert sent["openai"].body["messages"][1]["content"][0]["image_url"]["detail"] == "high"
    assert "temperature" not in sent["openai"].body
    assert (sent["openai-compatible"].body["max_tokens"], sent["openai-compatible"].body["temperature"]) == (LIMIT, 0)
    assert sent["openai-responses"].body["store"] is False
    assert sent["openai-responses"].body["input"][0]["content"][0]["detail"] == "high"
    assert "temperature" not in sent["anthropic"].body
    shrunk = sent["anthropic"].body["messages"][0]["content"][0]["transformations"]
    assert shrunk == {"oversized_image": "error"}
    assert sent["google"].body["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_HIGH"
    assert sent["google"].body["generationConfig"]["responseMimeType"] == "application/json"


@pytest.mark.parametrize("refusal", [servers.refuse_flag(), servers.refuse_structurally()], ids=["flag", "structure"])
def test_refusal(wires: Wires, refusal: servers.Answered) -> None:
    wires.server.play(refusal)
    reply = ask(wires)
    assert reply.outcome == "refused"
    assert reply.reason
    assert reply.tokens == Tokens(120, 30, 20)  # it was billed all the same


def test_refusal_in_prose_is_left_to_the_reader_of_answers(wires: Wires) -> None:
    wires.server.play(servers.answer("I'm sorry, but I can't read this document."))
    assert ask(wires).outcome == "complete"


def test_truncated(wires: Wires) -> None:
    wires.server.play(servers.truncate('{"total": 9.'))
    reply = ask(wires)
    assert (reply.outcome, reply.text) == ("truncated", '{"total": 9.')


def test_answer_that_fills_the_limit_is_truncated_whatever_it_says(wires: Wires) -> None:
    wires.server.play(servers.answer(TEXT, output_tokens=LIMIT))
    assert ask(wires).outcome == "truncated"


def test_unknown_finish_is_a_failure_by_its_name(wires: Wires) -> None:
    wires.server.play(servers.Answered(text=TEXT, finish="unknown"))
    reply = ask(wires)
    assert reply.outcome == "failed"
    names = {"anthropic": "tool_use", "google": "ESCALATION", "openai-responses": "cancelled"}
    assert names.get(wires.provider, "tool_calls") in reply.reason


def test_finished_without_text_is_malformed(wires: Wires) -> None:
    wires.server.play(servers.answer(""))
    assert ask(wires).outcome == "malformed"


@pytest.mark.parametrize(
    ("provider", "data", "outcome"),
    [
        ("openai", {"choices": []}, "malformed"),
        ("openai", {"choices": None}, "malformed"),
        ("openai", {"choices": ["x"], "usage": []}, "failed"),
        ("openai", {"choices": [{"message": None, "finish_reason": "stop"}]}, "malformed"),
        (
            "openai",
            {"choices": [{"message": {"content": [{"type": "text", "text": "{}"}]}, "finish_reason": "stop"}]},
            "complete",
        ),
        ("openai-responses", {"output": [], "status": "failed", "error": {"message": "server_error"}}, "failed"),
        ("openai-responses", {"output": [None, {"content": "x"}], "status": "completed"}, "malformed"),
        ("anthropic", {"content": [], "stop_reason": "refusal"}, "refused"),
        ("anthropic", {"content": [{"type": "text", "text": "{"}], "stop_reason": "pause_turn"}, "truncated"),
        (
            "anthropic",
            {"content": [{"type": "text", "text": "{"}], "stop_reason": "model_context_window_exceeded"},
            "truncated",
        ),
        ("anthropic", {"content": [{"type": "text", "text": "{}"}], "stop_reason": None}, "failed"),
        ("google", {"candidates": [], "usageMetadata": {"promptTokenCount": 3}}, "malformed"),
        ("google", {"promptFeedback": {"blockReason": "OTHER"}}, "refused"),
        ("google", {"candidates": [{"finishReason": "RECITATION"}]}, "refused"),
        ("google", {"candidates": [{"content": {"parts": "x"}, "finishReason": "STOP"}]}, "malformed"),
    ],
)
def test_odd_bodies(server: Server, provider: str, data: dict[str, Any], outcome: str) -> None:
    server.play(servers.body(data))
    assert ask(Wires(provider, server.base_url(provider), server)).outcome == outcome


def test_wrong_key(wires: Wires) -> None:
    wires.server.play(servers.status(401))
    found = fault(wires)
    assert (found.outcome, found.again, found.sent) == ("failed", False, False)
    names = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}
    assert names.get(wires.provider, "OPENAI_API_KEY") in str(found)


def test_server_that_echoes_the_key(wires: Wires) -> None:
    wires.server.play(servers.status(403, message="who is " + " or ".join(servers.KEYS.values()) + "?"))
    with pytest.raises(Fault) as raised:
        ask(wires)
    mine = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}.get(wires.provider, "OPENAI_API_KEY")
    assert servers.KEYS[mine] not in str(raised.value)
    assert "who is" in str(raised.value)


@pytest.mark.parametrize(("code", "word"), [(404, "m-1"), (413, "smaller"), (400, "no luck")])
def test_request_that_cannot_be_taken(wires: Wires, code: int, word: str) -> None:
    wires.server.play(servers.status(code))
    found = fault(wires)
    assert (found.outcome, found.again, found.sent) == ("failed", False, False)
    assert word in str(found)


def test_long_words_of_a_server_are_shortened(wires: Wires) -> None:
    wires.server.play(servers.status(400, message="bad\n" * 500))
    assert len(str(fault(wires))) < 400


@pytest.mark.parametrize("code", [408, 409, 500, 502, 503, 529])
def test_trouble_that_may_pass_is_tried_once_here(wires: Wires, code: int) -> None:
    wires.server.play(servers.status(code, {"Retry-After": "0"}))
    found = fault(wires)
    assert (found.outcome, found.again, found.retry_after) == ("failed", True, 0)
    assert len(wires.server.seen) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9", "retry-after-ms": "1500"}, 1.5),
    ],
)
def test_too_many_requests(wires: Wires, headers: dict[str, str], seconds: float | None) -> None:
    wires.server.play(servers.status(429, headers))
    found = fault(wires)
    assert (found.outcome, found.again, found.sent) == ("rate_limited", True, False)
    assert found.retry_after == seconds
    assert len(wires.server.seen) == 1


def test_retry_after_as_a_date(wires: Wires) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wires.server.play(servers.status(429, {"Retry-After": then}))
    assert fault(wires).retry_after == pytest.approx(60, abs=5)


def test_google_says_in_the_body_how_long_to_wait(server: Server) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    error = {"code": 429, "message": "slow down", "details": [{"@type": "x"}, info]}
    server.play(servers.body({"error": error}, 429))
    assert fault(Wires("google", server.root, server)).retry_after == 34.5


def test_server_that_wants_no_second_try(wires: Wires) -> None:
    wires.server.play(servers.status(503, {"x-should-retry": "false"}))
    assert fault(wires).again is False


def test_spent_quota_is_not_asked_again(server: Server) -> None:
    server.play(servers.body({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, 429))
    found = fault(Wires("openai", server.base_url("openai"), server))
    assert (found.outcome, found.again) == ("rate_limited", False)


def test_redirect_is_not_followed(wires: Wires) -> None:
    wires.server.play(servers.status(307, {"Location": f"{wires.server.root}/elsewhere"}))
    found = fault(wires)
    assert "/elsewhere" in str(found)
    assert found.again is False
    assert len(wires.server.seen) == 1


@pytest.mark.parametrize(
    ("played", "word"),
    [
        (servers.html(), "web page"),
        (servers.broken_json(), "broken JSON"),
        (servers.empty(), "empty"),
        (servers.body({"error": {"message": "overloaded", "type": "error"}}), "overloaded"),
        (servers.body({"error": "overloaded"}), "overloaded"),
        (servers.body({"hello": "world"}), "another API"),
        (servers.body([1, 2]), "another API"),
        (servers.body("a string"), "another API"),
        (servers.body(None), "JSON"),
        (servers.Raw(chunks=lambda: iter([b"[" * 100_000])), "broken JSON"),
        (servers.Raw(chunks=lambda: iter([b"\xff\xfe\xfa"])), "broken JSON"),
    ],
    ids=["html", "broken", "empty", "error", "error-text", "other", "list", "string", "null", "deep", "not-utf-8"],
)
def test_success_that_is_no_answer(wires: Wires, played: servers.Raw, word: str) -> None:
    wires.server.play(played)
    found = fault(wires)
    assert (found.outcome, found.again, found.sent) == ("malformed", True, True)
    assert word in str(found)
    assert len(wires.server.seen) == 1


@pytest.mark.parametrize("played", [servers.hang(), servers.drip()], ids=["hang", "drip"])
def test_server_that_never_ends(wires: Wires, played: servers.Raw) -> None:
    wires.server.play(played)
    provider = connect(wires.provider, wires.base_url)
    request = provider.request(QUESTION, model(wires.provider))
    start = time.monotonic()
    with pytest.raises(Fault, match="in time") as raised:
        provider.call(request, SOON)
    assert time.monotonic() - start < 2.5  # the server would go on for 5 s
    assert (raised.value.outcome, raised.value.again, raised.value.sent) == ("failed", True, True)
    assert len(wires.server.seen) == 1


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Wait: yes\r\n"),
        # a body without a length is over when the connection is, also when we shut it
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"choices": []}', b" "),
    ],
    ids=["headers", "endless-body"],
)
def test_server_that_drips(wires: Wires, start: bytes, more: bytes) -> None:
    def talk(opened: socket.socket, over: threading.Event) -> None:
        opened.sendall(start)
        while not over.wait(0.02):
            opened.sendall(more)

    with servers.raw_socket(talk) as root:
        found = fault(Wires(wires.provider, root, wires.server), SOON)
    assert (found.again, found.sent) == (True, True)
    assert "in time" in str(found)


def test_disconnect_in_mid_body(wires: Wires) -> None:
    wires.server.play(servers.disconnect_mid_body())
    found = fault(wires)
    assert (found.outcome, found.again, found.sent) == ("failed", True, True)
    assert "broke the connection" in str(found)
    assert len(wires.server.seen) == 1


def test_disconnect_without_a_word(wires: Wires) -> None:
    with servers.raw_socket(lambda opened, _: opened.shutdown(socket.SHUT_RDWR)) as root:
        found = fault(Wires(wires.provider, root, wires.server))
    assert (found.outcome, found.again, found.sent) == ("failed", True, True)


def test_nobody_listens(wires: Wires) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    found = fault(Wires(wires.provider, f"http://127.0.0.1:{port}", wires.server))
    assert (found.outcome, found.again, found.sent) == ("failed", True, False)
    assert str(port) in str(found)


def test_each_request_opens_its_own_connection(wires: Wires) -> None:
    """Else the deadline would not know which connection to cut."""
    opens: list[socket.socket] = []

    def talk(opened: socket.socket, over: threading.Event) -> None:
        opens.append(opened)
        opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        while servers.read_request(opened):
            opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with servers.raw_socket(talk) as root:
        provider = connect(wires.provider, root)
        for _ in range(2):
            with pytest.raises(Fault, match="another API"):
                provider.call(provider.request(QUESTION, model(wires.provider)), 10)
    assert len(opens) == 2


def test_pages_asked_at_once_keep_their_own_deadlines(wires: Wires) -> None:
    provider = connect(wires.provider, wires.base_url)
    asking = provider.request(replace(QUESTION, text="slow"), model(wires.provider))
    other = provider.request(replace(QUESTION, text="fast"), model(wires.provider))
    wires.server.handler = lambda asked: servers.drip(1) if asked.text == "slow" else servers.answer(TEXT)
    ends: list[str] = []

    def slow() -> None:
        try:
            provider.call(asking, SOON)
        except Fault as found:
            ends.append(str(found))

    thread = threading.Thread(target=slow)
    thread.start()
    while thread.is_alive():
        assert provider.reply(provider.call(other, 10), other).text == TEXT
    assert len(ends) == 1


def test_models(wires: Wires) -> None:
    found = connect(wires.provider, wires.base_url).models(10)
    assert found == (("m-1",) if wires.provider == "google" else ("m-1", "m-2"))


@pytest.mark.parametrize("played", [servers.status(401), servers.html(), servers.empty(), servers.body([1])])
def test_models_of_a_server_that_has_none(wires: Wires, played: servers.Raw) -> None:
    wires.server.fail["GET "] = played
    with pytest.raises(Fault) as raised:
        connect(wires.provider, wires.base_url).models(10)
    assert str(raised.value)


def test_answer_to_be_continued_is_not_asked_for_by_the_sdk(server: Server) -> None:
    candidate = {"finishReason": "CONTINUATION", "continuationToken": "YQ==", "content": {"parts": [{"text": "{"}]}}
    server.play(servers.body({"candidates": [candidate]}))
    assert ask(Wires("google", server.root, server)).outcome == "failed"
    assert len(server.seen) == 1


# The File API of Google


def upload(server: Server, timeout: float = 10) -> Reply:
    return ask(Wires("google", server.root, server), timeout, request_bytes=500)


def test_large_request_goes_by_the_file_api(server: Server) -> None:
    server.polls = 2
    server.play(servers.answer(TEXT))
    assert upload(server).outcome == "complete"
    (asked,) = server.asked
    assert asked.images == ((PNG, "image/png"), (JPEG, "image/jpeg"))
    assert not any("inlineData" in part for part in asked.body["contents"][0]["parts"])
    kinds = [line.split("/")[0] + line.split("/")[1] for line in server.seen]
    assert kinds.count("DELETE v1") == 2
    assert server.looks >= 2
    assert server.uploads == {}


def test_request_is_the_same_for_both_ways_but_for_the_way(server: Server) -> None:
    provider = connect("google", server.root)
    inline = provider.request(QUESTION, MODEL)
    by_file = provider.request(QUESTION, replace(MODEL, request_bytes=500))
    assert inline | {"upload": True} == by_file
    assert inline["images"][0]["data"] == QUESTION.images[0].data


@pytest.mark.parametrize(
    "played", [servers.status(500), servers.html(), servers.refuse_flag(), servers.disconnect_mid_body()]
)
def test_uploads_are_deleted_however_it_ends(server: Server, played: servers.Play) -> None:
    server.play(played)
    try:
        assert upload(server).outcome == "refused"
    except Fault:
        assert isinstance(played, servers.Raw)
    assert server.uploads == {}
    assert len(server.asked) == 1


def test_upload_that_fails(server: Server) -> None:
    server.fail["POST /put"] = servers.Raw(500, {"X-Goog-Upload-Status": "final"})
    with pytest.raises(Fault) as raised:
        upload(server)
    assert raised.value.again
    assert server.uploads == {}
    assert server.asked == []


def test_file_that_is_processed_for_ever(server: Server) -> None:
    server.polls = 10**6
    with pytest.raises(Fault, match="in time"):
        upload(server, 0.3)
    assert server.uploads == {}


def test_file_that_cannot_be_deleted_is_told(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.fail["DELETE"] = servers.status(500)
    server.play(servers.answer(TEXT))
    with caplog.at_level(logging.WARNING, "engine"):
        assert upload(server).outcome == "complete"
    assert sum("may stay at Google" in record.message for record in caplog.records) == 2


# Connecting


def test_missing_key_names_its_variable(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in servers.KEYS:
        monkeypatch.setenv(name, " ")
    if wires.provider == "openai-compatible":
        assert ask(wires).outcome == "complete"
        return
    names = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}
    with pytest.raises(UsageError, match=names.get(wires.provider, "OPENAI_API_KEY")):
        connect(wires.provider, wires.base_url)


def test_key_that_no_header_can_hold_is_not_repeated(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in servers.KEYS:
        monkeypatch.setenv(name, "sk-one\nsk-two")
    with pytest.raises(UsageError) as raised:
        connect(wires.provider, wires.base_url)
    assert "sk-" not in str(raised.value)


def test_base_url_is_the_one_used_without_userinfo(wires: Wires) -> None:
    given = wires.base_url.replace("http://", "http://me:secret-word@") + "/"
    provider = connect(wires.provider, given)
    assert provider.base_url == wires.base_url
    assert "secret-word" not in repr(vars(provider))
    provider.call(provider.request(QUESTION, model(wires.provider)), 10)
    assert len(wires.server.asked) == 1


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_BASE_URL"),
        ("openai-responses", "OPENAI_BASE_URL"),
        ("anthropic", "ANTHROPIC_BASE_URL"),
        ("google", "GOOGLE_GEMINI_BASE_URL"),
    ],
)
def test_base_url_of_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, provider: str, variable: str
) -> None:
    monkeypatch.setenv(variable, server.base_url(provider))
    assert connect(provider).base_url == server.base_url(provider)


def test_own_servers(server: Server) -> None:
    assert {name: connect(name).base_url for name in PROVIDERS if name != "openai-compatible"} == {
        "anthropic": "https://api.anthropic.com",
        "openai": "https://api.openai.com/v1",
        "openai-responses": "https://api.openai.com/v1",
        "google": "https://generativelanguage.googleapis.com",
    }


def test_compatible_server_needs_an_address(server: Server) -> None:
    with pytest.raises(UsageError, match="http://localhost:11434/v1"):
        connect("openai-compatible")


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://host/v1", "http://"])
def test_base_url_that_is_none(wires: Wires, url: str) -> None:
    with pytest.raises(UsageError, match="--base-url"):
        connect(wires.provider, url)


def test_unknown_provider() -> None:
    with pytest.raises(UsageError, match="did you mean 'anthropic'"):
        connect("antropic")


@pytest.mark.parametrize(
    ("provider", "module"), [("openai", "openai"), ("anthropic", "anthropic"), ("google", "google.genai")]
)
def test_missing_sdk(server: Server, monkeypatch: pytest.MonkeyPatch, provider: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "google.genai":
        monkeypatch.delattr("google.genai")
    with pytest.raises(MissingDependency, match="pip install"):
        connect(provider)


def test_offline_reads_and_writes_without_key_or_sdk(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    live = connect(wires.provider, wires.base_url)
    request = live.request(QUESTION, model(wires.provider))
    wires.server.play(servers.answer(TEXT))
    body = live.call(request, 10)
    for name in servers.KEYS:
        monkeypatch.delenv(name)
    for name in ("openai", "anthropic", "google.genai"):
        monkeypatch.setitem(sys.modules, name, None)
    adapter = offline(wires.provider, wires.base_url)
    assert (adapter.name, adapter.base_url) == (live.name, live.base_url)
    assert adapter.request(QUESTION, model(wires.provider)) == request
    assert adapter.reply(body, request).text == TEXT
    with pytest.raises(Fault, match="offline"):
        adapter.call(request, 10)
    with pytest.raises(Fault, match="offline"):
        adapter.models(10)


def test_offline_needs_no_address() -> None:
    assert [offline(name).name for name in PROVIDERS] == list(PROVIDERS)


def test_configured() -> None:
    assert configured({"OPENAI_API_KEY": "x", "GEMINI_API_KEY": "y", "ANTHROPIC_API_KEY": ""}) == {
        "anthropic": None,
        "openai": "OPENAI_API_KEY",
        "openai-responses": "OPENAI_API_KEY",
        "google": "GEMINI_API_KEY",
        "openai-compatible": "OPENAI_API_KEY",
    }


def test_importing_the_providers_imports_no_sdk() -> None:
    told = "import sys, engine.vlm.providers; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    heavy = ["openai", "anthropic", "google", "httpx2", "cv2"]
    done = subprocess.run([sys.executable, "-c", told, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
