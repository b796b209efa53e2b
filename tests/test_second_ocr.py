"""The second reader and what two readers make of one page together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from engine.ocr import Ocr, networks
from engine.ocr.agree import compared, merge, places
from engine.ocr.both import Both
from engine.ocr.find_lines import Line, cut_out, map_to_lines
from engine.ocr.paddle import Paddle
from engine.ocr.read_lines import STEP, read_line, steps_to_tokens
from engine.page import Box, PageImage, Word
from tests.making import SENTENCES, page_of_print


def page() -> PageImage:
    return PageImage(1, np.asarray(page_of_print()), None)


def word(
    text: str, x0: float, x1: float, *, y: float = 0.5, confidence: float = 0.9, reader: str = "tesseract"
) -> Word:
    return Word(text, Box(x0, y - 0.01, x1, y + 0.01), confidence, 0, reader)  # type: ignore[arg-type]


@pytest.fixture
def by_opencv(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The networks are run by OpenCV even where ONNX Runtime is installed."""
    networks.network.cache_clear()
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    yield
    networks.network.cache_clear()


def test_words_come_with_boxes_confidence_and_lines() -> None:
    reader: Ocr = Paddle()
    words = reader.read(page())
    text = " ".join(word.text for word in words)
    assert SENTENCES[0] in text
    fox = next(word for word in words if word.text == "fox")
    lazy = next(word for word in words if word.text == "lazy")
    assert fox.line == lazy.line
    assert fox.box.x1 < lazy.box.x0
    assert 40 / 800 < fox.box.cy < 80 / 800
    assert all(0 <= word.confidence <= 1 and word.reader == "paddle" for word in words)
    assert all(word.other is None and word.agreed is None for word in words)


def test_an_empty_page_has_no_words() -> None:
    assert Paddle().read(PageImage(1, np.full((400, 300), 255, np.uint8), None)) == ()
    assert read_line(np.full((1, 1), 255, np.uint8)) == ()


def test_a_line_is_read_by_itself_in_grey_and_in_colour() -> None:
    image = np.full((40, 420), 255, np.uint8)
    cv2.putText(image, "Total 1,234.50", (10, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2, cv2.LINE_AA)
    tokens = read_line(image)
    assert [token.text for token in tokens] == ["Total", "1,234.50"]
    assert min(token.confidence for token in tokens) > 0.8
    assert read_line(np.repeat(image[:, :, None], 3, axis=2)) == tokens


def test_opencv_reads_what_onnx_runtime_reads(request: pytest.FixtureRequest) -> None:
    pytest.importorskip("onnxruntime")
    assert networks.runner() == "onnxruntime"
    found = [w.text for w in Paddle().read(page())]
    request.getfixturevalue("by_opencv")
    assert networks.runner() == "opencv"
    assert [w.text for w in Paddle().read(page())] == found


def different_pages() -> list[PageImage]:
    """Pages of their own size and text, so that a thread that reads another's page is found out."""
    return [PageImage(i, page().pixels[40 * i :, :], None) for i in range(4)]


def test_pages_are_read_side_by_side_as_one_after_the_other() -> None:
    alone = [Paddle().read(image) for image in different_pages()]
    assert len({len(words) for words in alone}) > 1
    with ThreadPoolExecutor(4) as workers:
        assert list(workers.map(Paddle().read, different_pages() * 2)) == alone * 2


@pytest.mark.usefixtures("by_opencv")
def test_pages_are_read_side_by_side_by_opencv_as_one_after_the_other() -> None:
    test_pages_are_read_side_by_side_as_one_after_the_other()


@pytest.mark.usefixtures("by_opencv")
def test_the_processs_threads_are_left_as_they_were() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        Paddle().read(page())
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


FORKS = """
import os
from engine.ocr.paddle import Paddle
from tests.test_second_ocr import page

found = Paddle().read(page())
child = os.fork()
if not child:
    os._exit(0 if Paddle().read(page()) == found else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_reads_too() -> None:
    with subprocess.Popen([sys.executable, "-c", FORKS], start_new_session=True) as parent:
        try:
            assert parent.wait(timeout=40) == 0
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, 9)  # the child that hangs too


def test_the_detectors_map_becomes_lines_and_a_sloping_one_is_cut_out_level() -> None:
    share = np.zeros((64, 128), np.float32)
    share[20:30, 10:100] = 0.9
    share[50:52, 10:12] = 0.9  # a speck
    (line,) = map_to_lines(share, 2.0, 2.0)
    assert (line.x, line.y) == (pytest.approx(110, abs=3), pytest.approx(50, abs=3))
    assert line.length > line.height > 20
    slanted = np.full((200, 200), 255, np.uint8)
    cv2.line(slanted, (20, 80), (180, 120), 0, 6)
    level = cut_out(slanted, Line(100, 100, 160, 30, float(np.degrees(np.arctan2(40, 160))), 1.0))
    assert level.shape == (30, 160)
    assert (level[13:17, 10:150] < 128).all()


def test_letters_far_apart_are_two_words_even_when_read_as_one() -> None:
    names = networks.characters()
    shares = np.zeros((12, len(names)), np.float32)
    shares[:, 0] = 1
    line = np.full((48, 12 * STEP), 255, np.uint8)
    for step, letter in ((1, "1"), (2, "2"), (9, "3"), (10, "4")):
        shares[step] = 0
        shares[step, names.index(letter)] = 0.8
        line[10:40, step * STEP + 2 : step * STEP + 7] = 0
    first, second = steps_to_tokens(shares, line)
    assert (first.text, second.text) == ("12", "34")
    assert (first.start, first.end) == (pytest.approx(10 / 96), pytest.approx(23 / 96))
    assert first.confidence == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("mine", "other", "agreed"),
    [
        (["Total", "9.00"], ["Total:", "9.00"], [True, True]),
        (["Total", "9.00"], ["Total9.00"], [True, True]),
        (["RM", "9.00"], ["RM", "19.00"], [True, False]),
        (["58", "30"], ["58.30"], [False, False]),
        (["58.30"], ["58", "30"], [False]),
        (["1,234.50"], ["1.234.50"], [False]),
        (["Total."], ["(Total"], [True]),
        (["9.00."], ['"9.00'], [True]),
        (["9.00:"], ["9.00"], [True]),
        (["(9.00)"], ["9.00"], [False]),
        (["9.00"], ["(9.00)"], [False]),
        (["-9.00"], ["9.00"], [False]),
        (["9.00"], ["-9.00"], [False]),
        (["9.00-"], ["9.00"], [False]),
        ([".50"], ["50"], [False]),
        (["<5"], ["5"], [False]),
        (["~5"], ["5"], [False]),
        (["-9.00"], ["-9.00"], [True]),
        (["RM", "9.00"], ["RM-9.00"], [True, False]),
        (["RM", "50"], ["RM.50"], [True, False]),
        (["9.00", "CR"], ["9.00-CR"], [False, True]),
        (["Total", "9.00"], ["Total", "-", "9.00"], [True, False]),
        (["-"], ["-"], [True]),
        (["Total"], [], [False]),
    ],
)
def test_agreement_is_by_whole_words_and_whole_numbers(mine: list[str], other: list[str], agreed: list[bool]) -> None:
    found = compared([word(text, 0, 1) for text in mine], [word(text, 0, 1) for text in other])
    assert [w.agreed for w in found] == agreed
    assert [w.text for w in found] == mine


def test_places_are_words_on_the_same_ink() -> None:
    first = [word("Total", 0.1, 0.2), word("9.00", 0.3, 0.4), word("below", 0.1, 0.2, y=0.6)]
    second = [word("Total9.00", 0.1, 0.4, reader="paddle"), word("new", 0.7, 0.8, reader="paddle")]
    found = {(tuple(w.text for w in p.first), tuple(w.text for w in p.second)) for p in places(first, second)}
    assert found == {(("Total", "9.00"), ("Total9.00",)), (("below",), ()), ((), ("new",))}


def test_a_merged_page_says_who_read_what_and_what_the_other_saw() -> None:
    first = [word("Tota1", 0.1, 0.2, confidence=0.4), word("9.00", 0.3, 0.4)]
    second = [word("Total", 0.1, 0.2, reader="paddle"), word("9.00", 0.3, 0.4, reader="paddle")]
    total, amount = merge(first, second, lambda place: place.first[0].confidence > 0.5)
    assert (total.text, total.reader, total.other, total.agreed) == ("Total", "paddle", "Tota1", False)
    assert (amount.text, amount.reader, amount.agreed) == ("9.00", "tesseract", True)
    assert total.line == amount.line == 0


def test_what_the_other_saw_is_told_as_it_saw_it_even_where_both_agree() -> None:
    (found,) = compared([word("Total", 0, 1)], [word("(Total:", 0, 1)])
    assert (found.text, found.other, found.agreed) == ("Total", "(Total:", True)


@pytest.mark.parametrize("who", [0, 1])
def test_a_number_beside_a_sign_that_one_reader_did_not_see_is_not_agreed_on(who: int) -> None:
    signed = [word("-", 0.1, 0.12), word("9.00", 0.2, 0.3), word("8.00", 0.2, 0.3, y=0.6)]
    bare = signed[1:]
    first, second = (signed, bare) if who == 0 else (bare, signed)
    found = merge(first, second, lambda place: bool(place.first))
    assert [(w.text, w.agreed) for w in found] == [("-", False), ("9.00", False), ("8.00", True)]
    assert [w.agreed for w in merge(signed, signed, lambda place: True)] == [True, True, True]


class Blind:
    name = "blind"

    def read(self, image: PageImage) -> tuple[Word, ...]:
        return ()


def test_a_page_the_first_reader_could_not_read_is_read_by_the_second() -> None:
    words = Both(Blind()).read(page())
    assert {w.reader for w in words} == {"paddle"}
    assert {w.other for w in words} == {""}
