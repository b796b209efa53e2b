"""Values and verdicts of two runs: what is right now and was not, and what is no longer caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine.arithmetic import shown
from engine.regress.change import Change, Effect, Say
from engine.regress.compare import IN_ORDER
from engine.regress.ran import RIGHT, Ran, RanField
from engine.result import Verdict

CAUGHT: tuple[Verdict, ...] = ("contradicted", "silent", "unchecked", "confirmed")
"""Verdicts on a wrong value, the best first; on a right one the last is the best."""


def value_changes(ran: Ran, accepted: Ran, say: Say) -> Iterator[Change]:
    before, after = _by_place(accepted), _by_place(ran)
    for place, now in after.items():
        then = before.get(place)
        if then is None:  # was null and rightly so, or there was no such row
            if not is_right(now):
                was = IN_ORDER if now.expected == IN_ORDER else "null" if now.expected is None else "not expected"
                yield say("value", "worse", now.where, now.leaf, before=was, after=words(now))
        elif effect := _value_effect(then, now):
            yield say("value", effect, now.where, now.leaf, before=words(then, now.expected), after=words(now))
        elif effect := _verdict_effect(then, now):
            yield say("verdict", effect, now.where, now.leaf, before=judged(then), after=judged(now))
    for place, then in before.items():
        if place not in after and (then.outcome == "invented" or then.expected == IN_ORDER):
            yield say("value", "better", then.where, then.leaf, before=words(then), after="gone")


def _by_place(ran: Ran) -> dict[tuple[str, ...], RanField]:
    """Fields by their place in what is right; those of rows that only the result has by what they say."""
    seen: Counter[tuple[str, ...]] = Counter()
    placed: dict[tuple[str, ...], RanField] = {}
    for field in ran.fields:
        if field.path is not None:
            placed[(field.path,)] = field
        else:
            key = (field.leaf, shown(field.found))
            seen[key] += 1
            placed[*key, str(seen[key])] = field
    return placed


def _value_effect(then: RanField, now: RanField) -> Effect | None:
    if is_right(then) != is_right(now):
        return "better" if is_right(now) else "worse"
    if then.outcome == now.outcome:
        same = then.outcome in ("exact", "absent", "equal", "missing") or shown(then.found) == shown(now.found)
        return None if same else "changed"
    if is_right(now):
        return "changed"
    return "worse" if then.outcome == "missing" else "better" if now.outcome == "missing" else "changed"


def _verdict_effect(then: RanField, now: RanField) -> Effect | None:
    if then.verdict == now.verdict or "absent" in (then.outcome, now.outcome):
        return None
    towards_trust = CAUGHT.index(now.verdict) > CAUGHT.index(then.verdict)
    return "better" if towards_trust == is_right(now) else "worse"


# ---------------------------------------------------------------- words


def is_right(field: RanField) -> bool:
    """So is a null in both."""
    return field.outcome in RIGHT or field.outcome == "absent"


def words(field: RanField, right: Any = None) -> str:
    """``right`` is told of an accepted value that does not hold it."""
    if field.outcome in ("exact", "absent"):
        right = right if field.expected is None else field.expected
        return "right" if right is None else f"right: {shown(right)}"
    if field.outcome == "missing":
        return f"missing ({field.missing})" if field.missing else "missing"
    return f"{field.outcome}: {shown(field.found)} ({field.verdict})"


def judged(field: RanField) -> str:
    return f"{'right' if is_right(field) else shown(field.found)}, {field.verdict}"
