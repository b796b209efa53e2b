"""Commands about document types: schema list, show, new, infer, check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.options import FILE, check_there, common, say, schemas_option, settings, settings_file, tell
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
@click.argument("name")
@settings_file
@schemas_option
def new(name: str, **options: Any) -> None:
    """Write a commented starting point for a type of your own: NAME.json."""
    from engine.infer.start import start_type
    from engine.output import write_whole

    path, text = start_type(name, settings(options).schemas or Path("schemas"))
    write_whole(path, text)
    tell(str(path))
    say("next, when you have changed it and whenever you do:")
    say(f"  engine schema check {path}")
    say(f"  engine schema check {path} --samples SAMPLE...")


class SamplesCommand(click.Command):
    """``--samples`` takes every path up to the next option, so that a shell may spell out ``samples/*.pdf``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spelt: list[str] = []
        taking = False
        for arg in args:
            if arg.startswith("-"):
                taking = arg == "--samples"
            elif taking and spelt[-1] != "--samples":
                spelt.append("--samples")
            spelt.append(arg)
        return super().parse_args(ctx, spelt)


@schema.command(cls=SamplesCommand)
@click.argument("names", nargs=-1, metavar="[NAME|FILE.json]...")
@click.option("--samples", type=FILE, multiple=True, metavar="FILE...", help="Documents to try one type on.")
@click.option("--ocr", type=click.Choice(["tesseract", "both"]), help="OCR engines; else both in doubt.")
@click.option("--lang", metavar="eng+deu", help="Languages of the samples.")
@settings_file
@schemas_option
def check(names: tuple[str, ...], samples: tuple[Path, ...], **options: Any) -> int:
    """Tell whether types are sound, or all that is wrong with them; without a name, all types.

    Of one type also how it is read, what is doubtful, and with samples what it finds on them: held against the values
    beside them (SAMPLE's name with .json) where there are any.
    """
    from engine.doctype import find_type, list_types
    from engine.type_check import check_type, exit_code, report

    config = settings(options)
    check_there(samples)
    if samples and len(names) != 1:
        raise UsageError("--samples tries one type: name it before them")
    paths = [Path(name) if _is_other_file(name) else find_type(name, config.schemas) for name in names]
    checked = []
    for path in paths or dict(list_types(config.schemas)).values():
        checked.append(check_type(path))
        tell(report(checked[-1], whole=len(names) == 1))
    if samples and checked[0].doctype:
        from engine.regress.tried import tried_to_text, try_type

        doctype = checked[0].doctype
        tell("\n" + tried_to_text(doctype, [try_type(doctype, sample, config) for sample in samples]))
    return exit_code(checked)


@schema.command()
@click.argument("name")
@click.argument("samples", nargs=-1, required=True, type=FILE, metavar="SAMPLE...")
@click.option("--write", is_flag=True, help="Write the file; else only the difference is printed.")
@click.option("--learn", is_flag=True, help="Learn labels and places for a type that there is; change nothing else.")
@schemas_option
@common
def infer(name: str, samples: tuple[Path, ...], write: bool, learn: bool, **options: Any) -> None:
    """Propose a type from 3 to 10 samples, each with its values beside it (SAMPLE's name with .json).

    Prints the difference that a person should review; what it rests on goes to stderr.
    """
    from engine.infer.command import infer_type
    from engine.infer.evidence import evidence_to_text
    from engine.infer.oddities import oddities
    from engine.infer.samples import WANTED, read_sample
    from engine.infer.write import diff
    from engine.output import write_whole
    from engine.progress import page_progress

    config = settings(options)
    check_there(samples)
    quiet = options["quiet"]
    if len(samples) not in WANTED and not quiet:
        say(f"{len(samples)} samples: {WANTED[0]} to {WANTED[-1]} are wanted, alike in kind and different in layout")
    read = []
    for path in samples:
        with page_progress(path.name, quiet=quiet) as progress:
            read.append(read_sample(path, config, progress))
    if not (learn or quiet or any(sample.values for sample in read)):
        say("no values beside the samples: what stands at the labels they share is taken for them")
    odd = tuple(oddities(read))  # what cannot be at all is an error, --quiet or not
    for words in () if quiet else odd:
        say(words)
    inferred = infer_type(name, read, config.schemas, learn=learn)
    if not quiet:
        for words in inferred.unread:
            say(f"left out, so that the new type's phrases may be its phrases too: {words}")
        click.echo(evidence_to_text(inferred.lessons, inferred.checks), err=True)
    target = (config.schemas or Path("schemas")) / f"{name}.json"
    if write:
        write_whole(target, inferred.text)
        tell(str(target))
    else:
        tell(diff(inferred.before, inferred.text, str(inferred.path or "nothing"), str(target)).rstrip("\n"))


def _is_other_file(name: str) -> bool:
    path = Path(name)
    return path.is_file() and path.suffix != ".json"


def _title(name: str, config: Config) -> str:
    from engine.doctype import load_type

    try:
        return load_type(name, config.schemas).title
    except UsageError:
        return f"(wrong: see engine schema check {name})"


COMMANDS = (schema,)
