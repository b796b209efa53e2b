"""The command for going through what needs review: review."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from engine.cli.cases import fixtures_option
from engine.cli.options import FILE, say, schemas_option, settings, settings_file, tell
from engine.errors import MissingDependency

NEEDED = ("starlette", "uvicorn", "jinja2")


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="On this machine; 0: any free one.")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@click.option("--who", metavar="NAME", help="Who decides; else the user's name.")
@fixtures_option
@schemas_option
@click.option("--lang", metavar="eng+deu", help="Of boxes that are drawn, where a result does not tell it.")
@click.option("--password", metavar="TEXT", help="Password of encrypted PDFs.")
@click.option("--samples", type=FILE, metavar="DIR", help="Write what was reviewed as samples to learn from, and end.")
@click.option("--outcomes", type=FILE, metavar="FILE", help="Write which values were right as JSON lines, and end.")
@settings_file
def review(folder: Path, port: int, no_browser: bool, who: str | None, fixtures: Path, **options: Any) -> int:
    """Go through the results in DIR that need review, in a browser: accept, correct, mark absent, next.

    The page is for this machine and this user alone, and nothing leaves the machine. Every decision is a line of
    DIR/.engine/review.jsonl; the results as the engine gave them stay in DIR/.engine/original. Ctrl-C ends it.
    """
    from engine.review.folder import opened

    config = settings(options)
    samples, outcomes = options["samples"], options["outcomes"]
    if not (samples or outcomes):
        _check_installed()
    with opened(folder, who, config.schemas) as results:
        for words in results.ignored:
            say(f"left out: {words}")
        if samples:
            _write_samples(results, config, samples)
        if outcomes:
            _write_outcomes(results, outcomes)
        if not (samples or outcomes):
            from engine.review.app import Review
            from engine.review.desk import progress
            from engine.review.serve import serve

            serve(Review(results, config, fixtures).app(), port, tell, browser=not no_browser)
            done, asked = progress(results)
            say(f"{done} of {asked} done")
    return 0


def _check_installed() -> None:
    if not all(map(find_spec, NEEDED)):
        raise MissingDependency("engine review needs an extra: run pip install 'document-engine[web]'")


def _write_samples(results: Any, config: Any, target: Path) -> None:
    from engine.review.export import write_samples
    from engine.review.pictures import Pictures

    written = write_samples(results, Pictures(results.out, config), target)
    for words in written.left_out:
        say(f"left out: {words}")
    say(f"{written.count} samples written")
    for name, folder in written.folders.items():
        learn = f"engine schema infer {shlex.quote(name)} --learn {{}} +"
        tell(f"find {shlex.quote(str(folder))} -type f ! -name '*.json' -exec {learn}")


def _write_outcomes(results: Any, target: Path) -> None:
    from engine.review.export import outcomes, write_outcomes

    lines = list(outcomes(results))
    write_outcomes(lines, target)
    say(f"{len(lines)} judged values written, {sum(line['right'] for line in lines)} of them right")
    tell(str(target))


COMMANDS = (review,)
