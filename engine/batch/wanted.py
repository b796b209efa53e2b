"""What is wanted of an item: its settings, its type as it is now, and the work that this makes."""

from __future__ import annotations

from dataclasses import replace

from engine.batch import content, tasks
from engine.batch.items import Item
from engine.batch.state import Batch
from engine.batch.work import Work, types_digest
from engine.config import Config, load_config
from engine.errors import BadInput, UsageError
from engine.identify import asked_types


class Types:
    """The digest of each type that is asked for, looked up once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[str, str] = {}

    def digest(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = types_digest(asked_types(name, self._config))
        return self._known[name]


def own_config(item: Item, config: Config) -> Config:
    """The settings of an item: the batch's, with those of its row in the manifest. Raises UsageError."""
    if not item.options:
        return config
    try:
        given = load_config(None, {f"ENGINE_{name.upper()}": value for name, value in item.options.items()}, {})
    except UsageError as error:
        raise UsageError(f"the manifest's row of {item.place}: {error}") from error
    return replace(config, **{name: getattr(given, name) for name in item.options})


def item_to_work(item: Item, batch: Batch, types: Types) -> Work | str:
    """The item as work; for a file that cannot even be read, its result."""
    own = own_config(item, batch.config)
    try:
        digest, file = content.taken(item, own)
    except (BadInput, UsageError) as error:  # a file that is gone since it was listed is no fault of the batch
        return tasks.failed_result(item.place, item.type or batch.type, str(error), own)
    work = work_on(item, digest, batch, types)
    content.keep(file, work)
    return work


def work_on(item: Item, sha256: str, batch: Batch, types: Types) -> Work:
    """The item as work, if its content has this digest."""
    asked, own = item.type or batch.type, own_config(item, batch.config)
    return Work(item.whole, sha256, asked, types.digest(asked), replace(own, password=None, database=None), batch.name)
