"""Decisions survive a crash, results can always be made again from them, and nothing the engine gave is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.review.apply import apply
from engine.review.decisions import read_decisions
from engine.review.folder import Changed, opened
from engine.reviewed import decisions_file, original_file
from engine.view.document import value_text
from tests.review.made import RECEIPT, receipt, written


def field_of(result, path):
    return {"value": value_text(result.fields[path].value)}


def shown(out: Path, name: str = "a.json"):
    return json.loads((out / name).read_text(), parse_float=Decimal)


def test_each_decision_is_a_line_and_the_result_is_made_of_them(tmp_path):
    out = written(tmp_path / "out")
    before = (out / "a.json").read_bytes()
    with opened(out, "Ann", None) as folder:
        folder.decide("a.json", "correct", "/total", was={"value": 8}, value=Decimal("9.00"), printed="9.00")
        folder.decide("a.json", "absent", "/date", was={"value": None}, why="torn off")
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
folder.write_whole = lambda path, text, real=folder.write_whole: (
    real(path, text) if ".engine" in str(path) else os.kill(os.getpid(), signal.SIGKILL)
)
with folder.opened(Path(sys.argv[1]), "Ann", None) as results:
    results.decide("a.json", "correct", "/total", was={"value": 8}, value=Decimal("9.00"), printed="9.00")
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
                folder.decide("a.json", "accept", "/total", was={"value": 8})
        folder.decide("a.json", "accept", "/total", was={"value": 8})
        with monkeypatch.context() as full:
            full.setattr("engine.output.whole_file", no_room)
            with pytest.raises(UsageError, match="cannot be written"):
                folder.decide("a.json", "absent", "/date", was={"value": None})
        folder.decide("a.json", "accept", "/company", was={"value": "Café GmbH"})
    assert {path for path, field in shown(out)["fields"].items() if field["source"] == "human"} == {
        *("/total", "/date", "/company")
    }


def no_room(*_):
    raise OSError(28, "No space left on device")


def test_a_torn_line_is_passed_over_and_the_next_one_stands(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        folder.decide("a.json", "accept", "/total", was={"value": 8})
    with decisions_file(out).open("ab") as file:
        file.write(b'{"id": "x", "result": "a.json", "ki')
    with opened(out, "Ann", None) as folder:
        folder.decide("a.json", "absent", "/date", was={"value": None})
    assert [decision.kind for decision in read_decisions(out)] == ["accept", "absent"]


def test_decisions_on_a_document_that_was_extracted_otherwise_are_kept_and_not_applied(tmp_path):
    out = written(tmp_path / "out")
    with opened(out, "Ann", None) as folder:
        folder.decide("a.json", "correct", "/total", was={"value": 8}, value=Decimal("9.00"), printed="9.00")
    first = original_file(out, "a.json").read_bytes()
    other = receipt(cash=replace(receipt().fields["/subtotal"], value=Decimal("20.00")))
    written(out, result=other)
    with opened(out, "Ann", None) as folder:
        assert (folder["a.json"].stale, folder["a.json"].standing) == (1, ())
        assert folder["a.json"].result.data["total"] == Decimal("8.00")
        folder.decide("a.json", "accept", "/total", was={"value": 8})
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
            folder.decide("a.json", "accept", "/total", was={"value": 8})
        assert folder["a.json"].result.data["cash"] == Decimal("20.00")
    assert shown(out)["data"]["cash"] == Decimal("20.00")
    assert read_decisions(out) == ()


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
