"""Changes in sentences: those of one kind on one field are told together, the worst first, what is accepted last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.regress.changes import Change, Effect
from engine.regress.ran import RIGHT, Ran, RanField

EFFECTS: tuple[Effect, ...] = ("worse", "changed", "better")
_ONE = {"s": "", "is_": "is", "was": "was", "goes": "goes", "has": "has"}
_MANY = {"s": "s", "is_": "are", "was": "were", "goes": "go", "has": "have"}
ACCEPTED = ", accepted in this change"
_OUTCOMES = {"exact": "right", "equal": "right but for the writing", "absent": "rightly null"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What ``changes`` have in common, such as "3 wrong /total of receipt are no longer caught"."""

    effect: Effect
    words: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a change is told as, and counted by: ``rank`` 0 is the worst; ``one`` and ``many`` follow the count."""

    rank: int
    one: str
    many: str


def sentences(changes: Iterable[Change], before: Iterable[Ran], after: Iterable[Ran]) -> tuple[Sentence, ...]:
    """The changes between the runs *before* and *after* in words; those of one sentence stay in their order."""
    before, after = tuple(before), tuple(after)
    known, false_success = {ran.case for ran in before}, {ran.case for ran in after if ran.false_success}
    then, now, errors = _by_place(before), _by_place(after), _errors(after)
    groups: dict[tuple[bool, Effect, _Told], list[Change]] = defaultdict(list)
    for change in changes:
        place, accepted = (change.case, change.path), change.case in known
        was, is_ = _meant(then[place], change.before), _meant(now[place], change.after)
        if change.kind == "value":
            accused = errors.get((change.case, is_.found_at), "") if is_ and is_.found_at is not None else ""
            told = _value(change, was, is_, accepted, accused)
        elif change.kind == "verdict":
            told = _verdict(change, was, is_)
        else:
            told = _document(change, accepted, change.case in false_success)
        groups[change.accepted, change.effect, told].append(change)
    order = sorted(groups.items(), key=_rank)
    return tuple(
        Sentence(effect, f"{len(met)} {told.one if len(met) == 1 else told.many}{ACCEPTED * accepted}", tuple(met))
        for (accepted, effect, told), met in order
    )


def _rank(group: tuple[tuple[bool, Effect, _Told], list[Change]]) -> tuple[bool, int, int, int]:
    (accepted, effect, told), met = group
    return accepted, EFFECTS.index(effect), told.rank, -len(met)


def _by_place(rans: tuple[Ran, ...]) -> defaultdict[tuple[str, str], list[RanField]]:
    """The values of all runs by case and place."""
    placed = defaultdict(list)
    for ran in rans:
        for field in ran.fields:
            placed[ran.case, field.where].append(field)
    return placed


def _errors(rans: tuple[Ran, ...]) -> dict[tuple[str, str], str]:
    """The check whose error speaks of what was found at a place, by case and place."""
    return {(ran.case, found.path): found.check for ran in rans for found in ran.findings if found.severity == "error"}


def _meant(fields: Sequence[RanField], words: str) -> RanField | None:
    """The value that a change speaks of: a row that is missing and one that is invented may have the same place."""
    first = fields[0] if fields else None
    return next((field for field in fields if words.startswith(field.outcome) or words.endswith(field.verdict)), first)


def _as(rank: int, template: str, **values: str) -> _Told:
    return _Told(rank, template.format(**_ONE, **values), template.format(**_MANY, **values))


def _value(change: Change, then: RanField | None, now: RanField | None, known: bool, accused: str) -> _Told:
    """Wrong values that nobody doubts stand before those that the witness doubts or a check, ``accused``, speaks of."""
    outcome, earlier = now.outcome if now else "absent", then.outcome if then else "absent"
    told = _OUTCOMES.get(outcome, outcome)
    by_witness = now is not None and now.verdict in ("contradicted", "silent")
    doubted = by_witness or bool(accused)
    if now is not None and outcome in ("wrong", "invented"):
        why = f"{accused} error" if accused and not by_witness else now.verdict
        told += f" {'but' if doubted else 'and not'} doubted ({why})"
    rank = 5 if doubted or outcome == "missing" else 4
    if outcome == "invented" != earlier:  # what it was before is nothing
        return _as(rank, "{leaf} {is_} {now}{told}", leaf=_leaf(change), now="now " if known else "", told=told)
    if not known:
        return _as(rank, "{leaf} {is_} {told}", leaf=_leaf(change), told=told)
    if outcome == earlier:
        return _as(rank, "{leaf} {is_} {told}, otherwise than before", leaf=_leaf(change), told=told)
    return _as(
        rank,
        "{leaf} {is_} now {told}; {was} {earlier}",
        leaf=_leaf(change),
        told=told,
        earlier=_OUTCOMES.get(earlier, earlier),
    )


def _verdict(change: Change, then: RanField | None, now: RanField | None) -> _Told:
    """What became of the witness's verdict on a value that stayed as right or as wrong as it was."""
    verdict, earlier = (now.verdict, then.verdict) if now and then else (change.after, change.before)
    right = now is not None and now.outcome in RIGHT
    if right:
        became = {"contradicted": "now accused", "confirmed": "now vouched for"}.get(verdict)
        became = became or ("no longer accused" if earlier == "contradicted" else "no longer vouched for")
    elif change.effect == "worse":
        became = "no longer caught"
    else:
        became = "now caught" if change.effect == "better" else "judged otherwise"
    return _as(
        7 if right else 3,
        "{kind} {leaf} {is_} {became} ({verdict}; {was} {earlier})",
        kind="right" if right else "wrong",
        leaf=_leaf(change),
        became=became,
        verdict=verdict,
        earlier=earlier,
    )


def _document(change: Change, accepted: bool, false_success: bool) -> _Told:
    """Changes that are of no value."""
    before, after, of = change.before, change.after, f" of {change.type}" if change.type else ""
    if change.kind == "finding":
        return _finding(change, accepted)
    if change.kind == "status" and false_success and after.startswith("clean"):
        return _as(2, "document{s}{of} {is_} clean with a value that is not right", of=of)
    rank, template = {
        "error": (0, "case{s} could not run" if change.effect == "worse" else "case{s} can run again"),
        "recording": (1, "recording{s} {is_} stale"),
        "status": (1 if after == "failed" else 8, "document{s}{of} {is_} {after}, not {before}"),
        "route": (9, "page{s}{of} {goes} to {after}, not {before}"),
        "expectation": (10, "{place} {is_} expected otherwise" if change.path else "case{s} {has} other expectations"),
    }[change.kind]
    of = "" if after.startswith("of type") else of
    return _as(rank, template, of=of, after=after, before=before, place=_leaf(change))


def _finding(change: Change, accepted: bool) -> _Told:
    """Such as ``finding at /total of receipt is gone: arithmetic error``."""
    if change.before == "none":
        became, what = "new", change.after
    elif change.after == "none":
        became, what = "gone" if accepted else "not there", change.before
    else:
        became, what = "other", f"{change.after}, not {change.before}"
    return _as(6, "finding{s} at {place} {is_} {became}: {what}", place=_leaf(change), became=became, what=what)


def _leaf(change: Change) -> str:
    of = f" of {change.type}" if change.type else ""
    return f"{change.leaf or change.path or 'the document'}{of}"
