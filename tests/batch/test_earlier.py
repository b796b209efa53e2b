"""A second set of inputs into the same folder: what earlier runs brought is kept, counted and never taken for new."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.as_json import result_to_json
from engine.batch.earlier import kept_items, names_given
from engine.batch.finished import Finished
from engine.batch.items import Item
from engine.batch.results import Superseded, take_away, write
from engine.batch.state import folder, load
from engine.reviewed import original_file
from tests import sample_results as sample
from tests.batch.killing import run_and_kill
from tests.batch.small import slips
from tests.batch.test_batch import batch, exit_code, result
from tests.batch.test_pieces import CONTRACT, STATEMENT, joined


def run(*arguments: object) -> Any:
    done = batch("run", *arguments, "--json")
    assert done.returncode in (0, 1, 2), done.stderr
    return json.loads(done.stdout)


def names(out: Path) -> set[str]:
    return {path.name for path in out.glob("*.json")}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose ``in`` are two slips, and ``out`` their results as receipts."""
    root = tmp_path_factory.mktemp("earlier")
    slips(root / "in", 2)
    run(root / "in", "--type", "receipt", "--out", root / "out")
    return root


def test_the_batch_of_a_folder_is_all_that_was_run_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second set is begun from another place, and has a file of a name that is taken."""
    first, out = slips(tmp_path / "one", 2), tmp_path / "out"
    slips(tmp_path / "two", 1)
    second = [path.rename(path.with_name(name)) for path, name in zip(slips(tmp_path / "made", 2), "xy", strict=True)]
    second[0].rename(tmp_path / "two" / "x.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tests.batch.test_batch.ROOT", tmp_path)
    run("one", "--type", "receipt", "--out", "out")
    before = {path.name: path.read_bytes() for path in out.glob("*.json")}
    monkeypatch.setattr("tests.batch.test_batch.ROOT", tmp_path / "two")
    told = run(".", "--type", "receipt", "--out", out)
    assert (told["documents"], told["earlier"]) == (2, {"documents": 2, "review": 2})
    assert before == {name: (out / name).read_bytes() for name in before}
    assert len(names(out)) == 4
    (other,) = names(out) - set(before) - {"x.json"}
    assert result(out / other)["document"]["path"].endswith("slip-0000.png")
    assert len((out / "results.jsonl").read_text().splitlines()) == 4
    capfd.readouterr()
    assert exit_code("status", "--out", out, "--json") == 0
    state = json.loads(capfd.readouterr().out)
    assert (state["documents"], state["review"], state["earlier"]["documents"]) == (2, 2, 2)
    named_again = [Item(first[0], "slip-0000.json"), Item(Path("new.png"), "new.json")]
    kept, undone = kept_items(load(out), named_again)
    assert ({item.whole for item in kept}, undone) == (
        {str(first[1]), str(tmp_path / "two" / "x.png"), str(tmp_path / "two" / "slip-0000.png")},
        0,
    )
    assert names_given(load(out))[str(first[0])] == "slip-0000.json"


def _review(path: Path) -> None:
    data = result(path)
    next(iter(data["fields"].values()))["source"] = "human"
    path.write_text(json.dumps(data))


def test_a_file_that_is_cut_anew_leaves_no_stale_result(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    joined(tmp_path / "scan.pdf", CONTRACT, None, STATEMENT)
    out = tmp_path / "out"
    where = (tmp_path / "scan.pdf", "--out", out)
    pieces = {"scan__p1.json", "scan__p3-4.json"}
    run(*where, "--split")
    assert names(out) == pieces
    told = run(*where)["superseded"]
    assert (set(told["removed"]), told["kept"]) == (pieces, [])
    assert names(out) == {"scan.json"}
    capfd.readouterr()
    assert exit_code("status", "--out", out, "--json") == 0
    status = json.loads(capfd.readouterr().out)
    assert (status["documents"], status["review"] + status["clean"]) == (1, 1)


def _written(out: Path, *names: str) -> tuple[list[Item], Finished]:
    """Results as a batch has written them."""
    items = [Item(out / f"{Path(name).stem}.pdf", name) for name in names]
    finished = Finished(out / "finished.jsonl")
    for item in items:
        write(item, "work", result_to_json(sample.receipt("elsewhere.pdf")), out, finished)
    return items, finished


def test_only_what_a_batch_wrote_and_nobody_touched_is_taken_away(tmp_path: Path) -> None:
    items, finished = _written(tmp_path, "new.json", "stale.json", "edited.json", "reviewed.json", "other.json")
    (tmp_path / "edited.json").write_text((tmp_path / "edited.json").read_text() + " ")
    _review(tmp_path / "reviewed.json")
    (tmp_path / "mine.json").write_text((tmp_path / "stale.json").read_text())  # noted by nobody
    told = take_away(items[:4], {"new.json"}, tmp_path, Finished(tmp_path / "finished.jsonl"))
    assert told == Superseded(("stale.json",), ("edited.json", "reviewed.json"))
    assert names(tmp_path) == {"new.json", "edited.json", "reviewed.json", "other.json", "mine.json"}
    assert set(Finished(tmp_path / "finished.jsonl")) == set(finished) - {"stale.json"}


@pytest.mark.parametrize("how", ["a value in it", "its original"])
def test_what_is_reviewed_while_a_batch_runs_is_not_written_over(tmp_path: Path, how: str) -> None:
    (item,), finished = _written(tmp_path, "a.json")
    if how == "a value in it":
        _review(tmp_path / "a.json")
    else:
        original_file(tmp_path, "a.json").parent.mkdir(parents=True)
        original_file(tmp_path, "a.json").write_bytes((tmp_path / "a.json").read_bytes())
    reviewed = (tmp_path / "a.json").read_bytes()
    done = write(item, "other work", result_to_json(sample.failed("elsewhere.pdf")), tmp_path, finished)
    assert (done.outdated, done.fresh, done.status) == (True, False, "review")
    assert (tmp_path / "a.json").read_bytes() == reviewed
    assert finished.work("a.json") == "work"


def test_a_reviewed_result_is_kept_and_costs_no_work(done: Path, tmp_path: Path) -> None:
    out = shutil.copytree(done / "out", tmp_path / "out")
    _review(out / "slip-0000.json")
    reviewed = (out / "slip-0000.json").read_bytes()
    went = run_and_kill([done / "in", "--type", "invoice", "--out", out])
    assert went.summary["reviewed_and_outdated"] == ["slip-0000.json"]
    assert (out / "slip-0000.json").read_bytes() == reviewed
    assert result(out / "slip-0001.json")["document"]["type"] == "invoice"
    assert sum(step == "conclude" for step, _ in went.steps) == 1


def test_only_results_of_the_work_that_is_wanted_count_as_done(
    done: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither those of another command count, nor those of other settings."""
    out = shutil.copytree(done / "out", tmp_path / "out")
    (folder(out) / "finished.jsonl").write_text(
        "".join((folder(out) / "finished.jsonl").read_text().splitlines(keepends=True)[:1])
    )
    capfd.readouterr()
    assert exit_code("status", "--out", out, "--json") == 0
    assert json.loads(capfd.readouterr().out)["review"] == 1
    settings = folder(out) / "batch.json"
    settings.write_text(settings.read_text().replace('"receipt"', '"invoice"'))
    assert exit_code("status", "--out", out, "--json") == 0
    assert json.loads(capfd.readouterr().out)["review"] == 0


@pytest.mark.parametrize("command", [("status",), ("resume",), ("retry", "--failed"), ("cancel",)])
def test_a_mistyped_folder_is_told_and_not_made(
    tmp_path: Path, command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*command, "--out", tmp_path / "uot") == 3
    assert "holds no batch" in capfd.readouterr().err
    assert not (tmp_path / "uot").exists()
