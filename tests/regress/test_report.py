"""What is told of runs: sentences, figures, gates, and the files for machines, which hostile text cannot break."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from engine.as_json import to_json
from engine.regress.accepted import expectation, write_accepted
from engine.regress.case import Case
from engine.regress.changes import changes
from engine.regress.gates import gates
from engine.regress.junit import report_to_junit
from engine.regress.markdown import report_to_markdown
from engine.regress.ran import Ran, RanField, RanFinding, RanPage
from engine.regress.report import Baseline, Mutated, Report, make_report, read_baseline, report_to_data
from engine.regress.sentences import sentences
from engine.regress.summary import Share, summarise
from engine.regress.terminal import report_to_text
from engine.result import Status, Verdict
from tests.regress.making import case_of, ran_of

RIGHT = {"total": Decimal("9.00"), "date": "2018-12-25"}
WRONG = RIGHT | {"total": Decimal("9.60")}
HOSTILE = "a|b`</td></details>\x00\x1b[31m]]>&\ud800 @octocat #12 [x](javascript:1) www.evil.example *b* \u202e"


def cases(count: int) -> list[Case]:
    return [replace(case_of(RIGHT), folder=Path(f"fixtures/slip_{number}")) for number in range(count)]


def run(case: Case, data: dict[str, object], total: Verdict = "confirmed", status: Status = "review") -> Ran:
    return ran_of(case, data, {"/total": total, "/date": "confirmed"}, status)


def report(then: list[Ran], now: list[Ran]) -> Report:
    return make_report(cases(len(now)), now, Baseline("what was", {ran.case: ran for ran in then}))


def words(told: Report, effect: str) -> list[str]:
    return [sentence.words for sentence in told.sentences if sentence.effect == effect]


def test_errors_no_longer_caught_are_told_together_and_first() -> None:
    four = cases(4)
    then = [run(case, WRONG, "contradicted") for case in four[:3]] + [run(four[3], RIGHT)]
    now = [run(case, WRONG, "confirmed") for case in four[:3]] + [run(four[3], RIGHT, "contradicted")]
    told = report(then, now)
    assert words(told, "worse") == [
        "3 wrong /total of receipt are no longer caught (confirmed; were contradicted)",
        "1 right /total of receipt is now accused (contradicted; was confirmed)",
    ]
    assert words(report(now, then), "better")[1].startswith("1 right /total of receipt is now vouched for")
    text = report_to_text(told)
    assert text.splitlines()[0] == "4 of 4 cases differ from what was: 4 worse."
    assert text.index("no longer caught") < text.index("now accused")


def test_a_document_that_became_clean_with_a_wrong_value_is_the_worst() -> None:
    (case,) = cases(1)
    told = report([run(case, WRONG, "silent")], [run(case, WRONG, "confirmed", "clean")])
    assert words(told, "worse") == [
        "1 document of receipt is clean with a value that is not right",
        "1 wrong /total of receipt is no longer caught (confirmed; was silent)",
    ]


def test_a_wrong_value_that_a_check_speaks_of_is_doubted() -> None:
    (case,) = cases(1)
    wrong = run(case, WRONG, "unchecked")
    spoken = replace(wrong, findings=(RanFinding("/total", "arithmetic", "error", "total 9.60 is not 9.00"),))
    assert words(make_report([case], [wrong]), "worse") == [
        "1 /total of receipt is wrong and not doubted (unchecked)",
    ]
    assert words(make_report([case], [spoken]), "worse") == [
        "1 /total of receipt is wrong but doubted (arithmetic error)",
    ]


def test_a_finding_that_is_new_says_what_it_says() -> None:
    (case,) = cases(1)
    then = run(case, RIGHT)
    now = replace(then, findings=(RanFinding("/total", "witness", "error", "no label says that it is it"),))
    text = report_to_text(report([then], [now]))
    assert "slip_0  /total  none → witness error: no label says that it is it" in text


def test_a_document_that_failed_says_why_before_all_that_is_missing() -> None:
    (case,) = cases(1)
    why = RanFinding("", "page", "error", "slip.jpg is broken: scan it again")
    failed = replace(run(case, {"total": None, "date": None}, "unchecked", "failed"), findings=(why,))
    for told, before in (
        (report([run(case, RIGHT)], [failed]), "review"),
        (make_report([case], [failed]), "not failed"),
    ):
        assert words(told, "worse")[0] == f"1 document of receipt is failed, not {before}"
        assert f"{before} → failed: slip.jpg is broken: scan it again" in report_to_text(told)
        assert words(told, "better") == []


def test_of_a_case_whose_recording_does_not_answer_nothing_else_is_told() -> None:
    one, two = cases(2)
    why = "recording stale: page-1.json answers another question: record it again"
    stale = replace(run(two, WRONG), stale=(why,), pages=(RanPage(1, "vlm", f"by OCR: {why}", "failed"),))
    then = [run(one, RIGHT), run(two, RIGHT)]
    told = report(then, [run(one, RIGHT), stale])
    assert words(told, "worse") == ["1 recording is stale"]
    assert told.then is not None
    assert told.now.values == told.then.values == Share(2, 2)
    assert "1 case not in the figures" in report_to_text(told)
    read = replace(stale, pages=(RanPage(1, "vlm", "asked", "complete"),))  # only a later question is not answered
    assert "1 /total of receipt is now wrong" in words(report(then, [run(one, RIGHT), read]), "worse")[1]


def test_gates_hold_a_case_that_only_the_baseline_could_not_answer() -> None:
    one, two = cases(2)
    why = "recording stale: page-1.json answers another question: record it again"
    page = RanPage(1, "vlm", f"by OCR: {why}", "failed")
    then = [run(one, RIGHT, status="clean"), replace(run(two, WRONG), stale=(why,), pages=(page,))]
    told = report(then, [run(one, RIGHT, status="clean"), run(two, WRONG, status="clean")])
    assert told.now.false_success == Share(1, 2)
    assert told.then is None
    assert not any(gate.kept for gate in gates(told.now, Decimal("0.02"), None))
    assert "not in the figures" not in report_to_text(told)


def test_an_error_at_an_invented_row_says_nothing_of_a_wrong_one_expected_there() -> None:
    case = case_of({"rows": [{"n": 1}, {"n": 2}]})
    fields = (
        RanField("/rows/0/n", "/rows/1/n", "/rows/*/n", "wrong", 1, 9, "unchecked"),
        RanField(None, "/rows/0/n", "/rows/*/n", "invented", None, 7, "unchecked"),
    )
    ran = Ran(case.name, "receipt", "review", fields, (), (RanFinding("/rows/0/n", "arithmetic", "error", "…"),))
    assert words(make_report([case], [ran]), "worse")[:2] == [
        "1 /rows/*/n of receipt is wrong and not doubted (unchecked)",
        "1 /rows/*/n of receipt is invented but doubted (arithmetic error)",
    ]


def test_missing_and_invented_rows_at_one_place_are_told_apart() -> None:
    case = case_of({"rows": [{"n": 1}, {"n": 2}]})
    then, now = ran_of(case, {"rows": [{"n": 1}, {"n": 2}]}), ran_of(case, {"rows": [{"n": 1}, {"n": 7}]})
    invented = RanField(None, "/rows/1/n", "/rows/*/n", "invented", None, 7, "silent")
    missing = RanField("/rows/1/n", None, "/rows/*/n", "missing", 2, None, "unchecked", "absent")
    now = replace(now, fields=(now.fields[0], missing, invented))
    met = sentences(changes(case, now, then), [then], [now])
    assert [sentence.words for sentence in met if "/rows" in sentence.words] == [
        "1 /rows/*/n of receipt is now missing; was right",
        "1 /rows/*/n of receipt is now invented but doubted (silent)",
    ]


def test_everything_as_expected_is_a_few_lines() -> None:
    runs = [run(case, RIGHT, status="clean") for case in cases(3)]
    told = report(runs, runs)
    lines = report_to_text(told).splitlines()
    assert told.as_expected
    assert lines[0] == "3 cases, all as what was."
    assert len(lines) <= 6


def test_figures_are_those_of_the_documents() -> None:
    one, two, three = cases(3)
    runs = [run(one, RIGHT, status="clean"), run(two, WRONG, status="clean"), run(three, {"total": None, "date": None})]
    figures = summarise(runs)
    assert (figures.false_success, figures.automation, figures.values) == (Share(1, 2), Share(2, 3), Share(3, 6))
    total = next(leaf for leaf in figures.leaves if leaf.leaf == "/total")
    assert (total.n, total.exact, total.wrong, total.missing) == (3, 1, 1, 1)
    assert figures.types[0].n == 6


def test_the_interval_is_wilsons() -> None:
    low, high = Share(1, 10).interval  # as published tables have it
    assert (round(low, 3), round(high, 3)) == (0.018, 0.404)
    assert Share(0, 0).interval == (0.0, 1.0)


@pytest.mark.parametrize(
    ("false_success", "accuracy", "kept"),
    [("0.5", "0.5", (True, True)), ("0.49", "0.51", (False, False)), ("1", "1", (True, False))],
)
def test_gates_compare_the_measured_rate(false_success: str, accuracy: str, kept: tuple[bool, bool]) -> None:
    one, two = cases(2)
    figures = summarise([run(one, RIGHT, status="clean"), run(two, {"total": 1, "date": None}, status="clean")])
    assert (figures.false_success, figures.values) == (Share(1, 2), Share(2, 4))
    made = gates(figures, Decimal(false_success), Decimal(accuracy))
    assert tuple(gate.kept for gate in made) == kept
    assert all(gate.words.startswith(f"gate --{gate.name} {gate.limit} ") and " % " in gate.words for gate in made)


def test_nothing_measured_keeps_no_gate_of_accuracy() -> None:
    made = gates(summarise([]), Decimal(0), Decimal("0.1"))
    assert [gate.kept for gate in made] == [True, False]


def test_the_json_is_the_same_each_time_exact_and_a_baseline(tmp_path: Path) -> None:
    (case,) = cases(1)
    then, now = run(case, RIGHT), run(case, WRONG)
    text = to_json(report_to_data(report([then], [now])))
    assert text == to_json(report_to_data(report([then], [now])))
    assert '"found": 9.60' in text
    (tmp_path / "main.json").write_text(text, encoding="utf-8")
    baseline = read_baseline(tmp_path / "main.json")
    again = make_report([case], [now], baseline)
    assert again.as_expected
    assert again.before[0].fields[0].outcome == "wrong"
    assert make_report([], [], baseline).gone == (case.name,)


def test_a_case_that_is_gone_fails_unless_only_some_were_asked_for() -> None:
    one, two = cases(2)
    then = Baseline("main", {case.name: run(case, RIGHT) for case in (one, two)})
    told = make_report([one], [run(one, RIGHT)], then)
    assert (told.changes, told.gone, told.as_expected) == ((), ("slip_1",), False)
    assert report_to_text(told).startswith("1 case, all as main. 1 case of it is gone.")
    assert "gone, but in main: slip_1" in report_to_text(told)
    assert report_to_data(told)["summary"]["gone"] == ["slip_1"]
    assert report_to_markdown(told).startswith("### ❌ engine regress: 1 case, all as main. 1 case of it is gone.")
    suite = fromstring(report_to_junit(told))[0]  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite[1].get("name") == "slip_1"
    some = make_report([one], [run(one, RIGHT)], then, whole=False)
    assert (some.left_out, some.as_expected) == (("slip_1",), True)
    assert "not asked for, but in main: slip_1" in report_to_text(some)


def test_another_expectation_than_the_baseline_s_is_told_value_by_value(tmp_path: Path) -> None:
    (case,) = cases(1)
    then = replace(run(case, RIGHT), expectation=expectation(case))
    (tmp_path / "main.json").write_text(to_json(report_to_data(report([then], [then]))), encoding="utf-8")
    eased = replace(case, expected=WRONG)  # so that the wrong value is right
    told = make_report([eased], [run(eased, WRONG)], read_baseline(tmp_path / "main.json"))
    assert words(told, "changed") == ["1 case has other expectations", "1 /total of receipt is expected otherwise"]
    assert "expected otherwise\n        slip_0  /total  9.00 → 9.60" in report_to_text(told)
    assert not told.as_expected


def test_a_difference_to_a_baseline_is_accepted_where_the_case_s_own_file_says_so(tmp_path: Path) -> None:
    fine, open_ = (replace(case, folder=tmp_path / case.name) for case in cases(2))
    for case in (fine, open_):
        case.folder.mkdir()
    then = Baseline("main", {case.name: run(case, RIGHT, status="clean") for case in (fine, open_)})
    write_accepted(fine, run(fine, WRONG, "silent"))
    write_accepted(open_, run(open_, RIGHT, status="clean"))  # as main's, which the change left alone
    told = make_report([fine], [run(fine, WRONG, "silent")], then, whole=False)
    assert (told.as_expected, {change.accepted for change in told.changes}) == (True, {True})
    assert report_to_text(told).startswith("1 of 1 case differs from main: 2 worse; all accepted in this change.")
    assert all(sentence.words.endswith(", accepted in this change") for sentence in told.sentences)
    suite = fromstring(report_to_junit(told))[0]  # noqa: S314 - our own text
    assert (suite.get("failures"), "/total" in (suite.findtext("*/system-out") or "")) == ("0", True)
    assert report_to_markdown(told).startswith("### ✅")
    both = make_report([fine, open_], [run(case, WRONG, "silent") for case in (fine, open_)], then)
    assert (both.as_expected, {change.case for change in both.unaccepted}) == (False, {"slip_1"})
    assert [change.case for sentence in both.sentences for change in sentence.changes][-1] == "slip_0"
    assert "4 worse; 2 accepted in this change" in report_to_text(both)


def test_hostile_text_cannot_break_junit_markdown_or_a_terminal() -> None:
    case = replace(case_of({"company": "Sound Ltd", "date": None}), folder=Path("fixtures/x|y<b>"))
    ran = ran_of(case, {"company": HOSTILE, "date": None})
    told = replace(make_report([case], [ran]), mutated=(Mutated(case.name, 1, (HOSTILE,)),))
    suite = fromstring(report_to_junit(told))[0]  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert "@octocat" in (suite[0][0].text or "")
    markdown = report_to_markdown(told)
    markdown.encode()
    tags = set(re.findall(r"<[^>]*>", markdown))
    assert tags == {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    rows = [line for line in markdown.splitlines() if "Sound Ltd" in line]
    assert rows
    assert all(row.count("|") == 6 for row in rows)
    assert not re.search(r"@|`|www\.|\]\(|\*|\x1b", markdown.replace("engine regress", ""))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", report_to_text(told))


def test_a_terminal_gets_colour_and_lines_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = cases(1)
    told = make_report([case], [run(case, WRONG | {"date": "words " * 40})])
    assert max(map(len, report_to_text(told).splitlines())) > 200
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in {"COLUMNS": "60", "TERM": "xterm", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    coloured = report_to_text(told)
    assert "\x1b[31mworse" in coloured
    assert max(map(len, re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines())) <= 60


def test_what_could_not_run_is_an_error_in_junit() -> None:
    (case,) = cases(1)
    ran = Ran(case.name, "receipt", None, error="tesseract is not installed: apt install tesseract-ocr")
    told = replace(make_report([case], [ran]), gates=gates(summarise([ran]), min_field_accuracy=Decimal(1)))
    suite = fromstring(report_to_junit(told))[0]  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    assert words(told, "worse") == ["1 case could not run"]
