"""Ink of a page: counted once, and as exactly as the slower ways would."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageDraw

from engine.ink import components, dark_on_light, page_ink, percentile, to_grey
from tests.making import noise, page_of_print


@pytest.mark.parametrize("share", [0, 1, 50, 75, 90, 99.5, 100])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (97, 31)])
def test_a_percentile_is_that_of_numpy(share: float, size: tuple[int, int]) -> None:
    grey = np.asarray(noise(*size, seed=size[0]))
    assert percentile(grey, share) == pytest.approx(float(np.percentile(grey, share)), abs=1e-9)


def test_rules_are_no_strokes() -> None:
    image = page_of_print()
    without = page_ink(np.asarray(image))
    ImageDraw.Draw(image).line((100, 780, 900, 780), fill=0, width=3)
    found = page_ink(np.asarray(image))
    assert len(components(found.across)[1]) == len(components(without.across)[1]) + 1
    assert len(found.pieces) == len(without.pieces) > 100


def test_a_page_without_dark_fields_is_given_back_itself() -> None:
    image = page_of_print()
    grey = np.asarray(image)
    assert dark_on_light(grey) is grey
    ImageDraw.Draw(image).rectangle((100, 300, 900, 420), fill=20)
    turned = dark_on_light(np.asarray(image))
    assert turned[360, 500] > 200


def test_grey_stays_as_it_is() -> None:
    grey = np.asarray(page_of_print())
    assert to_grey(grey) is grey
    assert np.array_equal(to_grey(np.dstack([grey] * 3)), grey)
