"""All results of a batch in one file: lines, CSV, Parquet."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from engine.as_json import result_to_json
from engine.batch.items import Item
from engine.batch.state import Batch
from engine.batch.tables import check_tables, write_tables
from engine.config import Config
from engine.errors import UsageError
from engine.result import Field, Result
from tests import sample_results as sample


def batch_of(out: Path, results: Sequence[Result]) -> Batch:
    out.mkdir(exist_ok=True)
    items = tuple(Item(Path(result.path), f"{number}.json") for number, result in enumerate(results))
    for item, result in zip(items, results, strict=True):
        (out / item.name).write_text(result_to_json(result), encoding="utf-8")
    return Batch("b", out, "receipt", Config(), items)


def parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def test_lines_are_the_results_in_the_order_of_the_items(tmp_path: Path) -> None:
    results = [sample.receipt("b\n.pdf"), sample.failed("a.pdf"), sample.receipt("caf\udce9.pdf")]
    batch = batch_of(tmp_path / "out", results)
    (tmp_path / "out" / "1.json").unlink()  # cancelled
    write_tables(batch, None, None)
    lines = (tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["document"]["path"] for line in lines] == ["b\n.pdf", "caf\udce9.pdf"]
    assert '"total": 9.00,' in lines[0]
    assert {path.name for path in (tmp_path / "out").glob("*")} == {"0.json", "2.json", "results.jsonl"}


def test_csv_is_that_of_extract(tmp_path: Path) -> None:
    write_tables(batch_of(tmp_path / "out", [sample.receipt(), sample.failed()]), tmp_path / "all.csv", None)
    with (tmp_path / "all.csv").open(newline="") as file:
        values = {row["pointer"]: row["value"] for row in csv.DictReader(file)}
    assert values["/total"] == "9.00"
    assert values["/line_items/1/description"] == "'=1+1"
    assert len((tmp_path / "all.line_items.csv").read_text().splitlines()) == 3


def test_parquet_has_each_value_as_text_and_numbers_as_decimals(tmp_path: Path) -> None:
    wide = {"/a": Field(Decimal("1E+40")), "/b": Field("007"), "/c": Field(Decimal("0.10")), "/d": Field(False)}
    results = [sample.receipt("caf\udce9.pdf"), replace(sample.failed("w.pdf"), fields=wide)]
    write_tables(batch_of(tmp_path / "out", results), None, tmp_path / "all.parquet")
    rows = {(row["document"], row["pointer"]): row for row in parquet(tmp_path / "all.parquet")}
    total = rows["caf\\udce9.pdf", "/total"]
    assert (total["value"], total["number"], total["verdict"], total["status"]) == (
        "9.00",
        Decimal("9"),
        "confirmed",
        "review",
    )
    assert rows["caf\\udce9.pdf", "/line_items/1/amount"]["field"] == "/line_items/*/amount"
    told = {pointer: (row["value"], row["number"]) for (path, pointer), row in rows.items() if path == "w.pdf"}
    assert told == {
        "/a": ("1" + "0" * 40, None),
        "/b": ("007", None),
        "/c": ("0.10", Decimal("0.1")),
        "/d": ("false", None),
    }
    tea, other = parquet(tmp_path / "all.line_items.parquet")
    assert (tea["description"], tea["amount"], tea["amount.number"], tea["quantity.number"]) == (
        "Tea",
        "-1.50",
        Decimal("-1.5"),
        2,
    )
    assert (other["description"], other["quantity"], other["page"]) == ("=1+1", None, 2)


def test_a_leaf_may_be_called_as_a_column_of_ours(tmp_path: Path) -> None:
    data = {"rows": [{"a": 1, "a.number": "x", "page": 7, "pointer": "p"}]}
    write_tables(batch_of(tmp_path / "out", [replace(sample.receipt(), data=data)]), None, tmp_path / "t.parquet")
    assert parquet(tmp_path / "t.rows.parquet") == [
        {
            "document": "in/a.pdf",
            "pointer": "/rows/0",
            "page": None,
            "a": "1",
            "a.number": "x",
            "/page": "7",
            "/page.number": Decimal(7),
            "/pointer": "p",
        }
    ]


def test_memory_does_not_grow_with_the_results(tmp_path: Path) -> None:
    many = batch_of(tmp_path / "out", [sample.receipt(f"{number}.pdf") for number in range(120)])
    few = replace(many, items=many.items[:15])

    def peak(batch: Batch) -> int:
        tracemalloc.start()
        write_tables(batch, tmp_path / "t.csv", None)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    peak(few)  # what is made once
    of_few = peak(few)
    assert peak(many) < 3 * of_few  # eight times as many; held they would be over 5 times as much
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 120


def test_a_file_that_is_no_result_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    batch = batch_of(tmp_path / "out", [sample.receipt(), sample.receipt()])
    write_tables(batch, tmp_path / "t.csv", None)
    before = (tmp_path / "t.csv").read_bytes()
    (tmp_path / "out" / "1.json").write_text('{"version": 1}')
    with pytest.raises(UsageError, match=r"1\.json: this is no result"):
        write_tables(batch, tmp_path / "t.csv", None)
    assert (tmp_path / "t.csv").read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


def test_places_are_looked_at_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"named \*\.parquet"):
        check_tables(None, tmp_path / "x.csv")
    with pytest.raises(UsageError, match="neither a folder nor named"):
        check_tables(tmp_path / "x.txt", None)
