"""Learning from examples: labels and places go into the file, and the values are found by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config
from engine.doctype import DocumentType, load_type, schema_to_type
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.flow import read
from engine.infer.places import candidates_to_spot, joined
from engine.label.claims import readings_to_claims, readings_to_sheet
from engine.leaf import Spot
from tests.infer.making_invoices import make_invoices
from tests.infer.test_infer import given, run


@pytest.fixture(scope="module")
def invoices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = make_invoices(tmp_path_factory.mktemp("invoices"), 4)
    for number, path in enumerate(made[:3], 1):
        path.with_suffix(".json").write_text(
            json.dumps(given(number) | {"items": None, "reference": given(number)["invoice_number"]})
        )
    return made


def a_type(**fields: Any) -> DocumentType:
    return schema_to_type(Path("made_up.json"), {"type": "object", "properties": fields})


def claimed(path: Path, doctype: DocumentType) -> dict[str, Any]:
    return {claim.pointer: claim.value for claim in readings_to_claims(read(path).readings, doctype)}


def test_learning_teaches_labels_and_places_and_nothing_else(invoices: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    names = ("reference", "vendor", "customer", "invoice_number")
    fields = {
        name: {"type": ["string", "null"], "x-kind": "name" if name in ("vendor", "customer") else "identifier"}
        for name in names
    }
    fields |= {
        "date": {"type": ["string", "null"], "format": "date"},
        "total": {"type": ["number", "null"]},
        "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    path.write_text(json.dumps({"type": "object", "properties": fields}, indent=2))
    assert claimed(invoices[3], load_type("bill", tmp_path)).get("/reference") is None

    assert run("schema", "infer", "bill", *invoices[:3], "--schemas", tmp_path, "--learn", "--write") == 0
    made = read_json(path, "a type")
    for name, node in fields.items():
        assert {key: made["properties"][name][key] for key in node} == node
        assert made["properties"][name].keys() - node.keys() <= {"x-labels", "x-place"}
    assert made["properties"]["reference"]["x-labels"][0] == "invoice number"
    assert claimed(invoices[3], load_type("bill", tmp_path))["/reference"] == given(4)["invoice_number"]


def test_a_place_finds_what_has_no_label(invoices: list[Path]) -> None:
    field: dict[str, Any] = {"type": "string", "x-kind": "name"}
    assert "/sender" not in claimed(invoices[0], a_type(sender=field))
    placed = a_type(sender=field | {"x-place": {"page": 1, "box": [0.08, 0.06, 0.5, 0.1]}})
    assert claimed(invoices[0], placed)["/sender"] == "Thornby Office Supplies"


def test_without_a_place_no_feature_is_new(invoices: list[Path]) -> None:
    doctype = load_type("receipt")
    sheet = readings_to_sheet(read(invoices[0]).readings, doctype)
    assert not any("in_spot" in features for leaf in doctype.leaves[:4] for features in sheet.features(leaf))


def test_the_place_of_few_examples_leaves_more_room_than_that_of_many(invoices: list[Path]) -> None:
    doctype = a_type(invoice_number={"type": "string", "x-kind": "identifier"})
    pool = readings_to_sheet(read(invoices[0]).readings, doctype).pool(doctype.leaves[0])
    two = [pool.candidates[0], pool.candidates[-1]]
    assert candidates_to_spot(two[:1], [1]) is None
    few, many = candidates_to_spot(two, [1] * 2), candidates_to_spot(two * 5, [1] * 10)
    assert few is not None
    assert many is not None
    assert few.page == many.page == 1
    assert few.box[3] - few.box[1] > many.box[3] - many.box[1]


def test_the_last_page_stays_the_last_where_samples_have_one_page(invoices: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    place = {"page": "last", "box": [0.5, 0.5, 0.6, 0.6]}
    fields = {"total": {"type": "number", "x-place": place}, "date": {"type": "string", "format": "date"}}
    path.write_bytes(json.dumps({"type": "object", "properties": fields}, indent=2).replace("\n", "\r\n").encode())
    assert run("schema", "infer", "bill", *invoices[:3], "--schemas", tmp_path, "--learn", "--write") == 0
    made = read_json(path, "a type")["properties"]
    assert made["total"]["x-place"]["page"] == "last"
    assert made["total"]["x-place"]["box"] != place["box"]
    assert made["date"]["x-place"]["page"] == 1
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


def test_a_second_lesson_widens_the_place() -> None:
    whole = joined(Spot(1, (0.1, 0.1, 0.2, 0.2)), Spot("last", (0.3, 0.0, 0.4, 0.1)))
    assert whole == Spot(None, (0.1, 0.0, 0.4, 0.2))


@pytest.mark.parametrize("wrong", [{"box": [0, 0, 1]}, {"box": [0, 0, 1, 2]}, {"page": 0, "box": [0, 0, 1, 1]}, "top"])
def test_a_place_that_is_none_is_told(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r'^/properties/total/x-place: "x-place" must be an object such as'):
        a_type(total={"type": "number", "x-place": wrong})


def test_nothing_to_learn_for_and_nothing_to_learn_from_are_told(
    invoices: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("schema", "infer", "no_such", invoices[0], "--schemas", tmp_path, "--learn") == 3
    assert 'there is no type "no_such" to learn for' in capsys.readouterr().err
    assert run("schema", "infer", "receipt", invoices[3], "--learn") == 3
    assert "no sample has values beside it" in capsys.readouterr().err
    assert Config().schemas is None


@pytest.mark.parametrize("box", [[0.9, 0.9, 0.1, 0.95], [0.1, 0.9, 0.9, 0.1], [0.1, 0.1, 0.1, 0.2]])
def test_a_place_that_holds_nothing_is_told(box: list[float]) -> None:
    with pytest.raises(UsageError, match=r'^/properties/total/x-place: the box of "x-place" holds nothing'):
        a_type(total={"type": "number", "x-place": {"box": box}})
