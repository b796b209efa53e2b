"""A model that errs on some values, through the whole engine: how many documents come out clean, and are not.

    python -m tests.bench.false_success [--data DIR] [--errors 0.05] [--names] [--seed N] [--limit N] [--list]

A loopback server in place of a model answers each page's question with the document's truth, seeded errors in it
(:mod:`tests.bench.erring`); everything behind it is what ``extract --route vlm`` does, but pages are read by OCR once
and kept. Beside it: what would come out if the model were believed.

With --data (receipts and ad-buys; their text layers are not used) the truth covers a few leaves, and so the
documents are extracted by a copy of the shipped type cut down to these, under its own name so that fitted weights
hold; checks that name another leaf are left out. Places are ranked with weights that were fitted without the
document's group. Without --data it is the bundled fixtures, whole types with their rows, and the shipped weights.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simplejson
from pytest_httpserver import HTTPServer

from engine.as_text import columns
from engine.asking import ask_pages
from engine.decide import doubts
from engine.doctype import DocumentType, list_types, load_type
from engine.flow import readings_to_result
from engine.label.claims import kind_of
from engine.label.rank import Model, shipped_model
from engine.page import Reading
from engine.pointer import expand, matches, tokens
from engine.receive import receive
from engine.result import Result
from engine.route import readings_to_routes
from engine.vlm.connect import connect
from engine.witness.judge import Asks
from engine.witness.sight import Sight
from tests.bench.datasets import Sample, samples
from tests.bench.erring import Known, Told, answer_page, err, is_right, known, page_texts, pages_of
from tests.bench.fields import out_of_fold_models, wilson
from tests.bench.ranking import fold_of, samples_to_cases
from tests.bench.read_samples import read_samples
from tests.bench.verify import other_values
from tests.vlm import servers
from tests.vlm.outcomes import settings

ERRORS = 0.05
SEED = 5
SETS = ("sroie2019", "vrdu_adbuy", "fixtures")


@dataclass(frozen=True)
class Task:
    """A document to be extracted. ``schemas`` is where its type is, None for the shipped ones; ``rate`` is 0..1."""

    sample: Sample
    first: Sequence[Reading]
    second: Sequence[Reading]
    schemas: Path | None
    model: Model
    rate: float
    names: bool
    seed: int


@dataclass(frozen=True)
class Planted:
    """An error of the model, and what the engine says of it."""

    pointer: str
    fault: str
    truth: Any
    wrong: Any
    verdict: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """``wrong`` are the pointers with a wrong value in the result; ``doubts`` why it is not clean, without values."""

    set: str
    id: str
    status: str
    wrong: tuple[str, ...]
    planted: tuple[Planted, ...]
    doubts: tuple[tuple[str, str, str], ...]

    @property
    def clean(self) -> bool:
        return self.status == "clean"


# --- one document -------------------------------------------------------------------------------------------


def run(task: Task) -> Outcome:
    sample = task.sample
    doctype = load_type(sample.type, task.schemas)
    truth = truth_of(sample, doctype)
    told = tell(task, doctype, truth)
    result = extract(task, doctype, told)
    wrong = tuple(p for p, each in truth.items() if is_wrong(result, p, each, told[p]))
    planted = tuple(
        Planted(pointer, each.fault, truth[pointer].value, each.value, *verdict_of(result, pointer, each.value))
        for pointer, each in told.items()
        if each.fault
    )
    return Outcome(sample.set, sample.id, result.status, wrong, planted, tuple(reasons(result, doctype)))


def truth_of(sample: Sample, doctype: DocumentType) -> dict[str, Known]:
    """Every value known, rows and all where the sample is a fixture."""
    if sample.set != "fixtures":
        leaves = {leaf.pointer: leaf for leaf in doctype.leaves}
        return {p: known(leaves[p], text, sample.order) for p, text in sample.truth.items()}
    data = simplejson.loads((sample.path.parent / "expected.json").read_text(encoding="utf-8"), use_decimal=True)
    cells = {p: (leaf, value) for leaf in doctype.leaves for p, value in expand(data, leaf.pointer)}
    return {p: known(leaf, value, leaf.date_order or "dmy") for p, (leaf, value) in cells.items() if value is not None}


def tell(task: Task, doctype: DocumentType, truth: Mapping[str, Known]) -> dict[str, Told]:
    """What the model will say of each value, and on which pages."""
    pages = pages_of(truth, page_texts(task.first, task.second))
    sight = Sight("paddle", tuple(task.second), doctype, task.model)
    told: dict[str, Told] = {}
    for pointer, each in truth.items():
        seed = f"{task.seed} {task.sample.set} {task.sample.id}"
        wrong = err(each, pointer, mistakable(task.sample, truth, pointer, sight), task.rate, seed, names=task.names)
        fault, value, printed = wrong or (None, each.value, each.printed)
        told[pointer] = Told(value, printed, pages[pointer], fault)
    return told


def mistakable(sample: Sample, truth: Mapping[str, Known], pointer: str, sight: Sight) -> Iterator[str]:
    """Other values of the kind on the page; for a cell or an entry, those of its table or form."""
    leaf = truth[pointer].leaf
    if leaf.in_array or leaf.open_map:
        alike = [each for p, each in truth.items() if p != pointer and each.leaf.array == leaf.array]
        yield from (str(each.value) for each in alike if kind_of(each.leaf) == kind_of(leaf))
    else:
        yield from other_values(sample, pointer, kind_of(leaf), sight.ranking(leaf))


def extract(task: Task, doctype: DocumentType, told: Mapping[str, Told]) -> Result:
    """What ``extract`` does after reading, with a server of the document's own in place of a model."""
    second = {reading.page: reading for reading in task.second}

    def look(readings: Sequence[Reading]) -> dict[int, Reading]:
        return {r.page: second[r.page] for r in readings if second[r.page].rotation == r.rotation}

    def handler(asked: servers.Asked) -> servers.Play:
        page = re.search(r"This is page (\d+) of", asked.text)
        assert page is not None
        return servers.answer(answer_page(asked.schema, told, int(page[1])))

    with HTTPServer(threaded=True) as http:
        server = servers.Server(http)
        server.handler = handler
        config = settings("openai-compatible", server)
        document = receive(task.sample.path, config)
        routes = readings_to_routes(task.first, document, doctype, config)
        answers = ask_pages(document, task.first, routes, doctype, connect(config), config)
    return readings_to_result(document, task.first, doctype, config, task.model, answers=answers, asks=Asks(look))


def is_wrong(result: Result, pointer: str, truth: Known, told: Told) -> bool:
    """A planted error that came through is one, however like the truth its text is."""
    found = result.fields[pointer].value if pointer in result.fields else None
    return not is_right(found, truth, pointer) or (told.fault is not None and found == told.value)


def verdict_of(result: Result, pointer: str, wrong: Any) -> tuple[str, str]:
    field = result.fields.get(pointer)
    if field is None or field.value != wrong:
        return "not taken", ""
    said = [f.message for f in result.findings if f.path == pointer and f.check == "witness"]
    return field.verdict, said[0] if said else ""


def reasons(result: Result, doctype: DocumentType) -> Iterator[tuple[str, str, str]]:
    """(check, pointer pattern, message without values) of each thing that keeps the document from being clean."""
    if result.status == "clean":
        return
    errors = [finding for finding in result.findings if finding.severity == "error"]
    yield from ((f.check, pattern(f.path), bare(f.message)) for f in errors)
    for pointer in doubts(doctype, result.fields):
        if not any(finding.path == pointer for finding in errors):
            said = [f.message for f in result.findings if f.path == pointer and f.check == "witness"]
            why = next((message for message in said if " is not confirmed: " in message), said[-1])
            yield "doubt", pattern(pointer), bare(why)


def pattern(pointer: str) -> str:
    return "".join(f"/{'*' if token.isdecimal() else token}" for token in tokens(pointer))


def bare(message: str) -> str:
    told = re.sub(r"^.* is (not confirmed|contradicted): ", r"\1: ", message, flags=re.DOTALL)
    return re.sub(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|\d[\w.,:/-]*", "…", told)


# --- types cut down -----------------------------------------------------------------------------------------


def is_complete(sample: Sample, items: Sequence[Sample]) -> bool:
    """Whether all leaves are known that are known of any sample of its set."""
    leaves = {leaf.pointer: leaf for leaf in load_type(sample.type).leaves}
    wanted = {pointer for each in items if each.set == sample.set for pointer in each.truth}
    return all(
        pointer in sample.truth and known(leaves[pointer], sample.truth[pointer], sample.order).value is not None
        for pointer in wanted
    )


def cut_types(items: Sequence[Sample], folder: Path) -> Path:
    """The shipped types with the leaves alone that any of the samples knows, as files of the same names."""
    for name in {sample.type for sample in items}:
        doctype = load_type(name)
        kept = {pointer for sample in items if sample.type == name for pointer in sample.truth}
        (folder / f"{name}.json").write_text(simplejson.dumps(cut(doctype, kept), use_decimal=True))
    return folder


def cut(doctype: DocumentType, kept: Iterable[str]) -> dict[str, Any]:
    names = {tokens(pointer)[0] for pointer in kept}
    held = {leaf.pointer for leaf in doctype.leaves if tokens(leaf.pointer)[0] in names}
    told = doctype.schema.get("x-checks", ())
    checks = [
        entry
        for entry, rule in zip(told, doctype.checks, strict=True)
        if all(any(matches(p, at) for p in held) for at, _ in rule.names.values())
    ]
    return {
        **doctype.schema,
        "properties": {name: node for name, node in doctype.schema["properties"].items() if name in names},
        "required": [name for name in doctype.schema.get("required", ()) if name in names],
        "x-checks": checks,
    }


# --- all documents ------------------------------------------------------------------------------------------


def measure(
    items: Sequence[Sample], models: Sequence[Model], schemas: Path | None, rate: float, names: bool, seed: int
) -> list[Outcome]:
    first, second = read_samples(items, "tesseract"), read_samples(items, "paddle")
    tasks = [
        Task(s, first[key], second[key], schemas, models[fold_of(s.group) % len(models)], rate, names, seed)
        for s in items
        for key in ((s.set, s.id),)
    ]
    with ProcessPoolExecutor(os.cpu_count(), initializer=prepare_process) as workers:
        return list(workers.map(run, tasks))


def prepare_process() -> None:
    os.environ.update(servers.KEYS, NO_PROXY="127.0.0.1,localhost")
    logging.getLogger("engine").setLevel(logging.ERROR)


def print_success(outcomes: Sequence[Outcome]) -> None:
    heads = ("set", "docs", "clean", "share", "wrong", "false success", "95 %", "believed: wrong", "share", "95 %")
    rows: list[tuple[str, ...]] = [heads]
    for name, group in by_set(outcomes):
        clean = [o for o in group if o.clean]
        wrong, believed = sum(bool(o.wrong) for o in clean), sum(bool(o.wrong) for o in group)
        rows.append(
            (
                *(name, f"{len(group)}", f"{len(clean)}", f"{len(clean) / len(group):.3f}"),
                *(f"{wrong}", *rate_told(wrong, len(clean)), f"{believed}", *rate_told(believed, len(group))),
            )
        )
    print(f"\n{columns(rows)}")


def rate_told(hits: int, n: int) -> tuple[str, str]:
    low, high = wilson(hits, n)
    return f"{hits / n:.3f}" if n else "–", f"{low:.3f}–{high:.3f}"


VERDICTS = ("contradicted", "silent", "confirmed", "unchecked", "not taken")


def print_planted(outcomes: Sequence[Outcome]) -> None:
    planted = [error for outcome in outcomes for error in outcome.planted]
    rows: list[tuple[str, ...]] = [("errors of the model", "n", *VERDICTS)]
    for name in [*sorted({error.fault for error in planted}), "all"]:
        found = [error for error in planted if name in (error.fault, "all")]
        rows.append((name, f"{len(found)}", *(f"{sum(e.verdict == v for e in found)}" for v in VERDICTS)))
    print(f"\n{columns(rows)}")


def print_doubts(outcomes: Sequence[Outcome]) -> None:
    """What keeps documents without a wrong value from being clean; ``alone`` where nothing else does."""
    held = [outcome for outcome in outcomes if not outcome.wrong and not outcome.clean]
    print(f"\n{len(held)} right documents are for review, because of")
    said = Counter((o.set, *doubt) for o in held for doubt in set(o.doubts))
    alone = Counter((o.set, *o.doubts[0]) for o in held if len(set(o.doubts)) == 1)
    rows = [("set", "check", "at", "docs", "alone", "what is said")]
    rows += [(*doubt[:3], f"{n}", f"{alone[doubt]}", doubt[3]) for doubt, n in said.most_common()]
    print(columns(rows))


def print_failures(outcomes: Sequence[Outcome]) -> None:
    """Clean documents with a wrong field, one by one, and documents that are wrong by no planted error."""
    for o in outcomes:
        planted = {error.pointer: error for error in o.planted}
        if o.clean or set(o.wrong) - set(planted):
            for pointer in o.wrong:
                print(f"{'false success' if o.clean else 'wrong'}: {o.set} {o.id} {pointer} {planted.get(pointer)}")


def by_set(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    names = dict.fromkeys(outcome.set for outcome in outcomes)
    groups = [(name, [o for o in outcomes if o.set == name]) for name in names]
    return [*groups, ("all", list(outcomes))] if len(groups) > 1 else groups


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--errors", type=float, default=ERRORS, help="share of values told wrong (default %(default)s)")
    parser.add_argument("--names", action="store_true", help="names and addresses are told wrong as well")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--limit", type=int, help="so many documents of each set")
    parser.add_argument("--list", action="store_true", help="each clean document with a wrong field")
    options = parser.parse_args(None if arguments is None else list(arguments))
    every = list(samples(options.data))
    of_sets = [sample for sample in every if sample.set in SETS]
    whole = [sample for sample in of_sets if sample.set == "fixtures" or is_complete(sample, of_sets)]
    items = [s for name in SETS for s in [s for s in whole if s.set == name][: options.limit]]
    print(f"{len(items)} documents" + ("" if options.data else " (the bundled fixtures; give DATA=DIR for real ones)"))
    if len(whole) < len(of_sets):
        print(f"{len(of_sets) - len(whole)} more are left out: their truth lacks a leaf, or says no whole date for it")
    with tempfile.TemporaryDirectory() as folder:
        schemas = cut_types(items, Path(folder)) if options.data else None
        models = fitted_without_groups(every) if options.data else [shipped_model()]
        outcomes = measure(items, models, schemas, options.errors, options.names, options.seed)
    print_success(outcomes)
    print_planted(outcomes)
    print_doubts(outcomes)
    if options.list:
        print_failures(outcomes)


def fitted_without_groups(every: Sequence[Sample]) -> list[Model]:
    types = {name: load_type(name) for name, _ in list_types()}
    cases = [
        case for engine in ("tesseract", "both") for case in samples_to_cases(every, read_samples(every, engine), types)
    ]
    return out_of_fold_models(cases)


if __name__ == "__main__":
    main()
