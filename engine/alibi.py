"""Arithmetic is no alibi: what the type's rules and the witness say of each other.

A model that misreads a digit often changes another one, so that the total fits. Hence a rule that holds speaks
for none of its operands once the witness reads one of them otherwise: that document is the most suspicious of
all. A rule that fails is the opposite case: the witness may have read what makes it hold.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import Any

from engine.arithmetic import as_date, operand, shown
from engine.doctype import DocumentType
from engine.result import Field, Finding
from engine.rules import Rule, RuleOutcome, apply, holds_with
from engine.values.dates import dates_in
from engine.values.numbers import parse_number

MOST_READINGS = 12  # readings of the witness that are tried in a rule that fails
MOST_TOGETHER = 3  # operands that are taken from the witness at once
MOST_READ = 100_000  # leaves read anew for one outcome: a column of 2000 rows is added up 50 times, no more
NAMED = 2  # smallest sets that a message names
Reading = tuple[str, Any]  # a pointer, and what its leaf holds if the witness is right


def alibi_findings(data: Any, fields: Mapping[str, Field], doctype: DocumentType) -> tuple[Finding, ...]:
    """One error for each contradicted operand of the equations that hold, in the order of the fields.

    Counted are ``==`` and differences held under a constant, between numbers or dates of two leaves or more. A
    rule that holds with the witness's reading as well speaks for neither, and is not counted.
    """
    contradicted = {pointer for pointer, field in fields.items() if field.verdict == "contradicted"}
    if not contradicted:
        return ()
    held: dict[str, dict[str, None]] = {}  # operand -> the rules that hold, in order
    for rule in filter(_adds_up, doctype.checks):
        for outcome in apply(rule, data):
            for pointer in _alibied(outcome, data, fields, contradicted):
                held.setdefault(pointer, {})[rule.text] = None
    return tuple(
        Finding(pointer, "arithmetic", "error", _words(pointer, field, list(held[pointer])), field.page)
        for pointer, field in fields.items()
        if pointer in held
    )


def would_hold(outcome: RuleOutcome, data: Any, fields: Mapping[str, Field]) -> str:
    """What would make a rule hold that fails: the smallest set of operands taken from the witness, in words.

    Such as "it would hold if /total were 9.00, as the witness reads"; of several such sets the first two, those
    of contradicted operands before those of silent ones. Empty where there is none.
    """
    sets = _smallest(outcome, data, _other_readings(outcome, fields))
    named = (" and ".join(f"{pointer} were {shown(value)}" for pointer, value in chosen) for chosen in sets)
    told = ", or if ".join(named)
    return told and f"it would hold if {told}, as the witness reads"


# ---------------------------------------------------------------- rules that hold


def _adds_up(rule: Rule) -> bool:
    """An equation, or a difference held under a constant: ``tax < total`` holds for nearly any digits."""
    compared = rule.node.ops[0]
    bounded = isinstance(compared, ast.Lt | ast.LtE) and isinstance(rule.node.comparators[0], ast.Constant)
    return isinstance(compared, ast.Eq) or (bounded and any(isinstance(n, ast.Sub) for n in ast.walk(rule.node.left)))


def _alibied(outcome: RuleOutcome, data: Any, fields: Mapping[str, Field], contradicted: set[str]) -> Iterator[str]:
    """The contradicted operands that this rule seems to vouch for; past what is affordable, all that it reads."""
    if not outcome.holds or outcome.difference is None or len(outcome.paths) < 2:
        return
    affordable = _affordable(outcome)
    for pointer in (path for path in outcome.paths if path in contradicted):
        meant = _otherwise(fields[pointer])[:affordable]
        affordable -= len(meant)
        if not any(holds_with(outcome, data, {pointer: value}) for value in meant):
            yield pointer


def _words(pointer: str, field: Field, rules: Sequence[str]) -> str:
    named = " and ".join(f'"{rule}"' for rule in rules)
    hold = "holds" if len(rules) == 1 else "hold"
    read = f"reads {field.witness!r}" if field.witness else "contradicts it"
    return (
        f"{named} {hold} with {pointer} as {shown(operand(field.value))}, but the witness {read} there:"
        " the digits may have been changed so that the total fits"
    )


# ---------------------------------------------------------------- rules that fail


def _smallest(outcome: RuleOutcome, data: Any, readings: Sequence[Reading]) -> list[tuple[Reading, ...]]:
    """The first sets of readings with which the rule holds, all of the smallest size that does it.

    A set with two readings of one leaf is a smaller set, which was tried before and did not do.
    """
    affordable = _affordable(outcome)
    for size in range(1, MOST_TOGETHER + 1):
        tried = list(islice(combinations(readings, size), affordable))
        affordable -= len(tried)
        found = list(islice((chosen for chosen in tried if holds_with(outcome, data, dict(chosen))), NAMED))
        if found:
            return found
    return []


def _other_readings(outcome: RuleOutcome, fields: Mapping[str, Field]) -> list[Reading]:
    """What the witness reads otherwise among the rule's operands, the contradicted ones first."""
    doubted = [
        (path, field)
        for path in outcome.paths
        if (field := fields.get(path)) and field.verdict in ("contradicted", "silent")
    ]
    doubted.sort(key=lambda entry: entry[1].verdict != "contradicted")
    readings = ((path, value) for path, field in doubted for value in _otherwise(field))
    return list(islice(readings, MOST_READINGS))


# ---------------------------------------------------------------- both


def _affordable(outcome: RuleOutcome) -> int:
    """How often this outcome may be judged anew; once for each reading is always paid for."""
    return max(MOST_READINGS, MOST_READ // max(1, len(outcome.paths)))


def _otherwise(field: Field) -> tuple[Any, ...]:
    """Every value that the witness's reading can mean, of the field's own sort; none if the field's is among them."""
    if field.witness is None or field.value is None or isinstance(field.value, bool):
        return ()
    day = as_date(field.value)
    if day:
        meant: list[Any] = _days(field.witness)
    elif isinstance(field.value, str):
        meant = [field.witness.strip()]
    else:
        meant = _numbers(field.witness)
    return () if (day.isoformat() if day else field.value) in meant else tuple(dict.fromkeys(meant))


def _days(text: str) -> list[str]:
    """ISO dates, one for each order of day and month; a range or none at all is no reading."""
    forms = dates_in(text)
    return [day.isoformat() for _, day in forms[0].readings] if len(forms) == 1 else []


def _numbers(text: str) -> list[Any]:
    """1.234 with either decimal sign; a printed minus, DR or bracket as a sign or as the column's custom."""
    read = (parse_number(text, sign) for sign in (None, ".", ","))
    values = [number.value for number in read if number]
    return [*values, *(abs(value) for value in values if value < 0)]
