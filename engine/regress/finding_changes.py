"""Findings of two runs, known by place, check and severity: messages hold measured figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.regress.case import Case, ExpectedFinding
from engine.regress.change import Change, Effect, Say
from engine.regress.ran import Ran, RanFinding
from engine.regress.value_changes import is_right

_Key = tuple[str, str, str]  # place, check, severity


def finding_changes(case: Case, ran: Ran, accepted: Ran, say: Say, told: set[str]) -> Iterator[Change]:
    """A witness's finding is left out where the verdict or the value is told already, and the reason of a document that
    failed, which its status tells.

    A finding that goes is missed where what it spoke of is still wrong; where anything became right, that is why.
    """
    then, now = _counted(accepted), _counted(ran)
    said = {key: found.message for key, found in reversed([*_keyed(ran)])}  # the first of each
    cured = _wrong_places(accepted) - _wrong_places(ran)
    wanted: set[_Key] = set()
    for finding in case.findings:
        was, is_ = (next((f for f in r.findings if is_found(finding, f)), None) for r in (accepted, ran))
        if (was is None) != (is_ is None):
            wanted |= {(f.path, f.check, f.severity) for f in (was, is_) if f}
            before, after = (told_finding(finding) if f else "none" for f in (was, is_))
            effect: Effect = "better" if is_ else "worse"
            yield say("finding", effect, finding.path, finding.path, before=before, after=after)
    for key in dict.fromkeys((*then, *now)):
        path, check, severity = key
        if then[key] == now[key] or key in wanted or (check == "witness" and path in told):
            continue
        if not path and ran.status != accepted.status and "failed" in (ran.status, accepted.status):
            continue
        speaks_of_wrong = _speaks_of_wrong(path, check, ran)
        if now[key] > then[key]:
            effect = "better" if speaks_of_wrong else "worse"
        else:
            effect = "worse" if speaks_of_wrong and not cured else "better"
        if severity == "warning" and (now[key] > then[key] or effect == "better"):
            effect = "changed"
        if check == "route" and now[key] > then[key] and effect == "better":
            effect = "changed"  # it speaks of how a page is read, and of no value
        words = [_count(counts[key], f"{check} {severity}") for counts in (then, now)]
        note = said[key] if now[key] > then[key] else ""
        yield say("finding", effect, path, _leaf(path, ran), before=words[0], after=words[1], note=note)


def _counted(ran: Ran) -> Counter[_Key]:
    """How often each place has each finding."""
    return Counter(key for key, _ in _keyed(ran))


def _keyed(ran: Ran) -> Iterator[tuple[_Key, RanFinding]]:
    """The findings, each by its place in what is right, check and severity.

    A row that only the result has counts by its columns, for its index means nothing; that the witness doubts it is
    told with the row.
    """
    places = {field.found_at: field.path or field.leaf for field in ran.fields}
    alone = {field.found_at for field in ran.fields if field.path is None}
    for found in ran.findings:
        if not (found.check == "witness" and found.path in alone):
            yield (places.get(found.path, found.path), found.check, found.severity), found


def _speaks_of_wrong(path: str, check: str, ran: Ran) -> bool:
    """Whether a finding is about something that is not right. A rule may mean any value of the document."""
    at = [field for field in ran.fields if field.where == path]
    of_document = not at or check in ("arithmetic", "date")
    return any(not is_right(field) for field in (ran.fields if of_document else at))


def _wrong_places(ran: Ran) -> set[str]:
    return {field.where for field in ran.fields if not is_right(field)}


def is_found(finding: ExpectedFinding, found: RanFinding) -> bool:
    return (
        finding.path == found.path
        and finding.check in (None, found.check)
        and finding.severity in (None, found.severity)
    )


def told_finding(finding: ExpectedFinding) -> str:
    return f"{finding.check or 'a'} {finding.severity or 'finding'}"


def _leaf(path: str, ran: Ran) -> str:
    return next((field.leaf for field in ran.fields if field.where == path), path)


def _count(number: int, words: str) -> str:
    return "none" if number == 0 else words if number == 1 else f"{number} × {words}"
