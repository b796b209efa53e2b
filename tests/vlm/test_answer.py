"""What a model wrote: one object or no answer, nothing mended by guessing, every doubt told."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.check import schema_findings
from engine.doctype import list_types, load_type
from engine.merge import claims_to_fields, fields_to_data
from engine.vlm.answer import UNTOLD, Answer, Unusable, read_answer
from engine.vlm.question import Question
from engine.vlm.shape import Part, parts
from tests.vlm.test_question import asked, rich_type

SHIPPED = [name for name, _ in list_types()]
SMALL: dict[str, Any] = {
    "type": "object",
    "properties": {"total": {"type": "number", "x-kind": "money"}, "name": {"type": "string"}},
}


@pytest.fixture
def small(tmp_path: Path) -> Question:
    return asked(rich_type(tmp_path, SMALL))


@pytest.fixture
def rich(tmp_path: Path) -> Question:
    return asked(rich_type(tmp_path))


def leaf(value: Any, printed: str | None = None, confidence: Any = 0.9) -> dict[str, Any]:
    shown = "" if value is None else str(value)
    return {"value": value, "printed": shown if printed is None else printed, "confidence": confidence}


def written(question: Question, **values: Any) -> str:
    """An answer where all is null or empty but what is given, by name at the top."""
    return json.dumps({**{part.name: nothing(part) for part in parts(question.leaves)}, **values}, default=float)


def nothing(part: Part) -> Any:
    if part.shape == "leaf":
        return leaf(None)
    return {each.name: nothing(each) for each in part.parts} if part.shape == "object" else []


def read(question: Question, **values: Any) -> Answer:
    return read_answer(written(question, **values), question, 3)


def values(answer: Answer) -> dict[str, Any]:
    return {claim.pointer: claim.value for claim in answer.claims}


# ---------------------------------------------------------------- JSON that is almost JSON

TOTAL = '"total": {"value": 304.43, "printed": "RM304.43", "confidence": 0.9}'
NAME = '"name": {"value": "Tan", "printed": "Tan", "confidence": 0.9}'
GOOD = f"{{{TOTAL}, {NAME}}}"

READ = {
    "as it should be": GOOD,
    "byte order mark": "\ufeff" + GOOD,
    "blanks around it": f"\n\n  {GOOD}\n ",
    "code fence": f"```json\n{GOOD}\n```",
    "code fence without a language": f"```\n{GOOD}\n```",
    "fence in prose": f"Here is the JSON:\n\n```json\n{GOOD}\n```\nLet me know!",
    "prose before": f"Sure, here you go,\n{GOOD}",
    "prose before, with brackets": f"The fields [as asked]: {GOOD}",
    "prose behind": f"{GOOD}\n\nI hope this helps.",
    "thoughts": f"<think>total {{maybe}} 1.00?</think>\n{GOOD}",
    "thoughts twice": f"<think>a</think><thinking>b</thinking>{GOOD}",
    "thoughts whose start was kept": f"The total {{x}} is clear.\n</think>\n\n{GOOD}",
    "a number with an exponent": GOOD.replace(" 304.43", " 3.0443e2"),
}
REPAIRED = {
    "trailing comma": GOOD.replace("}}", "},}"),
    "single quotes": GOOD.replace('"', "'"),
    "comment": GOOD.replace('{"total"', '{ // as printed\n"total"'),
    "bare names": GOOD.replace('"total"', "total").replace('"value"', "value"),
    "trailing comma in a fence": f"```json\n{GOOD.replace('}}', '},}')}\n```",
    "a number without its zero": GOOD.replace("304.43", ".5"),
}
MALFORMED = {
    "empty": ("", "empty"),
    "blanks": (" \n\ufeff", "empty"),
    "only thoughts": ("<think>total is 1</think>", "empty"),
    "thoughts without an end": (f"<think>so {GOOD}", "thoughts"),
    "cut in a number": (GOOD[: GOOD.index("304.4") + 5], "not valid JSON"),
    "cut in a text": (GOOD[: GOOD.index("RM304") + 4], "not valid JSON"),
    "cut behind a leaf": (f"{{{TOTAL}, ", "not valid JSON"),
    "cut behind a leaf, in a fence": (f"```json\n{{{TOTAL}, \n```", "not valid JSON"),
    "cut at its start": (f'"total": {{{TOTAL}}}', "starts in the middle"),
    "cut at its start, in a list": (f"9}}, {{{TOTAL}}}", "starts in the middle"),
    "name twice": (GOOD.replace('"name"', '"total"'), "twice"),
    "name twice within": (GOOD.replace('"printed": "Tan"', '"value": "Lim"'), "twice"),
    "name twice in JSON5": (GOOD.replace('"name"', "total"), "twice"),
    "two objects": (f"{GOOD}\n{GOOD}", "more than one"),
    "two objects, the first empty": (f"{{}} {GOOD}", "more than one"),
    "two objects in fences": (f"```json\n{GOOD}\n```\nor\n```json\n{GOOD}\n```", "more than one"),
    "one more brace": (f"{GOOD}}}", "goes on"),
    "NaN": (GOOD.replace("304.43", "NaN"), "NaN"),
    "Infinity": (GOOD.replace("304.43", "-Infinity"), "Infinity"),
    "NaN in JSON5": (GOOD.replace("304.43", "NaN").replace('"total"', "total"), "NaN"),
    "hexadecimal": (GOOD.replace("304.43", "0x1F"), "decimal"),
    "leading zeros": (GOOD.replace("304.43", "00123"), "not valid JSON"),
    "thousands": (GOOD.replace("304.43", "1,234.50"), "not valid JSON"),
    "True of Python": (GOOD.replace("304.43", "True"), "not valid JSON"),
    "no comma": (GOOD.replace("}, ", "} "), "not valid JSON"),
    "a list": (f"[{GOOD}]", "list"),
    "an empty list": ("[]", "list"),
    "a list cut off": (f"[{GOOD}", "list"),
    "a bare number": ("304.43", "bare"),
    "null": ("```json\nnull\n```", "bare"),
    "an object without our fields": ('{"error": "I cannot read this"}', "none of the fields"),
    "an empty object": ("{}", "none of the fields"),
    "fields as lines": ("total: 304.43\nname: Tan", "names fields"),
    "fields in bold": ("I found these:\n- **total**: 304.43", "names fields"),
    "nested too deeply": (f'{{"total": {"[" * 100_000}', "deep"),
    "a number beyond numbers": (GOOD.replace("304.43", f"1e{'9' * 30}"), "no number"),
}
REFUSED = {
    "plainly": "I'm sorry, but I can't help with extracting personal data from this document.",
    "with a brace": "I cannot fill in {these fields} for you.",
    "with brackets": "I can't help with [documents of this kind].",
    "as a JSON text": '"I cannot help with that."',
    "with a word that is a field": "I can't tell you the total on a document like this.",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_one_object_is_found_in_whatever_is_around_it(text: str, small: Question) -> None:
    answer = read_answer(text, small, 3)
    assert values(answer) == {"/total": Decimal("304.43"), "/name": "Tan"}
    assert (answer.wrong, answer.doubts, answer.repaired) == ((), (), "")
    assert {(claim.page, claim.source, claim.box) for claim in answer.claims} == {(3, "vlm", None)}
    assert [claim.printed for claim in answer.claims] == ["RM304.43", "Tan"]


@pytest.mark.parametrize("text", REPAIRED.values(), ids=REPAIRED)
def test_json5_is_read_and_flagged(text: str, small: Question) -> None:
    answer = read_answer(text, small, 3)
    assert values(answer)["/total"] == (Decimal("0.5") if ".5," in text else Decimal("304.43"))
    assert isinstance(values(answer)["/total"], Decimal)
    assert "JSON5" in answer.repaired
    assert [(doubt.severity, doubt.message) for doubt in answer.doubts] == [("warning", answer.repaired)]


@pytest.mark.parametrize(("text", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_one_object_is_malformed_and_says_why(text: str, reason: str, small: Question) -> None:
    with pytest.raises(Unusable, match=reason) as caught:
        read_answer(text, small, 3)
    assert caught.value.outcome == "malformed"


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_prose_without_any_field_is_a_refusal(text: str, small: Question) -> None:
    with pytest.raises(Unusable, match="in prose") as caught:
        read_answer(text, small, 3)
    assert caught.value.outcome == "refused"


def test_a_refusing_phrase_within_an_answer_is_an_answer(small: Question) -> None:
    sentence = "I'm sorry, I'm not able to find a date field"
    answer = read_answer(f"{sentence}. {written(small, name=leaf(sentence))}", small, 1)
    assert values(answer) == {"/name": sentence}


def test_what_looks_like_thoughts_or_fences_on_the_page_stays_in_its_value(small: Question) -> None:
    for printed in ("<think>hm</think>", "```json {} ```", "</think>", "}, {"):
        assert values(read(small, name=leaf(printed))) == {"/name": printed}


@pytest.mark.parametrize("end", range(1, len(GOOD)))
def test_no_part_of_an_answer_passes_for_all_of_it(end: int, small: Question) -> None:
    for text in (GOOD[:end], GOOD[end:], f"```json\n{GOOD[:end]}\n```"):
        try:
            answer = read_answer(text, small, 1)
        except Unusable:
            continue
        assert values(answer) == {"/total": Decimal("304.43"), "/name": "Tan"} or answer.wrong


@given(st.text() | st.text(alphabet='{}[]":,0123456789 totalvue\n`<>/'))
@example("\ud800{")
@example('{"total": {"value": "\\ud800"}}')
@example("{" * 5000)
def test_any_text_is_an_answer_or_unusable(text: str) -> None:
    question = asked(load_type("registration"))
    reason = "none"
    try:
        read_answer(text, question, 1)
    except Unusable as error:
        reason = str(error)
    assert reason


# ---------------------------------------------------------------- values


def test_numbers_are_exact(small: Question) -> None:
    text = GOOD.replace("304.43", "0.1000000000000000055")
    assert values(read_answer(text, small, 1))["/total"] == Decimal("0.1000000000000000055")
    assert values(read_answer(GOOD.replace("304.43", "9.00"), small, 1))["/total"].as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("total", 9, 9), ("pages", 3, 3), ("pages", 3.0, 3), ("paid", True, True), ("paid", False, False)],
)
def test_values_of_the_right_type_are_kept(name: str, value: Any, kept: Any, rich: Question) -> None:
    answer = read(rich, **{name: leaf(value)})
    assert values(answer) == {f"/{name}": kept}
    assert type(answer.claims[0].value) is type(kept)
    assert not answer.wrong


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("total", "1,234.50", '/total is text "1,234.50", not a number'),
        ("total", True, "/total is true or false true, not a number"),
        ("total", [9], "/total is a list, not a number"),
        ("pages", 2.5, "/pages is a number 2.5, not a whole number"),
        ("currency", 978, "/currency is a number 978, not text"),
        ("paid", "yes", '/paid is text "yes", not true or false'),
        ("total", 10**30, "/total is a number of too many digits"),
    ],
)
def test_a_value_of_the_wrong_type_is_no_claim(name: str, value: Any, sentence: str, rich: Question) -> None:
    answer = read(rich, **{name: leaf(value)})
    assert not answer.claims
    assert answer.wrong == ((f"/{name}", sentence),)


@pytest.mark.parametrize("digits", ["1e400", "-1E-400", "9" * 5000])
def test_numbers_that_no_page_prints_break_nothing(digits: str, rich: Question) -> None:
    for name in ("total", "pages"):
        text = written(rich, **{name: leaf(12345.5)}).replace('"value": 12345.5', f'"value": {digits}')
        answer = read_answer(text, rich, 1)
        assert not answer.claims
        assert [at for at, _ in answer.wrong] == [f"/{name}"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("day", "2018-13-01", '/day "2018-13-01" is not a date as YYYY-MM-DD'),
        ("day", "25/12/2018", '/day "25/12/2018" is not a date as YYYY-MM-DD'),
        ("state", "shut", '/state "shut" is none of "open", "closed"'),
        ("level", 3, '/level 3 is none of 1, 2, "top"'),
        ("fixed", "no", '/fixed "no" is none of "yes"'),
        ("currency", "eur", '/currency "eur" does not match ^[A-Z]{3}$'),
        ("pages", 100, "/pages 100 is more than 99"),
        ("pages", 0, "/pages 0 is not more than 0"),
        ("total", 0.25, "/total 0.25 is less than 0.5"),
        ("total", 1.1, "/total 1.1 is not a multiple of 0.25"),
        ("odd", "b", '/odd "b" is not what its field allows'),
    ],
)
def test_a_value_that_breaks_a_constraint_keeps_its_claim(name: str, value: Any, sentence: str, rich: Question) -> None:
    answer = read(rich, **{name: leaf(value)})
    assert [claim.pointer for claim in answer.claims] == [f"/{name}"]
    assert answer.wrong == ((f"/{name}", sentence),)


def test_null_in_each_of_its_forms_is_an_answer(small: Question) -> None:
    left_out = {"printed": "", "confidence": 0.9}
    for null in (leaf(None), None, leaf(""), leaf("  "), left_out, {"value": None}):
        answer = read(small, total=null)
        assert not answer.claims
        assert answer.nulls == {"/total", "/name"}
        assert not answer.wrong


def test_a_null_with_something_printed_is_a_doubt(rich: Question) -> None:
    answer = read(rich, day=leaf(None, "31/02/2018"), state=leaf(None, "scrawl"))
    assert {"/day", "/state"} <= answer.nulls
    assert [(doubt.path, doubt.severity) for doubt in answer.doubts] == [("/state", "error"), ("/day", "warning")]
    assert all(word in answer.doubts[1].message for word in ("31/02/2018", "no value"))


def test_what_is_missing_is_named(rich: Question) -> None:
    answer = read_answer(
        '{"paid": {"value": true, "printed": "PAID", "confidence": 1}, "total": 9, "day": {}}', rich, 1
    )
    assert values(answer) == {"/paid": True}
    wrong = dict(answer.wrong)
    assert wrong["/currency"] == "/currency is missing"
    assert wrong["/total"] == "/total is a number, not an object of value, printed and confidence"
    assert wrong["/day"] == "/day has no value"
    assert wrong["/seller/name"] == wrong["/seller/place/a~1b~0c"] == "/seller is missing"
    assert wrong["/rows"] == "/rows is missing"
    assert not answer.nulls


@pytest.mark.parametrize("confidence", ["0.9", 1.5, -1, True, [0.9]])
def test_a_confidence_that_is_none_is_wrong_and_the_value_stays(confidence: Any, small: Question) -> None:
    answer = read(small, name=leaf("Tan", confidence=confidence))
    assert [(claim.value, claim.confidence) for claim in answer.claims] == [("Tan", UNTOLD)]
    assert [at for at, _ in answer.wrong] == ["/name"]


def test_no_confidence_or_a_low_one_is_a_doubt(rich: Question) -> None:
    told = {"value": "open", "printed": "open"}
    for state, confidence in ((told, UNTOLD), (leaf("open", confidence=0.3), 0.3)):
        answer = read(rich, state=state)
        assert [claim.confidence for claim in answer.claims] == [confidence]
        assert [(doubt.path, doubt.severity) for doubt in answer.doubts] == [("/state", "error")]  # it is critical
        assert not answer.wrong
    assert read(rich, currency=leaf("EUR", confidence=0.3)).doubts[0].severity == "warning"
    assert not read(rich, state=leaf("open", confidence=0.6)).doubts


def test_printed_falls_back_to_the_value(small: Question) -> None:
    assert read(small, total=leaf(9.5, "")).claims[0].printed == "9.5"
    answer = read(small, total={"value": 9.5, "printed": 9.5, "confidence": 1})
    assert answer.claims[0].printed == "9.5"
    assert [at for at, _ in answer.wrong] == ["/total"]


def test_what_was_not_asked_for_is_told_and_not_used(small: Question) -> None:
    answer = read(small, total={**leaf(9), "currency": "EUR"}, verdict="genuine")
    assert values(answer) == {"/total": 9}
    assert [doubt.path for doubt in answer.doubts] == ["/total", ""]
    assert '"verdict"' in answer.doubts[1].message


# ---------------------------------------------------------------- rows and maps


def row(amount: Any, day: Any = None) -> dict[str, Any]:
    return {"amount": leaf(amount), "of": {"day": leaf(day)}}


def test_rows_count_from_zero_in_their_order(rich: Question) -> None:
    answer = read(rich, rows=[row(1.5), row(None, "2018-12-25"), row(2)], tags=[leaf("a"), leaf("b")])
    assert values(answer) == {
        "/tags/0": "a",
        "/tags/1": "b",
        "/rows/0/amount": Decimal("1.5"),
        "/rows/1/of/day": "2018-12-25",
        "/rows/2/amount": 2,
    }
    assert {"/rows/0/of/day", "/rows/1/amount"} <= answer.nulls


def test_rows_without_anything_are_left_out_and_told(rich: Question) -> None:
    answer = read(rich, rows=[row(1.5), row(None), None, {}, row(2)], tags=[leaf(None), leaf("b")])
    assert values(answer) == {"/tags/0": "b", "/rows/0/amount": Decimal("1.5"), "/rows/1/amount": 2}
    assert [doubt.path for doubt in answer.doubts] == ["/tags", "/rows"]
    assert "3 rows" in answer.doubts[1].message


def test_what_is_printed_in_a_row_without_values_is_not_lost(rich: Question) -> None:
    answer = read(rich, rows=[{"amount": leaf(None, "~~"), "of": {"day": leaf(None)}}, row(2)])
    assert values(answer) == {"/rows/0/amount": 2}
    assert '"~~"' in answer.doubts[0].message


@pytest.mark.parametrize("rows", [[], None, [row(None)]])
def test_a_list_without_rows_answers_all_its_leaves_with_null(rows: Any, rich: Question) -> None:
    answer = read(rich, rows=rows)
    assert {"/rows/*/amount", "/rows/*/of/day", "/tags/*", "/entries/*", "/extras/*"} <= answer.nulls
    assert not answer.wrong


def test_what_is_wrong_in_a_row_is_told_with_its_row(rich: Question) -> None:
    answer = read(rich, rows=[row(2), row("x"), "total 9.00", {"amount": leaf(3)}])
    assert values(answer) == {"/rows/0/amount": 2, "/rows/3/amount": 3}
    assert [at for at, _ in answer.wrong] == ["/rows/1/amount", "/rows/2/amount", "/rows/2/of/day", "/rows/3/of/day"]


def test_a_list_that_is_none_is_wrong_as_a_whole(rich: Question) -> None:
    assert read(rich, rows={"amount": leaf(1)}).wrong == (("/rows", "/rows is an object, not a list"),)


def entry(name: Any, value: Any) -> dict[str, Any]:
    return {"name": name, **leaf(value)}


def test_entries_of_an_open_map_go_by_their_labels(rich: Question) -> None:
    told = [entry("Fax:", "1"), entry("a/b~c", "2"), entry("Fax", "3"), entry("7", "4"), entry("Left  blank", None)]
    answer = read(rich, entries=told)
    assert values(answer) == {
        "/entries/Fax": "1",
        "/entries/a~1b~0c": "2",
        "/entries/Fax (2)": "3",
        "/entries/7": "4",
    }
    assert "/entries/Left blank" in answer.nulls
    assert not answer.wrong


def test_entries_without_a_usable_name_are_left_out_and_told(rich: Question) -> None:
    told = [entry(None, 1), entry(" ", 2), entry("*", 3), entry("entries", 4), entry("b", 5), "text"]
    answer = read(rich, extras={"entries": leaf("kept"), "entries_": told})
    assert values(answer) == {"/extras/entries": "kept", "/extras/b": 5}
    assert [doubt.path for doubt in answer.doubts] == ["/extras"] * 5


# ---------------------------------------------------------------- there and back


def full(part: Part, number: int = 0) -> tuple[Any, Any]:
    """An answer for a part, and the data that is to become of it."""
    if part.shape == "object":
        return objects(part.parts, number)
    if part.shape == "rows":
        rows = [objects(part.parts, each) for each in (1, 2, 3)]
        return [told for told, _ in rows], [data for _, data in rows]
    value = value_of(part, number)
    if part.shape == "leaf":
        return leaf(value), value
    if part.shape == "values":
        return [leaf(value), leaf(value)], [value, value]
    names = ("Name", "Fax/Telex ~1", "2")
    return [entry(name, value) for name in names], dict.fromkeys(names, value)


def objects(shape: tuple[Part, ...], number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    told: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for part in shape:
        told[part.name], made = full(part, number)
        data |= made if part.name == "entries_" else {part.name: made}
    return told, data


def value_of(part: Part, number: int) -> Any:
    assert part.leaf is not None
    if part.leaf.choices:
        return part.leaf.choices[0]
    if part.leaf.pattern:
        return "EUR"
    if part.leaf.type == "string":
        return f"2018-12-{10 + number}" if part.leaf.kind == "date" else f"a {part.name} {number}"
    return {"number": Decimal("12.50") + number, "integer": 7 + number, "boolean": True}[part.leaf.type]


@pytest.mark.parametrize("name", [*SHIPPED, "rich"])
def test_a_full_answer_becomes_the_data_of_its_type(name: str, tmp_path: Path) -> None:
    doctype = rich_type(tmp_path) if name == "rich" else load_type(name)
    question = asked(doctype)
    told, wanted = objects(parts(question.leaves), 0)
    answer = read_answer(json.dumps(told, default=float), question, 1)
    assert (answer.wrong, answer.nulls, answer.doubts) == ((), frozenset(), ())
    fields, findings = claims_to_fields(answer.claims, doctype, {})
    data = fields_to_data(fields, doctype)
    assert data == wanted
    assert findings == ()
    assert schema_findings(data, doctype) == ()
    assert all(field.source == "vlm" and field.page == 1 for field in fields.values())


@pytest.mark.parametrize("name", [*SHIPPED, "rich"])
def test_an_answer_of_nulls_makes_no_claim_and_has_nothing_wrong(name: str, tmp_path: Path) -> None:
    question = asked(rich_type(tmp_path) if name == "rich" else load_type(name))
    answer = read_answer(written(question), question, 1)
    assert (answer.claims, answer.wrong, answer.doubts) == ((), (), ())
    assert answer.nulls == {each.pointer for each in question.leaves}
