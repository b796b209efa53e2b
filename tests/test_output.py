"""Names of result files, and writing them whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.output import LONGEST_NAME, result_names, write_whole


def names(*paths: str) -> list[str]:
    return list(result_names([Path(path) for path in paths]).values())


def test_a_name_is_the_stem() -> None:
    assert names("in/a.pdf", "other/b.tar.gz") == ["a.json", "b.tar.json"]


def test_documents_that_share_a_stem_get_their_path_below_the_common_folder() -> None:
    assert names("in/a/scan.pdf", "in/b/scan.pdf") == ["a__scan.pdf.json", "b__scan.pdf.json"]
    assert names("in/scan.pdf", "in/b/c/scan.png") == ["scan.pdf.json", "b__c__scan.png.json"]


def test_only_those_that_share_a_stem_are_renamed() -> None:
    assert names("x.pdf", "a/scan.pdf", "b/scan.pdf") == ["x.json", "a__scan.pdf.json", "b__scan.pdf.json"]


def test_two_formats_of_one_document_keep_apart_by_their_suffix() -> None:
    assert names("scan.pdf", "scan.png") == ["scan.pdf.json", "scan.png.json"]


def test_absolute_relative_and_dotted_paths_meet_below_their_common_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert names("a/scan.pdf", f"{tmp_path}/b/scan.pdf", "a/../c/scan.pdf") == [
        "a__scan.pdf.json",
        "b__scan.pdf.json",
        "c__scan.pdf.json",
    ]


def test_the_same_file_twice_is_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = Path("a/scan.pdf")
    assert result_names([first, first, Path("b/../a/scan.pdf"), tmp_path / "a/scan.pdf"]) == {first: "scan.json"}


def test_a_long_name_that_is_somebodys_stem_is_told_apart() -> None:
    found = names("in/a/b.pdf", "in/c/b.pdf", "in/a__b.pdf.png")
    assert len(set(found)) == 3
    assert "c__b.pdf.json" in found


def test_folders_that_look_like_the_separator_are_told_apart() -> None:
    found = names("in/a/b.pdf", "in/c/b.pdf", "in/a__b.pdf", "in/d/a__b.pdf")
    assert len(set(found)) == 4


def test_hidden_and_suffixless_files_keep_their_names() -> None:
    assert names(".scan.pdf", ".pdf", "scan") == [".scan.json", ".pdf.json", "scan.json"]


def test_odd_names_stay_as_they_are() -> None:
    odd = ["a\nb.pdf", "🧾 receipt.pdf", "-rf.pdf", os.fsdecode(b"caf\xe9.pdf"), "a\\b.pdf"]
    assert names(*odd) == [f"{Path(name).stem}.json" for name in odd]


def test_a_name_too_long_for_the_file_system_is_cut_and_still_its_own(tmp_path: Path) -> None:
    deep = [f"{'é' * 60}/{'ü' * 60}/{letter}/scan.pdf" for letter in "ab"]
    found = names(*deep, "x" * 251 + ".pdf")
    assert len(set(found)) == 3
    for name in found:
        assert len(os.fsencode(name)) <= LONGEST_NAME + len(".json")
        write_whole(tmp_path / name, "{}")


PART = st.sampled_from(["a", "b", "a__b", "scan", "scan.pdf", "..", ".", "é", "x y"])
PATHS = st.lists(st.builds(lambda parts: Path("root", *parts, "s.pdf"), st.lists(PART, max_size=3)), max_size=8)


@given(PATHS, st.lists(st.sampled_from(["a__s.pdf.png", "s.png", "a__s.pdf", "s"]), max_size=3))
def test_every_document_has_its_own_name_and_stays_in_the_folder(paths: list[Path], more: list[str]) -> None:
    whole = [*paths, *(Path("root", name) for name in more)]
    found = result_names(whole)
    assert len(set(found.values())) == len(found) == len({os.path.abspath(path) for path in whole})  # noqa: PTH100
    assert all(name.endswith(".json") and "/" not in name for name in found.values())


def test_what_is_written_is_whole_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.json"
    write_whole(target, "old")
    write_whole(target, "né")
    assert target.read_text("utf-8") == "né"
    assert [path.name for path in target.parent.iterdir()] == ["a.json"]


def test_a_broken_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    write_whole(target, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(tmp_path / "out" / "a.json", "{}")
