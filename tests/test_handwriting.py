"""Handwriting: print has none, a hand's lines have boxes where they stand, and paper does not count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.config import Config
from engine.handwriting import CELL, InkMap, find_patches, folded, handwriting, ink_map, page_amounts, strokes
from engine.page import PageImage, Pixels
from engine.prepare import prepare
from engine.receive import receive
from tests.making import noise, page_of_print

FIXTURES = Path(__file__).parents[1] / "fixtures"


def grey(name: str) -> Pixels:
    pixels = prepare(receive(FIXTURES / name, Config()), 1, Config()).pixels
    return np.asarray(pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def letter() -> Pixels:
    return grey("letter_handwritten/letter.jpg")


def page(pixels: Pixels) -> PageImage:
    return PageImage(1, pixels, None)


def test_print_holds_no_handwriting() -> None:
    probability, regions = handwriting(page(np.asarray(page_of_print())))
    assert probability < 0.3
    assert regions == ()


def test_a_blank_page_holds_none() -> None:
    assert handwriting(page(np.full((800, 1000), 250, np.uint8))) == (0.0, ())


def test_a_letter_by_hand_is_found_on_any_paper() -> None:
    pixels = letter()
    black_on_white = np.where(pixels > np.median(pixels) - 40, 255, 0).astype(np.uint8)
    dark_paper = (pixels.astype(int) * 6 // 10 + 20).astype(np.uint8)
    for copy in (pixels, black_on_white, dark_paper):
        probability, regions = handwriting(page(copy))
        assert probability > 0.5
        assert regions


def test_lines_by_hand_in_print_have_boxes_where_they_stand() -> None:
    printed = np.array(page_of_print())
    height, width = printed.shape
    written = letter()
    top = written.shape[0] // 3
    part = cv2.resize(written[top : top + written.shape[0] // 6], (width * 8 // 10, height // 6))
    sheet = np.full((height * 2, width), 255, np.uint8)
    sheet[:height] = printed
    sheet[height + 100 : height + 100 + part.shape[0], width // 10 : width // 10 + part.shape[1]] = part
    _, regions = handwriting(page(sheet))
    assert regions
    assert all(region.kind == "handwriting" and region.box.y0 > 0.45 for region in regions)


@pytest.mark.parametrize("size", [(8, 8), (1, 3000), (3000, 1), (40, 4000)])
def test_pages_of_any_shape_are_measured(size: tuple[int, int]) -> None:
    probability, _ = handwriting(page(np.full(size, 200, np.uint8)))
    assert 0 <= probability <= 1


def test_strokes_are_as_dark_on_faint_pages_and_rules_are_gone() -> None:
    sheet = np.full((1200, 900), 250, np.uint8)
    cv2.putText(sheet, "faint", (200, 300), cv2.FONT_HERSHEY_SIMPLEX, 2, 200, 4)
    cv2.line(sheet, (50, 600), (850, 600), 0, 3)
    ink = strokes(sheet)
    assert ink.max() > 0.9
    assert ink[int(0.48 * ink.shape[0]) : int(0.52 * ink.shape[0])].max() == 0


def test_patches_join_letters_and_leave_specks_out() -> None:
    written, ink = np.zeros((40, 40), np.float32), np.full((40, 40), 20, np.float32)
    written[10:13, 5:20] = 0.9
    written[10:13, 12] = 0  # a gap between two words
    written[30, 30] = 0.9
    found = InkMap(written, ink)
    (patch,) = find_patches(found)
    assert (patch.x0, patch.y0, patch.x1, patch.y1) == (5, 10, 20, 13)
    amounts = page_amounts(found, [patch])
    assert amounts["after_first"] == 0
    assert 0 < amounts["share"] < 0.1
    assert CELL == 8  # the net's stride: the features are fitted on it


def test_the_net_sees_every_square_of_two_by_two_pixels_as_one() -> None:
    ink = np.arange(24, dtype=np.float32).reshape(4, 6)
    found = folded(ink)
    assert found.shape == (1, 4, 2, 3)
    assert found[0, :, 1, 2].tolist() == [ink[2, 4], ink[2, 5], ink[3, 4], ink[3, 5]]


def test_threads_that_share_the_net_see_each_their_own_page() -> None:
    written, printed = ink_map(noisy(3)), ink_map(noisy(7))
    with ThreadPoolExecutor(4) as workers:
        found = list(workers.map(lambda seed: ink_map(noisy(seed)), [3, 7] * 6))
    for one, alone in zip(found, [written, printed] * 6, strict=True):
        assert np.array_equal(one.written, alone.written)


def noisy(seed: int) -> Pixels:
    return np.asarray(noise(400, 300, seed))
