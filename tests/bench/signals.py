"""Handwriting and table signals against labelled pages: k-fold accuracy, and (with --write) the shipped weights.

    python -m tests.bench.signals DATA [--cache FILE] [--write]

DATA holds page_labels.jsonl (one row a page: set, file, page, handwriting, has_table) and the sets it names.
"""

from __future__ import annotations

import argparse
import json
import pickle
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.config import Config
from engine.errors import EngineError
from engine.label.fit import fit_probability
from engine.label.rank import probability
from engine.measure import page_features
from engine.ocr.tesseract import Tesseract
from engine.prepare import prepare
from engine.receive import receive
from engine.upright import upright
from tests.bench.datasets import ROOT

FOLDS = 5
HANDWRITING = (
    "confidence", "unsure", "plausible", "joined", "tall", "spread", "filled", "unread", "badly_read", "wobble",
    "numeric",
)  # fmt: skip
TABLE = ("rules_across", "rules_down", "crossings", "wide_rows", "aligned", "numeric", "blocks", "few_words")


@dataclass(frozen=True)
class Labelled:
    set: str
    path: Path
    page: int
    handwriting: str
    table: bool | None


def labelled(data: Path) -> Iterator[Labelled]:
    for line in (data / "page_labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        yield Labelled(
            row["set"], data / row["set"] / row["file"], row["page"] + 1, row["handwriting"], row["has_table"]
        )
    for path in sorted((data / "sroie2019" / "docs").glob("*.jpg"))[::3]:  # receipts: print by their nature
        yield Labelled("sroie2019", path, 1, "none", None)
    for path in sorted((data / "vrdu_adbuy" / "docs").glob("*.pdf"))[::4]:  # orders with a table of spots
        yield Labelled("vrdu_adbuy", path, 1, "none", True)


def measure(item: Labelled) -> tuple[Labelled, dict[str, float]] | None:
    config = Config(route="ocr")
    try:
        image = upright(prepare(receive(item.path, config), item.page, config))
        return item, page_features(image, Tesseract().read(image))[2]
    except EngineError as error:
        print(f"left out: {item.path.name}: {error}")
        return None


def fit(rows: Sequence[tuple[dict[str, float], bool]]) -> dict[str, float]:
    return fit_probability([{"bias": 1.0} | f for f, _ in rows], [y for _, y in rows], penalty=0.05)


def cross_validate(name: str, rows: Sequence[tuple[Labelled, dict[str, float], bool]]) -> None:
    found = []
    for fold in range(FOLDS):
        train = [(f, y) for item, f, y in rows if part(item) != fold]
        weights = fit(train)
        found += [(probability({"bias": 1.0} | f, weights), y, item) for item, f, y in rows if part(item) == fold]
    right = sum((p >= 0.5) == y for p, y, _ in found)
    pairs = [(a, b) for a, y, _ in found if y for b, z, _ in found if not z]
    auc = sum((a > b) + 0.5 * (a == b) for a, b in pairs) / max(len(pairs), 1)
    positive = sum(y for _, y, _ in found)
    print(f"{name:12} pages {len(found)}  positive {positive}  right at 0.5: {right / len(found):.3f}  AUC {auc:.3f}")
    for p, y, item in found:
        if (p >= 0.5) != y:
            print(f"    wrong: {item.set}/{item.path.name} p{item.page} said {p:.2f}, is {y}")


def part(item: Labelled) -> int:
    return zlib.crc32(item.path.name.encode()) % FOLDS


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--cache", type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    if options.cache and options.cache.exists():
        measured = pickle.loads(options.cache.read_bytes())  # noqa: S301 - a file this script wrote
    else:
        with ThreadPoolExecutor(2) as workers:
            measured = [m for m in workers.map(measure, labelled(options.data)) if m]
        if options.cache:
            options.cache.write_bytes(pickle.dumps(measured))
    hand = [(item, {n: f[n] for n in HANDWRITING}, item.handwriting in ("substantial", "full")) for item, f in measured]
    table = [(item, {n: f[n] for n in TABLE}, item.table) for item, f in measured if item.table is not None]
    cross_validate("handwriting", hand)
    cross_validate("table", table)
    if options.write:
        weights = {
            "handwriting": fit([(f, y) for _, f, y in hand]),
            "table": fit([(f, y) for _, f, y in table]),
        }
        (ROOT / "engine" / "signals.json").write_text(json.dumps(weights, indent=1) + "\n")


if __name__ == "__main__":
    main()
