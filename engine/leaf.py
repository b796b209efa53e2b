"""What a document type asks for, leaf by leaf: a JSON Schema in, a flat tuple of leaves out.

A leaf is a place of ``data`` that holds one value. Its ``pointer`` is a JSON Pointer *pattern*: ``*`` stands
for every index of an array (``/line_items/*/amount``) or every key of an open map (``/entries/*``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from engine.errors import UsageError
from engine.pointer import array_of, escape, unescape

Kind = Literal["money", "date", "identifier", "quantity", "percent", "name", "address", "text"]
Merge = Literal["first", "last", "unique", "concat"]
DateOrder = Literal["dmy", "mdy", "ymd"]
JsonType = Literal["string", "number", "integer", "boolean"]
Schema = dict[str, Any]

_DECIMAL_CENT = "0.01"
_KIND_WORDS: dict[Kind, tuple[str, ...]] = {
    # the last word of a name decides, so that tax_rate is a percent and invoice_date a date
    "percent": ("percent", "percentage", "pct", "rate"),
    "money": (
        *("amount", "total", "subtotal", "tax", "gst", "vat", "price", "cost", "fee", "balance", "cash"),
        *("change", "paid", "due", "sum", "net", "gross", "debit", "credit", "discount", "rounding"),
        *("commission", "charge", "deposit", "shipping", "freight", "tip", "payment"),
    ),
    "identifier": ("num", "number", "no", "id", "iban", "bic", "swift", "ref", "reference", "code"),
    "address": ("address",),
    "name": (
        *("name", "company", "vendor", "supplier", "seller", "customer", "client", "buyer", "merchant"),
        *("advertiser", "agency", "registrant", "person", "holder", "bank", "station"),
    ),
    "date": ("date",),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on the page a value usually stands: ``page`` counts from 1, None for any; ``box`` is x0 y0 x1 y1 as
    fractions of the upright page, with room around the values that it was made from."""

    page: int | Literal["last"] | None
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One place for one value.

    ``type`` is its JSON type without null. ``labels`` come best first. ``merge`` says how pages combine
    (inside an array it is the array's). ``required`` holds where the parent exists. ``in_array`` and
    ``open_map`` tell what a ``*`` in the pointer stands for.
    """

    pointer: str
    name: str
    type: JsonType
    kind: Kind
    labels: tuple[str, ...]
    merge: Merge
    critical: bool = False
    choices: tuple[Any, ...] = ()
    title: str | None = None
    description: str | None = None
    required: bool = False
    date_order: DateOrder | None = None
    in_array: bool = False
    open_map: bool = False
    pattern: str | None = None
    check_digits: str | None = None
    spot: Spot | None = None

    @property
    def array(self) -> str | None:
        """Pointer pattern of the innermost array (or open map) around the leaf, None at the top."""
        return array_of(self.pointer)


@dataclass(frozen=True, slots=True)
class _Place:
    """A spot in the schema during the walk, with what the containers around it pass down.

    ``pointer`` is the pattern in the data, ``at`` the pointer in the schema file.
    """

    pointer: str = ""
    at: str = ""
    name: str = ""
    required: bool = False
    merge: Merge | None = None
    critical: bool = False
    date_order: DateOrder | None = None
    in_array: bool = False
    open_map: bool = False
    refs: tuple[str, ...] = ()

    def below(self, node: Schema, **where: Any) -> _Place:
        """The place of something in ``node``, which stands here."""
        return replace(self.told(node), **where)

    def told(self, node: Schema) -> _Place:
        """This place with what its own node says of merging, doubt and dates."""
        return replace(
            self,
            merge=node.get("x-merge", self.merge),
            critical=node.get("x-critical", self.critical),
            date_order=node.get("x-date-order", self.date_order),
        )


def schema_leaves(schema: Schema) -> tuple[Leaf, ...]:
    """All leaves of a root schema in its own order; UsageError for a shape that no document can fill."""
    found: list[Leaf] = []
    for leaf in read_leaves(schema):
        if isinstance(leaf, UsageError):
            raise leaf
        found.append(leaf)
    return tuple(found)


def read_leaves(schema: Schema) -> Iterator[Leaf | UsageError]:
    """As :func:`schema_leaves`, with what is wrong in the place of the leaves that cannot be had for it."""
    try:
        yield from _object_leaves(schema, schema, _Place())
    except UsageError as error:
        yield error


def empty_data(schema: Schema) -> dict[str, Any]:
    """Data of the schema's shape with nothing in it: nulls, empty arrays, empty open maps."""
    return cast(dict[str, Any], _empty(schema, schema))


def _resolve(node: Schema, root: Schema, at: str, seen: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
    """The node with ``$ref`` followed and a union with null opened; keywords beside them win.

    ``at`` is the node's own JSON Pointer in the schema file, for the message of a UsageError. ``seen``
    are the references followed on the way here; it is returned with those of this node.
    """
    if "$ref" in node:
        ref = node["$ref"]
        if ref in seen:
            raise UsageError(f"{at}: $ref {ref} leads back to itself; a document type must be finite")
        target = _local(ref, root, at)
        beside = {k: v for k, v in node.items() if k != "$ref"}
        return _resolve({**target, **beside}, root, at, (*seen, ref))
    for word in ("anyOf", "oneOf", "allOf"):
        branches = [b for b in node.get(word, ()) if isinstance(b, dict) and b.get("type") != "null"]
        if len(branches) == 1 and "type" not in node:
            beside = {k: v for k, v in node.items() if k != word}
            return _resolve({**branches[0], **beside}, root, at, seen)
    return node, seen


def _local(ref: str, root: Schema, at: str) -> Schema:
    target: Any = root
    if not ref.startswith("#/$defs/"):
        raise UsageError(f'{at}: $ref "{ref}" is not local; move its target under "$defs" of the same file')
    for token in ref[2:].split("/"):
        target = target.get(unescape(token)) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        raise UsageError(f'{at}: $ref "{ref}" points to nothing; add it under "$defs"')
    return target


def json_type(node: Schema) -> str | None:
    """The node's type without null: told by ``type``, else by its structure, enum, const or first branch."""
    told = node.get("type")
    types = [t for t in (told if isinstance(told, list) else [told]) if t not in (None, "null")]
    if types:
        return str(types[0])
    if "properties" in node:
        return "object"
    if "items" in node:
        return "array"
    known = [v for v in [*node.get("enum", ()), node.get("const")] if v is not None]
    if not known:
        branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        return next((t for t in map(json_type, branches) if t), None)
    if isinstance(known[0], bool):
        return "boolean"
    return "string" if isinstance(known[0], str) else "number"


def _leaves(child: Any, root: Schema, place: _Place) -> Iterator[Leaf | UsageError]:
    """The leaves below a node; what is wrong with it ends this node only."""
    try:
        yield from _node_leaves(child, root, place)
    except UsageError as error:
        yield error


def _node_leaves(child: Any, root: Schema, place: _Place) -> Iterator[Leaf | UsageError]:
    if not isinstance(child, dict):
        raise UsageError(f"{place.at}: must be an object that describes the field")
    node, refs = _resolve(child, root, place.at, place.refs)
    place = replace(place, refs=refs)
    kind = json_type(node)
    if kind in ("object", "array") and "x-kind" in node:
        raise UsageError(f'{place.at}/x-kind: "x-kind" belongs to a field with a value; move it to those inside')
    if kind == "object":
        yield from _object_leaves(node, root, place)
    elif kind == "array":
        yield from _array_leaves(node, root, place)
    else:
        yield _leaf(node, place)


def _object_leaves(node: Schema, root: Schema, place: _Place) -> Iterator[Leaf | UsageError]:
    required = node.get("required", ())
    properties = node.get("properties", {})
    for name, child in properties.items():
        if name.startswith("*"):
            raise UsageError(f'{place.at}/properties: the name of a field cannot begin with "*", as "{name}" does')
        where = place.below(
            node,
            pointer=f"{place.pointer}/{escape(name)}",
            at=f"{place.at}/properties/{escape(name)}",
            name=name,
            required=name in required,
        )
        yield from _leaves(child, root, where)
    rest = node.get("additionalProperties")
    if isinstance(rest, dict):
        yield _map_leaf(rest, root, place.below(node))
    elif not properties:
        raise UsageError(
            f'{place.at or "the root"}: an object needs "properties", or for an open map'
            ' "additionalProperties": {"type": "string"}'
        )


def _map_leaf(rest: Schema, root: Schema, place: _Place) -> Leaf:
    at = f"{place.at}/additionalProperties"
    node, _ = _resolve(rest, root, at, place.refs)
    if json_type(node) in ("object", "array"):
        raise UsageError(f"{at}: an open map holds plain values; describe a table as an array of objects")
    if place.in_array:
        raise UsageError(f'{at}: an open map inside an array cannot be read; name its fields under "properties"')
    return _leaf(node, replace(place, pointer=f"{place.pointer}/*", at=at, required=False, open_map=True))


def _array_leaves(node: Schema, root: Schema, place: _Place) -> Iterator[Leaf | UsageError]:
    items = node.get("items")
    if not isinstance(items, dict):
        raise UsageError(f'{place.at}: an array needs "items" that say what a row or an element is')
    if place.in_array:  # columns tell which row a value is of, and nothing tells which row of a row
        raise UsageError(
            f"{place.at}: an array inside an array cannot be read; put its fields into the rows of the outer one,"
            " or make it an array beside that"
        )
    where = place.below(
        {"x-merge": "concat", **node},
        pointer=f"{place.pointer}/*",
        at=f"{place.at}/items",
        required=False,
        in_array=True,
    )
    yield from _leaves(items, root, where)


def _leaf(node: Schema, place: _Place) -> Leaf:
    kind, name = json_type(node), place.name
    if kind not in ("string", "number", "integer", "boolean"):
        raise UsageError(
            f'{place.at}: the field "{name}" has no usable "type"; give it string, number, integer, boolean,'
            " array or object"
        )
    told = place.told(node)
    return Leaf(
        pointer=place.pointer,
        name=name,
        type=cast(JsonType, kind),
        kind=node.get("x-kind") or infer_kind(name, node),
        labels=_labels(name, node),
        merge=told.merge or "first",
        critical=told.critical,
        choices=tuple(v for v in node.get("enum", [node.get("const")]) if v is not None),
        title=node.get("title"),
        description=node.get("description"),
        required=place.required,
        date_order=told.date_order,
        in_array=place.in_array,
        open_map=place.open_map,
        pattern=node.get("pattern"),
        check_digits=node.get("x-check-digits"),
        spot=_spot(node["x-place"]) if "x-place" in node else None,
    )


def _spot(told: Schema) -> Spot:
    x0, y0, x1, y1 = map(float, told["box"])
    return Spot(told.get("page"), (x0, y0, x1, y1))


def _labels(name: str, node: Schema) -> tuple[str, ...]:
    """``x-labels``, else the spoken name and the title; without repeats, the first of each kept."""
    labels = node.get("x-labels") or [name.replace("_", " "), *([node["title"]] if "title" in node else [])]
    first: dict[str, str] = {}
    for label in labels:
        first.setdefault(label.casefold(), label)
    return tuple(first.values())


def infer_kind(name: str, node: Schema) -> Kind:
    """The kind of a field that does not tell it: by format, type, ``multipleOf``, then by its name."""
    if node.get("format") in ("date", "date-time"):
        return "date"
    if "enum" in node or "const" in node:
        return "text"
    words = [w for w in re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()) if w]
    by_name = next((k for k, known in _KIND_WORDS.items() if words and words[-1] in known), None)
    kind = json_type(node)
    if kind == "number":
        return _number_kind(by_name, words, node)
    if kind == "integer":
        return by_name if by_name in ("identifier", "percent") else "quantity"
    if kind == "boolean" or by_name == "money":
        return "text"  # a string called "total" was declared as text on purpose
    return by_name or "text"


def _number_kind(by_name: Kind | None, words: list[str], node: Schema) -> Kind:
    if by_name in ("percent", "identifier"):
        return by_name
    cents = str(node.get("multipleOf")) == _DECIMAL_CENT
    return "money" if cents or any(w in _KIND_WORDS["money"] for w in words) else "quantity"


def _empty(node: Any, root: Schema) -> Any:
    node, _ = _resolve(node, root, "", ())
    kind = json_type(node)
    if kind == "object":
        return {name: _empty(child, root) for name, child in node.get("properties", {}).items()}
    return [] if kind == "array" else None
