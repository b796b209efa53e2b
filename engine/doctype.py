"""Document types: a name in, a checked schema with its leaves and rules out.

A type is one JSON Schema file and no Python. It is looked for in ``--schemas DIR``, else in ``./schemas``,
else among the shipped ones; everything wrong with it is said on load, with the file and the JSON Pointer.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match, relevance
from rapidfuzz import process

from engine.errors import UsageError
from engine.exact_json import read_json
from engine.leaf import DateOrder, Kind, Leaf, Merge, Schema, empty_data, json_type, read_leaves, schema_leaves
from engine.pointer import pointer_to, tokens, unescape
from engine.rules import Rule, parse_rule
from engine.vocabulary import DEFAULT_THRESHOLD, keyword_mistakes, vocabulary

__all__ = [
    "DocumentType",
    "Kind",
    "Leaf",
    "Merge",
    "empty",
    "leaves",
    "list_types",
    "load_type",
    "vocabulary",
]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEEPEST = 60  # containers within each other, two for each object in an object; jsonschema, called 150 frames deep,
# comes to the end of Python's stack at 166
_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A document type, checked. ``schema`` is the file as it is (numbers as int and Decimal).

    ``identify`` has one tuple a clue: phrases of which any one is enough. ``threshold`` is a probability.
    """

    name: str
    path: Path
    schema: Schema = field(repr=False, hash=False)
    title: str
    description: str
    identify: tuple[tuple[str, ...], ...]
    requires: frozenset[str]
    threshold: float
    date_order: DateOrder | None
    checks: tuple[Rule, ...]
    leaves: tuple[Leaf, ...]


def leaves(doctype: DocumentType) -> tuple[Leaf, ...]:
    """Every place for a value, in schema order."""
    return doctype.leaves


def empty(doctype: DocumentType) -> dict[str, Any]:
    """Data of the type's shape with nothing in it: nulls, empty arrays, empty open maps."""
    return empty_data(doctype.schema)


def load_type(name: str, schemas: Path | None = None) -> DocumentType:
    """The type of that name (or in the file of that path); UsageError says what is wrong and where."""
    path = find_type(name, schemas)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}): check who may read it") from None
    return _load(path, content)


@lru_cache(maxsize=64)
def _load(path: Path, content: bytes) -> DocumentType:
    """The type in a file. Kept, for a batch asks for it with each document."""
    schema = read_schema(path, content)
    try:
        return schema_to_type(path, schema)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def list_types(schemas: Path | None = None) -> list[tuple[str, Path]]:
    """Every type that can be named, sorted; where two directories have one name the first searched counts."""
    found: dict[str, Path] = {}
    for directory in _directories(schemas):
        for path in sorted(directory.glob("*.json")):
            found.setdefault(path.stem, path)
    return sorted(found.items())


def _directories(schemas: Path | None) -> list[Path]:
    if schemas is not None and not schemas.is_dir():
        raise UsageError(f"{schemas} is not a directory: give --schemas the directory that holds the *.json types")
    here = Path(__file__).parent
    shipped = here / "shipped_schemas"
    in_checkout = here.parent / "schemas"
    candidates = (schemas, Path("schemas"), shipped if shipped.is_dir() else in_checkout)
    return [directory for directory in candidates if directory is not None and directory.is_dir()]


def find_type(name: str, schemas: Path | None = None) -> Path:
    """The file of the type of that name, or the file itself; UsageError where there is none."""
    types = dict(list_types(schemas))
    if name in types:
        return types[name]
    if name.endswith(".json"):
        if Path(name).is_file():
            return Path(name)
        raise UsageError(f"{name} does not exist: give --type the name of a type or the path of its schema")
    near = [known for known, *_ in process.extract(name, list(types), score_cutoff=60, limit=3)]
    guess = f"did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(f'unknown document type "{name}": {guess}There are {", ".join(types) or "none"}')


def read_schema(path: Path, content: bytes | None = None) -> Schema:
    """What a type's file holds, numbers as int and Decimal; UsageError where that is no JSON object.

    ``content`` is what was read of the file already.
    """
    schema = read_json(path, "a document type", content)
    if _is_deeper(schema, DEEPEST):
        raise UsageError(f"{path}: nested more than {DEEPEST} levels deep; put the fields nearer to the root")
    if not _is_text(schema):
        raise UsageError(f"{path}: holds half a character (a lone surrogate such as \\ud800); write it whole")
    if not isinstance(schema, dict):
        raise UsageError(f'{path}: a document type is a JSON object, with "type": "object" and "properties"')
    return schema


def _is_deeper(schema: Any, levels: int) -> bool:
    inside = [schema]
    for _ in range(levels):
        inside = [
            child
            for node in inside
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return any(isinstance(node, dict | list) for node in inside)


def _is_text(schema: Any) -> bool:
    """Whether all of it can be written as UTF-8, as whoever is sent it wants."""
    try:
        json.dumps(schema, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def mistakes(schema: Schema) -> Iterator[UsageError]:
    """Everything that is wrong with a document type, each ("/pointer: …") in the order in which it is looked for.

    Fields are looked at where all is JSON Schema, rules where all fields can be had.
    """
    if str(schema.get("$schema", _DIALECT)).rstrip("#") != _DIALECT:
        yield UsageError(f'/$schema: document types are JSON Schema 2020-12; write "{_DIALECT}"')
    invalid = list(_json_schema_mistakes(schema))
    rootless = not invalid and json_type(schema) != "object"
    yield from invalid
    if rootless:
        yield UsageError('/type: the root of a document type must be "object"')
    misused = dict(keyword_mistakes(schema))
    yield from (UsageError(f"{pointer}: {words}") for pointer, words in misused.items())
    if invalid or rootless:
        return
    schema = _without(schema, misused) if misused else schema
    found = list(read_leaves(schema))
    unread = [leaf for leaf in found if isinstance(leaf, UsageError)]
    yield from unread
    if not unread:
        yield from _rule_mistakes(schema, tuple(leaf for leaf in found if not isinstance(leaf, UsageError)))


def schema_to_type(path: Path, schema: Schema) -> DocumentType:
    """The type that a file of that path and content is; UsageError ("/pointer: …") for the first thing wrong."""
    for mistake in mistakes(schema):
        raise mistake
    found = schema_leaves(schema)
    requires: Any = schema.get("x-requires", ())
    return DocumentType(
        name=path.stem,
        path=path,
        schema=schema,
        title=schema.get("title", path.stem.replace("_", " ")),
        description=schema.get("description", ""),
        identify=tuple((c,) if isinstance(c, str) else tuple(c) for c in schema.get("x-identify", ())),
        requires=frozenset((requires,) if isinstance(requires, str) else requires),
        threshold=float(schema.get("x-threshold", DEFAULT_THRESHOLD)),
        date_order=schema.get("x-date-order"),
        checks=tuple(parse_rule(entry, f"/x-checks/{i}", found) for i, entry in enumerate(schema.get("x-checks", ()))),
        leaves=found,
    )


def _without(schema: Schema, pointers: Iterable[str]) -> Schema:
    """The schema without some of its members, so that one mistake does not hide the others."""
    made = copy.deepcopy(schema)
    for *path, last in map(tokens, pointers):
        node: Any = made
        for token in path:
            node = node[int(token)] if isinstance(node, list) else node[unescape(token)]
        del node[unescape(last)]
    return made


def _rule_mistakes(schema: Schema, found: tuple[Leaf, ...]) -> Iterator[UsageError]:
    for index, entry in enumerate(schema.get("x-checks", ())):
        try:
            parse_rule(entry, f"/x-checks/{index}", found)
        except UsageError as error:
            yield error


def _json_schema_mistakes(schema: Schema) -> Iterator[UsageError]:
    """The likeliest first; one that several parts of the standard name comes once."""
    checker = Draft202012Validator.FORMAT_CHECKER
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=checker)
    errors = sorted(meta.iter_errors(schema), key=relevance, reverse=True)
    said = {_json_schema_words(best_match([error])): None for error in errors}
    yield from map(UsageError, said)


def _json_schema_words(error: ValidationError) -> str:
    at, wrong = pointer_to(error.absolute_path), error.instance
    if at.endswith("/type") and isinstance(wrong, str):
        nearest = process.extractOne(wrong, _TYPES)
        return f'{at}: "{wrong}" is no JSON type; did you mean "{nearest[0]}"?'
    return f"{at or 'the root'}: not valid JSON Schema 2020-12: {error.message}"
