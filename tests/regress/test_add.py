"""A corrected result becomes a case that can be read and run, or nothing is left behind."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.as_json import result_to_data, to_json
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.flow import extract
from engine.regress.add import add_case
from engine.regress.case import read_case

THERMAL = Path(__file__).parents[2] / "fixtures" / "receipt_thermal"


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of a real receipt that has moved since."""
    document = tmp_path_factory.mktemp("inbox") / "till slip.jpg"
    shutil.copyfile(THERMAL / "receipt.jpg", document)
    data = result_to_data(extract(document, type="receipt"))
    document.unlink()
    return data


def kept(folder: Path, result: dict[str, Any], **corrected: Any) -> Path:
    """The result beside its document, as a person saved it."""
    shutil.copyfile(THERMAL / "receipt.jpg", folder / "till slip.jpg")
    path = folder / "till slip.json"
    path.write_text(to_json({**result, **corrected}))
    return path


def test_a_corrected_result_becomes_a_case(tmp_path: Path, extracted: dict[str, Any]) -> None:
    doubted = sum(f["verdict"] != "confirmed" and f["value"] is not None for f in extracted["fields"].values())
    assert extracted["fields"]["/tax"]["verdict"] != "confirmed"
    data = {**extracted["data"], "tax": Decimal("5.06")}
    added = add_case(kept(tmp_path, extracted, data=data), tmp_path / "cases", why='It has "tax".')
    case = read_case(added.folder)
    assert (case.name, case.document.name, case.type) == ("till_slip", "till slip.jpg", "receipt")
    assert (case.why, case.routes, case.status) == ('It has "tax".', ("ocr",), None)
    assert case.document.read_bytes() == (THERMAL / "receipt.jpg").read_bytes()
    assert case.expected == data
    assert '"cash": 100.00,' in (added.folder / "expected.json").read_text()
    assert added.unvouched == doubted - 1  # the tax was put right by a person
    assert [(finding.path, finding.severity) for finding in added.findings] == []


def test_a_rule_that_the_corrected_values_break_is_told(tmp_path: Path, extracted: dict[str, Any]) -> None:
    data = {**extracted["data"], "change": Decimal("1.00"), "date": None}
    added = add_case(kept(tmp_path, extracted, data=data), tmp_path / "cases", name="odd", why="Odd change.")
    assert {(finding.path, finding.check) for finding in added.findings} == {
        ("/date", "schema"),
        ("/cash", "arithmetic"),
    }


def test_a_clean_result_should_stay_clean_unless_it_had_to_be_corrected(
    tmp_path: Path, extracted: dict[str, Any]
) -> None:
    added = add_case(kept(tmp_path, extracted, status="clean"), tmp_path / "cases", name="right", why="Clean.")
    assert read_case(added.folder).status == "clean"
    data = {name: value for name, value in extracted["data"].items() if name != "tax"}
    added = add_case(kept(tmp_path, extracted, data=data, status="clean"), tmp_path / "cases", why="Clean and wrong.")
    assert read_case(added.folder).status is None
    assert read_json(added.folder / "expected.json", "data")["tax"] is None  # what is left out


def slip(result: dict[str, Any], **document: Any) -> dict[str, Any]:
    return {**result, "document": {**result["document"], **document}}


def test_what_cannot_be_a_case_leaves_nothing_behind(tmp_path: Path, extracted: dict[str, Any]) -> None:
    cases, good = tmp_path / "cases", kept(tmp_path, extracted)
    add_case(good, cases, name="taken", why="First.")

    def refused(told: str, result: dict[str, Any] | None = None, **options: Any) -> None:
        path = tmp_path / "slip.json"
        path.write_text(to_json(extracted if result is None else result))
        with pytest.raises(UsageError, match=told):
            add_case(path, cases, **{"name": "new", "why": "Refused.", **options})

    refused("is there already", name="taken")
    refused("no name for a folder", name="../outside")
    refused("why it is here", why=" ")
    refused("is no result of the engine", {"total": 9})
    refused("/totl is no field", {**extracted, "data": {"totl": 9}})
    refused("unknown document type", slip(extracted, type="recept"))
    refused("its sha256 differs", slip(extracted, sha256="0" * 64))
    refused("there is no such file", slip(extracted, path="lost.jpg"))
    refused("is not the document", document=good)
    refused("does not exist", document=tmp_path / "lost.jpg")
    assert [path.name for path in cases.iterdir()] == ["taken"]


def test_a_case_keeps_the_pages_and_languages_of_its_result(tmp_path: Path, extracted: dict[str, Any]) -> None:
    (page,) = extracted["pages"]
    pages = [page, {**page, "page": 2, "outcome": "skipped"}, {**page, "page": 3}]
    engine = {**extracted["engine"], "ocr": extracted["engine"]["ocr"].replace(" eng", " eng+deu", 1)}
    added = add_case(kept(tmp_path, extracted, pages=pages, engine=engine), tmp_path / "cases", why="Two of three.")
    assert read_case(added.folder).settings == {"lang": "eng+deu", "pages": "1,3"}
