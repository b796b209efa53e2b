"""The report as JUnit XML, which every CI shows: a test case a case, its changes the failure's text."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

from engine.as_text import one_line, safe
from engine.regress.report import Report
from engine.regress.words import change_to_text

SUITE = "engine regress"


def report_to_junit(report: Report) -> str:
    """An XML document. Each gate that is set is a test case too, and each case of a baseline that is gone. Changes that
    were accepted are no failure but output. What XML cannot hold is replaced."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite", name=SUITE)
    errors = {ran.case: ran.error for ran in report.after if ran.error is not None}
    for ran in report.after:
        case = _case(suite, ran.type or "no type", ran.case)
        lines = tuple(_lines(report, ran.case))
        if ran.case in errors:
            _fault(case, "error", (errors[ran.case], *lines))
        elif lines:
            _fault(case, "failure", lines)
        if accepted := [change_to_text(change) for change in report.changes_of(ran.case) if change.accepted]:
            SubElement(case, "system-out").text = safe("\n".join(accepted))
    for name in report.gone:
        _fault(_case(suite, "gone", name), "failure", (f"gone, but in {report.against}",))
    for gate in report.gates:
        case = _case(suite, "gate", gate.name)
        if not gate.kept:
            _fault(case, "failure", (gate.words,))
    for kind in ("errors", "failures"):
        suite.set(kind, str(len(suite.findall(f"*/{kind.removesuffix('s')}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _lines(report: Report, case: str) -> Iterator[str]:
    yield from (change_to_text(change) for change in report.unaccepted if change.case == case)
    yield from (
        f"unnoticed: {words}" for mutated in report.mutated if mutated.case == case for words in mutated.unnoticed
    )


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(suite, "testcase", classname=one_line(f"regress.{group}"), name=one_line(name))


def _fault(case: Element, kind: str, lines: tuple[str, ...]) -> None:
    SubElement(case, kind, message=one_line(lines[0])).text = safe("\n".join(lines))
