"""Many runs as figures: how many values are right by type and field, false success, automation, what a model took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from engine.regress.ran import Ran
from engine.result import Usage

Z_95 = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``."""

    hits: int
    n: int

    @property
    def rate(self) -> float | None:
        """0..1; None of nothing."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval (Wilson) of the rate; everything is possible of nothing."""
        if self.n == 0:
            return 0.0, 1.0
        p, n, z = self.hits / self.n, self.n, Z_95
        middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))

    def told(self, of: str) -> str:
        """Such as ``8.3 % of clean documents (1 of 12; 95 % interval 1.5 to 35.4)``."""
        if self.n == 0:
            return f"not measured (0 of 0 {of})"
        low, high = self.interval
        return (
            f"{percent(self.rate)} of {of} ({self.hits} of {self.n}; 95 % interval {100 * low:.1f} to {100 * high:.1f})"
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many values ended how. ``leaf`` is a pointer pattern, '' for all of a type; ``type`` None where unknown."""

    type: str | None
    leaf: str
    exact: int = 0
    equal: int = 0
    wrong: int = 0
    missing: int = 0
    invented: int = 0

    @property
    def n(self) -> int:
        return self.exact + self.equal + self.wrong + self.missing + self.invented

    @property
    def right(self) -> Share:
        return Share(self.exact + self.equal, self.n)


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures over ``cases`` runs, of which ``failures`` did not come to a result.

    ``leaves`` has an entry for every field of every type, in the order in which they are met. ``false_success`` is
    of the clean documents, ``automation`` of all. ``vlm_pages`` went to a model.
    """

    cases: int
    failures: int
    leaves: tuple[Counts, ...]
    false_success: Share
    automation: Share
    vlm_pages: int
    usage: Usage

    @property
    def types(self) -> tuple[Counts, ...]:
        """The fields of each type together."""
        return tuple(
            total([leaf for leaf in self.leaves if leaf.type == name], name)
            for name in dict.fromkeys(leaf.type for leaf in self.leaves)
        )

    @property
    def counts(self) -> tuple[Counts, ...]:
        """Each type, then its fields."""
        return tuple(
            entry for each in self.types for entry in (each, *(leaf for leaf in self.leaves if leaf.type == each.type))
        )

    @property
    def values(self) -> Share:
        """Values that are right, over all types."""
        return total(self.leaves, None).right


def summarise(rans: Iterable[Ran]) -> Summary:
    """The figures of these runs."""
    rans = tuple(rans)
    met: dict[tuple[str | None, str], Counter[str]] = defaultdict(Counter)
    for ran in sorted(rans, key=lambda ran: ran.type or ""):  # a type's fields stand together
        for field in ran.fields:
            if field.outcome != "absent":
                met[ran.type, field.leaf][field.outcome] += 1
    clean = [ran for ran in rans if ran.status == "clean"]
    return Summary(
        cases=len(rans),
        failures=sum(ran.error is not None for ran in rans),
        leaves=tuple(Counts(type_name, leaf, **counter) for (type_name, leaf), counter in met.items()),
        false_success=Share(sum(ran.false_success for ran in clean), len(clean)),
        automation=Share(len(clean), len(rans)),
        vlm_pages=sum(page.route == "vlm" for ran in rans for page in ran.pages),
        usage=sum((ran.usage for ran in rans), Usage()),
    )


def total(leaves: Sequence[Counts], type_name: str | None) -> Counts:
    """The counts of several fields together."""
    return Counts(
        type_name,
        "",
        *(
            sum(getattr(leaf, outcome) for leaf in leaves)
            for outcome in ("exact", "equal", "wrong", "missing", "invented")
        ),
    )


def wrong_leaves(summary: Summary) -> list[Counts]:
    """The fields that are not always right, the worst share first."""
    faulty = [leaf for leaf in summary.leaves if leaf.right.hits < leaf.n]
    return sorted(faulty, key=lambda leaf: (leaf.right.hits / leaf.n, -leaf.n, leaf.type or "", leaf.leaf))


def percent(rate: float | None) -> str:
    """A rate of 0..1 for people; a dash where there is none. Not quite all is never written as all."""
    if rate is None:
        return "–"
    return f"{100 * rate if rate == 1 else min(100 * rate, 99.9):.1f} %"
