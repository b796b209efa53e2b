"""A JSON file read exactly: numbers as decimals, each name once, nothing that JSON does not have."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.errors import UsageError


def read_json(path: Path, what: str) -> Any:
    """The data of a file. Raises UsageError, naming the file, for what is no JSON; ``what`` it should hold."""
    try:
        return json.loads(
            path.read_text(encoding="utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}: not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
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


def _no_constant(word: str) -> Any:
    raise UsageError(f"{word} is not JSON; write a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f'the name "{twice}" stands twice in one object; JSON keeps only the last')
    return made
