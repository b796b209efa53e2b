"""Tables with and without rules, on pages drawn to be one thing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.ink import components
from engine.page import Box, Pixels, Word
from engine.rivers import rivers_in, stacks, words_to_rows
from engine.table_signal import captioned, table_signal

WIDTH, HEIGHT, LETTER = 1000, 1300, 16


class Sheet:
    """A page on which every word drawn is also read."""

    def __init__(self) -> None:
        self.image = Image.new("L", (WIDTH, HEIGHT), 255)
        self.draw = ImageDraw.Draw(self.image)
        self.words: list[Word] = []
        self.lines = 0

    def print(self, x: float, y: float, text: str) -> None:
        """Words of ``text`` from x, y on, px."""
        for word in text.split():
            self.draw.text((x, y), word, fill=0, font_size=LETTER)
            wide = self.draw.textlength(word, font_size=LETTER)
            box = Box(x / WIDTH, (y + 3) / HEIGHT, (x + wide) / WIDTH, (y + LETTER) / HEIGHT)
            self.words.append(Word(word, box, 0.95, self.lines))
            x += wide + 5
        self.lines += 1

    @property
    def pixels(self) -> Pixels:
        return np.asarray(self.image, dtype=np.uint8)


SAID = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "others", "look", "on", "now")


def prose(sheet: Sheet, top: int, lines: int, left: int = 100, length: int = 11) -> None:
    for i in range(lines):
        sheet.print(left, top + 26 * i, " ".join(SAID[(i * 5 + k) % len(SAID)] for k in range(length)))


def figures(sheet: Sheet, top: int, rows: int, columns: int = 4) -> None:
    for i in range(rows):
        sheet.print(120, top + 34 * i, f"item {chr(65 + i)}")
        for k in range(1, columns):
            sheet.print(120 + 190 * k, top + 34 * i, f"{(i + 3) * (k + 6)}.50")


def rules(sheet: Sheet, top: int, rows: int) -> None:
    for i in range(rows + 1):
        sheet.draw.line((105, top - 8 + 34 * i, 875, top - 8 + 34 * i), fill=0, width=2)
    for x in (105, 295, 485, 675, 875):
        sheet.draw.line((x, top - 8, x, top - 8 + 34 * rows), fill=0, width=2)


def test_a_table_without_rules_is_found_with_its_box() -> None:
    sheet = Sheet()
    prose(sheet, 100, 8)
    figures(sheet, 450, 9)
    prose(sheet, 900, 8)
    found = table_signal(sheet.pixels, sheet.words)
    assert found.probability > 0.8
    assert found.columns > 0.9
    (box,) = found.boxes
    assert (box.y0, box.y1) == pytest.approx((450 / HEIGHT, (450 + 8 * 34 + LETTER) / HEIGHT), abs=0.01)
    assert box.x0 == pytest.approx(0.12, abs=0.01)


def test_a_ruled_table_of_two_rows_is_found() -> None:
    sheet = Sheet()
    prose(sheet, 100, 20)
    figures(sheet, 700, 2)
    rules(sheet, 700, 2)
    prose(sheet, 850, 12)
    assert table_signal(sheet.pixels, sheet.words).probability > 0.5


@pytest.mark.parametrize("columns", [1, 2])
def test_prose_is_no_table_in_one_column_or_two(columns: int) -> None:
    sheet = Sheet()
    for k in range(columns):
        prose(sheet, 100, 40, 80 + 450 * k, 11 if columns == 1 else 7)
    found = table_signal(sheet.pixels, sheet.words)
    assert found.probability < 0.3
    assert found.boxes == ()


def test_a_page_without_words_or_ink_has_no_table() -> None:
    found = table_signal(np.full((HEIGHT, WIDTH), 255, np.uint8), ())
    assert found.probability < 0.1
    assert (found.columns, found.boxes) == (0.0, ())


def test_noise_has_more_pieces_than_short_labels_hold_and_is_no_table() -> None:
    noise = ((np.random.default_rng(1).random((1500, 1000)) > 0.15) * 255).astype(np.uint8)
    assert len(components(np.asarray(255 - noise, dtype=np.uint8))[1]) > 2**16
    assert table_signal(noise, ()).probability < 0.5


def test_rows_stack_as_long_as_a_river_runs_on() -> None:
    sheet = Sheet()
    figures(sheet, 100, 5)
    sheet.print(100, 290, "one long line of words that runs across all of the columns and ends what stood above it so")
    figures(sheet, 330, 3)
    page = words_to_rows(sheet.words, WIDTH, HEIGHT)
    assert [len(row.cells) for row in page.rows] == [4] * 5 + [1] + [4] * 3
    assert next((s.first, s.last) for s in stacks(page)[3]) == (0, 4)


@pytest.mark.parametrize(("taken", "rivers"), [(0, 0), (0b1, 0), (0b1001, 1), (0b101, 0), (0b110001001, 2)])
def test_rivers_are_gaps_of_two_steps_between_what_is_taken(taken: int, rivers: int) -> None:
    assert rivers_in(taken, 2) == rivers


@pytest.mark.parametrize(
    ("line", "said"), [("Table 3 Wages", True), ("Tabelle IV", True), ("the Table 3", False), ("Table of kings", False)]
)
def test_a_caption_begins_its_line_and_has_a_number(line: str, said: bool) -> None:
    sheet = Sheet()
    sheet.print(100, 100, line)
    assert captioned(sheet.words) is said
