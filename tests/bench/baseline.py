"""What an hour of regular expressions reaches on the same words: the figure to stand beside ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from engine.label.lines import readings_to_lines
from engine.page import Reading
from engine.values.dates import dates_in, resolve
from engine.values.numbers import parse_number

MONEY = r"(?:RM|\$)?\s?(\d[\d,]*[.,]\d\d)\b"


def baseline(pointer: str, readings: Sequence[Reading], order: str) -> object:
    """The baseline's value for one leaf, None where no expression matches."""
    lines = [line.text for line in readings_to_lines(readings)]
    find = FINDERS.get(pointer)
    return find(lines, order) if find else None


def total(lines: Sequence[str], order: str) -> object:
    for pattern in (
        r"(?i)\b(grand|nett?|rounded).*total",
        r"(?i)^(?!.*(sub|excl|qty|item|tax|gst\b.*total)).*\btotal",
        r"(?i)total",
    ):
        hits = [m for line in lines if re.search(pattern, line) for m in re.findall(MONEY, line)]
        if hits:
            return amount(hits[-1])
    return None


def gross(lines: Sequence[str], order: str) -> object:
    for pattern in (r"(?i)gross|grand total", r"(?i)\btotals?\b"):
        hits = [m for line in lines if re.search(pattern, line) for m in re.findall(MONEY, line)]
        if hits:
            return max(filter(None, map(amount, hits)), default=None)
    return None


def amount(text: str) -> object:
    number = parse_number(text.replace(",", "") if "." in text else text)
    return number.value if number else None


def first_date(lines: Sequence[str], order: str) -> object:
    forms = [form for line in lines for form in dates_in(line)]
    return resolve(forms[0], order, order)[0].isoformat() if forms else None


def flight(which: int) -> Callable[[Sequence[str], str], object]:
    def find(lines: Sequence[str], order: str) -> object:
        for line in lines:
            forms = dates_in(line)
            if len(forms) == 2 and re.search(r"\s?(-|–|to)\s?", line[forms[0].end : forms[1].start]):
                return resolve(forms[which], order, order)[0].isoformat()
        return None

    return find


def company(lines: Sequence[str], order: str) -> object:
    for line in lines[:8]:
        if re.search(r"(?i)\b(sdn|bhd|enterprise|trading|restoran|s/b|mart)\b", line):
            return re.sub(r"\(.*", "", line).strip()
    return next((line for line in lines if sum(map(str.isalpha, line)) > 5), None)


def address(lines: Sequence[str], order: str) -> object:
    start = next(
        (i for i, line in enumerate(lines) if re.search(r"(?i)^\W*(no\b|lot\b|jalan|jln|level|\d+,)", line)),
        None,
    )
    if start is None:
        return None
    kept = []
    for line in lines[start : start + 5]:
        if re.search(r"(?i)\b(tel|fax|gst|invoice)\b", line):
            break
        kept.append(line)
    return " ".join(kept)


def after(pattern: str, wanted: str = r".+") -> Callable[[Sequence[str], str], object]:
    def find(lines: Sequence[str], order: str) -> object:
        for i, line in enumerate(lines):
            hit = re.search(pattern, line)
            if hit:
                for rest in (line[hit.end() :], *lines[i + 1 : i + 2]):
                    found = re.search(wanted, rest.strip(" :#/."))
                    if found:
                        return found[0].split("  ")[0].strip()
        return None

    return find


def form_type(lines: Sequence[str], order: str) -> object:
    """The first of the titles that is printed."""
    text = " ".join(lines[:40]).casefold()
    titles = {"short-form": "Short Form", "short form": "Short Form", "amendment to": "Amendment"}
    found = {text.find(t): name for t, name in (titles | {"dissemination report": "Dissemination Report"}).items()}
    found.pop(-1, None)
    return found[min(found)] if found else None


def registrant(lines: Sequence[str], order: str) -> object:
    """What stands under "name of registrant", or under the question for the primary registrant's name."""
    for i, line in enumerate(lines):
        if re.search(r"(?i)name\b.*\bregistrant", line):
            for below in lines[i + 1 : i + 4]:
                name = re.sub(r"(?i)^\W*(name)?\W*", "", below.split("  ")[0])
                if sum(map(str.isalpha, name)) >= 4 and not re.match(r"(?i)address", name):
                    return name.strip()
    return None


FINDERS: dict[str, Callable[[Sequence[str], str], object]] = {
    "/total": total,
    "/date": first_date,
    "/company": company,
    "/address": address,
    "/contract_num": after(r"(?i)(contract|order|invoice)\s*(/ ?rev\w*|#|number|no\.?)", r"\d[\d-]{3,}"),
    "/advertiser": after(r"(?i)\badvertiser\b(?! ?(code|ref))(\s*name)?", r"[A-Za-z].+"),
    "/gross_amount": gross,
    "/flight_from": flight(0),
    "/flight_to": flight(1),
    "/registrant_name": registrant,
    "/form_type": form_type,
}
