"""A new type begins sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.infer.command import infer_type
from engine.infer.start import start_type
from engine.type_check import check_type


def test_a_new_type_is_sound_and_told_in_comments(tmp_path: Path) -> None:
    path, text = start_type("delivery_slip", tmp_path)
    path.write_text(text, encoding="utf-8")
    checked = check_type(path)
    assert (checked.wrong, checked.doubtful) == ((), ())
    assert checked.doctype is not None
    assert checked.doctype.title == "Delivery slip"
    assert text.count('"$comment"') >= 5


def test_what_there_is_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "slip.json").write_text("mine")
    with pytest.raises(UsageError, match=r"slip\.json exists already: edit it"):
        start_type("slip", tmp_path)


@pytest.mark.parametrize(
    ("name", "why"),
    [(name, "is no name of a type") for name in ("../slip", "Slip", "my slip", "my-slip", "Größe", "2nd", "")]
    + [(name, "means something else") for name in ("auto", "result")],
)
def test_a_name_that_cannot_be_one(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        start_type(name, tmp_path)
    with pytest.raises(UsageError, match=why):
        infer_type(name, (), tmp_path)
