"""How the witness judges the cells of tables: ``python -m tests.bench.verify_rows``.

Every fixture with rows: all cells as they are, each made wrong in one way at a time, and whole tables made wrong in
all rows alike, with the table's head and without it. Fixtures are read by OCR alone (a text layer would give the
answers away), and kept.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.doctype import DocumentType, load_type
from engine.label.columns import lines_to_heads
from engine.pointer import expand, matches
from engine.result import Field
from engine.values.likeness import look_alike
from engine.witness.judgement import Judgement
from engine.witness.row_roles import sort_of_leaf
from engine.witness.row_table import TablePages
from engine.witness.rows import judge_on_pages, sights_to_pages
from engine.witness.sight import Sight
from tests.bench.datasets import Sample, bundled
from tests.bench.read_samples import Engine, read_samples

SEED = 5
MOST = 30  # wrong cells of one kind and fixture, drawn by lot
Values = Mapping[str, Any]


@dataclass(frozen=True)
class JudgedCell:
    """A cell, right (``fault`` "right") or wrong, with what the witness says of it."""

    id: str
    pointer: str
    fault: str
    value: Any
    judgement: Judgement


def main() -> None:
    both: tuple[Engine, ...] = ("tesseract", "paddle")
    for engines in (both[:1], both):
        cells = list(judge_cells(engines))
        right = Counter((c.id, c.judgement.verdict) for c in cells if c.fault == "right")
        headless = Counter((c.id, c.judgement.verdict) for c in cells if c.fault == "no head: right")
        wrong = Counter((c.fault, c.judgement.verdict) for c in cells if c.fault in KINDS)
        alike = Counter(
            (c.fault, c.judgement.verdict) for c in cells if not c.fault.endswith("right") and c.fault not in KINDS
        )
        errors = Counter(c.fault for c in cells if c.judgement.verdict == "silent" and is_error(c.judgement))
        print(f"\n{' + '.join(engines)}")
        for cell in cells:
            tell(cell, everything="-v" in sys.argv)
        table("right cells", right, ("confirmed", "silent", "contradicted"))
        table("right cells, no head", headless, ("confirmed", "silent", "contradicted"))
        table("wrong cells", wrong, ("contradicted", "silent", "confirmed"))
        table("wrong in all rows", alike, ("contradicted", "silent", "confirmed"))
        print("silent cells that are an error: " + ", ".join(f"{fault} {n}" for fault, n in errors.items()))


def judge_cells(engines: Sequence[Engine]) -> Iterator[JudgedCell]:
    """Every cell of every bundled table as it is, and drawn ones made wrong in one way at a time."""
    samples = [sample for sample in bundled() if _truth(sample)[1]]
    readings = {engine: read_samples(samples, engine) for engine in engines}
    for sample in samples:
        doctype, truth = _truth(sample)
        sights = [Sight(e, tuple(readings[e][sample.set, sample.id]), doctype) for e in engines]
        arrays = sorted({leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array})
        pages = [sights_to_pages(array, sights) for array in arrays]
        for pointer, judgement in judge(truth, pages).items():
            yield JudgedCell(sample.id, pointer, "right", truth[pointer], judgement)
        chance = random.Random(f"{SEED} {sample.id}")
        for fault, pointers, values in whole_tables(truth, doctype):
            for pointer, judgement in judge(values, pages, pointers).items():
                yield JudgedCell(sample.id, pointer, fault, values[pointer], judgement)
        beheaded = [sights_to_pages(array, [without_head(s, array) for s in sights]) for array in arrays]
        for fault, pointers, values in [("right", list(truth), truth), *whole_tables(truth, doctype)]:
            for pointer, judgement in judge(values, beheaded, pointers).items():
                yield JudgedCell(sample.id, pointer, f"no head: {fault}", values[pointer], judgement)
        for fault, make in KINDS.items():
            cells = list(make_wrong(truth, make, chance))
            for pointers, values in chance.sample(cells, min(MOST, len(cells))):
                for pointer, judgement in judge(values, pages, pointers).items():
                    yield JudgedCell(sample.id, pointer, fault, values[pointer], judgement)


def tell(cell: JudgedCell, *, everything: bool) -> None:
    """Right cells accused and wrong ones confirmed; with ``everything`` the silent right ones too."""
    verdict, right = cell.judgement.verdict, cell.fault.endswith("right")
    fault = verdict == ("contradicted" if right else "confirmed")
    if fault or (everything and right and verdict == "silent"):
        j = cell.judgement
        print(f"  {cell.id} {cell.pointer} {cell.fault} {cell.value}: {verdict}, {j.reason} ({j.witness})")


def judge(
    values: Values, pages: Sequence[Sequence[TablePages]], only: Sequence[str] | None = None
) -> dict[str, Judgement]:
    fields = {pointer: Field(value, source="given") for pointer, value in values.items()}
    return {pointer: j for table in pages for pointer, j in judge_on_pages(fields, table, only).items()}


def is_error(judgement: Judgement) -> bool:
    return bool(judgement.evidence.get("nowhere") or judgement.evidence.get("otherwise"))


def without_head(sight: Sight, array: str) -> Sight:
    """The same pages without the lines that name the array's columns."""
    for _ in range(5):
        pages = sights_to_pages(array, [sight])[0]
        own = list(pages.leaves.values())
        others = [leaf for leaf in sight.doctype.leaves if leaf.pointer not in pages.leaves]
        heads = lines_to_heads(sight.sheet.layout, own, others)
        if not heads:
            break
        named = {id(word) for head in heads for word in head.line.words}
        kept = tuple(replace(r, words=tuple(w for w in r.words if id(w) not in named)) for r in sight.readings)
        sight = Sight(sight.reader, kept, sight.doctype)
    return sight


def whole_tables(truth: Values, doctype: DocumentType) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Tables that are wrong in all rows alike: the fault, the pointers of the wrong cells, all values."""
    leaves = [leaf for leaf in doctype.leaves if leaf.in_array]
    cells = {leaf.pointer: {_row(p): p for p in truth if matches(leaf.pointer, p)} for leaf in leaves}
    for leaf in leaves:
        own = cells[leaf.pointer]
        texts = {p: str(truth[p]) for p in own.values()}
        if leaf.kind == "money":
            yield "sign turned in all rows", list(texts), {**truth, **{p: -truth[p] for p in texts}}
        if leaf.kind == "date":
            years = {p: f"{int(text[:4]) - 1}{text[4:]}" for p, text in texts.items()}
            yield "year before in all rows", list(texts), {**truth, **years}
        if leaf.kind == "text":
            cut = {p: " ".join(words[: len(words) // 2]) for p, t in texts.items() if len(words := t.split()) > 1}
            yield "text cut in all rows", list(cut), {**truth, **cut}
        for other in leaves[leaves.index(leaf) + 1 :]:
            if sort_of_leaf(leaf) == sort_of_leaf(other):
                yield from _exchanged(own, cells[other.pointer], truth)


def _exchanged(
    one: Mapping[str, str], other: Mapping[str, str], truth: Values
) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Both columns exchanged in the rows that have both and differ; a column alone given to the other leaf."""
    both = {row for row in one if row in other and truth[one[row]] != truth[other[row]]}
    changed = {one[row]: truth[other[row]] for row in both} | {other[row]: truth[one[row]] for row in both}
    if both:
        yield "two columns exchanged in all rows", list(changed), {**truth, **changed}


def _truth(sample: Sample) -> tuple[DocumentType, dict[str, Any]]:
    doctype = load_type(sample.type)
    data = json.loads((sample.path.parent / "expected.json").read_text(encoding="utf-8"), parse_float=Decimal)
    cells = (cell for leaf in doctype.leaves if leaf.in_array for cell in expand(data, leaf.pointer))
    return doctype, {pointer: value for pointer, value in cells if value is not None}


def table(title: str, counts: Mapping[tuple[str, Any], int], verdicts: Sequence[str]) -> None:
    print(f"{title:28}" + "".join(f"{verdict:>14}" for verdict in verdicts) + f"{'cells':>8}")
    rows = [*dict.fromkeys(name for name, _ in counts)]
    for name in rows:
        _line(name, [counts.get((name, verdict), 0) for verdict in verdicts])
    _line("all", [sum(counts.get((name, verdict), 0) for name in rows) for verdict in verdicts])


def _line(name: str, numbers: Sequence[int]) -> None:
    whole = sum(numbers) or 1
    print(f"{name:28}" + "".join(f"{100 * n / whole:13.1f}%" for n in numbers) + f"{sum(numbers):8}")


# --- wrong cells --------------------------------------------------------------------------------------------

Wrong = Callable[[str, random.Random], str | None]


def make_wrong(truth: Values, kind: str | Wrong, chance: random.Random) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The pointers of the wrong cells with all values."""
    for pointer, value in truth.items():
        if callable(kind):
            text = kind(str(value), chance)
            if text is not None and (made := _typed(text, value)) is not None and made != value:
                yield [pointer], {**truth, pointer: made}
        elif kind == "invented row":
            row = [p for p in truth if _row(p) == _row(pointer)]
            if row[0] == pointer:
                yield row, {**truth, **{p: made_up(truth[p], chance) for p in row}}
        elif kind == "next row":
            other = _next_row(pointer)
            if other in truth and truth[other] != value:
                yield [pointer], {**truth, pointer: truth[other]}
        else:
            mates = [p for p, v in truth.items() if p != pointer and _row(p) == _row(pointer) and _mates(v, value)]
            if mates:
                mate = chance.choice(mates)
                both = {**truth, pointer: truth[mate], mate: value}
                yield (
                    ([pointer], {**truth, pointer: truth[mate]}) if kind == "other column" else ([pointer, mate], both)
                )


def _mates(a: Any, b: Any) -> bool:
    return a != b and isinstance(a, Decimal | int) == isinstance(b, Decimal | int)


def _row(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def _next_row(pointer: str) -> str:
    array, row, leaf = pointer.rsplit("/", 2)
    return f"{array}/{int(row) + 1}/{leaf}"


def made_up(value: Any, chance: random.Random) -> Any:
    """A value of the same sort that nothing on the page suggests."""
    if isinstance(value, Decimal):
        return Decimal(chance.randint(100, 99999)) / 100
    if isinstance(value, int):
        return chance.randint(11, 99)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        return f"20{chance.randint(10, 23)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
    return chance.choice(("Copper kettle, polished", "Wool blanket, grey", "Pruning shears", "Delivery by barge"))


def _typed(text: str, like: Any) -> Any:
    if isinstance(like, str):
        return text
    try:
        return int(text) if isinstance(like, int) else Decimal(text)
    except (ValueError, ArithmeticError):
        return None


def _digits(text: str) -> list[int]:
    return [i for i, c in enumerate(text) if c.isdigit()]


def replaced(text: str, chance: random.Random) -> str | None:
    if not (at := _digits(text)):
        return None
    i = chance.choice(at)
    return text[:i] + chance.choice([d for d in "123456789" if d != text[i]]) + text[i + 1 :]


def confused(text: str, chance: random.Random) -> str | None:
    ways = [(i, d) for i in _digits(text) for d in "0123456789" if look_alike(text[i], d)]
    if not ways:
        return None
    i, digit = chance.choice(ways)
    return text[:i] + digit + text[i + 1 :]


def swapped(text: str, chance: random.Random) -> str | None:
    ways = [i for i in _digits(text) if text[i + 1 : i + 2].isdigit() and text[i] != text[i + 1]]
    if not ways:
        return None
    i = chance.choice(ways)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def dropped(text: str, chance: random.Random) -> str | None:
    at = _digits(text)
    if len(at) < 2:
        return None
    i = chance.choice(at)
    return text[:i] + text[i + 1 :]


def doubled(text: str, chance: random.Random) -> str | None:
    if not (at := _digits(text)):
        return None
    i = chance.choice(at)
    return text[: i + 1] + text[i:]


def point_moved(text: str, chance: random.Random) -> str | None:
    try:
        return str(Decimal(text).scaleb(chance.choice((-1, 1))))
    except ArithmeticError:
        return None


def invented(text: str, chance: random.Random) -> str | None:
    if any(map(str.isdigit, text)):
        return "".join(chance.choice("123456789") if c.isdigit() else c for c in text)
    return chance.choice(("Granite worktop, polished", "Annual subscription", "Evening Bulletin", "Counter withdrawal"))


KINDS: dict[str, str | Wrong] = {
    "digit replaced": replaced,
    "confusable digit": confused,
    "two digits swapped": swapped,
    "digit dropped": dropped,
    "digit doubled": doubled,
    "point moved": point_moved,
    "value of the next row": "next row",
    "value of another column": "other column",
    "two columns exchanged": "exchanged",
    "invented": invented,
    "invented row": "invented row",
}


if __name__ == "__main__":
    main()
