"""What people decided, as pairs of a confidence and whether the engine was right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.reviewed import decisions_file
from engine.view.decided import judged


def line(number: int, kind: str, path: str = "/total", **more: Any) -> str:
    was = {"value": "9.00", "confidence": 0.9, "source": "ocr"}
    return json.dumps({"id": str(number), "result": "a.json", "path": path, "kind": kind, "was": was} | more)


def written(folder: Path, *lines: str) -> Path:
    file = decisions_file(folder)
    file.parent.mkdir()
    file.write_text("\n".join(lines))
    return file


def test_accept_is_right_and_correct_and_absent_are_wrong(tmp_path: Path) -> None:
    file = written(tmp_path, line(1, "accept"), line(2, "correct", "/date"), line(3, "absent", "/tax"))
    assert judged(file) == {"a.json": [(0.9, True), (0.9, False), (0.9, False)]}


def test_the_last_decision_counts_and_what_was_undone_does_not(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        line(1, "accept"),
        line(2, "correct"),
        line(3, "accept", "/date"),
        line(4, "undo", "/date", undoes="3"),
        line(5, "correct", "/tax"),
        line(6, "accept", "/tax", was={"value": 1, "confidence": 1, "source": "human"}),
    )
    assert judged(file) == {"a.json": [(0.9, False), (0.9, False)]}


def test_other_kinds_and_the_line_a_crash_cut_off_say_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, line(1, "dismiss"), line(2, "accept", was={"confidence": None}), line(3, "accept")[:-9])
    assert judged(file) == {}


def test_where_nobody_decided_there_is_nothing(tmp_path: Path) -> None:
    assert judged(decisions_file(tmp_path)) == {}
