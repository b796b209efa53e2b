"""Several machines on one real Postgres: whoever dies, each document is done, once, and nothing is paid twice."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from engine.cli import main
from tests.batch.counting import counting_model
from tests.batch.killing import PROGRAM
from tests.batch.postgres import PASSWORD, postgres, programs
from tests.batch.postgres import server as one_server
from tests.batch.small import slips
from tests.vlm import servers

pytestmark = pytest.mark.skipif(programs() is None, reason="Postgres is not installed: apt-get install postgresql")
PATIENCE = 60  # seconds for what takes some; a process that waits for the dead for ever takes longer


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database of the test's own."""
    name = f"test_{abs(hash(request.node.name))}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


class Machine:
    """``engine batch ARGUMENTS`` with a log, in a session of its own, on the database of its environment."""

    def __init__(self, database: str, *arguments: object) -> None:
        self.arguments = [str(each) for each in arguments]
        self.process = subprocess.Popen(
            [str(PROGRAM), "batch", *self.arguments, "--jobs", "1", "--log-json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **servers.KEYS, "ENGINE_DATABASE": database},
            start_new_session=True,
        )
        self.log: list[str] = []
        self.out = ""
        self._lines: queue.Queue[str] = queue.Queue()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_log, self._read_out)]
        for reader in self._readers:
            reader.start()

    def wait_for(self, step: str, count: int = 1) -> None:
        """Until *step* has come to its end *count* times."""
        while count:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                pytest.fail(f"no {step}: {self.log[-5:]}")
            count -= f'"step": "{step}"' in line and '"step done"' in line

    def end(self, number: signal.Signals | None = None, *, all_of_it: bool = False) -> int:
        """Its exit code, after a signal to its head or to all of its processes."""
        if number is not None and self.process.poll() is None:
            (os.killpg if all_of_it else os.kill)(self.process.pid, number)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    @property
    def steps(self) -> Counter[tuple[str, str]]:
        """How often each step came to its end, by its name and document."""
        told = [json.loads(line) for line in self.log if line.startswith("{") and line.endswith("}\n")]
        return Counter((line["step"], line["document"]) for line in told if line["message"] == "step done")

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            self._lines.put(line)

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        self.out = self.process.stdout.read()


@pytest.fixture
def machines() -> Iterator[list[Machine]]:
    """Those that a test started: none outlives it."""
    started: list[Machine] = []
    yield started
    for machine in started:
        machine.end(signal.SIGKILL, all_of_it=True)


def results(out: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.json")}


def wait_for_workers(database: str, count: int) -> None:
    """Until so many have said that they are there."""
    end = time.monotonic() + PATIENCE
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < end:
            with suppress(psycopg.errors.UndefinedTable):
                there = connection.execute("SELECT count(*) FROM engine_workers").fetchone()
                if there is not None and there[0] >= count:
                    return
            time.sleep(0.1)
    pytest.fail("no worker came up")


def engine(*arguments: object) -> int:
    """The exit code of a command in this process."""
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return int(str(ended.value.code))


def concluded(*of: Machine) -> Counter[str]:
    """How often each document was concluded, over all machines."""
    return sum((Counter({d: n for (step, d), n in each.steps.items() if step == "conclude"}) for each in of), Counter())


def test_one_worker_is_killed_for_good_and_nothing_is_done_or_paid_twice(
    database: str, machines: list[Machine], tmp_path: Path
) -> None:
    slips(tmp_path / "in", 12)
    dead = ("--dead-after", 2)
    with counting_model() as (counting, url):
        asked = ("--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm")
        where = ("--out", tmp_path / "out", "--cache", tmp_path / "cache")
        one, other = (Machine(database, "worker", "--name", name, *dead) for name in ("one", "other"))
        machines += [one, other]
        wait_for_workers(database, 2)
        run = Machine(database, "run", tmp_path / "in", "--type", "receipt", *where, *asked, *dead, "--json")
        machines.append(run)
        one.wait_for("read page")
        one.end(signal.SIGKILL, all_of_it=True)
        counting.killed()
        assert run.end() in (0, 1), run.log[-5:]
        assert other.end(signal.SIGTERM) == 130
    assert len(results(tmp_path / "out")) == 12
    assert {each["status"] for each in results(tmp_path / "out").values()} <= {"clean", "review"}
    assert counting.unexplained == 0
    assert len(counting.answered) >= 12
    assert set(concluded(run, one, other).values()) == {1}
    assert sum(other.steps.values()) > 0
    assert "left to other workers" in other.log[-1]
    kept = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in "".join((run.out, *run.log, *one.log, *other.log))
    assert not list((tmp_path / "cache").rglob("*.json"))  # they are where every machine finds them


@pytest.mark.parametrize("all_of_it", [False, True], ids=["its head", "all its processes"])
def test_a_worker_that_is_stopped_leaves_its_work_at_once(
    database: str, machines: list[Machine], tmp_path: Path, all_of_it: bool
) -> None:
    """As systemd stops a service: without having to wait until it counts as gone, and without a failed page."""
    slips(tmp_path / "in", 12)
    dead = ("--dead-after", 10_000)
    worker = Machine(database, "worker", *dead)
    machines.append(worker)
    wait_for_workers(database, 1)
    run = Machine(database, "run", tmp_path / "in", "--type", "receipt", "--out", tmp_path / "out", *dead)
    machines.append(run)
    worker.wait_for("receive")
    assert worker.end(signal.SIGTERM, all_of_it=all_of_it) == 130
    assert run.end() in (0, 1), run.log[-5:]
    assert len(results(tmp_path / "out")) == 12
    assert {each["status"] for each in results(tmp_path / "out").values()} <= {"clean", "review"}
    assert set(concluded(run, worker).values()) == {1}


def test_two_batches_with_the_same_documents_and_one_of_them_killed(
    database: str, machines: list[Machine], tmp_path: Path
) -> None:
    """What the dead one had begun is finished by the other, and is there for the dead one when it comes back."""
    for name in ("a", "b"):
        slips(tmp_path / name, 12)
    dead = ("--dead-after", 2)
    first, second = (
        Machine(database, "run", tmp_path / name, "--type", "receipt", "--out", tmp_path / f"out-{name}", *dead)
        for name in ("a", "b")
    )
    machines += [first, second]
    first.wait_for("conclude")
    first.end(signal.SIGKILL, all_of_it=True)
    assert second.end() in (0, 1), second.log[-5:]
    again = Machine(database, "run", tmp_path / "a", "--type", "receipt", "--out", tmp_path / "out-a", *dead)
    machines.append(again)
    assert again.end() in (0, 1), again.log[-5:]
    one, two = results(tmp_path / "out-a"), results(tmp_path / "out-b")
    assert set(one) == set(two) == {f"slip-{number:04}" for number in range(12)}
    for name, each in one.items():
        assert each["data"] == two[name]["data"]
        assert each["document"]["path"] == str(tmp_path / "a" / f"{name}.png")
        assert two[name]["document"]["path"] == str(tmp_path / "b" / f"{name}.png")
    assert sum(again.steps.values()) == 0
    # a step may have come to its end and not have been recorded when its process was killed
    assert sum((concluded(first, second)).values()) <= 12 + 1


def test_what_is_cancelled_is_resumed_by_whom_it_belongs_to(
    database: str, machines: list[Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_DATABASE", database)
    slips(tmp_path / "in", 20)
    run = Machine(database, "run", tmp_path / "in", "--type", "receipt", "--out", tmp_path / "out", "--json")
    machines.append(run)
    run.wait_for("conclude")
    assert engine("batch", "cancel", "--out", tmp_path / "out") == 0
    run.end()
    told = json.loads(run.out)
    assert told["cancelled"] > 0
    assert told["cancelled"] + told["review"] + told["clean"] == 20
    resumed = Machine(database, "resume", "--out", tmp_path / "out", "--json")
    machines.append(resumed)
    assert resumed.end() in (0, 1)
    assert len(results(tmp_path / "out")) == 20
    # what was under way when it was cancelled came to its end, unrecorded: with one process 8 are at most
    assert concluded(run, resumed).total() <= 20 + 8


def test_a_database_that_is_restarted_in_mid_run_costs_at_most_a_resumption(
    machines: list[Machine], tmp_path: Path
) -> None:
    """The run goes on, or ends with one sentence; nothing is lost and no document fails for it."""
    slips(tmp_path / "in", 8)
    command = ("run", tmp_path / "in", "--type", "receipt", "--out", tmp_path / "out", "--json")
    with one_server() as own:
        run = Machine(own.url, *command)
        machines.append(run)
        run.wait_for("conclude")
        own.restart()
        code = run.end()
        assert code in (0, 1, 3), run.log[-5:]
        assert not any("Traceback" in line for line in run.log)
        if code == 3:
            assert "what is recorded stays" in run.log[-1]
            assert [line for line in run.log if not line.startswith("{")] == run.log[-1:]
            again = Machine(own.url, *command)
            machines.append(again)
            assert again.end() in (0, 1), again.log[-5:]
    assert len(results(tmp_path / "out")) == 8
    assert {each["status"] for each in results(tmp_path / "out").values()} <= {"clean", "review"}


def test_an_idle_worker_does_not_wait_for_work_of_another_version(
    database: str, machines: list[Machine], tmp_path: Path
) -> None:
    (slip,) = slips(tmp_path / "in", 1)
    run = Machine(database, "run", slip, "--type", "receipt", "--out", tmp_path / "out")
    machines.append(run)
    assert run.end() == 1, run.log[-5:]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE dbos.workflow_status SET status = 'ENQUEUED', application_version = '0.0.0' WHERE name = 'document'"
        )
    worker = Machine(database, "worker", "--until-idle")
    machines.append(worker)
    assert worker.end() == 0, worker.log[-5:]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"password": "wrong-and-secret"}, "password authentication failed"),
        ({"host": "127.0.0.1", "port": 9}, "Connection refused"),
        ({"database": "none"}, 'database "none" does not exist'),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], wrong: dict[str, Any], told: str
) -> None:
    (slip,) = slips(tmp_path / "in", 1)
    url = make_url(server).set(**wrong).render_as_string(hide_password=False)
    for command in (("run", slip, "--out", tmp_path / "out"), ("worker",)):
        assert engine("batch", *command, "--database", url) == 3
        out, err = capfd.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1, err
        assert told in err
        assert "check its address" in err
        assert "wrong-and-secret" not in err
        assert PASSWORD not in err


def test_an_address_that_is_none_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (slip,) = slips(tmp_path / "in", 1)
    for url in ("postgresql://u:secret-word@host:port/x", "mysql://u:secret-word@host/x"):
        assert engine("batch", "run", slip, "--out", tmp_path / "out", "--database", url) == 3
        err = capfd.readouterr().err
        assert len(err.splitlines()) == 1, err
        assert "secret-word" not in err
