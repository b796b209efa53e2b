"""The command about serving programs: serve."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from engine.cli.options import (
    FILE,
    check_type,
    common,
    model_options,
    policy_option,
    say,
    schemas_option,
    settings,
    written,
)
from engine.errors import EngineError, MissingDependency, UsageError


@click.command()
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen.  [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, metavar="N", help="0: any free one.  [8080]")
@click.option("--out", type=FILE, required=True, metavar="DIR", help="Where uploads and the store lie.")
@click.option("--database", metavar="URL", help="postgresql://… to work with others; else a file below --out.")
@click.option("--max-bytes", type=int, metavar="N", help="Of a document.  [200000000]")
@click.option("--rate", type=click.IntRange(min=0), default=120, metavar="N", help="Requests a minute a token.  [120]")
@click.option("--queue", type=click.IntRange(min=1), default=1000, metavar="N", help="Jobs that may wait.  [1000]")
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0, max=36500),
    default=7.0,
    metavar="N",
    help="After which a job, its upload and its result are forgotten.  [7]",
)
@click.option("--open-metrics", is_flag=True, help="/metrics asks for no token.")
@click.option("--route", type=click.Choice(["auto", "ocr", "vlm"]), help="Reader of every page.  [auto]")
@schemas_option
@policy_option
@model_options
@click.option(
    "--log-json", is_flag=True, help="JSON lines on stderr: steps and documents by ids; reasons with --verbose only."
)
@common
def serve(host: str, port: int, out: Path, **options: Any) -> int:
    """Answer programs over HTTP: a document is posted, a job answers, its result is fetched.

    Who asks has a token of ENGINE_TOKEN (several parted by commas); without that one is made and told. Stopped or
    killed, the same command goes on with what was accepted.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)  # from here on it may be stopped, and ends as such
    try:
        return _leave(_begun(host, port, out, options))
    except KeyboardInterrupt:
        if not options["quiet"]:
            say("stopped: what was begun is recorded, and the same command goes on with it")
        return _leave(0)
    finally:
        signal.signal(signal.SIGTERM, before)


def _begun(host: str, port: int, out: Path, options: dict[str, Any]) -> int:
    given = os.environ.pop("ENGINE_TOKEN", "")  # no process that is started has it too
    try:
        import fastapi
        import prometheus_client
        import python_multipart
        import uvicorn

        _ = fastapi, prometheus_client, python_multipart, uvicorn
    except ImportError as error:
        raise MissingDependency("engine serve needs an extra: pip install 'document-engine[web]'") from error
    from engine.batch.state import alone
    from engine.ocr.tesseract import require
    from engine.serve.clients import is_loopback, read_tokens

    config = settings(options)
    check_type("auto", config)
    require(config.lang)
    _begin_logs(options["log_json"])
    tokens = read_tokens(given)
    if not tokens and not is_loopback(host):
        raise UsageError(f"{host} is open to others: set ENGINE_TOKEN, such as to what `openssl rand -hex 32` prints")
    with written(out / "uploads"):
        pass
    with alone(out):
        return _serve(config, out, tokens, (host, port), options)


def _serve(config: Any, out: Path, tokens: tuple[str, ...], address: tuple[str, int], options: dict[str, Any]) -> int:
    from engine.serve.clients import made_token
    from engine.serve.running import Bounds, listening, serve

    bounds = Bounds(options["rate"], options["queue"], options["keep_days"], options["open_metrics"])
    try:
        with listening(*address) as listener:
            host, port = listener.getsockname()[:2]
            if not tokens:
                tokens = (made_token(),)
                say(f"token for this run, as ENGINE_TOKEN names none: {tokens[0]}")
            if not options["quiet"]:
                say(f"serving on http://{f'[{host}]' if ':' in host else host}:{port}")
            serve(config, out, tokens, bounds, listener)
    except EngineError as error:
        say(str(error))
        return error.exit_code
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _begin_logs(as_json: bool) -> None:
    import logging
    from dataclasses import replace

    from engine.batch.logs import logs_here

    logs = replace(logs_here(), as_json=as_json)
    logs.begin()
    if as_json and logs.level == logging.WARNING:
        logging.getLogger("engine.serve").setLevel(logging.INFO)  # as the batch's


def _leave(code: int) -> int:
    """End the process at once: threads still wait for work that was given up, and Python would wait for them.

    Nothing is lost: what they wait for is recorded as far as it came.
    """
    from engine.batch.pool import leave_nothing

    leave_nothing()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


COMMANDS = (serve,)
