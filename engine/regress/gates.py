"""Gates: figures that a change may not make worse than a limit, whatever was accepted before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.regress.summary import Share, Summary, wrong_leaves

WORST_NAMED = 3  # fields that a sentence names; more nobody reads


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit, 0..1, and whether the measured ``share`` keeps it. ``words`` name both."""

    name: str
    limit: Decimal
    share: Share
    kept: bool
    words: str


def gates(
    summary: Summary, max_false_success: Decimal | None = None, min_field_accuracy: Decimal | None = None
) -> tuple[Gate, ...]:
    """The gates that are set. The measured rate is what counts, not its interval, which is printed beside.

    No clean document is no false success. No value at all is no accuracy: nothing was measured, so nothing is kept.
    """
    made: list[Gate] = []
    if max_false_success is not None:
        share = summary.false_success
        kept = share.hits <= max_false_success * share.n
        words = f"{share.told('clean documents have a value that is not right')}"
        made.append(_gate("max-false-success", max_false_success, share, kept, words))
    if min_field_accuracy is not None:
        share = summary.values
        kept = share.n > 0 and share.hits >= min_field_accuracy * share.n
        words = f"{share.told('values are right')}"
        worst = [f"{leaf.leaf} of {leaf.type} {leaf.right.hits} of {leaf.n}" for leaf in wrong_leaves(summary)]
        if worst and not kept:
            words += f"; worst are {', '.join(worst[:WORST_NAMED])}"
        made.append(_gate("min-field-accuracy", min_field_accuracy, share, kept, words))
    return tuple(made)


def _gate(name: str, limit: Decimal, share: Share, kept: bool, words: str) -> Gate:
    return Gate(name, limit, share, kept, f"gate --{name} {limit} {'kept' if kept else 'not kept'}: {words}")
