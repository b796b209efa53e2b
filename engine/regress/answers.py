"""The answers of the model that has read a document to the recordings of its case, where they are still kept."""

from __future__ import annotations

import shutil

from engine.as_json import to_json
from engine.config import Config
from engine.errors import UsageError
from engine.flow import extract
from engine.output import write_whole
from engine.regress.case import CASE_FILE, Case
from engine.regress.run import settings_of
from engine.vlm.connect import connect


def keep_answers(case: Case, model: str, config: Config) -> bool:
    """Give *case*, which has no recordings, the answers of *model* that its run asks for, of those that *config* names
    (``recordings``, else the cache); whether all were there. Nothing is sent, and nothing written where one is missing.

    Raises UsageError where they cannot be written.
    """
    told = {name: getattr(config, name) for name in ("recordings", "cache", "models", "allow_text_model")}
    settings = settings_of(case, config.schemas, **{**told, "provider": "replay", "model": model})
    try:
        vlm = connect(settings)
    except UsageError:  # nothing was kept, or nothing of this model
        return False
    if vlm is None or vlm.recordings is None:
        return False
    extract(case.document, type=case.type, config=settings, vlm=vlm)
    used = vlm.recordings.used
    if vlm.recordings.missing or not used:
        return False
    whose = {"provider": vlm.provider.name, "model": vlm.model.name, "recorded_by": model}
    keys = "".join(f"{name} = {to_json(value)}\n" for name, value in whose.items())
    file = case.folder / CASE_FILE
    try:
        case.recordings.mkdir()
        for one in used:
            shutil.copyfile(one.path, case.recordings / f"{one.kept.asked[:8]}.json")
        write_whole(file, keys + file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{case.recordings} cannot be written ({error.strerror}): make it writable") from error
    return True
