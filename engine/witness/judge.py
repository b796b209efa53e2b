"""Every value of a document judged: fields in, fields with verdicts and what there is to say about them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from engine.doctype import DocumentType, Leaf
from engine.label.rank import Model
from engine.page import Reading
from engine.pointer import matches
from engine.result import Field, Finding
from engine.validate import quoted
from engine.witness.choice import Pick, let_choose
from engine.witness.closer import look_closer
from engine.witness.confidence import probability
from engine.witness.crop import Crops
from engine.witness.judgement import Judgement
from engine.witness.open_map import judge_entries
from engine.witness.rows import judge_rows
from engine.witness.second_look import SecondLook, apart, read_twice
from engine.witness.sight import Sight
from engine.witness.single import judge_single

CHECKED = ("vlm", "given")
SURE = 0.5  # share from which a value confirmed by the first reader needs no second look
OWN = 0.5  # share that each reader by itself must give a value that both together found
MOST_PAGES = 10  # that are read again for values that stand nowhere
ANOTHER = 0.3  # share of another figure from which a silent one of a model is an error: something else stands there
HANDWRITTEN = 0.5  # probability of a region from which OCR's reading in it is no evidence


@dataclass(frozen=True, slots=True)
class Asks:
    """Whom to ask in doubt: a second reader of whole pages, readers of a place cut out, a model shown that place."""

    look: SecondLook | None = None
    crops: Crops | None = None
    pick: Pick | None = None


def bear_witness(
    fields: Mapping[str, Field],
    doctype: DocumentType,
    readings: Sequence[Reading],
    asks: Asks | None = None,
    model: Model | None = None,
    *,
    whole: bool = True,
) -> tuple[dict[str, Field], tuple[Finding, ...]]:
    """The fields with verdict, witness, box and confidence, and a finding for each contradiction and each silence.

    Judged are a model's values and given ones; those that two OCR engines read together are judged by each alone.
    ``asks`` are those who may be asked where a doubt is left. ``whole``: all pages of the document were
    read, so that a value which stands on none of them stands nowhere.
    """
    twice = {reading.page for reading in readings if read_twice(reading)}
    asked = {p: f for p, f in fields.items() if f.value is not None and (f.source in CHECKED or f.page in twice)}
    asks = asks or Asks()
    pages = [reading for reading in readings if not reading.failure]
    if not asked or not pages:
        return dict(fields), ()
    first = Sight("tesseract", apart(pages, "tesseract"), doctype, model)
    others = {r.page: r for r in apart([r for r in pages if r.page in twice], "paddle")}
    found = judge_fields(asked, doctype, [first, *second_sight(pages, others, doctype, model)])
    doubted = [r for r in pages if r.page in pages_in_doubt(asked, found, pages) - twice]
    again = asks.look(doubted) if asks.look and doubted else {}
    if again:
        found = judge_fields(asked, doctype, [first, *second_sight(pages, others | dict(again), doctype, model)])
    found = {pointer: not_of_handwriting(judgement, pages) for pointer, judgement in found.items()}
    found = look_closer(found, asked, first, asks.crops) if asks.crops else found
    found = let_choose(found, asked, first, asks.pick) if asks.pick else found
    judged = {p: told(f, found[p], leaf_of(p, doctype)) if p in found else f for p, f in fields.items()}
    return judged, tuple(chain.from_iterable(said(p, asked[p], j, whole=whole) for p, j in found.items()))


def second_sight(
    pages: Sequence[Reading], others: Mapping[int, Reading], doctype: DocumentType, model: Model | None
) -> list[Sight]:
    """What the second reader has seen: its own pages, and text layers, which need no second one. A page that only the
    first has read is none of its: nobody agrees with himself."""
    seen = [others.get(page.page, page) for page in pages if page.page in others or page.source == "text_layer"]
    return [Sight("paddle", tuple(seen), doctype, model)] if others else []


def judge_fields(fields: Mapping[str, Field], doctype: DocumentType, sights: Sequence[Sight]) -> dict[str, Judgement]:
    found: dict[str, Judgement] = {}
    arrays = dict.fromkeys(leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array)
    for array in arrays:
        found |= judge_rows(fields, array, sights)
    found = {p: j if fields[p].source in CHECKED else own_cell(j) for p, j in found.items() if p in fields}
    leaves = {p: leaf for p in fields if p not in found and (leaf := leaf_of(p, doctype))}
    entries = judge_entries({p: fields[p] for p, leaf in leaves.items() if leaf.open_map}, sights)
    for pointer, leaf in leaves.items():
        field = fields[pointer]
        judgement = entries[pointer] if leaf.open_map else judge_single(leaf, field.value, sights)
        found[pointer] = judgement if field.source in CHECKED else own(judgement, field, doctype.threshold)
    return found


def own(judgement: Judgement, field: Field, threshold: float) -> Judgement:
    """A value that the readers found themselves stands where they looked for it, so its place speaks for nothing:
    each must find it there alone, and its calibrated confidence reach the type's threshold."""
    alone = judgement.evidence.get("least_share", 1.0) >= OWN
    if judgement.verdict == "confirmed" and not (alone and (field.confidence or 0.0) >= threshold):
        why = "its place is not sure enough" if alone else "the two readers do not both find it there alone"
        return replace(judgement, verdict="silent", reason=why)
    return judgement


def own_cell(judgement: Judgement) -> Judgement:
    """The same for a cell of a table: both must read it in its row."""
    if judgement.verdict == "confirmed" and judgement.evidence.get("equal", 0.0) < 1.0:
        return replace(judgement, verdict="silent", reason="the two readers do not both read it there")
    return judgement


def pages_in_doubt(
    fields: Mapping[str, Field], found: Mapping[str, Judgement], pages: Sequence[Reading]
) -> frozenset[int]:
    """The pages to be read again: of a value that is not surely confirmed, its own; the first where none is known."""
    doubted: set[int] = set()
    for pointer, judgement in found.items():
        unsure = judgement.verdict != "confirmed" or judgement.evidence.get("share", 1.0) < SURE
        if unsure and judgement.evidence:  # without any evidence nothing was looked for
            known = {page for page in (fields[pointer].page, judgement.page) if page}
            doubted |= known or {reading.page for reading in pages[:MOST_PAGES]}
    return frozenset(doubted)


def leaf_of(pointer: str, doctype: DocumentType) -> Leaf | None:
    return next((leaf for leaf in doctype.leaves if matches(leaf.pointer, pointer)), None)


def not_of_handwriting(judgement: Judgement, pages: Sequence[Reading]) -> Judgement:
    """What OCR makes of handwriting contradicts nothing."""
    box = judgement.box
    if judgement.verdict != "contradicted" or box is None:
        return judgement
    regions = [region for reading in pages if reading.page == judgement.page for region in reading.regions]
    written = any(
        region.kind == "handwriting"
        and region.score >= HANDWRITTEN
        and region.box.x0 <= box.cx <= region.box.x1
        and region.box.y0 <= box.cy <= region.box.y1
        for region in regions
    )
    if not written:
        return judgement
    return replace(judgement, verdict="silent", reason="unreadable for OCR: handwriting stands at its place")


def told(field: Field, judgement: Judgement, leaf: Leaf | None) -> Field:
    """The field with what the witness says; its box is where OCR read it, never where a model says."""
    located = (judgement.box is not None and judgement.verdict != "silent") or field.page is None
    return replace(
        field,
        verdict=judgement.verdict,
        witness=judgement.witness,
        page=judgement.page if located else field.page,
        box=judgement.box if located else field.box,
        box_quality=judgement.quality,
        confidence=probability(judgement, leaf) if field.source in CHECKED else field.confidence,
    )


def something_else(judgement: Judgement) -> bool:
    """All readers see the same other figure in its place, or one of them is fairly sure of another."""
    told = judgement.evidence
    rival = told.get("rival", 0.0)
    likelier = rival >= ANOTHER and rival > max(told.get("share", 0.0), told.get("near", 0.0))
    return bool(told.get("otherwise")) or (bool(told.get("figure")) and likelier)


def said(pointer: str, field: Field, judgement: Judgement, *, whole: bool) -> Iterator[Finding]:
    """A contradiction is an error, and so is a value that no reader sees anywhere, or in whose place all readers see
    the same other one. The other silences are warnings: they are no proof of anything."""
    if judgement.verdict == "confirmed":
        return
    page = judgement.page or field.page
    if judgement.verdict == "contradicted":
        yield Finding(pointer, "witness", "error", f"{quoted(field.value)} is contradicted: {judgement.reason}", page)
    elif field.source in CHECKED:
        invented = bool(judgement.evidence.get("nowhere")) and (whole or field.page is not None)
        yield Finding(
            pointer,
            "witness",
            "error" if invented or something_else(judgement) else "warning",
            f"{quoted(field.value)} is not confirmed: {judgement.reason}",
            page,
        )
