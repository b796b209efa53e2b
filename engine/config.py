"""The settings of a run: one small frozen object, passed down. An unknown key is an error.

Order of precedence: ``engine.toml`` beside the work (or ``--config FILE``), then ``ENGINE_*`` in the
environment, then options. Anything that can be computed from the page is not a setting.

Adding a setting is adding a field to :class:`Config`: its name, type and range are read from there.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from engine.errors import UsageError

FILE_NAME = "engine.toml"
PREFIX = "ENGINE_"
NO_SETTINGS = frozenset({"ENGINE_TOKEN"})
"""Variables that are ours and no settings: of engine serve, a secret that nothing else is to know."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The smallest number a setting takes."""

    minimum: float


@dataclass(frozen=True, slots=True)
class Like:
    """The pattern a text setting matches as a whole, and how a person is told so."""

    pattern: str
    told: str


Count = Annotated[int, AtLeast(0)]
Positive = Annotated[int, AtLeast(1)]
Languages = Annotated[str, Like(r"\w[\w/-]*(\+\w[\w/-]*)*", "languages such as eng or eng+deu")]
WebAddress = Annotated[str, Like(r"https?://\S+", "an address such as http://localhost:11434/v1")]
Provider = Literal["anthropic", "openai", "openai-responses", "google", "openai-compatible", "replay"]
PolicyName = Literal["accurate", "balanced", "cheap"]
PageRanges = Annotated[str, Like(r"[\d\s]+(-[\d\s]*)?(,[\d\s]+(-[\d\s]*)?)*", "pages such as 1-3,7 or 5-")]
_WESTERN = "afr cat ceb cos dan deu eng enm epo est eus fao fil fin fra frk frm fry gla gle glg ind isl ita ita_old jav"
_WESTERN += " lat ltz msa nld nor oci osd por que spa spa_old sun swa swe"
BOTH_READ = frozenset(_WESTERN.split())
"""Tesseract's languages all of whose letters the second OCR engine knows: Western European ones, and their like."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings with their defaults. Sizes are bytes, times seconds, resolutions pixels per inch.

    Raises :class:`UsageError` for a value of the wrong type or out of range, naming the setting.
    """

    # receive
    max_bytes: Positive = 200_000_000
    max_pixels: Positive = 100_000_000
    max_pages: Positive = 2_000
    min_side: Positive = 32
    password: str | None = field(default=None, repr=False)
    pages: PageRanges | None = None
    # read
    lang: Languages = "eng"
    ocr: Literal["tesseract", "both"] | None = None  # None: the second engine where a critical value is in doubt
    ocr_timeout: Annotated[float, AtLeast(1)] = 60.0
    jobs: Count = 0
    page_seconds: Annotated[float, AtLeast(1)] = 180.0  # of a batch: what one page, or looking into a file, may take
    document_seconds: Annotated[float, AtLeast(1)] = 3600.0  # of a batch: what one document may take
    # route
    route: Literal["auto", "ocr", "vlm"] = "auto"
    page_limit: Count = 50
    policy: PolicyName = "balanced"
    # vision-language models; none is called unless a provider is named
    provider: Provider | None = None
    model: str | None = None
    base_url: WebAddress | None = field(default=None, repr=False)
    models: Path | None = None
    no_vlm: bool = False
    allow_text_model: bool = False
    max_usd: Annotated[float, AtLeast(0)] | None = None
    max_vlm_pages: Count | None = None
    vlm_jobs: Positive = 4
    requests_per_minute: Count = 0
    vlm_timeout: Annotated[float, AtLeast(0.1)] = 120.0
    vlm_deadline: Annotated[float, AtLeast(0.1)] = 300.0
    # answers that are kept
    cache: Path | None = None
    no_cache: bool = False
    recordings: Path | None = None
    # batches
    split: bool = False  # a file that holds several documents is cut
    database: str | None = field(default=None, repr=False)  # postgresql://…; None: a file below the results
    store_bytes: Positive = 4_000_000_000  # over this the oldest readings of pages go
    # document types
    schemas: Path | None = None

    def __post_init__(self) -> None:
        hints = _hints()
        for item in fields(self):
            _check(getattr(self, item.name), hints[item.name], item.name)
        if self.ocr == "both" and (other := set(self.lang.split("+")) - BOTH_READ):
            listed = ", ".join(sorted(other))
            raise UsageError(f"ocr = both reads Western European languages only, not {listed}: leave one of them out")
        self._check_vlm()

    @property
    def may_ask(self) -> bool:
        """Whether pages may be asked of a model."""
        return self.provider is not None and not self.no_vlm

    def _check_vlm(self) -> None:
        named = [name for name in ("model", "base_url") if getattr(self, name) is not None]
        if named and self.provider is None:
            raise UsageError(f"{named[0]} needs a provider: name one of {', '.join(get_args(Provider))} (--provider)")
        if self.recordings is not None and self.provider != "replay":
            raise UsageError("recordings are answered from by the provider replay only: add --provider replay")
        if self.route == "vlm" and self.no_vlm:
            raise UsageError("route = vlm and no_vlm contradict each other: leave one out")


@cache
def _hints() -> Mapping[str, Any]:
    return get_type_hints(Config, include_extras=True)


def load_config(file: Path | None, environ: Mapping[str, str], options: Mapping[str, Any]) -> Config:
    """The settings of a run from *file*, the ``ENGINE_*`` variables of *environ* and the *options*, where
    later ones win. *file* None means ``engine.toml`` in the current folder, where there is one.

    In *options*, None means "not given". An empty variable counts as not set. A relative path in the file is
    relative to the file's folder.

    Raises UsageError: file missing or not TOML; unknown key or variable; wrong type; out of range.
    """
    hints = get_type_hints(Config, include_extras=True)
    given: dict[str, Any] = {}
    path = _config_file(file)
    if path is not None:
        given |= _from_file(path, hints)
    given |= _from_environ(environ, hints)
    for key, value in options.items():
        if value is not None:
            _check(value, hints[_known(key, hints, "setting")], f"--{key.replace('_', '-')}")
            given[key] = value
    return Config(**given)


def _config_file(file: Path | None) -> Path | None:
    if file is None:
        return Path(FILE_NAME) if Path(FILE_NAME).is_file() else None
    if not file.is_file():
        raise UsageError(f"the configuration file {file} does not exist: give an existing one with --config")
    return file


def _from_file(path: Path, hints: Mapping[str, Any]) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    values: dict[str, Any] = {}
    for key, value in table.items():
        hint = hints[_known(key, hints, f"{path}: key")]
        found = path.parent / Path(value).expanduser() if _is_path(hint) and isinstance(value, str) else value
        _check(found, hint, f"{path}: {key}")
        values[key] = found
    return values


def _from_environ(environ: Mapping[str, str], hints: Mapping[str, Any]) -> dict[str, Any]:
    names = {PREFIX + key.upper(): key for key in hints}
    values: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX) or not text or name in NO_SETTINGS:
            continue
        key = names[_known(name, names, "environment variable")]
        values[key] = _parsed(text, hints[key], name)
        _check(values[key], hints[key], name)
    return values


def _known(key: str, allowed: Iterable[str], what: str) -> str:
    """*key* itself, or a UsageError with the nearest right one."""
    names = sorted(allowed)
    if key in names:
        return key
    near = get_close_matches(key, names, n=1, cutoff=0.0)
    raise UsageError(f"unknown {what} {key!r}: did you mean {near[0]!r}? Known are {', '.join(names)}")


def _parsed(text: str, hint: Any, name: str) -> Any:
    """The value of the right type that *text* writes, for sources that know only text."""
    kind = _kind(hint)
    if kind is bool:  # any other text is left for the check to refuse
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        if kind is int or kind is float:
            return kind(text)
    except ValueError as error:
        raise UsageError(f"{name} is {text!r} and must be {_told(hint)}") from error
    return Path(text).expanduser() if kind is Path else text


def _check(value: Any, hint: Any, name: str) -> None:
    """Raise UsageError unless *value* is of the type and in the range that *hint* tells."""
    if value is None and NoneType in get_args(hint):
        return
    kind = _kind(hint)
    if get_origin(kind) is Literal:
        right = value in get_args(kind)
    else:
        right = _is_of(value, kind) and all(_holds(value, rule) for rule in _rules(hint))
    if not right:
        # The value is repeated to show the slip, except where it may hold a password.
        secret = name.lower().replace("-", "_").endswith(("password", "base_url", "database"))
        shown = "set" if secret else repr(str(value) if isinstance(value, Path) else value)
        raise UsageError(f"{name} is {shown} and must be {_told(hint)}")


def _is_of(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):  # True is an int to Python and a slip in a settings file
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _holds(value: Any, rule: AtLeast | Like) -> bool:
    if isinstance(rule, AtLeast):
        return bool(value >= rule.minimum)
    return re.fullmatch(rule.pattern, value, re.ASCII) is not None


def _plain(hint: Any) -> Any:
    """*hint* without ``| None``."""
    if get_origin(hint) in (Union, UnionType):
        return next(part for part in get_args(hint) if part is not NoneType)
    return hint


def _kind(hint: Any) -> Any:
    """The bare type: no ``| None``, no range."""
    plain = _plain(hint)
    return get_args(plain)[0] if get_origin(plain) is Annotated else plain


def _rules(hint: Any) -> tuple[AtLeast | Like, ...]:
    plain = _plain(hint)
    return get_args(plain)[1:] if get_origin(plain) is Annotated else ()


def _is_path(hint: Any) -> bool:
    return _kind(hint) is Path


def _told(hint: Any) -> str:
    """What is expected, in words."""
    kind = _kind(hint)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    words = {int: "a whole number", float: "a number", str: "a text", Path: "a path", bool: "true or false"}[kind]
    for rule in _rules(hint):
        words = rule.told if isinstance(rule, Like) else f"{words} of at least {rule.minimum:g}"
    return words
