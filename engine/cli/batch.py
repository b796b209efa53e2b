"""Commands about many documents: batch run, status, resume, retry, cancel, worker."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.options import (
    EXIT_CODES,
    FILE,
    STOPPED_EXIT,
    Command,
    check_type,
    common,
    model_options,
    policy_option,
    say,
    schemas_option,
    settings,
    settings_file,
    tell,
)
from engine.errors import EngineError, UsageError

if TYPE_CHECKING:
    from engine.batch.shared import Shared
    from engine.batch.state import Batch

_OUT = click.option("--out", type=FILE, required=True, metavar="DIR", help="Where results go, and the batch's store.")
_DATABASE = click.option(
    "--database",
    metavar="URL",
    help="postgresql://… for several machines; else a file below --out.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
_CSV = click.option("--csv", "csv_path", type=FILE, metavar="FILE.csv|DIR", help="Fields and line items as CSV too.")
_PARQUET = click.option("--parquet", type=FILE, metavar="FILE.parquet", help="The same, typed, as Parquet.")
_LOG_JSON = click.option(
    "--log-json", is_flag=True, help="JSON lines on stderr: steps and documents by ids; paths with --verbose only."
)


_DEAD_AFTER = click.option(
    "--dead-after",
    type=click.FloatRange(min=1),
    default=30.0,
    metavar="SECONDS",
    help="Without a sign of life, after which a machine's work is taken over; the same for all machines.  [30]",
)


def _outputs(command: Command) -> Command:
    """The options of every command that brings results."""
    for option in (_LOG_JSON, _DEAD_AFTER, _JSON, _PARQUET, _CSV):
        command = option(command)
    return command


@click.group()
def batch() -> None:
    """Extract many documents: durable, resumable, on one machine or several."""


@batch.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--type", "type_name", default="auto", metavar="NAME|auto", help="Document type.  [auto]")
@_OUT
@_DATABASE
@schemas_option
@click.option("--route", type=click.Choice(["auto", "ocr", "vlm"]), help="Reader of every page.  [auto]")
@policy_option
@model_options
@click.option("--split", is_flag=True, default=None, help="Cut files that hold several documents.")
@_outputs
@common
def run(inputs: tuple[str, ...], type_name: str, out: Path, **options: Any) -> int:
    """Extract files, folders, patterns, manifests (.csv, .jsonl with path and type) or s3://… into --out.

    Stopped or killed, the same command goes on where it was: what is done is not done again, what is paid is not
    paid again. With a higher --max-usd or --max-vlm-pages it asks about the pages that were over the limit, and
    about no others. Results of earlier runs into --out stay and are counted, and so is what they have cost.
    """
    from engine.batch.pool import begin_server

    begin_server()  # before these imports, which take as long as it does
    from engine.batch.earlier import kept_items, names_given
    from engine.batch.items import inputs_to_items
    from engine.batch.logs import log_left_out
    from engine.batch.run import check
    from engine.batch.state import Batch, alone, begun, load, save

    config = settings(options)
    if config.split and config.pages:
        raise UsageError("--split finds the pages of each document, --pages names them: leave one out")
    check_type(type_name, config)
    _begin_logs(options["log_json"])
    with alone(out):
        old = load(out) if begun(out) else None
        found = inputs_to_items(inputs, out, names_given(old))
        log_left_out(found.closed)
        if not found.items:
            raise UsageError("there is no document among the inputs: give files, folders or patterns")
        for name in {item.type for item in found.items if item.type}:
            check_type(name, config)
        kept, undone = kept_items(old, found.items)
        whole = Batch(old.name if old else os.urandom(8).hex(), out, type_name, config, found.items, kept=kept)
        check(whole)
        save(whole)
        if undone:
            say(f"{undone} documents of an earlier run have no result: name them again to have them done")
        return _work(whole, found.ignored, options)


@batch.command()
@_OUT
@_DATABASE
@settings_file
@_outputs
@click.option("--jobs", type=int, metavar="N", help="Processes; 0: one a core.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def resume(out: Path, **options: Any) -> int:
    """Go on with the batch in --out, its cancelled documents among the rest."""
    from engine.batch.state import alone

    with alone(out, only_begun=True):
        return _work(_loaded(out, options), None, options)


@batch.command()
@_OUT
@_DATABASE
@settings_file
@_outputs
@click.option("--failed", is_flag=True, help="What failed; there is nothing else to try again.")
@click.option("--jobs", type=int, metavar="N", help="Processes; 0: one a core.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def retry(out: Path, failed: bool, **options: Any) -> int:
    """Try again what failed in the batch in --out: documents, and pages of others.

    Pages whose model was down, busy or refused the key, that hung or crashed, or that the budget left out: they
    alone are read or asked about again, what is good is kept.
    """
    from engine.batch.state import alone

    if not failed:
        raise UsageError("say what to try again: --failed")
    with alone(out, only_begun=True):
        return _work(_loaded(out, options), None, options, again=True)


@batch.command()
@_OUT
@_DATABASE
@settings_file
@_JSON
def status(out: Path, as_json: bool, **options: Any) -> None:
    """Tell how far the batch in --out is."""
    from engine.as_json import to_json
    from engine.batch.earlier import earlier_counts
    from engine.batch.results import already_there
    from engine.batch.summary import Tally

    whole = _loaded(out, options)
    budget = _shared(whole).budget(whole.config)
    tally = Tally(len(whole.items), lambda: budget.spent, earlier=earlier_counts(whole))
    for done in already_there(whole):
        tally.add(done)
    tell(to_json(tally.as_data()) if as_json else tally.as_text(()))


@batch.command()
@_OUT
@_DATABASE
@settings_file
def cancel(out: Path, **options: Any) -> None:
    """Stop the batch in --out: what is under way and what waits is given up, results stay."""
    from engine.batch.cancel import cancel as cancel_all

    whole = _loaded(out, options)
    count = cancel_all(whole, _shared(whole))
    tell(f"{count} documents cancelled; engine batch resume --out {out} takes them up again")


@batch.command()
@_DATABASE
@settings_file
@click.option("--name", metavar="NAME", help="Of this worker, one at a time.  [machine and process]")
@click.option("--until-idle", is_flag=True, help="End when nothing is left that this version does.")
@click.option("--jobs", type=int, metavar="N", help="Processes; 0: one a core.")
@click.option("--asks", type=int, default=4, metavar="N", help="Pages asked about at once, over all machines.  [4]")
@click.option(
    "--rate",
    type=int,
    default=0,
    metavar="N",
    help="Pages begun a minute, over all machines; not requests.",
)
@_DEAD_AFTER
@_LOG_JSON
def worker(
    name: str | None, until_idle: bool, asks: int, rate: int, dead_after: float, log_json: bool, **options: Any
) -> int:
    """Work on the batches of a database, beside any number of other machines.

    Stopped (Ctrl-C or SIGTERM), it leaves what it had begun to the others.
    """
    from engine.batch.go import work_for_others

    config = settings(options)
    if config.database is None:
        raise UsageError("workers need a database that machines can share: give --database postgresql://…")
    _begin_logs(log_json)
    _THREADS.update(threading.enumerate())
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        work_for_others(config, name, rate=rate, asks=asks, until_idle=until_idle, dead=dead_after)
    except KeyboardInterrupt:
        say("stopped: what was begun is left to other workers")
        return _leave(STOPPED_EXIT)
    except EngineError as error:
        say(str(error))
        return _leave(error.exit_code)
    return _leave(0)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _loaded(out: Path, options: dict[str, Any]) -> Batch:
    """The batch in *out*, with what is not written down of it and what these options say anew."""
    from dataclasses import replace

    from engine.batch.pieces import Cuts, to_be_cut
    from engine.batch.state import load, pieces_file
    from engine.batch.wanted import own_config

    config, whole = settings(options), load(out.absolute())
    if not whole.begun_in.is_dir():
        raise UsageError(f"the folder {whole.begun_in}, where the batch was begun, is gone: bring it back")
    for name in ("csv_path", "parquet"):
        options[name] = options[name] and options[name].absolute() if name in options else None
    os.chdir(whole.begun_in)  # paths are as they were given there
    jobs = whole.config.jobs if options.get("jobs") is None else config.jobs
    cuts = Cuts(pieces_file(whole.out))
    items = [
        piece  # of a file that is cut no more there may be pieces of an earlier run
        for item in whole.items
        for piece in (cuts.pieces([item]) if to_be_cut(own_config(item, whole.config)) else [item])
    ]
    whole = replace(whole, items=tuple(items))
    return replace(whole, config=replace(whole.config, jobs=jobs, database=config.database, password=config.password))


def _shared(whole: Batch) -> Shared:
    from engine.batch.database import database_url
    from engine.batch.shared import Shared

    shared = Shared(database_url(whole.config.database, whole.out), whole.name, whole.config.cache)
    shared.prepare()
    return shared


def _begin_logs(as_json: bool) -> None:
    from dataclasses import replace

    from engine.batch.logs import logs_here

    replace(logs_here(), as_json=as_json).begin()


def _work(whole: Batch, ignored: Sequence[Path | str] | None, options: dict[str, Any], *, again: bool = False) -> int:
    from engine.as_json import to_json
    from engine.batch.pool import Pool
    from engine.batch.tables import check_tables, write_tables

    _THREADS.update(threading.enumerate())

    _begin_logs(options["log_json"])
    check_tables(options["csv_path"], options["parquet"])
    shared = _shared(whole)
    pool = Pool(whole.config.jobs)  # before these imports, which take as long as its processes to start
    from engine.batch.earlier import earlier_counts
    from engine.batch.go import go
    from engine.batch.summary import Tally, progress

    tally = Tally(len(whole.items), lambda: shared.budget(whole.config).spent)
    try:
        with pool, progress(tally, quiet=options["quiet"]) as told:
            tally.superseded = go(whole, shared, pool, told, again=again, dead=options["dead_after"])
    except KeyboardInterrupt:
        say(f"stopped after {tally.done} of {tally.total} documents: the same command goes on from there")
        return _leave(STOPPED_EXIT)
    except EngineError as error:
        say(str(error))
        return _leave(error.exit_code)
    write_tables(whole, options["csv_path"], options["parquet"])
    tally.earlier = earlier_counts(whole)
    tell(to_json(tally.as_data(ignored)) if options["as_json"] else tally.as_text(ignored or ()))
    return _leave(max(EXIT_CODES.get(status, EXIT_CODES["review"]) for status in tally.statuses))


_THREADS: set[threading.Thread] = set()
"""Those that were there before a batch began: of whoever calls the command from a program of their own."""


def _leave(code: int) -> int:
    """The exit code; where threads still wait for work that was given up, the end of the process, at once.

    They would keep it alive (Python waits for the threads of an executor, daemons too), and nothing is lost: what they
    wait for is recorded as far as it came.
    """
    if set(threading.enumerate()) - _THREADS:
        from engine.batch.content import drop_all
        from engine.batch.pool import leave_nothing

        drop_all()
        leave_nothing()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


COMMANDS = (batch,)
