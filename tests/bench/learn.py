"""Accuracy against the number of examples: a type that is new, with 0, 3 and 10 samples whose values are known.

    python -m tests.bench.learn --data DIR [--draws N] [--choose]

The type has the leaves of a shipped one and no labels but their names; the ranker has no weights for it, and those for
any leaf were fitted without the measured document's group (company, advertiser). Samples are drawn at random, and
documents of their groups are not measured. What a place is worth was chosen on one half of the groups (--choose prints
how), so the other half is the figure to go by.
"""

from __future__ import annotations

import argparse
import copy
import pickle
import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import engine.label.rank
from engine.doctype import DocumentType, load_type, schema_to_type
from engine.infer.learn import learn, show_samples, taught
from engine.infer.samples import Sample as Example
from engine.label.claims import kind_of, readings_to_claims
from engine.label.rank import Model
from engine.merge import claims_to_fields
from engine.page import Reading
from tests.bench.datasets import ROOT, Sample, agree, samples
from tests.bench.fields import all_cases, out_of_fold_models
from tests.bench.ranking import fold_of
from tests.bench.read_samples import read_samples

SETS = ("sroie2019", "vrdu_adbuy")
COUNTS = (0, 3, 10)
MODELS = ROOT / ".bench" / "out_of_fold_models.pkl"
Readings = Mapping[tuple[str, str], Sequence[Reading]]
Score = dict[str, tuple[int, int]]


def new_type(shipped: DocumentType, pointers: Iterable[str]) -> DocumentType:
    """The leaves of a type, with nothing said of them but name, type and kind."""
    names = {pointer.removeprefix("/") for pointer in pointers}
    told = ("type", "format", "x-kind", "x-merge")
    properties = {
        name: {key: node[key] for key in told if key in node}
        for name, node in shipped.schema["properties"].items()
        if name in names
    }
    order = {"x-date-order": shipped.date_order} if shipped.date_order else {}
    return schema_to_type(Path("new_type.json"), {"type": "object", **order, "properties": properties})


def half_of(group: str) -> int:
    return zlib.crc32(f"half {group}".encode()) % 2


def draws(items: Sequence[Sample], count: int, times: int) -> Iterator[tuple[list[Sample], list[Sample]]]:
    """Samples to learn from, each of another group, and the rest to measure."""
    for seed in range(times if count else 1):
        shuffled = random.Random(seed).sample(list(items), len(items))
        first = {item.group: item for item in reversed(shuffled)}
        chosen = [item for item in shuffled if first[item.group] is item][:count]
        groups = {item.group for item in chosen}
        yield chosen, [item for item in items if item.group not in groups]


def learned_type(doctype: DocumentType, chosen: Sequence[Sample], readings: Readings) -> DocumentType:
    examples = [
        Example(s.path, tuple(readings[s.set, s.id]), {k.removeprefix("/"): v for k, v in s.truth.items()})
        for s in chosen
    ]
    schema = copy.deepcopy(doctype.schema)
    return schema_to_type(doctype.path, taught(schema, learn(doctype, show_samples(examples, doctype))))


def measure(doctype: DocumentType, items: Sequence[Sample], readings: Readings, models: Sequence[Model]) -> Score:
    """Of each leaf how many values are right, and of how many."""
    score: Score = defaultdict(lambda: (0, 0))
    for sample in items:
        blind = Model(models[fold_of(sample.group)].kinds, {}, models[fold_of(sample.group)].calibration)
        fields, _ = claims_to_fields(readings_to_claims(readings[sample.set, sample.id], doctype, blind), doctype, {})
        for leaf in doctype.leaves:
            truth = sample.truth.get(leaf.pointer)
            if truth is not None:
                right = agree(kind_of(leaf), fields[leaf.pointer].value, truth, sample.order, leaf.pointer)
                hits, of = score[leaf.pointer]
                score[leaf.pointer] = hits + right, of + 1
    return score


def mean(scores: Sequence[Score]) -> dict[str, float]:
    """Per leaf the mean over draws of the share that is right, and of all leaves together."""
    shares = {p: sum(s[p][0] / s[p][1] for s in scores) / len(scores) for p in scores[0]}
    return shares | {"all": sum(shares.values()) / len(shares)}


def fitted_models(data: Path) -> list[Model]:
    """The out-of-fold models of the field bench, fitted once and kept; remove the file where the ranker has changed."""
    if not MODELS.exists():
        items = list(samples(data))
        models = out_of_fold_models(all_cases(items, {s.type: load_type(s.type) for s in items}))
        MODELS.parent.mkdir(exist_ok=True)
        MODELS.write_bytes(pickle.dumps(models))
    return list(pickle.loads(MODELS.read_bytes()))  # noqa: S301 - a file this function wrote


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--choose", action="store_true")
    options = parser.parse_args(None if arguments is None else list(arguments))
    items = [item for item in samples(options.data) if item.set in SETS]
    readings, models = read_samples(items, "tesseract"), fitted_models(options.data)
    for name in SETS:
        for half in (0,) if options.choose else (0, 1):
            part = [item for item in items if item.set == name and half_of(item.group) == half]
            shipped = load_type(part[0].type)
            blank = new_type(shipped, {pointer for item in part for pointer in item.truth})
            told = "the half on which the worth of a place was chosen" if half == 0 else "the other half"
            print(f"\n{name}, {told}: {len(part)} documents")
            runs = {
                count: [
                    (learned_type(blank, chosen, readings) if chosen else blank, rest)
                    for chosen, rest in draws(part, count, options.draws)
                ]
                for count in COUNTS
            }
            if options.choose:
                choose(runs, readings, models)
            else:
                print_table(runs, readings, models)


Runs = Mapping[int, Sequence[tuple[DocumentType, Sequence[Sample]]]]


def print_table(runs: Runs, readings: Readings, models: Sequence[Model]) -> None:
    columns = {count: mean([measure(t, rest, readings, models) for t, rest in runs[count]]) for count in runs}
    print(f"{'field':16}" + "".join(f"{count:>8}" for count in columns))
    for pointer in columns[0]:
        print(f"{pointer:16}" + "".join(f"{columns[count][pointer]:8.3f}" for count in columns))


def choose(runs: Runs, readings: Readings, models: Sequence[Model]) -> None:
    """Mean accuracy over all fields for what standing at the place may be worth."""
    kept = dict(engine.label.rank.OF_SPOT)
    for worth in (0.0, 1.0, 2.0, 3.0, 4.0, 6.0):
        engine.label.rank.OF_SPOT.update(in_spot=worth)
        found = [mean([measure(t, rest, readings, models) for t, rest in runs[count]])["all"] for count in COUNTS]
        print(f"in_spot {worth:.0f}  " + "  ".join(f"{share:.3f}" for share in found))
    engine.label.rank.OF_SPOT.update(kept)


if __name__ == "__main__":
    main()
