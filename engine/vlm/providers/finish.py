"""How an answered request ended: one order of questions for all wires."""

from __future__ import annotations

from dataclasses import dataclass

from engine.vlm.wire import Reply, Tokens


@dataclass(frozen=True, slots=True)
class Marks:
    """A provider's finish marks. What stands in none of the three is a failure under its own name."""

    complete: frozenset[str]
    truncated: frozenset[str]
    refused: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finish:
    """What a provider said of an answer: its ``mark``, the ``text``, what it booked, and a ``refusal`` in its own
    words where it gave one apart from the text.
    """

    mark: str
    text: str
    tokens: Tokens | None
    refusal: str = ""


def ended(title: str, finish: Finish, marks: Marks, limit: int) -> Reply:
    """The reply of *title* (a provider, for people); *limit* is the output tokens that were asked for.

    A refusal wins over everything, since some come marked as finished. So do answers that filled the limit: some
    local servers call them finished too.
    """
    text, tokens, mark = finish.text, finish.tokens, finish.mark
    if finish.refusal or mark in marks.refused:
        why = " ".join((finish.refusal or text).split())[:200]
        return Reply("refused", text, f"{title} refused the page{f': {why}' if why else ''} ({mark})", tokens)
    if mark in marks.truncated:
        return Reply("truncated", text, f"{title} cut the answer off ({mark})", tokens)
    if tokens and tokens.output >= limit:
        return Reply("truncated", text, f"{title} filled the limit of {limit} output tokens", tokens)
    if mark not in marks.complete:
        return Reply(
            "failed", text, f"{title} ended the answer in an unknown way ({mark[:80] or 'no reason given'})", tokens
        )
    if not text.strip():
        return Reply("malformed", text, f"{title} finished without an answer", tokens)
    return Reply("complete", text, "", tokens)
