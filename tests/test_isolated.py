"""A call that hangs, crashes or eats memory costs that call and nothing else."""

from __future__ import annotations

import os
import time

import pytest

from engine import isolated
from engine.errors import BadPage


def _own_id() -> int:
    return os.getpid()


def _refuse() -> None:
    raise BadPage("page 1 is broken")


def _hang() -> None:
    time.sleep(60)


def _print_and_answer() -> str:
    os.write(1, b"noise of native code")
    return "answer"


def test_calls_run_in_one_other_process() -> None:
    first = isolated.call(_own_id)
    assert first != os.getpid()
    assert isolated.call(_own_id) == first


def test_an_error_of_ours_comes_through_and_the_child_lives_on() -> None:
    child = isolated.call(_own_id)
    with pytest.raises(BadPage, match="page 1 is broken"):
        isolated.call(_refuse)
    assert isolated.call(_own_id) == child


def test_what_the_call_prints_does_not_get_between_the_answers() -> None:
    assert isolated.call(_print_and_answer) == "answer"


def test_a_crash_is_said_and_the_next_call_has_a_new_child() -> None:
    child = isolated.call(_own_id)
    with pytest.raises(isolated.Stalled):
        isolated.call(os.abort)
    assert isolated.call(_own_id) != child


def test_a_hang_ends_in_time_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    child = isolated.call(_own_id)
    monkeypatch.setattr(isolated, "TIMEOUT", 0.2)
    with pytest.raises(isolated.Stalled, match="no answer within"):
        isolated.call(_hang)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
