"""What makes two pieces of work the same: content, type and settings, never a path or a machine.

The identities here are the names of recorded workflows. So identical files are computed once, a changed schema asks and
concludes anew but reads nothing again, and a changed path changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import simplejson

from engine import __version__
from engine.config import Config
from engine.doctype import DocumentType

READING = frozenset({"max_bytes", "max_pixels", "max_pages", "min_side", "lang", "ocr", "ocr_timeout", "route"})
"""Settings that a page's reading depends on; all others can change without a page being read again."""

NOWHERE = frozenset(
    {"jobs", "cache", "no_cache", "schemas", "vlm_jobs", "requests_per_minute", "max_usd", "max_vlm_pages"}
    | {"password", "database", "store_bytes", "page_seconds", "document_seconds"}
)
"""Settings that no value depends on: where things are, how fast they go, when to stop."""


@dataclass(frozen=True, slots=True)
class Work:
    """A document to be extracted. ``path`` is where it is found, ``type`` the name asked for (or ``auto``), ``types`` a
    digest of the schemas behind it; ``config`` holds no password. ``batch`` is whose money it costs."""

    path: str
    sha256: str
    type: str
    types: str
    config: Config
    batch: str

    @property
    def id(self) -> str:
        return f"document-{self._same(self.config.pages)}"

    @property
    def cut_id(self) -> str:
        """Of finding the documents that the whole file holds."""
        return f"cut-{self._same(None)}"

    def _same(self, pages: str | None) -> str:
        kept = _settings(self.config, set(_NAMES) - NOWHERE, {"pages": pages})
        return _digest([__version__, self.sha256, self.type, self.types, kept])

    def page_id(self, page: int) -> str:
        """Of the reading of a page (from 1)."""
        return f"page-{_digest([__version__, self.sha256, page, _settings(self.config, READING)])}"

    def ask_id(self, page: int) -> str:
        """Of asking a model about a page."""
        return f"ask-{self.id.removeprefix('document-')}-{page}"


_NAMES = tuple(item.name for item in fields(Config))


def types_digest(doctypes: Iterable[DocumentType]) -> str:
    """One text for the schemas as they are: it changes when any of them does."""
    return _digest([[doctype.name, doctype.schema] for doctype in doctypes])


def _settings(
    config: Config, names: Iterable[str], instead: Mapping[str, object] = MappingProxyType({})
) -> Sequence[Sequence[str]]:
    return [[name, str(instead[name] if name in instead else getattr(config, name))] for name in sorted(names)]


def _digest(data: Any) -> str:
    text = simplejson.dumps(data, use_decimal=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
