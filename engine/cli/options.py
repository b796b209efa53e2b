"""What the commands share: their options, the settings made of these, checks of paths, and how they speak."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click

from engine.config import Config, PolicyName, Provider, load_config
from engine.errors import UsageError

USAGE_EXIT = 3
STOPPED_EXIT = 130
EXIT_CODES = {"clean": 0, "review": 1, "failed": 2}

Command = Callable[..., Any]
FILE = click.Path(path_type=Path)


settings_file = click.option("--config", type=FILE, metavar="FILE", help="Settings; else ./engine.toml.")
schemas_option = click.option(
    "--schemas", type=FILE, metavar="DIR", help="Document types; else ./schemas, else the shipped ones."
)


KEPT = (
    click.option("--cache", type=FILE, metavar="DIR", help="Where answers are kept.  [~/.cache/engine]"),
    click.option("--no-cache", is_flag=True, default=None, help="Keep no answers, and use none."),
)


policy_option = click.option(
    "--policy", type=click.Choice(get_args(PolicyName)), help="How readily a page is sent to a model.  [balanced]"
)


def common(command: Command) -> Command:
    """The options of every command that opens a document."""
    options = (
        click.option("--pages", metavar="1-3,7", help="Only these pages."),
        click.option(
            "--ocr",
            type=click.Choice(["tesseract", "both"]),
            help="OCR engines; else both in doubt.",
        ),
        click.option("--lang", metavar="eng+deu", help="Languages of the document."),
        click.option("--jobs", type=int, metavar="N", help="Pages read in parallel; 0: one a core."),
        click.option("--password", metavar="TEXT", help="Password of an encrypted PDF."),
        settings_file,
        click.option("--quiet", is_flag=True, help="Nothing on stderr but errors."),
        click.option("--verbose", is_flag=True, help="Say on stderr what is done."),
    )
    for option in reversed(options):
        command = option(command)
    return command


WHOSE = (
    click.option(
        "--provider",
        type=click.Choice(get_args(Provider)),
        metavar="P",
        help=f"Whose model to ask: {', '.join(get_args(Provider))}.",
    ),
    click.option("--model", metavar="M", help="Which one; else the provider's usual."),
    click.option("--base-url", metavar="U", help="Its server, such as http://localhost:11434/v1."),
)
MODEL = (
    *WHOSE,
    click.option("--no-vlm", is_flag=True, default=None, help="Never ask a model, whatever the settings say."),
    click.option("--max-usd", type=float, metavar="X", help="Spend no more; pages over it are left to OCR."),
    click.option("--max-vlm-pages", type=int, metavar="N", help="Ask about no more pages than these."),
    click.option("--allow-text-model", is_flag=True, default=None, help="Give a model without eyes the OCR text."),
    click.option("--recordings", type=FILE, metavar="DIR", help="What --provider replay answers from."),
)


def model_options(command: Command) -> Command:
    """The options that name a vision-language model and bound what it may cost."""
    for option in reversed((*MODEL, *KEPT)):
        command = option(command)
    return command


def settings(options: dict[str, Any]) -> Config:
    """The configuration of this run; sets up the log beside it, for both come from the same options."""
    quiet, verbose = options.get("quiet", False), options.get("verbose", False)
    if quiet and verbose:
        raise UsageError("--quiet and --verbose contradict each other: leave one out")
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="engine: %(message)s", force=True)
    settings = {item.name: options[item.name] for item in fields(Config) if item.name in options}
    return load_config(options["config"], os.environ, settings)


def check_type(name: str, config: Config) -> None:
    """Load the type and let it go: a slip in its name or file must not wait for the first document."""
    from engine.doctype import list_types, load_type

    if name == "auto":
        list_types(config.schemas)
    else:
        load_type(name, config.schemas)


def check_there(files: Sequence[Path]) -> None:
    """Every path is looked at before any work: a slip in the last one must not cost the others' time."""
    for file in files:
        if not os.path.exists(file):  # noqa: PTH110 - Path.exists() raises for a name that is too long
            raise UsageError(f"{file} does not exist: check the path")
        if file.is_dir():
            raise UsageError(f"{file} is a folder: name the files in it")


def check_targets(file: Path, targets: dict[str, Path | None]) -> None:
    """Files that options name are looked at before any work: folders, the document itself, one file for two."""
    seen = {file.resolve(): "the document"}
    for option, target in targets.items():
        if target is None:
            continue
        if target.is_dir():
            raise UsageError(f"{option} {target} is a folder: name a file in it")
        whole = target.resolve()
        if whole in seen or (target.exists() and target.samefile(file)):
            raise UsageError(f"{option} {target} would overwrite {seen.get(whole, 'the document')}: name another file")
        seen[whole] = f"the file of {option}"


@contextmanager
def written(target: Path) -> Iterator[None]:
    """The folder of *target* is made; what the system says against writing there becomes one sentence."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror}): give another place") from error


def tell(text: str) -> None:
    """To stdout as UTF-8 whatever the locale says: JSON has no other encoding."""
    click.echo(text.encode("utf-8", "backslashreplace"))


def say(sentence: str) -> None:
    """One line on stderr."""
    from engine.as_text import one_line

    click.echo(f"engine: {one_line(sentence)}", err=True)
