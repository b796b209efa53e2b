"""Commands about this installation: what answers are kept, what is there and works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from engine.cli.options import KEPT, MODEL, schemas_option, settings, settings_file, tell

if TYPE_CHECKING:
    from engine.vlm.store import Store


@click.group(invoke_without_command=True)
@settings_file
@KEPT[0]
@click.pass_context
def cache(context: click.Context, /, **options: Any) -> None:
    """Tell what answers of models are kept, and what was paid for them."""
    from engine.as_text import columns
    from engine.vlm.store import rows

    store = _store(options)
    context.obj = store
    if context.invoked_subcommand is None:
        entries = list(store.entries())
        tell(columns(rows(entries)) if entries else f"no answers are kept in {store.root}")


@cache.command()
@click.option("--older-than", metavar="30d", help="Only answers given longer ago: 90m, 12h, 30d, 2w.")
@settings_file
@KEPT[0]
@click.pass_obj
def clear(store: Store, /, older_than: str | None, **options: Any) -> None:
    """Take kept answers away; they will be paid for again."""
    from engine.vlm.store import age, size_to_text

    store = _store(options) if options["cache"] or options["config"] else store
    cleared = store.clear(age(older_than) if older_than else None)
    tell(f"{cleared.answers} answers taken away, {size_to_text(cleared.bytes)}, from {store.root}")


def _store(options: dict[str, Any]) -> Store:
    from engine.vlm.store import Store, default_root

    return Store(settings(options).cache or default_root(os.environ))


@click.command()
@settings_file
@schemas_option
@MODEL[0]
@MODEL[2]
def doctor(**options: Any) -> None:
    """Tell what is installed, which providers of models answer, and what to do about the rest."""
    from engine.doctor import examine, parts_to_text

    tell(parts_to_text(examine(settings(options))))


COMMANDS = (cache, doctor)
