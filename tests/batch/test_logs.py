"""Logs and traces of a batch: ids, pages and times; no contents, no secrets, and no paths unless they are asked for."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from PIL import Image, ImageDraw, ImageFont
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from engine.batch.logs import JsonLines, about
from engine.batch.traces import span
from tests.batch.killing import PROGRAM

MARKER, NAME, KEY, PASSWORD = "ZEBRA", "smith-john", "sk-none-of-your-business", "hunter2-hunter2"


@dataclass(frozen=True)
class Went:
    """A batch of one slip and one broken file: its log, its database, the spans that a collector was sent."""

    log: str
    database: Path
    spans: tuple[tuple[str, dict[str, Any]], ...]


def slip(path: Path) -> None:
    image = Image.new("L", (500, 400), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(28)
    for row, text in enumerate((f"{MARKER} TRADING LTD", "Date: 2024-05-06", "Total  12.50")):
        draw.text((30, 40 + 80 * row), text, fill=0, font=font)
    image.save(path)


@pytest.fixture(scope="module")
def went(tmp_path_factory: pytest.TempPathFactory, make_httpserver: HTTPServer) -> Went:
    root = tmp_path_factory.mktemp("logs")
    (root / "in").mkdir()
    slip(root / "in" / f"{NAME}.png")
    (root / "in" / f"{NAME}.pdf").write_bytes(b"%PDF-1.4\n" + MARKER.encode())
    spans: list[tuple[str, dict[str, Any]]] = []

    def collect(request: Request) -> Response:
        told = ExportTraceServiceRequest.FromString(request.get_data())
        for each in (one for of in told.resource_spans for scope in of.scope_spans for one in scope.spans):
            spans.append((each.name, {one.key: str(one.value) for one in each.attributes}))
        return Response()

    make_httpserver.expect_request("/v1/traces").respond_with_handler(collect)
    environment = {
        **os.environ,
        "OPENAI_API_KEY": KEY,
        "ENGINE_PASSWORD": PASSWORD,
        "OTEL_EXPORTER_OTLP_ENDPOINT": make_httpserver.url_for(""),
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    out = root / "out"
    command = [str(PROGRAM), "batch", "run", str(root / "in"), "--type", "receipt", "--out", str(out), "--log-json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert MARKER in "".join(path.read_text() for path in out.glob("*.json"))  # it was read
    return Went(done.stderr, out / ".engine" / "batch.sqlite", tuple(spans))


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def unwrapped(cell: Any) -> Iterator[bytes]:
    """A cell of the database, and what is encoded and compressed in it."""
    raw = cell if isinstance(cell, bytes) else str(cell).encode("utf-8", "surrogateescape")
    yield raw
    try:
        inner = base64.b64decode(raw, validate=True)
    except binascii.Error:
        return
    yield inner
    for place in range(len(inner)):
        if inner[place : place + 1] == b"\x78":  # a compressed reading in a pickle
            try:
                yield zlib.decompressobj().decompress(inner[place:])
            except zlib.error:
                continue


def test_each_line_is_an_object_with_ids_and_seconds(went: Went) -> None:
    told = lines(went.log)
    assert all({"time", "level", "logger", "message"} <= set(line) for line in told)
    (page,) = [line for line in told if line.get("step") == "read page"]
    assert (page["page"], page["level"], len(page["document"])) == (1, "info", 16)
    assert page["seconds"] > 0
    ended = [line["status"] for line in told if line["message"] == "document done"]
    assert sorted(ended) == ["failed", "review"]


def test_the_log_has_no_contents_secrets_or_paths(went: Went) -> None:
    for word in (MARKER, NAME, KEY, PASSWORD, "12.50"):
        assert word not in went.log


def test_the_database_has_no_secrets(went: Went) -> None:
    with sqlite3.connect(went.database) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for table in tables for row in database.execute(f'SELECT * FROM "{table}"') for cell in row]  # noqa: S608
    found = b"\n".join(part for cell in cells if cell is not None for part in unwrapped(cell))
    assert MARKER.encode() in found  # pages and results are recorded there, so a secret would be found too
    assert KEY.encode() not in found
    assert PASSWORD.encode() not in found


def test_there_is_a_span_a_document_page_and_step_without_contents(went: Went) -> None:
    names = [name for name, _ in went.spans]
    assert {"document", "page", "receive", "read page", "conclude"} <= set(names)
    (page,) = [told for name, told in went.spans if name == "read page"]
    assert "1" in page["engine.page"]
    everything = str(went.spans)
    assert not [word for word in (MARKER, NAME, KEY, PASSWORD) if word in everything]


def test_a_span_of_ours_tells_an_error_by_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    with pytest.raises(ValueError, match="smith"), span("read page"):
        raise ValueError("/home/smith.pdf has 12.50")
    (told,) = exporter.get_finished_spans()
    assert (told.name, told.status.description, told.events) == ("read page", "ValueError", ())


def record(name: str, message: str, *given: object, **beside: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "x.py", 1, message, given, None)
    made.__dict__.update(beside)
    return made


def test_what_is_put_into_a_message_is_left_out_unless_it_is_a_number() -> None:
    said = record("engine.witness.crop", "page %d cannot be drawn: %s", 3, "/home/smith.pdf: ZEBRA", path="/home/x")
    plain, whole = (json.loads(JsonLines(verbose=verbose).format(said)) for verbose in (False, True))
    assert (plain["message"], plain.get("path")) == ("page 3 cannot be drawn: …", None)
    assert (whole["message"], whole["path"]) == ("page 3 cannot be drawn: /home/smith.pdf: ZEBRA", "/home/x")


def test_a_library_may_quote_anything_and_is_only_named() -> None:
    said = record("dbos", "Error serializing object: ZEBRA")
    assert "ZEBRA" not in JsonLines(verbose=False).format(said)
    assert "dbos" in JsonLines(verbose=False).format(said)


def test_an_error_is_told_by_its_name() -> None:
    try:
        raise ValueError("ZEBRA\n{")
    except ValueError as error:
        said = record("engine.batch.run", "it failed")
        said.exc_info = (type(error), error, None)
    told = JsonLines(verbose=False).format(said)
    assert json.loads(told)["error"] == "ValueError"
    assert "ZEBRA" not in told


def test_a_line_tells_what_is_under_way() -> None:
    with about(document="abc"), about(page=2):
        told = json.loads(JsonLines(verbose=False).format(record("engine.x", "hm")))
    assert (told["document"], told["page"]) == ("abc", 2)
    assert "document" not in json.loads(JsonLines(verbose=False).format(record("engine.x", "hm")))
