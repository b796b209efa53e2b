"""A case folder says everything about a case, or is told what is wrong with it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.regress.case import ExpectedFinding, find_cases, read_case

FIXTURES = Path(__file__).parents[2] / "fixtures"
EXPECTED = '{"total": 9.00, "rows": [{"amount": 1.50}]}'


def write(folder: Path, toml: str, expected: str = EXPECTED) -> Path:
    folder.mkdir(parents=True)
    (folder / "case.toml").write_text(toml)
    (folder / "expected.json").write_text(expected)
    (folder / "slip.jpg").write_bytes(b"any")
    return folder


def test_the_bundled_cases_are_all_found_in_order() -> None:
    cases = find_cases(FIXTURES)
    assert [case.name for case in cases] == sorted(path.parent.name for path in FIXTURES.glob("*/case.toml"))
    assert all(case.document.is_file() and case.routes for case in cases)
    assert next(case for case in cases if case.name == "letter_handwritten").type == "auto"
    assert cases[0].expected["gross_amount"] == Decimal("26805.00")


def test_names_and_paths_keep_their_order_and_count_once(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine", 'why = "Mine."\ndocument = "slip.jpg"')
    cases = find_cases(FIXTURES, ["receipt_thermal", str(mine), "form_typed", "receipt_thermal"])
    assert [case.name for case in cases] == ["receipt_thermal", "mine", "form_typed"]


def test_a_hidden_folder_or_one_further_down_is_no_case(tmp_path: Path) -> None:
    for name in ("b", "a", ".half", "a/deeper"):
        write(tmp_path / name, 'why = "Mine."\ndocument = "slip.jpg"')
    assert [case.name for case in find_cases(tmp_path)] == ["a", "b"]


def test_two_cases_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    paths = [str(write(tmp_path / year / "slip", 'why = "Mine."\ndocument = "slip.jpg"')) for year in ("a", "b")]
    with pytest.raises(UsageError, match=r'two cases are called "slip": run .*a/slip and .*b/slip one after the other'):
        find_cases(tmp_path, paths)


def test_a_name_that_is_no_case_gets_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'no case "receipt_termal".*did you mean "receipt_thermal"'):
        find_cases(FIXTURES, ["receipt_termal"])
    with pytest.raises(UsageError, match="holds no case"):
        find_cases(tmp_path)


def test_everything_a_case_can_say(tmp_path: Path) -> None:
    write(tmp_path / "shared", 'why = "Shared."\ndocument = "slip.jpg"')
    toml = """
        why = "Every key."
        document = "../shared/slip.jpg"
        type = "mine.json"
        routes = ["ocr", "vlm"]
        expected_status = "review"
        expected_findings = [{path = "/total", check = "arithmetic"}, {path = "", severity = "error"}]
        provider = "openai"
        model = "gpt-4o"
        recorded_by = "a loopback model"
        tolerances = {"/total" = 0.01, "/rows/*/amount" = 1}
        settings = {route = "vlm", lang = "deu", max_usd = 0.5}
    """
    folder = write(tmp_path / "whole", "\n".join(map(str.strip, toml.splitlines())))
    (folder / "mine.json").write_text("{}")
    case = read_case(folder)
    assert case.document == tmp_path / "shared" / "slip.jpg"
    assert case.type == str(folder / "mine.json")
    assert (case.routes, case.status, case.provider) == (("ocr", "vlm"), "review", "openai")
    assert case.findings == (ExpectedFinding("/total", "arithmetic"), ExpectedFinding("", severity="error"))
    assert case.tolerances == {"/total": Decimal("0.01"), "/rows/*/amount": Decimal(1)}
    assert case.settings == {"route": "vlm", "lang": "deu", "max_usd": 0.5}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('expected_statu = "clean"', 'unknown key "expected_statu": did you mean "expected_status"'),
        ('expected_status = "clan"', "expected_status must be one of clean, review, failed"),
        ('routes = ["ocr", "vlms"]', "routes must be a list of ocr, vlm"),
        ("type = 3", "type must be text"),
        ('type = "mine.json"', 'type "mine.json" does not exist'),
        ('provider = "opneai"', "provider must be one of anthropic"),
        ('expected_findings = [{path = "total"}]', "each has a path"),
        ('expected_findings = [{path = "/total", chek = "arithmetic"}]', 'unknown key "chek": did you mean "check"'),
        ('[tolerances]\n"/totl" = 0.01', 'stands at "/totl": did you mean "/total"'),
        ('[tolerances]\n"/total" = "0.01"', '"/total" must be a number'),
        ('[tolerances]\n"/total" = nan', '"/total" must be a number'),
        ('[tolerances]\n"/total" = -1', '"/total" must be a number'),
        ('[settings]\nrout = "ocr"', 'settings: unknown key "rout": did you mean "route"'),
        ('[settings]\nroute = "orc"', "settings: route is 'orc' and must be"),
        ('[settings]\nrecordings = "elsewhere"', 'settings: unknown key "recordings"'),
    ],
)
def test_a_slip_is_told_with_file_and_key(tmp_path: Path, line: str, told: str) -> None:
    folder = write(tmp_path / "case", f'why = "A slip."\ndocument = "slip.jpg"\n{line}')
    with pytest.raises(UsageError) as error:
        read_case(folder)
    assert str(error.value).startswith(f"{folder / 'case.toml'}: ")
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('document = "slip.jpg"', "why is missing"),
        ('why = "No document."', "document is missing"),
        ('why = "Lost."\ndocument = "slip.jpeg"', 'does not exist: did you mean "slip.jpg"'),
        ('why = "Elsewhere."\ndocument = "../../slip.jpg"', "lies outside"),
        ("why = no quotes", "is not valid TOML"),
    ],
)
def test_a_case_has_a_reason_and_a_document_of_its_own(tmp_path: Path, toml: str, told: str) -> None:
    (tmp_path / "slip.jpg").write_bytes(b"any")
    with pytest.raises(UsageError, match=told):
        read_case(write(tmp_path / "fixtures" / "case", toml))


def test_what_is_right_is_one_object_of_exact_json(tmp_path: Path) -> None:
    toml = 'why = "Expected."\ndocument = "slip.jpg"'
    with pytest.raises(UsageError, match=r"expected\.json: not valid JSON at line 1"):
        read_case(write(tmp_path / "a", toml, "{"))
    with pytest.raises(UsageError, match="no JSON object"):
        read_case(write(tmp_path / "b", toml, "[]"))
