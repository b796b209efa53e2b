"""Documents by their addresses: listed, fetched within the limits, never with a secret in their address."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from engine.batch import content, remote
from engine.batch.items import inputs_to_items, is_document
from engine.batch.pool import Lost
from engine.batch.work import Work
from engine.config import Config
from engine.errors import BadInput, MissingDependency, UsageError
from tests.batch.small import slips
from tests.batch.test_batch import batch, result

PDF = b"%PDF-1.4\n"


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.pipe({"/box/a.pdf": PDF, "/box/sub/b": PDF, "/box/sub/notes.txt": b"no document", "/box/.hidden": b"x"})
    yield system
    system.rm("/box", recursive=True)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that a server has it at."""
    root = tmp_path / "served"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("address", ["memory://box", "memory://box/", "memory:///box/"])
def test_a_folder_is_all_below_it(memory: object, address: str) -> None:
    found = dict(remote.listed(address, is_document))
    start = address.rstrip("/")
    assert found == {
        f"{start}/a.pdf": True,
        f"{start}/sub/b": True,
        f"{start}/sub/notes.txt": False,
        f"{start}/.hidden": False,
    }


def test_a_pattern_and_a_file_are_documents_whatever_they_are_called(memory: object) -> None:
    assert list(remote.listed("memory://box/sub/*", is_document)) == [
        ("memory://box/sub/b", True),
        ("memory://box/sub/notes.txt", True),
    ]
    assert list(remote.listed("memory://box/sub/notes.txt", is_document)) == [("memory://box/sub/notes.txt", True)]
    with pytest.raises(UsageError, match="nothing at memory://box/gone"):
        list(remote.listed("memory://box/gone", is_document))


def test_items_are_named_like_files(memory: object, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    found = inputs_to_items(["memory://box", str(tmp_path / "a.pdf")], tmp_path / "out")
    assert {item.place: item.name for item in found.items}["memory://box/sub/b"] == "b.json"
    assert [item.address for item in found.items] == ["memory://box/a.pdf", "memory://box/sub/b", None]
    assert len({item.name for item in found.items}) == 3


def test_what_is_told_to_be_too_large_is_not_begun(
    memory: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/box/big.pdf", PDF * 100)
    opened: list[str] = []

    class Watched:
        def info(self, path: str) -> object:
            return memory.info(path)

        def open(self, path: str, mode: str) -> object:
            opened.append(path)
            return memory.open(path, mode)

    monkeypatch.setattr(remote, "_storage", lambda address: (Watched(), "/box/big.pdf"))
    with pytest.raises(BadInput, match=r"box/big\.pdf has more bytes"):
        remote.fetch("memory://box/big.pdf", tmp_path / "copy", Config(max_bytes=100))
    assert not opened
    assert not list(tmp_path.iterdir())


def test_what_is_larger_than_told_is_given_up(
    memory: fsspec.AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lying:
        def info(self, path: str) -> object:
            return {"size": None}

        def open(self, path: str, mode: str) -> object:
            return memory.open("/box/a.pdf", mode)

    monkeypatch.setattr(remote, "_storage", lambda address: (Lying(), "/box/a.pdf"))
    with pytest.raises(BadInput, match="more bytes than the limit of 5"):
        remote.fetch("memory://box/a.pdf", tmp_path / "copy", Config(max_bytes=5))
    assert not list(tmp_path.iterdir())


def test_storage_that_hangs_costs_its_time_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def hanging(address: str) -> object:
        go_on.wait(30)
        raise OSError("let go")

    monkeypatch.setattr(remote, "_storage", hanging)
    with pytest.raises(BadInput, match="takes longer than 1 seconds"):
        remote.fetch("memory://box/a.pdf", tmp_path / "copy", Config(page_seconds=1))
    go_on.set()


def test_a_machine_without_a_copy_fetches_its_own(memory: fsspec.AbstractFileSystem) -> None:
    work = Work("memory://box/a.pdf", sha256(PDF).hexdigest(), "receipt", "", Config(), "b")
    with content.at_hand(work, once=True) as file:
        assert file.read_bytes() == PDF
    assert not file.exists()
    with content.at_hand(work) as file:
        pass
    assert file.exists()
    memory.rm("/box/a.pdf")  # the copy is there
    with content.at_hand(work) as again:
        assert again == file
    content.drop(work)
    assert not file.exists()
    memory.pipe("/box/a.pdf", b"another")
    with pytest.raises(Lost, match="is not what it was"), content.at_hand(work):
        pass


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sftp://user:hunter2@host/a.pdf", "FSSPEC_SFTP_PASSWORD"),
        ("https://bucket/a.pdf?X-Amz-Signature=hunter2", "signed"),
        ("https://blob/a.pdf?sv=1&sig=hunter2", "signed"),
        ("zip://*.pdf::s3://bucket/a.zip", "address in an address"),
        ("nonsense://a/b", "no storage that fsspec knows"),
    ],
)
def test_addresses_that_hold_secrets_or_make_no_sense_are_refused(address: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        list(remote.listed(address, is_document))
    assert "hunter2" not in str(refused.value)


def test_a_missing_package_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingDependency, match=r"pip install 'document-engine\[remote\]'"):
        list(remote.listed("s3://bucket/", is_document))


def test_a_batch_of_addresses(served: tuple[Path, str], tmp_path: Path) -> None:
    """A server's files, one of them twice, one broken, one gone since it was listed."""
    root, address = served
    (slip,) = slips(root, 1)
    (root / "again.png").write_bytes(slip.read_bytes())
    (root / "broken.pdf").write_bytes(b"")
    rows = tmp_path / "rows.jsonl"
    names = (slip.name, "again.png", "broken.pdf", "gone.png")
    rows.write_text("".join(json.dumps({"path": f"{address}/{name}"}) + "\n" for name in names))
    out = tmp_path / "out"
    batch("run", rows, "--type", "receipt", "--out", out, code=2)
    results = {path.name: result(path) for path in out.glob("*.json")}
    assert set(results) == {"slip-0000.json", "again.json", "broken.json", "gone.json"}
    for name in ("slip-0000", "again"):
        told = results[f"{name}.json"]
        assert told["document"]["path"] == f"{address}/{name}.png"
        assert told["status"] != "failed"
        assert told["fields"]["/total"]["value"] is not None
    assert results["again.json"]["data"] == results["slip-0000.json"]["data"]
    for name in ("broken.pdf", "gone.png"):
        told = results[f"{Path(name).stem}.json"]
        assert told["status"] == "failed"
        assert f"{address}/{name}" in told["findings"][0]["message"]
    assert "engine-fetched-" not in json.dumps(results)
    status = json.loads(batch("status", "--out", out, "--json", code=0).stdout)
    assert (status["review"], status["failed"]) == (2, 2)
