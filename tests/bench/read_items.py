"""The documents that reading is measured on, kind by kind, each with its truth."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from tests.bench.datasets import ROOT
from tests.bench.engines import chosen

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """A document and its truth: all its text, or (``partial``) some numbers that stand on it."""

    path: Path
    truth: str
    partial: bool = False


def kinds(data: Path | None, count: int, folder: Path) -> dict[str, list[Item]]:
    """``count`` documents of each kind; PDFs made of images are put into ``folder``."""
    return real(data, count, folder) if data else {"fixtures": spread(list(fixtures()), count)}


def fixtures() -> Iterator[Item]:
    for case in sorted((ROOT / "fixtures").glob("*/case.toml")):
        path = case.parent / tomllib.loads(case.read_text())["document"]
        if path.parent != case.parent:  # another case's document
            continue
        truth = leaves(json.loads((case.parent / "expected.json").read_text(), parse_float=str))
        yield Item(path, "\n".join(value for value in truth if re.fullmatch(r"\d+\.\d+", value)), True)


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from leaves(child)
    elif isinstance(value, str):
        yield value


def real(data: Path, count: int, folder: Path) -> dict[str, list[Item]]:
    kinds = {
        name: [Item(page.path, page.truth) for page in spread(pages, count)]
        for name, pages in chosen(data, 1, "check").items()
    }
    as_pdf = []
    for item in kinds["books"]:
        path = folder / f"{item.path.stem}.pdf"
        with Image.open(item.path) as image:
            image.save(path, resolution=300)
        as_pdf.append(Item(path, item.truth))
    return kinds | {"books as PDF": as_pdf}


def spread(items: Sequence[T], count: int) -> list[T]:
    return [items[i * len(items) // count] for i in range(min(count, len(items)))]
