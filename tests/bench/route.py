"""The route's thresholds, each against what it is meant to catch, and what every policy does to VLM pages.

    python -m tests.bench.route DATA [--write]

Truth: the words of receipts, forms, books, typescript and letters, the text layer of digital reports and orders
(their pages rasterised and read by OCR), the cells of the reports' tables, and page_labels.jsonl. --write fits the
estimate of words read right on all of it and prints the weights of engine/read_share.py.
"""

from __future__ import annotations

import argparse
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.measure import page_features, page_signals
from engine.page import Reading, Word
from engine.read_share import FEATURES
from engine.rivers import words_to_rows
from engine.route import POLICIES, decide_route
from tests.bench.tables import REPORTS, Item, View, auc, labelled, views

SCANS = ("sroie2019", "funsd", "oldbooks_otsu300", "htr_fondue_en_print", "htr_tapuscorpus_typed")
WRITTEN = ("htr_stanford_letters", "htr_hooker_letters", "htr_banq_copiste", "htr_poilus_wills")
POOR = 0.7  # word recall below which a page should be caught
POOR_CELLS = 0.75  # the same of a table's cells
FOLDS = 5
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Page:
    """A page read by OCR: ``recall`` the share of its words that were read right."""

    item: Item
    view: View
    features: dict[str, float]
    signals: dict[str, float]
    recall: float

    @property
    def written(self) -> bool:
        return self.item.set in WRITTEN


def pages(data: Path) -> Iterator[Page]:
    labels = {(item.path, item.page): item for item in labelled(data)}
    for name in SCANS + WRITTEN:
        for path in sorted((data / name / "docs").iterdir()):
            truth = data / name / "gt" / f"{path.stem}.json"
            item = labels.get((path, 1), Item(name, path, 1, None, None))
            if truth.exists():
                yield from measured(item, tokens(true_text(json.loads(truth.read_text()))))
    for item in labels.values():
        if "text_layer" in views(item):
            yield from measured(item, tokens(text(views(item)["text_layer"].words)))


def measured(item: Item, truth: Counter[str]) -> Iterator[Page]:
    view = views(item).get("ocr")
    if view is None or truth.total() < 5:
        return
    recall = (truth & tokens(text(view.words))).total() / truth.total()
    yield Page(item, view, page_features(view.image, view.words)[2], page_signals(view.image, view.words)[0], recall)


def true_text(truth: dict[str, object]) -> str:
    """The text of a page in whichever form its set keeps it."""
    match truth:
        case {"entities": list(entities)}:
            return " ".join(word["text"] for entity in entities for word in entity["words"])
        case {"text": str(whole)} if whole:
            return whole
        case {"lines": list(lines)}:
            return " ".join(line["text"] for line in lines)
    return ""


def text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def tokens(whole: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]{2,}", whole.casefold()))


# ------------------------------------------------------------------------------------------------ read_share


def fit_share(found: Sequence[Page]) -> Callable[[Page], float]:
    """Logistic regression on the share itself; handwriting counts half, as it has a signal of its own."""
    weights = share_weights(found)
    return lambda page: float(1 / (1 + np.exp(-weights @ np.array([1.0] + [page.features[n] for n in FEATURES]))))


def share_weights(found: Sequence[Page]) -> Array:
    from scipy.optimize import minimize

    table = np.array([[1.0] + [page.features[name] for name in FEATURES] for page in found])
    recall, counts = np.array([p.recall for p in found]), np.array([0.5 if p.written else 1.0 for p in found])

    def loss(weights: Array) -> tuple[float, Array]:
        score = table @ weights
        share = 1 / (1 + np.exp(-score))
        shrink = np.r_[0.0, weights[1:]] * 0.02
        value = float((counts * (np.logaddexp(0, score) - recall * score)).sum() + shrink @ weights)
        return value, table.T @ (counts * (share - recall)) + 2 * shrink

    return np.asarray(minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x)


def without(found: Sequence[Page], group: Callable[[Page], object]) -> list[float]:
    """Each page's estimate by weights fitted without its group."""
    models = {g: fit_share([p for p in found if group(p) != g]) for g in {group(p) for p in found}}
    return [models[group(page)](page) for page in found]


def print_share(found: Sequence[Page]) -> None:
    by_file = without(found, lambda p: zlib.crc32(p.item.path.name.encode()) % FOLDS)
    by_set = without(found, lambda p: "written" if p.written else p.item.set)
    columns = {
        "read_share, other files": by_file,
        "read_share, other sets": by_set,
        "ocr_confidence": [p.signals["ocr_confidence"] for p in found],
        "plausible words": [p.signals["script"] for p in found],
        "1 - layout": [1 - p.signals["layout"] for p in found],
    }
    printed = [not p.written for p in found]
    error = np.mean([abs(s - p.recall) for s, p, of in zip(by_file, found, printed, strict=True) if of])
    poor = sum(p.recall < POOR for p in found if not p.written)
    print(f"words read right: {sum(printed)} printed pages, {poor} below {POOR}; estimate off by {error:.3f}")
    for name, values in columns.items():
        rows = [(v, p.recall < POOR) for v, p, of in zip(values, found, printed, strict=True) if of]
        limit = float(np.quantile([v for v, y in rows if not y], 0.1))
        caught = np.mean([v <= limit for v, y in rows if y])
        area = auc([(-v, y) for v, y in rows])
        print(f"  {name:26} AUC {area:.3f}  caught at 10 % false alarms {caught:.3f} (below {limit:.2f})")
    print("  below  caught  false alarms   (read_share, other files; printed pages)")
    for limit in (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.82, 0.83, 0.84, 0.86, 0.9):
        print_limit(limit, [(v, p.recall < POOR) for v, p, of in zip(by_file, found, printed, strict=True) if of])
    print("  below  caught  false alarms   (ocr_confidence)")
    for limit in (0.55, 0.7, 0.8):
        print_limit(limit, [(p.signals["ocr_confidence"], p.recall < POOR) for p in found if not p.written])


def print_limit(limit: float, rows: Sequence[tuple[float, bool]]) -> None:
    caught, false = (float(np.mean([v < limit for v, y in rows if y == kind])) for kind in (True, False))
    print(f"  {limit:.2f}   {caught:.3f}   {false:.3f}")


# ---------------------------------------------------------------------------------------- columns and layout


def print_columns(data: Path, found: Sequence[Page]) -> None:
    """Cells of the reports' tables that the words' own rows give exactly, against the columns signal."""
    rows = []
    for page in found:
        truth = true_cells(data, page.item)
        if truth:
            share = (truth & read_cells(page.view)).total() / truth.total()
            rows.append((page.signals["columns"], share < POOR_CELLS, share))
    fit = np.corrcoef([v for v, _, _ in rows], [s for _, _, s in rows])[0, 1]
    area = auc([(-v, y) for v, y, _ in rows])
    given = np.mean([s for _, _, s in rows])
    print(
        f"tables: {len(rows)} pages, {given:.3f} of cells given exactly; columns: AUC {area:.3f}, correlation {fit:.2f}"
    )
    print(f"  {sum(y for _, y, _ in rows)} pages have fewer than {POOR_CELLS} of their cells so")
    print("  below  caught  false alarms")
    for limit in (0.5, 0.6, 0.7, 0.75, 0.8, 0.83, 0.85, 0.9):
        print_limit(limit, [(v, y) for v, y, _ in rows])


def true_cells(data: Path, item: Item) -> Counter[str]:
    if item.set != REPORTS:
        return Counter()
    truth = json.loads((data / REPORTS / "gt" / f"{item.path.stem}.json").read_text())
    cells = [bare(cell["text"]) for t in truth["structure"] if t["page"] == item.page for cell in t["cells"]]
    return Counter(cell for cell in cells if cell)


def read_cells(view: View) -> Counter[str]:
    height, width = view.image.pixels.shape
    found: Counter[str] = Counter()
    for row in words_to_rows(view.words, width, height).rows:
        for c in row.cells:
            inside = [w for w in view.words if c.x0 <= w.box.cx * width <= c.x1 and c.y0 <= w.box.cy * height <= c.y1]
            found[bare(text(inside))] += 1
    return found


def bare(whole: str) -> str:
    return re.sub(r"\W+", "", whole.casefold())


def print_layout(found: Sequence[Page]) -> None:
    print("layout from: share of printed pages, word recall there, on the others")
    rows = [(p.signals["layout"], p.recall) for p in found if not p.written]
    for limit in (0.4, 0.5, 0.6, 0.75):
        above, below = [r for v, r in rows if v >= limit], [r for v, r in rows if v < limit]
        print(f"  {limit:.2f}   {len(above) / len(rows):.3f}   {np.mean(above or [np.nan]):.3f}   {np.mean(below):.3f}")


# -------------------------------------------------------------------------------------------------- policies


def kind(page: Page) -> str:
    if page.item.handwriting in ("substantial", "full"):
        return f"handwriting, {page.item.handwriting}"
    if page.recall < POOR:
        return f"print, under {POOR:.0%} of its words read"
    return "print, marked or signed" if page.item.handwriting == "signature_or_marks" else "print"


def print_policies(found: Sequence[Page]) -> None:
    """Routes by kind of page, as single pages of a type that requires tables and of one that does not."""
    shares = without(found, lambda p: zlib.crc32(p.item.path.name.encode()) % FOLDS)
    for policy in POLICIES:
        counts: dict[str, Counter[str]] = {}
        words: list[float] = []
        for page, share in zip(found, shares, strict=True):
            reading = Reading(1, words=page.view.words, signals=page.signals | {"read_share": share})
            decision = decide_route(reading, policy=policy)
            asked = decide_route(replace(reading), requires=frozenset({"table"}), policy=policy)
            row = counts.setdefault(kind(page), Counter())
            row.update(["pages", decision.cause, "wants VLM"] if decision.wants_vlm else ["pages", decision.cause])
            row["with table required"] += asked.wants_vlm
            words += [] if decision.wants_vlm else [page.recall]
        print(f"policy {policy}: word recall of what stays with OCR {np.mean(words):.3f}")
        names = ("pages", "wants VLM", "handwriting", "poor_ocr", "layout", "ocr", "with table required")
        print(f"  {'':36}" + "".join(f"{name:>13}" for name in names))
        for name in sorted(counts):
            print(f"  {name:36}" + "".join(f"{counts[name][column]:>13}" for column in names))
        printed = [row for name, row in counts.items() if name.startswith("print")]
        total = sum(row["pages"] for row in printed)
        print(f"  VLM share of printed pages {sum(row['wants VLM'] for row in printed) / total:.3f}, "
              f"with tables required {sum(row['with table required'] for row in printed) / total:.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="print weights fitted on all pages")
    options = parser.parse_args()
    found = list(pages(options.data))
    print_share(found)
    print_columns(options.data, found)
    print_layout(found)
    print_policies(found)
    if options.write:
        print(dict(zip(("bias", *FEATURES), share_weights(found).round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
