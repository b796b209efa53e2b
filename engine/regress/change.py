"""One difference between two runs of a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["value", "verdict", "route", "status", "finding", "expectation", "recording", "error"]
Effect = Literal["better", "worse", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``path`` is '' for the document, ``page N`` has ``page``. ``before`` and ``after`` are words for
    people; ``leaf`` is the pointer pattern by which changes are counted together ("un-flagged 3 wrong /total").
    ``note`` is what the engine says of it, '' where it says nothing. ``accepted``: a difference to a baseline of which
    the case's own ``accepted.json`` says that it should be so.
    """

    case: str
    type: str | None
    kind: Kind
    effect: Effect
    path: str
    leaf: str
    before: str
    after: str
    page: int | None = None
    note: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Makes changes of one case."""

    case: str
    type: str | None

    def __call__(
        self, kind: Kind, effect: Effect, path: str = "", leaf: str = "", *, before: str, after: str,
        page: int | None = None, note: str = "",
    ) -> Change:  # fmt: skip
        return Change(self.case, self.type, kind, effect, path, leaf, before, after, page, note)
