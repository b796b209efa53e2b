"""A bar on stderr while the pages of a document are worked through, for people who watch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.as_text import one_line

if TYPE_CHECKING:
    from engine.reading import Progress


@contextmanager
def page_progress(label: str, *, quiet: bool) -> Iterator[Progress | None]:
    """A function to report pages to, or None where nobody would see it: *quiet*, or stderr is no terminal.

    The bar appears from the second page of a document on: one page is over before it could be read.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    # Imported here because it takes longer than everything else that `engine --help` needs.
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(one_line(label)), visible=False)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=total > 1)

        yield report
