"""Trying again: what is tried again, how long is waited, and when it is given up."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from engine.errors import UsageError
from engine.vlm.providers import connect
from engine.vlm.retry import Exhausted, Policy, Tried, with_retry
from engine.vlm.wire import Body, Fault

PLAIN = Policy(jitter=0)
BODY: Body = {"answer": 42}
PATH = "/v1/chat/completions"


class Clock:
    """Time that passes only when somebody sleeps or a call takes some."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Script:
    """A call that goes wrong in a given way, then answers; each try takes *seconds* of the clock."""

    def __init__(self, clock: Clock, *ends: Exception, seconds: float = 0.0) -> None:
        self.clock = clock
        self.ends = list(ends)
        self.seconds = seconds
        self.timeouts: list[float] = []

    def __call__(self, timeout: float) -> Body:
        self.timeouts.append(timeout)
        self.clock.now += min(self.seconds, timeout)
        if self.ends:
            raise self.ends.pop(0)
        return BODY


def run(script: Script, policy: Policy = PLAIN) -> Tried:
    return with_retry(script, policy, clock=script.clock, sleep=script.clock.sleep)


def passing(count: int = 1, retry_after: float | None = None, *, sent: bool = False) -> list[Fault]:
    return [Fault("busy", "rate_limited", again=True, retry_after=retry_after, sent=sent) for _ in range(count)]


def test_an_answer_is_one_try() -> None:
    clock = Clock()
    assert run(Script(clock)) == Tried(BODY, 1, 0)
    assert clock.slept == []


def test_a_fault_that_passes_is_tried_again_after_growing_waits() -> None:
    clock = Clock()
    assert run(Script(clock, *passing(3))) == Tried(BODY, 4, 0)
    assert clock.slept == [1, 2, 4]


def test_a_fault_that_stays_is_not_tried_again() -> None:
    clock = Clock()
    script = Script(clock, Fault("401: check OPENAI_API_KEY"))
    with pytest.raises(Exhausted, match=r"^401: check OPENAI_API_KEY$") as caught:
        run(script)
    assert (caught.value.attempts, caught.value.outcome, len(script.timeouts)) == (1, "failed", 1)


def test_the_last_fault_is_told_with_the_number_of_tries() -> None:
    faults = [*passing(3), Fault("529 overloaded", "failed", again=True)]
    script = Script(Clock(), *faults)
    with pytest.raises(Exhausted, match=r"529 overloaded \(given up after 4 tries\)") as caught:
        run(script)
    assert caught.value.fault is faults[-1]
    assert caught.value.attempts == len(script.timeouts) == 4


def test_a_fault_that_stays_ends_the_tries_of_one_that_passes() -> None:
    script = Script(Clock(), *passing(1), Fault("413 too large"), *passing(1))
    with pytest.raises(Exhausted, match="413") as caught:
        run(script)
    assert caught.value.attempts == 2


def test_tries_that_may_have_been_billed_are_counted() -> None:
    assert run(Script(Clock(), *passing(1, sent=True), *passing(1))).sent == 1
    with pytest.raises(Exhausted) as caught:
        run(Script(Clock(), *passing(4, sent=True)))
    assert caught.value.sent == 4


def test_what_is_no_fault_passes_through_at_once() -> None:
    script = Script(Clock(), ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(script)
    assert len(script.timeouts) == 1


def test_waits_grow_no_longer_than_the_longest() -> None:
    clock = Clock()
    run(Script(clock, *passing(5)), Policy(attempts=6, jitter=0, longest_wait=5))
    assert clock.slept == [1, 2, 4, 5, 5]


def test_jitter_is_added_to_both_kinds_of_wait() -> None:
    clock = Clock()
    run(Script(clock, *passing(1), *passing(1, 20)), Policy(jitter=3))
    assert 1 < clock.slept[0] <= 4
    assert 20 < clock.slept[1] <= 23


@pytest.mark.parametrize(
    ("asked", "slept"), [(0, 0), (7.5, 7.5), (60, 60), (200, 60), (-1, 1), (float("nan"), 1), (None, 1)]
)
def test_retry_after_is_obeyed_up_to_the_cap(asked: float | None, slept: float) -> None:
    clock = Clock()
    run(Script(clock, *passing(1, asked)))
    assert clock.slept == [slept]


@pytest.mark.parametrize("asked", [296, 3600, float("inf")])
def test_retry_after_beyond_the_deadline_is_not_waited_for(asked: float) -> None:
    clock = Clock()
    with pytest.raises(Exhausted, match="given up after 1 try: the server asks to wait") as caught:
        run(Script(clock, *passing(1, asked)))
    assert clock.slept == []
    assert caught.value.outcome == "rate_limited"


def test_a_try_is_cut_to_what_is_left_of_the_deadline() -> None:
    script = Script(Clock(), *passing(9, sent=True), seconds=999)
    with pytest.raises(Exhausted, match="given up after 3 tries: no time is left for another"):
        run(script)
    assert script.timeouts == [120, 120, 300 - 120 - 1 - 120 - 2]
    assert script.clock.now == 1300


def test_a_try_that_would_be_cut_off_is_not_begun() -> None:
    script = Script(Clock(), *passing(9), seconds=96)
    with pytest.raises(Exhausted, match="no time is left") as caught:
        run(script, Policy(deadline=100, least=5, jitter=0))
    assert caught.value.attempts == 1
    assert script.clock.slept == []


def test_each_try_takes_a_turn_and_no_wait_holds_one() -> None:
    clock, seen = Clock(), []

    class Turns:
        def __enter__(self) -> None:
            seen.append("turn")

        def __exit__(self, *error: object) -> None:
            seen.append("done")

    def sleep(seconds: float) -> None:
        seen.append("sleep")
        clock.sleep(seconds)

    script = Script(clock, *passing(1))

    def call(timeout: float) -> Body:
        seen.append("call")
        return script(timeout)

    with_retry(call, PLAIN, turn=Turns(), clock=clock, sleep=sleep)
    assert seen == ["turn", "call", "done", "sleep", "turn", "call", "done"]


def test_waiting_for_a_turn_does_not_count_against_the_deadline() -> None:
    clock = Clock()

    class Queue:
        def __enter__(self) -> None:
            clock.now += 500

        def __exit__(self, *error: object) -> None:
            pass

    script = Script(clock, *passing(1), seconds=10)
    assert with_retry(script, PLAIN, turn=Queue(), clock=clock, sleep=clock.sleep).attempts == 2
    assert script.timeouts == [120, 120]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Policy(attempts=0),
        lambda: Policy(timeout=0),
        lambda: Policy(deadline=5),
        lambda: Policy(least=-1),
        lambda: Policy(jitter=-1),
        lambda: Policy(deadline=float("nan")),
    ],
)
def test_a_policy_that_allows_no_try_is_told(wrong: Callable[[], Policy]) -> None:
    with pytest.raises(UsageError):
        wrong()


# Against a real server, through a real SDK ----------------------------------------------------------------------

ANSWER: Body = {"id": "1", "choices": [], "object": "chat.completion", "model": "m", "created": 1}


@pytest.fixture
def call(httpserver: HTTPServer) -> Callable[[float], Body]:
    return calling(httpserver.url_for("/v1"))


def calling(url: str) -> Callable[[float], Body]:
    provider = connect("openai-compatible", url)
    return lambda timeout: provider.call({"model": "m", "messages": []}, timeout)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_a_server_that_recovers_is_asked_until_it_answers(
    httpserver: HTTPServer, call: Callable[[float], Body], status: int
) -> None:
    httpserver.expect_ordered_request(PATH).respond_with_data("busy", status, {"Retry-After": "30"})
    httpserver.expect_ordered_request(PATH).respond_with_data("busy", status)
    httpserver.expect_ordered_request(PATH).respond_with_json(ANSWER)
    slept: list[float] = []
    tried = with_retry(call, PLAIN, sleep=slept.append)
    assert (tried.body, tried.attempts) == (ANSWER, 3)
    assert slept == [30, 2]
    assert len(httpserver.log) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_server_that_says_no_is_asked_once(
    httpserver: HTTPServer, call: Callable[[float], Body], status: int
) -> None:
    httpserver.expect_request(PATH).respond_with_data("no", status)
    with pytest.raises(Exhausted) as caught:
        with_retry(call, PLAIN, sleep=lambda _: None)
    assert "given up" not in str(caught.value)
    assert len(httpserver.log) == caught.value.attempts == 1


def test_a_page_of_html_instead_of_an_answer_is_asked_again(
    httpserver: HTTPServer, call: Callable[[float], Body]
) -> None:
    httpserver.expect_ordered_request(PATH).respond_with_data("<html>busy</html>", content_type="text/html")
    httpserver.expect_ordered_request(PATH).respond_with_json(ANSWER)
    assert with_retry(call, PLAIN, sleep=lambda _: None).body == ANSWER


def test_a_server_that_hangs_is_left_at_the_timeout_and_asked_again(
    httpserver: HTTPServer, call: Callable[[float], Body]
) -> None:
    free, asked = Event(), []

    def hang_once(_: Request) -> Response:
        asked.append(1)
        if len(asked) == 1:
            free.wait(10)
        return Response(json.dumps(ANSWER), mimetype="application/json")

    def let_go(_: float) -> None:  # the test server takes one request at a time
        free.set()

    httpserver.expect_request(PATH).respond_with_handler(hang_once)
    done = with_retry(call, Policy(timeout=0.3, least=0, jitter=0), sleep=let_go)
    assert done.body == ANSWER
    assert done.sent == done.attempts - 1 >= 1


def test_nobody_there_is_tried_again_and_told() -> None:
    with pytest.raises(Exhausted, match="given up after 4 tries") as caught:
        with_retry(calling("http://127.0.0.1:1/v1"), PLAIN, sleep=lambda _: None)
    assert caught.value.outcome == "failed"
