"""The searchable PDF and the hOCR: what was read is found, where it was read, whichever way the page lies."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image

from engine.cli import main
from engine.config import Config
from engine.errors import BadInput, UsageError
from engine.flow import read
from engine.hocr import readings_to_hocr
from engine.page import Box, Reading, Word
from engine.receive import Document, receive
from engine.searchable import write_searchable
from tests.making import page_of_print, pdf_of, print_lines

FIXTURES = Path(__file__).parent.parent / "fixtures"
HERE = (
    Word("Straße", Box(0.10, 0.10, 0.25, 0.13), 0.95, 0),
    Word("été", Box(0.30, 0.10, 0.36, 0.13), 0.95, 0),
    Word("1.234,50€", Box(0.70, 0.10, 0.85, 0.13), 0.55, 0),
    Word("Ελλάδα", Box(0.10, 0.80, 0.22, 0.84), 0.95, 1),
)
OPEN = "sesame"
READ = Reading(1, 1000, 800, 200.0, words=HERE)


def scan(path: Path, **keys: object) -> Document:
    """A PDF of one page that is a scan, 360 by 288 points, with *keys* set on its page."""
    page_of_print().save(path, "PDF", resolution=200)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for key, value in keys.items():
            pdf.pages[0][f"/{key}"] = value
        pdf.save(path)
    return receive(path, Config())


def found(path: Path, text: str, page: int = 1, password: str | None = None) -> list[Box]:
    """Where PDFium finds *text*, in fractions of the page as it is shown."""
    with pdfium.PdfDocument(path, password=password) as pdf:
        leaf = pdf[page - 1]
        search = leaf.get_textpage().search(text, match_case=True)
        wide, high = leaf.get_size()
        boxes = []
        while hit := search.get_next():
            corners = [leaf.get_textpage().get_charbox(i) for i in range(hit[0], hit[0] + hit[1])]
            points = [on_screen(leaf, x, y) for x0, y0, x1, y1 in corners for x, y in ((x0, y0), (x1, y1))]
            xs, ys = [x for x, _ in points], [y for _, y in points]
            boxes.append(Box(min(xs) / wide, min(ys) / high, max(xs) / wide, max(ys) / high))
        return boxes


def on_screen(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    """PDFium's own way from user space to the page as it is shown, in points from the top left."""
    wide, high = page.get_size()
    at = pdfium.raw.c_int, pdfium.raw.c_int
    across, down = at[0](), at[1]()
    pdfium.raw.FPDF_PageToDevice(page, 0, 0, int(wide * 100), int(high * 100), 0, x, y, across, down)
    return across.value / 100, down.value / 100


def near(a: Box, b: Box) -> bool:
    return np.allclose(a.as_list(), b.as_list(), atol=0.01)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_words_of_any_script_are_found_where_they_were_read(tmp_path: Path, rotate: int, turn: int) -> None:
    document = scan(tmp_path / "scan.pdf", Rotate=rotate, CropBox=pikepdf.Array([20, 30, 300, 280]))
    out = tmp_path / "out.pdf"
    write_searchable(out, document, [replace(READ, rotation=turn)], Config())
    for word in HERE:
        (box,) = found(out, word.text)
        assert near(box, word.box), word.text


def test_poppler_reads_the_same(tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"
    write_searchable(out, scan(tmp_path / "scan.pdf"), [READ], Config())
    program = shutil.which("pdftotext")
    assert program
    text = subprocess.run([program, out, "-"], capture_output=True, text=True, check=True).stdout
    assert sorted(text.split()) == sorted(word.text for word in HERE)  # it takes the left column first


@pytest.mark.parametrize(
    "keys",
    [
        {"Rotate": 450},
        {"Rotate": -270},
        {"MediaBox": pikepdf.Array([360, 288, 0, 0])},
        {"CropBox": pikepdf.Array([-50, -50, 900, 900])},
    ],
)
def test_odd_pages_are_understood_as_pdfium_does(tmp_path: Path, keys: dict[str, object]) -> None:
    out = tmp_path / "out.pdf"
    write_searchable(out, scan(tmp_path / "scan.pdf", **keys), [READ], Config())
    (box,) = found(out, "Straße")
    assert near(box, HERE[0].box)


@pytest.mark.parametrize(
    "keys", [{"Rotate": 45}, {"Rotate": pikepdf.Name.Up}, {"MediaBox": pikepdf.Array([1, 2])}, {"Resources": 7}]
)
def test_nonsense_in_a_page_ends_in_a_file_or_a_sentence(tmp_path: Path, keys: dict[str, object]) -> None:
    out = tmp_path / "out.pdf"
    try:
        write_searchable(out, scan(tmp_path / "scan.pdf", **keys), [READ], Config())
    except BadInput:
        assert not out.exists()
    else:
        assert found(out, "Straße")


def test_forms_that_draw_each_other_end(tmp_path: Path) -> None:
    path, out, count = tmp_path / "deep.pdf", tmp_path / "out.pdf", 3000
    page_of_print().save(path, "PDF", resolution=200)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        forms = [pdf.make_stream(b"BT 3 Tr (x) Tj ET /Next Do") for _ in range(count)]
        for number, form in enumerate(forms):
            form.Type, form.Subtype, form.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, pikepdf.Array([0, 0, 9, 9])
            after = forms[(number + 1) % count]
            form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Next=after))
        pdf.pages[0].add_resource(forms[0], pikepdf.Name.XObject)
        pdf.save(path)
    write_searchable(out, Document(path, "", "pdf", "PDF", 1), [READ], Config())
    assert b"Tj" not in next(stream for stream in streams(out) if b"/Next Do" in stream)


def streams(path: Path) -> list[bytes]:
    with pikepdf.open(path) as pdf:
        return [item.read_bytes() for item in pdf.objects if isinstance(item, pikepdf.Stream) and "/BBox" in item]


def test_nothing_of_it_is_seen(tmp_path: Path) -> None:
    document, out = scan(tmp_path / "scan.pdf"), tmp_path / "out.pdf"
    write_searchable(out, document, [READ], Config())
    before, after = (pdfium.PdfDocument(path)[0].render().to_numpy() for path in (document.path, out))
    assert np.array_equal(before, after)


@pytest.mark.usefixtures("pictures_once")
@pytest.mark.parametrize("name", ["invoice_sideways/scan0003.jpg", "purchase_order_upside_down/scan0017.pdf"])
def test_a_turned_fixture_is_shown_upright_with_its_words_in_place(tmp_path: Path, name: str) -> None:
    whole, out = read(FIXTURES / name), tmp_path / "out.pdf"
    (reading,) = whole.readings
    assert reading.rotation
    write_searchable(out, whole.document, whole.readings, Config())
    long = [word for word in reading.words if len(word.text) > 4]
    assert len(long) > 30
    for word in long:
        assert any(near(box, word.box) for box in found(out, word.text)), word.text
    assert near_upright(out, FIXTURES / name, reading.rotation)


def near_upright(out: Path, source: Path, turn: int) -> bool:
    """Whether the page shows what the source shows once it is turned clockwise by *turn*."""
    shown = pdfium.PdfDocument(out)[0].render(scale=0.5, grayscale=True).to_pil()
    if source.suffix == ".pdf":
        given = pdfium.PdfDocument(source)[0].render(scale=0.5, grayscale=True).to_pil()
    else:
        given = Image.open(source).convert("L")
    given = given.rotate(-turn, expand=True).resize(shown.size)
    return float(np.abs(np.asarray(shown, float) - np.asarray(given, float)).mean()) < 6


def test_a_page_with_a_trusted_text_layer_is_left_as_it_is(tmp_path: Path) -> None:
    path, out = pdf_of(tmp_path / "digital.pdf", print_lines), tmp_path / "out.pdf"
    whole = read(path)
    assert whole.readings[0].source == "text_layer"
    write_searchable(out, whole.document, whole.readings, Config())
    with pikepdf.open(path) as before, pikepdf.open(out) as after:
        assert before.pages[0].Contents.read_bytes() == after.pages[0].Contents.read_bytes()
    assert len(found(out, "lazy")) == len(found(path, "lazy")) > 0


def test_an_older_layer_goes_so_that_no_word_is_found_twice(tmp_path: Path) -> None:
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    write_searchable(first, scan(tmp_path / "scan.pdf"), [READ], Config())
    other = replace(READ, words=(Word("Strand", HERE[0].box, 0.9, 0),))
    write_searchable(second, receive(first, Config()), [other], Config())
    assert not found(second, "Straße")
    assert len(found(second, "Strand")) == 1


def test_an_older_layer_in_a_form_goes_too_and_what_is_seen_stays(tmp_path: Path) -> None:
    document, out = scan(tmp_path / "scan.pdf"), tmp_path / "out.pdf"
    with pikepdf.open(document.path, allow_overwriting_input=True) as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        form = pdf.make_stream(b"BT /F 12 Tf 20 20 Td 3 Tr (hidden) Tj 0 Tr 0 40 Td (stamped) Tj ET")
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = pikepdf.Array([0, 0, 360, 288])
        form.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        name = pdf.pages[0].add_resource(form, pikepdf.Name.XObject)
        pdf.pages[0].contents_add(f"{name} Do".encode())
        pdf.save(document.path)
    assert len(found(document.path, "hidden")) == 1
    write_searchable(out, document, [READ], Config())
    assert (len(found(out, "hidden")), len(found(out, "stamped"))) == (0, 1)


def test_an_image_file_becomes_one_page_a_frame(tmp_path: Path) -> None:
    path, out = tmp_path / "two.tif", tmp_path / "out.pdf"
    black_and_white = page_of_print().point(lambda value: 255 * (value > 128)).convert("1")
    black_and_white.save(path, save_all=True, append_images=[page_of_print()], dpi=(100, 100), compression="tiff_lzw")
    write_searchable(out, receive(path, Config()), [replace(READ, page=2)], Config())
    with pikepdf.open(out) as pdf:
        packed = [pikepdf.PdfImage(image).filters for page in pdf.pages for image in page.get_images().values()]
        assert packed == [["/CCITTFaxDecode"], ["/DCTDecode"]]
        assert [float(side) for side in pdf.pages[0].mediabox] == [0, 0, 720, 576]
    assert not found(out, "Straße")
    assert near(found(out, "Straße", page=2)[0], HERE[0].box)


def test_an_encrypted_document_stays_encrypted(tmp_path: Path) -> None:
    document, out = scan(tmp_path / "scan.pdf"), tmp_path / "out.pdf"
    with pikepdf.open(document.path, allow_overwriting_input=True) as pdf:
        pdf.save(document.path, encryption=pikepdf.Encryption(user=OPEN, owner="own"))
    config = Config(password=OPEN)
    write_searchable(out, receive(document.path, config), [READ], config)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(out)
    assert len(found(out, "Straße", password=OPEN)) == 1


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    document, out = scan(tmp_path / "scan.pdf"), tmp_path / "out.pdf"
    out.write_bytes(b"before")
    document.path.write_bytes(b"%PDF-1.7 and no more")
    with pytest.raises(BadInput, match="print it anew"):
        write_searchable(out, document, [READ], Config())
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pdf", "scan.pdf"]


def test_the_document_itself_is_not_overwritten(tmp_path: Path) -> None:
    document = scan(tmp_path / "scan.pdf")
    (tmp_path / "same.pdf").hardlink_to(document.path)
    with pytest.raises(UsageError, match="the document itself"):
        write_searchable(tmp_path / "same.pdf", document, [READ], Config())


# ----------------------------------------------------------------------------------------------------- hOCR


XHTML = "{http://www.w3.org/1999/xhtml}"


def test_hocr_tells_pages_lines_and_words_in_pixels() -> None:
    text = readings_to_hocr('a "b" & c.pdf', [READ, Reading(2, failure="broken")])
    root = ET.fromstring(text.encode())  # noqa: S314 - our own
    pages = [div for div in root.iter(f"{XHTML}div") if div.get("class") == "ocr_page"]
    assert [page.get("title") for page in pages] == [
        'image "a %22b%22 & c.pdf"; bbox 0 0 1000 800; ppageno 0; scan_res 200 200',
        'image "a %22b%22 & c.pdf"; bbox 0 0 0 0; ppageno 1',
    ]
    lines = [span for span in pages[0] if span.get("class") == "ocr_line"]
    assert [line.get("title") for line in lines] == ["bbox 100 80 850 104", "bbox 100 640 220 672"]
    words = [(word.text, word.get("title")) for line in lines for word in line]
    assert words[0] == ("Straße", "bbox 100 80 250 104; x_wconf 95")
    assert words[2] == ("1.234,50€", "bbox 700 80 850 104; x_wconf 55")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) == 2 + 2 + 4


def test_hocr_is_sound_xml_whatever_was_read() -> None:
    odd = replace(READ, words=(Word("<b>\x00&\ud800\"'", HERE[0].box, 1.0, 0),))
    root = ET.fromstring(readings_to_hocr("a.pdf", [odd]).encode())  # noqa: S314 - our own
    assert [s.text for s in root.iter(f"{XHTML}span") if s.get("class") == "ocrx_word"] == ["<b>\ufffd&\ufffd\"'"]


# --------------------------------------------------------------------------------------------- the command


def test_read_writes_both_beside_what_it_prints(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = pdf_of(tmp_path / "digital.pdf", print_lines)
    out = tmp_path / "new" / "out.pdf"
    with pytest.raises(SystemExit) as end:
        main(["read", str(path), "--json", "--pdf", str(out), "--hocr", str(tmp_path / "out.hocr")])
    assert end.value.code == 0
    assert capsysbinary.readouterr().out.startswith(b"{")
    assert found(out, "lazy")
    assert "ocrx_word" in (tmp_path / "out.hocr").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--pdf", "a.pdf"], "would overwrite the document"),
        (["--hocr", "./a.pdf"], "would overwrite the document"),
        (["--pdf", "b", "--hocr", "b"], "would overwrite the file of --pdf"),
        (["--pdf", "."], "is a folder"),
    ],
)
def test_a_target_that_would_do_harm_is_wrong_usage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    document = pdf_of(tmp_path / "a.pdf", print_lines).read_bytes()
    with pytest.raises(SystemExit) as end:
        main(["read", "a.pdf", *options])
    assert end.value.code == 3
    assert told in capsys.readouterr().err
    assert (tmp_path / "a.pdf").read_bytes() == document
