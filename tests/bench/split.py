"""How well a scan of several documents is cut: precision and recall of cuts, and documents whose pages are all theirs.

    python -m tests.bench.split [--data DIR] [--files N] [--show]

Two to five documents are joined in seeded orders: as they are, with a blank sheet between, and each alone with a blank
back to every page (which nothing must cut). Pages are read one at a time, so joined readings are what a joined file
gives. Settings are chosen on the bundled fixtures; public sets below DIR check them.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from engine.config import Config
from engine.identify import asked_types
from engine.page_look import PageLook, reading_to_look
from engine.split import looks_to_split
from tests.bench.datasets import Sample, samples
from tests.bench.read_samples import read_samples

Looks = tuple[PageLook, ...]


@dataclass
class Count:
    files: int = 0
    true: int = 0
    cuts: int = 0
    right: int = 0
    documents: int = 0
    whole: int = 0
    told: int = 0
    false_doubts: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        precision, recall = self.right / max(self.cuts, 1), self.right / max(self.true, 1)
        return (
            f"{name:34} {self.files:5} {self.true:6} {self.cuts:6} {precision:9.3f} {recall:7.3f}"
            f" {self.whole / max(self.documents, 1):9.3f} {self.told / max(self.true - self.right, 1):9.3f}"
            f" {self.false_doubts:7}"
        )


def measure(files: Iterator[list[Looks]], joined: Callable[[list[Looks]], tuple[list[PageLook], list[int]]]) -> Count:
    count = Count()
    for documents in files:
        looks, starts = joined(documents)
        found = looks_to_split(looks)
        begins = {piece.first: piece.reason for piece in found.pieces[1:]}
        true = set(starts[1:])
        count.files += 1
        count.true += len(true)
        count.cuts += len(begins)
        count.right += len(true & begins.keys())
        count.told += len((true - begins.keys()) & dict(found.doubts).keys())
        count.false_doubts += len(dict(found.doubts).keys() - true)
        spans = {(piece.first, piece.last) for piece in found.pieces}
        for start, end in pairwise([*starts, len(looks) + 1]):
            count.documents += 1
            own = {look.page for look in looks[start - 1 : end - 1] if not look.blank}
            count.whole += any(own == {look.page for look in looks[a - 1 : b] if not look.blank} for a, b in spans)
        names = {look.page: look.text[:40] for look in looks}
        count.wrong += [f"{names[page]}: {begins[page]}" for page in begins.keys() - true]
        count.missed += [f"{names[page]}: {dict(found.doubts).get(page)}" for page in true - begins.keys()]
    return count


def plain(documents: Sequence[Looks]) -> tuple[list[PageLook], list[int]]:
    looks: list[PageLook] = []
    starts = []
    for pages in documents:
        starts.append(len(looks) + 1)
        looks += [replace(page, page=len(looks) + 1 + i) for i, page in enumerate(pages)]
    return looks, starts


def parted(documents: Sequence[Looks]) -> tuple[list[PageLook], list[int]]:
    looks: list[PageLook] = []
    starts = []
    for pages in documents:
        if looks:
            looks.append(PageLook(len(looks) + 1, blank=True))
        starts.append(len(looks) + 1)
        looks += [replace(page, page=len(looks) + 1 + i) for i, page in enumerate(pages)]
    return looks, starts


def with_backs(documents: Sequence[Looks]) -> tuple[list[PageLook], list[int]]:
    looks: list[PageLook] = []
    starts = []
    for pages in documents:
        starts.append(len(looks) + 1)
        for page in pages:
            looks += [replace(page, page=len(looks) + 1), PageLook(len(looks) + 2, blank=True)]
    return looks, starts


def composites(documents: Sequence[Looks], count: int, seed: int = 7) -> Iterator[list[Looks]]:
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.sample(documents, chance.randint(2, 5))


def sets(data: Path | None) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples(data):
        found.setdefault(sample.set, []).append(sample)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--show", action="store_true", help="what was cut wrongly and what was missed")
    options = parser.parse_args()
    doctypes = asked_types("auto", Config())
    print(f"{'':34} {'files':>5} {'joints':>6} {'cuts':>6} precision  recall  doc.whole  miss.told  false doubts")
    everything: list[Looks] = []
    for name, chosen in sets(options.data).items():
        readings = read_samples(chosen)
        looks = [tuple(reading_to_look(r, doctypes) for r in readings[s.set, s.id]) for s in chosen]
        everything += looks
        report(name, looks, options)
    if options.data:
        report("all sets mixed", everything, options)


def report(name: str, documents: Sequence[Looks], options: argparse.Namespace) -> None:
    several = [pages for pages in documents if len(pages) > 1]
    ways: list[tuple[str, Iterator[list[Looks]], Callable[..., tuple[list[PageLook], list[int]]]]] = [
        ("alone", ([pages] for pages in documents), plain),
        ("alone, blank backs", ([pages] for pages in several), with_backs),
        ("joined", composites(documents, options.files), plain),
        ("joined, a blank sheet between", composites(documents, options.files), parted),
        ("joined, blank backs", composites(documents, options.files), with_backs),
    ]
    print(name)
    for way, files, joined in ways:
        count = measure(files, joined)
        print(count.row(f"  {way}"))
        if options.show:
            print(
                "\n".join(
                    ["    wrong:", *sorted(set(count.wrong))[:30], "    missed:", *sorted(set(count.missed))[:40]]
                )
            )


if __name__ == "__main__":
    main()
