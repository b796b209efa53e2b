"""A real document through the review: looked at, corrected by hand and by a drawn box, made a case, learnt from."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from engine import Config, extract
from engine.as_json import result_to_json, to_json
from engine.cli import main
from engine.infer.samples import read_values
from engine.regress.case import read_case
from engine.regress.run import run_case
from engine.review.app import Review
from engine.review.case import make_case
from engine.review.doubts import open_doubts
from engine.review.folder import opened
from engine.review.guard import Guard
from engine.reviewed import original_file
from tests.review.made import RECEIPT, keep

pytestmark = pytest.mark.usefixtures("pictures_once")

SLIP = Path("fixtures/receipt_thermal/receipt.jpg").absolute()
HERE = "http://127.0.0.1:8123"


@pytest.fixture(scope="module")
def extracted(tmp_path_factory, pictures_once) -> str:
    place = tmp_path_factory.mktemp("in") / "slip.jpg"
    shutil.copy(SLIP, place)
    return result_to_json(extract(place, type="receipt", config=Config(no_cache=True)))


@pytest.fixture
def out(tmp_path, extracted) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "slip.json").write_text(extracted + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def client(out, tmp_path):
    with opened(out, "Ann", None) as folder:
        app = Guard(Review(folder, Config(), tmp_path / "fixtures").app(), "s3cret", 8123)
        made = TestClient(app, base_url=HERE, headers={"origin": HERE})
        made.get("/?token=s3cret")
        yield made


def clear(client) -> dict:
    """Accept whatever is asked for, dismiss whatever is said."""
    desk = client.get("/1/desk").json()
    while needed := [doubt for doubt in desk["queue"] if doubt["needed"]]:
        doubt = needed[0]
        asked = {"kind": "dismiss", "finding": doubt["findings"][0]} if doubt["findings"] else {}
        if doubt["is_field"] and doubt["path"] not in desk["decided"]:
            value = next(field["value"] for field in desk["fields"] if field["path"] == doubt["path"])
            asked = {"kind": "absent" if value is None else "accept", "path": doubt["path"], "seen": value}
        answer = client.post("/1/decide", json=asked)
        assert answer.status_code == 200, answer.text
        desk = answer.json()
    return desk


def test_the_page_is_shown_and_what_stands_in_a_box_of_it(client):
    size = client.get("/1/size/1").json()
    page = Image.open(BytesIO(client.get(size["src"]).content))
    assert page.size == (size["width"], size["height"])
    field = next(field for field in client.get("/1/desk").json()["fields"] if field["path"] == "/total")
    cut = Image.open(BytesIO(client.get(f"/1/crop/1?box={','.join(map(str, field['box']))}").content))
    assert cut.width > cut.height
    assert client.get("/1/crop/1?box=1,1,0,0").status_code == 404


def test_ocr_reads_a_box_that_was_drawn_and_nothing_is_kept_by_that(client, out):
    before = (out / "slip.json").read_bytes()
    field = next(field for field in client.get("/1/desk").json()["fields"] if field["path"] == "/date")
    x0, y0, x1, y1 = field["box"]
    drawn = {"path": "/date", "page": 1, "box": [x0 - 0.01, y0 - 0.003, x1 + 0.01, y1 + 0.003]}
    read = client.post("/1/read", json=drawn).json()
    assert "14/03/2024" in [text.replace(" ", "") for text in read["texts"]]
    assert (out / "slip.json").read_bytes() == before
    kept = {"kind": "correct", "seen": field["value"], "text": "14/03/2024", "read": "14/03/2024", **drawn}
    desk = client.post("/1/decide", json=kept).json()
    field = next(field for field in desk["fields"] if field["path"] == "/date")
    assert (field["value"], field["printed"], field["source"]) == ("2024-03-14", "14/03/2024", "human")
    assert field["box"] == pytest.approx(drawn["box"], abs=1e-4)
    blank = client.post("/1/read", json={"path": "/total", "page": 1, "box": [0.9, 0.98, 0.98, 0.99]})
    assert blank.json()["texts"] == []


def test_what_cannot_be_kept_is_told_and_stays(client, out):
    before = (out / "slip.json").read_bytes()

    def refused(asked, status):
        answer = client.post("/1/decide", json=asked)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    value = next(f["value"] for f in client.get("/1/desk").json()["fields"] if f["path"] == "/total")
    assert "no number" in refused({"kind": "correct", "path": "/total", "seen": value, "text": "nine"}, 422)
    assert "changed" in refused({"kind": "accept", "path": "/total", "seen": "1.00"}, 409)
    assert "no such field" in refused({"kind": "accept", "path": "/nowhere", "seen": None}, 422)
    assert "not said" in refused({"kind": "dismiss", "finding": {"path": "", "message": "made up"}}, 409)
    assert "no such field" in refused({"kind": "undo", "path": "/total", "seen": value}, 422)
    assert (out / "slip.json").read_bytes() == before


def test_a_corrected_document_is_clean_and_a_case_that_regress_passes(client, out, tmp_path, capsys):
    field = next(field for field in client.get("/1/desk").json()["fields"] if field["path"] == "/company")
    asked = {"kind": "correct", "path": "/company", "seen": field["value"], "text": "Another <b>Company</b>"}
    client.post("/1/decide", json=asked)
    early = client.post("/1/case", json={"name": "early", "why": "the company was wrong"})
    assert early.status_code == 422, "what is doubted would be held to be right"
    assert clear(client)["status"] == "clean"
    made = client.post("/1/case", json={"name": "slip", "why": "the company was wrong"})
    assert made.status_code == 200, made.text
    assert "/company is" in made.json()["outcome"]
    assert made.json()["unvouched"] > 0
    case = Path(made.json()["folder"])
    assert json.loads((case / "expected.json").read_text())["company"] == "Another <b>Company</b>"
    assert "expected_status" not in (case / "case.toml").read_text()
    assert client.post("/1/case", json={"name": "slip"}).status_code == 422, "nothing is written over"
    assert client.post("/1/case", json={"name": "../slip"}).status_code == 422
    where = ("--name", "again", "--fixtures", str(case.parent))
    assert command("regress", "add", str(out / "slip.json"), *where, "--accept") == 0
    assert "/company is" in capsys.readouterr().err
    code = command("regress", "--fixtures", str(case.parent), "--jobs", "1", "--quiet")
    assert code == 0, capsys.readouterr().out


def test_a_case_of_what_a_model_read_waits_for_its_answers(out, tmp_path, capsys):
    told = json.loads(out.joinpath("slip.json").read_text(), parse_float=Decimal)
    told["pages"][0]["route"], told["engine"]["model"] = "vlm", "somebody's model-1"
    (tmp_path / "read").mkdir()
    (tmp_path / "read" / "slip.json").write_text(to_json(told))
    cases, config = tmp_path / "cases", Config(cache=tmp_path / "cache")
    with opened(tmp_path / "read", "Ann", None) as folder:
        document = Path(told["document"]["path"])
        made = make_case(folder["slip.json"], folder.out, cases, document, config, name="asked")
    assert "somebody's model-1 has read it" in made.outcome
    assert f"engine regress {made.folder} --record" in made.outcome
    where = ("--name", "added", "--fixtures", str(cases))
    assert command("regress", "add", str(tmp_path / "read" / "slip.json"), *where, "--accept") == 0
    assert "is not accepted yet" in capsys.readouterr().err
    assert not list(cases.glob("*/accepted.json"))


def test_kept_answers_of_a_model_become_the_recordings_of_its_case(tmp_path):
    faded = read_case(Path("fixtures/receipt_faded"))
    place = tmp_path / "faded.jpg"
    shutil.copy(faded.document, place)
    config = Config(provider="replay", recordings=faded.recordings.absolute())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "faded.json").write_text(result_to_json(extract(place, type="receipt", config=config)))
    with opened(tmp_path / "out", "Ann", None) as folder:
        made = make_case(folder["faded.json"], folder.out, tmp_path / "cases", place, config, name=None)
    case = read_case(made.folder)
    assert made.outcome.startswith("runs as review")
    assert (case.provider, case.model, case.routes) == (faded.provider, faded.model, ("vlm",))
    assert len(list(case.recordings.iterdir())) == 1
    assert (case.folder / "accepted.json").is_file()
    assert not run_case(case).stale


def test_what_was_reviewed_is_given_to_learn_from(out, tmp_path, capsys):
    with opened(out, "Ann", None) as folder:
        company = {"value": "Another Company", "printed": "Another Company"}
        keep(folder, "correct", "/company", "slip.json", **company)
        for doubt in [d for d in open_doubts(folder["slip.json"].result, RECEIPT) if d.needed]:
            keep(folder, "accept", doubt.path, "slip.json")
    samples, outcomes = tmp_path / "it's $(all) samples", tmp_path / "outcomes.jsonl"
    assert command("review", str(out), "--samples", str(samples), "--outcomes", str(outcomes)) == 0
    line, _ = capsys.readouterr().out.splitlines()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    learnt = subprocess.run(["/bin/sh", "-c", line], env=os.environ | {"PATH": path}, capture_output=True, check=False)
    assert learnt.returncode == 0, learnt.stderr
    assert b" of 1 " in learnt.stderr, "what it found of each field in the one sample"
    (copy,) = [path for path in (samples / "receipt").iterdir() if path.suffix == ".jpg"]
    values = read_values(copy)
    assert copy.read_bytes() == SLIP.read_bytes()
    assert values["company"] == "Another Company"
    assert values["total"] == Decimal("89.15")
    assert "cash" not in values, "nobody vouches for it"
    lines = [json.loads(line) for line in outcomes.read_text().splitlines()]
    right = {line["path"]: line["right"] for line in lines}
    assert right["/company"] is False
    assert right["/total"] is True
    assert all(0 <= line["confidence"] <= 1 and line["verdict"] for line in lines)


def test_the_command_prints_its_address_and_serves_loopback_alone(out):
    asked = [sys.executable, "-m", "engine", "review", str(out), "--no-browser", "--who", "Ann"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            with pytest.raises(OSError, match="refused"):  # another address of this machine
                socket.create_connection(("127.0.0.2", httpx.URL(address).port), timeout=5).close()
            with httpx.Client(follow_redirects=True, timeout=30) as browser:
                page = browser.get(address)
                assert (page.status_code, "token" in str(page.url)) == (200, False)
                assert "0 of 1 done" in page.text
                assert httpx.get(address).status_code == 403
            assert command("review", str(out), "--no-browser") == 3, "another process has it"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "0 of 1 done" in process.stderr.read()


def test_a_batch_that_runs_again_leaves_what_was_reviewed(tmp_path, capsys):
    out, place = tmp_path / "out", tmp_path / "in" / "slip.jpg"
    place.parent.mkdir()
    shutil.copy(SLIP, place)
    batch = ("batch", "run", str(place), "--type", "receipt", "--out", str(out), "--jobs", "1", "--no-cache", "--quiet")
    done = subprocess.run([sys.executable, "-m", "engine", *batch], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    with opened(out, "Ann", None) as folder:
        keep(folder, "correct", "/company", "slip.json", value="Another Company", printed="Another Company")
        assert command(*batch) == 3, "a review has the folder"
    reviewed = (out / "slip.json").read_bytes()
    for again in (batch, (*batch, "--lang", "eng+osd")):  # the same work, and other work
        subprocess.run([sys.executable, "-m", "engine", *again], capture_output=True, check=False)
        assert (out / "slip.json").read_bytes() == reviewed
    assert original_file(out, "slip.json").is_file()
    with opened(out, "Ann", None) as folder:
        assert folder["slip.json"].result.data["company"] == "Another Company"


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)
