"""What of a result may come out better another time: pages left for the budget, unanswered ones, and lost ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.config import Config

BAD_ENDS = frozenset({"rate_limited", "failed"})
"""Outcomes that say nothing of the page. What a model refused, cut off or garbled it was asked twice already."""


@dataclass(frozen=True, slots=True)
class Again:
    """Pages from 1; those that ``--pages`` left out are none of them.

    ``unpaid`` were not asked about, or not to the end, for the budget; ``unanswered`` were asked about while the
    provider was down, busy or did not take the key; ``unread`` ones hung or crashed their reader.
    """

    unpaid: frozenset[int] = frozenset()
    unanswered: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()

    @property
    def pages(self) -> frozenset[int]:
        return self.unpaid | self.unanswered | self.unread


NOTHING_AGAIN = Again()


def result_to_again(data: Mapping[str, Any]) -> Again:
    """Of a result's JSON. Raises KeyError and TypeError for what is none."""
    bad = [page for page in data["pages"] if page["outcome"] in BAD_ENDS]
    return Again(
        frozenset(each["page"] for each in data["findings"] if each["check"] == "budget" and each["page"]),
        frozenset(page["page"] for page in bad if page["route"] == "vlm"),
        frozenset(page["page"] for page in bad if page["route"] != "vlm"),
    )


def raised(before: Config, now: Config) -> bool:
    """Whether a limit of the budget allows more than it did."""
    return _more(before.max_usd, now.max_usd) or _more(before.max_vlm_pages, now.max_vlm_pages)


def _more(before: float | None, now: float | None) -> bool:
    return before is not None and (now is None or now > before)
