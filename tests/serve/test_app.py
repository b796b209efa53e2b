"""The server's answers where something is amiss, without the batch engine at work: its application in this process."""

from __future__ import annotations

import asyncio
import errno
import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from dbos import DBOSClient
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from engine.batch import workflows
from engine.batch.shared import Shared
from engine.config import Config
from engine.errors import UsageError
from engine.serve import means as means_module
from engine.serve import running, service
from engine.serve.app import make_app
from engine.serve.asked import Asked
from engine.serve.clients import Clients, Rate
from engine.serve.jobs import Job
from engine.serve.means import Means, Turns
from engine.serve.metrics import Metrics
from engine.serve.problem import Problem
from engine.serve.ready import Readiness
from engine.serve.service import MARGIN, Service
from engine.serve.uploads import Uploads
from tests.serve.served import TOKEN

OWNER = Clients([TOKEN]).who(TOKEN).owner  # type: ignore[union-attr]
UPLOAD = {"files": {"file": ("a.png", b"\x89PNG")}, "data": {"type": "receipt"}}


@pytest.fixture
def made(tmp_path: Path) -> Service:
    (tmp_path / "schemas").mkdir()
    shared = Shared(f"sqlite:///{tmp_path / 'jobs.sqlite'}", "s")
    config = Config(schemas=tmp_path / "schemas")
    found = Service(config, shared, Uploads(tmp_path / "uploads"), most_open=9, keep_days=1)
    found.prepare()
    return found


@pytest.fixture
def client(made: Service) -> TestClient:
    ready = Readiness(made, lambda: True)
    means = Means(made, Clients([TOKEN]), Rate(0), Metrics(made), lambda: False, ready.amiss)
    app = make_app(means, open_metrics=True)
    return TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"}, raise_server_exceptions=False)


def job(name: str = "a.png", **more: object) -> Job:
    return replace(Job(OWNER, name, "0" * 64, "receipt", {}, work="document-old"), **more)  # type: ignore[arg-type]


def test_an_upload_that_the_disk_has_no_room_for_is_refused_before_it_is_read(
    made: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Uploads, "free", lambda _: MARGIN + 100)
    assert client.post("/v1/documents", **UPLOAD).status_code == 507  # type: ignore[arg-type]
    with made.room_for(30):
        with pytest.raises(Problem) as full, made.room_for(30):
            pass
        assert full.value.status == 507
    with made.room_for(30):
        pass


def test_a_full_folder_for_uploads_under_way_is_told_as_such(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", full)
    answer = client.post("/v1/documents", **UPLOAD)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["retry-after"]) == (507, "600")


@pytest.mark.parametrize(("looks", "ends"), [(running.FULL - 1, False), (running.FULL, True)])
def test_a_disk_that_is_full_for_a_moment_ends_nothing(monkeypatch: pytest.MonkeyPatch, looks: int, ends: bool) -> None:
    monkeypatch.setattr(running, "GLANCE", 0)
    ended, over = threading.Event(), UsageError("the test is over")

    class Looking:
        left = looks

        def look(self) -> None:
            self.left -= 1
            if self.left >= 0:
                raise UsageError("the disk is full")
            keeper.fault = over

        def sweep(self) -> None:
            pass

    keeper = running.Keeper(Looking())  # type: ignore[arg-type]
    keeper.stop_server = ended.set
    keeper.run()
    assert ended.is_set() == (keeper.fault is not over) == ends


def test_a_broken_type_is_no_error_of_the_program(made: Service, client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
    assert made.config.schemas
    (made.config.schemas / "torn.json").write_text("{")
    answer = client.get("/v1/types")
    assert answer.status_code == 503
    assert "torn" not in answer.text
    fresh = Readiness(made, lambda: True)
    assert "document type" in fresh.amiss()


def test_a_charset_that_is_none_is_the_clients_slip(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=undefined"}
    body = b'--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nreceipt\r\n--b--\r\n'
    assert client.post("/v1/documents", content=body, headers=headers).status_code == 400


def test_pages_of_jobs_follow_each_other_though_jobs_are_deleted(made: Service, client: TestClient) -> None:
    for name in "abc":
        made.jobs.add(job(name, status="cancelled"))
    first = client.get("/v1/jobs?limit=1").json()
    made.jobs.remove(job(id=first["jobs"][0]["job"]))
    second = client.get(first["next"]).json()
    assert [each["document"] for each in first["jobs"] + second["jobs"]] == ["c", "b"]


def test_a_result_that_was_forgotten_meanwhile_is_gone(
    made: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the job and the one at its result."""
    kept = made.jobs.add(job(status="done"))
    for where in ("", "/result"):
        assert client.get(f"/v1/jobs/{kept.id}{where}").status_code == 404
    made.jobs.remove(kept)
    monkeypatch.setattr(type(made.jobs), "get", lambda *_: kept)
    assert client.get(f"/v1/jobs/{kept.id}/result").status_code == 404


def test_one_client_cannot_take_all_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(means_module, "PATIENCE", 0.05)

    async def slow() -> None:
        turns, entered = Turns(), []
        for _ in range(means_module.EACH):
            entered.append(turns.one("a"))
            await entered[-1].__aenter__()
        with pytest.raises(Problem) as refused:
            async with turns.one("a"):
                pass
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "30")
        async with turns.one("b"):
            pass
        await entered[0].__aexit__(None, None, None)
        async with turns.one("a"):
            pass

    asyncio.run(slow())


@pytest.mark.parametrize("status", ["failed-by-engine", "cancelled"])
def test_under_a_key_what_came_to_no_result_is_done_anew(
    made: Service, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(service, "_begin_again", lambda work: None)  # of the records, which nobody made here
    asked = Asked(OWNER, "a.png", "receipt", {}, "key")
    first = made.accept(asked, io.BytesIO(b"x"))
    assert made.accept(asked, io.BytesIO(b"x")) == made.jobs.get(OWNER, first.id)
    made.jobs.change(first, status=status, ended="2026-01-01T00:00:00.000Z", error="it failed")
    again = made.accept(asked, io.BytesIO(b"x"))
    assert (again.id, again.status, again.error, again.ended) == (first.id, "queued", None, None)
    assert made.jobs.open() == [made.jobs.get(OWNER, first.id)]


def test_with_other_settings_nothing_of_the_old_question_stays(made: Service) -> None:
    """Else it would be recovered, and paid for nobody."""
    made.jobs.add(job())
    client = DBOSClient(system_database_url=made.shared.url)
    client._sys_db.run_migrations()
    for id_, name in (("document-old", "document"), ("ask-old-1", "ask"), ("page-1", "page"), ("ask-other-1", "ask")):
        client.enqueue({"workflow_name": name, "queue_name": workflows.DOCUMENTS, "workflow_id": id_})
    with create_engine(made.shared.url).begin() as connection:
        below = "UPDATE workflow_status SET parent_workflow_id = 'document-old' WHERE workflow_uuid IN "
        connection.execute(text(f"{below} ('ask-old-1', 'page-1')"))
    made.take_up()
    assert {each.workflow_id for each in client.list_workflows(load_input=False)} == {"page-1", "ask-other-1"}
    client.destroy()
