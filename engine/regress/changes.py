"""What a change of the engine changed: one run of a case against what was accepted for it.

What is better and what is worse, in the order of what it does to whoever trusts the result:

- **value**: right → not right is worse, the other way better. A wrong or invented value for a missing one is worse (a
  null misleads nobody), the other way better. Another wrong value, or right in another writing, is a change.
- **verdict** (of a value that is as right or wrong as it was): of a wrong value contradicted is best, then silent,
  unchecked, confirmed; of a right one it is the other way round. A wrong value that was contradicted or silent and is
  now confirmed or unchecked is no longer caught.
- **status**: clean with a value that is not right is the worst there is. A document without one should be clean; with
  one it should not. Where the case says what should come out, that decides. Failed is worse than any.
- **finding**: an error that speaks of something wrong is good, one that accuses what is right is bad. A warning is a
  change; one that goes while what it spoke of is still wrong is missed. Findings of a row are looked for at the row's
  place in what is right.
- **route**: by the case's routes where it has some; else a change.
- **expectation**: what is held to be right is another, told value by value as far as the accepted run holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.arithmetic import shown
from engine.regress.accepted import expectation
from engine.regress.case import Case
from engine.regress.change import Change, Effect, Kind, Say
from engine.regress.compare import IN_ORDER
from engine.regress.finding_changes import finding_changes, is_found, told_finding
from engine.regress.ran import Ran, RanField, RanPage
from engine.regress.value_changes import is_right, value_changes, words

__all__ = ["Change", "Effect", "Kind", "changes"]


def changes(case: Case, ran: Ran, accepted: Ran | None) -> tuple[Change, ...]:
    """The differences of a run to the accepted one; without one, to a run in which everything is right.

    An error and a stale recording are differences whatever was accepted; where a page's question is not answered they
    are all that is told.
    """
    say = Say(case.name, ran.type)
    if ran.error is not None:
        return (say("error", "worse", before="could run", after=ran.error),)
    made = [say("recording", "worse", before="answers what is asked", after=told) for told in ran.stale]
    if ran.unanswered:
        return tuple(made)
    if accepted is not None and accepted.unanswered:
        accepted = None
    if accepted is not None and accepted.error is not None:
        made.append(say("error", "better", before=accepted.error, after="can run"))
        accepted = None
    if accepted is None:
        return (*made, *_against_case(case, ran, say))
    return (*made, *_against_run(case, ran, accepted, say))


# ---------------------------------------------------------------- against what is right


def _against_case(case: Case, ran: Ran, say: Say) -> Iterator[Change]:
    for field in ran.fields:
        if not is_right(field):
            yield say("value", "worse", field.where, field.leaf, before=_wanted(field), after=words(field))
    yield from _document_against_case(case, ran, say)
    pages = {page.page: page.route for page in ran.pages}
    for number, route in enumerate(case.routes or (), 1):
        if pages.get(number) != route:
            after = pages.get(number, "no page")
            yield say("route", "worse", page=number, before=route, after=after)
    for finding in case.findings:
        if not any(is_found(finding, found) for found in ran.findings):
            yield say("finding", "worse", finding.path, finding.path, before=told_finding(finding), after="none")


def _document_against_case(case: Case, ran: Ran, say: Say) -> Iterator[Change]:
    wanted = _type_of(case)
    if wanted is not None and ran.type != wanted:
        yield say("status", "worse", before=f"of type {wanted}", after=f"of type {ran.type}")
    if ran.false_success:  # whatever the case wants: with these values nobody wants it clean
        yield say("status", "worse", before="not clean", after="clean")
    elif ran.status != case.status and (case.status is not None or ran.status == "failed"):
        yield say("status", "worse", before=case.status or "not failed", after=ran.status or "none", note=_failure(ran))


def _wanted(field: RanField) -> str:
    return "null" if field.expected is None else shown(field.expected)


# ---------------------------------------------------------------- against an accepted run


def _against_run(case: Case, ran: Ran, accepted: Ran, say: Say) -> Iterator[Change]:
    yield from _expectation(case, ran, accepted, say)
    told: set[str] = set()
    for change in value_changes(ran, accepted, say):
        told.add(change.path)
        yield change
    yield from _document(case, ran, accepted, say)
    yield from _routes(case, ran, accepted, say)
    yield from finding_changes(case, ran, accepted, say, told)


def _expectation(case: Case, ran: Ran, accepted: Ran, say: Say) -> Iterator[Change]:
    """That it is another, then the values; tolerances, routes and the like are told by the first alone."""
    if not accepted.expectation or accepted.expectation == expectation(case):
        return
    yield say("expectation", "changed", before="what was right then", after="what the case says now")
    then, now = _expected(accepted), _expected(ran)
    for path, field in (now | then | now).items():
        was, is_ = then.get(path), now.get(path)
        if was and was.outcome == "exact" and was.expected is None:  # an accepted run does not hold it
            continue
        before, after = (_wanted(held) if held else "null" for held in (was, is_))
        if before != after:
            yield say("expectation", "changed", path, field.leaf, before=before, after=after)


def _expected(ran: Ran) -> dict[str, RanField]:
    """The values by their places in what is right."""
    return {field.path: field for field in ran.fields if field.path is not None and field.expected != IN_ORDER}


def _document(case: Case, ran: Ran, accepted: Ran, say: Say) -> Iterator[Change]:
    if ran.type != accepted.type:
        wanted = _type_of(case)
        effect: Effect = "better" if ran.type == wanted else "worse" if accepted.type == wanted else "changed"
        yield say("status", effect, before=f"of type {accepted.type}", after=f"of type {ran.type}")
    if ran.status != accepted.status:
        effect = _status_effect(case, ran, accepted)
        before, after = accepted.status or "none", ran.status or "none"
        yield say("status", effect, before=before, after=after, note=_failure(ran))
    elif ran.false_success and not accepted.false_success:
        yield say("status", "worse", before="clean and right", after="clean")


def _failure(ran: Ran) -> str:
    """Why the document failed; '' where it did not, or nothing says why."""
    said = (found.message for found in ran.findings if found.severity == "error" and not found.path)
    return next(said, "") if ran.status == "failed" else ""


def _status_effect(case: Case, ran: Ran, accepted: Ran) -> Effect:
    if ran.false_success:
        return "worse"
    if accepted.false_success:
        return "better"
    if case.status in (ran.status, accepted.status):
        return "better" if ran.status == case.status else "worse"
    if "failed" in (ran.status, accepted.status):
        return "worse" if ran.status == "failed" else "better"
    return "better" if ran.status == "clean" else "worse"


def _routes(case: Case, ran: Ran, accepted: Ran, say: Say) -> Iterator[Change]:
    right = dict(enumerate(case.routes or (), 1))
    then, now = ({page.page: page for page in pages} for pages in (accepted.pages, ran.pages))
    for number in sorted(then.keys() | now.keys()):
        before, after = then.get(number), now.get(number)
        if _way(before) == _way(after):
            continue
        effect: Effect = "changed"
        if _ended(before) != _ended(after):
            effect = "better" if _ended(after) else "worse"
        elif number in right and right[number] in (before and before.route, after and after.route):
            effect = "better" if after and after.route == right[number] else "worse"
        yield say("route", effect, page=number, before=_way(before), after=_way(after))


def _way(page: RanPage | None) -> str:
    if page is None:
        return "no page"
    return page.route if _ended(page) else f"{page.route} ({page.outcome})"


def _ended(page: RanPage | None) -> bool:
    return page is not None and page.outcome == "complete"


def _type_of(case: Case) -> str | None:
    """The type's name, None where the case leaves it open."""
    return None if case.type == "auto" else Path(case.type).stem if case.type.endswith(".json") else case.type
