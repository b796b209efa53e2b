"""Answers kept on disk, so that no question is paid twice: one JSON file an answer.

``ROOT/answers/ab/<key>.json``, readable by its owner alone. The key is a hash of the exact request and of whom
it went to. A file holds the provider's own answer, what it cost and hashes that tell what was asked; no image,
prompt, header or key. (A recording of :mod:`engine.vlm.record` is such a file too, and holds the prompt.) What an
answer says of a document is in it: :meth:`Store.clear` is how that goes away.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit, urlunsplit

from engine.errors import UsageError
from engine.vlm.question import Question
from engine.vlm.wire import Body, Request, Tokens
from engine.whole_file import PRIVATE, write_file

FORMAT = "engine answer"
VERSION = 1
PATIENCE = 900.0
"""Seconds to wait for somebody who asks the same: longer than a request with all its tries takes."""

log = logging.getLogger(__name__)

_PRIVATE_FOLDER = 0o700
_SCHEMA_KEYS = {"schema", "input_schema", "response_schema", "response_json_schema"}
_SCHEMA_KEYS |= {"inputSchema", "responseSchema", "responseJsonSchema"}
_KEY_FILE = re.compile(r"[0-9a-f]{64}\.json")


@dataclass(frozen=True, slots=True)
class Parts:
    """Hashes of the four parts of a request: they tell what changed where a recording is stale."""

    prompt: str
    schema: str
    images: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What was asked, for people: the lines of rules and text, the schema of the answer, and what tells the images
    apart without showing them (:mod:`engine.vlm.sketch`)."""

    prompt: tuple[str, ...]
    schema: Mapping[str, Any] = field(hash=False)
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer: who gave it, to what (``asked`` is the hash of the request), and the provider's own body.

    ``base_url`` is that of :func:`public_url`; ``usd`` is None where the price is unknown. The outcome is not
    kept: the provider's adapter reads it from the body again, and may have learned in the meantime. ``wording`` is
    None but in recordings.
    """

    provider: str
    base_url: str
    model: str
    asked: str
    parts: Parts
    body: Body = field(hash=False)
    tokens: Tokens | None
    usd: Decimal | None
    created: datetime
    wording: Wording | None = None

    @classmethod
    def now(
        cls,
        provider: str,
        base_url: str,
        model: str,
        question: Question,
        request: Request,
        body: Body,
        *,
        tokens: Tokens | None = None,
        usd: Decimal | None = None,
    ) -> Self:
        """The answer that *request* has just got; to the second, for nobody needs more."""
        asked, parts = request_hash(request), parts_of(question, request)
        created = datetime.now(UTC).replace(microsecond=0)
        return cls(provider, public_url(base_url), model, asked, parts, body, tokens, usd, created)

    @property
    def key(self) -> str:
        return _key(self.provider, self.base_url, self.model, self.asked)


class Entry(NamedTuple):
    """A kept answer as ``engine cache`` lists it; ``size`` in bytes."""

    key: str
    size: int
    created: datetime
    provider: str
    model: str
    usd: Decimal | None


class Cleared(NamedTuple):
    """What was taken away: answers, and bytes of all files."""

    answers: int
    bytes: int


class NotKept(ValueError):
    """JSON that never was a kept answer."""


def default_root(environ: Mapping[str, str]) -> Path:
    """``$XDG_CACHE_HOME/engine``, else ``~/.cache/engine``. Raises UsageError where there is no home."""
    given = environ.get("XDG_CACHE_HOME", "")
    if given and Path(given).is_absolute():  # a relative one is to be ignored, says the XDG specification
        return Path(given) / "engine"
    try:
        return Path.home() / ".cache" / "engine"
    except RuntimeError as error:
        raise UsageError("there is no home folder to keep answers in: give --cache DIR, or --no-cache") from error


def public_url(base_url: str) -> str:
    """*base_url* as it may be written down, one way: no user and password, no query, no slash at the end."""
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def request_hash(request: Request) -> str:
    """SHA-256 of the exact request. The order of keys counts: models answer in the order of the schema."""
    return _hash(request)


def key(provider: str, base_url: str, model: str, request: Request) -> str:
    """Under which name an answer to *request* is kept."""
    return _key(provider, public_url(base_url), model, request_hash(request))


def parts_of(question: Question, request: Request) -> Parts:
    """The hashes of a request's parts, whatever the provider's shape.

    The question's images and texts are looked for wherever they stand, the schema under the names that providers
    have for it; what remains is the parameters. Thus a request that differs differs in at least one part.
    """
    schemas: list[Any] = []
    rest = _without(request, question, schemas)
    return Parts(
        prompt=_hash([question.rules, question.text]),
        schema=_hash(schemas or [question.schema]),
        images=_hash([[image.mime_type, image.data] for image in question.images]),
        parameters=_hash(rest),
    )


def _without(node: Any, question: Question, schemas: list[Any]) -> Any:
    """*node* with the question's images, texts and schema taken out; schemas go to *schemas*."""
    if isinstance(node, dict):
        rest: dict[str, Any] = {}
        for name, child in node.items():
            if name in _SCHEMA_KEYS and isinstance(child, dict):
                schemas.append(child)
                rest[name] = None
            else:
                rest[name] = _without(child, question, schemas)
        return rest
    if isinstance(node, list | tuple):
        return [_without(child, question, schemas) for child in node]
    if not isinstance(node, str):
        return node
    for number, image in enumerate(question.images):
        if image.data and image.mime_type:
            node = node.replace(image.data, f"<image {number}>").replace(image.mime_type, "<type>")
    for name, text in (("text", question.text), ("rules", question.rules)):
        if text:
            node = node.replace(text, f"<{name}>")
    return node


def _hash(data: Any) -> str:
    return sha256(json.dumps(data, separators=(",", ":")).encode("ascii")).hexdigest()


def _key(*told: str) -> str:
    return _hash([FORMAT, VERSION, *told])


class Store:
    """The answers below ``root``, for any number of threads and processes. Nothing is made before it is needed.

    A store that fails is no reason to lose a page: what cannot be read counts as not there, and what cannot be
    written is told in the log. :meth:`prepare` tells before anything is paid.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._answers = root / "answers"
        self._locks = root / "locks"

    def prepare(self) -> None:
        """Make the folders. Raises UsageError where answers could not be kept."""
        try:
            for folder in (self._answers, self._locks):
                _make(folder)
                probe = folder / f".{uuid.uuid4().hex}.part"
                probe.touch(PRIVATE, exist_ok=False)
                probe.unlink()
        except OSError as error:
            raise UsageError(
                f"answers cannot be kept in {self.root} ({error.strerror}): give --cache DIR, or --no-cache to pay"
                " for every question again"
            ) from error

    def get(self, key: str) -> Kept | None:
        """The answer kept under *key*. A file that is broken or not its own is left alone and not used."""
        path = self._path(key)
        try:
            kept = read_kept(path)
            if kept.key != key:
                raise ValueError("it answers another question")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the kept answer %s is not used: %s", path, error)
            return None
        return kept

    def put(self, kept: Kept) -> bool:
        """Keep an answer; only complete ones should be, for they are served again. Whether it was kept."""
        path = self._path(kept.key)
        try:
            text = kept_to_json(kept)
            if holds_secret(text):
                raise ValueError("it repeats a key of this machine")
            _make(path.parent)
            write_file(path, text, PRIVATE)
        except (OSError, ValueError) as error:
            log.warning("an answer could not be kept in %s and would be paid again: %s", self.root, error)
            return False
        return True

    @contextmanager
    def lock(self, key: str, patience: float = PATIENCE) -> Iterator[bool]:
        """Be the only one, of all threads and processes, who asks the question of *key*; look again inside.

        Others wait up to *patience* seconds. Yields whether the lock was got: where it was not, because the other
        one hangs or the folder takes no locks, paying twice is better than a page that never comes. A holder that
        dies lets go. Not to be taken twice in one thread.
        """
        from filelock import FileLock

        path = self._locks / f"{key}.lock"
        lock = FileLock(path, timeout=patience, mode=PRIVATE)
        try:
            _make(self._locks)
            lock.acquire()
        except OSError as error:  # filelock's own Timeout is one
            log.warning("asking without a lock, so that this page may be paid twice: %s", error)
            yield False
            return
        try:
            yield True
        finally:
            with suppress(OSError):  # while it is ours; who opened it already sees that it is gone, and starts anew
                path.unlink(missing_ok=True)
            lock.release()

    def entries(self) -> Iterator[Entry]:
        """The answers that can be read, in the order of their keys."""
        for path in self._files():
            with suppress(OSError, ValueError):
                kept = read_kept(path)
                yield Entry(path.stem, path.stat().st_size, kept.created, kept.provider, kept.model, kept.usd)

    def clear(self, older_than: timedelta | None) -> Cleared:
        """Take away answers given longer than *older_than* ago, all with None, and what a crash left of others.

        A broken file is as old as the file system says. Raises UsageError where one cannot be taken away.
        """
        now = datetime.now(UTC)
        count = size = 0
        try:
            for path in [*self._files(), *self._answers.glob("*/.*.part")]:
                if older_than is not None and now - _created(path) < older_than:
                    continue
                with suppress(FileNotFoundError):  # somebody else clears, or a write has just come to its end
                    size += path.stat().st_size
                    path.unlink()
                    count += path.suffix == ".json"
            self._clear_locks()
        except OSError as error:
            raise UsageError(
                f"not all answers in {self.root} can be taken away ({error.strerror}): remove that folder by hand"
            ) from error
        return Cleared(count, size)

    def _clear_locks(self) -> None:
        from filelock import FileLock, Timeout

        for path in self._locks.glob("*.lock"):
            with suppress(Timeout), FileLock(path, timeout=0, mode=PRIVATE):
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._answers.glob("*/*.json") if _KEY_FILE.fullmatch(path.name))

    def _path(self, key: str) -> Path:
        return self._answers / key[:2] / f"{key}.json"


def kept_to_json(kept: Kept) -> str:
    """The text of a kept answer's file. Raises ValueError for a body that is not JSON data."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "created": kept.created.isoformat().replace("+00:00", "Z"),
        "provider": kept.provider,
        "base_url": kept.base_url,
        "model": kept.model,
        "asked": kept.asked,
        "parts": asdict(kept.parts),
        "tokens": None if kept.tokens is None else asdict(kept.tokens),
        "usd": None if kept.usd is None else str(kept.usd),
        **({} if kept.wording is None else {"wording": asdict(kept.wording)}),
        "body": kept.body,
    }
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"its body is not JSON data: {error}") from error
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def read_kept(path: Path) -> Kept:
    """The answer in a file. Raises OSError, and ValueError for a file that is broken, foreign or too new."""
    return read_text(path.read_bytes())


def read_text(text: str | bytes) -> Kept:
    """The answer in a text of :func:`kept_to_json`. Raises ValueError as :func:`read_kept`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise NotKept("it is not a kept answer")
    if data.get("version") != VERSION:
        raise ValueError(f"it is of version {data.get('version')}, and this engine writes {VERSION}")
    try:
        return _kept(data)
    except (KeyError, TypeError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"a part of it is missing or wrong: {error!r}") from error


def _kept(data: dict[str, Any]) -> Kept:
    created = datetime.fromisoformat(data["created"])
    if created.tzinfo is None or not isinstance(data["body"], dict):
        raise TypeError("created or body")
    tokens, usd, wording = data["tokens"], data["usd"], data.get("wording")
    return Kept(
        **{name: _text(data[name]) for name in ("provider", "base_url", "model", "asked")},
        parts=Parts(**{name: _text(value) for name, value in data["parts"].items()}),
        body=data["body"],
        tokens=None if tokens is None else Tokens(**{name: int(value) for name, value in tokens.items()}),
        usd=None if usd is None else Decimal(_text(usd)),
        created=created,
        wording=None if wording is None else _wording(wording),
    )


def _wording(data: dict[str, Any]) -> Wording:
    prompt, images = (tuple(map(_text, data[name])) for name in ("prompt", "images"))
    return Wording(prompt, dict(data["schema"]), images)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _created(path: Path) -> datetime:
    with suppress(OSError, ValueError):
        return read_kept(path).created
    with suppress(FileNotFoundError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return datetime.now(UTC)


def holds_secret(text: str) -> bool:
    """Whether *text* repeats a key from the environment, as a server may that echoes the headers it got.

    Short values are placeholders for local servers, and words that any answer may hold.
    """
    keys = (value.strip() for name, value in os.environ.items() if name.endswith(("_API_KEY", "_AUTH_TOKEN")))
    return any(len(key) >= 16 and key in text for key in keys)


def _make(folder: Path) -> None:
    """The folder and those above it, each for its owner alone: mkdir would give the mode only to the last."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(_PRIVATE_FOLDER, exist_ok=True)


def age(text: str) -> timedelta:
    """``90m``, ``12h``, ``30d`` or ``2w`` as ``--older-than`` takes it. Raises UsageError."""
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text, re.ASCII)
    if match is None:
        raise UsageError(f"--older-than {text!r} is no age: give one such as 12h, 30d or 2w")
    unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def rows(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """A heading and a row for each model, for ``engine cache``; the last row is the sum of several."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.provider, entry.model), []).append(entry)
    told = [_row(*name, group) for name, group in sorted(groups.items())]
    if len(groups) > 1:
        told.append(_row("", "all", [entry for group in groups.values() for entry in group]))
    return [("provider", "model", "answers", "size", "paid", "oldest", "newest"), *told]


def _row(provider: str, model: str, group: list[Entry]) -> tuple[str, ...]:
    known = [entry.usd for entry in group if entry.usd is not None]
    paid = f"${sum(known, Decimal(0)):.4f}" if known else "unknown"
    if known and len(known) < len(group):
        paid = f"{paid} + {len(group) - len(known)} unknown"
    days = sorted(entry.created.date().isoformat() for entry in group)
    size = size_to_text(sum(entry.size for entry in group))
    return provider, model, str(len(group)), size, paid, days[0], days[-1]


def size_to_text(size: int) -> str:
    """Bytes for people: ``812 bytes``, ``12.3 kB``, ``4.0 MB``."""
    if size < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    number, unit = (size / 1e3, "kB") if size < 999_950 else (size / 1e6, "MB")
    return f"{number:.1f} {unit}"
