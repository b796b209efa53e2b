"""The text of a line's pixels, letter by letter with its place: PP-OCR's recogniser, cut down to Latin script."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.ocr.networks import Tensor, characters, network
from engine.page import Pixels

HEIGHT = 48  # px, the height of line the recogniser was trained on
STEP = 8  # px of that line to a step of the recogniser
NARROWEST, WIDEST = 64, 4000  # px
GAP, DIGIT_GAP = 0.3, 0.5  # line heights of blank paper from which two letters, two digits, are two words

_Letter = tuple[str, float, float]  # text, place in px along the line, confidence


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a line; ``start`` and ``end`` are shares of the line's length, ``confidence`` 0..1."""

    text: str
    start: float
    end: float
    confidence: float


def read_line(pixels: Pixels) -> tuple[Token, ...]:
    """The words of a line, from left to right."""
    high, wide = pixels.shape[:2]
    if high < 2 or wide < 2:
        return ()
    width = min(max(round(wide * HEIGHT / high), STEP), WIDEST)
    how = cv2.INTER_AREA if high > 1.5 * HEIGHT else cv2.INTER_LINEAR
    line = np.asarray(cv2.resize(pixels, (width, HEIGHT), interpolation=how), dtype=np.uint8)
    shares = network("recognise")(_tensor(line))[0]
    return steps_to_tokens(shares, line)


def _tensor(line: Pixels) -> Tensor:
    width = max(NARROWEST, -(-line.shape[1] // STEP) * STEP)
    planes = np.zeros((1, 3, HEIGHT, width), np.float32)  # padded with mid-grey, as in training
    colour = line[None] if line.ndim == 2 else line[:, :, ::-1].transpose(2, 0, 1)
    planes[0, :, :, : line.shape[1]] = colour.astype(np.float32) / 127.5 - 1
    return planes


def steps_to_tokens(shares: NDArray[np.float32], line: Pixels) -> tuple[Token, ...]:
    """Greedy CTC: the likeliest class of each step, repeats and "no letter" dropped, cut at spaces."""
    best, sure = shares.argmax(axis=1), shares.max(axis=1)
    names, width = characters(), line.shape[1]
    letters: list[_Letter] = []
    for i, (index, share) in enumerate(zip(best.tolist(), sure.tolist(), strict=True)):
        if index and (i == 0 or index != best[i - 1]):
            letters.append((names[index], min((i + 0.5) * STEP, width - 1), share))
    blank = ink_free(line)
    words: list[list[_Letter]] = [[]]
    for letter in letters:
        if letter[0].isspace():
            words.append([])
            continue
        if words[-1] and _far_apart(blank, words[-1][-1], letter):  # a space that the network did not tell
            words.append([])
        words[-1].append(letter)
    words = [word for word in words if word]
    return _placed(words, blank) if words else ()


def ink_free(line: Pixels) -> NDArray[np.bool_]:
    """Which columns of a line hold no ink."""
    grey = line if line.ndim == 2 else cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(ink[HEIGHT // 8 : -HEIGHT // 8].sum(axis=0) == 0)


def _far_apart(blank: NDArray[np.bool_], before: _Letter, letter: _Letter) -> bool:
    """Digits and what stands between them (a faint point is blank paper) must stand farther apart than letters."""
    letters = before[0].isalpha() or letter[0].isalpha()
    return _gap(blank, before[1], letter[1]) >= (GAP if letters else DIGIT_GAP) * HEIGHT


def _gap(blank: NDArray[np.bool_], left: float, right: float) -> int:
    """The widest run of blank columns between two places, in px."""
    part = np.flatnonzero(~blank[int(left) : int(right) + 1])
    return int(np.diff(part).max() - 1) if len(part) > 1 else 0


def _placed(words: list[list[_Letter]], blank: NDArray[np.bool_]) -> tuple[Token, ...]:
    """Words with their ends: halfway to their neighbours, drawn in to the ink."""
    width = len(blank)
    cuts = [0.0]
    for before, after in pairwise(words):
        cuts.append(_middle(blank, before[-1][1], after[0][1]))
    cuts.append(float(width))
    tokens = []
    for word, (start, end) in zip(words, pairwise(cuts), strict=True):
        ink = np.flatnonzero(~blank[int(start) : max(int(end), int(start) + 1)])
        left, right = (start + ink[0], start + ink[-1] + 1) if len(ink) else (start, end)
        text = "".join(letter[0] for letter in word)
        tokens.append(Token(text, float(left) / width, float(right) / width, min(letter[2] for letter in word)))
    return tuple(tokens)


def _middle(blank: NDArray[np.bool_], left: float, right: float) -> float:
    """The middle of the widest blank run between two places, else the middle of the two."""
    part = np.flatnonzero(~blank[int(left) : int(right) + 1])
    if len(part) > 1:
        widest = int(np.diff(part).argmax())
        if part[widest + 1] - part[widest] > 1:
            return int(left) + float(part[widest] + part[widest + 1] + 1) / 2
    return (left + right) / 2
