"""The table of models: shipped rows, own rows, mistakes in them; and what tokens cost."""

from __future__ import annotations

import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.leaf import schema_leaves
from engine.vlm.cost import cost, estimate_tokens
from engine.vlm.image import Image, image_from_bytes
from engine.vlm.model import SHIPPED, ImageTokens, Model, model_row
from engine.vlm.question import Question
from engine.vlm.wire import Tokens
from tests.vlm.test_image import picture

PROVIDERS = ("anthropic", "openai", "openai-responses", "google")


# ---------------------------------------------------------------------------------------------------- shipped


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_a_default_model_that_sees_and_has_a_price(provider: str) -> None:
    model = model_row(provider, None)
    assert model.provider == provider
    assert model.vision
    price = cost(model, Tokens(1_000_000, 0))
    assert price is not None
    assert price > 0


def test_openai_responses_has_the_rows_of_openai() -> None:
    chat, responses = model_row("openai", "gpt-4o"), model_row("openai-responses", "gpt-4o")
    assert (chat.pixels, chat.output_tokens) == (responses.pixels, responses.output_tokens)


def test_an_unheard_of_model_has_its_providers_usual_limits() -> None:
    model = model_row("anthropic", "claude-nonesuch-9")
    assert (model.name, model.side, model.dialect, model.vision) == ("claude-nonesuch-9", 1568, "anthropic", True)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("claude-sonnet-5-5", 2576),
        ("claude-opus-5", 2576),
        ("claude-opus-4-8", 2576),
        ("claude-opus-4-5-20251101", 1568),  # also fits claude-*-5*
        ("claude-3-5-sonnet-latest", 1568),
        ("claude-opus-4-20250514", 1568),
    ],
)
def test_the_narrowest_match_wins(name: str, side: int) -> None:
    assert model_row("anthropic", name).side == side


@pytest.mark.parametrize(
    ("provider", "name"),
    [("openai", "gpt-oss-120b"), ("openai-compatible", "openai/GPT-OSS-20B"), ("openai", "o3-mini")],
)
def test_text_models_see_nothing(provider: str, name: str) -> None:
    assert not model_row(provider, name).vision


def test_a_server_of_ones_own_must_be_told_its_model() -> None:
    with pytest.raises(UsageError, match="--model"):
        model_row("openai-compatible", None)


def test_a_provider_without_rows_is_an_error() -> None:
    with pytest.raises(UsageError, match=r'"antropic": use anthropic, google'):
        model_row("antropic", None)


def test_the_shipped_table_stands_up_to_the_checks_of_an_own_one(tmp_path: Path) -> None:
    own = tmp_path / "models.toml"
    own.write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
    assert model_row("openai", None, own) == model_row("openai", None)


# ------------------------------------------------------------------------------------------------------- own


def own_table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my-models.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_rows_win_key_by_key(tmp_path: Path) -> None:
    own = own_table(
        tmp_path,
        """
        [[openai]]
        match = "gpt-4o*"
        images = 2
        input_price = 1.10
        output_price = 4
        image_tokens = {patch = 16, factor = 1.5}
        """,
    )
    shipped, model = model_row("openai", "gpt-4o"), model_row("openai", "gpt-4o", own)
    assert (model.images, model.input_price, model.output_price) == (2, Decimal("1.10"), Decimal(4))
    assert model.image_tokens == ImageTokens(16, Decimal("1.5"))
    assert (model.pixels, model.formats) == (shipped.pixels, shipped.formats)
    assert model_row("openai", "gpt-5.5", own) == model_row("openai", "gpt-5.5")


def test_an_own_wide_match_wins_over_a_shipped_narrow_one(tmp_path: Path) -> None:
    own = own_table(tmp_path, '[[anthropic]]\nmatch = "*"\nside = 1000')
    assert model_row("anthropic", "claude-sonnet-5-5", own).side == 1000


def test_an_own_default_wins(tmp_path: Path) -> None:
    own = own_table(tmp_path, '[[openai-compatible]]\nmatch = "qwen3-vl:8b"\ndefault = true')
    assert model_row("openai-compatible", None, own).name == "qwen3-vl:8b"


def test_an_own_default_wins_over_a_shipped_one(tmp_path: Path) -> None:
    own = own_table(tmp_path, '[[openai]]\nmatch = "gpt-5.5"\ndefault = true')
    assert model_row("openai", None, own).name == "gpt-5.5"


def test_an_exact_name_is_narrower_than_any_pattern(tmp_path: Path) -> None:
    own = own_table(tmp_path, '[[openai]]\nmatch = "tiny"\nside = 1\n[[openai]]\nmatch = "tiny*****"\nside = 2')
    assert model_row("openai", "tiny", own).side == 1


MISTAKES: list[tuple[str, str]] = [
    ('[[openai]]\nmatch = "a"\nvison = true', r'my-models\.toml: \[\[openai\]\] row 1 \("a"\).*"vison".*"vision"'),
    ('[[openai]]\nmatch = "b"\n[[openai]]\nmatch = "a"\nside = "2048"', r"row 2 .*side is '2048'.*whole number"),
    ('[[openai]]\nmatch = "a"\nside = true', "side is True"),
    ('[[openai]]\nmatch = "a"\nside = 0', "above 0"),
    ('[[openai]]\nmatch = "a"\nvision = "yes"', "true or false"),
    ('[[openai]]\nmatch = "a"\ndialect = "gemni"', "openai, anthropic, gemini"),
    ('[[openai]]\nmatch = "a"\nformats = ["png"]', "image/png"),
    ('[[openai]]\nmatch = "a"\nformats = []', "image/png"),
    ('[[openai]]\nmatch = "a"\ninput_price = 1', "both input_price and output_price"),
    ('[[openai]]\nmatch = "a"\ninput_price = -1\noutput_price = 1', "US dollars"),
    ('[[openai]]\nmatch = "a"\ninput_price = nan\noutput_price = 1', "US dollars"),
    ('[[openai]]\nmatch = "a*"\ndefault = true', "exact name"),
    ('[[openai]]\nmatch = "a"\nimage_tokens = 5', "must be a table"),
    ('[[openai]]\nmatch = "a"\nimage_tokens = {pach = 5}', r'"pach": did you mean "patch"'),
    ('[[openai]]\nmatch = "a"\nimage_tokens = {patch = 0}', "at least 1"),
    ("[[openai]]\nside = 5", "needs match"),
    ('[openai]\nmatch = "a"', r"begin each with \[\[openai\]\]"),
    ('[[opnai]]\nmatch = "a"', r'unknown provider "opnai": did you mean "openai"'),
    ('[[openai-responses]]\nmatch = "a"', r"write \[\[openai\]\]"),
    ("match =", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        model_row("openai", "gpt-4o", own_table(tmp_path, text))


def test_a_missing_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml does not exist"):
        model_row("openai", "gpt-4o", tmp_path / "none.toml")


# ------------------------------------------------------------------------------------------------------- cost


def test_known_prices_are_in_the_list_that_is_installed() -> None:
    model = model_row("openai", "gpt-4o")  # 2.50 in, 10.00 out, 1.25 cached: old enough to stay so
    assert cost(model, Tokens(1_000_000, 0)) == Decimal("2.5")
    assert cost(model, Tokens(0, 1_000_000)) == Decimal(10)
    assert cost(model, Tokens(1_000_000, 0, cached=1_000_000)) == Decimal("1.25")
    assert cost(model_row("openai-responses", "gpt-4o"), Tokens(1_000_000, 0)) == Decimal("2.5")


def test_own_prices_win(tmp_path: Path) -> None:
    own = own_table(tmp_path, '[[openai]]\nmatch = "gpt-4o"\ninput_price = 1\noutput_price = 0.5')
    assert cost(model_row("openai", "gpt-4o", own), Tokens(3_000, 500, cached=1_000)) == Decimal("0.00325")


def test_a_server_of_ones_own_costs_what_its_row_says(tmp_path: Path) -> None:
    assert cost(model_row("openai-compatible", "gpt-4o"), Tokens(1000, 10)) is None
    own = own_table(tmp_path, '[[openai-compatible]]\nmatch = "*"\ninput_price = 0\noutput_price = 0')
    assert cost(model_row("openai-compatible", "gpt-4o", own), Tokens(1000, 10)) == 0


@pytest.mark.parametrize("name", ["gpt-nonesuch", "gemma-3"])
def test_an_unknown_price_is_none_and_not_nothing(name: str) -> None:
    provider = "google" if name.startswith("gemma") else "openai"
    assert cost(model_row(provider, name), Tokens(1000, 10)) is None


def test_a_cache_larger_than_the_input_does_not_stop_a_page() -> None:
    model = model_row("openai", "gpt-4o")
    assert cost(model, Tokens(1000, 0, cached=2000)) == cost(model, Tokens(1000, 0, cached=1000))


def test_a_price_is_told_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> Any:
        raise AssertionError("a price was looked up on the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    assert cost(model_row("anthropic", "claude-sonnet-4-5"), Tokens(1000, 10)) is not None


# --------------------------------------------------------------------------------------------------- estimate


def question(*images: Image, text: str = "") -> Question:
    schema = {
        "type": "object",
        "properties": {
            "total": {"type": "number"},
            "rows": {
                "type": "array",
                "items": {"type": "object", "properties": {"amount": {"type": "number"}}},
            },
        },
    }
    return Question("", text, images, schema, schema_leaves(schema), 10_000)


def image(width: int, height: int) -> Image:
    return image_from_bytes(picture(size=(width, height)))


@pytest.mark.parametrize(
    ("provider", "name", "tokens"),
    [
        ("anthropic", "claude-sonnet-5-5", 36 * 72),  # ceil(1000 / 28) * ceil(2000 / 28)
        ("anthropic", "claude-sonnet-4-5", 1568),  # its cap
        ("openai", "gpt-5.5", 2420),  # 32 * 63 squares, 1.2 each, rounded up
        ("google", "gemini-3.8-flash", 1120),
    ],
)
def test_images_are_estimated_by_the_rows_rule(provider: str, name: str, tokens: int) -> None:
    model = model_row(provider, name)
    with_image, without = estimate_tokens(model, question(image(1000, 2000))), estimate_tokens(model, question())
    assert with_image.input - without.input == tokens


def test_text_schema_and_leaves_are_estimated() -> None:
    model: Model = model_row("openai", "gpt-5.5")
    bare, long = estimate_tokens(model, question()), estimate_tokens(model, question(text="x" * 4000))
    assert bare.input > 0  # the schema is sent too
    assert long.input - bare.input == 1000
    assert 0 < bare.output < 10_000
