"""Asking about a page: pieces, budget, kept answers, and whose word counts where OCR and a model both read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import asking
from engine.asking import ask_pages
from engine.claim import Claim
from engine.config import Config
from engine.doctype import load_type
from engine.errors import BadPage
from engine.page import PageImage
from engine.readers import readers_to_claims
from engine.receive import Document
from engine.result import Finding, Outcome
from engine.route import Decision
from engine.rows import renumbered
from engine.vlm.ask import Page, PageAnswer, Vlm
from engine.vlm.budget import Budget, Reservation
from engine.vlm.model import Model, model_row
from engine.vlm.pace import Pace
from engine.vlm.question import Question
from engine.vlm.store import Store
from engine.vlm.wire import Body, Fault, Reply, Request, Tokens
from tests.making import page_of_print
from tests.pages import typed_reading
from tests.vlm.answers import answer_text
from tests.vlm.outcomes import QUICK

RECEIPT = load_type("receipt")
MODEL = replace(
    model_row("openai-compatible", "m-1"), input_price=Decimal(1), output_price=Decimal(1), output_tokens=1000
)
DATA = {"company": "Shop", "line_items": [{"description": "Hammer"}, {"description": "Paint"}]}

Answerer = Callable[[Request], Reply]


@dataclass
class Scripted:
    """A provider that answers as told: no wire, so that what is asked and paid can be looked at."""

    answers: Answerer
    name: str = "scripted"
    base_url: str = "http://127.0.0.1"
    asked: list[Request] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)

    def request(self, question: Question, model: Model) -> Request:
        return {"text": question.text, "schema": question.schema, "images": len(question.images), "model": model.name}

    def call(self, request: Request, timeout: float) -> Body:
        self.asked.append(request)
        name = str(len(self.asked))
        self.replies[name] = self.answers(request)
        return {"answer": name}

    def reply(self, body: Body, request: Request) -> Reply:
        return self.replies[body["answer"]]

    def models(self, timeout: float) -> tuple[str, ...]:
        return ("m-1",)


def says(data: dict[str, Any], tokens: Tokens | None = None) -> Answerer:
    told = tokens or Tokens(1000, 100)
    return lambda request: Reply("complete", answer_text(request["schema"], data), tokens=told)


def vlm(provider: Scripted, store: Store | None = None, max_usd: Decimal | None = None) -> Vlm:
    return Vlm(provider, MODEL, store, Budget(max_usd, None), Pace(4, 0), QUICK)


def page(number: int = 1) -> Page:
    image = PageImage(number, np.asarray(page_of_print(), dtype=np.uint8), None)
    return Page(image, typed_reading("Shop\nHammer 4.50\nPaint 20.00", number), RECEIPT, 2)


# ------------------------------------------------------------------------------------------------- money


def test_what_an_answer_cost_is_booked_on_the_budget() -> None:
    model = vlm(Scripted(says(DATA)), max_usd=Decimal(1))
    answer = model.ask(page())
    assert answer.usage.usd == model.budget.spent == Decimal("0.0011")
    assert model.budget.left == Decimal("0.9989")
    assert model.budget.uncertain == 0


def test_tries_that_may_have_been_billed_are_booked_as_uncertain() -> None:
    def silent(_: Request) -> Reply:
        raise Fault("no answer in time", again=True, sent=True)

    model = vlm(Scripted(silent), max_usd=Decimal(1))
    answer = model.ask(page())
    assert (answer.outcome, answer.attempts, answer.usage.calls) == ("failed", 2, 0)
    assert model.budget.spent == model.budget.uncertain > 0


def test_a_refused_connection_costs_nothing() -> None:
    def gone(_: Request) -> Reply:
        raise Fault("cannot be reached", again=True)

    model = vlm(Scripted(gone), max_usd=Decimal(1))
    model.ask(page())
    assert (model.budget.spent, model.budget.left) == (0, 1)


def test_a_budget_that_ends_within_a_page_leaves_the_rest_to_ocr() -> None:
    """The whole page was paid for and cut off; nothing is left for its pieces."""
    provider = Scripted(lambda _: Reply("truncated", reason="cut off", tokens=Tokens(999_900, 100)))
    answer = vlm(provider, max_usd=Decimal(1)).ask(page())
    assert len(provider.asked) == 1
    assert (answer.outcome, answer.reason, answer.asked) == ("failed", "the budget of this run is spent", True)
    assert answer.usage.usd == Decimal(1)
    assert set(answer.unanswered.values()) == {"skipped"}
    assert [finding.check for finding in answer.findings] == ["budget"]


def test_an_empty_budget_asks_nothing() -> None:
    provider = Scripted(says(DATA))
    answer = vlm(provider, max_usd=Decimal(0)).ask(page())
    assert (provider.asked, answer.asked, answer.attempts) == ([], False, 0)


def test_a_server_that_does_not_tell_tokens_has_an_unknown_price() -> None:
    model = vlm(Scripted(lambda request: Reply("complete", answer_text(request["schema"], DATA))), max_usd=Decimal(1))
    assert model.ask(page()).usage.usd is None
    assert model.budget.uncertain > 0


# ------------------------------------------------------------------------------------------------- kept


def test_two_who_ask_the_same_pay_once(tmp_path: Path) -> None:
    def slow(request: Request) -> Reply:
        time.sleep(0.1)
        return says(DATA)(request)

    provider = Scripted(slow)
    model = vlm(provider, Store(tmp_path))
    with ThreadPoolExecutor(4) as workers:
        answers = list(workers.map(lambda _: model.ask(page()), range(4)))
    assert len(provider.asked) == 1
    assert sorted(answer.usage.kept for answer in answers) == [0, 1, 1, 1]
    assert {answer.claims for answer in answers} == {answers[0].claims}


def test_an_answer_is_kept_before_its_cost_is_booked(tmp_path: Path) -> None:
    """Booking waits where others book: a process that is killed meanwhile must not lose what was paid for."""

    kept_by_then: list[int] = []

    class Waiting(Budget):
        def _settle(self, reservation: Reservation, actual: Decimal | None) -> None:
            kept_by_then.append(len(list(store.entries())))
            super()._settle(reservation, actual)

    store, budget = Store(tmp_path), Waiting(Decimal(1), None)
    Vlm(Scripted(says(DATA)), MODEL, store, budget, Pace(4, 0), QUICK).ask(page())
    assert (kept_by_then, budget.spent) == ([1], Decimal("0.0011"))


def test_a_second_asking_may_spend_what_the_first_has_left(tmp_path: Path) -> None:
    said = iter([Reply("malformed", reason="no JSON", tokens=Tokens(1000, 100)), None])
    provider = Scripted(lambda request: next(said) or says(DATA)(request))
    most = vlm(provider, Store(tmp_path)).plan(page()).most
    assert most is not None
    answer = vlm(provider, Store(tmp_path), max_usd=most * Decimal("1.5")).ask(page())
    assert (answer.outcome, answer.attempts) == ("complete", 2)


def test_a_plan_sends_nothing_and_knows_what_is_kept(tmp_path: Path) -> None:
    provider = Scripted(says(DATA))
    model = vlm(provider, Store(tmp_path))
    before = model.plan(page())
    assert not provider.asked
    assert (before.images, before.kept) == (1, False)
    assert before.usd == Decimal(before.input_tokens + before.output_tokens) / 1_000_000 > 0
    model.ask(page())
    after = model.plan(page())
    assert (after.kept, after.usd, after.input_tokens) == (True, 0, 0)


def test_only_complete_answers_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ends: tuple[Outcome, ...] = ("refused", "failed", "truncated")
    for end in ends:
        vlm(Scripted(lambda _, end=end: Reply(end, reason="no")), store).ask(page())  # type: ignore[misc]
    assert not list(store.entries())


# ------------------------------------------------------------------------------------------------- whose word


def ocr(pointer: str, value: Any, page: int) -> Claim:
    return Claim(pointer, value, str(value), page, None, 0.9, "ocr")


def by_model(pointer: str, value: Any, page: int) -> Claim:
    return replace(ocr(pointer, value, page), source="vlm")


def values(claims: tuple[Claim, ...]) -> dict[str, Any]:
    assert len({claim.pointer for claim in claims}) == len(claims)
    return {claim.pointer: (claim.value, claim.source) for claim in claims}


ROW = "/line_items/{}/description"
TABLE = frozenset(("/line_items",))
COLUMNS = tuple(leaf.pointer for leaf in RECEIPT.leaves if leaf.array == "/line_items")


def test_rows_of_several_readers_come_in_the_order_of_pages() -> None:
    read = [ocr(ROW.format(0), "a1", 1), ocr(ROW.format(1), "c1", 3), ocr(ROW.format(2), "c2", 3)]
    answers = {
        2: PageAnswer(2, "complete", claims=(by_model(ROW.format(0), "b1", 2), by_model(ROW.format(1), "b2", 2))),
        4: PageAnswer(4, "complete", claims=(by_model(ROW.format(0), "d1", 4),)),
    }
    claims, _ = readers_to_claims(read, answers, RECEIPT)
    rows = values(claims)
    assert [rows[ROW.format(n)] for n in range(6)] == [
        ("a1", "ocr"), ("b1", "vlm"), ("b2", "vlm"), ("c1", "ocr"), ("c2", "ocr"), ("d1", "vlm"),
    ]  # fmt: skip
    assert len(rows) == 6


def test_a_column_without_an_answer_gets_no_rows_of_its_own_from_ocr() -> None:
    read = [ocr("/line_items/0/quantity", 3, 1), ocr("/line_items/1/quantity", 2, 1), ocr("/total", 9, 1)]
    told = (by_model(ROW.format(0), "Hammer", 1), by_model(ROW.format(1), "Paint", 1))
    answer = PageAnswer(1, "malformed", claims=told, unanswered={"/line_items/*/quantity": "malformed"})
    claims, _ = readers_to_claims(read, {1: answer}, RECEIPT)
    assert values(claims) == {ROW.format(0): ("Hammer", "vlm"), ROW.format(1): ("Paint", "vlm")}


@pytest.mark.parametrize("read", [True, False])
def test_a_table_that_lost_a_stretch_is_ocrs_where_it_read_one(read: bool) -> None:
    by_ocr = [ocr(ROW.format(n), name, 1) for n, name in enumerate(("x", "y"))] if read else []
    answer = PageAnswer(
        1,
        "truncated",
        claims=(by_model(ROW.format(0), "Hammer", 1), by_model("/company", "Shop", 1)),
        unanswered=dict.fromkeys(COLUMNS, "truncated"),
        lost=TABLE,
        findings=(Finding(ROW.format(0), "page", "warning", f"in doubt about {ROW.format(0)}", 1),),
    )
    claims, (finding,) = readers_to_claims(by_ocr, {1: answer}, RECEIPT)
    rows = {ROW.format(0): ("x", "ocr"), ROW.format(1): ("y", "ocr")} if read else {ROW.format(0): ("Hammer", "vlm")}
    assert values(claims) == rows | {"/company": ("Shop", "vlm")}
    assert finding.path == ("/line_items" if read else ROW.format(0))


def test_ocr_stands_in_only_for_what_was_not_answered() -> None:
    read = [ocr("/total", 9, 1), ocr("/company", "Shap", 1), ocr("/tax", 1, 1), ocr("/tax", 2, 2)]
    answer = PageAnswer(1, "malformed", claims=(by_model("/company", "Shop", 1),), unanswered={"/total": "malformed"})
    claims, _ = readers_to_claims(read, {1: answer, 2: PageAnswer(2, "skipped", asked=False)}, RECEIPT)
    # the model said that page 1 has no tax; page 2 it was not asked about
    assert [(c.pointer, c.value, c.source) for c in claims] == [
        ("/total", 9, "ocr"), ("/tax", 2, "ocr"), ("/company", "Shop", "vlm"),
    ]  # fmt: skip


def test_findings_follow_their_rows() -> None:
    before = (by_model(ROW.format(0), "a", 2), by_model(ROW.format(1), "b", 2), by_model("/company", "Shop", 2))
    after = (by_model(ROW.format(10), "a", 2), by_model(ROW.format(11), "b", 2), before[2])
    found = [
        Finding(path, "page", "warning", f"the model is in doubt about {path} (confidence 0.3)", 2)
        for path in ("/line_items/1/amount", "/line_items", "/company", "", "/line_items/7/amount")
    ]
    moved = renumbered(found, before, after, RECEIPT.leaves)
    assert [each.path for each in moved] == ["/line_items/11/amount", "/line_items", "/company", "", "/line_items"]
    assert moved[0].message == "the model is in doubt about /line_items/11/amount (confidence 0.3)"
    assert moved[1:4] == tuple(found[1:4])


# ------------------------------------------------------------------------------------------------- pages


def document() -> Document:
    return Document(Path("twice.pdf"), "0" * 64, "pdf", "PDF", 2)


def test_a_page_that_cannot_be_drawn_again_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(_: Document, number: int, __: Config) -> PageImage:
        if number == 1:
            raise BadPage("page 1 is broken")
        return page(2).image

    monkeypatch.setattr(asking, "prepare", prepare)
    provider = Scripted(says(DATA))
    readings = (page(1).reading, page(2).reading)
    routes = (Decision("vlm", "forced", ""),) * 2
    answers = ask_pages(document(), readings, routes, RECEIPT, vlm(provider), Config())
    assert [answers[n].outcome for n in (1, 2)] == ["failed", "complete"]
    assert "page 1 is broken" in answers[1].reason
    assert not answers[1].asked
    assert len(provider.asked) == 1


def test_no_more_pages_are_drawn_at_once_than_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, done, most, lock = 0, 0, 0, threading.Lock()

    def prepare(_: Document, number: int, __: Config) -> PageImage:
        nonlocal drawn, most
        with lock:
            drawn += 1
            most = max(most, drawn - done)
        return page(number).image

    def slow(request: Request) -> Reply:
        nonlocal done
        time.sleep(0.02)
        with lock:
            done += 1
        return says(DATA)(request)

    monkeypatch.setattr(asking, "prepare", prepare)
    readings = tuple(page(n).reading for n in range(1, 9))
    routes = (Decision("vlm", "forced", ""),) * 8
    answers = ask_pages(document(), readings, routes, RECEIPT, vlm(Scripted(slow)), Config(vlm_jobs=2))
    assert list(answers) == list(range(1, 9))
    assert most == 2
