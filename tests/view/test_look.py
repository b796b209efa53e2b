"""The look: what is written can be read (WCAG 2.2 AA), in light and dark; its files load nothing."""

from __future__ import annotations

import re
from itertools import product

import pytest

from engine.overlay import COLOURS
from engine.view.look import LOOK, MARKS, VIEWER, part

TOKENS: dict[str, tuple[str, str]] = {
    name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", part(LOOK))
}
VERDICTS = ("confirmed", "contradicted", "silent", "unchecked", "human")
GROUNDS = ("ground", "sheet", "raised", "tint")
TEXTS = [
    *product(("ink", "faint", "accent", *VERDICTS), GROUNDS),
    *((verdict, f"{verdict}-tint") for verdict in VERDICTS),
    *(("ink", f"{verdict}-tint") for verdict in VERDICTS),
    ("on-accent", "accent"),
]


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    at = ("light", "dark").index(theme)
    poor = {pair: round(contrast(*(TOKENS[name][at] for name in pair)), 2) for pair in TEXTS}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_and_marks_stand_out(theme: str) -> None:
    at = ("light", "dark").index(theme)
    pairs = [*product(("edge", "accent"), ("ground", "sheet")), *product(VERDICTS, ["on-mark"])]
    poor = {pair: round(contrast(*(TOKENS[name][at] for name in pair)), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 3} == {}


def test_boxes_stand_out_on_paper_and_in_pictures_are_the_same() -> None:
    hues = dict(re.findall(r"\.box\.(\w+) \{ --hue: (#\w{6});", part(LOOK)))
    hues["unchecked"] = re.findall(r"\.box \{\s+--hue: (#\w{6});", part(LOOK))[0]
    assert set(hues) == set(VERDICTS)
    assert {name: hue for name, hue in hues.items() if contrast(hue, "#ffffff") < 4.5} == {}
    assert {name: "#{:02x}{:02x}{:02x}".format(*colour) for name, colour in COLOURS.items()} == hues


def test_each_verdict_has_an_outline_and_a_mark_of_its_own() -> None:
    outlines = re.findall(r"\.box\.\w+ \{ --hue: #\w{6}; (outline-style: \w+; outline-width: [\d.]+px)", part(LOOK))
    assert len(outlines) == len(set(outlines)) == 4  # the fifth, unchecked, is dotted as the rule for all says
    symbols = dict(re.findall(r'<symbol id="mark-(\w+)"[^>]*>(.*?)</symbol>', part(MARKS)))
    drawn = [symbols[verdict] for verdict in VERDICTS]
    assert len(set(drawn)) == len(VERDICTS)


@pytest.mark.parametrize("name", [LOOK, MARKS, VIEWER])
def test_nothing_is_loaded_and_nothing_is_written_as_html(name: str) -> None:
    text = part(name).replace("http://www.w3.org/2000/svg", "")  # the name of SVG itself
    assert not re.search(r"https?://|@import|innerHTML\s*[+=]|insertAdjacentHTML|document\.write|eval\(|\son\w+=", text)
