"""A result file read back is the result that was written."""

from __future__ import annotations

from typing import Any

import pytest
import simplejson

from engine.as_json import result_to_json
from engine.errors import UsageError
from engine.from_json import data_to_result
from engine.result import PageResult, Result, Usage
from tests import sample_results as sample


def data_of(result: Result) -> Any:
    return simplejson.loads(result_to_json(result), use_decimal=True)


ASKED = Result(
    "a.pdf", "f" * 64, 1, "t", "clean", {"rows": []}, pages=(PageResult(1, "vlm", "x", {}, "complete", usage=Usage()),)
)


@pytest.mark.parametrize("result", [sample.receipt(), sample.failed(), sample.receipt("caf\udce9.pdf"), ASKED])
def test_what_was_written_is_read_back(result: Result) -> None:
    back = data_to_result(data_of(result))
    assert result_to_json(back) == result_to_json(result)
    assert back.fields.keys() == result.fields.keys()
    if "/total" in result.fields:  # signals and confidence are rounded when they are written, values never
        assert back.fields["/total"] == result.fields["/total"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": "perfect"}, "/status"),
        ({"fields": {"/total": {"value": 1}}}, "/fields/~1total/"),
        ({"pages": [{"page": "1"}]}, "/pages/0/"),
        ({"more": 1}, "/more"),
    ],
)
def test_what_is_no_result_is_told_with_its_place(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        data_to_result(data_of(sample.receipt()) | change)


def test_other_json_is_no_result() -> None:
    for data in ([], None, {}, "text"):
        with pytest.raises(UsageError, match="this is no result"):
            data_to_result(data)
