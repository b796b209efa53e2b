"""A case's answers recorded anew: a real provider is asked once, what is there for a request already is not paid again.

``case.toml`` then says whose answers they are.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from engine.config import Config
from engine.errors import UsageError
from engine.flow import extract
from engine.output import write_whole
from engine.regress.case import CASE_FILE, Case
from engine.regress.ran import Ran
from engine.regress.run import run_whole, settings_of
from engine.vlm.connect import connect_recording

KEY = re.compile(r"""\s*(\w+)\s*=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*')\s*(#.*)?""")
"""A line with a plain text, and the remark behind it."""
MARK = "\ufeff"
"""What some editors put before UTF-8."""
OF_THE_MODEL = (
    "provider", "model", "base_url", "models", "allow_text_model", "max_usd", "max_vlm_pages", "vlm_jobs",
    "requests_per_minute", "vlm_timeout", "vlm_deadline",
)  # fmt: skip
"""The settings that whoever records decides; all others are the case's."""


class Recorded(NamedTuple):
    """``ran`` is the case run with its new recordings, ``case`` the case as it now is; ``written`` and ``removed`` are
    recordings. Nothing is removed where an answer did not come: ``failed`` tells the pages, and why."""

    ran: Ran
    case: Case
    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    failed: tuple[str, ...] = ()


def record_case(case: Case, schemas: Path | None, config: Config, recorded_by: str | None = None) -> Recorded:
    """Ask the model that *config* names whatever the case asks, and run the case with its answers.

    Raises UsageError: no provider named, a missing key, a ``case.toml`` that is not to be rewritten (before anything is
    asked), or recordings that cannot be written.
    """
    if config.provider in (None, "replay"):
        raise UsageError("recording asks a real provider: name it with --provider, and its model with --model")
    told = {name: getattr(config, name) for name in OF_THE_MODEL if name not in case.settings}
    settings = settings_of(case, schemas, no_cache=True, **told)
    try:
        vlm = connect_recording(settings, case.recordings)
        case = replace(case, provider=vlm.provider.name, model=vlm.model.name, recorded_by=recorded_by or vlm.name)
        renamed = _named((case.folder / CASE_FILE).read_bytes().decode("utf-8"), case)
        result = extract(case.document, type=case.type, config=settings, vlm=vlm)
    except OSError as error:
        raise UsageError(f"{case.recordings} cannot be written ({error.strerror}): make it writable") from error
    written = tuple(sorted(vlm.recorder.written)) if vlm.recorder else ()
    run = run_whole(case, schemas)
    removed: tuple[Path, ...] = ()
    if run.recordings and not run.recordings.missing:
        removed = run.recordings.unused
        for path in removed:
            path.unlink()
        run = run._replace(ran=replace(run.ran, stale=()))
    if run.recordings and run.recordings.used:
        write_whole(case.folder / CASE_FILE, renamed)
    pages = result.pages if run.ran.stale else ()
    failed = (f"page {page.page}: {page.reason}" for page in pages if page.route == "vlm" and page.outcome == "failed")
    return Recorded(run.ran, case, written, removed, tuple(failed))


def _named(text: str, case: Case) -> str:
    """The text of ``case.toml`` with whose answers the recordings are; remarks, line ends and all other lines stay.

    Raises UsageError where one of the three keys does not stand on a line of its own.
    """
    told = {"provider": case.provider, "model": case.model, "recorded_by": case.recorded_by}
    entries = {name: f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()}
    plain = text.removeprefix(MARK).replace("\r\n", "\n")
    lines = plain.splitlines()
    end = next((at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    head = []
    for line in lines[:end]:
        key = KEY.fullmatch(line)
        entry = entries.pop(key[1], None) if key else None
        head.append(line if not key or entry is None else f"{entry}  {key[2] or ''}".rstrip())
    while head and not head[-1].strip():
        head.pop()
    head += entries.values()
    written = "\n".join([*head, *([""] if end < len(lines) else []), *lines[end:]]) + "\n"
    if _data(written) != tomllib.loads(plain) | told:
        raise UsageError(f"{case.folder / CASE_FILE}: write provider, model and recorded_by on a line each, by hand")
    mark = MARK if text.startswith(MARK) else ""
    return mark + (written.replace("\n", "\r\n") if "\r\n" in text else written)


def _data(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
