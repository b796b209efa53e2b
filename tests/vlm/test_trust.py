"""What a model says is hearsay: it never makes a document clean, is never told as OCR's, and never silences OCR."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine import Config, UsageError, extract
from engine.claim import Claim
from engine.cli import main
from engine.decide import decide
from engine.doctype import load_type
from engine.flow import readings_to_result
from engine.merge import claims_to_fields
from engine.page import Box
from engine.receive import Document
from engine.vlm.ask import PageAnswer
from tests.pages import typed_reading
from tests.vlm import servers
from tests.vlm.answers import answer_text

http, server = servers.http, servers.server
RECEIPT = Path(__file__).parents[2] / "fixtures" / "receipt_thermal" / "receipt.jpg"
WIRE = "openai-compatible"
LISTENING = """
import signal
from engine.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
main()
"""
BOX = Box(0.1, 0.1, 0.2, 0.2)


def a_type(folder: Path, **properties: Any) -> str:
    schema = {"title": "Note", "type": "object", "properties": properties}
    (folder / "note.json").write_text(json.dumps(schema))
    return "note"


def settings(server: servers.Server, folder: Path, **more: Any) -> Config:
    base = {"provider": WIRE, "model": "m", "base_url": server.base_url(WIRE), "route": "vlm", "cache": folder / "kept"}
    return Config(**{**base, "schemas": folder, **more})


def test_values_that_only_a_model_saw_are_not_clean_without_critical_fields(
    server: servers.Server, tmp_path: Path
) -> None:
    name = a_type(tmp_path, number={"type": ["string", "null"]}, tags={"type": "array", "items": {"type": "string"}})
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, {"number": "INVENTED-1", "tags": ["x"]}))
    result = extract(RECEIPT, type=name, config=settings(server, tmp_path))
    assert result.data["number"] == "INVENTED-1"
    assert result.status == "review"
    told = [f for f in result.findings if f.check == "witness" and f.severity == "error"]
    assert [f.path for f in told] == ["/tags/0", "/number"]
    assert {f.verdict for f in result.fields.values()} == {"silent"}


def test_one_part_by_a_model_makes_the_whole_text_a_model_s(tmp_path: Path) -> None:
    a_type(tmp_path, remarks={"type": ["string", "null"], "x-merge": "concat", "x-critical": True})
    doctype = load_type("note", tmp_path)
    claims = [
        Claim("/remarks", "fine", "fine", 1, BOX, 0.97, "ocr"),
        Claim("/remarks", "INVENTED", "INVENTED", 2, None, 0.99, "vlm"),
    ]
    fields, _ = claims_to_fields(claims, doctype, {})
    assert fields["/remarks"].source == "vlm"
    assert decide(doctype, fields, (), ()) != "clean"


def test_what_ocr_read_and_the_model_denies_is_told() -> None:
    reading = typed_reading("ACME TRADING SDN BHD\nDATE: 12/03/2024\nTOTAL 9.00")
    doctype = load_type("receipt")
    document = Document(Path("a.png"), "0" * 64, "image", "PNG", 1)
    by_ocr = readings_to_result(document, [reading], doctype, Config())
    assert by_ocr.fields["/date"].value == "2024-03-12"
    nothing = {1: PageAnswer(1, "complete", attempts=1)}
    result = readings_to_result(document, [reading], doctype, Config(route="vlm"), answers=nothing)
    assert result.fields["/date"].value is None
    assert "12/03/2024" in next(f.message for f in result.findings if f.path == "/date" and "OCR read" in f.message)


@pytest.mark.parametrize("price", [10, 0])
def test_the_longest_answer_must_fit_into_the_budget(server: servers.Server, tmp_path: Path, price: int) -> None:
    name = a_type(tmp_path, number={"type": ["string", "null"]})
    row = f'[[{WIRE}]]\nmatch = "m"\ninput_price = 0\noutput_price = {price}\noutput_tokens = 4000\n'
    (tmp_path / "rows.toml").write_text(row)
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, {}))
    config = settings(server, tmp_path, models=tmp_path / "rows.toml", max_usd=0.03)  # 4,000 tokens may cost 0.04
    result = extract(RECEIPT, type=name, config=config)
    if price:
        assert server.asked == []
        assert [f.check for f in result.findings if f.check == "budget"] == ["budget"]
        assert result.pages[0].route == "ocr"
    else:
        assert result.pages[0].outcome == "complete"


def test_a_lost_try_has_no_known_price(server: servers.Server, tmp_path: Path) -> None:
    name = a_type(tmp_path, number={"type": ["string", "null"]})
    row = f'[[{WIRE}]]\nmatch = "m"\ninput_price = 1\noutput_price = 1\n'
    (tmp_path / "rows.toml").write_text(row)
    server.play(servers.hang(3))
    config = settings(server, tmp_path, models=tmp_path / "rows.toml", vlm_timeout=0.2, vlm_deadline=0.3)
    result = extract(RECEIPT, type=name, config=config)
    assert result.pages[0].outcome == "failed"
    assert result.usage.usd is None


def test_pieces_that_were_complete_are_not_asked_again(server: servers.Server, tmp_path: Path) -> None:
    """Though another piece of the page was refused."""
    row = {"type": "object", "properties": {"what": {"type": ["string", "null"]}}}
    name = a_type(tmp_path, number={"type": ["string", "null"]}, rows={"type": "array", "items": row})

    def handler(asked: servers.Asked) -> servers.Play:
        names = set(asked.schema["properties"])
        if names == {"number"}:
            return servers.refuse_flag()
        if "one stretch" in asked.text:
            return servers.answer(answer_text(asked.schema, {"rows": [{"what": "a"}]}))
        return servers.truncate("{")

    server.handler = handler
    first = extract(RECEIPT, type=name, config=settings(server, tmp_path))
    assert [len(server.asked), first.pages[0].outcome] == [5, "refused"]
    server.asked.clear()
    extract(RECEIPT, type=name, config=settings(server, tmp_path))
    again = [set(asked.schema["properties"]) for asked in server.asked]
    assert again == [{"number", "rows"}, {"number"}]  # the whole, which led nowhere, and what was refused


def test_a_type_that_is_one_open_map_is_cut_into_bands(server: servers.Server, tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text(
        json.dumps({"type": "object", "additionalProperties": {"type": ["string", "null"]}})
    )

    def handler(asked: servers.Asked) -> servers.Play:
        if "one stretch" not in asked.text:
            return servers.truncate("{")
        return servers.answer(answer_text(asked.schema, {"entries": {"A": "1"}}))

    server.handler = handler
    result = extract(RECEIPT, type="note", config=settings(server, tmp_path))
    assert (len(server.asked), result.data) == (3, {"A": "1"})
    assert result.pages[0].outcome == "complete"


@pytest.mark.parametrize(
    "url", ["http://[::1/v1", "http://host:abc/v1", "http://host:99999/v1", "ftp://me:geheim123@host/v1"]
)
def test_an_address_that_is_none_is_told_without_its_password(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["extract", str(RECEIPT), "--provider", WIRE, "--model", "m", "--base-url", url, "--quiet"])
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "geheim123" not in said


def test_settings_do_not_show_a_password() -> None:
    with pytest.raises(UsageError) as error:
        Config(base_url="https://me:geheim123@host/v1")
    assert "geheim123" not in str(error.value)
    assert "geheim123" not in repr(Config(provider="openai", base_url="https://me:geheim123@host/v1"))


def test_another_server_does_not_learn_the_organisation(
    server: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, {}))
    extract(RECEIPT, type="receipt", config=settings(server, Path(tmp_path), schemas=None))
    (asked,) = server.asked
    assert not any("mine" in value for value in asked.headers.values())


def test_a_dry_run_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7")
    options = ["--provider", "google", "--route", "vlm", "--type", "receipt", "--dry-run"]
    done = subprocess.run(
        [sys.executable, "-m", "engine", "extract", broken, RECEIPT, *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "receipt.jpg" in done.stdout
    assert "broken.pdf" in done.stderr


def test_a_run_that_is_stopped_asks_no_more(server: servers.Server, tmp_path: Path) -> None:
    server.play(servers.hang(30))
    options = ["--provider", WIRE, "--model", "m", "--base-url", server.base_url(WIRE), "--route", "vlm", "--no-cache"]
    run = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "extract", RECEIPT, "--type", "receipt", *options],
        stderr=subprocess.PIPE, text=True, env={**os.environ, **servers.KEYS},
    )  # fmt: skip
    until = time.monotonic() + 40
    while not server.asked and time.monotonic() < until:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=25)  # the server would keep it for 30 s, the settings for 120
    assert run.returncode == 130
    assert "Traceback" not in said
    assert len(server.asked) == 1
