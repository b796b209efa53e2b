"""What `engine schema check` says: all that is wrong, where, what was meant, and how a sound type is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.doctype import list_types
from engine.exact_json import line_and_column, positions
from engine.pointer import tokens, unescape
from engine.type_check import check_type, report

ROOT = Path(__file__).parent.parent
WRONG = """{
  "type": "object",
  "x-lables": ["a"],
  "x-checks": ["total == nett", "total ="],
  "properties": {
    "net": {"type": "number", "x-kind": "monye"},
    "total": {"type": "number", "titel": "Total"},
    "iban": {"type": "string", "x-check-digits": "ibann", "format": "dat"}
  },
  "required": ["totals"]
}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "slip.json"
    path.write_text(text, encoding="utf-8")
    return path


def checked(folder: Path, properties: dict[str, Any], **root: Any) -> str:
    path = written(folder, json.dumps({"type": "object", "properties": properties, **root}))
    return report(check_type(path), whole=True)


def test_all_mistakes_come_at_once_each_with_its_place(tmp_path: Path) -> None:
    found = check_type(written(tmp_path, WRONG))
    assert [str(remark) for remark in found.wrong] == [
        '3:3: /x-lables: unknown keyword "x-lables"; did you mean "x-labels"?',
        '6:31: /properties/net/x-kind: "x-kind" must be one of money, date, identifier, quantity, percent, name,'
        ' address, text; did you mean "money"?',
        '8:32: /properties/iban/x-check-digits: "x-check-digits" must be a number format of python-stdnum,'
        ' such as iban, bic, ean, isbn, luhn, eu.vat or us.rtn; did you mean "iban"?',
        '4:16: /x-checks/0: unknown field "nett"; did you mean "net"?',
        '4:33: /x-checks/1: the rule "total =" cannot be read: write "==" for "is equal to"',
    ]
    assert [str(remark) for remark in found.doubtful] == [
        '10:16: /required/0: there is no field "totals" to require; did you mean "total"?',
        '7:33: /properties/total/titel: "titel" is no keyword and does nothing; did you mean "title"?',
        '8:59: /properties/iban/format: the format "dat" is not known and never checked; did you mean "date"?',
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            '{"a": 1,}',
            'line 1, column 9: Expecting property name enclosed in double quotes; take out the comma before the "}"',
        ),
        ('{"a": [1,\n2,]}', 'line 2, column 3: Expecting value; take out the comma before the "]"'),
        ("{'a': 1}", 'write "'),
        ('{"a": 1 // one\n}', 'use a "$comment"'),
        ('{"a": True}', "write true"),
        ('{"a": 1\n "b": 2}', "is the comma of the line before missing?"),
    ],
)
def test_a_slip_in_json_is_told_with_what_was_meant(tmp_path: Path, text: str, meant: str) -> None:
    (remark,) = check_type(written(tmp_path, text)).wrong
    assert meant in str(remark)


def test_a_sound_type_comes_with_how_it_is_read(tmp_path: Path) -> None:
    fields = {"total": {"type": "number"}, "net": {"type": "number", "x-kind": "quantity", "x-critical": True}}
    lines = checked(tmp_path, fields, **{"x-checks": ["net <= total"]}).splitlines()
    assert lines[0].startswith("ok ")
    assert [line.split() for line in lines[2:4]] == [
        ["/total", "number", "money", "(inferred)", "total", "first"],
        ["/net", "number", "quantity", "net", "first", "critical"],
    ]
    assert lines[4] == "rule  net <= total  (error): net = /net, total = /total"


def test_what_a_strict_mode_cannot_say_is_told(tmp_path: Path) -> None:
    said = checked(
        tmp_path, {"code": {"type": "string", "pattern": "^[A-Z]{3}$"}, "n": {"type": "number", "minimum": 0}}
    )
    assert '/code: "pattern" cannot be said in the strict mode of anthropic, gemini' in said
    assert '/n: "minimum" cannot be said in the strict mode of anthropic' in said


def test_two_fields_of_the_same_labels_are_doubtful(tmp_path: Path) -> None:
    same = {"type": "number", "x-labels": ["Amount"]}
    assert '/properties/b/x-labels: these are the labels of "a" too' in checked(tmp_path, {"a": same, "b": same})


def test_what_does_nothing_is_doubtful(tmp_path: Path) -> None:
    placed = {"x-place": {"box": [0, 0, 1, 1]}}
    row = {"type": "object", "properties": {"price": {"type": "number", **placed}}}
    fields = {
        "total": {"type": "number", **placed},
        "items": {"type": "array", "items": row, **placed},
        "sender": {"type": "object", "properties": {"items": {"type": "string", **placed}}, **placed},
        "iban": {"type": "string", "x-check-digits": "iban"},
        "code": {"type": "integer", "x-check-digits": "luhn"},
        "choice": {"type": ["string", "null"], "enum": [None]},
        "none": {"type": "string", "enum": []},
    }
    said = checked(tmp_path, fields)
    assert sorted(re.findall(r"note +\S+:\d+:\d+: (\S+): (.*?) ", said.replace(": allows", ': "enum" allows'))) == [
        ("/properties/choice/enum", '"enum"'),
        ("/properties/code/x-check-digits", '"x-check-digits"'),
        ("/properties/items/items/properties/price/x-place", '"x-place"'),
        ("/properties/items/x-place", '"x-place"'),
        ("/properties/none/enum", '"enum"'),
        ("/properties/sender/x-place", '"x-place"'),
    ]


def test_a_type_nested_beyond_measure_is_told_in_a_sentence(tmp_path: Path) -> None:
    node: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        node = {"type": "object", "properties": {"a": node}}
    (remark,) = check_type(written(tmp_path, json.dumps(node))).wrong
    assert remark.words == "nested more than 60 levels deep; put the fields nearer to the root"


def test_the_shipped_types_have_nothing_doubtful_but_for_providers() -> None:
    for _, path in list_types():
        found = check_type(path)
        assert found.wrong == ()
        assert [r for r in found.doubtful if "strict" not in r.words] == []


def test_whatever_stands_where_it_does_not_belong_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    text = (ROOT / "schemas" / "receipt.json").read_text(encoding="utf-8")
    told = 0
    for pointer in [*positions(text)][::12]:
        for value in (1, "x", None, [], {}, ["a"], {"a": 1}):
            schema = json.loads(text)
            if pointer:
                put(schema, pointer, value)
            told += bool(check_type(written(tmp_path, json.dumps(schema))).wrong)
    assert told > 50


def put(schema: Any, pointer: str, value: Any) -> None:
    *path, last = (unescape(token) for token in tokens(pointer))
    for token in path:
        schema = schema[int(token)] if isinstance(schema, list) else schema[token]
    schema[int(last) if isinstance(schema, list) else last] = value


def test_every_pointer_of_a_file_has_its_place() -> None:
    text = '{\n  "a/b": [1, {"c": "}"}],\n  "d": {}\n}'
    places = {pointer: line_and_column(text, at) for pointer, at in positions(text).items()}
    assert places == {
        "": (1, 1),
        "/a~1b": (2, 3),
        "/a~1b/0": (2, 11),
        "/a~1b/1": (2, 14),
        "/a~1b/1/c": (2, 15),
        "/d": (3, 3),
    }


def test_samples_show_what_is_found_and_what_is_printed_nowhere(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    fields = {
        "total": {"type": "number", "x-labels": ["total", "never printed"]},
        "color": {"type": "string", "x-labels": ["colour of ink"]},
    }
    path = written(tmp_path, json.dumps({"type": "object", "properties": fields}))
    samples = [str(ROOT / "fixtures" / name / "receipt.jpg") for name in ("receipt_thermal", "receipt_thermal")]
    with pytest.raises(SystemExit) as ended:
        main(["schema", "check", str(path), "--samples", *samples])
    out = capsysbinary.readouterr().out.decode()
    assert ended.value.code == 0
    assert out.count("\nsample ") == 2
    assert [line.split()[1] for line in out.splitlines() if line.startswith("/total  ")][1:] == ["89.15", "89.15", "2"]
    assert "against the values beside 2 of the samples:" in out
    assert "note   /company: has values beside the samples, but is no field of the type" in out
    assert "note   /total: printed on no sample: never printed" in out
    assert "note   /color: found on no sample, none of its labels is printed there" in out
