"""Invoices of one sender, as many as wanted: all numbers drawn, the sheet always the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from fixtures.generator import degrade, write
from fixtures.generator.canvas import A4, Canvas, PdfCanvas, PixelCanvas
from fixtures.generator.content import Bill, Item, Party, count, money
from fixtures.generator.drawing import Column, header_row, lines, pairs, row

GOODS = ("Desk lamp", "Oak shelf", "Paper, A4", "Wall clock", "Filing box", "Hole punch", "Ink, black", "Door mat")
BUYERS = ("Hollin & Rowe", "Kestrel Dairy", "Brackwater School", "Fennimore Ltd", "Osprey Yard", "Larch House Clinic")
TOWNS = ("Skelby SK1 4EL", "Hathersby HB3 7QD", "Tanyard TY8 6PW", "Larkbridge LB5 2AA")
COLUMNS = (
    Column("Article", 60),
    Column("Quantity", 330, "right"),
    Column("Unit price", 430, "right"),
    Column("Amount", 540, "right"),
)


def drawn(dice: np.random.Generator) -> Bill:
    rows = tuple(
        Item(str(name), Decimal(int(dice.integers(2, 40))), Decimal(int(dice.integers(150, 19_000))) / 100)
        for name in dice.choice(GOODS, int(dice.integers(3, 7)), replace=False)
    )
    return Bill(
        number=f"R-{dice.integers(10_000, 99_999)}",
        day=date(2024, 1, 1) + timedelta(int(dice.integers(0, 300))),
        seller=Party("Thornby Office Supplies", ("14 Cooper Street", "Larkbridge LB1 7AA")),
        buyer=Party(str(dice.choice(BUYERS)), (str(dice.choice(TOWNS)),)),
        items=rows,
        tax_rate=Decimal(20),
    )


def draw(canvas: Canvas, bill: Bill) -> None:
    canvas.text(60, 70, bill.seller.name, "sans-bold", 15)
    lines(canvas, 60, 86, bill.seller.address, size=9)
    canvas.text(540, 70, "Invoice", "sans", 18, "right")
    about = (
        ("Invoice number", bill.number),
        ("Invoice date", f"{bill.day:%d.%m.%Y}"),
        ("Due date", f"{bill.day + timedelta(30):%d.%m.%Y}"),
        ("Customer", bill.buyer.name),
    )
    y = pairs(canvas, 60, 170, 140, about, size=10.5, leading=1.7) + 30
    header_row(canvas, COLUMNS, y, size=10)
    canvas.line(60, y + 5, 540, y + 5)
    for item in bill.items:
        y += 20
        cells = (item.description, count(item.quantity), money(item.unit_price), money(item.amount))
        row(canvas, COLUMNS, y, cells, size=10)
    y += 34
    for label, value in (("Subtotal", bill.subtotal), ("VAT", bill.tax), ("Total due", bill.total)):
        canvas.text(370, y, label, "sans-bold", 10.5)
        canvas.text(540, y, money(value), "sans", 10.5, "right")
        y += 18
    lines(canvas, 60, y + 50, ("Please pay within 30 days. Thank you for your custom.",), size=9)


def digital(bill: Bill, dice: np.random.Generator) -> bytes:
    canvas = PdfCanvas(A4)
    draw(canvas, bill)
    canvas.next_page()
    return canvas.finish()


def scanned(bill: Bill, dice: np.random.Generator) -> bytes:
    canvas = PixelCanvas(A4, 150)
    draw(canvas, bill)
    steps = [degrade.skew(float(dice.normal(0, 0.3))), degrade.blur(0.6), degrade.noise(7)]
    return write.scanned_pdf([degrade.degraded(canvas.pixels, steps, dice)], 150)


def make_invoices(out: Path, number: int, look: Callable[[Bill, np.random.Generator], bytes] = digital) -> list[Path]:
    """``invoice-1.pdf`` and so on; number n is always the same."""
    made = []
    for n in range(1, number + 1):
        dice = np.random.default_rng(n)
        made.append(out / f"invoice-{n}.pdf")
        made[-1].write_bytes(look(drawn(dice), dice))
    return made
