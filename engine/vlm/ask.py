"""One page asked of one model: image and question out, an answer with its outcome in.

What is asked is a piece: some leaves of one stretch of the page, at first all of both. A piece whose answer was cut
off is asked again in smaller ones, one that came back unusable is asked again once with the error named. An answer
that is kept costs nothing. Nothing here raises for what a model or a server does: it becomes an outcome.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal
from threading import Event

from engine.claim import Claim
from engine.doctype import DocumentType, Leaf
from engine.page import PageImage, Reading
from engine.pointer import matches
from engine.result import Finding, Outcome, Usage
from engine.rows import joined, renumbered
from engine.vlm.answer import Answer, Unusable, read_answer
from engine.vlm.budget import Budget
from engine.vlm.cost import cost, estimate_tokens, most_tokens
from engine.vlm.dialect import fits
from engine.vlm.fit import Fitted, cut_between_lines, fit_page, word_height
from engine.vlm.model import Model
from engine.vlm.pace import Pace
from engine.vlm.place import place
from engine.vlm.providers.deadline import cut_all
from engine.vlm.question import Question, leaf_groups, page_question
from engine.vlm.record import Recorder
from engine.vlm.replay import Replay
from engine.vlm.retry import Exhausted, Policy, with_retry
from engine.vlm.store import Kept, Store
from engine.vlm.store import key as store_key
from engine.vlm.wire import Body, Fault, Provider, Reply, Request, Tokens

log = logging.getLogger(__name__)

NOTHING = Usage()
DEEPEST = 3
"""How often a piece may be cut: 8 bands of a table, or an eighth of the fields; more is no answer cut off."""

HOPELESS = 2
"""Pieces of a page that cannot be made smaller and are cut off all the same: after these no more are paid for."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be asked about: upright image, what OCR read, the type, and the pages of the document."""

    image: PageImage
    reading: Reading
    doctype: DocumentType
    pages: int


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What a model made of a page.

    ``unanswered`` are the leaves (patterns) that it gave no answer for, with the outcome that this is due to; one
    answered with null is answered. ``lost`` are the arrays of which a stretch has no answer at all. Rows count from 0
    in claims and findings. ``asked`` is False where nothing was sent and nothing was kept: the budget did not allow it.
    """

    page: int
    outcome: Outcome
    reason: str = ""
    claims: tuple[Claim, ...] = ()
    unanswered: Mapping[str, Outcome] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    attempts: int = 0
    usage: Usage = NOTHING
    seconds: float = 0.0
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What asking about a page would send; an estimate. ``usd`` is what it is likely to cost and ``most`` what its
    questions may, both None where the price is unknown.
    """

    page: int
    images: int
    input_tokens: int
    output_tokens: int
    usd: Decimal | None
    most: Decimal | None
    kept: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some leaves of one stretch of a page, from ``top`` to ``bottom`` as fractions of its height."""

    page: Page
    leaves: tuple[Leaf, ...]
    image: PageImage
    shown: Fitted
    top: float = 0.0
    bottom: float = 1.0
    depth: int = 0

    @property
    def note(self) -> str:
        if self.bottom - self.top == 1:
            return ""
        return (
            f"This is one stretch of the page, from {self.top:.0%} to {self.bottom:.0%} of its height, cut between two"
            " lines: list only the rows in it."
        )

    def is_of(self, whole: _Piece) -> bool:
        """Whether this is a piece of that one."""
        return set(self.leaves) <= set(whole.leaves) and whole.top <= self.top and self.bottom <= whole.bottom


@dataclass(frozen=True, slots=True)
class Sent:
    """How sending one question ended: what the model said (``text``, where complete) and what it took."""

    outcome: Outcome
    text: str = ""
    reason: str = ""
    body: Body | None = field(default=None, repr=False)
    tokens: Tokens | None = None
    attempts: int = 0
    usage: Usage = NOTHING


@dataclass(frozen=True, slots=True)
class _Part:
    """How asking for a piece ended."""

    outcome: Outcome
    leaves: tuple[Leaf, ...]
    reason: str = ""
    answer: Answer | None = None
    body: Body | None = field(default=None, repr=False)
    tokens: Tokens | None = None
    attempts: int = 0
    usage: Usage = NOTHING

    @property
    def unanswered(self) -> frozenset[str]:
        if self.answer is None:
            return frozenset(leaf.pointer for leaf in self.leaves)
        claimed = {claim.pointer for claim in self.answer.claims}
        lost = [pointer for pointer, _ in self.answer.wrong if pointer not in claimed]
        return frozenset(leaf.pointer for leaf in self.leaves for at in lost if at == leaf.pointer or _in(leaf, at))


def _in(leaf: Leaf, pointer: str) -> bool:
    """Whether what is wrong at a pointer is wrong of the leaf: its place, or its whole array."""
    return matches(leaf.pointer, pointer) or (leaf.array or "").startswith(f"{pointer}/") or leaf.array == pointer


@dataclass(frozen=True)
class Vlm:
    """A model that may be asked, with what all documents of a run share: budget, pace, kept answers.

    With ``recordings`` nothing is sent: they alone answer. With a ``recorder`` they answer first, and what else is
    asked is recorded.
    """

    provider: Provider
    model: Model
    store: Store | None
    budget: Budget
    pace: Pace
    policy: Policy
    recordings: Replay | None = None
    stopped: Event = field(default_factory=Event)
    recorder: Recorder | None = None

    def stop(self) -> None:
        """Ask no more, wait for no more: requests on their way are cut off. For a run that is given up."""
        self.stopped.set()
        cut_all()

    @property
    def name(self) -> str:
        return f"{self.provider.name}/{self.model.name}"

    def ask(self, page: Page) -> PageAnswer:
        """One page, all leaves of its type; never raises for what the model or its server does."""
        started = time.perf_counter()
        parts = self._ask(self._pieces(page))
        seconds = round(time.perf_counter() - started, 3)
        answer = replace(_parts_to_answer(page, parts), seconds=seconds)
        log.info("page %d: %s, %s", answer.page, self.name, answer.outcome)  # reasons may quote the document
        return answer

    def questions(self, page: Page) -> tuple[Question, ...]:
        """What would be asked first, for people to read."""
        return tuple(self._question(piece) for piece in self._pieces(page))

    def plan(self, page: Page) -> Plan:
        """What asking would send and cost; nothing is sent."""
        questions = self.questions(page)
        unpaid = [q for q in questions if self.recordings is None and self._kept(q) is None]
        tokens = [estimate_tokens(self.model, question) for question in unpaid]
        most = [most_tokens(self.model, question) for question in unpaid]
        return Plan(
            page.image.page,
            sum(len(question.images) for question in questions),
            sum(each.input for each in tokens),
            sum(each.output for each in tokens),
            self._price(tokens),
            self._price(most),
            kept=not unpaid,
        )

    def affords(self, plan: Plan) -> bool:
        """Whether the budget has room for a plan, which is booked as if it had been asked."""
        reservation = self.budget.reserve(plan.most)
        if reservation is not None:
            reservation.settle(plan.usd)
        return reservation is not None

    def _price(self, tokens: Sequence[Tokens]) -> Decimal | None:
        prices = [cost(self.model, each) for each in tokens]
        return None if None in prices else sum((price for price in prices if price is not None), Decimal(0))

    # ------------------------------------------------------------------------------------------- pieces

    def _pieces(self, page: Page) -> list[_Piece]:
        """The whole page at once, or in groups of fields where the provider's schema has no room for all."""
        whole = _Piece(page, page.doctype.leaves, page.image, self._shown(page, page.image))
        waiting, ready = [whole], []
        while waiting:
            piece = waiting.pop(0)
            smaller = () if fits(self._schema(piece), self.model.dialect) else _by_fields(piece)
            waiting[:0] = smaller
            ready += [] if smaller else [piece]
        return [replace(piece, depth=0) for piece in ready]

    def _schema(self, piece: _Piece) -> dict[str, object]:
        doctype, number = piece.page.doctype, piece.page.image.page
        return page_question(doctype, page=number, pages=piece.page.pages, images=(), leaves=piece.leaves).schema

    def _question(self, piece: _Piece, wrong: str | None = None) -> Question:
        return page_question(
            piece.page.doctype,
            page=piece.page.image.page,
            pages=piece.page.pages,
            images=piece.shown.images,
            leaves=piece.leaves,
            note=" ".join(filter(None, (piece.note, piece.shown.note))),
            words=None if self.model.vision else _text_of(piece),
            wrong=wrong,
            output_tokens=self.model.output_tokens,
        )

    def _shown(self, page: Page, image: PageImage) -> Fitted:
        """A page or a stretch of it as the model's limits have it."""
        if not self.model.vision:
            return Fitted((), "")
        return fit_page(image, word_height(page.reading.words, page.image.height), self.model)

    def _smaller(self, piece: _Piece) -> tuple[_Piece, ...]:
        """A piece in parts: by its fields where there are several groups of them, else a table in bands."""
        return () if piece.depth >= DEEPEST else _by_fields(piece) or self._by_bands(piece)

    def _by_bands(self, piece: _Piece) -> tuple[_Piece, ...]:
        cut = cut_between_lines(piece.image) if piece.leaves[0].array is not None else None
        if cut is None:
            return ()
        upper, lower, share = cut
        at = piece.top + share * (piece.bottom - piece.top)
        smaller = replace(piece, depth=piece.depth + 1)
        return (
            replace(smaller, image=upper, shown=self._shown(piece.page, upper), bottom=at),
            replace(smaller, image=lower, shown=self._shown(piece.page, lower), top=at),
        )

    # ------------------------------------------------------------------------------------------- asking

    def _ask(self, pieces: Sequence[_Piece]) -> list[_Part]:
        """Piece by piece; one that is cut off makes way for its own pieces, as long as there is hope."""
        waiting = list(pieces)
        ended: list[tuple[_Piece, _Part]] = []
        cut_off: list[tuple[_Piece, _Part]] = []
        while waiting:
            piece = waiting.pop(0)
            if sum(part.outcome == "truncated" for _, part in ended) >= HOPELESS:
                ended.append((piece, _Part("truncated", piece.leaves, "not asked, after others were cut off in vain")))
                continue
            part = self._settle(piece)
            smaller = self._smaller(piece) if part.outcome == "truncated" else ()
            (cut_off if smaller else ended).append((piece, part))
            waiting[:0] = smaller
        for whole, part in cut_off:
            if all(each.outcome == "complete" for piece, each in ended if piece.is_of(whole)):
                self._keep(self._question(whole), part)  # it leads to its pieces, and is no answer
        spent = [replace(part, outcome="complete", leaves=(), reason="", answer=None) for _, part in cut_off]
        return [*spent, *(part for _, part in ended)]

    def _settle(self, piece: _Piece) -> _Part:
        """The kept answer, or the model's; the one re-ask is here. Others who ask the same wait for this one.

        What an answer cost is booked once it is kept: booking may have to wait for others, and one that is lost
        meanwhile would be paid again.
        """
        question = self._question(piece)
        with ExitStack() as bills, self.store.lock(self._key(question)) if self.store else nullcontext():
            kept = self._kept(question)
            part = self._from_kept(kept, piece, question) if kept else None
            if part is None:
                part = self._settled(piece, question, bills)
                if part.outcome == "complete":
                    self._keep(question, part)
            return part

    def _settled(self, piece: _Piece, question: Question, bills: ExitStack) -> _Part:
        first = self._send(piece, question, bills)
        complaint = _complaint(first)
        if complaint is None:
            return first
        bills.close()  # the second try is to have what the first has left
        log.info("page %d: asked again, what was wrong is named", piece.page.image.page)
        second = self._send(piece, self._question(piece, wrong=complaint), bills)
        best = second if _rank(second) >= _rank(first) else first
        return _judged(replace(best, attempts=first.attempts + second.attempts, usage=first.usage + second.usage))

    def ask_once(self, question: Question, usable: Callable[[Sent], bool]) -> Sent:
        """A question of any shape, asked once: kept or recorded or paid for like those about pages, never asked again.

        An answer is kept where it is ``usable``. Never raises for what the model or its server does.
        """
        with ExitStack() as bills, self.store.lock(self._key(question)) if self.store else nullcontext():
            kept = self._kept(question)
            if kept:
                there = self._replied(question, kept)
                if usable(there):
                    return there
            sent = self._exchange(question, "choice", bills)
            if usable(sent):
                self._keep(question, sent)
            return sent

    def _send(self, piece: _Piece, question: Question, bills: ExitStack) -> _Part:
        """One question paid for, sent (with its tries) and understood."""
        sent = self._exchange(question, f"page-{piece.page.image.page}", bills)
        part = _understood(sent, question, piece)
        return replace(part, body=sent.body, tokens=sent.tokens, attempts=sent.attempts, usage=sent.usage)

    def _exchange(self, question: Question, about: str, bills: ExitStack) -> Sent:
        """One question paid for and sent, with its tries; or its recording. ``about`` says what is asked about.

        The end of *bills* books what the answer cost.
        """
        request = self.provider.request(question, self.model)
        if self.recordings is not None:
            try:
                return self._replied(question, self.recordings.find(question, request))
            except Fault as fault:
                return Sent(fault.outcome, reason=str(fault), attempts=1)
        recorded = self.recorder.find(request) if self.recorder else None
        if recorded:
            return self._replied(question, recorded)
        most = cost(self.model, most_tokens(self.model, question))
        try:
            tried = with_retry(
                lambda timeout: self._paid(request, most, timeout, bills),
                self.policy,
                turn=self.pace,
                sleep=self.stopped.wait,
            )
        except Exhausted as error:
            unsent = error.outcome == "skipped"
            lost = Usage(usd=None) if error.sent else NOTHING  # a try that was worked on may have been billed
            return Sent(error.outcome, reason=str(error), attempts=error.attempts - unsent, usage=lost)
        reply = self.provider.reply(tried.body, request)
        usage = self._usage(reply) + (Usage(usd=None) if tried.sent else NOTHING)
        if self.recorder:
            kept = self._answered(question, tried.body, reply.tokens, self._usage(reply).usd)
            self.recorder.keep(kept, question, about)
        return Sent(reply.outcome, reply.text, reply.reason, tried.body, reply.tokens, tried.attempts, usage)

    def _replied(self, question: Question, kept: Kept) -> Sent:
        """A kept answer or a recording as if it had just come; it costs nothing."""
        reply = self.provider.reply(kept.body, self.provider.request(question, self.model))
        return Sent(reply.outcome, reply.text, reply.reason, usage=Usage(kept=1))

    def _paid(self, request: Request, most: Decimal | None, timeout: float, bills: ExitStack) -> Body:
        """One try, for which the money is set aside: all that it may cost. What it did cost goes to *bills*.

        Raises Fault, ``skipped`` without money.
        """
        if self.stopped.is_set():
            raise Fault("the run was stopped", "skipped")
        reservation = self.budget.reserve(most)
        if reservation is None:
            raise Fault("the budget of this run is spent", "skipped")
        try:
            body = self.provider.call(request, timeout)
            usage = self._usage(self.provider.reply(body, request))
        except Fault as fault:
            reservation.settle(None if fault.sent else Decimal(0))
            raise
        except BaseException:  # the run is stopped
            reservation.release()
            raise
        bills.callback(reservation.settle, usage.usd)
        return body

    def _usage(self, reply: Reply) -> Usage:
        tokens = reply.tokens
        if tokens is None:  # the server does not say
            return Usage(1, 0, 0, None)
        return Usage(1, tokens.input, tokens.output, cost(self.model, tokens))

    # ------------------------------------------------------------------------------------------- kept answers

    def _key(self, question: Question) -> str:
        request = self.provider.request(question, self.model)
        return store_key(self.provider.name, self.provider.base_url, self.model.name, request)

    def _kept(self, question: Question) -> Kept | None:
        return self.store.get(self._key(question)) if self.store else None

    def _from_kept(self, kept: Kept, piece: _Piece, question: Question) -> _Part | None:
        """The kept answer as it reads today; None where it would not count as complete any more.

        One that was cut off is kept only where its pieces are: it leads to them.
        """
        part = _judged(_understood(self._replied(question, kept), question, piece))
        if part.outcome == "truncated":
            return part
        return replace(part, usage=Usage(kept=1)) if part.outcome == "complete" else None

    def _keep(self, question: Question, part: _Part | Sent) -> None:
        """Under the first question, so that whoever asks it again gets what its re-ask brought."""
        if self.store is None or part.body is None:
            return
        self.store.put(self._answered(question, part.body, part.tokens, part.usage.usd))

    def _answered(self, question: Question, body: Body, tokens: Tokens | None, usd: Decimal | None) -> Kept:
        request, told = self.provider.request(question, self.model), (self.provider.name, self.provider.base_url)
        return Kept.now(*told, self.model.name, question, request, body, tokens=tokens, usd=usd)


# ------------------------------------------------------------------------------------------------ understanding


def _understood(sent: Sent, question: Question, piece: _Piece) -> _Part:
    if sent.outcome != "complete":
        return _Part(sent.outcome, piece.leaves, sent.reason)
    try:
        answer = read_answer(sent.text, question, piece.page.image.page)
    except Unusable as error:
        return _Part(error.outcome, piece.leaves, str(error))
    return _Part("complete", piece.leaves, answer=answer)


def _complaint(part: _Part) -> str | None:
    """What a second asking should name; None where it would not help."""
    if part.outcome == "malformed" and part.body is not None:
        return part.reason
    if part.answer is not None and part.answer.wrong:
        return "; ".join(sentence for _, sentence in part.answer.wrong)
    return None


def _rank(part: _Part) -> tuple[int, int]:
    """Which of two answers to the same question is better: a usable one, with less that is wrong."""
    return (part.answer is not None, -len(part.answer.wrong) if part.answer else 0)


def _judged(part: _Part) -> _Part:
    """An answer that still leaves fields out after the second asking is not a complete one."""
    if part.outcome != "complete" or not part.unanswered or part.answer is None:
        return part
    return replace(part, outcome="malformed", reason="; ".join(sentence for _, sentence in part.answer.wrong))


def _parts_to_answer(page: Page, parts: Sequence[_Part]) -> PageAnswer:
    """The pieces of a page as one: the first that did not end well names the outcome."""
    number = page.image.page
    usage = sum((part.usage for part in parts), NOTHING)
    attempts = sum(part.attempts for part in parts)
    asked = attempts > 0 or usage.kept > 0
    bad = next((part for part in parts if part.outcome != "complete"), None)
    outcome = bad.outcome if bad else "complete"
    answers = [part.answer for part in parts if part.answer]
    claims = joined([answer.claims for answer in answers], page.doctype.leaves)
    unanswered: dict[str, Outcome] = {}
    for part in parts:
        unanswered = dict.fromkeys(part.unanswered, part.outcome) | unanswered
    return PageAnswer(
        number,
        "failed" if asked and outcome == "skipped" else outcome,
        bad.reason if bad else "",
        tuple(replace(claim, box=place(claim.printed, page.reading.words)) for claim in claims),
        unanswered,
        frozenset(leaf.array or "" for part in parts if not part.answer for leaf in part.leaves if leaf.in_array),
        (*_doubts(answers, claims, page.doctype.leaves), *_unpaid(parts, number)),
        attempts,
        usage,
        asked=asked,
    )


def _unpaid(parts: Sequence[_Part], page: int) -> Iterator[Finding]:
    """A page that was begun, and for the rest of which no money was left."""
    skipped = [part for part in parts if part.outcome == "skipped"]
    if skipped and len(skipped) < len(parts):
        yield Finding("", "budget", "error", f"a part of the page was not asked about: {skipped[0].reason}", page)


def _doubts(answers: Sequence[Answer], claims: Sequence[Claim], leaves: Sequence[Leaf]) -> Iterator[Finding]:
    """What the pieces leave to doubt, with the rows as the page counts them."""
    start = 0
    for answer in answers:
        end = start + len(answer.claims)
        yield from renumbered(answer.doubts, answer.claims, claims[start:end], leaves)
        start = end


def _by_fields(piece: _Piece) -> tuple[_Piece, ...]:
    groups = leaf_groups(piece.leaves)
    return tuple(replace(piece, leaves=group, depth=piece.depth + 1) for group in groups) if len(groups) > 1 else ()


def _text_of(piece: _Piece) -> str:
    """The OCR lines of a stretch, for a model that takes no image."""
    lines: dict[int, list[str]] = {}
    for word in piece.page.reading.words:
        if piece.top <= word.box.cy <= piece.bottom:
            lines.setdefault(word.line, []).append(word.text)
    return "\n".join(" ".join(words) for words in lines.values())
