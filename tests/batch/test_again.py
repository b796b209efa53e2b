"""What may come out better another time is done again, and that alone: over the budget, unanswered, lost."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image
from pytest_httpserver import HTTPServer

from tests.batch.counting import counting_model
from tests.batch.killing import Killed, run_and_kill
from tests.batch.small import slips
from tests.batch.test_batch import batch
from tests.vlm import servers
from tests.vlm.answers import answer_text

CRASHES_ONCE = """#!/bin/sh
case "$*" in *_input.*) mkdir "$FAULTS/crashed" 2>/dev/null && kill -SEGV "$PPID" ;; esac
exec "$REAL" "$@"
"""


def once(*arguments: object, environment: dict[str, str] | None = None) -> Killed:
    keys = {**servers.KEYS, **(environment or {})}
    return run_and_kill([str(each) for each in arguments], environment=keys)


def steps(went: Killed) -> Counter[str]:
    """How often each step ran, over all documents."""
    found: Counter[str] = Counter()
    for (step, _), count in went.steps.items():
        found[step] += count
    return found


def results(out: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.json")}


def over_budget(out: Path) -> set[str]:
    return {name for name, each in results(out).items() if any(f["check"] == "budget" for f in each["findings"])}


def test_a_raised_limit_asks_about_the_pages_that_were_over_it_and_no_others(tmp_path: Path) -> None:
    slips(tmp_path / "in", 6)
    out = tmp_path / "out"
    with counting_model() as (counting, url):
        model = ("--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm")
        where = (tmp_path / "in", "--type", "receipt", "--out", out, "--no-cache", *model)
        once(*where, "--max-vlm-pages", 2)
        assert counting.answered.total() == 2
        left = over_budget(out)
        assert len(left) == 4
        before = {path.stem: path.stat().st_mtime_ns for path in out.glob("*.json")}
        same = once(*where, "--max-vlm-pages", 2)
        assert same.steps == {}
        assert {path.stem: path.stat().st_mtime_ns for path in out.glob("*.json")} == before
        assert same.summary["over_budget"] == 4
        raised = once(*where, "--max-vlm-pages", 5)
    assert counting.answered.total() == 5
    assert set(counting.answered.values()) == {1}  # with no answer kept: the paid ones are recorded
    assert over_budget(out) < left
    assert len(over_budget(out)) == 1
    after = {path.stem: path.stat().st_mtime_ns for path in out.glob("*.json")}
    assert {name for name in after if after[name] != before[name]} == left  # one of them tells the new limit
    assert "read page" not in steps(raised)
    assert raised.summary["already_there"] == 2


def test_a_raised_limit_is_kept_to_whoever_is_killed(tmp_path: Path) -> None:
    """What was asked about after it was raised and before a kill is not asked about again.

    Of the ten pages eight are left to ask about, one at a time: enough for two kills amid them.
    """
    slips(tmp_path / "in", 10)
    out = tmp_path / "out"
    with counting_model() as (counting, url):
        model = ("--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm")
        where = (tmp_path / "in", "--type", "receipt", "--out", out, "--cache", tmp_path / "cache", *model)
        once(*where, "--max-vlm-pages", 2)
        raised = [str(each) for each in (*where, "--max-vlm-pages", 100, "--jobs", 1)]
        keys = dict(servers.KEYS)
        went = run_and_kill(raised, at=[("ask about a page", 2)] * 2, on_kill=counting.killed, environment=keys)
    assert went.kills == 2
    assert len(counting.answered) == 10
    assert counting.unexplained == 0
    assert over_budget(out) == set()


def test_a_provider_that_did_not_answer_is_asked_again_by_retry(tmp_path: Path) -> None:
    """Two pages are answered, one meets a wrong key, one a busy provider: these two alone are asked about again."""
    slips(tmp_path / "in", 4)
    out = tmp_path / "out"
    with HTTPServer(threaded=True) as http:
        server, answered, well = servers.Server(http), 0, False
        busy, refused = servers.status(429, {"Retry-After": "3600"}), set[str]()

        def handler(question: servers.Asked) -> servers.Play:
            nonlocal answered
            if well or answered < 2:
                answered += 1
                return servers.answer(answer_text(question.schema, {}))
            refused.add(json.dumps(question.body, sort_keys=True))
            return servers.status(401) if len(refused) == 1 else busy

        server.handler = handler
        url = server.base_url("openai-compatible")
        model = ("--provider", "openai-compatible", "--model", "m", "--base-url", url, "--route", "vlm", "--jobs", 1)
        once(tmp_path / "in", "--type", "receipt", "--out", out, "--no-cache", *model)
        before = results(out)
        assert Counter(each["pages"][0]["outcome"] for each in before.values()) == {
            "complete": 2,
            "failed": 1,
            "rate_limited": 1,
        }
        well = True
        done = batch("retry", "--failed", "--out", out, "--json", "--log-json", environment=servers.KEYS)
    assert done.returncode in (0, 1), done.stderr
    after = results(out)
    assert answered == 4
    assert {each["pages"][0]["outcome"] for each in after.values()} == {"complete"}
    assert all(after[name] == each for name, each in before.items() if each["pages"][0]["outcome"] == "complete")
    assert '"read page"' not in done.stderr
    assert json.loads(done.stdout)["with_failed_pages"] == 0


def test_a_page_lost_by_a_crash_is_read_again_by_retry(tmp_path: Path) -> None:
    """It was one of two: the other stays read."""
    one, other = (Image.open(path) for path in slips(tmp_path / "made", 2))
    one.save(tmp_path / "two.pdf", save_all=True, append_images=[other], resolution=100)
    (tmp_path / "tesseract").write_text(CRASHES_ONCE)
    (tmp_path / "tesseract").chmod(0o755)
    real, out = shutil.which("tesseract"), tmp_path / "out"
    assert real is not None
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REAL": real, "FAULTS": str(tmp_path)}
    went = once(tmp_path / "two.pdf", "--type", "receipt", "--out", out, environment=environment)
    assert sorted(page["outcome"] for page in results(out)["two"]["pages"]) == ["complete", "failed"]
    assert went.summary["with_failed_pages"] == 1
    done = batch("retry", "--failed", "--out", out, "--log-json", environment=environment)
    assert {page["outcome"] for page in results(out)["two"]["pages"]} == {"complete"}
    assert sum('"step": "read page"' in line and '"step done"' in line for line in done.stderr.splitlines()) == 1
