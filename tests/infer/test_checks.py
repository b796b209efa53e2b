"""Rules found in data alone: those that the data were made with, and none that hold by accident."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from engine.doctype import load_type
from engine.infer.checks import FoundCheck, find_checks
from engine.infer.digits import values_to_format
from engine.leaf import Leaf

CENT = Decimal("0.01")
INVOICE, STATEMENT = load_type("invoice").leaves, load_type("bank_statement").leaves


def amount(dice: random.Random, most: int = 90_000) -> Decimal:
    return Decimal(dice.randint(150, most)) / 100


def invoice(dice: random.Random, *, shipped: bool = False) -> dict[str, Any]:
    rows = [{"quantity": Decimal(dice.randint(2, 30)), "unit_price": amount(dice)} for _ in range(dice.randint(2, 6))]
    items = [{**row, "amount": row["quantity"] * row["unit_price"]} for row in rows]
    subtotal = sum((item["amount"] for item in items), Decimal(0))
    tax, shipping = (subtotal / 5).quantize(CENT), amount(dice, 3000) if shipped else None
    day = date(2024, 1, 1) + timedelta(dice.randint(0, 300))
    return {
        "date": day.isoformat(),
        "due_date": (day + timedelta(30)).isoformat(),
        "subtotal": subtotal,
        "tax": tax,
        "shipping": shipping,
        "total": subtotal + tax + (shipping or 0),
        "line_items": items,
    }


def statement(dice: random.Random) -> dict[str, Any]:
    balance = opening = amount(dice)
    rows = []
    for n in range(dice.randint(4, 8)):
        paid = amount(dice, 9000)
        balance += paid if n % 3 == 0 else -paid
        debit, credit = (None, paid) if n % 3 == 0 else (paid, None)
        rows.append({"debit": debit, "credit": credit, "balance": balance})
    return {"opening_balance": opening, "closing_balance": balance, "rows": rows}


def rules(found: tuple[FoundCheck, ...]) -> dict[str, tuple[int, int]]:
    return {(c.rule if isinstance(c.rule, str) else c.rule["rule"]): (c.held, c.of) for c in found}


@pytest.mark.parametrize("count", [3, 10])
def test_the_rules_of_an_invoice_are_found_and_no_other(count: int) -> None:
    dice = random.Random(count)
    found = find_checks([invoice(dice) for _ in range(count)], INVOICE)
    assert rules(found) == {
        "each(line_items): amount == quantity * unit_price": (count, count),
        "sum(line_items.amount) == subtotal": (count, count),
        "total == subtotal + tax": (count, count),
        "date <= due_date": (count, count),
        "tax == round(subtotal * 0.2, 2)": (count, count),
    }


def test_what_some_leave_out_counts_as_nothing() -> None:
    dice = random.Random(2)
    found = rules(find_checks([invoice(dice, shipped=n % 2 == 0) for n in range(8)], INVOICE))
    assert "total == subtotal + zero(shipping) + tax" in found
    assert "total == subtotal + tax" not in found


def test_a_running_balance_is_found_with_what_it_makes_of_the_whole() -> None:
    dice = random.Random(3)
    assert list(rules(find_checks([statement(dice) for _ in range(3)], STATEMENT))) == [
        "each(rows): balance == prev(balance) + zero(credit) - zero(debit)",
        "closing_balance == opening_balance + sum(zero(rows.credit)) - sum(zero(rows.debit))",
    ]


def test_one_misread_number_in_ten_costs_a_rule_its_severity_only() -> None:
    dice = random.Random(4)
    samples = [invoice(dice) for _ in range(10)]
    samples[6]["total"] += 3
    (total,) = [c for c in find_checks(samples, INVOICE) if "total ==" in str(c.rule)]
    assert (total.held, total.of) == (9, 10)
    assert total.rule == {"rule": "total == subtotal + tax", "severity": "warning"}


def test_numbers_that_have_nothing_to_do_with_each_other_give_no_rule() -> None:
    for seed in range(30):
        dice = random.Random(seed)
        samples = [
            {
                **{name: amount(dice) for name in ("subtotal", "tax", "total")},
                "shipping": Decimal(dice.randint(1, 30)),
                "discount": Decimal(dice.randint(0, 9)),
                "date": f"2024-0{dice.randint(1, 9)}-11",
                "line_items": [
                    {"quantity": Decimal(dice.randint(1, 9)), "unit_price": amount(dice), "amount": amount(dice)}
                    for _ in range(dice.randint(1, 5))
                ],
            }
            for _ in range(3)
        ]
        assert find_checks(samples, INVOICE) == ()


def test_the_same_document_twice_proves_nothing() -> None:
    assert find_checks([invoice(random.Random(5))] * 3, tuple(leaf for leaf in INVOICE if not leaf.in_array)) == ()


def test_three_samples_make_an_order_of_dates_a_warning_and_names_must_suggest_it() -> None:
    def leaf(name: str) -> Leaf:
        return Leaf(f"/{name}", name, "string", "date", (name,), "first")

    days = [{"a": f"2024-01-0{n}", "due": f"2024-02-0{n}", "issued": f"2024-01-1{n}"} for n in range(1, 4)]
    found = find_checks(days, [leaf("a"), leaf("due"), leaf("issued")])
    assert [check.rule for check in found] == [{"rule": "issued <= due", "severity": "warning"}]


# check digits


def digits(dice: random.Random, count: int) -> str:
    return "".join(str(dice.randrange(10)) for _ in range(count))


def iban(dice: random.Random) -> str:
    account = f"37040044{digits(dice, 10)}"
    return f"DE{mod_97_10.calc_check_digits(f'{account}DE')}{account}"


def with_luhn(dice: random.Random) -> str:
    number = digits(dice, 11)
    return f"{number}{luhn.calc_check_digit(number)}"


def test_check_digits_are_found_where_it_is_no_accident() -> None:
    dice = random.Random(6)
    assert values_to_format([iban(dice) for _ in range(3)]) == "iban"
    assert values_to_format([with_luhn(dice) for _ in range(3)]) is None  # one of 1000 such threes, and many formats
    assert values_to_format([with_luhn(dice) for _ in range(8)]) == "luhn"
    assert values_to_format([digits(dice, 12) for _ in range(8)]) is None
