"""Commands about regression cases: regress and regress add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.options import FILE, WHOSE, say, schemas_option, settings, settings_file, tell
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.regress.case import Case
    from engine.regress.ran import Ran
    from engine.regress.report import Mutated, Report

DIFFERENCE_EXIT = 1

fixtures_option = click.option(
    "--fixtures", type=FILE, default="fixtures", metavar="DIR", help="Where the cases are, a folder each.  [./fixtures]"
)


def _rate(ctx: click.Context, param: click.Parameter, text: str | None) -> Decimal | None:
    """A share of 0..1, exact."""
    if text is None:
        return None
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not (rate.is_finite() and 0 <= rate <= 1):
        raise click.BadParameter(f"{text!r} is no share: give a number from 0 to 1, such as 0.02", ctx, param)
    return rate


class _WithAdd(click.Command):
    """A command whose first argument may be ``add``, a command of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] == add.name:
            return add.make_context(f"{info_name} {add.name}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(str(add.name), add.get_short_help_str(80))])


def _recording_options(command: Any) -> Any:
    for option in reversed((*WHOSE, settings_file)):
        command = option(command)
    return command


@click.command(cls=_WithAdd)
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@fixtures_option
@schemas_option
@click.option("--jobs", type=click.IntRange(0), default=0, metavar="N", help="Cases at a time; 0: one a core.")
@click.option("--update", is_flag=True, help="Accept the runs as they are; exits 1 once, so that somebody reviews it.")
@click.option("--baseline", type=FILE, metavar="FILE", help="Compare with the --json of another run instead.")
@click.option("--max-false-success", callback=_rate, metavar="X", help="Exit 1 where more of the clean are wrong.")
@click.option("--min-field-accuracy", callback=_rate, metavar="X", help="Exit 1 where fewer of the values are right.")
@click.option("--mutate", is_flag=True, help="Alter every expected value in turn: a test must be able to fail.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON, which --baseline takes.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write it as JUnit XML too.")
@click.option("--markdown", type=FILE, metavar="FILE", help="Write a summary for a pull request too.")
@click.option("--fields", "every_field", is_flag=True, help="Print every field, not only those that changed.")
@click.option("--record", is_flag=True, help="Ask the model that --provider names, once, and keep its answers.")
@_recording_options
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def regress(
    cases: tuple[str, ...],
    fixtures: Path,
    schemas: Path | None,
    jobs: int,
    update: bool,
    baseline: Path | None,
    max_false_success: Decimal | None,
    min_field_accuracy: Decimal | None,
    as_json: bool,
    junit: Path | None,
    markdown: Path | None,
    every_field: bool,
    **options: Any,
) -> int:
    """Run the cases, and tell what got better, what got worse and which errors are no longer caught.

    A CASE is a folder below --fixtures, or the path of one; without any, all of them run. Nothing is sent and nothing
    is paid: a model is its recorded answers, and settings other than a case's own do not count.

    A case is as expected when it runs as its accepted.json says, or, where it has none, when every value is right.
    --update writes accepted.json where a case differs or has none; expected.json, which says what is right, is yours
    alone and never written. A difference to a --baseline is accepted where accepted.json says the same as the run.

    Exit codes: 0 all as expected, 1 a difference that is not accepted, a case of the baseline gone, a gate not kept or
    an alteration unnoticed, 3 wrong usage.
    """
    from engine.regress.case import find_cases
    from engine.regress.gates import gates
    from engine.regress.report import make_report, read_baseline

    _check(options, update=update, baseline=baseline, targets=(junit, markdown))
    found = find_cases(fixtures, cases)
    earlier = None if baseline is None else read_baseline(baseline)
    rans, mutated = _run(found, schemas, jobs, options)
    report = make_report(found, rans, earlier, mutated, whole=not cases)
    report = replace(report, gates=gates(report.now, max_false_success, min_field_accuracy))
    _hand_over(report, junit, markdown, as_json=as_json, every_field=every_field)
    written = _update(found, report) if update else []
    settled = {ran.case for ran in report.after if ran.error is None and not ran.stale}  # the others are not accepted
    if not update and not options["quiet"] and any(change.case in settled for change in report.unaccepted):
        say("where this is how it should be: accept it with --update, and review the accepted.json files it writes")
    return 0 if report.as_expected and not written else DIFFERENCE_EXIT


def _check(options: dict[str, Any], *, update: bool, baseline: Path | None, targets: Sequence[Path | None]) -> None:
    """Slips are told before any case runs."""
    if update and baseline is not None:
        raise UsageError("--update accepts what differs from accepted.json: leave --baseline out")
    if options["record"] and options["mutate"]:
        raise UsageError("--record and --mutate are two runs: leave one out")
    given = [name for name in ("provider", "model", "base_url") if options[name] is not None]
    if given and not options["record"]:
        raise UsageError(f"--{given[0].replace('_', '-')} is for --record; without it nobody is asked: leave it out")
    for target in targets:
        if target is not None and target.is_dir():
            raise UsageError(f"{target} is a folder: name a file in it")


def _run(
    cases: Sequence[Case], schemas: Path | None, jobs: int, options: dict[str, Any]
) -> tuple[tuple[Ran, ...], tuple[Mutated, ...]]:
    """The cases' runs, in their order, and what became of their alterations where these were asked for."""
    from engine.progress import page_progress
    from engine.regress.mutated import mutate_case
    from engine.regress.run import each_case, run_cases

    rans: list[Ran] = []
    mutated: list[Mutated] = []
    runs: Iterator[tuple[Ran, Mutated | None]]
    if options["record"]:
        runs = ((ran, None) for ran in _recorded(cases, schemas, options))
    elif options["mutate"]:
        runs = each_case(mutate_case, cases, schemas, jobs)
    else:
        runs = ((ran, None) for ran in run_cases(cases, schemas, jobs))
    with page_progress("cases", quiet=options["quiet"]) as progress:
        for ran, altered in runs:
            rans.append(ran)
            mutated += [altered] if altered else []
            if progress:
                progress(len(rans), len(cases))
    return tuple(rans), tuple(mutated)


def _recorded(cases: Sequence[Case], schemas: Path | None, options: dict[str, Any]) -> Iterator[Ran]:
    """Each case with a model's answers recorded anew, told on stderr."""
    from engine.regress.record import record_case

    config = settings(options)
    if config.provider is None:
        raise UsageError("--record asks a model: name whose with --provider")
    for case in cases:
        recorded = record_case(case, schemas, config)
        for words in recorded.failed:
            say(f"{case.name}: {words}")
        if not options["quiet"]:
            count, gone = len(recorded.written), len(recorded.removed)
            say(f"{case.name}: {count} answer{'s' * (count != 1)} recorded, {gone} old removed")
        yield recorded.ran


def _hand_over(report: Report, junit: Path | None, markdown: Path | None, *, as_json: bool, every_field: bool) -> None:
    from engine.as_json import to_json
    from engine.output import write_whole
    from engine.regress.junit import report_to_junit
    from engine.regress.markdown import report_to_markdown
    from engine.regress.report import report_to_data
    from engine.regress.terminal import report_to_text

    if junit is not None:
        write_whole(junit, report_to_junit(report))
    if markdown is not None:
        write_whole(markdown, report_to_markdown(report))
    tell(to_json(report_to_data(report)) if as_json else report_to_text(report, every_field=every_field))


def _update(cases: Sequence[Case], report: Report) -> list[str]:
    """Accept the runs of the cases that differ or never were accepted; their names.

    None is accepted that could not run, or whose recordings answer other questions.
    """
    from engine.regress.accepted import write_accepted

    written, known = [], {ran.case for ran in report.before}
    for case, ran in zip(cases, report.after, strict=True):
        if ran.error is not None or ran.stale:
            why = "it could not run" if ran.error is not None else "its recordings are stale: record them anew"
            say(f"{case.name} is not accepted, for {why}")
        elif case.name not in known or report.changes_of(case.name):
            write_accepted(case, ran)
            written.append(case.name)
    if written:
        say(f"accepted.json written, to be reviewed and committed: {', '.join(written)}")
    return written


@click.command()
@click.argument("result", type=FILE, metavar="RESULT.json")
@fixtures_option
@schemas_option
@click.option("--name", metavar="NAME", help="Of the case; else that of its document.")
@click.option("--why", metavar="TEXT", help="Why it is worth a case, in a sentence.")
@click.option("--document", type=FILE, metavar="FILE", help="The document; else where the result says it is.")
@click.option("--accept", is_flag=True, help="Run it once and accept that as how it runs today: accepted.json.")
def add(result: Path, why: str | None, accept: bool, **options: Any) -> None:
    """Turn a corrected result into a case: its data are what is right.

    Correct "data" in RESULT.json by hand first. What the type's schema and rules have against it is told.
    """
    from engine.as_text import one_line
    from engine.config import Config
    from engine.regress.accept import accept_added
    from engine.regress.add import add_case

    added = add_case(result, why=why or f"Corrected from {result.name}.", **options)
    tell(one_line(str(added.folder)))
    for finding in added.findings:
        say(f"{finding.severity} at {finding.path or 'the document'}: {finding.message}")
    if added.unvouched:
        say(f"{added.unvouched} values are as the engine gave them and nobody confirmed them: look at them once more")
    if accept:
        say(accept_added(added, Config(schemas=options["schemas"])))


COMMANDS = (regress,)
