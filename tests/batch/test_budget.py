"""The limits of a batch hold over all its processes, kills and restarts: the model on loopback counts its pay."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import simplejson

from tests.batch.counting import counting_model
from tests.batch.killing import run_and_kill
from tests.batch.small import slips
from tests.vlm import servers
from tests.vlm.servers import Answered

SLIPS = 10  # two more than the money of the first test is enough for

PRICE = 100
"""US dollars for a million tokens, in and out."""

TOKENS = 1_000  # of a question, as the model books it
PAID = Decimal(PRICE * (TOKENS + Answered.output_tokens)) / 1_000_000
"""What an answer costs: $0.103."""


def priced(folder: Path) -> Path:
    """A configuration whose model costs something."""
    (folder / "models.toml").write_text(
        f'[[openai-compatible]]\nmatch = "counting"\ninput_price = {PRICE}\noutput_price = {PRICE}\n'
        "output_tokens = 500\n"
    )
    (folder / "engine.toml").write_text('models = "models.toml"\n')
    return folder / "engine.toml"


def killed(folder: Path, url: str, *limit: object) -> dict[str, Any]:
    """The summary of a batch of ten slips with a limit, killed twice: each time as soon as a page was asked about.

    Steps and not seconds say when: on a busy machine a batch may not be answered yet after some seconds, and what it
    was about to ask stays set aside, which can be all that it may.
    """
    slips(folder / "in", SLIPS)
    model = ("--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm")
    places = ("--out", folder / "out", "--cache", folder / "cache", "--config", priced(folder))
    arguments = [str(each) for each in (folder / "in", "--type", "receipt", *places, *model, *limit, "--jobs", "2")]
    went = run_and_kill(arguments, at=[("ask about a page", 1)] * 2, environment=dict(servers.KEYS))
    assert went.kills == 2
    return went.summary


def results(out: Path) -> list[Any]:
    return [simplejson.loads(path.read_bytes(), use_decimal=True) for path in sorted(out.glob("*.json"))]


def over_the_limit(each: Any) -> list[str]:
    return [finding["message"] for finding in each["findings"] if finding["check"] == "budget"]


def answered(each: Any) -> bool:
    """By the model, or by an answer of it that was kept before the batch was killed."""
    usage = each["pages"][0]["usage"] or {}
    return bool(usage.get("calls") or usage.get("kept"))


def test_no_more_is_spent_than_the_limit_whoever_is_killed(tmp_path: Path) -> None:
    """What was on its way at a kill stays set aside, for it may have been billed: less may be spent than allowed."""
    limit = Decimal("0.90")
    with counting_model(TOKENS) as (counting, url):
        summary = killed(tmp_path, url, "--max-usd", limit)
    paid = PAID * sum(counting.answered.values())
    told = results(tmp_path / "out")
    asked = [each for each in told if answered(each)]
    left = [each for each in told if not answered(each)]
    assert len(told) == SLIPS
    assert 0 < paid <= limit
    assert Decimal(str(summary["usd"])) <= limit
    assert asked
    assert left
    for each in left:
        assert each["status"] == "review"
        assert over_the_limit(each)
        assert each["data"]["total"] is not None  # OCR read it


def test_no_more_pages_are_asked_about_than_the_limit_whoever_is_killed(tmp_path: Path) -> None:
    with counting_model() as (counting, url):
        killed(tmp_path, url, "--max-vlm-pages", 5)
    told = results(tmp_path / "out")
    left = [each for each in told if over_the_limit(each)]
    assert len(told) == SLIPS
    assert 0 < len(counting.answered) <= 5
    assert len(left) >= SLIPS - 5
    assert all("limit of 5 pages" in " ".join(over_the_limit(each)) for each in left)
    assert all(each["data"]["total"] is not None for each in left)
