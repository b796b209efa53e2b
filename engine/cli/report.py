"""The command about results that people look at: report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.options import FILE, say, schemas_option, settings, settings_file
from engine.errors import UsageError


@click.command()
@click.argument("results", nargs=-1, required=True, type=FILE, metavar="RESULT.json|DIR...")
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE.html", help="Where the page goes.")
@click.option("--password", metavar="TEXT", help="Password of encrypted PDFs.")
@schemas_option
@settings_file
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def report(results: tuple[Path, ...], output: Path, quiet: bool, **options: Any) -> None:
    """Write one page that shows results beside their documents.

    A folder stands for the results at its top. The page holds everything and loads nothing.
    """
    from engine.progress import page_progress
    from engine.report.given import result_files
    from engine.report.write import write_report

    config = settings({**options, "quiet": quiet})
    if output.is_dir():
        raise UsageError(f"-o {output} is a folder: name a file in it")
    files = result_files(results, say)
    if output.resolve() in {file.resolve() for file in files}:
        raise UsageError(f"-o {output} would overwrite a result: name another file")
    with page_progress(output.name, quiet=quiet) as progress:
        write_report(output, files, config, progress or (lambda done, total: None))
    if not quiet:
        many = f"{len(files)} document" + "s" * (len(files) != 1)
        click.echo(f"report of {many}: {output} ({output.stat().st_size / 1e6:.1f} MB)", err=True)


COMMANDS = (report,)
