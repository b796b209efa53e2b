"""One policy of trying again, for every provider; the SDKs' own is switched off."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter, wait_random

from engine.errors import UsageError
from engine.result import Outcome
from engine.vlm.wire import Body, Fault


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long one request is tried. All times are seconds.

    ``deadline`` is for all tries and the waits between them; ``timeout`` for one try, cut to what is left of the
    deadline; a try that would have less than ``least`` is not begun, for it would be paid and cut off. The waits
    grow from ``first_wait``, doubling up to ``longest_wait``, plus up to ``jitter``. What a server asks for in
    Retry-After comes before that, up to ``longest_asked``. Raises UsageError for values that allow no try.
    """

    attempts: int = 4
    deadline: float = 300.0
    timeout: float = 120.0
    least: float = 5.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    jitter: float = 1.0
    longest_asked: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.timeout <= 0 or not 0 <= self.least < self.deadline:
            raise UsageError(
                f"{self.attempts} tries of {self.timeout:g} s within {self.deadline:g} s cannot be made:"
                f" give at least one try, a time-out above 0 and a deadline above {self.least:g} s"
            )
        if min(self.first_wait, self.longest_wait, self.jitter, self.longest_asked) < 0:
            raise UsageError("the waits between tries cannot be negative: give 0 s or more")


@dataclass(frozen=True, slots=True)
class Tried:
    """An answer and the tries it took; ``sent`` counts the failed ones that may have been billed all the same."""

    body: Body
    attempts: int
    sent: int


class Exhausted(Exception):
    """No try brought an answer. ``fault`` is the last one's; the other two are those of :class:`Tried`."""

    def __init__(self, fault: Fault, attempts: int, sent: int, why: str) -> None:
        super().__init__(f"{fault} ({why})" if why else str(fault))
        self.fault = fault
        self.attempts = attempts
        self.sent = sent

    @property
    def outcome(self) -> Outcome:
        return self.fault.outcome


def with_retry(
    call: Callable[[float], Body],
    policy: Policy,
    *,
    turn: AbstractContextManager[Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Tried:
    """What *call* brings, tried again after a :class:`Fault` that says so; *call* gets its time-out in seconds.

    Every try is made inside *turn* (a :class:`~engine.vlm.pace.Pace`), no wait is. Waiting for a turn is our own
    doing and not the server's, so that it does not count against the deadline.

    Raises Exhausted after the last Fault. Whatever else *call* raises passes through at once.
    """
    tries = _Tries(call, policy, nullcontext() if turn is None else turn, clock)

    def pause(seconds: float) -> None:
        sleep(seconds)

    retrying = Retrying(
        sleep=pause,
        wait=tries.wait,
        stop=tries.stop,
        retry=retry_if_exception(lambda error: isinstance(error, Fault) and error.again),
        reraise=True,
    )
    try:
        body = retrying(tries.once)
    except Fault as fault:
        raise Exhausted(fault, tries.attempts, tries.sent, tries.why) from fault
    return Tried(body, tries.attempts, tries.sent)


class _Tries:
    """The tries of one request: their number, the time they have left, and why there is no further one."""

    def __init__(
        self,
        call: Callable[[float], Body],
        policy: Policy,
        turn: AbstractContextManager[Any],
        clock: Callable[[], float],
    ) -> None:
        self.attempts = 0
        self.sent = 0
        self.why = ""
        self._call = call
        self._policy = policy
        self._turn = turn
        self._clock = clock
        self._end = clock() + policy.deadline
        self._backoff = wait_exponential_jitter(policy.first_wait, policy.longest_wait, jitter=policy.jitter)
        self._jitter = wait_random(0, policy.jitter)

    def once(self) -> Body:
        queued = self._clock()
        with self._turn:
            self._end += self._clock() - queued
            self.attempts += 1
            try:
                return self._call(min(self._policy.timeout, self._left()))
            except Fault as fault:
                self.sent += fault.sent
                raise

    def wait(self, state: RetryCallState) -> float:
        """Seconds to the next try. Pages asked in parallel are told the same Retry-After: jitter parts them."""
        asked = _asked(state)
        if asked is None:
            return self._backoff(state)
        return min(asked, self._policy.longest_asked) + self._jitter(state)

    def stop(self, state: RetryCallState) -> bool:
        """Whether another try is in vain; tenacity has asked :meth:`wait` before."""
        asked = _asked(state)
        time_to_wait = self._left() - self._policy.least
        if self.attempts >= self._policy.attempts:
            self.why = f"given up after {_tries(self.attempts)}"
        elif asked is not None and asked > max(time_to_wait, 0):
            self.why = f"given up after {_tries(self.attempts)}: the server asks to wait {asked:.0f} s, too long"
        elif state.upcoming_sleep > time_to_wait:
            self.why = f"given up after {_tries(self.attempts)}: no time is left for another"
        return bool(self.why)

    def _left(self) -> float:
        return self._end - self._clock()


def _asked(state: RetryCallState) -> float | None:
    """The seconds of Retry-After; what makes no sense as a time to wait counts as none at all."""
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.retry_after if isinstance(fault, Fault) else None
    return asked if asked is not None and asked >= 0 else None


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"
