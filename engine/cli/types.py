"""Commands about document types: schema list, show, check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.options import schemas_option, settings, settings_file, tell
from engine.config import Config
from engine.errors import UsageError


@click.group()
def schema() -> None:
    """Look at and check document types."""


@schema.command("list")
@settings_file
@schemas_option
def list_(**options: Any) -> None:
    """Print name, title and file of every type."""
    from engine.as_text import columns
    from engine.doctype import list_types

    config = settings(options)
    tell(columns((name, _title(name, config), str(path)) for name, path in list_types(config.schemas)))


@schema.command()
@click.argument("name")
@settings_file
@schemas_option
def show(name: str, **options: Any) -> None:
    """Print the JSON Schema of a type, or of a result (NAME: result)."""
    from engine.as_json import RESULT_SCHEMA, to_json
    from engine.doctype import load_type

    if name == "result":
        tell(to_json(RESULT_SCHEMA))
    else:
        path = load_type(name, settings(options).schemas).path
        tell(path.read_text(encoding="utf-8-sig").rstrip("\n"))


@schema.command()
@click.argument("names", nargs=-1, metavar="[NAME|FILE.json]...")
@settings_file
@schemas_option
def check(names: tuple[str, ...], **options: Any) -> int:
    """Tell whether types are sound, or what is wrong with them; without a name, all of them."""
    from engine.doctype import list_types, load_type

    config = settings(options)
    known = dict(list_types(config.schemas))
    worst = 0
    for name in names or known:
        path = known.get(name, Path(name))
        if path.is_file() and path.suffix != ".json":
            tell(f"wrong  {path}: a document type is a .json file; name it {path.with_suffix('.json').name}")
            worst = 2
            continue
        try:
            load_type(name, config.schemas)
        except UsageError as error:
            if not path.is_file():  # a slip in the command, not in a schema
                raise
            tell(f"wrong  {error}")
            worst = 2
        else:
            tell(f"ok     {path}")
    return worst


def _title(name: str, config: Config) -> str:
    from engine.doctype import load_type

    try:
        return load_type(name, config.schemas).title
    except UsageError:
        return f"(wrong: see engine schema check {name})"


COMMANDS = (schema,)
