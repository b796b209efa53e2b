"""The CSV tables: a row a leaf, a row an entry, and no text that runs as a formula."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.csv_export import FIELD_COLUMNS, write_csv
from engine.errors import UsageError
from engine.result import Field, Result
from tests import sample_results as sample


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def only_field(tmp_path: Path, value: object) -> str:
    result = Result("a.pdf", None, 1, "t", "review", {"x": value}, {"/x": Field(value)})
    write_csv([result], tmp_path / "x.csv")
    return rows(tmp_path / "x.csv")[0]["value"]


def test_every_leaf_has_a_row_with_its_evidence(tmp_path: Path) -> None:
    write_csv([sample.receipt(), sample.receipt("b.pdf")], tmp_path / "all.csv")
    found = rows(tmp_path / "all.csv")
    assert tuple(found[0]) == FIELD_COLUMNS
    assert len(found) == 2 * len(sample.receipt().fields)
    assert found[1] == {
        "document": "in/a.pdf",
        "pointer": "/total",
        "value": "9.00",
        "printed": "RM9.00",
        "page": "1",
        "box": "0.61 0.7 0.74 0.72",
        "source": "ocr",
        "verdict": "confirmed",
        "confidence": "0.98",
        "missing": "",
    }
    assert (found[2]["value"], found[2]["page"], found[2]["missing"]) == ("", "", "absent")


def test_line_items_have_a_table_of_their_own(tmp_path: Path) -> None:
    written = write_csv([sample.receipt()], tmp_path / "all.csv")
    assert [path.name for path in written] == ["all.csv", "all.line_items.csv"]
    assert rows(written[1]) == [
        {
            "document": "in/a.pdf",
            "pointer": "/line_items/0",
            "page": "1",
            "description": "Tea",
            "amount": "-1.50",
            "quantity": "2",
        },
        {
            "document": "in/a.pdf",
            "pointer": "/line_items/1",
            "page": "2",
            "description": "'=1+1",
            "amount": "10.50",
            "quantity": "",
        },
    ]


def test_columns_are_those_of_all_documents(tmp_path: Path) -> None:
    other = replace(sample.receipt("b.pdf"), data={"line_items": [{"sku": "7"}]})
    _, items = write_csv([sample.receipt(), other], tmp_path / "all.csv")
    assert rows(items)[2]["sku"] == "7"
    assert rows(items)[0]["sku"] == ""


def test_nested_and_bare_entries_keep_their_values(tmp_path: Path) -> None:
    data = {"a": {"tags": ["x", "y"]}, "rows": [{"page": 5, "taxes": [{"rate": Decimal("7.0")}]}]}
    _, tags, nested = write_csv([replace(sample.receipt(), data=data)], tmp_path / "all.csv")
    assert (tags.name, nested.name) == ("all.a.tags.csv", "all.rows.csv")
    assert [row["value"] for row in rows(tags)] == ["x", "y"]
    assert rows(nested)[0] | {"document": ""} == {
        "document": "",
        "pointer": "/rows/0",
        "page": "",
        "/page": "5",
        "taxes/0/rate": "7.0",
    }


def test_a_folder_gets_the_tables_under_fixed_names(tmp_path: Path) -> None:
    assert [path.name for path in write_csv([sample.receipt()], tmp_path)] == [
        "fields.csv",
        "fields.line_items.csv",
    ]


def test_a_document_without_fields_leaves_the_heading(tmp_path: Path) -> None:
    write_csv([sample.failed()], tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text().strip() == ",".join(FIELD_COLUMNS)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "+49 30 1"])
def test_text_that_would_run_as_a_formula_is_told_to_be_text(tmp_path: Path, text: str) -> None:
    assert only_field(tmp_path, text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (Decimal("-12.50"), "-12.50"),
        (Decimal("1E+3"), "1000"),
        (-3, "-3"),
        ("-12.50", "-12.50"),
        ("-1.234,56", "-1.234,56"),
        ("+5%", "+5%"),
        (True, "true"),
        ('a,"b"\nc', 'a,"b"\nc'),
        ("é🧾", "é🧾"),
        ((), ""),
    ],
)
def test_numbers_and_plain_text_stay_as_they_are(tmp_path: Path, value: object, cell: str) -> None:
    assert only_field(tmp_path, value) == cell


def test_hostile_document_names_and_field_names_are_harmless_too(tmp_path: Path) -> None:
    result = replace(sample.receipt("=cmd.pdf"), data={"../x": [{"=evil": "1"}]})
    fields, items = write_csv([result], tmp_path / "all.csv")
    assert rows(fields)[0]["document"] == "'=cmd.pdf"
    assert items.parent == tmp_path
    assert "'=evil" in rows(items)[0]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_csv([sample.receipt()], tmp_path / "file" / "all.csv")
