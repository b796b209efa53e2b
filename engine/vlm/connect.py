"""The settings to a model that may be asked, or to none; everything that a slip could spoil is said before a call."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event

from engine.config import Config
from engine.errors import UsageError
from engine.vlm.ask import Vlm
from engine.vlm.budget import Budget, check_priced
from engine.vlm.cost import cost
from engine.vlm.fit import WRITTEN
from engine.vlm.model import Model, model_row
from engine.vlm.pace import Pace
from engine.vlm.providers import connect as connect_provider
from engine.vlm.providers import offline as offline_provider
from engine.vlm.record import Recorder
from engine.vlm.replay import Identity, Replay
from engine.vlm.retry import Policy
from engine.vlm.store import Store, default_root
from engine.vlm.wire import Fault, Provider, Tokens

LOOK = 10.0  # seconds that a server may take to list its models


def connect(config: Config, *, offline: bool = False) -> Vlm | None:
    """The model that the settings name; None without a provider or with ``no_vlm``. With ``offline`` it can only be
    rehearsed: neither key nor SDK is needed.

    Raises UsageError for a model that takes no images (unless ``allow_text_model``), a limit in dollars where the
    price is unknown, a missing key, or recordings that fit nothing; MissingDependency without the provider's SDK.
    """
    if config.provider is None or config.no_vlm:
        return None
    recordings = None
    store = None
    if config.provider == "replay":
        recordings = Replay(config.recordings or _cache(config), config.model)
        name, _, recorded = recordings.identity
        provider, model = offline_provider(name), model_row(name, recorded, config.models)
    else:
        provider, model = _live(config, offline=offline)
        store = None if config.no_cache else Store(_cache(config))
        if store and not offline:
            store.prepare()
    return _asking(config, provider, model, store, recordings)


def connect_recorded(config: Config, directory: Path, whose: tuple[str, str]) -> Vlm:
    """The model named by *whose* (provider and model) as its recordings below *directory* have it, be there none;
    nothing is sent. Raises UsageError for an unknown provider, and as :func:`connect` does."""
    identity = Identity(whose[0], "", whose[1])
    model = model_row(*whose, config.models)
    return _asking(config, offline_provider(whose[0]), model, None, Replay(directory, identity=identity))


def connect_recording(config: Config, directory: Path) -> Vlm:
    """The model that the settings name, whose answers are recorded in *directory*. Raises UsageError as
    :func:`connect` does, and where they name none."""
    vlm = connect(config)
    if vlm is None:
        raise UsageError("recording needs a model that may be asked: give --provider, and leave --no-vlm out")
    return replace(vlm, recorder=Recorder(directory, vlm.provider.name, vlm.model.name))


def _asking(config: Config, provider: Provider, model: Model, store: Store | None, recordings: Replay | None) -> Vlm:
    """A model that may be asked, within the limits of the settings. Raises UsageError."""
    if not model.vision and not config.allow_text_model:
        raise UsageError(
            f"{model.name} takes no images: name a vision model with --model, or give it the OCR text with"
            " --allow-text-model"
        )
    if model.vision and not set(model.formats) & set(WRITTEN):
        raise UsageError(f"{model.name} takes {', '.join(model.formats)}, and pages are sent as {', '.join(WRITTEN)}")
    max_usd = None if config.max_usd is None or recordings else Decimal(str(config.max_usd))
    check_priced(max_usd, cost(model, Tokens(1, 1)) is not None, model.name)
    stopped = Event()
    return Vlm(
        provider,
        model,
        store,
        Budget(max_usd, config.max_vlm_pages),
        Pace(config.vlm_jobs, config.requests_per_minute, sleep=stopped.wait),
        Policy(timeout=config.vlm_timeout, deadline=config.vlm_deadline, least=min(5.0, config.vlm_deadline / 10)),
        recordings,
        stopped,
    )


def _cache(config: Config) -> Path:
    return config.cache or default_root(os.environ)


def _live(config: Config, *, offline: bool) -> tuple[Provider, Model]:
    assert config.provider is not None  # noqa: S101 - the caller asks only then
    name = config.model
    if offline and (name is not None or config.provider != "openai-compatible"):
        provider = offline_provider(config.provider, config.base_url)
    else:
        provider = connect_provider(config.provider, config.base_url)
    if name is None and config.provider == "openai-compatible":
        name = _only_model(provider)
    return provider, model_row(config.provider, name, config.models)


def _only_model(provider: Provider) -> str:
    """The model that a server of one's own offers, where it is just one."""
    try:
        offered = provider.models(LOOK)
    except Fault as fault:
        raise UsageError(f"{provider.base_url} does not tell its models ({fault}): name one with --model") from fault
    if len(offered) != 1:
        raise UsageError(f"{provider.base_url} offers {', '.join(offered) or 'no model'}: name one with --model")
    return offered[0]
