"""What may be spent: never more than the limit, whoever asks at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.vlm.budget import Budget, Reservation, check_priced

CENT = Decimal("0.01")


def usd(limit: str | None) -> Budget:
    return Budget(None if limit is None else Decimal(limit), None)


def taken(budget: Budget, estimate: Decimal | None = CENT) -> Reservation:
    reservation = budget.reserve(estimate)
    assert reservation is not None
    return reservation


def test_reservations_stop_exactly_at_the_limit() -> None:
    budget = usd("0.30")
    assert [budget.reserve(Decimal("0.1")) is not None for _ in range(4)] == [True, True, True, False]
    assert budget.left == 0
    assert budget.spent == 0


def test_what_was_cheaper_than_estimated_leaves_room() -> None:
    budget = usd("0.01")
    taken(budget).settle(Decimal("0.004"))
    assert (budget.spent, budget.left) == (Decimal("0.004"), Decimal("0.006"))
    assert budget.reserve(CENT) is None
    assert budget.reserve(Decimal("0.006")) is not None


def test_what_was_dearer_is_booked_and_ends_the_spending() -> None:
    budget = usd("0.01")
    taken(budget).settle(Decimal("0.03"))
    assert (budget.spent, budget.left) == (Decimal("0.03"), 0)
    assert budget.reserve(Decimal("0.0001")) is None


def test_a_try_that_may_have_been_billed_keeps_its_estimate() -> None:
    budget = usd("0.02")
    taken(budget).settle(None)
    taken(budget, Decimal("0.005")).settle(Decimal("0.005"))
    assert (budget.spent, budget.uncertain, budget.left) == (Decimal("0.015"), CENT, Decimal("0.005"))


def test_a_try_that_was_not_sent_is_given_back() -> None:
    budget = usd("0.01")
    taken(budget).release()
    assert (budget.spent, budget.uncertain, budget.left) == (0, 0, CENT)


def test_only_the_first_settlement_counts() -> None:
    budget = usd("1")
    reservation = taken(budget)
    reservation.settle(CENT)
    reservation.release()
    reservation.settle(None)
    assert (budget.spent, budget.uncertain, budget.left) == (CENT, 0, Decimal("0.99"))


def test_nothing_may_be_spent_is_nothing() -> None:
    budget = usd("0")
    assert budget.reserve(Decimal("0.0000001")) is None
    assert budget.reserve(None) is None
    taken(budget, Decimal(0)).settle(Decimal(0))
    assert (budget.spent, budget.left) == (0, 0)


def test_without_a_limit_everything_passes_and_is_booked() -> None:
    budget = usd(None)
    taken(budget, Decimal(1000)).settle(Decimal(999))
    taken(budget, None).settle(None)
    assert (budget.spent, budget.left) == (999, None)


def test_an_unknown_price_is_never_within_a_limit() -> None:
    assert usd("1000").reserve(None) is None


def test_pages_stop_at_the_limit() -> None:
    budget = Budget(None, 2)
    assert [budget.take_page() for _ in range(4)] == [True, True, False, False]
    assert budget.pages == 2
    assert not Budget(None, 0).take_page()
    assert all(Budget(None, None).take_page() for _ in range(5))


@pytest.mark.parametrize("limit", ["-0.01", "NaN", "Infinity", "-Infinity"])
def test_a_limit_that_is_no_amount_is_told(limit: str) -> None:
    with pytest.raises(UsageError, match="--max-usd"):
        usd(limit)


def test_a_negative_number_of_pages_is_told() -> None:
    with pytest.raises(UsageError, match="--max-vlm-pages"):
        Budget(None, -1)


@pytest.mark.parametrize("estimate", ["-1", "NaN", "Infinity"])
def test_an_estimate_that_is_no_amount_is_a_slip(estimate: str) -> None:
    with pytest.raises(ValueError, match="set aside"):
        usd("1").reserve(Decimal(estimate))


def test_a_limit_needs_a_price() -> None:
    with pytest.raises(UsageError, match="--max-usd cannot be kept with my-llava"):
        check_priced(Decimal(0), False, "my-llava")
    check_priced(Decimal(1), True, "gpt")
    check_priced(None, False, "my-llava")


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads that are switched as often as can be, so that what is not locked comes apart."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_never_spend_more_than_the_limit_together() -> None:
    budget = Budget(Decimal("1.00"), 50)

    def page(number: int) -> tuple[bool, bool]:
        reservation = budget.reserve(CENT)
        if reservation is not None and number % 2:
            reservation.settle(CENT)
        return budget.take_page(), reservation is not None

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(page, range(400)))
    assert sum(page for page, _ in done) == budget.pages == 50
    assert sum(money for _, money in done) == 100
    assert budget.left == 0


@pytest.mark.usefixtures("hasty")
def test_one_reservation_settled_by_many_is_booked_once() -> None:
    budget = usd("1")
    reservation = taken(budget)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reservation.settle, [CENT] * 100))
    assert (budget.spent, budget.left) == (CENT, Decimal("0.99"))


AMOUNTS = st.decimals(min_value=0, max_value=1, places=4)


@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, st.sampled_from(["settle", "unknown", "release", "open"]))))
def test_estimates_that_hold_keep_the_limit(limit: Decimal, tries: list[tuple[Decimal, str]]) -> None:
    budget = Budget(limit, None)
    still_open = Decimal(0)
    for estimate, end in tries:
        reservation = budget.reserve(estimate)
        if reservation is None:
            continue
        if end == "settle":
            reservation.settle(estimate / 2)
        elif end == "unknown":
            reservation.settle(None)
        elif end == "release":
            reservation.release()
        else:
            still_open += estimate
    assert budget.uncertain <= budget.spent <= limit
    assert budget.left == limit - budget.spent - still_open
