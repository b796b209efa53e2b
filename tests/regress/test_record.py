"""A model's answers recorded: asked once, kept as files, and told in case.toml whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.config import Config
from engine.doctype import load_type
from engine.errors import UsageError
from engine.regress.case import CASE_FILE, read_case
from engine.regress.record import record_case
from engine.regress.run import run_case
from engine.result import Usage
from tests import read_once as reading
from tests.regress.copies import copied
from tests.vlm import servers
from tests.vlm.answers import answer_text
from tests.vlm.servers import Server

read_once, http, server = reading.read_once, servers.http, servers.server
pytestmark = pytest.mark.usefixtures("read_once")


def settings(server: Server) -> Config:
    return Config(provider="openai", model="gpt-5", base_url=server.base_url("openai"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case that nobody has answered yet, with a remark in its file."""
    folder = copied("receipt_thermal", tmp_path)
    with (folder / CASE_FILE).open("a", encoding="utf-8") as file:
        file.write('\n[settings]\nroute = "vlm"  # every page\n')
    return folder


def test_a_case_is_recorded_once(folder: Path, server: Server) -> None:
    case = read_case(folder)
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, dict(case.expected)))
    first = record_case(case, None, settings(server))
    assert [(path.parent, path.name[:7]) for path in first.written] == [(case.recordings, "page-1-")]
    assert (first.ran.status, first.ran.stale) == ("clean", ())
    assert first.ran.usage == Usage(1, 120, 30, first.ran.usage.usd)  # as the server tells
    assert first.ran.usage.usd
    assert len(server.asked) == 1

    text = (folder / CASE_FILE).read_text(encoding="utf-8")
    assert 'provider = "openai"\nmodel = "gpt-5"\nrecorded_by = "openai/gpt-5"\n\n[settings]' in text
    assert text.endswith('route = "vlm"  # every page\n')
    kept = first.written[0].read_text(encoding="utf-8")
    assert servers.KEYS["OPENAI_API_KEY"] not in kept
    assert "- total: an amount of money" in kept
    assert server.asked[0].body["messages"][1]["content"][0]["image_url"]["url"][-200:] not in kept

    again = record_case(read_case(folder), None, settings(server))
    assert (again.written, again.removed, again.ran) == ((), (), first.ran)
    assert len(server.asked) == 1
    assert run_case(read_case(folder)) == first.ran


def test_case_toml_keeps_remarks_line_ends_and_mark(folder: Path, server: Server) -> None:
    file = folder / CASE_FILE
    text = 'provider = "google"  # till spring\n' + file.read_text(encoding="utf-8")
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    case = read_case(folder)
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, dict(case.expected)))
    record_case(case, None, settings(server))
    assert file.read_bytes().startswith(b'\xef\xbb\xbfprovider = "openai"  # till spring\r\n')
    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")
    assert read_case(folder).provider == "openai"
    assert read_case(folder).recorded_by == "openai/gpt-5"


def test_what_cannot_be_rewritten_is_told_before_anything_is_paid(folder: Path, server: Server) -> None:
    file = folder / CASE_FILE
    text = file.read_text(encoding="utf-8")
    file.write_text('"provider" = "openai"\n' + text, encoding="utf-8")
    with pytest.raises(UsageError, match="on a line each, by hand"):
        record_case(read_case(folder), None, settings(server))
    assert server.asked == []
    assert file.read_text(encoding="utf-8").endswith(text)


def test_what_is_stale_goes_when_all_is_answered_anew(folder: Path, server: Server, tmp_path: Path) -> None:
    case = read_case(folder)
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, dict(case.expected)))
    (old,) = record_case(case, None, settings(server)).written
    schema = json.loads(load_type("receipt").path.read_text(encoding="utf-8"))
    schema["description"] = "A slip."
    (tmp_path / "receipt.json").write_text(json.dumps(schema), encoding="utf-8")

    server.play(servers.status(400))
    failed = record_case(read_case(folder), tmp_path, settings(server))
    assert (failed.written, failed.removed) == ((), ())
    assert len(failed.ran.stale) == 1
    (why,) = failed.failed
    assert why.startswith("page 1: ")
    assert "400" in why
    assert old.exists()

    server.play(servers.refuse_flag())
    refused = record_case(read_case(folder), tmp_path, settings(server))
    assert refused.removed == (old,)
    assert len(refused.written) == 1
    assert [(page.route, page.outcome) for page in refused.ran.pages] == [("vlm", "refused")]
    assert (refused.ran.stale, refused.failed) == ((), ())


def test_somebody_must_be_named_who_answers(folder: Path) -> None:
    with pytest.raises(UsageError, match="name it with --provider"):
        record_case(read_case(folder), None, Config())
