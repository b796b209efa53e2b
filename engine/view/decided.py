"""What people decided of the engine's values: pairs of a confidence and whether the value was right.

``engine review`` writes ``RESULTS/.engine/review.jsonl``, a line a decision. Only what is needed to say whether the
engine was right is read here: accept says that it was, correct and absent that it was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RIGHT = {"accept": True, "correct": False, "absent": False}


def judged(file: Path) -> dict[str, list[tuple[float, bool]]]:
    """Result file name -> (confidence, right) of its decided values; empty where nobody has decided anything.

    Of several decisions about one place the last counts, what was undone does not, and neither does a value that a
    person had given.
    """
    last: dict[tuple[str, str], tuple[float, bool]] = {}
    lines = list(_lines(file))
    undone = {line.get("undoes") for line in lines if line.get("kind") == "undo"}
    for line in lines:
        was, right = line.get("was"), RIGHT.get(str(line.get("kind")))
        if right is None or line.get("id") in undone or not isinstance(was, dict) or was.get("source") == "human":
            continue
        confidence = was.get("confidence")
        if isinstance(confidence, int | float):
            last[str(line.get("result")), str(line.get("path"))] = (float(confidence), right)
    found: dict[str, list[tuple[float, bool]]] = {}
    for (result, _), pair in last.items():
        found.setdefault(result, []).append(pair)
    return found


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_bytes().splitlines()
    except OSError:  # nobody has reviewed these results, or they are not ours to look at
        return
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:  # the end of a line that a crash cut off
            continue
        if isinstance(told, dict):
            yield told
