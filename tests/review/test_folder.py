"""Decisions survive a crash, results can always be made again from them, and nothing the engine gave is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.as_json import result_to_data
from engine.batch.state import Batch, save
from engine.config import Config
from engine.doctype import load_type
from engine.errors import UsageError
from engine.review.apply import apply
from engine.review.desk import desk
from engine.review.folder import Changed, opened
from engine.reviewed import decisions_file, original_file
from engine.view.decided import Kind, decided, read_decisions
from engine.view.document import value_text
from tests.review.made import RECEIPT, judged, keep, receipt, written
from tests.review.test_rows import bought, description


def field_of(result, path):
    return {"value": value_text(result.fields[path].value)}


def shown(out: Path, name: str = "a.json"):
    return json.loads((out / name).read_text(), parse_float=Decimal)


def test_each_decision_is_a_line_and_the_result_is_made_of_them(tmp_path):
    out = written(tmp_path / "out")
    before = (out / "a.json").read_bytes()
    with opened(out, "Ann", None) as folder:
        keep(folder, "correct", "/total", value=Decimal("9.00"), printed="9.00")
        keep(folder, "absent", "/date", why="torn off")
        assert original_file(out, "a.json").read_bytes() == before
    assert shown(out)["data"]["total"] == Decimal("9.00")
    assert shown(out)["fields"]["/total"]["source"] == "human"
    first, second = read_decisions(out)
    assert (first.kind, first.value, first.who, first.sha256) == ("correct", Decimal("9.00"), "Ann", "0" * 64)
    assert (second.kind, second.path, second.why) == ("absent", "/date", "torn off")
    with opened(out, "Bob", None) as folder:
        assert folder["a.json"].result == apply(receipt(), read_decisions(out), RECEIPT)
        folder.undo("a.json")
        folder.undo("a.json")
        assert folder.undo("a.json") is None
    assert shown(out) == json.loads(before, parse_float=Decimal)
    assert [decision.who for decision in read_decisions(out)] == ["Ann", "Ann", "Bob", "Bob"]


KILLED = """
import os, signal, sys
from decimal import Decimal
from pathlib import Path
from engine.review import folder
from tests.review.made import keep
folder.write_whole = lambda path, text, real=folder.write_whole: (
    real(path, text) if ".engine" in str(path) else os.kill(os.getpid(), signal.SIGKILL)
)
with folder.opened(Path(sys.argv[1]), "Ann", None) as results:
    keep(results, "correct", "/total", value=Decimal("9.00"), printed="9.00")
"""


def test_a_process_killed_between_the_line_and_the_result_loses_nothing(tmp_path):
    out = written(tmp_path / "out")
    done = subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert shown(out)["data"]["total"] == Decimal("8.00"), "killed before the result was written"
    with opened(out, "Ann", None) as folder:
        assert folder["a.json"].result.data["total"] == Decimal("9.00")
    assert shown(out)["data"]["total"] == Decimal("9.00")


def test_a_decision_whose_result_could_not_be_written_is_in_the_next_one(tmp_path, monkeypatch):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        with monkeypatch.context() as full:
            full.setattr("engine.output.whole_file", no_room)
            with pytest.raises(UsageError, match="cannot be written"):
                keep(folder, "accept", "/total")
        keep(folder, "accept", "/total")
        with monkeypatch.context() as full:
            full.setattr("engine.output.whole_file", no_room)
            with pytest.raises(UsageError, match="cannot be written"):
                keep(folder, "absent", "/date")
        keep(folder, "accept", "/company")
    assert {path for path, field in shown(out)["fields"].items() if field["source"] == "human"} == {
        *("/total", "/date", "/company")
    }


def no_room(*_):
    raise OSError(28, "No space left on device")


def test_a_torn_line_is_passed_over_and_the_next_one_stands(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        keep(folder, "accept", "/total")
    with decisions_file(out).open("ab") as file:
        file.write(b'{"id": "x", "result": "a.json", "ki')
    with opened(out, "Ann", None) as folder:
        keep(folder, "absent", "/date")
    assert [decision.kind for decision in read_decisions(out)] == ["accept", "absent"]


def test_decisions_on_a_document_that_was_extracted_otherwise_are_kept_and_not_applied(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        keep(folder, "correct", "/total", value=Decimal("9.00"), printed="9.00")
    first = original_file(out, "a.json").read_bytes()
    other = receipt(cash=replace(receipt().fields["/subtotal"], value=Decimal("20.00")))
    written(out, result=other)
    with opened(out, "Ann", None) as folder:
        assert (folder["a.json"].stale, folder["a.json"].standing) == (1, ())
        assert folder["a.json"].result.data["total"] == Decimal("8.00")
        keep(folder, "accept", "/total")
    kept = {path.read_bytes() for path in original_file(out, "a.json").parent.iterdir()}
    assert first in kept
    assert len(kept) == 2
    written(out)  # as it was at first: what was decided of it holds again
    with opened(out, "Ann", None) as folder:
        assert folder["a.json"].result.data["total"] == Decimal("9.00")


def test_a_result_that_changes_under_the_review_is_not_written_over(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        written(out, result=receipt(cash=replace(receipt().fields["/subtotal"], value=Decimal("20.00"))))
        with pytest.raises(Changed, match="extracted again"):
            keep(folder, "accept", "/total")
        assert folder["a.json"].result.data["cash"] == Decimal("20.00")
    assert shown(out)["data"]["cash"] == Decimal("20.00")
    assert read_decisions(out) == ()


def test_what_was_seen_has_to_stand_when_it_is_decided(tmp_path):
    """Two windows, and both saw 8.00: who comes second is told, whatever it is."""
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        was = result_to_data(folder["a.json"].result)["fields"]["/total"]

        def race(kind: Kind) -> str:
            told = {"value": Decimal("9.00"), "printed": "9.00"} if kind == "correct" else {}
            try:
                folder.decide("a.json", kind, "/total", was=was, **told)
            except Changed:
                return "told"
            return kind

        with ThreadPoolExecutor(2) as pool:
            told, kept = sorted(pool.map(race, ("accept", "correct")), key=lambda came: came != "told")
        assert told == "told"
        assert folder["a.json"].result.data["total"] == Decimal("9.00" if kept == "correct" else "8.00")
    assert [decision.kind for decision in read_decisions(out)] == [kept]


def test_an_undo_takes_back_the_last_word_on_its_result_and_without_a_name_the_last_of_all(tmp_path):
    out = written(tmp_path / "out")
    written(out, "b.json")
    with opened(out, "Ann", None) as folder:
        for path, name in (("/company", "a.json"), ("/total", "a.json"), ("/company", "b.json")):
            keep(folder, "accept", path, name)
        assert folder.undo("a.json").decisions[-1].path == "/total"
        assert len(folder["b.json"].standing) == 1
        assert folder.undo().name == "b.json"
        assert folder.undo().decisions[-1].path == "/company"
        assert folder.undo() is None
    assert shown(out)["fields"] == shown(out, "b.json")["fields"]


def test_an_undo_that_fails_takes_nothing_back(tmp_path, monkeypatch):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        keep(folder, "accept", "/company")
        keep(folder, "accept", "/total")
        with monkeypatch.context() as full:
            full.setattr("engine.review.folder.add_decision", no_room_for)
            with pytest.raises(UsageError, match="no room"):
                folder.undo("a.json")
        written(out)  # extracted again meanwhile, as it was
        with pytest.raises(Changed):
            folder.undo("a.json")
        assert list(decided(folder["a.json"].decisions)) == ["/company", "/total"]
        assert folder.undo("a.json").decisions[-1].path == "/total"
        assert list(decided(folder["a.json"].decisions)) == ["/company"]


def no_room_for(*_):
    raise UsageError("there is no room: make some")


def test_a_row_that_left_comes_back_and_what_is_decided_meanwhile_is_of_its_own_row(tmp_path):
    out = written(tmp_path / "out", result=bought("tea", "noise", "milc"))
    with opened(out, "Ann", None) as folder:
        keep(folder, "absent", description(1))
        keep(folder, "correct", description(1), value="milk", printed="milk")  # the row that has moved up
        assert [decision.path for decision in read_decisions(out)] == [description(1), description(2)]
        assert [row["description"] for row in shown(out)["data"]["line_items"]] == ["tea", "milk"]
        assert desk(folder, 1)["decided"].keys() == {description(1)}
        folder.undo("a.json")
        folder.undo("a.json")
        assert [row["description"] for row in shown(out)["data"]["line_items"]] == ["tea", "noise", "milc"]


def test_another_type_of_its_name_makes_nothing_clean_and_the_batch_s_own_is_found(tmp_path, monkeypatch):
    begun_in, schemas = tmp_path / "begun", tmp_path / "begun" / "types"
    schemas.mkdir(parents=True)
    strict = json.loads(RECEIPT.path.read_text())
    strict["properties"]["company"]["maxLength"] = 3
    (schemas / "receipt.json").write_text(json.dumps(strict))
    out = written(tmp_path / "out", result=judged(receipt().fields, load_type("receipt", schemas), ()))
    with opened(out, "Ann", None) as folder:
        assert "checked by another receipt" in folder["a.json"].why_not
        keep(folder, "accept", "/address")
        assert any(f.path == "/company" and f.check == "schema" for f in folder["a.json"].result.findings)
        folder.undo()
    monkeypatch.chdir(begun_in)
    save(Batch("x", out, "receipt", Config(schemas=Path("types")), ()))
    monkeypatch.chdir(tmp_path)
    with opened(out, "Ann", None) as folder:
        assert (folder.schemas, folder["a.json"].why_not) == (schemas, "")


def test_one_process_at_a_time(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None), pytest.raises(UsageError, match="another"), opened(out, "Bob", None):
        pass


def test_a_folder_without_results_is_told_and_other_files_are_passed_over(tmp_path):
    (tmp_path / "note.json").write_text("[]")
    with pytest.raises(UsageError, match="no result"), opened(tmp_path, "Ann", None):
        pass
    written(tmp_path)
    with opened(tmp_path, "Ann", None) as folder:
        assert folder.names == ("a.json",)
        assert len(folder.ignored) == 1
