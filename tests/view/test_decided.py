"""What people decided, and what it says of the engine: which of its values were right."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.reviewed import decisions_file
from engine.view.decided import Decision, judged, read_decisions

OCR_S = {"value": "9.00", "confidence": 0.9, "source": "ocr", "verdict": "silent"}
PERSON_S = {"value": "9.60", "confidence": None, "source": "human", "verdict": "confirmed"}


def line(number: int, kind: str, path: str = "/total", **more: Any) -> dict[str, Any]:
    told = {"id": str(number), "result": "a.json", "sha256": None, "of": "x", "gives": "y", "who": "Ann", "when": ""}
    return told | {"kind": kind, "path": path, "was": OCR_S} | more


def right(*lines: dict[str, Any]) -> dict[str, bool]:
    found = list(judged(Decision(**one) for one in lines))
    assert {(one.confidence, one.source, one.verdict) for one in found} <= {(0.9, "ocr", "silent")}
    return {one.path: one.right for one in found}


def test_a_value_is_right_that_still_stands_after_all_that_was_said() -> None:
    assert right(
        line(1, "accept", "/a"),
        line(2, "correct", "/b", value="9.60"),
        line(3, "correct", "/c", value="9.00"),  # typed once more, the same
        line(4, "absent", "/d"),
    ) == {"/a": True, "/b": False, "/c": True, "/d": False}


def test_what_was_said_later_of_a_person_s_own_word_is_of_the_engine_s_value_too() -> None:
    assert right(line(1, "accept"), line(2, "correct", value="9.60", was=OCR_S | {"source": "human"})) == {
        "/total": False
    }
    assert right(line(1, "correct", value="9.60"), line(2, "accept", was=PERSON_S)) == {"/total": False}
    assert right(line(1, "absent"), line(2, "correct", value="9.00", was=PERSON_S | {"value": None})) == {
        "/total": True
    }


def test_what_was_undone_or_is_no_word_of_the_engine_s_says_nothing() -> None:
    assert right(line(1, "correct", value="9.60"), line(2, "undo", undoes="1"), line(3, "accept")) == {"/total": True}
    assert right(line(1, "accept"), line(2, "undo", undoes="1"), line(3, "dismiss", "/b")) == {}
    others = [line(n, "accept", f"/{n}", was=OCR_S | {"source": source}) for n, source in enumerate(("given", "human"))]
    assert right(*others, line(9, "correct", "/n", value="1", was=OCR_S | {"value": None})) == {}


def test_values_are_read_exactly_and_the_line_a_crash_cut_off_is_passed_over(tmp_path: Path) -> None:
    file = decisions_file(tmp_path)
    file.parent.mkdir()
    assert read_decisions(tmp_path) == ()
    whole = json.dumps(line(1, "correct", value="?")).replace('"?"', "12345678901234567890.10")
    wrong = json.dumps(line(2, "accept", was=[]))
    file.write_text("\n".join([whole, wrong, json.dumps({"kind": "accept"}), whole[:-9]]))
    (kept,) = read_decisions(tmp_path)
    assert str(kept.value) == str(Decimal("12345678901234567890.10"))
