"""A scan of several documents through a batch: each document has its result, as if it had come alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from engine.batch.earlier import names_given
from engine.batch.items import Item, inputs_to_items
from engine.batch.pieces import Cuts, pieces_to_items
from engine.batch.results import already_there
from engine.batch.run import check
from engine.batch.state import Batch, load, pieces_file, save
from engine.cli import main
from engine.config import Config
from engine.flow import extract
from engine.split import Piece, Split
from tests.batch.killing import Killed, run_and_kill

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONTRACT = FIXTURES / "ad_buy_contract_digital" / "contract.pdf"
STATEMENT = FIXTURES / "bank_statement_digital" / "eStatement.pdf"


def joined(path: Path, *parts: Path | None) -> Path:
    """The pages of the parts in one PDF, a blank sheet for None."""
    with pikepdf.new() as whole:
        for part in parts:
            if part is None:
                whole.add_blank_page(page_size=(612, 792))
                continue
            with pikepdf.open(part) as pdf:
                whole.pages.extend(pdf.pages)
        whole.save(path)
    return path


def result(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Killed]:
    """A file of two documents with a blank sheet between, and one of one, killed once on the way."""
    root = tmp_path_factory.mktemp("pieces")
    (root / "in").mkdir()
    joined(root / "in" / "scan.pdf", STATEMENT, None, CONTRACT)
    joined(root / "in" / "single.pdf", STATEMENT)
    arguments = [root / "in", "--split", "--out", root / "out"]
    return root / "in", root / "out", run_and_kill(arguments, at=[("read page", 1)])


def test_each_document_of_a_file_has_its_result(cut: tuple[Path, Path, Killed]) -> None:
    _, out, went = cut
    assert went.kills == 1
    assert {path.name for path in out.glob("*.json")} == {"scan__p1-2.json", "scan__p4.json", "single.json"}
    assert went.summary["documents"] == 3
    statement, contract = result(out / "scan__p1-2.json"), result(out / "scan__p4.json")
    assert [page["outcome"] for page in contract["pages"]] == ["skipped", "skipped", "skipped", "complete"]
    assert contract["document"]["pages"] == 4
    for got, alone in ((statement, extract(STATEMENT)), (contract, extract(CONTRACT))):
        assert got["document"]["type"] == alone.type
        assert got["status"] == alone.status
        assert {k: v["missing"] for k, v in got["fields"].items()} == {k: v.missing for k, v in alone.fields.items()}
        assert {k: v["value"] for k, v in got["fields"].items()} == {
            k: v.value if v.value is None or isinstance(v.value, str) else pytest.approx(float(v.value))
            for k, v in alone.fields.items()
        }


def test_pieces_are_known_afterwards_and_not_done_again(cut: tuple[Path, Path, Killed]) -> None:
    inputs, out, _ = cut
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    (out / "scan__p4.json").unlink()
    went = run_and_kill([inputs, "--split", "--out", out])
    assert went.steps == {}
    after = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    assert after.keys() == before.keys()
    assert {path.name for path in after if after[path] != before[path]} == {"scan__p4.json"}
    whole = load(out)
    items = Cuts(pieces_file(out)).pieces(whole.items)
    names = [done.item.name for done in already_there(whole, items)]
    assert names == ["scan__p1-2.json", "scan__p4.json", "single.json"]


def test_a_later_file_takes_no_pieces_name(cut: tuple[Path, Path, Killed], tmp_path: Path) -> None:
    _, out, _ = cut
    (tmp_path / "scan__p4.pdf").write_bytes(CONTRACT.read_bytes())
    (item,) = inputs_to_items([str(tmp_path / "scan__p4.pdf")], out, names_given(load(out))).items
    assert item.name not in {path.name for path in out.glob("*.json")}
    check(Batch("b", out, "auto", Config(), (item,)))


@pytest.mark.parametrize(("split", "count"), [(True, 2), (False, 1)])
def test_pieces_of_an_earlier_run_count_where_files_are_cut(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], split: bool, count: int
) -> None:
    item, pieces = Item(Path("scan.pdf"), "scan.json"), Split((Piece(1, 3, ""), Piece(4, 4, "")))
    save(Batch("b", tmp_path, "auto", Config(split=split), (item,)))
    Cuts(pieces_file(tmp_path)).note(item, pieces, pieces_to_items(item, pieces, set()))
    with pytest.raises(SystemExit):
        main(["batch", "status", "--out", str(tmp_path), "--json"])
    assert json.loads(capfd.readouterr().out)["documents"] == count


def test_a_piece_takes_no_other_results_name() -> None:
    item = Item(Path("scan.pdf"), "scan.json")
    found = Split((Piece(1, 3, ""), Piece(4, 4, "")))
    first, second = pieces_to_items(item, found, {"scan__p1-3.json"})
    assert first.name.startswith("scan__p1-3~")
    assert second.name == "scan__p4.json"
    assert (first.options["pages"], second.options["pages"]) == ("1-3", "4")


def test_a_file_of_several_documents_that_is_not_cut_is_told(tmp_path: Path) -> None:
    """By extract too, which cuts nothing: their values would be taken for one document's."""
    told = extract(joined(tmp_path / "scan.pdf", STATEMENT, CONTRACT)).findings
    (doubt,) = [finding for finding in told if "another document may begin" in finding.message]
    assert (doubt.page, doubt.severity) == (3, "warning")
    assert not [finding for finding in extract(STATEMENT).findings if "another document" in finding.message]
