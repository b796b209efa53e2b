"""A batch as its user runs it: a process of its own, real OCR, a real database, killed and begun again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from engine.batch.run import WINDOW
from engine.batch.workflows import ASKS, DOCUMENTS
from engine.cli import main
from tests.batch.counting import counting_model
from tests.batch.killing import PROGRAM, Killed, run_and_kill
from tests.batch.small import faults, slips
from tests.vlm import servers

ROOT = Path(__file__).parents[2]


def batch(
    *arguments: object, code: int | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), "batch", *map(str, arguments)]
    environ = {**os.environ, **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    if code is not None:
        assert done.returncode == code, done.stderr
    return done


def exit_code(*arguments: object) -> int:
    """Of a command in this process: those that start none of their own."""
    with pytest.raises(SystemExit) as ended:
        main(["batch", *map(str, arguments)])
    return int(str(ended.value.code))


def once(*arguments: object) -> Killed:
    """A run that nobody kills, with its steps counted."""
    return run_and_kill([str(a) for a in arguments])


def result(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Killed]:
    """Four slips, one of them twice, with files that are none: inputs, results, how it went.

    A bomb is met in test_faults, and would cost six seconds here.
    """
    root = tmp_path_factory.mktemp("batch")
    inputs = root / "inputs"
    made = slips(inputs, 4)
    shutil.copy(made[0], inputs / "again.png")
    (inputs / "notes.txt").write_text("no document")
    for fault in faults(inputs):
        if fault.name == "bomb.pdf":
            fault.unlink()
    return inputs, root / "out", once(inputs, "--type", "receipt", "--out", root / "out")


def test_every_file_has_its_result(finished: tuple[Path, Path, Killed]) -> None:
    inputs, out, went = finished
    documents = {path for path in inputs.iterdir() if path.name != "notes.txt"}
    results = {result(path)["document"]["path"]: result(path) for path in out.glob("*.json")}
    assert set(results) == {str(path) for path in documents}
    failed = {Path(path).name for path, each in results.items() if each["status"] == "failed"}
    assert failed == {"empty.pdf", "noise.pdf", "cut off.png", "text.pdf", "locked.pdf", "huge.png"}
    assert all(each["findings"] for each in results.values() if each["status"] == "failed")
    assert went.summary["failed"] == len(failed)
    assert went.summary["documents"] == len(documents)


def test_identical_files_are_read_once_and_have_a_result_each(finished: tuple[Path, Path, Killed]) -> None:
    _, out, went = finished
    first, again = result(out / "slip-0000.json"), result(out / "again.json")
    assert first["document"]["sha256"] == again["document"]["sha256"]
    assert first["document"]["path"] != again["document"]["path"]
    assert first["data"] == again["data"]
    assert max(went.steps.values()) == 1


def test_what_is_done_is_not_touched_again(finished: tuple[Path, Path, Killed]) -> None:
    inputs, out, _ = finished
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    went = once(inputs, "--type", "receipt", "--out", out)
    assert went.steps == {}
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.json")} == before
    assert went.summary["already_there"] == len(before)


def test_a_changed_schema_concludes_anew_and_reads_nothing(finished: tuple[Path, Path, Killed], tmp_path: Path) -> None:
    inputs, out, _ = finished
    schemas = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", schemas)
    changed = json.loads((schemas / "receipt.json").read_text())
    changed["properties"]["total"]["x-labels"] = ["no such label"]
    (schemas / "receipt.json").write_text(json.dumps(changed))
    own = shutil.copytree(out, tmp_path / "out")
    before = result(own / "slip-0001.json")
    went = once(inputs / "slip-0001.png", "--type", "receipt", "--out", own, "--schemas", schemas)
    assert {step for step, _ in went.steps} == {"receive", "conclude"}
    assert result(own / "slip-0001.json") != before


def test_failed_ones_are_tried_again_when_told(finished: tuple[Path, Path, Killed]) -> None:
    inputs, out, _ = finished
    slips(inputs.parent / "good", 1)
    shutil.copy(inputs.parent / "good" / "slip-0000.png", inputs / "cut off.png")
    batch("retry", "--failed", "--out", out, "--quiet")
    assert result(out / "cut off.json")["status"] == "review"
    assert result(out / "empty.json")["status"] == "failed"


def test_the_state_is_told(finished: tuple[Path, Path, Killed], capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = finished
    assert exit_code("status", "--out", out, "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told["documents"] == told["clean"] + told["review"] + told["failed"]


def test_killed_three_times_nothing_is_done_or_paid_twice(tmp_path: Path) -> None:
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    slips(inputs, 20)
    with counting_model() as (counting, url):
        asked = ["--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm"]
        arguments = [inputs, "--type", "receipt", "--out", out, "--cache", tmp_path / "cache", "--jobs", "1", *asked]
        steps = ("read page", 3), ("ask about a page", 4), ("conclude", 5)
        went = run_and_kill(arguments, at=steps, on_kill=counting.killed, environment=dict(servers.KEYS))
    assert went.kills == 3
    assert {path.stem for path in out.glob("*.json")} == {f"slip-{number:04}" for number in range(20)}
    assert all(result(path)["pages"][0]["route"] == "vlm" for path in out.glob("*.json"))
    assert counting.unexplained == 0
    assert len(counting.answered) >= 20
    # a step that was under way at a kill, or ended but was not recorded yet, is done again: a few a kill at most
    assert went.repeated <= 3 * 4


def test_cancelled_documents_are_taken_up_again(tmp_path: Path) -> None:
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    slips(inputs, 12)
    command = [str(PROGRAM), "batch", "run", str(inputs), "--type", "receipt", "--out", str(out), "--jobs", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert running.stderr is not None
    running.stderr.readline()  # one is done
    assert exit_code("cancel", "--out", out) == 0
    stdout, _ = running.communicate(timeout=120)
    assert "cancelled" in stdout
    assert len(list(out.glob("*.json"))) < 12
    batch("resume", "--out", out, "--quiet")
    assert {result(path)["status"] for path in out.glob("*.json")} == {"review"}
    assert len(list(out.glob("*.json"))) == 12
    assert set(queues(out, "document")) == {DOCUMENTS}  # it bounds how many are under way


def test_questions_that_were_given_up_wait_for_their_limit_again(tmp_path: Path) -> None:
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    slips(inputs, 12)
    with counting_model() as (_, url):
        asked = ["--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm"]
        arguments = ["run", inputs, "--type", "receipt", "--out", out, "--cache", tmp_path / "cache", *asked]
        keys = {**servers.KEYS, "ENGINE_VLM_JOBS": "1"}  # so that most of them wait
        command = [str(PROGRAM), "batch", *map(str, arguments)]
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **keys}
        )
        assert running.stderr is not None
        running.stderr.readline()  # one is done
        assert exit_code("cancel", "--out", out) == 0
        running.communicate(timeout=120)
        assert None in queues(out, "ask")  # in none: given up
        batch("resume", "--out", out, "--quiet", environment=dict(servers.KEYS))
    assert {result(path)["pages"][0]["route"] for path in out.glob("*.json")} == {"vlm"}
    assert len(list(out.glob("*.json"))) == 12
    assert set(queues(out, "ask")) == {ASKS}


def queues(out: Path, name: str) -> list[str | None]:
    """Of each piece of recorded work of this kind, the queue that it is in or was last taken from."""
    with sqlite3.connect(out / ".engine" / "batch.sqlite") as database:
        found = database.execute("SELECT queue_name FROM workflow_status WHERE name = ?", (name,))
        return [queue for (queue,) in found]


def test_a_cancelled_batch_hands_nothing_over_any_more(tmp_path: Path) -> None:
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    slips(inputs, WINDOW + 20)
    arguments = [inputs, "--type", "receipt", "--out", out, "--jobs", "1", "--json"]
    command = [str(PROGRAM), "batch", "run", *map(str, arguments)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert running.stderr is not None
    running.stderr.readline()  # one is done, and the last twenty are not handed over yet
    assert exit_code("cancel", "--out", out) == 0
    stdout, _ = running.communicate(timeout=120)
    told = json.loads(stdout)
    assert told["cancelled"] >= 20
    assert told["cancelled"] + len(list(out.glob("*.json"))) == WINDOW + 20


def test_interrupted_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was under way at Ctrl-C must not be recorded as having failed."""
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    slips(inputs, 12)
    command = [str(PROGRAM), "batch", "run", str(inputs), "--type", "receipt", "--out", str(out), "--jobs", "2"]
    running = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - in the background it is ignored
    )
    assert running.stderr is not None
    running.stderr.readline()  # one is done
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "goes on from there" in err
    assert len(list(out.glob("*.json"))) < 12
    went = once(inputs, "--type", "receipt", "--out", out)
    assert went.summary["failed"] == 0
    assert len(list(out.glob("*.json"))) == 12


def test_resumed_elsewhere_or_without_its_inputs_no_result_is_lost(tmp_path: Path) -> None:
    slips(tmp_path / "in", 2)
    command = [str(PROGRAM), "batch", "run", "in", "--type", "receipt", "--out", "out", "--quiet"]
    subprocess.run(command, check=False, cwd=tmp_path, capture_output=True)
    before = {path: path.read_text() for path in (tmp_path / "out").glob("*.json")}
    assert {json.loads(text)["status"] for text in before.values()} == {"review"}
    batch("resume", "--out", tmp_path / "out", "--quiet", code=1)
    shutil.rmtree(tmp_path / "in")
    batch("resume", "--out", tmp_path / "out", "--quiet", code=1)
    assert {path: path.read_text() for path in (tmp_path / "out").glob("*.json")} == before


def test_a_password_opens_what_it_locks(tmp_path: Path) -> None:
    with pikepdf.open(ROOT / "fixtures" / "ad_buy_contract_digital" / "contract.pdf") as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user="sesame"))
    batch("run", tmp_path / "locked.pdf", "--type", "ad_buy", "--out", tmp_path / "out", "--password", "sesame", code=1)
    assert result(tmp_path / "out" / "locked.json")["status"] == "review"
    kept = [path for path in (tmp_path / "out" / ".engine").iterdir() if b"sesame" in path.read_bytes()]
    assert kept == []


def test_a_slip_in_the_command_costs_no_document(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (slip,) = slips(tmp_path, 1)
    shutil.copy(slip, tmp_path / "scan.json")
    assert exit_code("run", slip, "--lang", "xyz", "--out", tmp_path / "out") == 3
    assert "xyz" in capfd.readouterr().err
    assert exit_code("run", tmp_path / "scan.json", "--out", tmp_path) == 3
    assert "overwrite" in capfd.readouterr().err
    assert list((tmp_path / "out").glob("*.json")) == []
    assert (tmp_path / "scan.json").read_bytes() == slip.read_bytes()


def test_two_processes_do_not_fill_one_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from filelock import FileLock

    (slip,) = slips(tmp_path, 1)
    (tmp_path / "out" / ".engine").mkdir(parents=True)
    with FileLock(tmp_path / "out" / ".engine" / "running.lock"):
        assert exit_code("run", slip, "--out", tmp_path / "out") == 3
    assert "another process" in capfd.readouterr().err
