"""Document types: found, checked on load with a helpful sentence, flattened to leaves; the shipped ones load."""

# ruff: noqa: E501 - sentences are compared whole, one case a line
from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.doctype import DocumentType, Leaf, empty, leaves, list_types, load_type, vocabulary
from engine.errors import UsageError
from engine.vocabulary import KEYWORDS

SHIPPED = {"receipt", "invoice", "purchase_order", "bank_statement", "ad_buy", "registration", "form"}
REPO_SCHEMAS = Path(__file__).parents[1] / "schemas"


def write(directory: Path, schema: Any, name: str = "mine") -> Path:
    path = directory / f"{name}.json"
    path.write_text(schema if isinstance(schema, str) else json.dumps(schema), encoding="utf-8")
    return path


def typed(directory: Path, properties: dict[str, Any], **root: Any) -> DocumentType:
    write(directory, {"type": "object", "properties": properties, **root})
    return load_type("mine", directory)


def by_pointer(doctype: DocumentType) -> dict[str, Leaf]:
    return {leaf.pointer: leaf for leaf in leaves(doctype)}


# ---------------------------------------------------------------- the shipped types


def test_the_shipped_types_are_all_there() -> None:
    assert {path.stem for path in REPO_SCHEMAS.glob("*.json")} == SHIPPED
    assert {name for name, _ in list_types()} >= SHIPPED


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_type_loads_and_explains_itself(name: str) -> None:
    doctype = load_type(name, REPO_SCHEMAS)
    assert doctype.name == name
    assert doctype.title
    assert doctype.description.endswith(".")
    assert len(doctype.identify) >= 4
    assert all(leaf.open_map or (leaf.title and leaf.description and leaf.labels) for leaf in doctype.leaves)
    assert "9.99" not in json.dumps(empty(doctype))


@pytest.mark.parametrize(
    ("name", "critical"),
    [
        ("receipt", {"company", "address", "date", "total"}),
        ("ad_buy", {"contract_num", "advertiser", "gross_amount", "flight_from", "flight_to"}),
        ("registration", {"registrant_name", "form_type"}),
    ],
)
def test_what_is_critical(name: str, critical: set[str]) -> None:
    assert {leaf.name for leaf in load_type(name, REPO_SCHEMAS).leaves if leaf.critical} == critical


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_no_label_stands_for_two_money_fields_of_the_document(name: str) -> None:
    seen: dict[str, str] = {}
    for leaf in load_type(name, REPO_SCHEMAS).leaves:
        if leaf.kind == "money" and not leaf.in_array:
            for label in leaf.labels:
                assert seen.setdefault(label, leaf.name) == leaf.name, f"{label} is claimed twice"


def test_the_form_is_an_open_map() -> None:
    form = load_type("form", REPO_SCHEMAS)
    assert by_pointer(form)["/entries/*"].open_map
    assert empty(form) == {"title": None, "date": None, "entries": {}}


# ---------------------------------------------------------------- finding a type


def test_the_given_directory_comes_first_then_the_working_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, work = tmp_path / "given", tmp_path / "schemas"
    given.mkdir()
    work.mkdir()
    for directory in (given, work):
        field = {directory.name: {"type": "string"}}
        write(directory, {"type": "object", "properties": field}, "receipt")
    monkeypatch.chdir(tmp_path)
    assert load_type("receipt", given).leaves[0].name == "given"
    assert load_type("receipt").leaves[0].name == "schemas"
    assert {name for name, _ in list_types(given)} == SHIPPED


def test_a_type_may_be_given_by_path(tmp_path: Path) -> None:
    path = write(tmp_path, {"type": "object", "properties": {"a": {"type": "string"}}})
    assert load_type(str(path)).name == "mine"
    with pytest.raises(UsageError, match=r"none\.json does not exist"):
        load_type(str(tmp_path / "none.json"))


def test_an_edited_file_is_another_type_however_soon(tmp_path: Path) -> None:
    path = write(tmp_path, {"type": "object", "properties": {"total": {"type": "number"}}})
    before, stamp = load_type("mine", tmp_path), path.stat()
    assert load_type("mine", tmp_path) is before
    path.write_text(path.read_text("utf-8").replace("total", "other"), "utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert [leaf.pointer for leaf in load_type("mine", tmp_path).leaves] == ["/other"]


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'^unknown document type "reciept": did you mean "?receipt'):
        load_type("reciept", REPO_SCHEMAS)


def test_an_unknown_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a directory: give --schemas"):
        load_type("receipt", tmp_path / "nowhere")


# ---------------------------------------------------------------- what is wrong with a schema, in one sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"type": "object",\n "properties": }', "not valid JSON at line 2, column 16: Expecting value"),
        ("[1]", 'a document type is a JSON object, with "type": "object" and "properties"'),
        ('{"a": 1, "a": 2}', 'the name "a" stands twice in one object; JSON keeps only the last'),
        ('{"x-threshold": NaN}', "NaN is not JSON; write a number"),
        ("[" * 100_000, "nested too deeply for a document type"),
    ],
)
def test_a_broken_file(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_type("mine", tmp_path)
    assert str(error.value) == f"{path}: {sentence}"


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(b'{"title": "\xff"}')
    with pytest.raises(UsageError, match="not UTF-8 text"):
        load_type("mine", tmp_path)


def test_half_a_character_cannot_be_sent_to_anybody(tmp_path: Path) -> None:
    write(tmp_path, r'{"title": "\ud800", "type": "object", "properties": {"a": {"type": "string"}}}')
    with pytest.raises(UsageError, match="half a character"):
        load_type("mine", tmp_path)


FIELD = {"type": "string"}


def wrong(**root: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"total": {"type": "number"}}, **root}


def with_field(**field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a/b": field}}


def with_row(inner: dict[str, Any]) -> dict[str, Any]:
    """A schema whose rows have an object with ``inner`` in it."""
    part = {"type": "object", "properties": {"d": inner}}
    return with_field(type="array", items={"type": "object", "properties": {"c": part}})


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        (with_field(type="strng"), '/properties/a~1b/type: "strng" is no JSON type; did you mean "string"?'),
        (wrong(required="total"), "/required: not valid JSON Schema 2020-12: 'total' is not of type 'array'"),
        (with_field(type="string", pattern="("), "/properties/a~1b/pattern: not valid JSON Schema 2020-12: '(' is not a 'regex'"),
        ({"type": "array", "items": FIELD}, '/type: the root of a document type must be "object"'),
        ({"$schema": "http://json-schema.org/draft-07/schema#", **wrong()}, '/$schema: document types are JSON Schema 2020-12; write "https://json-schema.org/draft/2020-12/schema"'),
        (wrong(**{"x-chekcs": []}), '/x-chekcs: unknown keyword "x-chekcs"; did you mean "x-checks"?'),
        (with_field(**FIELD, **{"x-lable": ["a"]}), '/properties/a~1b/x-lable: unknown keyword "x-lable"; did you mean "x-labels"?'),
        (with_field(**FIELD, **{"x-identify": ["a"]}), '/properties/a~1b/x-identify: "x-identify" belongs to the root of the schema; move it there'),
        (wrong(**{"x-kind": "money"}), '/x-kind: "x-kind" belongs to a field; move it there'),
        (with_field(**FIELD, **{"x-kind": "cash"}), '/properties/a~1b/x-kind: "x-kind" must be one of money, date, identifier, quantity, percent, name, address, text'),
        (with_field(**FIELD, **{"x-merge": "sum"}), '/properties/a~1b/x-merge: "x-merge" must be one of first, last, unique, concat'),
        (with_field(**FIELD, **{"x-critical": "yes"}), '/properties/a~1b/x-critical: "x-critical" must be true or false'),
        (with_field(**FIELD, **{"x-labels": "Total"}), '/properties/a~1b/x-labels: "x-labels" must be a list of phrases'),
        (with_field(**FIELD, **{"x-labels": [" "]}), '/properties/a~1b/x-labels: "x-labels" must be a list of phrases'),
        (wrong(**{"x-date-order": "dym"}), '/x-date-order: "x-date-order" must be one of dmy, mdy, ymd; did you mean "dmy"?'),
        (wrong(**{"x-threshold": 95}), '/x-threshold: "x-threshold" must be a number from 0 to 1'),
        (wrong(**{"x-requires": "tables"}), '/x-requires: "x-requires" must be table, handwriting, or a list of them'),
        (wrong(**{"x-identify": "receipt"}), '/x-identify: "x-identify" must be a list of phrases, or of lists of phrases that say the same'),
        (wrong(**{"x-checks": ["total == 1", "totl == 1"]}), '/x-checks/1: unknown field "totl"; did you mean "total"?'),
        (with_field(tpye="string"), '/properties/a~1b: the field "a/b" has no usable "type"; give it string, number, integer, boolean, array or object'),
        (with_field(type="array"), '/properties/a~1b: an array needs "items" that say what a row or an element is'),
        (with_field(type="object"), '/properties/a~1b: an object needs "properties", or for an open map "additionalProperties": {"type": "string"}'),
        (with_field(type="object", properties={"c": FIELD}, **{"x-kind": "name"}), '/properties/a~1b/x-kind: "x-kind" belongs to a field with a value; move it to those inside'),
        (with_field(type="object", additionalProperties={"type": "array", "items": FIELD}), "/properties/a~1b/additionalProperties: an open map holds plain values; describe a table as an array of objects"),
        (with_field(type="array", items={"type": "array", "items": FIELD}), "/properties/a~1b/items: an array inside an array cannot be read; put its fields into the rows of the outer one, or make it an array beside that"),
        (with_row({"type": "array", "items": FIELD}), "/properties/a~1b/items/properties/c/properties/d: an array inside an array cannot be read; put its fields into the rows of the outer one, or make it an array beside that"),
        (with_row({"type": "object", "additionalProperties": FIELD}), '/properties/a~1b/items/properties/c/properties/d/additionalProperties: an open map inside an array cannot be read; name its fields under "properties"'),
        ({"type": "object", "properties": {"a": True}}, "/properties/a: must be an object that describes the field"),
        (
            {"type": "object", "properties": {"*x": FIELD}},
            '/properties: the name of a field cannot begin with "*", as "*x" does',
        ),
        ({"type": "object"}, 'the root: an object needs "properties", or for an open map "additionalProperties": {"type": "string"}'),
        (with_field(**{"$ref": "#/$defs/none"}), '/properties/a~1b: $ref "#/$defs/none" points to nothing; add it under "$defs"'),
        (with_field(**{"$ref": "other.json#/a"}), '/properties/a~1b: $ref "other.json#/a" is not local; move its target under "$defs" of the same file'),
        (
            {**with_field(**{"$ref": "#/$defs/a"}), "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}}}},
            "/properties/a~1b/properties/b: $ref #/$defs/a leads back to itself; a document type must be finite",
        ),
        (
            {**with_field(**{"$ref": "#/$defs/a"}), "$defs": {"a": {"type": "string", "x-kid": "text"}}},
            '/$defs/a/x-kid: unknown keyword "x-kid"; did you mean "x-kind"?',
        ),
    ],
)  # fmt: skip
def test_a_wrong_schema_says_where_and_what(tmp_path: Path, schema: dict[str, Any], sentence: str) -> None:
    path = write(tmp_path, schema)
    with pytest.raises(UsageError) as error:
        load_type("mine", tmp_path)
    assert str(error.value) == f"{path}: {sentence}"


def test_a_field_may_be_named_like_a_keyword(tmp_path: Path) -> None:
    assert typed(tmp_path, {"x-kindness": FIELD, "properties": FIELD}).leaves[0].name == "x-kindness"


# ---------------------------------------------------------------- leaves


def test_leaves_come_in_schema_order_with_their_patterns(tmp_path: Path) -> None:
    row = {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "by": {"type": "object", "properties": {"name": FIELD}}},
    }
    doctype = typed(
        tmp_path,
        {
            "z": FIELD,
            "seller": {"type": ["object", "null"], "properties": {"vat/id": FIELD}},
            "rows": {"type": "array", "items": row, "x-merge": "unique", "x-critical": True},
            "tags": {"type": "array", "items": FIELD},
            "extra": {"type": "object", "additionalProperties": FIELD},
        },
        required=["z"],
    )
    found = by_pointer(doctype)
    assert list(found) == ["/z", "/seller/vat~1id", "/rows/*/amount", "/rows/*/by/name", "/tags/*", "/extra/*"]
    assert found["/z"].required
    assert not found["/seller/vat~1id"].required
    assert found["/rows/*/amount"].array == "/rows"
    assert (found["/rows/*/amount"].merge, found["/rows/*/amount"].critical) == ("unique", True)
    assert (found["/z"].merge, found["/z"].array) == ("first", None)
    assert (found["/extra/*"].open_map, found["/extra/*"].in_array) == (True, False)
    assert empty(doctype) == {"z": None, "seller": {"vat/id": None}, "rows": [], "tags": [], "extra": {}}


def test_references_and_unions_with_null_are_followed(tmp_path: Path) -> None:
    defs = {"money": {"type": "number", "x-kind": "money", "title": "Money"}}
    doctype = typed(
        tmp_path,
        {
            "a": {"$ref": "#/$defs/money", "x-critical": True, "title": "Mine"},
            "b": {"anyOf": [{"$ref": "#/$defs/money"}, {"type": "null"}], "description": "B."},
            "c": {"oneOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/money"}}]},
        },
        **{"$defs": defs},
    )
    found = by_pointer(doctype)
    assert {leaf.kind for leaf in doctype.leaves} == {"money"}
    assert (found["/a"].critical, found["/a"].title) == (True, "Mine")
    assert (found["/b"].critical, found["/b"].description) == (False, "B.")
    assert empty(doctype) == {"a": None, "b": None, "c": []}


@pytest.mark.parametrize(
    ("name", "field", "kind"),
    [
        ("issued", {"type": "string", "format": "date"}, "date"),
        ("invoice_date", {"type": "string"}, "date"),
        ("total_amount", {"type": "number"}, "money"),
        ("surplus", {"type": "number", "multipleOf": 0.01}, "money"),
        ("taxTotal", {"type": ["number", "null"]}, "money"),
        ("tax_rate", {"type": "number"}, "percent"),
        ("weight", {"type": "number"}, "quantity"),
        ("pages", {"type": "integer"}, "quantity"),
        ("order_number", {"type": "integer"}, "identifier"),
        ("contract_num", {"type": "string"}, "identifier"),
        ("vat_id", {"type": "string"}, "identifier"),
        ("ship_address", {"type": "string"}, "address"),
        ("vendor", {"type": "string"}, "name"),
        ("company_name", {"type": "string"}, "name"),
        ("discount_percent", {"type": "string"}, "percent"),
        ("total", {"type": "string"}, "text"),
        ("vendor", {"enum": ["a", None]}, "text"),
        ("paid", {"type": "boolean"}, "text"),
        ("note", {"type": "string"}, "text"),
        ("total", {"type": "number", "x-kind": "percent"}, "percent"),
    ],
)
def test_the_kind_of_a_field(tmp_path: Path, name: str, field: dict[str, Any], kind: str) -> None:
    assert typed(tmp_path, {name: field}).leaves[0].kind == kind


def test_labels_choices_and_date_order(tmp_path: Path) -> None:
    doctype = typed(
        tmp_path,
        {
            "due_date": {"type": "string", "format": "date", "title": "Pay by"},
            "total": {"type": "number", "title": "TOTAL"},
            "sum": {"type": "number", "x-labels": ["Grand total", "Total", "grand total"]},
            "kind": {"enum": ["A", "B", None]},
            "form": {"const": "W-2"},
            "day": {"type": "string", "format": "date", "x-date-order": "ymd"},
        },
        **{"x-date-order": "dmy", "x-requires": ["table", "handwriting"], "x-threshold": 0.9},
    )
    found = by_pointer(doctype)
    assert found["/due_date"].labels == ("due date", "Pay by")
    assert found["/total"].labels == ("total",)
    assert found["/sum"].labels == ("Grand total", "Total")
    assert (found["/kind"].choices, found["/kind"].type) == (("A", "B"), "string")
    assert found["/form"].choices == ("W-2",)
    assert (found["/due_date"].date_order, found["/day"].date_order) == ("dmy", "ymd")
    assert doctype.requires == {"table", "handwriting"}
    assert (doctype.threshold, doctype.date_order) == (0.9, "dmy")


def test_defaults_and_identify(tmp_path: Path) -> None:
    doctype = typed(tmp_path, {"a": FIELD}, **{"x-identify": ["one", ["two", "deux"]]})
    assert doctype.identify == (("one",), ("two", "deux"))
    assert (doctype.threshold, doctype.requires, doctype.title) == (0.95, frozenset(), "mine")


def test_numbers_of_a_schema_are_exact(tmp_path: Path) -> None:
    doctype = typed(tmp_path, {"a": {"type": "number", "multipleOf": 0.01}})
    assert doctype.schema["properties"]["a"]["multipleOf"] == Decimal("0.01")
    checked = typed(tmp_path, {"a": {"type": "number"}}, **{"x-checks": [{"rule": "a == 1", "tolerance": 0.1}]})
    assert checked.checks[0].tolerance == Decimal("0.1")


def test_the_vocabulary_documents_every_keyword() -> None:
    assert vocabulary() == KEYWORDS
    assert [k.name for k in vocabulary() if k.where == ("root",)] == [
        "x-identify",
        "x-checks",
        "x-requires",
        "x-threshold",
    ]
    assert all(k.meaning.endswith(".") and k.expects for k in vocabulary())


def test_the_documentation_tells_every_keyword_as_the_code_does() -> None:
    text = (Path(__file__).parents[1] / "docs" / "document-types.md").read_text()
    for keyword in vocabulary():
        assert f"| `{keyword.name}` | {' and '.join(keyword.where)} | {keyword.expects} | {keyword.meaning} |" in text
