"""A task that hangs or dies costs itself: the next one finds the pool at work."""

from __future__ import annotations

import multiprocessing.util
import os
import signal
import time
from collections.abc import Iterator

import pytest

from engine.batch.pool import Lost, Pool
from engine.errors import UsageError


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


def die(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number)


def double(number: int) -> int:
    if number < 0:
        raise ValueError("negative")
    return 2 * number


def test_a_task_that_hangs_is_given_up(pool: Pool) -> None:
    with pytest.raises(Lost, match="longer than 1 second"):
        pool.run(1, time.sleep, 60)
    assert pool.run(30, double, 21) == 42


def test_a_process_that_crashes_takes_its_task_alone(pool: Pool) -> None:
    with pytest.raises(Lost, match="died"):
        pool.run(30, die, signal.SIGSEGV)
    assert pool.run(30, double, 21) == 42


def test_an_error_of_the_task_is_its_own(pool: Pool) -> None:
    with pytest.raises(ValueError, match="negative"):
        pool.run(30, double, -1)


def test_a_temporary_folder_too_deep_for_sockets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing.util, "get_temp_dir", lambda: f"/tmp/{'deep/' * 16}pymp-12345678")  # noqa: S108
    with pytest.raises(UsageError, match="set TMPDIR"):
        Pool(1)
