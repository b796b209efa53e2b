"""A JSON file read exactly: numbers as decimals, each name once, nothing that JSON does not have."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.pointer import escape

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_SLIPS = {
    "'": 'JSON has double quotes only: write "',
    "//": 'JSON has no comments: use a "$comment"',
    "/*": 'JSON has no comments: use a "$comment"',
    "#": 'JSON has no comments: use a "$comment"',
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "“": 'a typographic quote: write "',
}


def read_json(path: Path, what: str, content: bytes | None = None) -> Any:
    """The data of a file. Raises UsageError, naming the file, for what is no JSON; ``what`` it should hold.

    ``content`` is what was read of the file already.
    """
    try:
        return json.loads(
            (path.read_bytes() if content is None else content).decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{path}: not valid JSON at {at}: {error.msg}{_meant(error)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; save {what} as UTF-8") from None
    except (ValueError, ArithmeticError):  # thousands of digits, or an exponent beyond all measure
        raise UsageError(f"{path}: holds a number of too many digits") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply for {what}") from None
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist: check its path") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def positions(text: str) -> dict[str, int]:
    """Pointer -> offset in the text of valid JSON, of a member at its name, of an element or the root at its value."""
    found: dict[str, int] = {}
    inside: list[tuple[str, int | None]] = []  # pointer of each open container, and the next index of a list
    name: str | None = None
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part in "}]":
            inside.pop()
        elif part == ",":
            around, index = inside.pop()
            inside.append((around, None if index is None else index + 1))
            name = None
        elif part != ":":
            around, index = inside[-1] if inside else ("", 0)
            if index is None and name is None:
                name = f"{around}/{escape(json.loads(part))}"
                found[name] = match.start()
                continue
            here = name or (f"{around}/{index}" if inside else "")
            found.setdefault(here, match.start())
            if part in "{[":
                inside.append((here, None if part == "{" else 0))
                name = None
    return found


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Both from 1, as editors count."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _meant(error: json.JSONDecodeError) -> str:
    """The usual slip behind a syntax error, where it is plain."""
    text, at = error.doc, error.pos
    before, here = text[:at].rstrip(), text[at:].lstrip()[:5]
    if here[:1] in ("}", "]") and before.endswith(","):
        return f'; take out the comma before the "{here[:1]}"'
    for sign, words in _SLIPS.items():
        if here.startswith(sign):
            return f"; {words}"
    if error.msg == "Expecting ',' delimiter" and here[:1] == '"':
        return "; is the comma of the line before missing?"
    return ""


def _no_constant(word: str) -> Any:
    raise UsageError(f"{word} is not JSON; write a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f'the name "{twice}" stands twice in one object; JSON keeps only the last')
    return made
