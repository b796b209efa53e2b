"""A document type from samples with values: what a person is asked to review, and how it reads the next document."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.config import Config
from engine.doctype import load_type
from engine.exact_json import read_json
from engine.flow import extract
from engine.infer.fields import Notation, exact, values_to_properties
from engine.infer.learn import learn, show_samples
from engine.infer.propose import propose
from engine.infer.samples import Sample, read_sample
from engine.infer.write import edited
from engine.leaf import infer_kind
from fixtures.generator.canvas import A4, PdfCanvas
from tests.infer.making_invoices import drawn, make_invoices
from tests.pages import typed_reading

SHIPPED = sorted((Path(__file__).parents[2] / "schemas").glob("*.json"))


def given(number: int) -> dict[str, object]:
    """The values of invoice ``number`` as they are printed."""
    bill = drawn(np.random.default_rng(number))
    return {
        "vendor": bill.seller.name,
        "invoice_number": bill.number,
        "date": f"{bill.day:%d.%m.%Y}",
        "customer": bill.buyer.name,
        "total": f"{bill.total:,.2f}",
        "items": [
            {"name": item.description, "quantity": int(item.quantity), "price": f"{item.unit_price:.2f}"}
            for item in bill.items
        ],
    }


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five invoices of one sender, the first four with their values beside them."""
    made = make_invoices(tmp_path_factory.mktemp("samples"), 5)
    for number, path in enumerate(made[:4], 1):
        path.with_suffix(".json").write_text(json.dumps(given(number)))
    return made


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_a_type_proposed_from_four_invoices_reads_the_fifth(samples: list[Path], tmp_path: Path) -> None:
    assert run("schema", "infer", "office_bill", *samples[:4], "--schemas", tmp_path, "--write") == 0
    made = load_type("office_bill", tmp_path)
    kinds = {leaf.pointer: leaf.kind for leaf in made.leaves}
    labels = {leaf.pointer: leaf.labels for leaf in made.leaves}
    assert kinds["/total"] == "money"
    assert kinds["/date"] == "date"
    assert kinds["/invoice_number"] == "identifier"
    assert kinds["/items/*/price"] == "money"
    assert kinds["/items/*/quantity"] == "quantity"
    assert labels["/total"][0] == "total due"
    assert "unit price" in labels["/items/*/price"]
    assert "article" in labels["/items/*/name"]

    wanted = given(5)
    data = extract(samples[4], type="office_bill", config=Config(schemas=tmp_path)).data
    assert data["invoice_number"] == wanted["invoice_number"]
    assert data["total"] == Decimal(str(wanted["total"]).replace(",", ""))
    assert data["customer"] == wanted["customer"]
    assert len(data["items"]) == len(wanted["items"])  # type: ignore[arg-type]


def test_without_write_only_the_difference_is_told(
    samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("schema", "infer", "office_bill", *samples[:2], "--schemas", tmp_path) == 0
    told = capsys.readouterr()
    assert not list(tmp_path.iterdir())
    assert '+    "invoice_number": {' in told.out
    assert "2 samples: 3 to 10 are wanted" in told.err
    assert "2 of 2" in told.err  # the evidence


def test_a_type_that_there_is_keeps_every_word(samples: list[Path], tmp_path: Path) -> None:
    field = '{"type": "number", "title": "My own", "x-labels": ["grand total"]}'
    written = '{"type": "object", "x-checks": ["total > 0"],\n "properties": {"total": ' + field + "}}\n"
    path = tmp_path / "office_bill.json"
    path.write_text(written)
    assert run("schema", "infer", "office_bill", *samples[:3], "--schemas", tmp_path, "--write") == 0
    text = path.read_text()
    assert text.startswith('{"type": "object", "x-checks": ["total > 0"')
    made = read_json(path, "a type")
    assert made["properties"]["total"]["title"] == "My own"
    assert made["properties"]["total"]["x-labels"] == ["grand total", "total due"]
    assert "x-critical" not in made["properties"]["total"]
    assert "invoice_number" in made["properties"]


def test_another_type_that_is_broken_is_told_and_left_out(
    samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text('{"type": "object", "x-lables": []}')
    assert run("schema", "infer", "office_bill", *samples[:2], "--schemas", tmp_path, "--write") == 0
    assert 'broken.json: /x-lables: unknown keyword "x-lables"' in capsys.readouterr().err
    assert load_type("office_bill", tmp_path).identify


def test_a_bit_of_a_printed_label_is_no_label(samples: list[Path], tmp_path: Path) -> None:
    fields = {"total_due": {"type": "number"}}
    path = tmp_path / "office_bill.json"
    path.write_text(json.dumps({"type": "object", "properties": fields}))
    doctype = load_type("office_bill", tmp_path)
    read = [
        replace(read_sample(path, Config()), values={"total_due": given(number)["total"]})
        for number, path in enumerate(samples[:3], 1)
    ]
    (lesson,) = learn(doctype, show_samples(read, doctype))
    assert [label.text for label in lesson.labels] == ["total due"]


def test_slips_in_the_values_are_told(samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copies = [tmp_path / path.name for path in samples[:3]]
    for copy, path in zip(copies, (samples[0], samples[1], samples[1]), strict=True):
        copy.write_bytes(path.read_bytes())
    total = given(1)["total"]
    for copy, name in zip(copies, ("invoice_total", "invoice_total", "invoicetotal"), strict=True):
        copy.with_suffix(".json").write_text(json.dumps({name: total}))
    assert run("schema", "infer", "office_bill", *copies, samples[4], "--schemas", tmp_path) == 0
    told = capsys.readouterr().err
    assert 'invoice-3.json: "invoicetotal" stands only in 1 of 3 samples: is it "invoice_total"?' in told
    assert "invoice-3.pdf says the same as" in told
    assert "invoice-5.pdf: no values beside it" in told
    assert run("schema", "infer", "office_bill", *copies, samples[4], "--schemas", tmp_path, "--quiet") == 0
    assert capsys.readouterr().err == ""
    copies[2].with_suffix(".json").write_text(json.dumps({"invoice_total": [total]}))
    assert run("schema", "infer", "office_bill", *copies, "--schemas", tmp_path) == 3
    told = capsys.readouterr().err
    assert "/invoice_total is a single value in" in told
    assert "and a list in" in told


def test_an_identifier_that_is_printed_as_several_words_is_a_text(tmp_path: Path) -> None:
    numbers = ("QQ 12 34 56 C", "QQ 65 43 21 A", "QQ 98 76 54 B")
    made = []
    for number, printed in enumerate(numbers):
        canvas = PdfCanvas(A4)
        canvas.text(60, 100, "Staff number", "sans", 11)
        canvas.text(180, 100, f"E{10_771 * (number + 3)}", "sans", 11)
        canvas.text(60, 130, "Insurance number", "sans", 11)
        canvas.text(180, 130, printed, "sans", 11)
        canvas.next_page()
        path = tmp_path / f"slip-{number}.pdf"
        path.write_bytes(canvas.finish())
        values = {"staff_number": f"E{10_771 * (number + 3)}", "insurance_number": printed, "file_number": "K-1"}
        made.append(replace(read_sample(path, Config()), values=values))
    proposal = propose("slip", made, None, [])
    kinds = {name: node["x-kind"] for name, node in proposal.schema["properties"].items()}
    assert kinds == {"staff_number": "identifier", "insurance_number": "text", "file_number": "identifier"}
    seen = {lesson.leaf.name: lesson.seen for lesson in proposal.lessons}
    assert seen == {"staff_number": 3, "insurance_number": 3, "file_number": 0}


@pytest.mark.parametrize(
    ("sign", "given"),
    [
        ("-", ("INV-2024-08804", "INV-2024-08951", "INV-2024-09118")),  # each the number after the one that is printed
        (" ", ("INV-2024-08803", "INV-2024-08951", "INV-2024-09118")),  # the first is printed, in three words
    ],
)
def test_an_identifier_that_looks_like_what_is_printed_is_not_made_a_text(sign: str, given: tuple[str, ...]) -> None:
    printed = [f"INV{sign}2024{sign}{number}" for number in ("08803", "08950", "09117")]
    samples = [
        Sample(
            Path(f"bill-{number}.pdf"),
            (typed_reading(f"Invoice number  {shown}\nTotal due  {number * 17.35:.2f}"),),
            {"total_due": f"{number * 17.35:.2f}", "booking_number": value},
        )
        for number, (shown, value) in enumerate(zip(printed, given, strict=True), 3)
    ]
    proposal = propose("bill", samples, None, [])
    field = proposal.schema["properties"]["booking_number"]
    assert (field["x-kind"], field["x-critical"]) == ("identifier", True)
    assert not {"x-labels", "x-place"} & field.keys()
    assert {lesson.leaf.name: lesson.seen for lesson in proposal.lessons} == {"total_due": 3, "booking_number": 0}


def test_a_value_that_another_field_has_too_is_printed_all_the_same(samples: list[Path], tmp_path: Path) -> None:
    fields = {"total_due": {"type": "number"}, "amount": {"type": "number"}}
    path = tmp_path / "office_bill.json"
    path.write_text(json.dumps({"type": "object", "properties": fields}))
    doctype = load_type("office_bill", tmp_path)
    read = []
    for number, path in enumerate(samples[:3], 1):
        total = given(number)["total"]
        values = {"total_due": total, "amount": "1.00" if number == 1 else total}
        read.append(replace(read_sample(path, Config()), values=values))
    lesson = learn(doctype, show_samples(read, doctype))[0]
    assert (lesson.given, lesson.seen) == (3, 3)
    assert [(label.text, label.of) for label in lesson.labels] == [("total due", 1)]  # where nothing else has it


def test_few_samples_make_no_choice_of_the_words_in_their_rows() -> None:
    rows = [{"pay": "Basic"}, {"pay": "Overtime"}, {"pay": "Night"}]
    for count, choice in ((3, False), (6, True)):
        node = values_to_properties([{"rows": rows}] * count)["rows"]["items"]["properties"]["pay"]
        assert ("enum" in node) is choice


def test_a_value_that_is_printed_with_the_other_sign_is_told(
    samples: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    types, copies = tmp_path / "types", []
    types.mkdir()
    for number, path in enumerate(samples[:3], 1):
        copies.append(Path(shutil.copy(path, tmp_path)))
        values = {"total": f"-{given(number)['total']}", "invoice_number": given(number)["invoice_number"]}
        copies[-1].with_suffix(".json").write_text(json.dumps(values))
    assert run("schema", "infer", "credit", *copies, "--schemas", types, "--write") == 0
    evidence = capsys.readouterr().err.splitlines()
    assert "0 of 3, 3 with the other sign" in next(line for line in evidence if line.startswith("total "))
    assert " 3 of 3  " in next(line for line in evidence if line.startswith("invoice_number "))

    assert run("schema", "check", types / "credit.json", "--samples", *copies) == 0
    told = capsys.readouterr().out.splitlines()
    counts = {line.split()[0]: line.split()[1:] for line in told if line.endswith(" %")}
    assert counts["/total"] == ["3", "0", "0", "3", "0", "0", "0.0", "%"]
    assert counts["/invoice_number"] == ["3", "3", "0", "0", "0", "0", "100.0", "%"]
    total = str(given(1)["total"]).replace(",", "")
    assert f"wrong    {copies[0]}: /total: {total} where -{total} is right" in told


@pytest.mark.parametrize(
    ("name", "values", "type_", "kind"),
    [
        ("gross", ["$1,234.00", "$80.00"], "number", "money"),
        ("flight_to", ["10/20/20", "3/8/2020"], "string", "date"),
        ("contract", ["2517963", "1987618-1"], "string", "identifier"),
        ("vat_rate", ["20%", "7 %"], "number", "percent"),
        ("price", [9, 12], "number", "money"),
        ("spots", [9, 12], "integer", "quantity"),
        ("advertiser", ["Friends of Ada", "Vote 2020"], "string", "name"),
    ],
)
def test_kinds_are_told_by_the_form_of_the_values(name: str, values: list[object], type_: str, kind: str) -> None:
    node = values_to_properties([{name: value} for value in values])[name]
    assert node["type"] == [type_, "null"]
    assert node.get("x-kind", infer_kind(name, node)) == kind


def test_printed_values_become_exact_in_the_notation_of_their_document() -> None:
    printed = {"total": "1.234,50", "date": "03/04/20", "rows": [{"price": "2,50"}]}
    properties = values_to_properties([printed])
    assert exact(printed, properties, Notation("mdy", ",")) == {
        "total": Decimal("1234.50"),
        "date": "2020-03-04",
        "rows": [{"price": Decimal("2.50")}],
    }


def test_line_ends_and_the_mark_of_an_editor_stay() -> None:
    text = '\ufeff{\r\n  "a": [1],\r\n  "b": {}\r\n}\r\n'
    new = {"a": [1], "b": {"c": {"d": {"e": 1}}}, "f": 2}
    changed = edited(text, new)
    assert changed.startswith('\ufeff{\r\n  "a": [1],\r\n  "b": {\r\n    "c"')
    assert changed.count("\n") == changed.count("\r\n") > 4
    assert json.loads(changed.removeprefix("\ufeff")) == new


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_edit_touches_nothing_else(path: Path) -> None:
    text, schema = path.read_text(), read_json(path, "a type")
    name = next(iter(schema["properties"]))
    schema["properties"][name]["x-labels"] = [*schema["properties"][name]["x-labels"], "another"]
    schema["properties"][name]["x-place"] = {"page": 1, "box": [Decimal("0.1"), 0, 1, Decimal("0.25")]}
    changed = edited(text, schema)
    before, after = text.splitlines(), changed.splitlines()
    assert json.loads(changed, parse_float=Decimal) == schema
    assert len(set(before) - set(after)) <= 2
    assert len(set(after) - set(before)) <= 3
