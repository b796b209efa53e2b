"""What becomes of a document when its model misbehaves: every provider times every way, and the table of it.

``python -m tests.vlm.outcomes`` prints the table; the tests take the same ways from here.
"""

from __future__ import annotations

import itertools
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image, ImageDraw, ImageFont
from pytest_httpserver import HTTPServer

from engine import flow
from engine.as_text import columns
from engine.config import Config
from engine.page import Reading
from engine.result import Missing, Outcome, Result
from engine.vlm.ask import Vlm
from engine.vlm.connect import connect
from engine.vlm.retry import Policy
from tests.vlm import servers
from tests.vlm.answers import answer_text, prose_answer
from tests.vlm.servers import Asked, Handler, Play

QUICK = Policy(attempts=2, deadline=20, timeout=10, least=0.01, first_wait=0.01, longest_wait=0.02, jitter=0)
HASTY = replace(QUICK, timeout=0.2)  # for servers that never come to an end

LINES = (
    "TIGA MERPATI HARDWARE",
    "12 Harbour Street, Leeds",
    "Date: 14/03/2024",
    "Description      Qty   Price   Amount",
    "Hammer 3 1.50 4.50",
    "Paint 2 10.00 20.00",
    "Subtotal 24.50",
    "Tax 1.47",
    "Total 25.97",
)
DATA: dict[str, Any] = {
    "company": "TIGA MERPATI HARDWARE",
    "address": "12 Harbour Street, Leeds",
    "date": "2024-03-14",
    "total": Decimal("25.97"),
    "subtotal": Decimal("24.50"),
    "tax": Decimal("1.47"),
    "cash": None,
    "change": None,
    "line_items": [
        {"description": "Hammer", "quantity": 3, "unit_price": Decimal("1.50"), "amount": Decimal("4.50")},
        {"description": "Paint", "quantity": 2, "unit_price": Decimal("10.00"), "amount": Decimal("20.00")},
    ],
}


@dataclass(frozen=True)
class Way:
    """A way in which a model or its server answers, and what must become of the page.

    ``missing`` is why a value that OCR has not read either is null; ``attempts`` the tries that it takes, where that
    is the same on every wire.
    """

    name: str
    make: Callable[[], Handler]
    outcome: Outcome
    missing: Missing = "failed"
    policy: Policy = QUICK
    attempts: int | None = None


def page_of(lines: Sequence[str | Sequence[str]], path: Path, size: int = 28) -> Path:
    """A page of print: lines, or the four cells of a row in columns."""
    image = Image.new("L", (760, 60 + 50 * len(lines)), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for number, line in enumerate(lines):
        for x, text in zip((40, 330, 450, 590), (line,) if isinstance(line, str) else line, strict=False):
            draw.text((x, 30 + 50 * number), text, fill=0, font=font)
    image.save(path)
    return path


def truly(asked: Asked) -> str:
    """The right answer to a question."""
    return answer_text(asked.schema, DATA)


def is_whole(asked: Asked) -> bool:
    """Whether all was asked for at once: rows and single fields, of all of the page."""
    return {"company", "line_items"} <= set(asked.schema["properties"])


def _says(text: Callable[[Asked], str]) -> Callable[[], Handler]:
    return lambda: lambda asked: servers.answer(text(asked))


def _plays(play: Callable[[], Play]) -> Callable[[], Handler]:
    return lambda: lambda _: play()


def _first(play: Callable[[], Play]) -> Callable[[], Handler]:
    """*play* at first, then the right answer."""

    def make() -> Handler:
        turns = itertools.count()
        return lambda asked: play() if next(turns) == 0 else servers.answer(truly(asked))

    return make


def _truncated(asked: Asked) -> Play:
    return servers.truncate(truly(asked)[:-20])


def _truncated_whole(asked: Asked) -> Play:
    """Cut off where all is asked for at once."""
    return _truncated(asked) if is_whole(asked) else servers.answer(truly(asked))


def _wrong_type(asked: Asked) -> str:
    return answer_text(asked.schema, DATA).replace('"value": 25.97', '"value": true')


def _duplicate(asked: Asked) -> str:
    text = truly(asked)
    return text.replace('{"company"', '{"total": {"value": 1}, "company"', 1)


REFUSAL = "I'm sorry, but I can't help with reading this document."

WAYS = (
    Way("well", _says(truly), "complete", "absent", attempts=1),
    Way("fenced", _says(lambda a: f"```json\n{truly(a)}\n```"), "complete", "absent", attempts=1),
    Way("prose around it", _says(lambda a: prose_answer(a.schema, DATA)), "complete", "absent", attempts=1),
    Way("thoughts before it", _says(lambda a: f"<think>{{?}}</think>{truly(a)}"), "complete", "absent", attempts=1),
    Way("trailing comma", _says(lambda a: truly(a)[:-1] + ",}"), "complete", "absent", attempts=1),
    Way("refused by a flag", _plays(servers.refuse_flag), "refused", "refused", attempts=1),
    Way("refused by structure", _plays(servers.refuse_structurally), "refused", "refused", attempts=1),
    Way("refused in prose", _says(lambda _: REFUSAL), "refused", "refused", attempts=1),
    Way("cut off, then in pieces", lambda: _truncated_whole, "complete", "absent", attempts=3),
    Way("cut off always", lambda: _truncated, "truncated", "truncated"),
    Way("malformed once", _first(lambda: servers.answer('{"company": ')), "complete", "absent", attempts=2),
    Way("wrong type", _says(_wrong_type), "malformed", attempts=2),
    Way("a name twice", _says(_duplicate), "malformed", attempts=2),
    Way("two objects", _says(lambda a: truly(a) + truly(a)), "malformed", attempts=2),
    Way("broken JSON within", _says(lambda a: truly(a)[:-30]), "malformed", attempts=2),
    Way("empty text", _says(lambda _: ""), "malformed"),
    Way("empty body", _plays(servers.empty), "malformed", attempts=2),
    Way("HTML with 200", _plays(servers.html), "malformed", attempts=2),
    Way("broken JSON with 200", _plays(servers.broken_json), "malformed", attempts=2),
    Way("401", _plays(lambda: servers.status(401)), "failed", attempts=1),
    Way("413", _plays(lambda: servers.status(413)), "failed", attempts=1),
    Way("429", _plays(lambda: servers.status(429)), "rate_limited", attempts=2),
    Way("429, Retry-After: 0", _plays(lambda: servers.status(429, {"Retry-After": "0"})), "rate_limited", attempts=2),
    Way("429, too long", _plays(lambda: servers.status(429, {"Retry-After": "900"})), "rate_limited", attempts=1),
    Way("429 once", _first(lambda: servers.status(429)), "complete", "absent", attempts=2),
    Way("500", _plays(lambda: servers.status(500)), "failed", attempts=2),
    Way("529", _plays(lambda: servers.status(529)), "failed", attempts=2),
    Way("529 once", _first(lambda: servers.status(529)), "complete", "absent", attempts=2),
    Way("silence", _plays(servers.hang), "failed", policy=HASTY, attempts=2),
    Way("a drip", _plays(servers.drip), "failed", policy=HASTY, attempts=2),
    Way("hangs up in the body", _plays(servers.disconnect_mid_body), "failed", attempts=2),
)


def settings(provider: str, server: servers.Server, **changed: Any) -> Config:
    """All pages to a model of the server; nothing is kept unless told."""
    model = "m-1" if provider == "openai-compatible" else None
    given: dict[str, Any] = {"route": "vlm", "no_cache": "cache" not in changed, "model": model, **changed}
    return Config(provider=provider, base_url=server.base_url(provider), **given)  # type: ignore[arg-type]


def quick(config: Config, policy: Policy = QUICK) -> Vlm:
    """The model of the settings, with short waits."""
    vlm = connect(config)
    assert vlm is not None
    return replace(vlm, policy=policy)


def extract(path: Path, type: str, config: Config, policy: Policy = QUICK) -> Result:
    return flow.extract(path, type=type, config=config, vlm=quick(config, policy))


@contextmanager
def read_once() -> Iterator[None]:
    """OCR reads each document once, however often it is extracted meanwhile: these are no tests of OCR."""
    read: dict[tuple[object, ...], tuple[Reading, ...]] = {}
    really = flow.read_pages

    def remembered(document: Any, ocr: Any, config: Config, progress: Any = None) -> tuple[Reading, ...]:
        key = (document.sha256, config.pages, config.lang)
        if key not in read:
            read[key] = really(document, ocr, config, progress)
        return read[key]

    with patch.object(flow, "read_pages", remembered):
        yield


def table() -> str:
    """The ways, and for each provider how the page ended, in how many tries, and the document."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, HTTPServer(threaded=True) as http, read_once():
        page = page_of(LINES, Path(folder) / "receipt.png")
        for way in WAYS:
            cells = []
            for provider in servers.PROVIDERS:
                server = servers.Server(http)
                server.handler = way.make()
                result = extract(page, "receipt", settings(provider, server), way.policy)
                server.over.set()
                told = result.pages[0]
                cells.append(f"{told.outcome} {told.attempts} {result.status}")
            rows.append((way.name, *cells))
    return columns([("the model or its server", *servers.PROVIDERS), *rows])


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("engine").setLevel(logging.ERROR)
    os.environ.update(servers.KEYS)
    print(table())  # noqa: T201 - a table for people
