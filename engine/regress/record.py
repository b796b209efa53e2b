"""A case's answers recorded anew: a real provider is asked once, what is there for a request already is not paid again.

``case.toml`` then says whose answers they are.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from engine.config import Config
from engine.errors import UsageError
from engine.flow import extract
from engine.regress.case import CASE_FILE, Case
from engine.regress.ran import Ran
from engine.regress.run import run_whole, settings_of
from engine.vlm.connect import connect_recording
from engine.whole_file import write_file

OF_THE_MODEL = (
    "provider", "model", "base_url", "models", "allow_text_model", "max_usd", "max_vlm_pages", "vlm_jobs",
    "requests_per_minute", "vlm_timeout", "vlm_deadline",
)  # fmt: skip
"""The settings that whoever records decides; all others are the case's."""


class Recorded(NamedTuple):
    """``ran`` is the case run with its new recordings, ``case`` the case as it now is; ``written`` and ``removed`` are
    recordings. Nothing is removed where an answer did not come."""

    ran: Ran
    case: Case
    written: tuple[Path, ...]
    removed: tuple[Path, ...]


def record_case(case: Case, schemas: Path | None, config: Config, recorded_by: str | None = None) -> Recorded:
    """Ask the model that *config* names whatever the case asks, and run the case with its answers.

    Raises UsageError: no provider named, a missing key, or recordings that cannot be written.
    """
    if config.provider in (None, "replay"):
        raise UsageError("recording asks a real provider: name it with --provider, and its model with --model")
    told = {name: getattr(config, name) for name in OF_THE_MODEL if name not in case.settings}
    settings = settings_of(case, schemas, no_cache=True, **told)
    try:
        vlm = connect_recording(settings, case.recordings)
        extract(case.document, type=case.type, config=settings, vlm=vlm)
    except OSError as error:
        raise UsageError(f"{case.recordings} cannot be written ({error.strerror}): make it writable") from error
    written = tuple(sorted(vlm.recorder.written)) if vlm.recorder else ()
    case = replace(case, provider=vlm.provider.name, model=vlm.model.name, recorded_by=recorded_by or vlm.name)
    run = run_whole(case, schemas)
    removed: tuple[Path, ...] = ()
    if run.recordings and not run.recordings.missing:
        removed = run.recordings.unused
        for path in removed:
            path.unlink()
        run = run._replace(ran=replace(run.ran, stale=()))
    if run.recordings and run.recordings.used:
        write_file(case.folder / CASE_FILE, _named((case.folder / CASE_FILE).read_text(encoding="utf-8"), case))
    return Recorded(run.ran, case, written, removed)


def _named(text: str, case: Case) -> str:
    """The text of ``case.toml`` with whose answers the recordings are; all other lines stay as they are.

    Raises UsageError where one of the three keys does not stand on a line of its own.
    """
    told = {"provider": case.provider, "model": case.model, "recorded_by": case.recorded_by}
    lines = text.splitlines()
    end = next((at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    head = [line for line in lines[:end] if line.partition("=")[0].strip() not in told]
    while head and not head[-1].strip():
        head.pop()
    head += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
    written = "\n".join([*head, *([""] if end < len(lines) else []), *lines[end:]]) + "\n"
    if tomllib.loads(written) != tomllib.loads(text) | told:
        raise UsageError(f"{case.folder / CASE_FILE}: write provider, model and recorded_by on a line each, by hand")
    return written
