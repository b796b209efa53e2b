"""When a PDF's own words may stand in for reading the page, and when not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from engine.config import Config
from engine.receive import receive
from engine.text_layer import TextLayer, text_layer, trust
from tests.making import SENTENCES, noise, page_of_print, pdf_of, print_lines

CONFIG = Config()


def _layer(path: Path) -> TextLayer:
    return text_layer(receive(path, CONFIG), 1, CONFIG)


def _lines(layer: TextLayer) -> list[str]:
    last = max(word.line for word in layer.words)
    return [" ".join(word.text for word in layer.words if word.line == n) for n in range(last + 1)]


def _invisible(canvas: Canvas) -> None:
    text = canvas.beginText(72, 700)
    text.setTextRenderMode(3)
    for sentence in SENTENCES:
        text.textLine(sentence)
    canvas.drawText(text)


def test_a_digital_page_is_trusted_and_its_words_come_in_order(tmp_path: Path) -> None:
    layer = _layer(pdf_of(tmp_path / "a.pdf", lambda canvas: print_lines(canvas, lines=4)))
    assert trust(layer) == (True, "the text layer covers the page's text (44 words)")
    assert _lines(layer) == list(SENTENCES)
    assert {word.confidence for word in layer.words} == {1.0}


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_fractions_of_the_upright_page(tmp_path: Path, rotation: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        canvas.setFont("Helvetica", 20)
        canvas.drawString(61.2, 792 - 79.2, "HERE")  # a tenth from the left, its foot a tenth from the top

    size = (612, 792) if rotation in (0, 180) else (792, 612)  # reportlab swaps them for a turned page
    box = _layer(pdf_of(tmp_path / "a.pdf", draw, size)).words[0].box
    left, foot = {
        0: (box.x0, box.y1),
        90: (box.y0, 1 - box.x0),
        180: (1 - box.x1, 1 - box.y0),
        270: (1 - box.y1, box.x1),
    }[rotation]
    assert (left, foot) == (pytest.approx(0.1, abs=0.005), pytest.approx(0.1, abs=0.005))


def test_the_crop_box_is_the_page(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setCropBox((306, 396, 612, 792))
        canvas.setFont("Helvetica", 20)
        canvas.drawString(306 + 30.6, 396 + 198, "HERE")

    box = _layer(pdf_of(tmp_path / "a.pdf", draw)).words[0].box
    assert (box.x0, box.y1) == (pytest.approx(0.1, abs=0.01), pytest.approx(0.5, abs=0.01))


def test_a_page_drawn_in_any_order_is_put_in_order_from_the_top(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for row in (7, 3, 9, 1, 5, 0, 8, 2, 6, 4):
            canvas.drawString(300, 700 - 20 * row, f"value{row}")
        for row in (2, 0, 9, 4, 1, 8, 3, 7, 5, 6):
            canvas.drawString(72, 700 - 20 * row, f"label{row}")

    assert _lines(_layer(pdf_of(tmp_path / "a.pdf", draw))) == [f"label{n} value{n}" for n in range(10)]


def test_columns_drawn_one_after_the_other_stay_whole(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for left in (72, 480):
            print_lines(canvas, left=left, lines=10)

    lines = _lines(_layer(pdf_of(tmp_path / "a.pdf", draw, (900, 792))))
    assert lines == [SENTENCES[n % 4] for n in range(10)] * 2


def test_a_form_value_is_part_of_the_layer(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        print_lines(canvas)
        canvas.acroForm.textfield(value="Filled", x=100, y=300, width=300, height=30)

    layer = _layer(pdf_of(tmp_path / "a.pdf", draw))
    assert "Filled" in [word.text for word in layer.words]
    assert trust(layer)[0]


def test_a_logo_does_not_spoil_a_page(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        print_lines(canvas, top=600)
        canvas.drawImage(ImageReader(page_of_print(600, 200)), 72, 700, 120, 40)

    assert trust(_layer(pdf_of(tmp_path / "a.pdf", draw)))[0]


# ----------------------------------------------------------------------------------------------- not trusted


def _over_a_scan(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(page_of_print(1224, 1584)), 0, 0, 612, 792)
    print_lines(canvas)


def _under_a_scan(canvas: Canvas) -> None:
    print_lines(canvas)
    canvas.drawImage(ImageReader(page_of_print(1224, 1584)), 0, 0, 612, 792)


def _invisible_over_a_scan(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(page_of_print(1224, 1584)), 0, 0, 612, 792)
    _invisible(canvas)


def _white_on_white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(1, 1, 1)
    print_lines(canvas)


def _covered_by_a_box(canvas: Canvas) -> None:
    print_lines(canvas)
    canvas.rect(36, 400, 540, 350, fill=1)


def _off_the_page(canvas: Canvas) -> None:
    print_lines(canvas, left=700)


def _tiny(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 1)
    for number in range(10):
        canvas.drawString(72, 700 - 10 * number, SENTENCES[0])


def _some_hidden(canvas: Canvas) -> None:
    print_lines(canvas, top=500)
    _invisible(canvas)


def _shifted_codes(canvas: Canvas) -> None:
    for number in range(12):
        text = SENTENCES[number % 4].translate(str.maketrans("aeiou", "xzkbq"))
        canvas.drawString(72, 700 - 16 * number, text)


def _signs(canvas: Canvas) -> None:
    canvas.drawString(72, 700, "\"7+%- $)'#")


def _half_in_a_picture(canvas: Canvas) -> None:
    print_lines(canvas, top=740, lines=8)
    canvas.drawImage(ImageReader(page_of_print(1000, 600)), 72, 100, 468, 280)


def _sideways(canvas: Canvas) -> None:
    canvas.rotate(90)
    print_lines(canvas, left=100, top=-100)


DOUBTS = {
    _over_a_scan: "old OCR layer",
    _under_a_scan: "old OCR layer",
    _invisible_over_a_scan: "cannot be seen",
    _invisible: "cannot be seen",
    _white_on_white: "cannot be seen",
    _covered_by_a_box: "cannot be seen",
    _off_the_page: "cannot be seen|no text layer",
    _tiny: "cannot be seen",
    _some_hidden: "words of the text layer cannot be seen",
    _shifted_codes: "garbled",
    _signs: "garbled",
    _half_in_a_picture: "is not in the text layer",
    _sideways: "sideways",
}


@pytest.mark.parametrize("draw", DOUBTS, ids=lambda draw: draw.__name__)
def test_a_layer_is_doubted_with_its_reason(tmp_path: Path, draw: object) -> None:
    trusted, why = trust(_layer(pdf_of(tmp_path / "a.pdf", draw)))  # type: ignore[arg-type]
    assert not trusted
    assert any(part in why for part in DOUBTS[draw].split("|")), why  # type: ignore[index]


def test_words_that_cannot_be_seen_are_left_out(tmp_path: Path) -> None:
    layer = _layer(pdf_of(tmp_path / "a.pdf", _some_hidden))
    assert layer.hidden == sum(len(sentence.split()) for sentence in SENTENCES)
    assert min(word.box.y0 for word in layer.words) > 0.3


def test_pages_and_images_without_words_have_no_layer(tmp_path: Path) -> None:
    noise(200, 100).save(tmp_path / "a.png")
    assert trust(_layer(tmp_path / "a.png")) == (False, "there is no text layer")
    blank = pdf_of(tmp_path / "a.pdf", lambda canvas: canvas.rect(0, 0, 1, 1))
    assert trust(_layer(blank)) == (False, "there is no text layer")
    scan = pdf_of(tmp_path / "b.pdf", lambda canvas: canvas.drawImage(ImageReader(Image.new("L", (99, 99))), 0, 0))
    assert trust(_layer(scan)) == (False, "there is no text layer")
