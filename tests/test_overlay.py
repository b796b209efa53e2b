"""``--overlay``: the values on the page, told by verdict, none of them hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.cli import main
from engine.config import Config
from engine.overlay import COLOURS, overlaid, write_overlay
from engine.page import Box
from engine.result import Field, PageResult, Result

FIXTURES = Path(__file__).parent.parent / "fixtures"
PLACE = Box(0.4, 0.4, 0.8, 0.6)


def paper(width: int = 600, height: int = 400) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


def result_with(*fields: Field, pages: int = 1, path: str = "a.png") -> Result:
    return Result(
        path=path,
        sha256=None,
        page_count=pages,
        type=None,
        status="review",
        fields={f"/field_{n}": field for n, field in enumerate(fields)},
        pages=tuple(PageResult(n + 1, "ocr", "printed", {}, "complete") for n in range(pages)),
    )


@pytest.mark.parametrize("verdict", ["confirmed", "contradicted", "silent", "unchecked"])
def test_a_box_has_its_verdicts_colour_at_its_edge_and_the_value_stays_in_sight(verdict: str) -> None:
    field = Field("9.00", "9.00", 1, PLACE, verdict=verdict)  # type: ignore[arg-type]
    sheet = overlaid(paper(), 1, result_with(field), None)
    margin = (sheet.width - 600) // 2
    around = [sheet.getpixel((margin + x, y)) for x in range(234, 246) for y in range(150, 250)]
    assert COLOURS[verdict] in around
    inside = sheet.crop((margin + 250, 165, margin + 470, 235))
    assert min(low for low, _ in inside.getextrema()) > 200  # tinted at most


def test_a_persons_value_is_told_from_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    field = Field("9.00", None, 1, PLACE, source="human", verdict="contradicted")
    sheet = overlaid(paper(), 1, result_with(field), None)
    colours = {colour for _, colour in sheet.getcolors(1 << 20) or ()}
    assert COLOURS["human"] in colours


def test_names_of_fields_close_to_each_other_stand_apart_in_the_margin() -> None:
    fields = [Field("1", "1", 1, Box(0.7, 0.5 + n / 100, 0.8, 0.51 + n / 100), verdict="confirmed") for n in range(5)]
    sheet = overlaid(paper(), 1, result_with(*fields), None)
    margin = (sheet.width - 600) // 2
    names = sheet.crop((sheet.width - margin + 22, 0, sheet.width, 400)).convert("L")
    rows = [min(names.getpixel((x, y)) for x in range(names.width)) < 160 for y in range(names.height)]
    lines = sum(here and not before for before, here in zip([False, *rows], rows, strict=False))
    assert lines == len(fields)


def test_each_page_looked_at_has_its_picture(tmp_path: Path) -> None:
    document = tmp_path / "scan.tif"
    paper().save(document, save_all=True, append_images=[paper(), paper()])
    result = result_with(Field("9.00", "9.00", 3, PLACE), pages=3, path=str(document))
    first, second, third = result.pages
    result = replace(result, pages=(first, replace(second, outcome="skipped"), third))
    write_overlay(tmp_path / "o.png", result, None, Config())
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["o-1.png", "o-3.png"]
    with Image.open(tmp_path / "o-1.png") as plain, Image.open(tmp_path / "o-3.png") as boxed:
        assert COLOURS["unchecked"] in {colour for _, colour in boxed.getcolors(1 << 20) or ()}
        assert plain.size[1] == boxed.size[1]


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit:
        main([str(argument) for argument in arguments])
    return int(exit.value.code or 0)


def test_extract_draws_the_document_beside_its_result(tmp_path: Path) -> None:
    receipt = FIXTURES / "receipt_thermal" / "receipt.jpg"
    assert run("extract", receipt, "--type", "receipt", "--out", tmp_path, "--overlay", tmp_path / "o.png") in (0, 1)
    with Image.open(tmp_path / "o.png") as sheet:
        colours = {colour for _, colour in sheet.getcolors(1 << 22) or ()}
    assert {COLOURS["confirmed"], COLOURS["silent"]} <= colours


def test_what_cannot_be_drawn_is_told_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = tmp_path / "scan.png"
    paper().save(scan)
    before = scan.read_bytes()
    refused = (
        ([scan, "--overlay", scan], "would overwrite the document"),
        ([scan, "--overlay", tmp_path / "o.jpg"], "is drawn as PNG"),
        (
            [scan, FIXTURES / "receipt_thermal" / "receipt.jpg", "--out", tmp_path, "--overlay", "o.png"],
            "give one file",
        ),
    )
    for arguments, words in refused:
        assert run("extract", *arguments) == 3
        assert words in capsys.readouterr().err
    assert scan.read_bytes() == before
