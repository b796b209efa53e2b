"""Answers on disk: found again, paid once, whole or not there, and nobody's secret."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.vlm.image import Image
from engine.vlm.question import Question
from engine.vlm.store import (
    Kept,
    Store,
    age,
    default_root,
    kept_to_json,
    key,
    parts_of,
    public_url,
    read_kept,
    request_hash,
    rows,
    size_to_text,
)
from engine.vlm.wire import Request, Tokens

PICTURE = Image("aVZCT1J3MEtHZ28=" * 8, "image/png")
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}, "date": {"type": "string"}}}
QUESTION = Question("Read only what stands there.", "What is the total?", (PICTURE,), SCHEMA, (), 500)


def chat(question: Question, model: str = "gpt-x") -> Request:
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{one.data}"}} for one in question.images
    ]
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": question.rules},
            {"role": "user", "content": [*content, {"type": "text", "text": question.text}]},
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": question.schema}},
        "max_completion_tokens": question.max_output_tokens,
    }


def messages(question: Question, model: str = "claude-x") -> Request:
    sources = [{"type": "base64", "media_type": one.mime_type, "data": one.data} for one in question.images]
    return {
        "model": model,
        "system": question.rules,
        "messages": [{"role": "user", "content": [*sources, {"type": "text", "text": question.text}]}],
        "output_config": {"format": {"type": "json_schema", "schema": question.schema}},
        "max_tokens": question.max_output_tokens,
    }


def gemini(question: Question, model: str = "gemini-x") -> Request:
    pictures = [{"inline_data": {"data": one.data, "mime_type": one.mime_type}} for one in question.images]
    return {
        "model": model,
        "contents": [*pictures, {"text": question.text}],
        "config": {
            "system_instruction": question.rules,
            "response_json_schema": question.schema,
            "max_output_tokens": question.max_output_tokens,
        },
    }


def kept(question: Question = QUESTION, **changes: Any) -> Kept:
    told = {"provider": "openai", "base_url": "https://api.openai.com/v1/", "model": "gpt-x"} | changes
    body = told.pop("body", {"choices": [{"message": {"content": '{"total": 9.00}'}, "finish_reason": "stop"}]})
    usd = told.pop("usd", Decimal("0.0012"))
    return Kept.now(**told, question=question, request=chat(question), body=body, tokens=Tokens(900, 20, 5), usd=usd)


def answers(root: Path) -> list[Path]:
    return sorted(path for path in (root / "answers").rglob("*") if path.is_file())


# The key --------------------------------------------------------------------------------------------------------

CHANGES: dict[str, Question] = {
    "prompt": replace(QUESTION, text="What is the date?"),
    "schema": replace(QUESTION, schema={"type": "object", "properties": {"total": {"type": "string"}}}),
    "images": replace(QUESTION, images=(Image(PICTURE.data[:-4] + "AAAA", "image/png"),)),
    "parameters": replace(QUESTION, max_output_tokens=501),
}


def differing(one: Question, other: Question, build: Callable[[Question], Request]) -> list[str]:
    first, second = parts_of(one, build(one)), parts_of(other, build(other))
    return [part for part in CHANGES if getattr(first, part) != getattr(second, part)]


@pytest.mark.parametrize("build", [chat, messages, gemini])
@pytest.mark.parametrize("part", CHANGES)
def test_any_change_of_a_request_is_another_key_and_told_as_its_part(
    part: str, build: Callable[[Question], Request]
) -> None:
    changed = CHANGES[part]
    assert request_hash(build(changed)) != request_hash(build(QUESTION))
    assert differing(changed, QUESTION, build) == [part]


@pytest.mark.parametrize("build", [chat, messages, gemini])
def test_rules_belong_to_the_prompt_and_the_number_of_images_to_the_images(
    build: Callable[[Question], Request],
) -> None:
    assert differing(replace(QUESTION, rules="Guess."), QUESTION, build) == ["prompt"]
    assert "images" in differing(replace(QUESTION, images=(PICTURE, PICTURE)), QUESTION, build)


def test_the_order_of_a_schema_is_part_of_the_question() -> None:
    turned = replace(QUESTION, schema={"type": "object", "properties": dict(reversed(SCHEMA["properties"].items()))})  # type: ignore[attr-defined]
    assert differing(turned, QUESTION, chat) == ["schema"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from([QUESTION.text, PICTURE.data]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["schema", "text", "data", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_requests_that_differ_differ_in_a_part(one: Any, other: Any) -> None:
    first, second = {"request": one}, {"request": other}
    same = request_hash(first) == request_hash(second)
    assert same == (parts_of(QUESTION, first) == parts_of(QUESTION, second))


def test_whom_it_goes_to_is_part_of_the_key() -> None:
    request = chat(QUESTION)
    keys = {
        key("openai", "https://api.openai.com/v1", "gpt-x", request),
        key("openai-compatible", "https://api.openai.com/v1", "gpt-x", request),
        key("openai", "https://api.openai.com/v2", "gpt-x", request),
        key("openai", "https://api.openai.com/v1", "gpt-y", request),
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://me:secret@Example.org:8443/v1", "https://example.org:8443/v1"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://[::1]:8080/v1//", "http://[::1]:8080/v1"),
        ("https://example.org/v1?key=secret#x", "https://example.org/v1"),
    ],
)
def test_a_base_url_is_written_one_way_and_without_secrets(url: str, public: str) -> None:
    assert public_url(url) == public
    assert key("p", url, "m", {}) == key("p", public, "m", {})


# Keeping and finding --------------------------------------------------------------------------------------------


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    store, one = Store(tmp_path), kept()
    assert store.get(one.key) is None
    assert store.put(one)
    assert store.get(one.key) == one
    assert one.key == key("openai", "https://api.openai.com/v1", "gpt-x", chat(QUESTION))
    assert answers(tmp_path) == [tmp_path / "answers" / one.key[:2] / f"{one.key}.json"]


def test_an_unknown_price_stays_unknown_and_odd_text_whole(tmp_path: Path) -> None:
    one = replace(kept(usd=None, body={"text": "né \udc80 \u2028 \x00 🧾", "logprob": -0.1}), tokens=None)
    assert Store(tmp_path).put(one)
    assert Store(tmp_path).get(one.key) == one


def test_a_later_answer_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(kept(body={"n": 1}))
    store.put(kept(body={"n": 2}))
    found = store.get(kept().key)
    assert found is not None
    assert found.body == {"n": 2}
    assert len(answers(tmp_path)) == 1


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        store = Store(tmp_path / "new" / "cache")
        store.prepare()
        store.put(kept())
        with store.lock(kept().key):
            modes = [path.stat().st_mode for path in (tmp_path / "new").rglob("*")]
    finally:
        os.umask(before)
    assert {stat.S_IMODE(mode) for mode in modes if stat.S_ISDIR(mode)} == {0o700}
    assert [stat.S_IMODE(mode) for mode in modes if stat.S_ISREG(mode)] == [0o600] * 2, "the answer and its lock"


def whole() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(kept_to_json(kept()))
    return data


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut": kept_to_json(kept()).encode()[:200],
    "not text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "an array": b"[]",
    "foreign": b'{"total": 9}',
    "newer": json.dumps(whole() | {"version": 2}).encode(),
    "another question's": json.dumps(whole() | {"asked": "0" * 64}).encode(),
    "another model's": json.dumps(whole() | {"model": "gpt-y"}).encode(),
    "no body": json.dumps(whole() | {"body": None}).encode(),
    "no parts": json.dumps({name: value for name, value in whole().items() if name != "parts"}).encode(),
    "wrong parts": json.dumps(whole() | {"parts": []}).encode(),
    "wrong usd": json.dumps(whole() | {"usd": "much"}).encode(),
    "usd as float": json.dumps(whole() | {"usd": 0.1}).encode(),
    "wrong time": json.dumps(whole() | {"created": "yesterday"}).encode(),
    "no time zone": json.dumps(whole() | {"created": "2026-11-22T00:00:00"}).encode(),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_not_there_and_told_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    store, one = Store(tmp_path), kept()
    store.put(one)
    (path,) = answers(tmp_path)
    path.write_bytes(BROKEN[kind])
    with caplog.at_level(logging.WARNING):
        assert store.get(one.key) is None
    assert str(path) in caplog.text
    assert path.read_bytes() == BROKEN[kind]
    assert store.put(one)
    assert store.get(one.key) == one


def test_a_folder_that_cannot_be_made_is_told_before_and_costs_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("")
    store = Store(tmp_path / "cache")
    with pytest.raises(UsageError, match="--no-cache"):
        store.prepare()
    with caplog.at_level(logging.WARNING):
        assert not store.put(kept())
        assert store.get(kept().key) is None
        with store.lock(kept().key) as got:
            assert not got
    assert "paid again" in caplog.text
    assert "paid twice" in caplog.text


def test_a_full_disk_costs_no_answer_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not Store(tmp_path).put(kept())
    assert "No space left on device" in caplog.text
    assert answers(tmp_path) == []


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": {1, 2}}, {"x": b"bytes"}])
def test_a_body_that_is_not_json_is_not_kept(tmp_path: Path, body: dict[str, Any]) -> None:
    assert not Store(tmp_path).put(kept(body=body))
    assert answers(tmp_path) == []


# Secrets --------------------------------------------------------------------------------------------------------

SECRET = "sk-live-0123456789abcdef"  # noqa: S105 - made up


def test_no_file_holds_a_key_an_image_or_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    store = Store(tmp_path)
    one = kept(base_url=f"https://me:{SECRET}@example.org/v1?key={SECRET}")
    assert store.put(one)
    with store.lock(one.key):
        texts = [path.read_text() + str(path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(texts) == 2
    for secret in (SECRET, PICTURE.data, QUESTION.text, QUESTION.rules):
        assert not any(secret in text for text in texts)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_an_answer_that_repeats_a_key_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert not Store(tmp_path).put(kept(body={"error": f"your header was Bearer {SECRET}"}))
    assert answers(tmp_path) == []
    assert "key" in caplog.text
    assert SECRET not in caplog.text


def test_a_placeholder_for_a_key_may_stand_in_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "total")
    assert Store(tmp_path).put(kept())


# Several processes and threads ----------------------------------------------------------------------------------

FRESH = multiprocessing.get_context("spawn")


def ask_once(root: Path, paid: Path, start: Any) -> None:
    """What an asker does: look, lock, look again, pay, keep."""
    store, one = Store(root), kept()
    start.wait(20)
    for _ in range(3):
        if store.get(one.key) is None:
            with store.lock(one.key) as got:
                if store.get(one.key) is None:
                    with paid.open("a") as file:
                        file.write(f"{os.getpid()} {got}\n")
                    store.put(one)


def test_processes_that_ask_the_same_pay_once(tmp_path: Path) -> None:
    paid, start = tmp_path / "paid", FRESH.Barrier(4)
    processes = [FRESH.Process(target=ask_once, args=(tmp_path / "store", paid, start)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4
    assert [line.split()[1] for line in paid.read_text().splitlines()] == ["True"]
    assert Store(tmp_path / "store").get(kept().key) is not None
    assert list((tmp_path / "store" / "locks").iterdir()) == []


def test_threads_that_ask_the_same_pay_once(tmp_path: Path) -> None:
    from threading import Barrier

    paid, start = tmp_path / "paid", Barrier(8)
    threads = [Thread(target=ask_once, args=(tmp_path / "store", paid, start)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(paid.read_text().splitlines()) == 1


def hold(root: Path, held: Any) -> None:
    with Store(root).lock("a" * 64):
        held.set()
        signal.pause()


def test_a_holder_that_is_killed_lets_go(tmp_path: Path) -> None:
    held = FRESH.Event()
    process = FRESH.Process(target=hold, args=(tmp_path, held))
    process.start()
    assert held.wait(20)
    store = Store(tmp_path)
    with store.lock("a" * 64, patience=0.1) as got:
        assert not got
    process.kill()
    process.join(20)
    with store.lock("a" * 64, patience=5) as got:
        assert got


def test_a_holder_that_hangs_is_not_waited_for_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, got = Store(tmp_path), []

    def second() -> None:
        with store.lock("a" * 64, patience=0.1) as mine:
            got.append(mine)

    with store.lock("a" * 64):
        begun = monotonic()
        thread = Thread(target=second)
        thread.start()
        thread.join(10)
        assert monotonic() - begun >= 0.1
        assert (tmp_path / "locks" / f"{'a' * 64}.lock").exists(), "who had no lock must not take away another's"
    assert got == [False]
    assert "paid twice" in caplog.text


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def failing() -> None:
        with store.lock("a" * 64):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with store.lock("a" * 64, patience=0) as got:
        assert got


def test_questions_that_differ_do_not_wait_for_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.lock("a" * 64, patience=0) as one, store.lock("ab" * 32, patience=0) as other:
        assert one
        assert other


def die_while_writing(root: Path, body: dict[str, Any]) -> None:
    """Killed when the bytes are in the unfinished file, and before it gets its name."""
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    Store(root).put(kept(body=body))


def test_a_process_killed_while_writing_leaves_the_old_answer_or_none(tmp_path: Path) -> None:
    store, one = Store(tmp_path), kept()
    for before in (None, one):
        process = FRESH.Process(target=die_while_writing, args=(tmp_path, {"text": "new" * 1000}))
        process.start()
        process.join(20)
        assert process.exitcode == -signal.SIGKILL
        assert store.get(one.key) == before
        assert [entry.key for entry in store.entries()] == ([one.key] if before else [])
        store.put(one)
    assert len(answers(tmp_path)) == 3, "two unfinished files beside the answer"
    assert store.clear(None).answers == 1
    assert answers(tmp_path) == []


# Looking and clearing -------------------------------------------------------------------------------------------

NOW = datetime.now(UTC).replace(microsecond=0)


def filled(root: Path) -> Store:
    store = Store(root)
    store.put(replace(kept(), created=NOW - timedelta(days=40)))
    store.put(replace(kept(model="gpt-y"), created=NOW - timedelta(days=2)))
    store.put(replace(kept(model="gpt-y", provider="google", usd=None), created=NOW))
    return store


def test_entries_tell_what_is_kept(tmp_path: Path) -> None:
    store = filled(tmp_path)
    entries = list(store.entries())
    assert [entry.key for entry in entries] == sorted(path.stem for path in answers(tmp_path))
    assert {(entry.provider, entry.model, entry.usd) for entry in entries} == {
        ("openai", "gpt-x", Decimal("0.0012")),
        ("openai", "gpt-y", Decimal("0.0012")),
        ("google", "gpt-y", None),
    }
    assert sum(entry.size for entry in entries) == sum(path.stat().st_size for path in answers(tmp_path))


def test_an_empty_store_has_nothing_and_makes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert list(store.entries()) == []
    assert store.clear(None) == (0, 0)
    assert not (tmp_path / "none").exists()


def test_clearing_takes_what_is_old_enough(tmp_path: Path) -> None:
    store = filled(tmp_path)
    cleared = store.clear(timedelta(days=30))
    assert cleared.answers == 1
    assert cleared.bytes > 100
    assert {entry.created for entry in store.entries()} == {NOW - timedelta(days=2), NOW}
    assert store.clear(None).answers == 2
    assert answers(tmp_path) == []


def test_clearing_all_leaves_no_word_of_a_document_and_nobody_elses_file(tmp_path: Path) -> None:
    store = filled(tmp_path)
    (path, *_) = answers(tmp_path)
    path.write_text("broken")
    leftover = path.with_name(".0123.part")
    leftover.write_text("half an answer")
    mine = path.with_name("notes.json")
    mine.write_text("{}")
    lock = tmp_path / "locks" / f"{'b' * 64}.lock"
    lock.parent.mkdir()
    lock.touch()
    assert store.clear(timedelta(hours=1)).answers == 1, "a broken file written just now is not old"
    assert store.clear(None).answers == 2
    assert answers(tmp_path) == [mine]
    assert not lock.exists()


def test_clearing_leaves_a_lock_that_is_held(tmp_path: Path) -> None:
    store = filled(tmp_path)
    other = []
    with store.lock("a" * 64):
        thread = Thread(target=lambda: other.append(store.clear(None).answers))
        thread.start()
        thread.join(10)
        assert (tmp_path / "locks" / f"{'a' * 64}.lock").exists()
    assert other == [3]


def test_the_table_has_a_row_a_model_and_their_sum(tmp_path: Path) -> None:
    table = rows(filled(tmp_path).entries())
    assert table[0] == ("provider", "model", "answers", "size", "paid", "oldest", "newest")
    day = [(NOW - timedelta(days=days)).date().isoformat() for days in (0, 2, 40)]
    assert [row[:3] + row[4:] for row in table[1:]] == [
        ("google", "gpt-y", "1", "unknown", day[0], day[0]),
        ("openai", "gpt-x", "1", "$0.0012", day[2], day[2]),
        ("openai", "gpt-y", "1", "$0.0012", day[1], day[1]),
        ("", "all", "3", "$0.0024 + 1 unknown", day[2], day[0]),
    ]
    assert len(rows([])) == 1


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB")],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert size_to_text(size) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), ("2w", timedelta(14)), ("0m", timedelta())],
)
def test_ages(text: str, wanted: timedelta) -> None:
    assert age(text) == wanted


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1y", "1.5d", "30 d", "9" * 20 + "d", "²d"])
def test_what_is_no_age_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="--older-than"):
        age(text)


def test_a_very_old_age_clears_nothing(tmp_path: Path) -> None:
    assert filled(tmp_path).clear(age("999999w")).answers == 0


def test_the_root_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_root({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/engine")
    for ignored in ({}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}):
        assert default_root(ignored) == Path("/home/somebody/.cache/engine")


def test_a_file_reads_back_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    one = kept()
    path.write_text(kept_to_json(one))
    assert read_kept(path) == one
