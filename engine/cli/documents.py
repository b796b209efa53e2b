"""Commands about documents: extract, read, route, verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.options import (
    EXIT_CODES,
    FILE,
    check_targets,
    check_there,
    check_type,
    common,
    model_options,
    policy_option,
    say,
    schemas_option,
    settings,
    tell,
    written,
)
from engine.config import Config
from engine.errors import BadInput, UsageError

if TYPE_CHECKING:
    from engine.result import Result
    from engine.vlm.ask import Vlm


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--type", "type_name", default="auto", metavar="NAME|auto", help="Document type.  [auto]")
@click.option("--out", type=FILE, metavar="DIR", help="Write DIR/NAME.json for each document.")
@click.option("--csv", "csv_path", type=FILE, metavar="FILE.csv|DIR", help="Fields and line items as CSV too.")
@schemas_option
@click.option("--route", type=click.Choice(["auto", "ocr", "vlm"]), help="Reader of every page.  [auto]")
@policy_option
@model_options
@click.option("--overlay", type=FILE, metavar="OUT.png", help="Draw each page with its values, by verdict.")
@click.option("--dry-run", is_flag=True, help="Tell pages, tokens and cost of the model; send nothing.")
@click.option("--show-prompt", is_flag=True, help="Print what the model would be asked; send nothing.")
@common
def extract(
    files: tuple[Path, ...],
    type_name: str,
    out: Path | None,
    csv_path: Path | None,
    overlay: Path | None,
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

    config = settings(options)
    check_there(files)
    check_type(type_name, config)
    if dry_run or show_prompt:
        return _rehearse(files, type_name, config, show_prompt=show_prompt, quiet=options["quiet"])
    names = result_names(files)
    check_places(names, out, csv_path)
    if overlay is not None:
        _check_overlay(overlay, list(names))
    vlm = connect(config)
    worst, kept = 0, []
    for path, name in names.items():
        result = _extract_one(path, type_name, config, vlm, quiet=options["quiet"])
        _hand_over(result, out and out / name, quiet=options["quiet"])
        if overlay is not None:
            _draw(overlay, result, type_name, config)
        worst = max(worst, EXIT_CODES[result.status])
        if csv_path is not None:
            kept.append(result)
    if csv_path is not None:
        write_csv(kept, csv_path)
    return worst


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Words with boxes and confidence.")
@click.option("--pdf", type=FILE, metavar="OUT.pdf", help="Write a searchable PDF too: the pages, words behind them.")
@click.option("--hocr", type=FILE, metavar="OUT.hocr", help="Write hOCR too.")
@common
def read(file: Path, as_json: bool, pdf: Path | None, hocr: Path | None, **options: Any) -> int:
    """Print the words of a document, as the witness sees them."""
    from engine.as_json import readings_to_json
    from engine.as_text import readings_to_text
    from engine.flow import read as read_document
    from engine.progress import page_progress

    config = settings(options)
    check_there([file])
    check_targets(file, {"--pdf": pdf, "--hocr": hocr})
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        whole = read_document(file, config=config, progress=progress)
    document, readings = whole.document, whole.readings
    if as_json:
        tell(readings_to_json(str(document.path), document.sha256, document.page_count, readings))
    else:
        tell(readings_to_text(readings))
    if pdf and readings:
        from engine.searchable import write_searchable

        with written(pdf):
            write_searchable(pdf, document, readings, config)
    if hocr and readings:
        from engine.hocr import readings_to_hocr
        from engine.output import write_whole

        write_whole(hocr, readings_to_hocr(str(document.path), readings))
    return _pages_exit({r.page: r.failure for r in readings}, document.page_count)


@click.command()
@click.argument("file", type=FILE)
@click.option("--type", "type_name", metavar="NAME", help="Document type, for what its readers must be able to do.")
@click.option("--json", "as_json", is_flag=True, help="Signals and regions too.")
@click.option("--explain", type=FILE, metavar="OUT.png", help="Draw each page with what was measured on it.")
@policy_option
@schemas_option
@common
def route(file: Path, type_name: str | None, as_json: bool, explain: Path | None, **options: Any) -> int:
    """Print how each page would be read, and why; calls no model."""
    from engine.as_json import routes_to_json
    from engine.as_text import routes_to_text
    from engine.flow import route as route_document
    from engine.progress import page_progress

    config = settings(options)
    check_there([file])
    check_targets(file, {"--explain": explain})
    _check_png("--explain", explain)
    if type_name is not None:
        check_type(type_name, config)
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        routes = route_document(file, type=type_name, config=config, progress=progress)
    if explain is not None:
        from engine.explain import write_explained

        with written(explain):
            write_explained(explain, routes.document, routes.pages, config)
    document = routes.document
    if as_json:
        named = None if type_name == "auto" else type_name
        tell(routes_to_json(str(document.path), document.sha256, document.page_count, named, routes.pages))
    else:
        tell(routes_to_text(routes.pages))
    return _pages_exit({page.page: page.reading.failure for page in routes.pages}, document.page_count)


@click.command()
@click.argument("file", type=FILE)
@click.option("--type", "type_name", default="auto", metavar="NAME|auto", help="Document type.  [auto]")
@click.option(
    "--values",
    "values_files",
    type=FILE,
    multiple=True,
    required=True,
    metavar="VALUES.json",
    help="What was extracted, as data or by pointer; several give a JSON array.",
)
@schemas_option
@model_options
@common
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

    config = settings(options)
    check_there([file])
    check_type(type_name, config)
    given = [read_given(path) for path in values_files]
    with page_progress(file.name, quiet=options["quiet"]) as progress:
        vlm = connect(config) if options["provider"] else None
        results = verify_each(file, given, type=type_name, config=config, progress=progress, vlm=vlm)
    told = [result_to_data(result) for result in results]
    tell(to_json(told if len(told) > 1 else told[0]))
    return max(EXIT_CODES[result.status] for result in results)


def _extract_one(path: Path, type_name: str, config: Config, vlm: Vlm | None, *, quiet: bool) -> Result:
    from engine.flow import extract as extract_document
    from engine.progress import page_progress

    with page_progress(path.name, quiet=quiet) as progress:
        return extract_document(path, type=type_name, config=config, progress=progress, vlm=vlm)


def _check_overlay(overlay: Path, files: Sequence[Path]) -> None:
    if len(files) > 1:
        raise UsageError(f"--overlay {overlay} is for one document, not for {len(files)}: give one file")
    check_targets(files[0], {"--overlay": overlay})
    _check_png("--overlay", overlay)


def _check_png(option: str, target: Path | None) -> None:
    if target is not None and target.suffix.lower() != ".png":
        raise UsageError(f"{option} {target} is drawn as PNG: name it {target.with_suffix('.png').name}")


def _draw(overlay: Path, result: Result, type_name: str, config: Config) -> None:
    from engine.doctype import load_type
    from engine.overlay import write_overlay

    name = result.type if type_name == "auto" else type_name
    with written(overlay):
        write_overlay(overlay, result, load_type(name, config.schemas) if name else None, config)


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
                            tell(safe(question_to_text(question)))
                    else:
                        plans.append((path.name, replace(page, questions=())))  # without their images
        except BadInput as error:
            say(str(error))
            worst = error.exit_code
            continue
        if show_prompt and not asked:
            say(f"{path}: no page wants a model; --route vlm sends every page")
    if not show_prompt:
        tell(plans_to_text(plans, vlm.name))
    return worst


def _hand_over(result: Result, target: Path | None, *, quiet: bool) -> None:
    """The result to its file, with a line about it on stderr, or to stdout where there is no file."""
    from engine.as_json import result_to_json
    from engine.as_text import summary
    from engine.output import write_whole

    if target is None:
        tell(result_to_json(result))
        return
    write_whole(target, result_to_json(result) + "\n")
    if not quiet:
        click.echo(summary(result, str(target)), err=True)


def _pages_exit(failures: dict[int, str | None], page_count: int) -> int:
    """Tell of the pages that failed; the exit code is that of a failure where no page at all was read."""
    for page, failure in failures.items():
        if failure is not None:
            say(f"page {page}: {failure}")
    if not failures:
        say(f"--pages names no page of the document: it has {page_count} page{'s' * (page_count != 1)}")
    return 0 if any(failure is None for failure in failures.values()) else EXIT_CODES["failed"]


COMMANDS = (extract, read, route, verify)
