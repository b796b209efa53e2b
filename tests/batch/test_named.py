"""The same content as several files: what is recorded of one of them never names it in a result of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image

from engine.batch import tasks
from engine.batch.finished import Finished
from engine.batch.items import Item
from engine.batch.results import write
from engine.config import Config


def torn(path: Path) -> Path:
    """A TIFF whose first page is broken, which is not noticed before it is read."""
    page = Image.new("L", (300, 400), 255)
    page.save(path, save_all=True, append_images=[page], compression="tiff_adobe_deflate")
    path.write_bytes(path.read_bytes().replace(b"\x78", b"\0", 1))
    return path


def test_a_page_that_was_read_as_one_file_is_told_as_a_page_of_another(tmp_path: Path) -> None:
    first, second = (torn(tmp_path / f"private-{number}.tif") for number in (1, 2))
    config = Config()
    found = tasks.receive_file(str(first), config).document
    assert found
    readings = [tasks.read_one(found, number, config) for number in (1, 2)]
    recorded = tasks.conclude(replace(found, path=second), readings, {}, "invoice", config, None)
    item = Item(Path("mine.tif"), "mine.json")
    write(item, "work", recorded, tmp_path, Finished(tmp_path / "finished.jsonl"))
    told = (tmp_path / "mine.json").read_text()
    assert "private" not in told
    assert told.count("page 1 of mine.tif is truncated or broken") == 2  # as a finding, and as the reason of the page


def test_a_file_that_cannot_be_looked_into_is_told_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "private.pdf").write_bytes(b"%PDF-1.7\nnothing")
    received = tasks.receive_file(str(tmp_path / "private.pdf"), Config())
    recorded = tasks.failed_result(str(tmp_path / "private.pdf"), "receipt", str(received.failure), Config())
    item = Item(Path("mine.pdf"), "mine.json")
    done = write(item, "work", recorded, tmp_path, Finished(tmp_path / "finished.jsonl"))
    assert "private" not in recorded + (tmp_path / "mine.json").read_text()
    assert done.reason.startswith("mine.pdf ")
