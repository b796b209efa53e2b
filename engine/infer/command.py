"""Samples and a name in, the text of a document type out: a new one, or one that there is with more in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.doctype import DocumentType, list_types, load_type, read_schema, schema_to_type
from engine.errors import UsageError
from engine.infer.blind import blind_samples
from engine.infer.checks import FoundCheck
from engine.infer.learn import Lesson, learn, show_samples, taught
from engine.infer.propose import Proposal, propose
from engine.infer.samples import Sample, values_path, with_values
from engine.infer.start import check_new_name
from engine.infer.write import edited, written


@dataclass(frozen=True, slots=True)
class Inferred:
    """``before`` is the text of the type that there was (at ``path``), ``text`` the new one.

    ``unread`` says of other types why they could not be read, so that the new one's phrases may be theirs too.
    """

    path: Path | None
    before: str
    text: str
    lessons: tuple[Lesson, ...]
    checks: tuple[FoundCheck, ...]
    unread: tuple[str, ...] = ()


def infer_type(name: str, samples: Sequence[Sample], schemas: Path | None, *, learn: bool = False) -> Inferred:
    """Raises UsageError where a type cannot be made of these samples, or where there is none to ``learn`` for."""
    known = dict(list_types(schemas))
    path = known.get(name)
    if learn and path is None:
        raise UsageError(f'there is no type "{name}" to learn for: leave --learn out to propose one')
    if path is None:
        check_new_name(name)
    others, unread = ([], []) if learn else _others(name, known, schemas)
    proposal = _learned(load_type(name, schemas), samples) if learn else _proposed(name, samples, path, others)
    before = path.read_bytes().decode("utf-8") if path else ""  # with the line ends that it has
    text = edited(before, proposal.schema) if before else written(proposal.schema)
    schema_to_type(path or Path(f"{name}.json"), proposal.schema)
    return Inferred(path, before, text, proposal.lessons, proposal.checks, tuple(unread))


def _others(name: str, known: Iterable[str], schemas: Path | None) -> tuple[list[DocumentType], list[str]]:
    """The other types, and what is wrong with those that are broken: they are no reason not to propose this one."""
    others, unread = [], []
    for other in known:
        try:
            others += [load_type(other, schemas)] if other != name else []
        except UsageError as error:
            unread.append(str(error))
    return others, unread


def _learned(doctype: DocumentType, samples: Sequence[Sample]) -> Proposal:
    if not with_values(samples):
        place = values_path(samples[0].path)
        raise UsageError(f"no sample has values beside it: write what stands on the first into {place}")
    lessons = learn(doctype, show_samples(samples, doctype))
    return Proposal(taught(doctype.schema, lessons), lessons)


def _proposed(name: str, samples: Sequence[Sample], path: Path | None, others: Sequence[DocumentType]) -> Proposal:
    if not with_values(samples):
        samples = blind_samples(samples)
    return propose(name, samples, read_schema(path) if path else None, others)
