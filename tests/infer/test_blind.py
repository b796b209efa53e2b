"""Ten invoices without a word about them: their fields and the rules that they keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config
from engine.doctype import schema_to_type
from engine.flow import read
from engine.infer.blind import Blind, blind_samples, propose_fields
from engine.infer.checks import find_checks
from engine.infer.propose import propose
from engine.infer.samples import Sample, read_sample
from engine.page import Reading
from fixtures.generator.canvas import A4, PdfCanvas
from tests.infer.making_invoices import digital, make_invoices, scanned
from tests.infer.test_checks import rules
from tests.pages import typed_reading


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Reading, ...]]:
    return [read(path).readings for path in make_invoices(tmp_path_factory.mktemp("digital"), 10, digital)]


def found(blind: Blind) -> dict[str, tuple[int, int]]:
    doctype = schema_to_type(Path("invoices.json"), {"type": "object", "properties": blind.properties})
    return rules(find_checks(blind.values, doctype.leaves))


def test_ten_invoices_tell_their_fields_and_their_rules(readings: list[tuple[Reading, ...]]) -> None:
    blind = propose_fields(readings)
    kinds = {name: node.get("format", node.get("x-kind")) for name, node in blind.properties.items()}
    assert kinds == {
        "invoice_number": "identifier",
        "invoice_date": "date",
        "due_date": "date",
        "customer": "name",
        "subtotal": "money",
        "vat": "money",
        "total_due": "money",
        "rows": None,
    }
    columns = blind.properties["rows"]["items"]["properties"]
    assert {name: node["x-labels"] for name, node in columns.items()} == {
        "article": ["Article"],
        "quantity": ["Quantity"],
        "unit_price": ["Unit price"],
        "amount": ["Amount"],
    }
    assert found(blind) == {
        "each(rows): amount == quantity * unit_price": (10, 10),
        "sum(rows.amount) == subtotal": (10, 10),
        "total_due == subtotal + vat": (10, 10),
        "invoice_date <= due_date": (10, 10),
        "vat == round(subtotal * 0.2, 2)": (10, 10),
    }


def test_scans_with_their_misreadings_give_the_sum_and_the_product(tmp_path: Path) -> None:
    blind = propose_fields([read(path).readings for path in make_invoices(tmp_path, 3, scanned)])
    assert {"each(rows): amount == quantity * unit_price", "total_due == subtotal + vat"} <= found(blind).keys()


def test_two_dates_at_one_label_are_two_fields_of_that_label(tmp_path: Path) -> None:
    made = []
    for month, (number, last) in enumerate((("E2071", 31), ("E5566", 29), ("E9013", 31)), 1):
        canvas = PdfCanvas(A4)
        canvas.text(60, 100, "Staff number", "sans", 11)
        canvas.text(180, 100, number, "sans", 11)
        canvas.text(60, 130, "Pay period", "sans", 11)
        canvas.text(180, 130, f"01/{month:02}/2024 - {last}/{month:02}/2024", "sans", 11)
        canvas.next_page()
        made.append(tmp_path / f"slip-{month}.pdf")
        made[-1].write_bytes(canvas.finish())
    samples = blind_samples([read_sample(path, Config()) for path in made])
    assert samples[1].values == {
        "staff_number": "E5566",
        "pay_period_from": "2024-02-01",
        "pay_period_to": "2024-02-29",
    }
    properties = propose("slip", samples, None, []).schema["properties"]
    assert properties["pay_period_from"]["x-labels"][0] == "pay period"
    assert properties["pay_period_to"]["x-labels"][0] == "pay period"


@pytest.mark.parametrize(
    ("printed", "parted"),
    [
        ("01/{0}/2024 - 28/{0}/2024", True),
        ("01/{0}/2024 to 28/{0}/2024", True),
        ("01.{0}.2024 bis 28.{0}.2024", True),
        ("28/{0}/2024 - 01/{0}/2024", False),
        ("28/{0}/2024 (order of 01/{0}/2024)", False),
        ("01/{0}/2024 (28/{0}/2024)", False),
        ("01/{0}/2024 - 28/{0}/2024 (paid)", False),
    ],
)
def test_two_dates_at_one_label_are_parted_only_where_they_are_a_range(printed: str, parted: bool) -> None:
    rows = [f"Delivered  {printed.format(month)}\nNet pay  {month}1.17" for month in ("02", "03", "04")]
    properties = propose_fields([(typed_reading(row),) for row in rows]).properties
    dates = ["delivered_from", "delivered_to"] if parted else ["delivered"]
    assert sorted(properties) == [*dates, "net_pay"]


@pytest.mark.parametrize(("between", "labels"), [("-", ["delivered"]), ("/", []), (")", [])])
def test_a_label_leads_to_a_second_date_only_where_it_ends_a_range(between: str, labels: list[str]) -> None:
    samples = [
        Sample(
            Path(f"{month}.pdf"),
            (typed_reading(f"Order number  E{month * 1371}\n\nDelivered  13/{month}/2024 {between} 30/{month}/2024"),),
            {"order_number": f"E{month * 1371}", "payment": f"30/{month}/2024"},
        )
        for month in (10, 11, 12)
    ]
    lessons = {lesson.leaf.name: lesson for lesson in propose("slip", samples, None, []).lessons}
    assert [label.text for label in lessons["payment"].labels] == labels


def test_samples_that_share_no_label_give_no_field(readings: list[tuple[Reading, ...]]) -> None:
    assert propose_fields([(Reading(1),), (Reading(1),)]).properties == {}
