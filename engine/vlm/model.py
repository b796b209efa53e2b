"""A model is a row of data: what it takes, what it may answer, how its schema is written, what it costs.

The rows stand in ``models.toml``; a user's file of the same form wins over them, key by key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from engine.errors import UsageError

Dialect = Literal["openai", "anthropic", "gemini"]

SHIPPED = Path(__file__).with_name("models.toml")
FORMATS = ("image/png", "image/jpeg", "image/webp", "image/gif")
ROWS_OF = {"openai-responses": "openai"}
"""Providers without rows of their own, and whose they share."""


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """How many tokens an image is booked at: ``fixed`` whatever its size, else its squares of ``patch`` pixels,
    at most ``cap`` of them (0: any number; more are shrunk away by the provider), times ``factor``."""

    patch: int = 28
    factor: Decimal = Decimal(1)
    cap: int = 0
    fixed: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """One row. Sizes: bytes of an encoded image or request, pixels, tokens; prices: US dollars a million tokens.

    ``side`` and ``pixels`` are what the model looks at without shrinking the image itself. ``image_bytes`` counts
    the base64 text, as does ``request_bytes``: the stricter way to read what providers state.
    """

    provider: str
    name: str
    vision: bool
    formats: tuple[str, ...]
    image_bytes: int
    request_bytes: int
    side: int
    pixels: int
    images: int
    output_tokens: int
    dialect: Dialect
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    image_tokens: ImageTokens = ImageTokens()


Row = dict[str, Any]
Table = dict[str, tuple[Row, ...]]

_KEYS = ("match", "default", *(f.name for f in fields(Model) if f.name not in ("provider", "name")))
_SIZES = ("image_bytes", "request_bytes", "side", "pixels", "images", "output_tokens")


def model_row(provider: str, name: str | None, own: Path | None = None) -> Model:
    """The row of a provider's model; with ``name`` None that of the model that is used when none is named.

    A row says only in what a model differs: what it leaves out is taken from wider matches, last from the
    provider's ``*``. So a model that nobody has heard of has its provider's usual limits under its own name.

    Raises UsageError: a provider without rows; no name where the provider has no default; a table with a mistake.
    """
    rows = _rows(provider, own)
    name = name or _default(rows)
    if name is None:
        raise UsageError(f"--provider {provider} needs to be told which model: name it with --model")
    merged: Row = {}
    for row in rows:
        if fnmatchcase(name.casefold(), row["match"].casefold()):
            merged |= {key: value for key, value in row.items() if key not in ("match", "default")}
    return Model(provider=provider, name=name, **merged)


def _rows(provider: str, own: Path | None) -> list[Row]:
    """What is known of a provider's models, weakest first: shipped before own, wide matches before narrow ones."""
    owner = ROWS_OF.get(provider, provider)
    tables = [_shipped(), _table(own) if own else {}]
    if owner not in tables[0]:
        raise UsageError(f'no model is known for the provider "{provider}": use {_listed((*tables[0], *ROWS_OF))}')
    return [row for table in tables for row in sorted(table.get(owner, ()), key=_narrowness)]


def _narrowness(row: Row) -> tuple[bool, int]:
    """An exact name is narrower than any pattern, a longer pattern narrower than a shorter one."""
    return "*" not in row["match"], len(row["match"])


def _default(rows: list[Row]) -> str | None:
    """The last one marked: an own mark wins over the shipped one."""
    return next((row["match"] for row in reversed(rows) if row.get("default")), None)


# ------------------------------------------------------------------------------------------ reading a table


@lru_cache(maxsize=1)
def _shipped() -> Table:
    return _table(SHIPPED)


def _table(path: Path) -> Table:
    """The rows of a file by provider, checked."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise UsageError(f"the table of models {path} does not exist: correct `models` in the settings") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return {_provider(name, path): _checked(path, name, rows) for name, rows in content.items()}


def _provider(name: str, path: Path) -> str:
    """The provider whose rows these are; a user's file can name only those that are shipped."""
    if path == SHIPPED:
        return name
    if name in ROWS_OF:
        raise UsageError(f"{path}: {name} has the rows of {ROWS_OF[name]}: write [[{ROWS_OF[name]}]]")
    return _known(name, tuple(_shipped()), f"{path}: unknown provider")


def _checked(path: Path, provider: str, rows: Any) -> tuple[Row, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: {provider} must be rows: begin each with [[{provider}]]")
    return tuple(_row(row, f"{path}: [[{provider}]] row {number}") for number, row in enumerate(rows, 1))


def _row(given: Row, where: str) -> Row:
    match = given.get("match")
    if not isinstance(match, str) or not match:
        raise UsageError(f'{where}: needs match = "a model\'s name", where * stands for any letters')
    where = f'{where} ("{match}")'
    row = {_known(key, _KEYS, f"{where}: unknown key"): _value(key, value, where) for key, value in given.items()}
    if row.get("default") and "*" in match:
        raise UsageError(f"{where}: only an exact name can be the default: leave out default or the *")
    if ("input_price" in row) != ("output_price" in row):
        raise UsageError(f"{where}: give both input_price and output_price, or neither")
    return row


def _value(key: str, value: Any, where: str) -> Any:
    """The value as Model holds it. Raises UsageError for a wrong type."""
    if key == "image_tokens":
        return _image_tokens(value, f"{where}: image_tokens")
    wanted, right = _wanted(key, value)
    if not right:
        raise UsageError(f"{where}: {key} is {value!r} and must be {wanted}")
    if key == "formats":
        return tuple(value)
    return Decimal(value) if key.endswith("_price") else value


def _wanted(key: str, value: Any) -> tuple[str, bool]:
    """What a key takes, in words, and whether the value is that."""
    if key == "match":
        return "a text", isinstance(value, str)
    if key in ("vision", "default"):
        return "true or false", isinstance(value, bool)
    if key == "dialect":
        return "one of " + ", ".join(get_args(Dialect)), value in get_args(Dialect)
    if key == "formats":
        right = isinstance(value, list) and bool(value) and all(one in FORMATS for one in value)
        return f"a list out of {', '.join(FORMATS)}", right
    if key in _SIZES:
        return "a whole number above 0", _whole(value) and value > 0
    return "US dollars a million tokens, such as 2.50", _amount(value)


def _image_tokens(value: Any, where: str) -> ImageTokens:
    if not isinstance(value, dict):
        raise UsageError(f"{where} is {value!r} and must be a table such as {{patch = 28, cap = 1568}}")
    names = tuple(f.name for f in fields(ImageTokens))
    for key, number in value.items():
        _known(key, names, f"{where}: unknown key")
        least = 1 if key == "patch" else 0
        if not (_amount(number) if key == "factor" else _whole(number) and number >= least):
            kind = "a number" if key == "factor" else f"a whole number of at least {least}"
            raise UsageError(f"{where}: {key} is {number!r} and must be {kind}")
    return ImageTokens(**value | ({"factor": Decimal(value["factor"])} if "factor" in value else {}))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _amount(value: Any) -> bool:
    """A number from 0 up: floats of the file come as Decimal, and nan or inf are none."""
    return (_whole(value) or isinstance(value, Decimal)) and Decimal(value).is_finite() and value >= 0


def _known(key: str, allowed: tuple[str, ...], what: str) -> str:
    if key in allowed:
        return key
    near = get_close_matches(key, allowed, n=1, cutoff=0.0)
    raise UsageError(f'{what} "{key}": did you mean "{near[0]}"? Known are {_listed(allowed)}')


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names))
