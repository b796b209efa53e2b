"""Requests at once, and requests a minute."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock, Thread

import pytest

from engine.errors import UsageError
from engine.vlm.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(per_minute: int) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(0, per_minute, clock=clock, sleep=clock.sleep), clock


def starts(pace: Pace, clock: Clock, count: int, seconds: float = 0.0) -> list[float]:
    begun = []
    for _ in range(count):
        with pace:
            begun.append(clock.now)
            clock.now += seconds
    return begun


def test_the_first_ones_begin_at_once_and_the_next_when_the_minute_is_over() -> None:
    assert starts(*paced(2), 5) == [0, 0, 60, 60, 120]


def test_the_window_slides() -> None:
    begun = starts(*paced(3), 30, seconds=7)
    assert all(later - earlier >= 60 for earlier, later in zip(begun, begun[3:], strict=False))
    assert begun[:4] == [0, 7, 14, 60]


def test_slow_requests_wait_for_nothing() -> None:
    assert starts(*paced(2), 4, seconds=31) == [0, 31, 62, 93]


def test_no_limit_is_no_wait() -> None:
    assert starts(*paced(0), 100) == [0] * 100


def test_as_many_at_once_as_allowed_and_no_more() -> None:
    pace, lock, together = Pace(3, 0), Lock(), Barrier(3)
    running = most = 0

    def request(_: int) -> None:
        nonlocal running, most
        with pace:
            with lock:
                running += 1
                most = max(most, running)
            together.wait(5)  # three are there, or the test breaks here
            with lock:
                running -= 1

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(request, range(9)))
    assert most == 3


def test_without_a_limit_all_run_at_once() -> None:
    pace, together = Pace(0, 0), Barrier(8)

    def request(_: int) -> bool:
        with pace:
            together.wait(5)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(request, range(8)))


def test_threads_get_places_of_their_own() -> None:
    """Twelve threads within the limit of four: three minutes, four begin in each."""
    waits: list[float] = []
    lock = Lock()

    def slept(seconds: float) -> None:
        with lock:
            waits.append(seconds)

    pace = Pace(0, 4, clock=lambda: 0.0, sleep=slept)

    def request(_: int) -> None:
        with pace:
            pass

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(request, range(12)))
    assert sorted(waits) == [60] * 4 + [120] * 4


def test_a_request_that_fails_gives_its_turn_back() -> None:
    pace = Pace(1, 0)

    def failing() -> None:
        with pace:
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            failing()
    assert free(pace)


def test_an_interrupted_wait_gives_its_turn_back() -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    pace = Pace(1, 1, clock=lambda: 0.0, sleep=interrupted)

    def request() -> None:
        with pace:
            pass

    request()
    with pytest.raises(KeyboardInterrupt):
        request()
    pace._sleep = lambda _: None
    assert free(pace)


def free(pace: Pace) -> bool:
    """Whether somebody gets a turn; in a thread, so that a lost turn fails the test and does not hang it."""
    got = Event()

    def request() -> None:
        with pace:
            got.set()

    Thread(target=request, daemon=True).start()
    return got.wait(2)


@pytest.mark.parametrize("wrong", [lambda: Pace(-1, 0), lambda: Pace(0, -1)])
def test_a_negative_limit_is_told(wrong: Callable[[], Pace]) -> None:
    with pytest.raises(UsageError, match="0 means no limit"):
        wrong()
