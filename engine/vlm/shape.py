"""The shape of an answer: leaves in, the properties of its one object out, and their JSON Schema.

Each leaf is answered under its own property name as ``{value, printed, confidence}``; objects stay objects, an array
is a list of rows, and an open map is a list of ``{name, value, printed, confidence}``, since no strict mode has open
maps. The schema is neutral: :mod:`engine.vlm.dialect` puts it into each provider's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.leaf import Leaf, Schema, json_type
from engine.pointer import tokens, unescape

MAP_NAME = "entries"
"""What an open map is called in the answer where it stands beside declared fields."""

_NAMED = ("properties", "patternProperties", "dependentSchemas")
_LISTED = ("prefixItems", "anyOf", "oneOf", "allOf")
_DIRECT = ("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames")
_NO_CONSTRAINT = frozenset(
    ("$schema", "$id", "$anchor", "$comment", "$defs", "title", "description", "default", "examples", "deprecated")
)
_COMPOUND = ("anyOf", "oneOf", "allOf", "not", "if", "then", "else")


@dataclass(frozen=True, slots=True)
class Part:
    """One property of the answer. ``pointer`` is the pattern of the leaf, or of the container, in the data.

    A leaf, an object of parts, rows that are objects of parts, a list of leaves (values), or an open map (whose
    ``pointer`` is that of the object around it where it stands beside declared fields).
    """

    name: str
    pointer: str
    shape: Literal["leaf", "object", "rows", "values", "map"]
    leaf: Leaf | None = None
    parts: tuple[Part, ...] = ()


def parts(leaves: Sequence[Leaf]) -> tuple[Part, ...]:
    """The properties of the answer's root, in the order of the leaves."""
    return tuple(_parts(leaves, ""))


def plain(schema: Schema) -> Schema:
    """A document type's root by itself: references followed, unions with null opened, no keywords of our own."""
    return _plain(schema, schema, ())


def node_of(part: Part, node: Schema, inside: str) -> Schema:
    """The node of a part in the node of the object around it, whose pattern is ``inside``."""
    named = node if part.pointer == inside else node["properties"][part.name]
    if part.shape == "map":
        return {**{k: v for k, v in named.items() if k == "description"}, "items": named["additionalProperties"]}
    return dict(named)


def answer_schema(shape: Iterable[Part], node: Schema, inside: str = "") -> Schema:
    """The schema of an object of parts. ``inside`` is its pattern in the data, ``node`` what the type says of it."""
    return _closed({part.name: _schema(part, node_of(part, node, inside)) for part in shape})


def types_of(value: Schema) -> list[str]:
    """The JSON types of a value in the schema of an answer, but null."""
    told = value.get("type")
    if told is None:
        return list(dict.fromkeys(each for branch in value.get("anyOf", ()) for each in types_of(branch)))
    return [each for each in ([told] if isinstance(told, str) else told) if each != "null"]


def one_or_list(types: list[str]) -> str | list[str]:
    """What ``type`` is in a schema."""
    return types[0] if len(types) == 1 else types


# ---------------------------------------------------------------- leaves to parts


def _parts(leaves: Iterable[Leaf], inside: str) -> Iterator[Part]:
    depth = len(tokens(inside))
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(tokens(leaf.pointer)[depth], []).append(leaf)
    for token, group in groups.items():
        if token == "*":  # noqa: S105 - a token of a pointer
            yield Part(_free_name(map(unescape, groups)), inside, "map", group[0])
        else:
            yield _part(f"{inside}/{token}", unescape(token), tuple(group))


def _part(pointer: str, name: str, leaves: tuple[Leaf, ...]) -> Part:
    first = leaves[0]
    if first.pointer == pointer:
        return Part(name, pointer, "leaf", first)
    if [leaf.pointer for leaf in leaves] == [f"{pointer}/*"]:
        return Part(name, pointer, "map" if first.open_map else "values", first)
    if first.in_array and first.array == pointer:
        return Part(name, pointer, "rows", parts=tuple(_parts(leaves, f"{pointer}/*")))
    return Part(name, pointer, "object", parts=tuple(_parts(leaves, pointer)))


def _free_name(taken: Iterable[str]) -> str:
    names, name = set(taken), MAP_NAME
    while name in names:
        name += "_"
    return name


# ---------------------------------------------------------------- the document type's nodes


def _plain(node: Schema, root: Schema, seen: tuple[str, ...]) -> Schema:
    if "$ref" in node:
        ref, beside = str(node["$ref"]), {k: v for k, v in node.items() if k != "$ref"}
        target = {} if ref in seen else _target(ref, root)
        return _plain({**target, **beside}, root, (*seen, ref))
    made: Schema = {}
    for word, value in node.items():
        if word in _NAMED:
            made[word] = {name: _plain_if_schema(child, root, seen) for name, child in value.items()}
        elif word in _LISTED:
            made[word] = [_plain_if_schema(child, root, seen) for child in value]
        elif word in _DIRECT:
            made[word] = _plain_if_schema(value, root, seen)
        elif not word.startswith("x-"):
            made[word] = value
    return _opened(made)


def _plain_if_schema(node: Any, root: Schema, seen: tuple[str, ...]) -> Any:
    return _plain(node, root, seen) if isinstance(node, dict) else node


def _target(ref: str, root: Schema) -> Schema:
    """What a local reference leads to; a document type is checked on load, so that it is there."""
    target: Any = root
    for token in tokens(ref.removeprefix("#")):
        target = target.get(unescape(token)) if isinstance(target, dict) else None
    return target if isinstance(target, dict) else {}


def _opened(node: Schema) -> Schema:
    for word in ("anyOf", "oneOf", "allOf"):
        branches = [b for b in node.get(word, ()) if isinstance(b, dict) and b.get("type") != "null"]
        if len(branches) == 1 and "type" not in node:
            return _opened({**branches[0], **{k: v for k, v in node.items() if k != word}})
    return node


# ---------------------------------------------------------------- the schema of the answer


def _schema(part: Part, node: Schema) -> Schema:
    said = {"description": node["description"]} if "description" in node else {}
    if part.leaf is not None and part.shape == "leaf":
        return said | _leaf(part.leaf, node)
    if part.shape == "object":
        return said | answer_schema(part.parts, node, part.pointer)
    if part.leaf is not None:
        named: Schema = {"name": {"type": "string"}} if part.shape == "map" else {}
        return said | {"type": "array", "items": _leaf(part.leaf, node["items"], named)}
    return said | {"type": "array", "items": answer_schema(part.parts, node["items"], f"{part.pointer}/*")}


def _leaf(leaf: Leaf, node: Schema, named: Schema | None = None) -> Schema:
    return _closed(
        {
            **(named or {}),
            "value": _value(leaf, node),
            "printed": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        }
    )


def _closed(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _value(leaf: Leaf, node: Schema) -> Schema:
    """The leaf's own node with all its constraints, or null."""
    kept = {word: value for word, value in node.items() if word not in _NO_CONSTRAINT}
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    kept["type"] = _types(leaf, kept)
    if any(word in kept for word in _COMPOUND):  # these could forbid null, so that it stands beside them
        return {"anyOf": [{**kept, "type": one_or_list(kept["type"])}, {"type": "null"}]}
    if "enum" in kept:
        kept["enum"] = [*(value for value in kept["enum"] if value is not None), None]
    return {**kept, "type": [*kept["type"], "null"]}


def _types(leaf: Leaf, node: Schema) -> list[str]:
    """The JSON types of a leaf but null: as told, else those of its choices or branches."""
    told = node.get("type")
    found = told if isinstance(told, list) else [told]
    if told is None:
        choices = [{"const": value} for value in node.get("enum", ())]
        found = [json_type(each) for each in (*choices, *node.get("anyOf", ()), *node.get("oneOf", ()))]
    return list(dict.fromkeys(each for each in found if each not in (None, "null"))) or [leaf.type]
