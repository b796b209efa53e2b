"""The pytest plugin, as it is installed: cases as tests in somebody else's suite."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

FIXTURES = Path(__file__).parents[2] / "fixtures"
SLIP = "receipt_thermal"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite of one test, and two cases beside it, of which the second expects another total."""
    pytester.makepyfile(test_other="def test_other(): pass")
    for name in ("right", "wrong"):
        shutil.copytree(FIXTURES / SLIP, pytester.path / "cases" / name, ignore=shutil.ignore_patterns("accepted.json"))
    expected = pytester.path / "cases" / "wrong" / "expected.json"
    expected.write_text(expected.read_text(encoding="utf-8").replace("89.15", "89.75"), encoding="utf-8")
    return pytester


def test_cases_are_tests_that_fail_with_what_changed(suite: pytest.Pytester) -> None:
    done = suite.runpytest("--engine-cases", "cases", "test_other.py")
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["wrong does not run as expected:", "worse: value /total: 89.75 → wrong: 89.15 *"])
    assert "Traceback" not in done.stdout.str()


def test_cases_are_those_of_the_command(suite: pytest.Pytester) -> None:
    for other in (".half", "right/deeper"):
        shutil.copytree(suite.path / "cases" / "wrong", suite.path / "cases" / other)
    done = suite.runpytest("--engine-cases", "cases", "--collect-only", "-q", "-o", "norecursedirs=")
    assert [line for line in done.outlines if "case.toml" in line] == [
        "cases/right/case.toml::right",
        "cases/wrong/case.toml::wrong",
    ]


def test_workers_share_the_cases_of_the_ini_file(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nengine_cases = cases")
    suite.runpytest("-n", "2").assert_outcomes(passed=2, failed=1)


def test_named_tests_alone_run_without_the_cases_of_the_ini_file(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nengine_cases = cases")
    suite.runpytest("test_other.py").assert_outcomes(passed=1)
    suite.runpytest("cases/right").assert_outcomes(passed=1)


def test_a_broken_case_says_what_is_wrong_with_it(suite: pytest.Pytester) -> None:
    (suite.path / "cases" / "right" / "case.toml").write_text('why = "Broken."\n', encoding="utf-8")
    done = suite.runpytest("--engine-cases", "cases", "-k", "right")
    done.assert_outcomes(failed=1, deselected=2)
    done.stdout.fnmatch_lines(["*case.toml: document is missing: *"])


def test_a_folder_that_is_not_there_is_told(suite: pytest.Pytester) -> None:
    done = suite.runpytest("--engine-cases", "nowhere")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*nowhere is no folder*"])


def test_without_the_option_nothing_of_the_engine_is_imported(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_other="""
        import sys
        def test_other():
            assert "engine.pytest_plugin" in sys.modules
            assert not {"engine.flow", "engine.regress", "numpy"} & set(sys.modules)
        """
    )
    suite.run(sys.executable, "-m", "pytest").assert_outcomes(passed=1)
