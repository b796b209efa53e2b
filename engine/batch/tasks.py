"""What a child process does for a batch: look into a file, read a page, ask about one, conclude.

Plain functions on plain data, so that they can be sent to another process; what they give back is recorded, and names
no file (:mod:`engine.batch.named`). A file or page that cannot be read is an answer, not an error. Whatever else goes
wrong is the caller's to tell.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.batch.named import NAME, nameless, nameless_result
from engine.config import Config

if TYPE_CHECKING:
    from engine.batch.shared import Shared
    from engine.receive import Document
    from engine.split import Split
    from engine.vlm.ask import PageAnswer, Vlm

Packed = bytes
"""A reading or an answer, pickled and compressed: about 20 kB for a dense page."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it was received; ``failure`` says why it could not be, and ``document`` is None then."""

    document: Document | None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The type that a document was found to have (None for unknown), and its pages that want a model."""

    type: str | None
    wanted: tuple[int, ...]


CPU_SECONDS = 18_000
"""What a process may take, and each program that it starts: a runaway Tesseract outlives its page, not this. A process
does 1,000 tasks (:mod:`engine.batch.pool`) of some seconds each."""


def prepare_process(threads: int) -> None:
    """Each process does one thing at a time, with its share of the machine's cores."""
    import resource

    import cv2

    cv2.setNumThreads(threads)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def receive_file(path: str, config: Config) -> Received:
    from engine.errors import BadInput, UsageError
    from engine.receive import receive

    try:
        return Received(replace(receive(Path(path), config), password=None))  # records hold no password
    except (BadInput, UsageError) as error:  # a file that is gone since it was listed is no fault of the batch
        return Received(None, nameless(str(error), Path(path)))


def read_one(document: Document, page: int, config: Config) -> Packed:
    from engine.flow import reader
    from engine.reading import read_page

    reading = read_page(document, page, reader(config), config)
    return pack(replace(reading, failure=reading.failure and nameless(reading.failure, document.path)))


def plan(document: Document, pages: Sequence[Packed], type_name: str, config: Config) -> Plan:
    from engine.identify import asked_types, choose_type
    from engine.route import readings_to_routes

    readings = [unpack(page) for page in pages]
    doctype, _ = choose_type(readings, asked_types(type_name, config))
    routes = readings_to_routes(readings, document, doctype, config)
    wanted = [r.page for r, decision in zip(readings, routes, strict=True) if decision.wants_vlm]
    return Plan(doctype.name if doctype else None, tuple(wanted) if doctype else ())


def cut(document: Document, pages: Sequence[Packed], type_name: str, config: Config) -> Split:
    from engine.barcodes import sheets
    from engine.identify import asked_types
    from engine.split import split

    readings = [unpack(page) for page in pages]
    return split(readings, asked_types(type_name, config), sheets(document, readings, config))


def ask(document: Document, page: Packed, type_name: str, config: Config, shared: Shared) -> Packed:
    """The model's answer about a page of a document whose type is known; what it says is kept where all can see it."""
    from engine.asking import ask_page
    from engine.doctype import load_type
    from engine.vlm.ask import PageAnswer

    vlm, reading = connected(config, shared), unpack(page)
    assert vlm is not None  # noqa: S101 - a page is asked about only where there is a model
    if not vlm.budget.take_page():
        reason = f"the limit of {config.max_vlm_pages} pages for a VLM is reached"
        return pack(PageAnswer(reading.page, "skipped", reason, asked=False))
    answer = ask_page(document, reading, load_type(type_name, config.schemas), vlm, config)
    return pack(replace(answer, reason=nameless(answer.reason, document.path)))


def conclude(
    document: Document,
    pages: Sequence[Packed],
    answers: Mapping[int, Packed],
    type_name: str,
    config: Config,
    shared: Shared | None,
) -> str:
    """The result's JSON."""
    from engine.as_json import result_to_json
    from engine.flow import conclude as conclude_document
    from engine.identify import asked_types, choose_type
    from engine.split import split_findings

    readings, doctypes = tuple(unpack(page) for page in pages), asked_types(type_name, config)
    doctype, doubt = choose_type(readings, doctypes)
    doubt = (*doubt, *split_findings(readings, doctypes))
    given: dict[int, PageAnswer] = {page: unpack(answer) for page, answer in answers.items()}
    vlm = connected(config, shared) if shared else None
    result = conclude_document(document, readings, doctype, config, given, doubt=doubt, vlm=vlm)
    return result_to_json(nameless_result(result, document.path))


def failed_result(path: str, type_name: str, sentence: str, config: Config) -> str:
    """The result's JSON of a file that could not be read, or that its work did not come to an end for. *sentence* may
    name the path."""
    from engine.as_json import result_to_json
    from engine.flow import reader
    from engine.identify import asked_types
    from engine.unreadable import failed_fields, nothing_read

    doctypes = asked_types(type_name, config)
    known = doctypes[0] if len(doctypes) == 1 else None
    result = nothing_read(Path(path), known, failed_fields(known), nameless(sentence, path), reader(config))
    return result_to_json(replace(result, path=NAME))


def connected(config: Config, shared: Shared) -> Vlm | None:
    """The model of the settings, with the money and the answers that all processes of the batch share."""
    from engine.vlm.connect import connect

    vlm = connect(replace(config, cache=shared.cache))
    return vlm and replace(vlm, budget=shared.budget(config), store=shared.store(vlm.store))


def failed_page(page: int, sentence: str) -> Packed:
    from engine.page import Reading

    return pack(Reading(page, failure=sentence, signals={"handwriting": 0.0, "table": 0.0}))


def failed_answer(page: int, sentence: str) -> Packed:
    from engine.vlm.ask import PageAnswer

    return pack(PageAnswer(page, "failed", sentence))


def pack(thing: object) -> Packed:
    return zlib.compress(pickle.dumps(thing, protocol=5))


def unpack(packed: Packed) -> Any:
    return pickle.loads(zlib.decompress(packed))  # noqa: S301 - our own, from our own store
