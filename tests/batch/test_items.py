"""Inputs to items: hostile names, links, pipes and manifests; whatever is named, results stay below --out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.as_json import result_to_json
from engine.batch.content import taken
from engine.batch.finished import Finished
from engine.batch.items import Inputs, inputs_to_items
from engine.batch.remote import address_to_path
from engine.batch.results import there
from engine.batch.run import check
from engine.batch.state import Batch, load, save
from engine.config import Config
from engine.errors import BadInput, UsageError
from engine.output import result_names
from tests import sample_results as sample

PDF = b"%PDF-1.4\n"
HOSTILE = (
    "a\nb.pdf",
    "🧾.pdf",
    "-rf.pdf",
    "'; rm -rf $(x) `y`.pdf",
    "x" * 250 + ".pdf",
    "%2e%2e.pdf",
    "..pdf",
    " .pdf",
)


def items_of(*inputs: object, out: Path = Path("/nowhere")) -> Inputs:
    return inputs_to_items([os.fspath(each) if isinstance(each, Path) else str(each) for each in inputs], out)


def names_of(found: Inputs) -> list[str]:
    return [item.path.name for item in found.items]


def manifest(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


part = st.one_of(st.sampled_from(["..", ".", "a", "a.pdf", "~", "__"]), st.text(min_size=1, max_size=300)).filter(
    lambda text: "/" not in text and "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
)
path = st.builds(
    lambda parts, absolute: Path("/" * absolute + "/".join(parts)), st.lists(part, min_size=1), st.booleans()
)
address = st.builds(lambda parts: address_to_path("s3://" + "/".join(parts)), st.lists(part, min_size=1))


@given(st.lists(st.one_of(path, address), min_size=1, max_size=8))
def test_results_never_leave_their_folder_and_never_share_a_file(paths: list[Path]) -> None:
    names = result_names(paths)
    for name in names.values():
        assert "/" not in name
        assert name.endswith(".json")
        assert len(os.fsencode(name)) <= 255
        assert Path("/out", name).parent == Path("/out")
        assert name not in (".", "..")
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("keys", [["a/../b.pdf", "b.pdf"], ["a//b.pdf", "a/./b.pdf"], ["../../etc/x.pdf", "x.pdf"]])
def test_keys_of_storage_are_no_paths(keys: list[str]) -> None:
    paths = [address_to_path(f"s3://bucket/{key}") for key in keys]
    assert all(".." not in path.parts for path in paths)
    assert all(path.is_relative_to("/s3/bucket") for path in paths)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def test_hostile_names_are_names_and_are_written_down(folder: Path, tmp_path: Path) -> None:
    raw = os.fsencode(folder) + b"/caf\xe9.pdf"  # no UTF-8
    for name in HOSTILE:
        (folder / name).write_bytes(PDF)
    Path(os.fsdecode(raw)).write_bytes(PDF)
    found = items_of(folder)
    assert sorted(names_of(found)) == sorted([*HOSTILE, "caf\udce9.pdf"])
    batch = Batch("b", tmp_path / "out", "auto", Config(), found.items)
    save(batch)
    assert load(tmp_path / "out").items == found.items
    for item in found.items:
        (tmp_path / "out" / item.name).write_text("{}")
    assert len(list((tmp_path / "out").glob("*.json"))) == len(HOSTILE) + 1


def test_links_out_of_the_folder_pipes_and_broken_links_are_told_and_not_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (folder / "inside.pdf").write_bytes(PDF)
    (folder / "out.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "link.pdf").symlink_to("inside.pdf")
    (folder / "broken.pdf").symlink_to("gone.pdf")
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.pdf")
    found = items_of(folder)
    assert names_of(found) == ["inside.pdf", "link.pdf"]
    assert {Path(each).name for each in found.ignored} == {"out.pdf", "broken.pdf", "pipe.pdf"}
    assert names_of(items_of(folder / "out.pdf")) == ["out.pdf"]  # named itself, it is wanted


def test_a_pipe_device_or_folder_that_is_named_is_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe.pdf")
    (folder / "sub").mkdir()
    rows = manifest(folder, {"path": "pipe.pdf"}, {"path": "/dev/zero"}, {"path": "sub"}, {"path": "x" * 5000})
    said = []
    for item in items_of(rows).items:
        with pytest.raises((BadInput, UsageError)) as refused:
            taken(item, Config())
        said.append(str(refused.value))
    assert "regular file" in said[0]
    assert "regular file" in said[1]
    assert "is a directory" in said[2]
    assert "cannot be reached" in said[3]


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    (folder / "big.pdf").write_bytes(PDF * 100)
    with pytest.raises(BadInput, match="more than the limit"):
        taken(items_of(folder).items[0], Config(max_bytes=100))


def test_a_folder_that_cannot_be_entered_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "closed").mkdir()
    (folder / "a.pdf").write_bytes(PDF)
    scandir = os.scandir

    def refusing(place: Any) -> Any:  # the superuser of a test machine may enter all
        if Path(place).name == "closed":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refusing)
    found = items_of(folder)
    assert names_of(found) == ["a.pdf"]
    assert found.closed == (folder / "closed",)


def test_the_same_file_is_one_item_and_has_what_its_row_says(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(PDF)
    rows = manifest(folder, {"path": "a.pdf", "type": "receipt", "lang": "deu"}, {"path": "./a.pdf"})
    (item,) = items_of(folder / "a.pdf", rows, f"{folder}/../in/a.pdf").items
    assert (item.path, item.type, item.options) == (folder / "a.pdf", "receipt", {"lang": "deu"})
    twice = manifest(folder, {"path": "a.pdf", "type": "receipt"}, {"path": "a.pdf", "type": "invoice"})
    with pytest.raises(UsageError, match="named twice"):
        items_of(twice)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"type": "receipt"}, "has no path"),
        ({"path": "a\0b.pdf"}, "can be no path"),
        ({"path": "\ud83d.pdf"}, "can be no path"),
        ({"path": "a.pdf", "password": "secret"}, "password is a setting of the whole batch"),
        ({"path": "a.pdf", "Password": "secret"}, "password is a setting of the whole batch"),
        ({"path": "s3://user:secret@bucket/a.pdf"}, "holds a password"),
    ],
)
def test_rows_that_cannot_be_are_told_with_their_line(folder: Path, row: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        items_of(manifest(folder, row))
    assert "secret" not in str(refused.value)


def test_an_unknown_column_is_told_with_those_that_a_row_may_have(folder: Path) -> None:
    with pytest.raises(UsageError, match="unknown column 'langs': did you mean 'lang'") as refused:
        items_of(manifest(folder, {"path": "a.pdf", "langs": "deu"}))
    known = str(refused.value).partition("Known are ")[2].split(", ")
    assert {"path", "type", "lang", "pages"} <= set(known)
    assert not {"password", "database", "max_usd", "schemas"} & set(known)


def test_manifests_of_other_forms_are_told(folder: Path) -> None:
    rows = folder / "rows.csv"
    for text, told in (("file\na.pdf\n", "no column path"), ("path,type\na,b,c\n", "more cells")):
        rows.write_text(text)
        with pytest.raises(UsageError, match=told):
            items_of(rows)
    rows.write_bytes(b"path\ncaf\xe9.pdf\n")
    with pytest.raises(UsageError, match="UTF-8"):
        items_of(rows)
    rows.with_suffix(".jsonl").write_text("[1]\n")
    with pytest.raises(UsageError, match="is no object"):
        items_of(rows.with_suffix(".jsonl"))


def test_an_input_with_a_name_that_is_too_long_is_told() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        items_of("x" * 5000)


def test_the_result_of_another_document_is_not_taken_for_ones_own(folder: Path, tmp_path: Path) -> None:
    """Names are told apart among the inputs of one run; another run may bring the same name."""
    (folder / "x.pdf").write_bytes(PDF)
    own, other = sample.receipt(str(folder / "x.pdf")), sample.receipt("elsewhere/x.pdf")
    (item,) = items_of(folder).items
    for result, refused in ((own, False), (other, True)):
        (tmp_path / "x.json").write_text(result_to_json(result))
        if refused:
            with pytest.raises(UsageError, match="is the result of elsewhere"):
                check(Batch("a batch", tmp_path, "receipt", Config(), (item,)))
        else:
            done = there(item, tmp_path, Finished(tmp_path / "none"))
            assert done is not None
            assert done.status == "review"
