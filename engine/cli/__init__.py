"""The command line: it reads options, calls the library and prints. Nothing here knows about pages or fields.

Results go to stdout, everything else to stderr. What is slow to import is imported inside the commands, so
that ``engine --help`` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

import click

from engine import __version__
from engine.cli import batch, cases, documents, report, review, serve, setup, types
from engine.cli.options import STOPPED_EXIT, USAGE_EXIT, say
from engine.errors import EngineError


def main(arguments: Sequence[str] | None = None) -> None:
    """The console entry point: run the command and exit with the contract's code.

    Errors are one sentence on stderr; there is no traceback for anything a user can cause.
    """
    if arguments is None:  # the program: collecting at its end what ends anyway takes 0.1 s, in a batch 0.25 s
        atexit.register(gc.freeze)
    try:
        code = cli.main(arguments, prog_name="engine", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(USAGE_EXIT)
    except click.ClickException as error:
        say(_usage_sentence(error))
        sys.exit(USAGE_EXIT)
    except EngineError as error:
        say(str(error))
        sys.exit(error.exit_code)
    except click.Abort:
        say("stopped")
        sys.exit(STOPPED_EXIT)
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="engine %(version)s")
def cli() -> None:
    """Scanned documents in, checked JSON out.

    Exit codes: 0 clean or done, 1 review, 2 failed or bad input, 3 wrong usage or something not installed.
    """


def _usage_sentence(error: click.ClickException) -> str:
    """Click's message as one sentence that ends with the remedy."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "engine"
    return f"{error.format_message().rstrip('.')} (see {command} --help)"


for _group in (documents, types, cases, batch, setup, report, review, serve):
    for _command in _group.COMMANDS:
        cli.add_command(_command)
