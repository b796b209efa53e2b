"""The command line: it reads options, calls the library and prints. Nothing here knows about pages or fields.

Results go to stdout, everything else to stderr. What is slow to import is imported inside the commands, so
that ``engine --help`` answers at once.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from engine import __version__
from engine.config import Config, PolicyName, Provider, load_config
from engine.errors import BadInput, EngineError, UsageError

if TYPE_CHECKING:
    from engine.result import Result
    from engine.vlm.ask import Vlm
    from engine.vlm.store import Store

USAGE_EXIT = 3
STOPPED_EXIT = 130
EXIT_CODES = {"clean": 0, "review": 1, "failed": 2}

Command = Callable[..., Any]
_FILE = click.Path(path_type=Path)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console entry point: run the command and exit with the contract's code.

    Errors are one sentence on stderr; there is no traceback for anything a user can cause.
    """
    try:
        code = cli.main(arguments, prog_name="engine", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(USAGE_EXIT)
    except click.ClickException as error:
        _say(_usage_sentence(error))
        sys.exit(USAGE_EXIT)
    except EngineError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except click.Abort:
        _say("stopped")
        sys.exit(STOPPED_EXIT)
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="engine %(version)s")
def cli() -> None:
    """Scanned documents in, checked JSON out.

    Exit codes: 0 clean or done, 1 review, 2 failed or bad input, 3 wrong usage or something not installed.
    """


_settings_file = click.option("--config", type=_FILE, metavar="FILE", help="Settings; else ./engine.toml.")
_schemas = click.option(
    "--schemas", type=_FILE, metavar="DIR", help="Document types; else ./schemas, else the shipped ones."
)


_KEPT = (
    click.option("--cache", type=_FILE, metavar="DIR", help="Where answers are kept.  [~/.cache/engine]"),
    click.option("--no-cache", is_flag=True, default=None, help="Keep no answers, and use none."),
)


_policy = click.option(
    "--policy", type=click.Choice(get_args(PolicyName)), help="How readily a page is sent to a model.  [balanced]"
)


def _common(command: Command) -> Command:
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
        _settings_file,
        click.option("--quiet", is_flag=True, help="Nothing on stderr but errors."),
        click.option("--verbose", is_flag=True, help="Say on stderr what is done."),
    )
    for option in reversed(options):
        command = option(command)
    return command


_MODEL = (
    click.option(
        "--provider",
        type=click.Choice(get_args(Provider)),
        metavar="P",
        help=f"Whose model to ask: {', '.join(get_args(Provider))}.",
    ),
    click.option("--model", metavar="M", help="Which one; else the provider's usual."),
    click.option("--base-url", metavar="U", help="Its server, such as http://localhost:11434/v1."),
    click.option("--no-vlm", is_flag=True, default=None, help="Never ask a model, whatever the settings say."),
    click.option("--max-usd", type=float, metavar="X", help="Spend no more; pages over it are left to OCR."),
    click.option("--max-vlm-pages", type=int, metavar="N", help="Ask about no more pages than these."),
    click.option("--allow-text-model", is_flag=True, default=None, help="Give a model without eyes the OCR text."),
    click.option("--recordings", type=_FILE, metavar="DIR", help="What --provider replay answers from."),
)


def _model(command: Command) -> Command:
    """The options that name a vision-language model and bound what it may cost."""
    for option in reversed((*_MODEL, *_KEPT)):
        command = option(command)
    return command


@cli.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--type", "type_name", default="auto", metavar="NAME|auto", help="Document type.  [auto]")
@click.option("--out", type=_FILE, metavar="DIR", help="Write DIR/NAME.json for each document.")
@click.option("--csv", "csv_path", type=_FILE, metavar="FILE.csv|DIR", help="Fields and line items as CSV too.")
@_schemas
@click.option("--route", type=click.Choice(["auto", "ocr", "vlm"]), help="Reader of every page.  [auto]")
@_policy
@_model
@click.option("--dry-run", is_flag=True, help="Tell pages, tokens and cost of the model; send nothing.")
@click.option("--show-prompt", is_flag=True, help="Print what the model would be asked; send nothing.")
@_common
def extract(
    files: tuple[Path, ...],
    type_name: str,
    out: Path | None,
    csv_path: Path | None,
    dry_run: bool,
    show_prompt: bool,
    **options: Any,
) -> int:
    """Turn documents into checked JSON.

    A model is asked only where --provider (or the settings) names one; else OCR reads every page.
    """
    from engine.csv_export import write_csv
    from engine.output import check_places, result_names
    from engine.vlm.connect import connect

    config = _settings(options)
    _check_there(files)
    _check_type(type_name, config)
    if dry_run or show_prompt:
        return _rehearse(files, type_name, config, show_prompt=show_prompt, quiet=options["quiet"])
    names = result_names(files)
    check_places(names, out, csv_path)
    vlm = connect(config)
    worst, kept = 0, []
    for path, name in names.items():
        result = _extract_one(path, type_name, config, vlm, quiet=options["quiet"])
        _hand_over(result, out and out / name, quiet=options["quiet"])
        worst = max(worst, EXIT_CODES[result.status])
        if csv_path is not None:
            kept.append(result)
    if csv_path is not None:
        write_csv(kept, csv_path)
    return worst


@cli.command()
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Words with boxes and confidence.")
@click.option("--pdf", type=_FILE, metavar="OUT.pdf", help="Write a searchable PDF too: the pages, words behind them.")
@click.option("--hocr", type=_FILE, metavar="OUT.hocr", help="Write hOCR too.")
@_common
def read(file: Path, as_json: bool, pdf: Path | None, hocr: Path | None, **options: Any) -> int:
    """Print the words of a document, as the witness sees them."""
    from engine.as_json import readings_to_json
    from engine.as_text import readings_to_text
    from engine.flow import read as read_document
    from engine.progress import page_progress

    config = _settings(options)
    _check_there([file])
    _check_targets(file, {"--pdf": pdf, "--hocr": hocr})
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        whole = read_document(file, config=config, progress=progress)
    document, readings = whole.document, whole.readings
    if as_json:
        _print(readings_to_json(str(document.path), document.sha256, document.page_count, readings))
    else:
        _print(readings_to_text(readings))
    if pdf and readings:
        from engine.searchable import write_searchable

        with _written(pdf):
            write_searchable(pdf, document, readings, config)
    if hocr and readings:
        from engine.hocr import readings_to_hocr
        from engine.output import write_whole

        write_whole(hocr, readings_to_hocr(str(document.path), readings))
    return _pages_exit({r.page: r.failure for r in readings}, document.page_count)


@cli.command()
@click.argument("file", type=_FILE)
@click.option("--type", "type_name", metavar="NAME", help="Document type, for what its readers must be able to do.")
@click.option("--json", "as_json", is_flag=True, help="Signals and regions too.")
@click.option("--explain", type=_FILE, metavar="OUT.png", help="Draw each page with what was measured on it.")
@_policy
@_schemas
@_common
def route(file: Path, type_name: str | None, as_json: bool, explain: Path | None, **options: Any) -> int:
    """Print how each page would be read, and why; calls no model."""
    from engine.as_json import routes_to_json
    from engine.as_text import routes_to_text
    from engine.flow import route as route_document
    from engine.progress import page_progress

    config = _settings(options)
    _check_there([file])
    _check_targets(file, {"--explain": explain})
    if explain is not None and explain.suffix.lower() != ".png":
        raise UsageError(f"--explain {explain} is drawn as PNG: name it {explain.with_suffix('.png').name}")
    if type_name is not None:
        _check_type(type_name, config)
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        routes = route_document(file, type=type_name, config=config, progress=progress)
    if explain is not None:
        from engine.explain import write_explained

        with _written(explain):
            write_explained(explain, routes.document, routes.pages, config)
    document = routes.document
    if as_json:
        named = None if type_name == "auto" else type_name
        _print(routes_to_json(str(document.path), document.sha256, document.page_count, named, routes.pages))
    else:
        _print(routes_to_text(routes.pages))
    return _pages_exit({page.page: page.reading.failure for page in routes.pages}, document.page_count)


@cli.command()
@click.argument("file", type=_FILE)
@click.option("--type", "type_name", default="auto", metavar="NAME|auto", help="Document type.  [auto]")
@click.option(
    "--values",
    "values_files",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="VALUES.json",
    help="What was extracted, as data or by pointer; several give a JSON array.",
)
@_schemas
@_model
@_common
def verify(file: Path, type_name: str, values_files: tuple[Path, ...], **options: Any) -> int:
    """Check extractions made elsewhere against their document.

    Every value is looked for where it should stand; none is changed. No model is asked without --provider; with it
    the model is shown the places of contradicted values.
    """
    from engine.as_json import result_to_data, to_json
    from engine.flow import verify_each
    from engine.given import read_given
    from engine.progress import page_progress
    from engine.vlm.connect import connect

    config = _settings(options)
    _check_there([file])
    _check_type(type_name, config)
    given = [read_given(path) for path in values_files]
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        vlm = connect(config) if options["provider"] else None
        results = verify_each(file, given, type=type_name, config=config, progress=progress, vlm=vlm)
    told = [result_to_data(result) for result in results]
    _print(to_json(told if len(told) > 1 else told[0]))
    return max(EXIT_CODES[result.status] for result in results)


@cli.group()
def schema() -> None:
    """Look at and check document types."""


@schema.command("list")
@_settings_file
@_schemas
def list_(**options: Any) -> None:
    """Print name, title and file of every type."""
    from engine.as_text import columns
    from engine.doctype import list_types

    config = _settings(options)
    _print(columns((name, _title(name, config), str(path)) for name, path in list_types(config.schemas)))


@schema.command()
@click.argument("name")
@_settings_file
@_schemas
def show(name: str, **options: Any) -> None:
    """Print the JSON Schema of a type, or of a result (NAME: result)."""
    from engine.as_json import RESULT_SCHEMA, to_json
    from engine.doctype import load_type

    if name == "result":
        _print(to_json(RESULT_SCHEMA))
    else:
        path = load_type(name, _settings(options).schemas).path
        _print(path.read_text(encoding="utf-8-sig").rstrip("\n"))


@schema.command()
@click.argument("names", nargs=-1, metavar="[NAME|FILE.json]...")
@_settings_file
@_schemas
def check(names: tuple[str, ...], **options: Any) -> int:
    """Tell whether types are sound, or what is wrong with them; without a name, all of them."""
    from engine.doctype import list_types, load_type

    config = _settings(options)
    known = dict(list_types(config.schemas))
    worst = 0
    for name in names or known:
        path = known.get(name, Path(name))
        if path.is_file() and path.suffix != ".json":
            _print(f"wrong  {path}: a document type is a .json file; name it {path.with_suffix('.json').name}")
            worst = 2
            continue
        try:
            load_type(name, config.schemas)
        except UsageError as error:
            if not path.is_file():  # a slip in the command, not in a schema
                raise
            _print(f"wrong  {error}")
            worst = 2
        else:
            _print(f"ok     {path}")
    return worst


@cli.group(invoke_without_command=True)
@_settings_file
@_KEPT[0]
@click.pass_context
def cache(context: click.Context, /, **options: Any) -> None:
    """Tell what answers of models are kept, and what was paid for them."""
    from engine.as_text import columns
    from engine.vlm.store import rows

    store = _store(options)
    context.obj = store
    if context.invoked_subcommand is None:
        entries = list(store.entries())
        _print(columns(rows(entries)) if entries else f"no answers are kept in {store.root}")


@cache.command()
@click.option("--older-than", metavar="30d", help="Only answers given longer ago: 90m, 12h, 30d, 2w.")
@_settings_file
@_KEPT[0]
@click.pass_obj
def clear(store: Store, /, older_than: str | None, **options: Any) -> None:
    """Take kept answers away; they will be paid for again."""
    from engine.vlm.store import age, size_to_text

    store = _store(options) if options["cache"] or options["config"] else store
    cleared = store.clear(age(older_than) if older_than else None)
    _print(f"{cleared.answers} answers taken away, {size_to_text(cleared.bytes)}, from {store.root}")


def _store(options: dict[str, Any]) -> Store:
    from engine.vlm.store import Store, default_root

    return Store(_settings(options).cache or default_root(os.environ))


@cli.command()
@_settings_file
@_schemas
@_MODEL[0]
@_MODEL[2]
def doctor(**options: Any) -> None:
    """Tell what is installed, which providers of models answer, and what to do about the rest."""
    from engine.doctor import examine, parts_to_text

    _print(parts_to_text(examine(_settings(options))))


def _settings(options: dict[str, Any]) -> Config:
    """The configuration of this run; sets up the log beside it, for both come from the same options."""
    quiet, verbose = options.get("quiet", False), options.get("verbose", False)
    if quiet and verbose:
        raise UsageError("--quiet and --verbose contradict each other: leave one out")
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="engine: %(message)s", force=True)
    settings = {item.name: options[item.name] for item in fields(Config) if item.name in options}
    return load_config(options["config"], os.environ, settings)


def _check_type(name: str, config: Config) -> None:
    """Load the type and let it go: a slip in its name or file must not wait for the first document."""
    from engine.doctype import list_types, load_type

    if name == "auto":
        list_types(config.schemas)
    else:
        load_type(name, config.schemas)


def _title(name: str, config: Config) -> str:
    from engine.doctype import load_type

    try:
        return load_type(name, config.schemas).title
    except UsageError:
        return f"(wrong: see engine schema check {name})"


def _extract_one(path: Path, type_name: str, config: Config, vlm: Vlm | None, *, quiet: bool) -> Result:
    from engine.flow import extract as extract_document
    from engine.progress import page_progress

    with page_progress(path.name, quiet=quiet) as progress:
        return extract_document(path, type=type_name, config=config, progress=progress, vlm=vlm)


def _rehearse(files: Sequence[Path], type_name: str, config: Config, *, show_prompt: bool, quiet: bool) -> int:
    """What a model would be asked, or what that would cost, over all files; nothing is sent."""
    from engine.as_text import plans_to_text, safe
    from engine.flow import rehearse
    from engine.progress import page_progress
    from engine.vlm.connect import connect
    from engine.vlm.question import question_to_text

    if config.provider is None and not show_prompt:
        raise UsageError("--dry-run tells what a model would cost: name one with --provider")
    vlm = connect(config if config.provider else replace(config, provider="openai"), offline=True)
    if vlm is None:
        raise UsageError("--no-vlm leaves nothing to rehearse: leave it out")
    worst, plans = 0, []
    for path in files:
        asked = 0
        try:
            with page_progress(path.name, quiet=quiet) as progress:
                for page in rehearse(path, vlm, type=type_name, config=config, progress=progress):
                    asked += 1
                    if show_prompt:
                        for question in page.questions:
                            _print(safe(question_to_text(question)))
                    else:
                        plans.append((path.name, replace(page, questions=())))  # without their images
        except BadInput as error:
            _say(str(error))
            worst = error.exit_code
            continue
        if show_prompt and not asked:
            _say(f"{path}: no page wants a model; --route vlm sends every page")
    if not show_prompt:
        _print(plans_to_text(plans, vlm.name))
    return worst


def _hand_over(result: Result, target: Path | None, *, quiet: bool) -> None:
    """The result to its file, with a line about it on stderr, or to stdout where there is no file."""
    from engine.as_json import result_to_json
    from engine.as_text import summary
    from engine.output import write_whole

    if target is None:
        _print(result_to_json(result))
        return
    write_whole(target, result_to_json(result) + "\n")
    if not quiet:
        click.echo(summary(result, str(target)), err=True)


def _pages_exit(failures: dict[int, str | None], page_count: int) -> int:
    """Tell of the pages that failed; the exit code is that of a failure where no page at all was read."""
    for page, failure in failures.items():
        if failure is not None:
            _say(f"page {page}: {failure}")
    if not failures:
        _say(f"--pages names no page of the document: it has {page_count} page{'s' * (page_count != 1)}")
    return 0 if any(failure is None for failure in failures.values()) else EXIT_CODES["failed"]


def _check_there(files: Sequence[Path]) -> None:
    """Every path is looked at before any work: a slip in the last one must not cost the others' time."""
    for file in files:
        if not os.path.exists(file):  # noqa: PTH110 - Path.exists() raises for a name that is too long
            raise UsageError(f"{file} does not exist: check the path")
        if file.is_dir():
            raise UsageError(f"{file} is a folder: name the files in it")


def _check_targets(file: Path, targets: dict[str, Path | None]) -> None:
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
def _written(target: Path) -> Iterator[None]:
    """The folder of *target* is made; what the system says against writing there becomes one sentence."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(f"{target} cannot be written ({error.strerror}): give another place") from error


def _print(text: str) -> None:
    """To stdout as UTF-8 whatever the locale says: JSON has no other encoding."""
    click.echo(text.encode("utf-8", "backslashreplace"))


def _say(sentence: str) -> None:
    """One line on stderr."""
    from engine.as_text import one_line

    click.echo(f"engine: {one_line(sentence)}", err=True)


def _usage_sentence(error: click.ClickException) -> str:
    """Click's message as one sentence that ends with the remedy."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "engine"
    return f"{error.format_message().rstrip('.')} (see {command} --help)"
