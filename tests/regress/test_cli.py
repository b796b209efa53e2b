"""engine regress from the command line, on real documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from engine.cli import main
from engine.doctype import load_type
from engine.regress.case import ACCEPTED_FILE, EXPECTED_FILE
from tests import read_once as reading
from tests.regress.copies import FIXTURES, changed, copied
from tests.vlm import servers
from tests.vlm.answers import answer_text
from tests.vlm.servers import Server

read_once, http, server = reading.read_once, servers.http, servers.server
pytestmark = pytest.mark.usefixtures("read_once")

SLIP = "receipt_thermal"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``engine regress`` as the console does; gives exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(("regress", *arguments))
        code = stopped.value.code
        assert isinstance(code, int)
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case of which the engine reads every value, alone in ./fixtures and never accepted."""
    monkeypatch.chdir(tmp_path)
    folder = copied(SLIP, tmp_path / "fixtures")
    (folder / ACCEPTED_FILE).unlink(missing_ok=True)
    return folder


def expect_another_total(folder: Path) -> None:
    changed(folder, '"total": 89.15', '"total": 89.75', EXPECTED_FILE)


def test_a_wrong_value_is_named_and_accepting_it_fails_once(folder: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--quiet", "--min-field-accuracy", "1")
    assert (code, out.splitlines()[0]) == (0, "1 case, all as what is expected.")
    assert "gate --min-field-accuracy 1 kept: 100.0 % of values are right" in out
    assert "1 case never accepted" in out
    expect_another_total(folder)
    before = (folder / "expected.json").read_bytes()
    code, out, err = run("--junit", "out/junit.xml", "--markdown", "summary.md")
    assert code == 1
    assert f"{SLIP}  /total  89.75 → wrong: 89.15" in out
    assert "--update" in err
    (failure,) = parse(tmp_path / "out/junit.xml").iterfind(".//failure")  # noqa: S314 - our own file
    assert "/total" in (failure.text or "")
    assert "/total of receipt is wrong" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert not (folder / "accepted.json").exists()
    code, _, err = run("--update")
    assert (code, SLIP in err) == (1, True)
    assert (folder / "accepted.json").is_file()
    assert run("--update")[0] == 0
    assert (folder / "expected.json").read_bytes() == before
    code, out, _ = run("--min-field-accuracy", "0.99")
    assert code == 1
    assert "gate --min-field-accuracy 0.99 not kept: 95.8 % of values are right (23 of 24" in out
    assert "worst are /total of receipt 0 of 1" in out


def test_a_verdict_is_compared_once_a_right_case_is_accepted(folder: Path, run: Run) -> None:
    assert run("--update")[0] == 1
    date = '"path": "/date", "outcome": "exact", "verdict": "'
    changed(folder, f"{date}confirmed", f"{date}contradicted", ACCEPTED_FILE)
    code, out, _ = run("--quiet")
    assert code == 1
    assert "better  1 right /date of receipt is now vouched for (confirmed; was contradicted)" in out


def test_a_baseline_is_compared_with_instead(folder: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run("--json")
    assert code == 0
    report = json.loads(out)
    assert [report["version"], [case["case"] for case in report["cases"]], report["changes"]] == [1, [SLIP], []]
    (tmp_path / "main.json").write_text(out, encoding="utf-8")
    expect_another_total(folder)
    code, out, _ = run(SLIP, "--baseline", "main.json")
    assert code == 1
    assert "1 of 1 case differs from the baseline main.json" in out
    assert "/total of receipt is now wrong" in out
    assert "before: 100.0 % of values are right" in out


def test_an_alteration_that_a_tolerance_swallows_is_found_out(folder: Path, run: Run) -> None:
    about = folder / "case.toml"
    about.write_text(about.read_text(encoding="utf-8") + '\n[tolerances]\n"/total" = 500\n', encoding="utf-8")
    code, out, _ = run("--mutate")
    assert code == 1
    assert "went unnoticed" in out
    assert f"{SLIP}: /total" in out
    assert "within its tolerance of 500" in out
    assert "/subtotal" not in out


def test_a_corrected_result_becomes_a_case(
    folder: Path, run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["extract", str(FIXTURES / SLIP / "receipt.jpg"), "--type", "receipt", "--quiet"])
    (tmp_path / "result.json").write_text(capfd.readouterr().out, encoding="utf-8")
    code, out, err = run("add", "result.json", "--name", "again", "--why", "A thermal print.", "--fixtures", "mine")
    assert (code, out.strip()) == (0, "mine/again")
    assert "nobody confirmed" in err
    code, out, _ = run("again", "--fixtures", "mine")
    assert (code, out.splitlines()[0]) == (0, "1 case, all as what is expected.")
    code, _, err = run("add", "result.json", "--name", "again", "--fixtures", "mine")
    assert (code, "there already" in err) == (3, True)


def test_answers_are_recorded_and_stale_ones_are_told_and_not_accepted(folder: Path, run: Run, server: Server) -> None:
    expected = json.loads((folder / EXPECTED_FILE).read_text(encoding="utf-8"), parse_float=Decimal)
    with (folder / "case.toml").open("a", encoding="utf-8") as file:
        file.write('\n[settings]\nroute = "vlm"\n')
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, expected))
    model = ("--provider", "openai", "--model", "gpt-5", "--base-url", server.base_url("openai"))
    _, _, err = run("--record", *model)
    assert (len(server.asked), f"{SLIP}: 1 answer recorded" in err) == (1, True)
    assert "recording" not in run("--quiet")[1]
    schema = json.loads(load_type("receipt").path.read_text(encoding="utf-8"))
    schema["description"] = "A slip."
    Path("types").mkdir()
    Path("types/receipt.json").write_text(json.dumps(schema), encoding="utf-8")
    code, out, err = run("--schemas", "types", "--update")
    assert (code, len(server.asked)) == (1, 1)
    assert "1 recording is stale" in out
    assert "differs in prompt" in out
    assert f"{SLIP} is not accepted, for its recordings are stale" in err
    assert "--update" not in run("--schemas", "types")[2]  # which would not accept it
    assert not (folder / ACCEPTED_FILE).exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["receipt_termal"], f'did you mean "{SLIP}"'),
        (["--fixtures", "nowhere"], "holds no case"),
        (["--update", "--baseline", "main.json"], "leave --baseline out"),
        (["--baseline", "none.json"], "does not exist"),
        (["--provider", "openai"], "--provider is for --record"),
        (["--record"], "name whose with --provider"),
        (["--record", "--mutate"], "leave one out"),
        (["--max-false-success", "2"], "a number from 0 to 1"),
        (["--min-field-accuracy", "NaN"], "a number from 0 to 1"),
        (["--junit", "."], "is a folder"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_slips_are_told_before_anything_runs(run: Run, arguments: list[str], told: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (3, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_help_tells_of_add_and_of_what_update_never_writes(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert "Commands:\n  add " in out
    assert "never" in out[out.index("expected.json") :]
    assert run("add", "--help")[1].startswith("Usage: engine regress add [OPTIONS] RESULT.json")
