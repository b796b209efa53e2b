"""The server as programs meet it: over a real socket, with real Tesseract and a real database."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from engine.as_json import RESULT_SCHEMA
from engine.cli import main
from engine.cli.serve import serve as command
from engine.config import Config, load_config
from engine.serve.clients import Clients, Rate, is_loopback, read_tokens
from engine.serve.form import document_name
from tests.batch.killing import PROGRAM
from tests.batch.small import slips
from tests.serve.served import OTHER, PATIENCE, RECEIPT, ROOT, TOKEN, Served, send

EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused
MOST = 300_000  # bytes that the server takes


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(
        tmp_path_factory.mktemp("serve") / "out", "--log-json", "--verbose", "--rate", "0", "--max-bytes", str(MOST)
    )
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


@pytest.fixture(scope="module")
def job(client: httpx.Client) -> Any:
    """A receipt that is done."""
    answer = send(client, RECEIPT.read_bytes(), "receipt.jpg", wait=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def slip(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return [path.read_bytes() for path in slips(tmp_path_factory.mktemp("slips"), 4)]


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> Any:
    return client.get("/openapi.json").json()


def steps(served: Served) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in served.log.splitlines() if line.startswith("{")]
    return [(line["step"], line["document"]) for line in lines if line["message"] == "step done"]


def detail(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["detail"])


def test_the_result_is_the_one_that_extract_prints(client: httpx.Client, job: Any) -> None:
    answer = client.get(f"/v1/jobs/{job['job']}/result")
    command = [str(PROGRAM), "extract", RECEIPT.name, "--type", "receipt", "--schemas", str(ROOT / "schemas")]
    printed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=RECEIPT.parent).stdout

    def without_seconds(text: str) -> str:
        return re.sub(r'"seconds": [\d.]+', "", text)

    assert without_seconds(answer.text) == without_seconds(printed)
    assert '"subtotal": 84.10,' in answer.text
    assert '"subtotal": 84.10,' in client.get(f"/v1/jobs/{job['job']}").text


def test_a_job_is_listed_page_by_page_to_its_owner_alone(served: Served, client: httpx.Client, job: Any) -> None:
    again = send(client, RECEIPT.read_bytes(), "again.jpg", wait=60).json()
    first = client.get("/v1/jobs", params={"status": "done", "limit": 1}).json()
    assert [each["job"] for each in first["jobs"]] == [again["job"]]
    second = client.get(first["next"]).json()
    assert job["job"] in [each["job"] for each in second["jobs"]]
    with served.client(OTHER) as other:
        assert other.get("/v1/jobs").json() == {"jobs": [], "next": None}
        for answer in (
            other.get(f"/v1/jobs/{job['job']}"),
            other.get(f"/v1/jobs/{job['job']}/result"),
            other.delete(f"/v1/jobs/{job['job']}"),
        ):
            assert answer.status_code == 404
    assert client.get(f"/v1/jobs/{job['job']}").status_code == 200


def test_identical_documents_are_computed_once(served: Served, client: httpx.Client, job: Any) -> None:
    again = send(client, RECEIPT.read_bytes(), "again.jpg", wait=60).json()
    assert again["job"] != job["job"]
    assert again["result"]["data"] == job["result"]["data"]
    assert again["result"]["document"]["path"] == "again.jpg"
    done = steps(served)
    assert len(done) == len(set(done))


def test_a_key_makes_twice_once(client: httpx.Client, slip: list[bytes]) -> None:
    key = {"headers": {"Idempotency-Key": "monday-1"}}
    first, same = send(client, slip[0], **key), send(client, slip[0], "other name.png", **key)
    assert first.json()["job"] == same.json()["job"]
    other = send(client, slip[1], **key)
    assert other.status_code == 409
    assert "Idempotency-Key" in detail(other)
    assert send(client, slip[0], lang="eng", **key).status_code == 409


@pytest.mark.parametrize("token", [None, "", "token-of-the-first-clienT", "Basic", TOKEN[:-1]])
def test_without_a_known_token_nothing_is_told(served: Served, token: str | None) -> None:
    with served.client(token or None) as client:
        for answer in (client.get("/v1/jobs"), client.get("/metrics"), send(client, b"x" * 10 * MOST)):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            detail(answer)


@pytest.mark.parametrize(
    "name", ["../../x.pdf", "..\\..\\x.pdf", "/etc/passwd", "a\nb.pdf", "a\0b.pdf", "📄.pdf", "x" * 1000, "..", ""]
)
def test_a_name_is_never_a_path(served: Served, client: httpx.Client, job: Any, name: str) -> None:
    out = served._log.with_suffix("")
    before = {path for path in out.parent.rglob("*") if "sqlite" not in path.name}
    answer = send(client, RECEIPT.read_bytes(), name or "document", wait=60).json()
    assert "/" not in answer["document"]
    assert answer["result"]["document"]["path"] == answer["document"]
    assert {path for path in out.parent.rglob("*") if "sqlite" not in path.name} == before
    assert document_name(name).isprintable()
    assert 0 < len(document_name(name)) <= 255


def test_what_is_too_large_is_refused(served: Served, client: httpx.Client) -> None:
    told = send(client, b"x" * (MOST + 1))
    assert told.status_code == 413
    assert f"{MOST:,}" in detail(told)

    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(10_000):
            sent += 10_000
            yield b"x" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        answer = client.post("/v1/documents", content=pieces(), headers=headers)
        assert answer.status_code == 413
    except httpx.TransportError:  # it hung up while more was being sent
        pass
    assert sent < 100 * MOST
    assert not list((served._log.with_suffix("") / "uploads" / "incoming").iterdir())


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"type": "reciept"}, "receipt"),
        ({"type": "../schemas/receipt.json"}, "type"),
        ({"type": "schemas/receipt.json"}, "type"),
        ({"lang": "xyz"}, "lang"),
        ({"lang": "../eng"}, "lang"),
        ({"pages": "3-1"}, "pages"),
        ({"no_vlm": "perhaps"}, "no_vlm"),
        ({"base_url": "http://elsewhere"}, "field"),
        ({"max_bytes": "1"}, "field"),
    ],
)
def test_what_cannot_be_is_told(client: httpx.Client, slip: list[bytes], fields: dict[str, str], word: str) -> None:
    answer = send(client, slip[0], **fields)
    assert answer.status_code == 422
    assert word in detail(answer)
    assert "ENGINE_" not in detail(answer)


def test_a_form_that_is_none(client: httpx.Client) -> None:
    assert client.post("/v1/documents", json={"file": "x"}).status_code == 415
    assert client.post("/v1/documents", data={"type": "receipt"}).status_code == 415
    broken = {"Content-Type": "multipart/form-data; boundary=b"}
    assert client.post("/v1/documents", content=b"--x", headers=broken).status_code in (400, 422)
    assert client.post("/v1/documents", files={"other": b"x"}).status_code == 422
    assert client.get("/v1/jobs", params={"limit": 0}).status_code == 422
    assert client.get("/v2").status_code == 404
    detail(client.put("/v1/jobs"))


def test_a_broken_file_has_a_failed_result(client: httpx.Client) -> None:
    answer = send(client, b"%PDF-1.7\nnothing", "mine.pdf", wait=60).json()
    assert (answer["status"], answer["outcome"]) == ("done", "failed")
    (finding,) = answer["result"]["findings"]
    assert finding["message"].startswith("mine.pdf ")
    assert "uploads" not in json.dumps(answer)


def test_a_deleted_job_leaves_nothing(served: Served, client: httpx.Client, slip: list[bytes]) -> None:
    uploads = served._log.with_suffix("") / "uploads"
    one = send(client, slip[2], wait=60).json()
    two = send(client, slip[2], wait=60).json()
    digest = one["result"]["document"]["sha256"]
    assert client.delete(f"/v1/jobs/{one['job']}").status_code == 204
    assert client.get(f"/v1/jobs/{one['job']}").status_code == 404
    assert (uploads / digest).is_file()
    assert client.delete(f"/v1/jobs/{two['job']}").status_code == 204
    assert not (uploads / digest).exists()
    before = steps(served).count(("read page", digest[:16]))
    assert send(client, slip[2], wait=60).status_code == 200
    assert steps(served).count(("read page", digest[:16])) == before + 1


def test_what_is_described_is_what_is_answered(client: httpx.Client, job: Any, described: Any) -> None:
    validate(described)
    waiting = client.get(f"/v1/jobs/{job['job']}")
    assert_described(described, waiting, "/v1/jobs/{id}", "get")
    assert_described(described, client.get("/v1/jobs"), "/v1/jobs", "get")
    assert_described(described, client.get("/v1/types"), "/v1/types", "get")
    assert_described(described, client.get("/readyz"), "/readyz", "get")
    assert_described(described, client.get(f"/v1/jobs/{job['job']}/result"), "/v1/jobs/{id}/result", "get")
    assert_described(described, client.get(f"/v1/jobs/{'0' * 32}"), "/v1/jobs/{id}", "get")
    assert_described(described, send(client, RECEIPT.read_bytes()), "/v1/documents", "post")
    assert_described(described, send(client, RECEIPT.read_bytes(), wait=60), "/v1/documents", "post")
    assert_described(described, send(client, b"", type="none"), "/v1/documents", "post")
    Draft202012Validator(RESULT_SCHEMA).validate(job["result"])
    names = set(described["components"]["schemas"]["Result"]["properties"])
    assert names == set(RESULT_SCHEMA["properties"])
    ours = [path for path in described["paths"] if path.startswith("/v1/")]
    assert all("security" in method for path in ours for method in described["paths"][path].values())
    assert client.put(f"/v1/jobs/{job['job']}").headers["allow"] == "DELETE, GET"


def assert_described(described: Any, answer: httpx.Response, path: str, method: str) -> None:
    told = described["paths"][path][method]["responses"][str(answer.status_code)]
    ((media_type, content),) = told["content"].items()
    assert answer.headers["content-type"] == media_type
    Draft202012Validator({**content["schema"], "components": described["components"]}).validate(answer.json())


def test_the_page_about_it_names_what_there_is(described: Any) -> None:
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    told = {
        (method.lower(), path.replace("ID", "{id}"))
        for method, path in re.findall(r"`(GET|POST|DELETE) (/\S*?)[?`]", page)
    }
    there = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert told == there | {("get", "/openapi.json")}
    defaults = {option.opts[0]: option.default for option in command.params}
    rows = re.findall(r"^\| `(--[a-z-]+)` \| ([\d,]+) \|", page, re.MULTILINE)
    assert len(rows) == 4
    for name, value in rows:
        expected = Config().max_bytes if name == "--max-bytes" else defaults[name]
        assert float(value.replace(",", "")) == expected


def test_without_the_extra_the_line_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--out", str(tmp_path)])
    assert ended.value.code == 3
    assert "pip install 'document-engine[web]'" in capsys.readouterr().err


def test_metrics_are_read_as_such(client: httpx.Client, job: Any) -> None:
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
    done = {sample.labels["status"]: sample.value for sample in families["engine_jobs"].samples}
    assert done["done"] >= 1
    assert sum(sample.value for sample in families["engine_pages"].samples if sample.name.endswith("total")) >= 1
    assert {"engine_job_seconds", "engine_spent_usd", "engine_queue_length", "engine_jobs_ended"} <= set(families)


def test_no_token_and_no_content_is_logged(served: Served, client: httpx.Client, job: Any) -> None:
    assert TOKEN not in served.log
    assert OTHER not in served.log
    assert str(job["result"]["data"]["company"]) not in served.log
    kept = list((served._log.with_suffix("") / ".engine").glob("batch.sqlite*"))
    assert kept
    assert not any(b"token-of-the" in file.read_bytes() for file in kept)  # what is written ahead, too


def test_killed_in_mid_job_the_next_one_finishes(tmp_path: Path, slip: list[bytes]) -> None:
    server = Served(tmp_path / "out", "--queue", "2")
    with server.client() as client:
        answers = [send(client, slip[0])]
        while answers[-1].status_code == 202:  # quicker than they are done
            answers.append(send(client, slip[len(answers) % 4]))
        *accepted, full = answers
        assert full.status_code == 503
        assert full.headers["retry-after"]
        server.kill()
    server = Served(tmp_path / "out", "--rate", "30")
    try:
        with server.client() as client:
            for answer in accepted:
                done = client.get(answer.json()["url"], params={"wait": 60}).json()
                assert (done["status"], done["result"]["document"]["pages"]) == ("done", 1)
            for _ in range(60):  # one comes back each two seconds
                refused = client.get("/v1/types")
                if refused.status_code == 429:
                    break
            assert int(refused.headers["retry-after"]) > 0
            with server.client(OTHER) as other:
                assert other.get("/v1/types").status_code == 200
    finally:
        assert server.stop() == 0
    assert "Traceback" not in server.log


def test_who_deletes_a_job_takes_nothing_from_others(served: Served, client: httpx.Client, slip: list[bytes]) -> None:
    """The same pages as another type, of another client, while the first job's work reads them."""
    pages, file = [Image.open(io.BytesIO(slip[number % 4])) for number in range(6)], io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=100)
    digest = hashlib.sha256(file.getvalue()).hexdigest()[:16]
    mine = send(client, file.getvalue()).json()
    end = time.monotonic() + PATIENCE
    while ("read page", digest) not in steps(served) and time.monotonic() < end:
        time.sleep(0.05)
    with served.client(OTHER) as other:
        theirs = send(other, file.getvalue(), type="invoice").json()
        assert client.delete(mine["url"]).status_code == 204
        done = other.get(theirs["url"], params={"wait": 60}).json()
        assert (done["status"], done["result"]["document"]["pages"]) == ("done", 6), served.log[-2000:]
        assert other.delete(theirs["url"]).status_code == 204


def test_a_token_is_made_where_none_is_given_and_what_waits_is_given_up(tmp_path: Path, slip: list[bytes]) -> None:
    short = tempfile.mkdtemp()  # a socket's path takes no more than 107 characters, and tmp_path may be longer
    server = Served(tmp_path / "out", tokens=None, TMPDIR=short)
    try:
        (token,) = re.findall(r"names none: (\S+)", server.log)
        with server.client(token) as client:
            jobs = [send(client, content).json()["job"] for content in slip[:2]]
            assert client.delete(f"/v1/jobs/{jobs[-1]}").status_code == 204
            assert client.get(f"/v1/jobs/{jobs[-1]}").status_code == 404
            again = send(client, slip[1]).json()["job"]
            assert client.get(f"/v1/jobs/{again}", params={"wait": 60}).json()["status"] == "done"
    finally:
        assert server.stop() == 0
    Path(short).rmdir()  # nothing was left in it


def test_stopped_while_it_begins_it_ends_as_at_any_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.ocr.tesseract.require", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr("engine.cli.serve._leave", lambda code: code)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--out", str(tmp_path / "out"), "--quiet"])
    assert ended.value.code == 0
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("options", "tokens", "word"),
    [
        (["--host", EVERYWHERE], "", "ENGINE_TOKEN"),
        ([], "short", "openssl"),
        (["--keep-days", "-1"], TOKEN, "keep-days"),
    ],
)
def test_what_would_not_be_safe_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    options: list[str], tokens: str, word: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("ENGINE_TOKEN", tokens)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--out", str(tmp_path), *options])
    assert ended.value.code == 3
    assert word in capsys.readouterr().err


def test_tokens_and_hosts() -> None:
    clients = Clients(read_tokens(f"{TOKEN}, {OTHER},"))
    first, second = clients.who(TOKEN), clients.who(OTHER)
    assert first
    assert second
    assert first.owner != second.owner
    assert clients.who(f"{TOKEN},{OTHER}") is None
    assert clients.who("") is None
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", EVERYWHERE, "::", "example.org")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_the_token_is_no_setting_of_other_commands() -> None:
    assert load_config(None, {"ENGINE_TOKEN": TOKEN}, {}) == load_config(None, {}, {})


def test_the_rate_comes_back_with_time() -> None:
    at = 0.0
    rate = Rate(2, lambda: at)
    assert [rate.seconds_to_wait("a") for _ in range(3)] == [0, 0, 30]
    assert rate.seconds_to_wait("b") == 0
    at = 30.0
    assert [rate.seconds_to_wait("a") for _ in range(2)] == [0, 30]
