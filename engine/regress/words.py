"""What every report says, in words: the headline, the figures before and after, the counts of the fields."""

from __future__ import annotations

from collections import Counter

from engine.regress.changes import Change, Effect
from engine.regress.report import Report
from engine.regress.summary import Counts, Summary, percent

OUTCOMES = ("exact", "equal", "wrong", "missing", "invented")
EFFECT_WORDS: dict[Effect, str] = {"worse": "worse", "changed": "otherwise", "better": "better"}
COUNT_HEADS = ("n", *OUTCOMES, "right")
"""What :func:`count_cells` gives."""
NAMED = 5  # cases that a sentence names; --json has them all


def headline(report: Report) -> str:
    """One sentence for the whole run."""
    cases = _many(len(report.after), "case")
    gone = f" {_many(len(report.gone), 'case')} of it {'is' if len(report.gone) == 1 else 'are'} gone."
    gone = gone if report.gone else ""
    if not report.changes:
        return f"{cases}, all as {report.against}.{gone}"
    often = Counter(change.effect for change in report.changes)
    told = ", ".join(f"{often[effect]} {word}" for effect, word in EFFECT_WORDS.items() if often[effect])
    differ = "differs" if len(report.differ) == 1 else "differ"
    accepted = len(report.changes) - len(report.unaccepted)
    if accepted:
        told += f"; {'all' if not report.unaccepted else accepted} accepted in this change"
    return f"{len(report.differ)} of {cases} {differ} from {report.against}: {told}.{gone}"


def figures(report: Report) -> list[tuple[str, str, str]]:
    """Name, figure, and the figure before, '' where it was the same or there was none."""
    rows = zip(*(_figures(summary) for summary in (report.now, report.then or report.now)), strict=True)
    return [(name, now, "" if now == then else then) for (name, now), (_, then) in rows]


def changed_counts(report: Report) -> list[tuple[Counts, Counts | None]]:
    """The fields that changes are about, each type's together first, with their counts before."""
    met = {(change.type, change.leaf) for change in report.changes if change.kind in ("value", "verdict")}
    met |= {(type_name, "") for type_name, _ in met}
    return [(now, then) for now, then in all_counts(report) if (now.type, now.leaf) in met]


def all_counts(report: Report) -> list[tuple[Counts, Counts | None]]:
    """Every field, each type's together first, with their counts before."""
    then = {(entry.type, entry.leaf): entry for entry in (report.then.counts if report.then else ())}
    return [(entry, then.get((entry.type, entry.leaf))) for entry in report.now.counts]


def count_cells(now: Counts, then: Counts | None) -> list[str]:
    """n, each outcome, the share that is right; what changed with its difference, such as ``4 (+1)``."""
    cells = [str(now.n)]
    for outcome in OUTCOMES:
        count = getattr(now, outcome)
        moved = count - getattr(then, outcome) if then else 0
        cells.append(f"{count} ({moved:+})" if moved else str(count))
    return [*cells, percent(now.right.rate)]


def closing(report: Report) -> list[str]:
    """What else is to be said: cases gone, left out or new, gates, alterations that nobody noticed."""
    lines = [
        f"{what}, but in {report.against}: {', '.join(cases[:NAMED])}{', …' if len(cases) > NAMED else ''}"
        for what, cases in (("gone", report.gone), ("not asked for", report.left_out))
        if cases
    ]
    if new := len(report.after) - len(report.before):
        lines.append(
            f"{_many(new, 'case')} never accepted: held against what is right, verdicts not compared (--update)"
        )
    if report.unanswered:
        lines.append(
            f"{_many(len(report.unanswered), 'case')} not in the figures: a recording does not answer (--record)"
        )
    lines += [gate.words for gate in report.gates]
    if report.mutated:
        tried, missed = sum(m.tried for m in report.mutated), sum(len(m.unnoticed) for m in report.mutated)
        lines.append(f"{_many(tried, 'alteration')} of expected values tried, {missed or 'none'} went unnoticed")
    return lines


def place(change: Change) -> str:
    """Where in its document a change is."""
    return change.path or (f"page {change.page}" if change.page else "")


def moved(change: Change) -> str:
    """What it was, what it is, and what the engine says of it."""
    told = change.after if change.kind in ("error", "recording") else f"{change.before} → {change.after}"
    told += f": {change.note}" if change.note else ""
    return f"{told} (accepted in this change)" if change.accepted else told


def change_to_text(change: Change) -> str:
    """A change as one line."""
    return f"{change.effect}: {' '.join(filter(None, (change.kind, place(change))))}: {moved(change)}"


def _figures(summary: Summary) -> list[tuple[str, str]]:
    return [
        ("false success", summary.false_success.told("clean documents have a value that is not right")),
        ("automation", summary.automation.told("documents are clean")),
        ("values", summary.values.told("values are right")),
        ("model", _cost(summary)),
    ]


def _cost(summary: Summary) -> str:
    usage = summary.usage
    if summary.vlm_pages == 0 and usage.calls == 0:
        return "no page"
    usd = "price unknown" if usage.usd is None else f"${usage.usd:.4f}"
    tokens = f"{usage.input_tokens} tokens in, {usage.output_tokens} out"
    return f"{_many(summary.vlm_pages, 'page')}, {_many(usage.calls, 'call')}, {tokens}, {usd}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
