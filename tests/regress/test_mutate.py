"""Whatever is altered in what is right is noticed; a tolerance under which it is not is named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.doctype import DocumentType, load_type
from engine.regress.case import Case, find_cases
from engine.regress.compare import compare
from engine.regress.mutate import mutations, unnoticed
from engine.regress.ran import Ran
from tests.regress.making import case_of, result_of

CASES = find_cases(Path(__file__).parents[2] / "fixtures")


def missed(case: Case, data: Any, doctype: DocumentType | None) -> list[str]:
    result = result_of(data)
    ran = Ran(case.name, None, "clean", compare(case.expected, result, doctype, case.tolerances))
    return [str(mutation) for mutation in unnoticed(case, result, doctype, ran)]


@pytest.mark.parametrize("case", [c for c in CASES if c.expected and len(c.routes or ()) == 1], ids=lambda c: c.name)
def test_every_bundled_case_can_fail_in_each_of_its_values(case: Case) -> None:
    doctype = load_type(case.type)
    assert len(list(mutations(case, doctype))) > 10
    assert missed(replace(case, tolerances={}), dict(case.expected), doctype) == []


def test_what_is_altered() -> None:
    rows = [{"description": "TEA 2", "amount": Decimal("4.00")}, {"description": "BUN", "amount": Decimal("4.00")}]
    case = case_of({"total": Decimal("89.15"), "date": "2024-02-28", "cash": None, "line_items": rows, "paid": True})
    told = Counter((mutation.path, mutation.what) for mutation in mutations(case, load_type("receipt")))
    assert set(told) == {
        ("/total", "89.16 instead of 89.15"),
        ("/total", "99.15 instead of 89.15"),
        ("/total", "null instead of 89.15"),
        ("/date", "2024-02-27 instead of 2024-02-28"),
        ("/date", "2025-02-28 instead of 2024-02-28"),
        ("/date", "null instead of 2024-02-28"),
        ("/cash", "1 instead of null"),
        ("/paid", "false instead of true"),
        ("/paid", "null instead of true"),
        ("/line_items", "row 1 dropped"),
        ("/line_items", "row 2 dropped"),
        ("/line_items", "row 1 doubled"),
        ("/line_items", "row 2 doubled"),
        ("/line_items", "description of rows 1 and 2 swapped"),
        ("/line_items/0/description", '"xEA 2" instead of "TEA 2"'),
        ("/line_items/0/description", '"TEA 3" instead of "TEA 2"'),
        ("/line_items/0/description", 'null instead of "TEA 2"'),
        ("/line_items/1/description", '"xUN" instead of "BUN"'),
        ("/line_items/1/description", 'null instead of "BUN"'),
        *(
            (f"/line_items/{i}/amount", f"{other} instead of 4.00")
            for i in (0, 1)
            for other in ("4.01", "5.00", "null")
        ),
    }
    assert case.expected["total"] == Decimal("89.15")


def test_a_tolerance_that_swallows_an_alteration_is_named() -> None:
    data = {"total": Decimal("9.00"), "company": "ACME"}
    receipt = load_type("receipt")
    narrow = case_of(data, tolerances={"/total": Decimal("0.01")})
    assert missed(narrow, data, receipt) == ["/total: 9.01 instead of 9.00, within its tolerance of 0.01"]
    wide = case_of(data, tolerances={"/total": Decimal(100), "/company": Decimal(1)})
    assert missed(wide, data, receipt) == [
        "/total: 9.01 instead of 9.00, within its tolerance of 100",
        "/total: 1.00 instead of 9.00, within its tolerance of 100",
        '/company: "xCME" instead of "ACME", within its tolerance of 1',
    ]


def test_a_row_of_nothing_but_nulls_cannot_fail() -> None:
    data = {"line_items": [{"description": "TEA", "amount": None}, {"description": None, "amount": None}]}
    assert missed(case_of(data), data, load_type("receipt")) == [
        "/line_items: row 2 dropped",
        "/line_items: row 2 doubled",
    ]
