"""Regression cases as tests in anybody's suite: ``pytest --engine-cases DIR``, or ``engine_cases`` in the ini file.

Every folder directly below that is a case for ``engine regress`` becomes a test, which fails with what changed, in
words. Without the option the plugin does nothing and imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Differs(Exception):
    """A case did not run as expected; the message is the changes, a line each."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("engine", "regression cases of document extraction")
    cases = "run every case, a folder in DIR with a case.toml, as a test"
    schemas = "where the document types are; else ./schemas, else the shipped ones"
    group.addoption("--engine-cases", metavar="DIR", type=Path, help=cases)
    group.addoption("--engine-schemas", metavar="DIR", type=Path, help=schemas)
    parser.addini("engine_cases", cases, type="string")
    parser.addini("engine_schemas", schemas, type="string")


def pytest_configure(config: pytest.Config) -> None:
    """The cases are collected like a path on the command line; those of the ini file stay out where paths are named."""
    folder = _folder(config, "cases")
    if folder is None:
        return
    if not folder.is_dir():
        raise pytest.UsageError(f"engine cases: {folder} is no folder; name the one that holds the cases' folders")
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if named and config.getoption("engine_cases") is None:
        return
    places = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    if not any(folder.is_relative_to(place.resolve()) for place in places):
        config.args.append(str(folder))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    folder = _folder(parent.config, "cases")
    if folder is None:
        return None
    from engine.regress.case import CASE_FILE, case_folders

    case = folder / file_path.parent.name
    if file_path.name != CASE_FILE or case.resolve() != file_path.parent.resolve() or case not in case_folders(folder):
        return None
    return CaseFile.from_parent(parent, path=file_path)


class CaseFile(pytest.File):
    """A ``case.toml``: one test."""

    def collect(self) -> Iterator[pytest.Item]:
        yield CaseItem.from_parent(self, name=self.path.parent.name)


class CaseItem(pytest.Item):
    """A case, extracted offline and held against what is expected of it."""

    def runtest(self) -> None:
        from engine.errors import EngineError
        from engine.regress.accepted import read_accepted
        from engine.regress.case import read_case
        from engine.regress.changes import changes
        from engine.regress.run import run_case
        from engine.regress.words import change_to_text

        try:
            case = read_case(self.path.parent)
            found = changes(case, run_case(case, _folder(self.config, "schemas")), read_accepted(case))
        except EngineError as error:
            raise Differs(str(error)) from None
        if found:
            raise Differs("\n".join(map(change_to_text, found)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, Differs):
            return f"{self.path.parent.name} does not run as expected:\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"case {self.name}"


def _folder(config: pytest.Config, what: str) -> Path | None:
    """The folder of ``--engine-…``, from where pytest was started, or of the ini file, from where that is."""
    given: Path | None = config.getoption(f"engine_{what}")
    if given is not None:
        return (config.invocation_params.dir / given).resolve()
    named = config.getini(f"engine_{what}")
    return (config.rootpath / named).resolve() if named else None
