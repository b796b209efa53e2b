"""Field accuracy, clean rate and false success, by OCR alone and out of fold.

    python -m tests.bench.fields [--data DIR] [--ocr tesseract|both|default] [--write]

Each document is extracted with weights that were fitted without its group (company, advertiser, registrant), on what
Tesseract reads and on what both engines read together.
Without --data the bundled fixtures are read with the shipped weights. --write refits the shipped weights on all
documents below --data.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path

from engine.config import Config
from engine.decide import doubts
from engine.doctype import DocumentType, list_types, load_type
from engine.flow import readings_to_result
from engine.identify import identify
from engine.label.claims import kind_of
from engine.label.rank import Model, shipped_model
from engine.page import Reading
from engine.receive import receive
from engine.reread import doubted_pages
from engine.result import Result
from tests.bench.baseline import baseline
from tests.bench.datasets import ROOT, Sample, agree, samples, shown
from tests.bench.ranking import (
    FOLDS,
    Case,
    Outcome,
    choose,
    fit_calibration,
    fit_model,
    fold_of,
    samples_to_cases,
)
from tests.bench.read_samples import read_samples

Readings = Mapping[tuple[str, str], Sequence[Reading]]


def out_of_fold_models(cases: Sequence[Case], folds: int = FOLDS) -> list[Model]:
    """One model a fold, fitted and calibrated without it."""
    rankers = [fit_model([c for c in cases if fold_of(c.sample.group) != fold]) for fold in range(folds)]
    chosen = [choose(c, rankers[fold_of(c.sample.group)]) for c in cases]
    blind = [choose(c, rankers[fold_of(c.sample.group)], unseen=True) for c in cases if c.pool.kind != "choice"]
    return [
        replace(ranker, calibration=fit_calibration(*(without_fold(found, fold) for found in (chosen, blind))))
        for fold, ranker in enumerate(rankers)
    ]


def without_fold(outcomes: Sequence[Outcome], fold: int) -> list[Outcome]:
    return [o for o in outcomes if fold_of(o.case.sample.group) != fold]


def all_cases(items: Sequence[Sample], types: Mapping[str, DocumentType]) -> list[Case]:
    """Every document twice: as Tesseract reads it, and as both engines do."""
    return [
        *samples_to_cases(items, read_samples(items, "tesseract"), types),
        *samples_to_cases(items, read_samples(items, "both"), types),
    ]


def write_weights(cases: Sequence[Case], rankers: Sequence[Model]) -> None:
    """The shipped model: ranker on everything, calibration from out-of-fold choices."""
    model = fit_model(cases)
    chosen = [choose(c, rankers[fold_of(c.sample.group)]) for c in cases]
    blind = [choose(c, rankers[fold_of(c.sample.group)], unseen=True) for c in cases if c.pool.kind != "choice"]
    stored = {"kinds": model.kinds, "leaves": model.leaves, "calibration": fit_calibration(chosen, blind)}
    path = ROOT / "engine" / "label" / "weights.json"
    path.write_text(json.dumps(stored, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


def extract_all(
    items: Sequence[Sample],
    first: Readings,
    second: Readings,
    types: Mapping[str, DocumentType],
    models: Sequence[Model],
) -> tuple[dict[tuple[str, str], Result], dict[tuple[str, str], Sequence[Reading]]]:
    """Results, and the readings that they come from: the second ones of pages that are worth another look."""
    results, readings = {}, {}
    config = Config(route="ocr")
    for s in items:
        key, doctype, model = (s.set, s.id), types[s.type], models[fold_of(s.group) % len(models)]
        document, read = receive(s.path, config), first[s.set, s.id]
        result = readings_to_result(document, read, doctype, config, model)
        doubted = {reading.page for reading in doubted_pages(result, doctype, read, ())} if second is not first else ()
        if doubted:
            read = [b if a.page in doubted else a for a, b in zip(read, second[key], strict=True)]
            result = readings_to_result(document, read, doctype, config, model)
        results[key], readings[key] = result, read
    return results, readings


def print_accuracy(
    items: Sequence[Sample],
    readings: Readings,
    types: Mapping[str, DocumentType],
    results: Mapping[tuple[str, str], Result],
) -> None:
    table: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for sample in items:
        doctype, result = types[sample.type], results[sample.set, sample.id]
        for leaf in doctype.leaves:
            truth = sample.truth.get(leaf.pointer)
            if truth is None or not shown(sample, leaf.pointer, readings[sample.set, sample.id]):
                continue
            ours = agree(kind_of(leaf), result.fields[leaf.pointer].value, truth, sample.order, leaf.pointer)
            simple = baseline(leaf.pointer, readings[sample.set, sample.id], sample.order)
            theirs = agree(kind_of(leaf), simple, truth, sample.order, leaf.pointer)
            table[f"{sample.set:12} {leaf.pointer}"].append((ours, theirs))
    print(f"\n{'field':36} {'n':>4} {'right':>6} {'95 % interval':>15} {'regex':>6}")
    for name, rows in sorted(table.items()):
        n, right = len(rows), sum(a for a, _ in rows)
        low, high = wilson(right, n)
        print(f"{name:36} {n:4} {right / n:6.3f}   {low:.3f} – {high:.3f} {sum(b for _, b in rows) / n:6.3f}")


def print_clean(
    items: Sequence[Sample],
    readings: Readings,
    types: Mapping[str, DocumentType],
    results: Mapping[tuple[str, str], Result],
) -> None:
    """How many documents come out clean, and how many of those hold a wrong field: false success."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in items:
        groups[sample.set].append(sample)
    print(
        f"\n{'set':12} {'docs':>5} {'clean':>6} {'share':>6} {'wrong':>6} {'false success':>14} {'95 % interval':>15}"
    )
    for name, group in [*groups.items(), ("all", list(items))]:
        clean = [s for s in group if results[s.set, s.id].status == "clean"]
        wrong = [s for s in clean if has_wrong(s, types[s.type], results[s.set, s.id], readings[s.set, s.id])]
        low, high = wilson(len(wrong), len(clean))
        rate = f"{len(wrong) / len(clean):.3f}" if clean else "–"
        shares = f"{len(group):5} {len(clean):6} {len(clean) / len(group):6.3f} {len(wrong):6} {rate:>14}"
        print(f"{name:12} {shares}   {low:.3f} – {high:.3f}")


def print_thresholds(
    items: Sequence[Sample],
    readings: Readings,
    types: Mapping[str, DocumentType],
    results: Mapping[tuple[str, str], Result],
) -> None:
    """What other values of x-threshold would give, by the confidence of the critical leaves alone."""
    print("\nx-threshold   clean   wrong")
    for threshold in (0.8, 0.85, 0.9, 0.95, 0.97):
        clean = [
            s for s in items if not doubts(replace(types[s.type], threshold=threshold), results[s.set, s.id].fields)
        ]
        wrong = sum(has_wrong(s, types[s.type], results[s.set, s.id], readings[s.set, s.id]) for s in clean)
        print(f"{threshold:11.2f} {len(clean):7} {wrong:7}")


def print_unjudged(items: Sequence[Sample], readings: Readings, results: Mapping[tuple[str, str], Result]) -> None:
    """Clean documents with a value that the truth cannot judge, since OCR does not show it on the page."""
    clean = [s for s in items if results[s.set, s.id].status == "clean"]
    for sample in clean:
        for pointer, truth in sample.truth.items():
            if not shown(sample, pointer, readings[sample.set, sample.id]):
                found = results[sample.set, sample.id].fields[pointer].value
                print(f"not judged: clean {sample.id} {pointer} says {found!r}, the catalogue {truth!r}")


def has_wrong(sample: Sample, doctype: DocumentType, result: Result, readings: Sequence[Reading]) -> bool:
    return any(
        not agree(
            kind_of(leaf),
            result.fields[leaf.pointer].value,
            sample.truth[leaf.pointer],
            sample.order,
            leaf.pointer,
        )
        for leaf in doctype.leaves
        if leaf.pointer in sample.truth and shown(sample, leaf.pointer, readings)
    )


def print_types(items: Sequence[Sample], readings: Readings, every: Sequence[DocumentType]) -> None:
    table: dict[str, list[str | None]] = defaultdict(list)
    for sample in items:
        table[f"{sample.set} ({sample.type})"].append(identify(readings[sample.set, sample.id], every).type)
    total = right = 0
    print("\n--type auto")
    for name, found in table.items():
        wanted = name.split("(")[1][:-1]
        hits = found.count(wanted)
        total, right = total + len(found), right + hits
        unknown = found.count(None)
        wrong = len(found) - hits - unknown
        print(f"  {name:30} right {hits / len(found):.3f}  unknown {unknown}  wrong {wrong}")
    print(f"  all: {right / total:.3f} of {total}")


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if n == 0:
        return 0.0, 1.0
    p, z = hits / n, 1.96
    middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ocr", choices=("tesseract", "both", "default"), default="default")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(None if arguments is None else list(arguments))
    every = [load_type(name) for name, _ in list_types()]
    types = {doctype.name: doctype for doctype in every}
    items = list(samples(options.data))
    print(f"{len(items)} documents" + ("" if options.data else " (the bundled fixtures; give DATA=DIR for real ones)"))
    first = read_samples(items, "both" if options.ocr == "both" else "tesseract")
    models = [shipped_model()]
    if options.data:
        cases = all_cases(items, types)
        models = out_of_fold_models(cases)
        if options.write:
            write_weights(cases, models)
    second = read_samples(items, "both") if options.ocr == "default" else first
    results, readings = extract_all(items, first, second, types, models)
    print_accuracy(items, readings, types, results)
    print_clean(items, readings, types, results)
    print_unjudged(items, readings, results)
    print_thresholds(items, readings, types, results)
    print_types(items, readings, every)


if __name__ == "__main__":
    main()
