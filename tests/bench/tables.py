"""The table signal on labelled pages: between files, with whole sets left out, and where tables are.

    python -m tests.bench.tables DATA [--write]

Every page is read once and kept below .bench. Reports are measured thrice: rasterised (OCR), the same with every
rule painted over, and digital (text layer). A copy of each with its tables wiped off helps fitting, so that it is the
table that decides, and is not measured. Printed books have no label: they help fitting as pages without tables.
--write fits on all of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from engine.config import Config
from engine.errors import EngineError
from engine.ink import grey_to_ink, ink_to_rules, swollen
from engine.label.fit import fit_probability
from engine.label.rank import probability
from engine.measure import shrink
from engine.ocr.tesseract import Tesseract
from engine.page import Box, PageImage, Pixels, Word
from engine.prepare import prepare
from engine.receive import receive
from engine.table_signal import Numbers, table_features
from engine.text_layer import text_layer, trust
from engine.upright import upright
from tests.bench.datasets import ROOT

STORE = ROOT / ".bench" / "pages"
REPORTS = "icdar2013_tables"
PRINT = ("oldbooks_otsu300", "htr_fondue_en_print")  # prose without tables, by their nature
UNRULED = "ocr, no rules"
SOURCES = ("ocr", UNRULED, "text_layer")
FOLDS, SEEDS = 5, 3
PENALTY = 5.0  # on standardised features; 2 to 20 give the same area under the curve within 0.002


@dataclass(frozen=True)
class Item:
    """A labelled page; ``table`` None where nobody said whether it holds one."""

    set: str
    path: Path
    page: int
    handwriting: str | None
    table: bool | None


@dataclass(frozen=True)
class View:
    """A page as one reader saw it: ``png`` is the working image in grey, ``size`` the upright page in px."""

    source: str
    png: bytes
    size: tuple[int, int]
    words: tuple[Word, ...]

    @property
    def image(self) -> PageImage:
        found = cv2.imdecode(np.frombuffer(self.png, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert found is not None
        return PageImage(1, np.asarray(found, dtype=np.uint8), None)


@dataclass(frozen=True)
class Row:
    """One view of a page with its features; ``judged`` False where it only helps fitting."""

    item: Item
    source: str
    features: Numbers
    table: bool
    judged: bool


# ------------------------------------------------------------------------------------------- pages, read once


def labelled(data: Path) -> Iterator[Item]:
    for line in (data / "page_labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        path = data / row["set"] / row["file"]
        yield Item(row["set"], path, row["page"] + 1, row["handwriting"], row["has_table"])
    for path in sorted((data / "vrdu_adbuy" / "docs").glob("*.pdf"))[::4]:  # orders with a table of spots
        yield Item("vrdu_adbuy", path, 1, "none", True)


def views(item: Item) -> dict[str, View]:
    """The page by OCR, and by its text layer where that is trusted; empty where it cannot be opened."""
    digest = hashlib.sha256(item.path.read_bytes()).hexdigest()[:24]
    kept = STORE / f"{digest}-{item.page}.pkl"
    if kept.exists():
        return dict(pickle.loads(kept.read_bytes()))  # noqa: S301 - a file this function wrote
    found: dict[str, View] = {}
    config = Config(route="ocr")
    try:
        document = receive(item.path, config)
        image = upright(prepare(document, item.page, config))
        found["ocr"] = View("ocr", png(shrink(image)), (image.width, image.height), Tesseract().read(image))
        if document.kind == "pdf":
            layer = text_layer(document, item.page, Config())
            if trust(layer)[0] and layer.thumbnail is not None:
                size = (layer.thumbnail.shape[1], layer.thumbnail.shape[0])
                found["text_layer"] = View("text_layer", png(layer.thumbnail), size, layer.words)
    except EngineError as error:
        print(f"left out: {item.path.name}: {error}")
    STORE.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(found))
    return found


def png(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


# ------------------------------------------------------------------------------------------------- features


def measure(data: Path) -> Iterator[Row]:
    for item in labelled(data):
        if item.table is None and item.set not in PRINT:
            continue
        for source, view in views(item).items():
            grey = view.image.pixels
            known = item.table is not None
            yield Row(item, source, table_features(grey, view.words)[0], bool(item.table), known)
            if item.set == REPORTS and source == "ocr":
                yield Row(item, UNRULED, table_features(unruled(grey), view.words)[0], bool(item.table), known)
            boxes = true_boxes(data, item)
            if boxes:
                rest = [w for w in view.words if not any(inside(w.box, box) for box in boxes)]
                yield Row(item, source, table_features(wiped(grey, boxes), rest)[0], False, False)


def true_boxes(data: Path, item: Item) -> list[Box]:
    """Where tables stand on a page of the reports, a little widened; none for other sets and turned pages."""
    if item.set != REPORTS:
        return []
    truth = json.loads((data / REPORTS / "gt" / f"{item.path.stem}.json").read_text())
    with pypdfium2.PdfDocument(item.path) as document:
        page = document[item.page - 1]
        if page.get_rotation():
            return []
        width, height = page.get_size()
    corners = [t["bbox_pdf_points_bottom_left_origin"] for t in truth["tables"] if t["page"] == item.page]
    return [
        Box(max(x0 / width - 0.01, 0), max(1 - y1 / height - 0.008, 0),
            min(x1 / width + 0.01, 1), min(1 - y0 / height + 0.008, 1))
        for x0, y0, x1, y1 in corners
    ]  # fmt: skip


def inside(inner: Box, outer: Box) -> bool:
    return outer.x0 < inner.cx < outer.x1 and outer.y0 < inner.cy < outer.y1


def unruled(grey: Pixels) -> Pixels:
    """The page without its rules: painted over as the paper is."""
    rules = ink_to_rules(grey_to_ink(grey))
    clean = grey.copy()
    clean[swollen(swollen(np.asarray(rules[0] | rules[1], dtype=np.uint8))) > 0] = np.percentile(grey, 75)
    return clean


def wiped(grey: Pixels, boxes: Sequence[Box]) -> Pixels:
    clean = grey.copy()
    height, width = grey.shape
    for box in boxes:
        clean[int(box.y0 * height) : int(box.y1 * height), int(box.x0 * width) : int(box.x1 * width)] = np.median(grey)
    return clean


# -------------------------------------------------------------------------------------------------- fitting


def fit(rows: Sequence[Row]) -> Numbers:
    """Logistic weights on the features as they are, fitted on standardised ones."""
    names = sorted(rows[0].features)
    table = np.array([[row.features[name] for name in names] for row in rows])
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    scaled = [{"bias": 1.0} | dict(zip(names, values, strict=True)) for values in ((table - mean) / spread).tolist()]
    found = fit_probability(scaled, [row.table for row in rows], penalty=PENALTY)
    weights = {name: found[name] / float(s) for name, s in zip(names, spread, strict=True)}
    bias = found["bias"] - sum(weights[name] * float(m) for name, m in zip(names, mean, strict=True))
    return {name: round(weight, 4) for name, weight in ({"bias": bias} | weights).items()}


def predict(row: Row, weights: Mapping[str, float]) -> float:
    return probability({"bias": 1.0} | row.features, weights)


def out_of_group(rows: Sequence[Row], groups: Sequence[object]) -> list[float]:
    """Each row's probability by weights that were fitted without its group."""
    weights = {g: fit([r for r, of in zip(rows, groups, strict=True) if of != g]) for g in dict.fromkeys(groups)}
    return [predict(row, weights[g]) for row, g in zip(rows, groups, strict=True)]


# ------------------------------------------------------------------------------------------------- printing


def auc(found: Sequence[tuple[float, bool]]) -> float | None:
    pairs = [(p, q) for p, y in found if y for q, z in found if not z]
    return sum((p > q) + 0.5 * (p == q) for p, q in pairs) / len(pairs) if pairs else None


def balanced(found: Sequence[tuple[float, bool]]) -> float:
    """Mean of the shares right at 0.5 of pages with and without a table."""
    shares = [np.mean([(p >= 0.5) == y for p, y in found if y == kind]) for kind in {y for _, y in found}]
    return float(np.mean(shares))


def at_five_percent(found: Sequence[tuple[float, bool]]) -> float:
    """True positive rate at 5 % false positives."""
    limit = float(np.quantile([p for p, y in found if not y], 0.95))
    return float(np.mean([p > limit for p, y in found if y]))


def print_line(name: str, found: Sequence[tuple[float, bool]]) -> None:
    area = auc(found)
    rest = f"AUC {area:.3f}  at 5 % false {at_five_percent(found):.3f}" if area is not None else ""
    print(f"  {name:34} pages {len(found):4}  balanced accuracy {balanced(found):.3f}  {rest}")


def print_folds(rows: Sequence[Row]) -> None:
    print(f"{FOLDS} folds between files")
    for seed in range(SEEDS):
        folds = [zlib.crc32(f"{row.item.path.name}{seed}".encode()) % FOLDS for row in rows]
        guessed = [(r, p) for r, p in zip(rows, out_of_group(rows, folds), strict=True) if r.judged]
        for source in SOURCES:
            print_line(f"seed {seed}, {source}", [(p, r.table) for r, p in guessed if r.source == source])
        reports = [(p, r.table) for r, p in guessed if r.source == "ocr" and r.item.set == REPORTS]
        print_line(f"seed {seed}, ocr, reports only", reports)
    for row, p in guessed:
        if (p >= 0.5) != row.table:
            print(f"    wrong: {row.item.path.name} p{row.item.page} by {row.source}: {p:.2f}, is {row.table}")


def print_sets(rows: Sequence[Row]) -> None:
    print("whole sets left out")
    groups = [row.item.set for row in rows]
    guessed = list(zip(rows, out_of_group(rows, groups), strict=True))
    for name in dict.fromkeys(groups):
        for source in SOURCES:
            found = [(p, r.table) for r, p in guessed if r.item.set == name and r.source == source and not wipe(r)]
            if found:
                print_line(f"{name}, {source}", found)


def wipe(row: Row) -> bool:
    return row.item.table is True and not row.judged


def print_regions(data: Path) -> None:
    """Boxes against the reports' tables: nothing of it is fitted."""
    best, boxes, empty = [], [], []
    for item in labelled(data):
        view = views(item).get("ocr") if item.set == REPORTS else None
        if view is None:
            continue
        found = table_features(view.image.pixels, view.words)[2]
        truth = true_boxes(data, item)
        best += [max((shared(t, b) for b in found), default=0.0) for t in truth]
        boxes += [max(shared(t, b) for t in truth) for b in found if truth]
        empty += [bool(found)] if item.table is False else []
    print(f"regions: {len(best)} tables, {np.mean(np.array(best) >= 0.5):.3f} found (shared area 0.5 of both)")
    print(f"  {len(boxes)} boxes on their pages, {np.mean(np.array(boxes) >= 0.5):.3f} right")
    print(f"  {np.mean(empty):.3f} of pages without a table have one, shown only where the probability is 0.5")


def shared(a: Box, b: Box) -> float:
    """Area of both over area of either."""
    both = max(0.0, min(a.x1, b.x1) - max(a.x0, b.x0)) * max(0.0, min(a.y1, b.y1) - max(a.y0, b.y0))
    return both / (a.width * a.height + b.width * b.height - both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="fit on all pages and write the shipped weights")
    options = parser.parse_args()
    rows = list(measure(options.data))
    print_folds(rows)
    print_sets(rows)
    print_regions(options.data)
    if options.write:
        (ROOT / "engine" / "table_signal.json").write_text(json.dumps(fit(rows), indent=1) + "\n")


if __name__ == "__main__":
    main()
