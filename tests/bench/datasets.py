"""Documents with known fields: public sets below DATA=DIR, or the bundled fixtures.

Each sample names the group it belongs to (company, advertiser, registrant): folds are cut between groups, so a
layout that was fitted on is never measured on.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from engine.page import Reading
from engine.values.dates import dates_in, resolve
from engine.values.numbers import parse_number

ROOT = Path(__file__).parents[2]
SAME_TEXT = 90.0  # rapidfuzz ratio of the normalised texts from which a name or address counts as right


@dataclass(frozen=True)
class Sample:
    """A document with the printed truth of some leaves (pointer to text); ``rasterise`` = ignore a text layer."""

    set: str
    id: str
    path: Path
    type: str
    truth: dict[str, str]
    group: str
    order: str = "dmy"


def samples(data: Path | None) -> Iterator[Sample]:
    """All samples below ``data``; the bundled fixtures where it is None."""
    if data is None:
        yield from bundled()
        return
    for path in sorted((data / "sroie2019" / "gt").glob("*.json")):
        gt = json.loads(path.read_text())
        truth = {f"/{name}": text for name, text in gt["fields"].items() if text}
        yield Sample("sroie2019", path.stem, data / "sroie2019" / "docs" / f"{path.stem}.jpg", "receipt", truth,
                     letters(gt["fields"].get("company") or path.stem)[:12])  # fmt: skip
    for path in sorted((data / "vrdu_adbuy" / "gt").glob("*.json")):
        gt = json.loads(path.read_text())
        truth = {f"/{name}": text for name, text in gt["fields"].items() if text}
        yield Sample("vrdu_adbuy", path.stem, data / "vrdu_adbuy" / "docs" / f"{path.stem}.pdf", "ad_buy", truth,
                     letters(gt["fields"].get("advertiser") or path.stem)[:10], "mdy")  # fmt: skip
    for path in sorted((data / "vrdu_fara" / "gt").glob("*.json")):
        gt = json.loads(path.read_text())
        name = gt["fields_from_filename"].get("registrant_name") or ""
        truth = {"/form_type": gt["form_type"].replace("Short-Form", "Short Form")}
        if name:
            truth["/registrant_name"] = name
        yield Sample("vrdu_fara", path.stem, data / "vrdu_fara" / "docs" / f"{path.stem}.pdf", "registration", truth,
                     letters(name or path.stem)[:10], "mdy")  # fmt: skip


def bundled() -> Iterator[Sample]:
    for case in sorted((ROOT / "fixtures").glob("*/case.toml")):
        settings = tomllib.loads(case.read_text())
        expected = json.loads((case.parent / "expected.json").read_text(), parse_float=str)
        truth = {
            f"/{name}": str(value)
            for name, value in expected.items()
            if isinstance(value, str | int | float) and not isinstance(value, bool)
        }
        path = case.parent / settings["document"]
        shared = path.parent != case.parent  # another case's document
        if not shared and not settings.get("type", ".json").endswith(".json"):
            yield Sample("fixtures", case.parent.name, path, settings["type"], truth, case.parent.name)


def shown(sample: Sample, pointer: str, readings: Sequence[Reading]) -> bool:
    """A registrant's name in the archive's catalogue need not stand on the page: only names that do count."""
    if pointer != "/registrant_name":
        return True
    text = letters(" ".join(word.text for reading in readings for word in reading.words))
    name = letters(bare_name(sample.truth[pointer]))
    return bool(name) and fuzz.partial_ratio(name, text) >= 90


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def agree(kind: str, found: object, truth: str, order: str, pointer: str = "") -> bool:
    """Is the value right? Numbers exact as decimals, dates exact, identifiers without separators, texts nearly."""
    if found is None:
        return False
    if kind in ("money", "quantity", "percent"):
        number = parse_number(truth)
        return number is not None and number.value == found
    if kind == "date":
        return str(found) == iso(truth, order)
    if kind == "identifier":
        return letters(str(found)) == letters(truth)
    if pointer == "/registrant_name":
        return fuzz.ratio(bare_name(str(found)), bare_name(truth)) >= SAME_TEXT
    return fuzz.ratio(plain(str(found)), plain(truth)) >= SAME_TEXT


def iso(printed: str, order: str) -> str | None:
    forms = dates_in(printed)
    return resolve(forms[0], order, order)[0].isoformat() if forms else None


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def bare_name(text: str) -> str:
    """Without legal forms and articles: the catalogue that names registrants leaves them out at will."""
    words = re.sub(r"[^\w& ]", " ", text.casefold()).split()
    dropped = {"inc", "llc", "ltd", "llp", "co", "corp", "corporation", "company", "incorporated", "limited",
               "the", "a", "an", "of", "and", "&", "pc", "pllc", "lp", "l", "c", "p"}  # fmt: skip
    return " ".join(word for word in words if word not in dropped)
