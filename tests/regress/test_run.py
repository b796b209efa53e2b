"""Cases run offline, under their own settings alone, and come out the same every time; what is stale is told."""

from __future__ import annotations

import json
import shutil
import socket
from decimal import Decimal
from pathlib import Path

import pytest

from engine.doctype import load_type
from engine.regress import run
from engine.regress.case import EXPECTED_FILE, read_case
from engine.regress.ran import Ran
from engine.regress.run import run_case, run_cases, run_whole
from engine.result import Usage
from tests import read_once as reading
from tests.regress.copies import FIXTURES, changed, copied

read_once = reading.read_once
pytestmark = pytest.mark.usefixtures("read_once")

SHIPPED = load_type("receipt").path.parent


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_: socket.socket, address: object) -> None:
        raise AssertionError(f"a run of cases went to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)


def verdict(ran: Ran, path: str) -> str:
    return next(field.verdict for field in ran.fields if field.where == path)


def test_a_case_is_what_its_recordings_make_of_it() -> None:
    found = run_whole(read_case(FIXTURES / "receipt_thermal_misread"))
    assert (found.ran.case, found.ran.type, found.ran.status) == ("receipt_thermal_misread", "receipt", "review")
    wrong = [field for field in found.ran.fields if field.outcome == "wrong"]
    assert [(field.path, field.expected, field.found) for field in wrong] == [
        ("/total", Decimal("89.15"), Decimal("89.75"))
    ]
    assert (found.ran.stale, found.ran.error) == ((), None)
    assert found.ran.usage == Usage(1, 1200, 400, None)  # what it took when it was recorded
    assert found.result is not None
    assert found.doctype is not None


def test_settings_of_the_place_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = read_case(FIXTURES / "receipt_thermal_misread")
    here = run_case(case)
    (tmp_path / "engine.toml").write_text('route = "ocr"\nlang = "deu"\nprovider = "anthropic"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINE_NO_VLM", "true")
    assert run_case(case) == here


def test_several_at_a_time_are_as_one_by_one() -> None:
    cases = [read_case(FIXTURES / name) for name in ("receipt_thermal_stubborn", "receipt_thermal", "utility_bill")]
    assert list(run_cases(cases, jobs=2)) == [run_case(case) for case in cases]


def test_another_prompt_makes_a_recording_stale(tmp_path: Path) -> None:
    schema = json.loads((SHIPPED / "receipt.json").read_text(encoding="utf-8"))
    schema["properties"]["cash"]["description"] = "Notes and coins."
    (tmp_path / "receipt.json").write_text(json.dumps(schema), encoding="utf-8")
    ran = run_case(read_case(FIXTURES / "receipt_thermal_right"), tmp_path)
    (sentence,) = ran.stale
    assert "differs in prompt (line " in sentence
    assert "Notes and coins. May be" in sentence
    assert [(page.route, page.outcome) for page in ran.pages] == [("vlm", "failed")]
    assert sentence in ran.pages[0].reason
    assert ran.unanswered
    assert ran.status == "review"


def test_a_page_that_was_never_recorded_is_no_page_for_ocr(tmp_path: Path) -> None:
    folder = copied("receipt_thermal_right", tmp_path)
    shutil.rmtree(folder / "recordings")
    ran = run_case(read_case(folder))
    assert ran.stale == ("not recorded: there are no answers of loopback to this document; record it",)
    assert [(page.route, page.outcome) for page in ran.pages] == [("vlm", "failed")]


def test_a_question_to_choose_that_was_not_recorded_is_told(tmp_path: Path) -> None:
    folder = copied("receipt_thermal_stubborn", tmp_path)
    assert verdict(run_case(read_case(folder)), "/total") == "silent"
    (choice,) = folder.glob("recordings/choice-*.json")
    choice.unlink()
    ran = run_case(read_case(folder))
    assert verdict(ran, "/total") == "contradicted"  # nobody takes the accusation back
    assert [page.outcome for page in ran.pages] == ["complete"]
    assert len(ran.stale) == 1
    assert not ran.unanswered
    assert ran.stale[0].startswith("recording stale: these images were never recorded")


def test_recordings_that_nobody_asks_for_are_told(tmp_path: Path) -> None:
    case = changed(copied("receipt_thermal_right", tmp_path), 'route = "vlm"', 'route = "ocr"')
    ran = run_case(case)
    assert [page.route for page in ran.pages] == ["ocr"]
    (sentence,) = ran.stale
    assert sentence.endswith(".json answers a request that was not made: record again")


def test_what_the_engine_refuses_is_the_case_s_error(tmp_path: Path) -> None:
    case = changed(copied("receipt_thermal", tmp_path), 'type = "receipt"', 'type = "reciept"')
    ran = run_case(case)
    assert ran.error is not None
    assert "did you mean receipt" in ran.error
    assert (ran.status, ran.fields) == (None, ())


@pytest.mark.parametrize(("right", "told"), [("[]", "a list"), ("{}", "an object")])
def test_right_values_that_the_type_has_no_place_for_are_the_case_s_error(
    tmp_path: Path, right: str, told: str
) -> None:
    case = changed(copied("receipt_thermal", tmp_path), '"total": 89.15', f'"total": {right}', EXPECTED_FILE)
    ran = run_case(case)
    assert ran.error == f"{case.folder / EXPECTED_FILE}: /total is {told}, where one value stands"


def test_a_fault_of_the_engine_is_raised_and_names_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "compare", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError) as caught:
        run_case(read_case(FIXTURES / "receipt_thermal"))
    assert caught.value.__notes__[0].endswith("fixtures/receipt_thermal")
