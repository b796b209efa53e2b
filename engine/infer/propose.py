"""A whole document type from samples; what a type has already stays as it is."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.doctype import DocumentType, schema_to_type
from engine.errors import UsageError
from engine.infer.checks import FoundCheck, find_checks
from engine.infer.digits import find_check_digits
from engine.infer.fields import is_date, spoken, values_to_properties
from engine.infer.identify import identify_phrases
from engine.infer.learn import Lesson, learn, node_of, sample_to_notation, show_samples, taught
from engine.infer.places import Shown
from engine.infer.samples import Sample, with_values
from engine.label.claims import is_single, kind_of
from engine.leaf import Leaf, Schema
from engine.pointer import tokens, unescape
from engine.values.dates import date_order_of, dates_in
from engine.values.identifiers import same_identifier

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENDS = ("identifier", "date", "money")  # kinds of which one leaf each is worth a person's look where it is in doubt


@dataclass(frozen=True, slots=True)
class Proposal:
    """A schema with its evidence: what was learned of each leaf, and how often each check held."""

    schema: Schema
    lessons: tuple[Lesson, ...]
    checks: tuple[FoundCheck, ...] = ()


def propose(name: str, samples: Sequence[Sample], base: Schema | None, others: Sequence[DocumentType]) -> Proposal:
    """The type of samples. ``base`` is the type of that name if there is one: its every word stays.

    ``others`` are the other types, from which its phrases must tell it. Raises UsageError where the samples' values
    name no field.
    """
    order = samples_to_date_order(samples)
    drafted = _draft(name, [values for _, values in with_values(samples)], order)
    whole = merged(base, drafted) if base else drafted
    doctype, shown, lessons = _learned(name, whole, samples, order)
    texts = _with_texts(whole, base, lessons, samples)
    if texts != whole:
        whole = texts
        doctype, shown, lessons = _learned(name, whole, samples, order)
    made = _with_habits(taught(whole, lessons, new=base is None), drafted, base, lessons, shown)
    checks = find_checks([each.values for each in shown], doctype.leaves)
    _add_check_digits(made, shown, doctype)
    told = [check.rule for check in checks]
    known = {_rule_text(rule) for rule in made.get("x-checks", ())}
    new = [rule for rule in told if _rule_text(rule) not in known]
    if new:
        made["x-checks"] = [*made.get("x-checks", ()), *new]
    if "x-identify" not in made and (phrases := identify_phrases(samples, others)):
        made["x-identify"] = phrases
    return Proposal(made if base else _in_order(made), lessons, checks)


def _learned(
    name: str, schema: Schema, samples: Sequence[Sample], order: str | None
) -> tuple[DocumentType, list[Shown], tuple[Lesson, ...]]:
    doctype = schema_to_type(Path(f"{name}.json"), schema)
    shown = show_samples(samples, doctype, order)
    return doctype, shown, learn(doctype, shown)


def _with_texts(schema: Schema, base: Schema | None, lessons: Sequence[Lesson], samples: Sequence[Sample]) -> Schema:
    """The schema with those new identifiers as texts that no sample prints as one word ("QQ 12 34 56 C"), but every
    sample that has one as several: letter by letter, since the number next to it looks like it and is another."""
    known = () if base is None else base.get("properties", {})
    unseen = [
        lesson.leaf
        for lesson in lessons
        if kind_of(lesson.leaf) == "identifier" and lesson.leaf.type == "string" and is_single(lesson.leaf)
        if not lesson.seen and unescape(tokens(lesson.leaf.pointer)[0]) not in known
    ]
    if not unseen:
        return schema
    doctype = schema_to_type(Path("texts.json"), _as_texts(schema, unseen))
    shown = show_samples(samples, doctype)
    texts = {leaf.pointer: leaf for leaf in doctype.leaves}
    return _as_texts(schema, [leaf for leaf in unseen if _in_words(texts[leaf.pointer], shown)])


def _in_words(leaf: Leaf, shown: Sequence[Shown]) -> bool:
    """Does every sample that has a value of the leaf print it, as identifiers are equal?"""
    given = [(each.sheet, str(value)) for each in shown if (value := each.value(leaf)) is not None]
    return bool(given) and all(
        any(same_identifier(value, candidate.printed) for candidate in sheet.pool(leaf).candidates)
        for sheet, value in given
    )


def _as_texts(schema: Schema, leaves: Sequence[Leaf]) -> Schema:
    made = copy.deepcopy(schema)
    for leaf in leaves:
        node = node_of(made, leaf)
        if node is not None:
            node["x-kind"] = "text"
    return made


def _add_check_digits(made: Schema, shown: Sequence[Shown], doctype: DocumentType) -> None:
    found = find_check_digits([each.values for each in shown], doctype.leaves)
    for leaf in doctype.leaves:
        node = node_of(made, leaf) if leaf.pointer in found else None
        if node is not None:
            node.setdefault("x-check-digits", found[leaf.pointer])


def _draft(name: str, values: Sequence[Mapping[str, Any]], order: str | None) -> Schema:
    properties = values_to_properties(values)
    if not properties:
        raise UsageError('no field was found: write the values of each sample beside it, such as {"total": 9.00}')
    tables = any(node.get("type") == "array" for node in properties.values())
    required = [key for key in properties if all(_there(each.get(key)) for each in values)]
    return {
        "$schema": DIALECT,
        "$comment": f"Proposed from {len(values)} samples; review names, labels and checks.",
        "title": spoken(name),
        "type": "object",
        **({"x-requires": ["table"]} if tables else {}),
        **({"x-date-order": order} if order else {}),
        "properties": properties,
        **({"required": required} if required and len(values) > 1 else {}),
    }


def _there(value: Any) -> bool:
    return value is not None and value != []


def merged(base: Schema, draft: Schema) -> Schema:
    """The base with the fields and the settings that it lacks."""
    made = copy.deepcopy(base)
    for key, value in draft.items():
        if key == "properties":
            _add_fields(made, value)
        elif key not in ("$schema", "$comment", "title", "required"):
            made.setdefault(key, value)
    return made


def _add_fields(node: Schema, properties: Mapping[str, Schema]) -> None:
    if "$ref" in node or "properties" not in node:
        return  # an open map holds any field, a shared shape is a person's
    for name, new in properties.items():
        old = node["properties"].setdefault(name, copy.deepcopy(new))
        for inner, fresh in ((old, new), (old.get("items"), new.get("items"))):
            if isinstance(inner, dict) and isinstance(fresh, Mapping) and "properties" in fresh and inner is not fresh:
                _add_fields(inner, fresh["properties"])


def samples_to_date_order(samples: Sequence[Sample]) -> str | None:
    """The order that most samples tell, by their pages and by the values given as printed."""
    texts = [text for _, values in with_values(samples) for text in values.values() if isinstance(text, str)]
    by_values = date_order_of(form for text in texts if is_date(text) for form in dates_in(text))
    votes = Counter(order for sample in samples if (order := sample_to_notation(sample).date_order))
    if by_values and by_values != "ymd":
        return by_values
    return votes.most_common(1)[0][0] if votes else None


# ---------------------------------------------------------------- habits of a type


def _with_habits(
    made: Schema, draft: Schema, base: Schema | None, lessons: Sequence[Lesson], shown: Sequence[Shown]
) -> Schema:
    """``x-merge`` and ``x-critical`` of the fields that are new."""
    known = set() if base is None else set(base.get("properties", {}))
    new = [lesson for lesson in lessons if is_single(lesson.leaf) and lesson.leaf.pointer.split("/")[1] not in known]
    for lesson in new:
        node = node_of(made, lesson.leaf)
        if node is not None and closes(lesson, shown):
            node["x-merge"] = "last"
    for lesson in critical(new, shown, draft.get("required", ())) if base is None else ():
        node = node_of(made, lesson.leaf)
        if node is not None:
            node["x-critical"] = True
    return made


def closes(lesson: Lesson, shown: Sequence[Shown]) -> bool:
    """Does it stand on the last page of most samples that have several? Amounts do where none has."""
    last = {id(each.sheet.layout.lines): max(each.sheet.layout.pages) for each in shown}
    long = [page for page in last.values() if page > 1]
    if not long:
        return kind_of(lesson.leaf) == "money"
    pages = [candidate.line.page for candidate in lesson.chosen]
    return sum(page > 1 for page in pages) > len(pages) / 2


def critical(lessons: Sequence[Lesson], shown: Sequence[Shown], required: Sequence[str]) -> list[Lesson]:
    """Of the fields that every sample has: the first identifier, the first date, and the largest amount."""
    always = [lesson for lesson in lessons if lesson.leaf.name in required]
    found = []
    for kind in ENDS:
        group = [lesson for lesson in always if kind_of(lesson.leaf) == kind]
        if group:
            found.append(max(group, key=lambda each: _total(each, shown)) if kind == "money" else group[0])
    return found


def _total(lesson: Lesson, shown: Sequence[Shown]) -> Decimal:
    values = [each.value(lesson.leaf) for each in shown]
    return sum((abs(Decimal(value)) for value in values if isinstance(value, Decimal | int)), Decimal(0))


def _rule_text(rule: Any) -> str:
    return "".join(str(rule.get("rule", "") if isinstance(rule, Mapping) else rule).split())


def _in_order(schema: Schema) -> Schema:
    """The keywords of the root, then its fields: as a person would write them."""
    last = ("properties", "required")
    return {key: schema[key] for key in (*(k for k in schema if k not in last), *last) if key in schema}
