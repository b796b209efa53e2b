"""How much of a page OCR read right, estimated from what it says of itself and from the ink it left over.

Logistic regression on the measured word recall of scanned receipts, forms, books, typescript, letters and rasterised
reports (``python -m tests.bench.route DATA``). Confidence alone misses the pages where lines were left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

FEATURES = ("confidence", "unsure", "badly_read", "unread")
# Out of fold: off by 0.043 on 415 printed pages; of 23 with a word recall below 0.7 all lie under 0.84, as do 10 % of
# the others. Confidence alone catches 74 % of them at that price, the share of plausible words 9 %.
WEIGHTS = {"bias": -0.227, "confidence": 3.974, "unsure": 0.724, "badly_read": -3.924, "unread": -0.643}


def read_share(features: Mapping[str, float]) -> float:
    """Share of a page's words that were read right, 0 to 1, from the counts of :func:`engine.measure.page_features`.

    ``confidence`` mean over letters; ``unsure`` share of words below 0.6; ``badly_read`` and ``unread`` shares of
    the ink that no word above 0.6, and no word at all, covers.
    """
    score = WEIGHTS["bias"] + sum(WEIGHTS[name] * features[name] for name in FEATURES)
    return 1 / (1 + math.exp(-score))
