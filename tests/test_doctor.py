"""The doctor tells which providers are configured and whether they answer, and never a key."""

from __future__ import annotations

import pytest

from engine.config import Config
from engine.doctor import Part, examine, parts_to_text
from tests.vlm import servers

http, server = servers.http, servers.server

OF_URL = {
    "anthropic": "ANTHROPIC_BASE_URL",
    "openai": "OPENAI_BASE_URL",
    "google": "GOOGLE_GEMINI_BASE_URL",
}


@pytest.fixture
def at_home(server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> servers.Server:
    """Every provider's usual address leads to loopback."""
    for name, variable in OF_URL.items():
        monkeypatch.setenv(variable, server.base_url(name))
    return server


def parts(config: Config | None = None) -> dict[str, Part]:
    return {part.name: part for part in examine(config or Config())}


def test_providers_with_a_key_are_reached(at_home: servers.Server) -> None:
    found = parts()
    assert {found[name].state for name in OF_URL} == {"ok"}
    assert "ANTHROPIC_API_KEY is set" in found["anthropic"].detail
    assert at_home.base_url("openai") in found["openai"].detail
    assert found["openai-compatible"].state == "optional"
    assert all(line.startswith("GET ") and "/models" in line for line in at_home.seen)
    assert not any(key in parts_to_text(tuple(found.values())) for key in servers.KEYS.values())


def test_a_refused_key_is_told_with_its_remedy(at_home: servers.Server) -> None:
    at_home.fail["GET "] = servers.status(401)
    found = parts()["anthropic"]
    assert found.state == "optional"
    assert "ANTHROPIC_API_KEY" in (found.remedy or "")
    assert parts(Config(provider="anthropic"))["anthropic"].state == "missing"


def test_without_a_key_nobody_is_asked(at_home: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in servers.KEYS:
        monkeypatch.delenv(name)
    found = parts()
    assert {found[name].state for name in OF_URL} == {"optional"}
    assert "export GEMINI_API_KEY=…" in (found["google"].remedy or "")
    assert at_home.seen == []


def test_a_server_of_ones_own(at_home: servers.Server) -> None:
    config = Config(provider="openai-compatible", base_url=at_home.base_url("openai-compatible"))
    assert "2 models" in parts(config)["openai-compatible"].detail
    lost = Config(provider="openai-compatible", base_url="http://127.0.0.1:9/v1")
    found = parts(lost)["openai-compatible"]
    assert found.state == "missing"
    assert "cannot be reached" in (found.remedy or "")
