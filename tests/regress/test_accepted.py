"""An accepted run is kept whole, in lines a person can review, and without what varies between machines."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.as_json import to_json
from engine.errors import UsageError
from engine.regress.accepted import data_to_ran, expectation, ran_to_data, read_accepted, write_accepted
from engine.regress.case import ExpectedFinding
from engine.regress.changes import changes
from engine.regress.ran import RanFinding
from engine.result import Usage
from tests.regress.making import case_of, ran_of

RIGHT = {
    "total": Decimal("9.00"),
    "tax": Decimal("0.50"),
    "cash": None,
    "line_items": [{"description": "TEA", "amount": Decimal("8.50")}, {"description": "BUN", "amount": None}],
}
FOUND = {
    "total": Decimal("9.50"),
    "tax": Decimal("0.50"),
    "cash": None,
    "line_items": [{"description": "Tea", "amount": None}, {"description": "CAKE", "amount": Decimal("3.00")}],
}
CASE = case_of(RIGHT)
RAN = replace(
    ran_of(
        CASE,
        FOUND,
        {"/total": "contradicted"},
        "review",
        findings=(RanFinding("/total", "witness", "error", "the witness reads 9.00 at 0.91"),),
    ),
    usage=Usage(1, 900, 40, Decimal("0.0021")),
    stale=("page 1: the prompt is another",),
)


def test_a_run_survives_as_data() -> None:
    back = data_to_ran(json.loads(to_json(ran_to_data(RAN)), parse_float=Decimal), "here")
    assert [(f.where, f.leaf, f.outcome, f.verdict) for f in back.fields] == [
        (f.where, f.leaf, f.outcome, f.verdict) for f in RAN.fields if f.outcome != "absent"
    ]
    assert (back.pages, back.findings, back.stale, back.usage.calls) == (RAN.pages, RAN.findings, RAN.stale, 1)


def test_what_is_written_is_read_again_and_nothing_has_changed(tmp_path: Path) -> None:
    case = replace(CASE, folder=tmp_path)
    ran = replace(RAN, case=case.name)
    assert read_accepted(case) is None
    write_accepted(case, ran)
    accepted = read_accepted(case)
    assert accepted is not None
    assert accepted.usage == RAN.usage
    assert changes(case, replace(ran, stale=()), accepted) == ()
    first = (tmp_path / "accepted.json").read_bytes()
    write_accepted(case, replace(ran, pages=tuple(replace(page, reason="read with 0.92") for page in ran.pages)))
    assert (tmp_path / "accepted.json").read_bytes() == first


def test_the_file_has_a_line_for_each_value_and_only_what_is_not_exact_is_spelt_out(tmp_path: Path) -> None:
    write_accepted(replace(CASE, folder=tmp_path), RAN)
    lines = [line.strip().rstrip(",") for line in (tmp_path / "accepted.json").read_text().splitlines()]
    total = '{"path": "/total", "outcome": "wrong", "verdict": "contradicted", "expected": 9.00, "found": 9.50}'
    assert lines.count(total) == 1
    assert '{"path": "/tax", "outcome": "exact", "verdict": "unchecked"}' in lines
    assert sum(line.startswith('{"path": "/line_items/0/') for line in lines) == 2
    assert not any(word in "".join(lines) for word in ("/cash", "0.91", str(tmp_path), "prompt", CASE.name))


def test_the_digest_tells_another_expectation() -> None:
    others = [
        replace(CASE, expected={**RIGHT, "tax": Decimal("0.51")}),
        replace(CASE, tolerances={"/tax": Decimal("0.01")}),
        replace(CASE, routes=("ocr",)),
        replace(CASE, status="clean"),
        replace(CASE, findings=(ExpectedFinding("/total"),)),
    ]
    assert len({expectation(case) for case in (CASE, *others)}) == 6
    assert expectation(replace(CASE, why="Moved.", folder=Path("elsewhere"))) == expectation(CASE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "the whole"),
        (
            '{"case": "made", "fields": [{"path": "/total", "outcome": "right", "verdict": "silent"}]}',
            "/fields/0/outcome",
        ),
        ('{"case": "made", "seconds": 1.5}', "/seconds"),
    ],
)
def test_a_file_that_is_no_accepted_run_is_told(tmp_path: Path, text: str, told: str) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "accepted.json").write_text(text)
    with pytest.raises(UsageError) as error:
        read_accepted(replace(CASE, folder=folder))
    assert str(error.value).startswith(str(folder / "accepted.json"))
    assert told in str(error.value)


def test_a_case_that_was_renamed_keeps_its_accepted_run(tmp_path: Path) -> None:
    case = replace(CASE, folder=tmp_path / "before")
    case.folder.mkdir()
    write_accepted(case, replace(RAN, case="before"))
    renamed = replace(CASE, folder=case.folder.rename(tmp_path / "after"))
    accepted = read_accepted(renamed)
    assert accepted is not None
    assert accepted.case == "after"
    assert changes(renamed, replace(RAN, case="after", stale=()), accepted) == ()


def test_a_run_that_failed_cannot_be_accepted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not run"):
        write_accepted(replace(CASE, folder=tmp_path), replace(RAN, error="no such file"))
    assert not (tmp_path / "accepted.json").exists()
