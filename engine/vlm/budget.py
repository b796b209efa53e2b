"""What a run may spend: US dollars and pages. An empty budget is no error: the page goes to OCR and says so."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

from engine.errors import UsageError

_NOTHING = Decimal(0)


class Reservation:
    """Money set aside for one request, before it is sent. Without :meth:`settle` it stays set aside.

    Only the first of the two calls counts, so that a ``finally`` may release what was settled.
    """

    def __init__(self, budget: Budget, estimate: Decimal) -> None:
        self._budget = budget
        self._estimate: Decimal | None = estimate

    def settle(self, actual: Decimal | None) -> None:
        """Book what the try cost. None means that it was sent and nobody knows, as after a time-out: it may have been
        billed, so that all that was set aside is booked, as spent and in ``Budget.uncertain``.
        """
        self._budget._settle(self, actual)

    def release(self) -> None:
        """Give it back: nothing was sent."""
        self._budget._settle(self, _NOTHING)

    def _take(self) -> Decimal | None:
        """The estimate, once."""
        estimate, self._estimate = self._estimate, None
        return estimate


class Budget:
    """The limits of one run in one process, from any thread; None is no limit.

    ``max_usd`` 0 lets only free tries pass. The limit holds where each sets aside all that it may cost; one that is
    billed with more is booked with that, and leaves less than nothing.

    Raises UsageError for a limit that is negative or no number.
    """

    def __init__(self, max_usd: Decimal | None, max_pages: int | None) -> None:
        if max_usd is not None and not (max_usd.is_finite() and max_usd >= 0):
            raise UsageError(f"--max-usd {max_usd} is no amount to spend: give 0 or more dollars")
        if max_pages is not None and max_pages < 0:
            raise UsageError(f"--max-vlm-pages {max_pages} is negative: give 0 or more pages")
        self._max_usd = max_usd
        self._max_pages = max_pages
        self._lock = Lock()
        self._pages = 0
        self._spent = _NOTHING
        self._reserved = _NOTHING
        self._uncertain = _NOTHING

    def take_page(self) -> bool:
        """One page more, where the limit allows it."""
        with self._lock:
            if self._max_pages is not None and self._pages >= self._max_pages:
                return False
            self._pages += 1
            return True

    def reserve(self, estimate: Decimal | None) -> Reservation | None:
        """Set *estimate* dollars aside; None where they are not there any more.

        An unknown price (None) is never within a limit, and anything is within none. Raises ValueError for an
        estimate that is negative or no number.
        """
        if estimate is not None and not (estimate.is_finite() and estimate >= 0):
            raise ValueError(f"{estimate} cannot be set aside")
        with self._lock:
            if self._max_usd is not None and (
                estimate is None or self._spent + self._reserved + estimate > self._max_usd
            ):
                return None
            known = _NOTHING if estimate is None else estimate
            self._reserved += known
            return Reservation(self, known)

    @property
    def pages(self) -> int:
        with self._lock:
            return self._pages

    @property
    def spent(self) -> Decimal:
        """Dollars booked, with the estimates of tries whose cost nobody knows."""
        with self._lock:
            return self._spent

    @property
    def uncertain(self) -> Decimal:
        """The part of ``spent`` that is estimates of tries which may have been billed."""
        with self._lock:
            return self._uncertain

    @property
    def left(self) -> Decimal | None:
        """Dollars that may still be reserved, never below 0; None without a limit."""
        with self._lock:
            if self._max_usd is None:
                return None
            return max(_NOTHING, self._max_usd - self._spent - self._reserved)

    def _settle(self, reservation: Reservation, actual: Decimal | None) -> None:
        with self._lock:
            estimate = reservation._take()
            if estimate is None:
                return
            self._reserved -= estimate
            self._uncertain += estimate if actual is None else _NOTHING
            self._spent += estimate if actual is None else actual


def check_priced(max_usd: Decimal | None, price_known: bool, model_name: str) -> None:
    """Raise UsageError for a limit in dollars on a model that has no price: it could never be kept."""
    if max_usd is not None and not price_known:
        raise UsageError(
            f"--max-usd cannot be kept with {model_name}, whose price is not known: give its input_price and"
            " output_price in your own table of models (0 where it costs nothing), or leave --max-usd out"
        )
