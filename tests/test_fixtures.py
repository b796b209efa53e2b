"""The fixtures are complete, fit their schemas, are right in their sums, and are made by the generator."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from engine import flow
from engine.doctype import load_type
from engine.regress.case import read_case
from engine.regress.run import run_case
from engine.route import POLICIES
from engine.vlm.store import read_kept
from tests import read_once as reading

read_once = reading.read_once

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"
FOLDERS = sorted(path.parent for path in FIXTURES.glob("*/case.toml"))
CASES = {folder.name: read_case(folder) for folder in FOLDERS}
CENT = Decimal("0.01")

every_fixture = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def case(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))


def expected(folder: Path) -> dict[str, Any]:
    text = (folder / "expected.json").read_text(encoding="utf-8")
    return dict(json.loads(text, parse_float=Decimal))


def schema(folder: Path) -> dict[str, Any] | None:
    """Of the case's type, a shipped one or its own; None without a type."""
    name = case(folder).get("type")
    return None if name is None else dict(load_type(CASES[folder.name].type, ROOT / "schemas").schema)


def of_type(name: str) -> list[Any]:
    return [pytest.param(f, id=f.name) for f in FOLDERS if case(f).get("type") == name]


def pages(document: Path) -> list[NDArray[np.uint8]]:
    """Every page as grey pixels."""
    if document.suffix == ".pdf":
        with pypdfium2.PdfDocument(document) as pdf:
            return [np.asarray(page.render(scale=1.5).to_pil().convert("L")) for page in pdf]
    with Image.open(document) as image:
        return [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value]
    return value


def assert_shape(value: Any, part: dict[str, Any], path: str = "") -> None:
    """``value`` has every key of the schema and no other, in every row."""
    if "properties" in part:
        assert list(value) == list(part["properties"]), path
        for key, inner in part["properties"].items():
            assert_shape(value[key], inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            assert_shape(entry, part["items"], f"{path}/{number}")


def test_there_are_documents_of_every_shipped_type() -> None:
    shipped = {path.stem for path in (ROOT / "schemas").glob("*.json")}
    assert {case(folder).get("type") for folder in FOLDERS} - {None, "utility_bill.json"} == shipped
    assert len(FOLDERS) >= 14


def test_all_fixtures_together_are_light() -> None:
    assert sum(path.stat().st_size for folder in FOLDERS for path in folder.rglob("*") if path.is_file()) < 6_000_000


@every_fixture
def test_case_is_complete(folder: Path) -> None:
    """What a case may hold is checked where it is read; here, what a bundled one must say besides."""
    about = CASES[folder.name]
    assert about.why.endswith(".")
    assert about.routes is not None
    assert len(about.routes) == len(pages(about.document)), "one route a page"
    assert (about.provider is None) == (about.recorded_by is None) == (not about.recordings.is_dir())
    shared = about.document.parent != folder
    assert not shared or (about.status, about.model) in {("clean", "loopback"), ("review", "loopback")}


@every_fixture
def test_every_page_but_a_blank_one_has_ink(folder: Path) -> None:
    about = case(folder)
    for route, page in zip(about["routes"], pages(folder / about["document"]), strict=True):
        dark = float(np.mean(page < np.median(page) - 30))
        assert (dark < 0.001) == (route == "blank"), dark


@every_fixture
def test_expected_fits_the_schema(folder: Path) -> None:
    data, rules = expected(folder), schema(folder)
    if rules is None:
        assert data == {}
        return
    assert_shape(data, rules)
    errors = Draft202012Validator(rules, format_checker=FormatChecker()).iter_errors(without_nulls(data))
    assert [error.message for error in errors] == []


@every_fixture
def test_money_has_two_decimals(folder: Path) -> None:
    """Or four, as rates do, in the text of expected.json, so that 9.50 never becomes 9.5."""
    rules = schema(folder)
    if rules is None:
        return
    fields = rules["properties"]
    for key, field in fields.items():
        rows = expected(folder)[key] if field.get("type") == "array" else [{key: expected(folder)[key]}]
        inner = field["items"]["properties"] if field.get("type") == "array" else {key: field}
        amounts = [row[k] for row in rows for k, f in inner.items() if f.get("x-kind") == "money"]
        assert all(a is None or (isinstance(a, Decimal) and a.as_tuple().exponent in {-2, -4}) for a in amounts), key


def amounts_add_up(data: dict[str, Any], added: tuple[str, ...]) -> None:
    lines = data["line_items"]
    assert sum((line["amount"] for line in lines), Decimal(0)) == data["subtotal"]
    assert data["total"] == data["subtotal"] + sum((data[key] or 0 for key in added), Decimal(0))
    for line in lines:
        if line["unit_price"] is not None and line["quantity"] is not None:
            assert abs(line["amount"] - line["quantity"] * line["unit_price"]) <= CENT / 2


@pytest.mark.parametrize("folder", of_type("receipt"))
def test_receipts_add_up(folder: Path) -> None:
    data = expected(folder)
    amounts_add_up(data, ("tax",))
    if data["cash"] is not None:
        assert data["cash"] - data["change"] == data["total"]


@pytest.mark.parametrize("folder", of_type("invoice") + of_type("purchase_order"))
def test_invoices_and_orders_add_up(folder: Path) -> None:
    amounts_add_up(expected(folder), ("tax", "shipping"))


@pytest.mark.parametrize("folder", of_type("bank_statement"))
def test_balances_run(folder: Path) -> None:
    data = expected(folder)
    balance = data["opening_balance"]
    for number, row in enumerate(data["rows"]):
        assert (row["debit"] is None) != (row["credit"] is None), number
        balance += (row["credit"] or 0) - (row["debit"] or 0)
        assert row["balance"] == balance, number
    assert balance == data["closing_balance"]
    days = [row["date"] for row in data["rows"]]
    assert days == sorted(days)
    assert data["period_from"] <= days[0] <= days[-1] <= data["period_to"]


@pytest.mark.parametrize("folder", of_type("ad_buy"))
def test_flights_add_up(folder: Path) -> None:
    data = expected(folder)
    assert data["flight_from"] <= data["flight_to"]
    assert data["net_amount"] == data["gross_amount"] - abs(data["commission"])
    lines = data["line_items"]
    assert sum(line["rate"] * (line["spots"] or 1) for line in lines) == data["gross_amount"]
    for line in lines:
        assert line["amount"] in {None, line["rate"] * (line["spots"] or 1)}


@every_fixture
def test_a_text_layer_holds_what_is_expected(folder: Path) -> None:
    """Of digital pages alone: every name and number that the answer has is printed."""
    about = case(folder)
    if set(about["routes"]) != {"text_layer"}:
        return
    with pypdfium2.PdfDocument(folder / about["document"]) as pdf:
        text = "\n".join(page.get_textpage().get_text_range() for page in pdf)

    def leaves(value: Any) -> list[Any]:
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for v in inner for leaf in (leaves(v) if isinstance(v, dict | list) else [v])]

    for leaf in leaves(expected(folder)):
        if isinstance(leaf, Decimal):
            assert f"{abs(leaf):,.2f}" in text
        elif isinstance(leaf, str) and not leaf[:4].isdigit():
            assert leaf in text


@pytest.mark.usefixtures("read_once")
@every_fixture
def test_a_case_comes_out_as_it_should(folder: Path) -> None:
    """What the engine vouches for is what the document says; all else comes out for review, and says why."""
    about = CASES[folder.name]
    ran = run_case(about)
    assert (ran.error, ran.stale) == (None, ())
    assert not ran.false_success
    assert ran.status == (about.status or ran.status)
    found = {(finding.path, finding.check) for finding in ran.findings}
    assert {(finding.path, finding.check) for finding in about.findings} <= found
    asked = about.recorded_by or not about.routes or "vlm" not in about.routes
    assert not asked or tuple(page.route for page in ran.pages) == about.routes
    assert all(page.outcome == "complete" for page in ran.pages) or ("", "page") in found


@pytest.mark.usefixtures("read_once")
def test_without_a_model_a_page_still_wants_one() -> None:
    folder = FIXTURES / "letter_handwritten"
    (page,) = flow.route(CASES[folder.name].document).pages
    assert [page.route] == case(folder)["routes"] == ["vlm"]


@pytest.mark.usefixtures("read_once")
def test_a_page_on_either_side_of_the_limit_of_handwriting_is_close_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the cases would not notice that it was moved: one side has entries by pen, the other a stain on print."""
    printed, by_pen = CASES["purchase_order_stained"], CASES["form_part_handwritten"]
    limits = POLICIES["balanced"]
    below, above = (flow.route(about.document).pages[0].reading.signals["handwriting"] for about in (printed, by_pen))
    assert limits.handwriting - 0.15 < below < limits.handwriting <= above < limits.handwriting + 0.25

    monkeypatch.setitem(POLICIES, "balanced", replace(limits, handwriting=above + 0.01))
    lost = run_case(by_pen)
    assert lost.stale
    assert {f.path for f in lost.fields if f.outcome != "exact"} & {"/entries/Sheets received", "/entries/Date"}

    monkeypatch.setitem(POLICIES, "balanced", replace(limits, handwriting=below - 0.01))
    assert ("", "route") in {(finding.path, finding.check) for finding in run_case(printed).findings}


@pytest.mark.usefixtures("read_once")
def test_without_its_label_a_field_of_the_utility_bill_is_lost(tmp_path: Path) -> None:
    """The case in which labels count alone: nothing else tells the engine where such values stand."""
    about = CASES["utility_bill"]
    rules = json.loads(Path(about.type).read_text(encoding="utf-8"))
    del rules["properties"]["period_to"]["x-labels"]
    (tmp_path / "utility_bill.json").write_text(json.dumps(rules), encoding="utf-8")
    whole, spoilt = (run_case(replace(about, type=file)) for file in (about.type, str(tmp_path / "utility_bill.json")))
    assert {field.outcome for field in whole.fields} == {"exact"}
    assert [field.path for field in spoilt.fields if field.outcome == "missing"] == ["/period_to"]


@pytest.fixture(scope="module")
def make_documents() -> Callable[..., list[Path]]:
    pytest.importorskip("reportlab", reason="the generator needs reportlab: pip install -e .[dev]")
    from fixtures.generator import make_documents
    from fixtures.generator.fonts import MissingFontsError, font_files

    try:
        font_files()
    except MissingFontsError as error:
        pytest.skip(str(error))
    return make_documents


def test_the_generator_knows_every_fixture() -> None:
    pytest.importorskip("reportlab", reason="the generator needs reportlab: pip install -e .[dev]")
    from fixtures.generator import CASES

    assert sorted(c.name for c in CASES) == [folder.name for folder in FOLDERS]


@pytest.mark.parametrize("name", ["receipt_faded", "purchase_order_fax", "bank_statement_digital"])
def test_a_document_made_again_is_the_same(
    name: str, tmp_path: Path, make_documents: Callable[..., list[Path]]
) -> None:
    """Near enough for another release of a font or of the JPEG library; the answer and the case exactly."""
    (made,) = make_documents(tmp_path, [name])
    for file in ("case.toml", "expected.json"):
        assert (made.parent / file).read_text() == (FIXTURES / name / file).read_text(), file
    before, now = pages(FIXTURES / name / made.name), pages(made)
    assert [page.shape for page in now] == [page.shape for page in before]
    for old, new in zip(before, now, strict=True):
        assert np.mean(np.abs(old.astype(int) - new.astype(int))) < 2


def test_the_same_dice_make_the_same_bytes(tmp_path: Path, make_documents: Callable[..., list[Path]]) -> None:
    first, again = (make_documents(tmp_path / run, ["receipt_thermal"])[0] for run in ("a", "b"))
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.usefixtures("read_once")
def test_recordings_made_again_are_the_same(tmp_path: Path, make_documents: Callable[..., list[Path]]) -> None:
    """But for when and where they were made; what is there for a request is kept."""
    from fixtures.generator import record

    names = ["receipt_thermal", "receipt_thermal_stubborn"]
    make_documents(tmp_path, names)
    (made,) = record(tmp_path, names)
    bundled = FIXTURES / "receipt_thermal_stubborn" / "recordings"
    assert sorted(path.name for path in bundled.iterdir()) == [path.name for path in made.written]
    for path in made.written:
        was, now = read_kept(bundled / path.name), read_kept(path)
        assert replace(was, created=now.created, base_url=now.base_url) == now
    (again,) = record(tmp_path, names)
    assert (again.written, again.removed) == ((), ())


def test_a_name_that_is_no_case_is_an_error(tmp_path: Path, make_documents: Callable[..., list[Path]]) -> None:
    with pytest.raises(KeyError, match="no_such_case"):
        make_documents(tmp_path, ["no_such_case"])
