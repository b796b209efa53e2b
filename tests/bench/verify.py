"""The witness on right values and on wrong ones: confirmed, silent, accused; caught, silent, falsely confirmed.

    python -m tests.bench.verify [--data DIR] [--readers tesseract|both] [--unseen] [--list]

Every known value as it is, and each corrupted one at a time (:mod:`tests.bench.corrupt`). With --data the places are
ranked with weights that were fitted without the document's group; without it the bundled fixtures and the shipped
weights are taken. --unseen judges every leaf as one of a type that was never fitted. Beside it the naive check: the
value stands somewhere in Tesseract's text.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.doctype import DocumentType, list_types, load_type
from engine.label.claims import CHOICE, is_single, kind_of
from engine.label.rank import Model, shipped_model
from engine.page import Reading
from engine.values.numbers import numbers_in, parse_number
from engine.witness.judgement import Judgement
from engine.witness.sight import Sight
from engine.witness.single import judge_single
from tests.bench.corrupt import NUMBERS, corrupted
from tests.bench.datasets import Sample, iso, letters, samples, shown
from tests.bench.fields import all_cases, out_of_fold_models, wilson
from tests.bench.ranking import fold_of
from tests.bench.read_samples import read_samples


@dataclass(frozen=True)
class Judged:
    """One value, right (``fault`` "right") or wrong, with what the witness and the naive check say of it."""

    set: str
    id: str
    group: str
    type: str
    pointer: str
    kind: str
    fault: str
    value: str
    judgement: Judgement
    naive: bool


def judge_samples(
    items: Sequence[Sample],
    readings: Sequence[Mapping[tuple[str, str], Sequence[Reading]]],
    types: Mapping[str, DocumentType],
    models: Sequence[Model],
) -> Iterator[Judged]:
    for sample in items:
        doctype, model = types[sample.type], models[fold_of(sample.group) % len(models)]
        seen = [tuple(of[sample.set, sample.id]) for of in readings]
        first = Sight("tesseract", seen[0], doctype, model)
        sights = [first, *(Sight("paddle", pages, doctype, model) for pages in seen[1:])]
        text = " ".join(word.text for page in seen[0] for word in page.words)
        for leaf in doctype.leaves:
            kind = kind_of(leaf)
            truth = canonical(kind, sample.truth.get(leaf.pointer), sample.order)
            if not truth or not is_single(leaf) or kind == CHOICE or not shown(sample, leaf.pointer, seen[-1]):
                continue
            others = other_values(sample, leaf.pointer, kind, sights[-1].ranking(leaf))
            cases = corrupted(kind, truth, others, sample.id + leaf.pointer, sample.order, leaf.pointer)
            for fault, value in (("right", truth), *cases):
                judgement = judge_single(leaf, Decimal(value) if kind in NUMBERS else value, sights)
                naive = stands_somewhere(kind, value, text)
                yield Judged(
                    sample.set, sample.id, sample.group, sample.type, leaf.pointer, kind, fault, value, judgement, naive
                )


def canonical(kind: str, truth: str | None, order: str) -> str | None:
    if truth is None or kind not in (*NUMBERS, "date"):
        return truth
    if kind == "date":
        return iso(truth, order)
    number = parse_number(truth)
    return str(number.value) if number else None


def other_values(sample: Sample, pointer: str, kind: str, ranking: Sequence[Any]) -> list[str]:
    """What a role could be swapped with: the sibling date of a range, else other values of the kind on the page."""
    if kind == "date":
        dates = [iso(text, sample.order) for at, text in sample.truth.items() if at != pointer and "flight" in at]
        if found := [date for date in dates if date]:
            return found
    candidates = [ranked.candidate for ranked in ranking]
    if kind in NUMBERS:
        return [str(c.value) for c in candidates if getattr(c.form, "decimals", 0) == 2]
    if kind in ("name", "address", "text"):
        return [c.printed for c in candidates[:200] if len(letters(c.printed)) >= 5]
    return [str(c.value) for c in candidates]


def stands_somewhere(kind: str, value: str, text: str) -> bool:
    """The wrong way that is known best: the number is somewhere in the page's text, or the text nearly is."""
    if kind in NUMBERS:
        return any(number.value == Decimal(value) for number in numbers_in(text))
    if kind == "date":
        return value in {iso(found, order) for found in DATE.findall(text) for order in ("dmy", "mdy")}
    return letters(value) in letters(text)


DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}")


def print_table(judged: Sequence[Judged]) -> None:
    right = [j for j in judged if j.fault == "right"]
    print(f"\n{'right values':34} {'n':>5} {'confirmed':>10} {'silent':>7} {'accused':>8}   {'95 %':>13} {'naive':>6}")
    for name, rows in grouped(right, lambda j: f"{j.set} {j.pointer}"):
        says = share(rows)
        low, high = wilson(sum(j.judgement.verdict == "contradicted" for j in rows), len(rows))
        shares = f"{says['confirmed']:10.3f} {says['silent']:7.3f} {says['contradicted']:8.4f}"
        print(f"{name:34} {len(rows):5} {shares}   {low:.4f}-{high:.4f} {naive(rows):6.3f}")
    wrong = [j for j in judged if j.fault != "right"]
    print(
        f"\n{'wrong values':34} {'n':>5} {'caught':>10} {'silent':>7} {'falsely confirmed':>18}"
        f" {'95 %':>14} {'naive':>6}"
    )
    for name, rows in [*grouped(wrong, lambda j: j.fault), *grouped(wrong, lambda j: f"{j.set} {j.pointer}")]:
        says = share(rows)
        low, high = wilson(sum(j.judgement.verdict == "confirmed" for j in rows), len(rows))
        shares = f"{says['contradicted']:10.3f} {says['silent']:7.3f} {says['confirmed']:18.4f}"
        print(f"{name:34} {len(rows):5} {shares}   {low:.4f}-{high:.4f} {naive(rows):6.3f}")


def grouped(judged: Sequence[Judged], key: Any) -> list[tuple[str, list[Judged]]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        groups[key(item)].append(item)
    return [*sorted(groups.items()), ("all", list(judged))]


def share(rows: Sequence[Judged]) -> dict[str, float]:
    return {v: sum(j.judgement.verdict == v for j in rows) / len(rows) for v in ("confirmed", "silent", "contradicted")}


def naive(rows: Sequence[Judged]) -> float:
    """Share that the naive check confirms."""
    return sum(j.naive for j in rows) / len(rows)


def print_faults(judged: Sequence[Judged]) -> None:
    """Right values accused and wrong ones confirmed, one by one."""
    for j in judged:
        if (j.fault == "right") == (j.judgement.verdict == "contradicted") and j.judgement.verdict != "silent":
            what = "accused" if j.fault == "right" else f"confirmed ({j.fault})"
            found = {name: round(value, 2) for name, value in j.judgement.evidence.items()}
            print(f"{what}: {j.set} {j.pointer} {j.value!r}, {j.judgement.reason}, {j.judgement.witness!r} {found}")


def judge_all(
    data: Path | None, *, both: bool = True, unseen: bool = False
) -> tuple[list[Judged], dict[str, DocumentType]]:
    """Every value of every document below ``data``, or of the bundled fixtures."""
    types = {name: load_type(name) for name, _ in list_types()}
    items = list(samples(data))
    print(f"{len(items)} documents" + ("" if data else " (the bundled fixtures; give DATA=DIR for real ones)"))
    readings = [read_samples(items, "tesseract")]
    models = [shipped_model()]
    if data:
        models = out_of_fold_models(all_cases(items, types))
    if both:
        readings.append(read_samples(items, "paddle"))
    if unseen:
        models = [replace(model, leaves={}) for model in models]
    return list(judge_samples(items, readings, types, models)), types


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--readers", choices=("tesseract", "both"), default="both")
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args(None if arguments is None else list(arguments))
    judged, _ = judge_all(options.data, both=options.readers == "both", unseen=options.unseen)
    print_table(judged)
    if options.list:
        print_faults(judged)


if __name__ == "__main__":
    main()
