"""The report: one HTML file that loads nothing, written document by document so that no more than a page is held.

What documents say is data throughout: Jinja2 escapes it in the list, and in the data blocks no ``<``, ``>`` or ``&``
is left. Should that ever slip, the page's Content-Security-Policy lets only the two scripts run whose hashes it names.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader
from markupsafe import Markup

from engine import __version__
from engine.as_json import to_json
from engine.as_text import one_line, safe
from engine.config import Config
from engine.doctype import DocumentType, load_type
from engine.errors import UsageError
from engine.output import result_names, whole_output
from engine.report.entry import entry
from engine.report.given import read_result
from engine.report.overview import overview
from engine.report.pictures import pictures
from engine.result import Result
from engine.view.decided import Decision, judged, read_decisions
from engine.view.document import document_view
from engine.view.look import LOOK, MARKS, VIEWER, part

HARMLESS = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
"""What could end a data block early, or a line of a script, as JSON writes it otherwise."""


@dataclass(frozen=True, slots=True)
class Given:
    """A result file, and the name that tells it among the others."""

    file: Path
    name: str


def write_report(target: Path, results: Sequence[Path], config: Config, done: Callable[[int, int], None]) -> None:
    """The report of *results*, files of results, to *target*; *done* hears how many documents of how many are in it.

    Each file is read twice: first for the list and the charts, then for its own part. Raises UsageError where *target*
    cannot be written or is one of the documents.
    """
    names = result_names(results)
    given = [Given(file, name.removesuffix(".json").removesuffix(".json")) for file, name in names.items()]
    entries = [entry(_apart(target, one.file, read_result(one.file)), one.name) for one in given]
    page = _environment().get_template("report.html")
    look, script = part(LOOK) + _own("report.css"), part(VIEWER) + _own("report.js")
    held = {
        "policy": _policy(look, script),
        "look": Markup(look),  # noqa: S704 - a file of ours, which holds nothing of any document
        "script": Markup(script),  # noqa: S704 - the same
        "marks": Markup(part(MARKS)),  # noqa: S704 - the same
        "version": __version__,
        "entries": entries,
        "overview": overview(entries, _decided(given)),
        "documents": _documents(given, config, done),
    }
    with whole_output(target) as file:
        for piece in page.generate(held):
            file.write(piece.encode("utf-8", "backslashreplace"))


def _apart(target: Path, file: Path, result: Result) -> Result:
    """The result of *file*; raises UsageError where the report would overwrite its document, or what stands where that
    is looked for (:func:`engine.locate.find_document`)."""
    places = (result.path, file.parent / Path(result.path).name)
    if target.exists() and os.path.realpath(target) in [os.path.realpath(place) for place in places]:
        raise UsageError(f"the report {target} would overwrite the document of a result: name another file")
    return result


def _documents(given: Sequence[Given], config: Config, done: Callable[[int, int], None]) -> Iterator[Markup]:
    """The data blocks of each document: what the page shows of it, then its pages' pictures."""

    @lru_cache
    def doctype(name: str) -> DocumentType | None:
        try:
            return load_type(name, config.schemas)
        except UsageError:  # a type of elsewhere: its fields go by their names
            return None

    for number, one in enumerate(given):
        result = read_result(one.file)
        shown = []
        for picture in pictures(result, one.file, config):
            if picture.uri:
                yield _block("text/plain", f"picture-{number}-{picture.page}", picture.uri)
            shown.append({**asdict(picture), "uri": None})
        yield _block("application/json", f"document-{number}", harmless(_view(result, one, doctype, shown)))
        done(number + 1, len(given))


def _view(
    result: Result, one: Given, doctype: Callable[[str], DocumentType | None], shown: list[dict[str, Any]]
) -> dict[str, Any]:
    view = document_view(result, one.name, doctype(result.type) if result.type else None)
    return {**view, "result": str(one.file), "ocr": result.ocr, "pictures": shown}


def harmless(data: Any) -> str:
    """*data* as JSON that can stand within a ``<script>``: what steers text is replaced, as on a terminal."""
    return to_json(_shown(data), indent=None).translate(HARMLESS)


def _shown(data: Any) -> Any:
    if isinstance(data, str):
        return safe(data)
    if isinstance(data, dict):
        return {one_line(name): _shown(value) for name, value in data.items()}
    return [_shown(value) for value in data] if isinstance(data, list | tuple) else data


def _block(kind: str, name: str, text: str) -> Markup:
    """A data block; *text* holds no ``<``."""
    return Markup(f'<script type="{kind}" id="{name}">{text}</script>\n')  # noqa: S704 - see harmless()


def _decided(given: Sequence[Given]) -> list[tuple[float, bool]]:
    """Confidence and truth of the values that people have decided on, of the results of this report."""
    told = {folder: _decisions(folder) for folder in {one.file.parent for one in given}}
    found = (value for one in given for value in judged(told[one.file.parent].get(one.file.name, ())))
    return [(value.confidence, value.right) for value in found if value.confidence is not None]


def _decisions(folder: Path) -> dict[str, list[Decision]]:
    """By the names of the results; none where they are not ours to look at."""
    found: dict[str, list[Decision]] = {}
    with suppress(UsageError):
        for decision in read_decisions(folder):
            found.setdefault(decision.result, []).append(decision)
    return found


def _policy(look: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(look)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"


def _environment() -> Environment:
    made = Environment(autoescape=True, loader=FunctionLoader(_own), trim_blocks=True, lstrip_blocks=True)
    made.filters["seen"] = one_line
    return made


def _own(name: str) -> str:
    return files("engine.report").joinpath(name).read_text("utf-8")
