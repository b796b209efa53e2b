"""What a person decided is not written over unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.output import check_places, result_names
from engine.reviewed import original_file

SCAN = Path("scans/a.png")


@pytest.mark.parametrize("how", ["a value of a person", "an original that is kept"])
def test_extract_refuses_to_write_over_what_was_reviewed(tmp_path: Path, how: str) -> None:
    source = "human" if how.startswith("a value") else "ocr"
    (tmp_path / "a.json").write_text(json.dumps({"fields": {"/total": {"value": 1, "source": source}}}))
    if source == "ocr":
        check_places(result_names([SCAN]), tmp_path, None)  # nobody's but the engine's
        original_file(tmp_path, "a.json").parent.mkdir(parents=True)
        original_file(tmp_path, "a.json").write_text("{}")
    with pytest.raises(UsageError, match="was reviewed by a person"):
        check_places(result_names([SCAN]), tmp_path, None)


@pytest.mark.parametrize("text", ["", "[]", '{"fields": 1}', "{"])
def test_what_is_no_result_is_nobodys(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    check_places(result_names([SCAN]), tmp_path, None)
