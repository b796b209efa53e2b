"""A document type looked at as a good compiler does: all that is wrong and where, what is doubtful, how it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from jsonschema import Draft202012Validator
from rapidfuzz import fuzz, process

from engine.as_text import columns
from engine.doctype import DocumentType, load_type, mistakes, read_schema
from engine.errors import UsageError
from engine.exact_json import line_and_column, positions
from engine.leaf import Leaf, Schema, json_type
from engine.pointer import escape, pointer_to, tokens
from engine.rules import Rule
from engine.vlm.dialect import fits, left_out
from engine.vlm.model import Dialect
from engine.vlm.shape import answer_schema, parts, plain
from engine.vocabulary import KEYWORDS, NAMED, NEAR, subschemas

_UNSEEN = "its rules are looked at when its fields are right, so there may be more"
_SAID_ONLY = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")
_STRUCTURE = ("$schema", "$id", "$anchor", "$comment", "$defs", "$ref", "$dynamicRef", "then", "else", "format")
_LOST = dict.fromkeys(("number", "integer"), "a number loses the zeros that it begins with")
_KEYWORDS = sorted({*Draft202012Validator.VALIDATORS, *_SAID_ONLY, *_STRUCTURE, "contentEncoding", "contentMediaType"})
_FORMATS = sorted(Draft202012Validator.FORMAT_CHECKER.checkers)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something wrong with a type, or doubtful. ``line`` and ``column`` count from 1, None where no place is known."""

    pointer: str
    words: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        at = "" if self.line is None else f"{self.line}:{self.column}: "
        return f"{at}{self.pointer}: {self.words}" if self.pointer else f"{at}{self.words}"


@dataclass(frozen=True, slots=True)
class Checked:
    """``doctype`` is None where anything is wrong."""

    path: Path
    doctype: DocumentType | None
    wrong: tuple[Remark, ...] = ()
    doubtful: tuple[Remark, ...] = ()

    @property
    def to_the_end(self) -> bool:
        """Whether the rules were looked at too."""
        return all(remark.pointer.startswith("/x-") for remark in self.wrong)


def check_type(path: Path) -> Checked:
    """Everything that can be said of a type's file. What is no JSON object at all is one remark without a place."""
    if path.suffix != ".json":
        named = path.with_suffix(".json").name
        return Checked(path, None, (Remark("", f"a document type is a .json file; name it {named}"),))
    try:
        schema = read_schema(path)
    except UsageError as error:
        return Checked(path, None, (Remark("", str(error).removeprefix(f"{path}: ")),))
    text = path.read_text(encoding="utf-8-sig")
    places = positions(text)
    wrong = tuple(_placed(_remark(mistake), text, places) for mistake in mistakes(schema))
    doubtful = [_placed(doubt, text, places) for doubt in (*_slips(schema), *(() if wrong else _idle(schema)))]
    if wrong:
        return Checked(path, None, wrong, tuple(doubtful))
    doctype = load_type(str(path))
    return Checked(path, doctype, (), (*doubtful, *providers(doctype)))


def _remark(mistake: UsageError) -> Remark:
    pointer, colon, words = str(mistake).partition(": ")
    return Remark(pointer, words) if colon and pointer.startswith("/") else Remark("", str(mistake))


def _placed(remark: Remark, text: str, places: dict[str, int]) -> Remark:
    """With the place of its pointer, or of the nearest one around it that is in the file."""
    pointer = remark.pointer
    while pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return Remark(remark.pointer, remark.words, *line_and_column(text, places[pointer]))


# ---------------------------------------------------------------- what is doubtful


def _slips(schema: Schema) -> Iterator[Remark]:
    """Words of JSON Schema that nobody knows, and so nobody heeds; names that are required but not there."""
    for pointer, node in subschemas(schema, ""):
        for word in node:
            if word not in _KEYWORDS and not word.startswith("x-"):
                guess = _nearest(word, (*_KEYWORDS, *(k.name for k in KEYWORDS))) or "take it out"
                yield Remark(f"{pointer}/{escape(word)}", f'"{word}" is no keyword and does nothing; {guess}')
        told = node.get("format")
        if isinstance(told, str) and told not in _FORMATS:
            guess = _nearest(told, _FORMATS) or f"there are {', '.join(_FORMATS)}"
            yield Remark(f"{pointer}/format", f'the format "{told}" is not known and never checked; {guess}')
        properties, required = node.get("properties"), node.get("required")
        names = list(properties) if isinstance(properties, dict) else []
        for index, name in enumerate(required if names and isinstance(required, list) else ()):
            if name not in names:
                guess = _nearest(str(name), names) or "take it out, or describe the field"
                yield Remark(f"{pointer}/required/{index}", f'there is no field "{name}" to require; {guess}')


def _nearest(word: str, known: Sequence[str]) -> str:
    near = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=NEAR)
    return f'did you mean "{near[0]}"?' if near else ""


def _idle(schema: Schema) -> Iterator[Remark]:
    """What a sound type says in vain, or what no document can fulfil."""
    yield from _labels_of_two(schema)
    for pointer, node in subschemas(schema, ""):
        kind, single = json_type(node), "*" not in tokens(_pattern_of(pointer))
        if "x-place" in node and (kind in ("array", "object") or not single):
            words = '"x-place" does nothing here: rows and what holds other fields are not found by it; take it out'
            yield Remark(f"{pointer}/x-place", words)
        if "x-check-digits" in node and kind not in ("string", None):
            words = f'"x-check-digits" belongs to a string: {_LOST.get(kind, f"{kind} has no digits")}'
            yield Remark(f"{pointer}/x-check-digits", words)
        if "enum" in node and all(value is None for value in node["enum"]):
            yield Remark(f"{pointer}/enum", "allows no value at all; list the values, or take it out")


def _labels_of_two(schema: Schema) -> Iterator[Remark]:
    """Two fields side by side with the same labels: nothing tells them apart, but for the two ends of a date range."""
    for pointer, node in subschemas(schema, ""):
        first: dict[frozenset[str], str] = {}
        for name, child in (node.get("properties") or {}).items():
            labels = child.get("x-labels") if isinstance(child, dict) and child.get("format") != "date" else None
            if not labels:
                continue
            other = first.setdefault(frozenset(map(str.casefold, labels)), name)
            if other != name:
                at = f"{pointer}/properties/{escape(name)}/x-labels"
                yield Remark(at, f'these are the labels of "{other}" too: nothing tells the two apart')


def providers(doctype: DocumentType) -> Iterator[Remark]:
    """What strict modes cannot express; the answer is held against the whole schema in any case."""
    shape, root = parts(doctype.leaves), plain(doctype.schema)
    neutral = answer_schema(shape, root)
    lost: dict[tuple[str, str], list[str]] = {}
    for dialect in get_args(Dialect):
        for path, word in left_out(neutral, dialect):
            if path[-1:] != ("confidence",):
                named = path[:-1] if path[-1:] == ("value",) else path
                lost.setdefault((pointer_to(named), word), []).append(dialect)
    for (pointer, word), dialects in lost.items():
        words = f'"{word}" cannot be said in the strict mode of {", ".join(dialects)}: the answer is checked afterwards'
        yield Remark(pointer, words)
    if small := [dialect for dialect in get_args(Dialect) if not fits(neutral, dialect)]:
        words = f"too large for one strict question to {', '.join(small)}: asked in parts, each call paid by itself"
        yield Remark("", words)


# ---------------------------------------------------------------- how it is read


def as_read(doctype: DocumentType) -> str:
    """The fields as the engine takes them, and each rule with the fields that it binds."""
    head = ("field", "type", "kind", "labels", "pages", "")
    told = _told_kinds(doctype.schema)
    fields = columns([head, *(_row(leaf, told) for leaf in doctype.leaves)])
    rules = "\n".join(_rule(rule) for rule in doctype.checks)
    return f"{fields}\n{rules}" if rules else fields


def _told_kinds(schema: Schema) -> frozenset[str]:
    """The pointer patterns, of shared definitions the names, of the fields that tell their kind themselves."""
    told = [pointer for pointer, node in subschemas(schema, "") if "x-kind" in node]
    return frozenset(
        pointer.rsplit("/", 1)[-1] if pointer.startswith("/$defs/") else _pattern_of(pointer) for pointer in told
    )


def _pattern_of(pointer: str) -> str:
    """A field's pointer in the schema as its pattern in the data; a choice of shapes leaves no trace."""
    words, pattern = iter(tokens(pointer)), ""
    for word in words:
        if word in NAMED:
            name = next(words)
            pattern += f"/{name}" if word == "properties" else ""
        elif word in ("items", "additionalProperties"):
            pattern += "/*"
    return pattern


def _row(leaf: Leaf, told: frozenset[str]) -> tuple[str, ...]:
    marks = ["required"] * leaf.required + ["critical"] * leaf.critical
    marks += [f"check digits: {leaf.check_digits}"] if leaf.check_digits else []
    kind = leaf.kind if told & {leaf.pointer, escape(leaf.name)} else f"{leaf.kind} (inferred)"
    shown = ", ".join(leaf.labels[:3]) + (f" and {len(leaf.labels) - 3} more" if len(leaf.labels) > 3 else "")
    return leaf.pointer, leaf.type, kind, shown, leaf.merge, ", ".join(marks)


def _rule(rule: Rule) -> str:
    binds = ", ".join(f"{name} = {pattern}" for name, (pattern, _) in rule.names.items())
    tolerance = f", tolerance {rule.tolerance}" if rule.tolerance else ""
    return f"rule  {rule.text}  ({rule.severity}{tolerance}): {binds}"


def report(checked: Checked, *, whole: bool) -> str:
    """Lines for a person; ``whole`` tells what is doubtful and how the type is read, too."""
    if checked.wrong:
        lines = [f"wrong  {_where(checked.path, remark)}" for remark in checked.wrong]
        lines += [f"note   {checked.path}: {_UNSEEN}"] * (whole and not checked.to_the_end)
    else:
        lines = [f"ok     {checked.path}"]
    if whole:
        lines += [f"note   {_where(checked.path, remark)}" for remark in checked.doubtful]
        lines += [as_read(checked.doctype)] if checked.doctype else []
    return "\n".join(lines)


def _where(path: Path, remark: Remark) -> str:
    return f"{path}:{remark}" if remark.line is not None else f"{path}: {remark}"


def exit_code(checked: Sequence[Checked]) -> int:
    """0 where all are sound, else 2."""
    return 2 if any(each.wrong for each in checked) else 0
