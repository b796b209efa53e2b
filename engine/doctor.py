"""What is installed on this machine, and the line to run for what is not. Asks programs, changes nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from engine import __version__
from engine.config import Config
from engine.doctype import list_types, load_type
from engine.errors import EngineError, UsageError
from engine.vlm.connect import connect as connect_model
from engine.vlm.providers import KEYS, configured, connect
from engine.vlm.wire import Fault

OLDEST_PYTHON = (3, 11)
LOOK = 5.0  # seconds a provider may take to list its models
TIMEOUT = 20  # seconds a program may take to tell its version
EXTRAS = {
    "heic": "pillow_heif",
    "google": "google.genai",
    "fast": "onnxruntime",
    "split": "zxingcpp",
    "parquet": "pyarrow",
    "remote": "fsspec",
    "web": "fastapi",
}
"""Each optional extra with the module it brings."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the engine needs (``missing`` where it is not there) or can use (then ``optional``)."""

    name: str
    state: Literal["ok", "missing", "optional"]
    detail: str
    remedy: str | None = None


def examine(config: Config) -> tuple[Part, ...]:
    """All parts, in the order in which a document meets them. Never raises for what is not there."""
    return (
        _python(),
        _poppler(),
        *_tesseract(config.lang),
        *(_extra(name, module) for name, module in EXTRAS.items()),
        _schemas(config),
        *_providers(config),
    )


def parts_to_text(parts: tuple[Part, ...]) -> str:
    """A line a part, its remedy below it, and what it comes to."""
    lines = [f"engine {__version__}"]
    for part in parts:
        lines.append(f"{part.state:<8}  {part.name:<13}  {part.detail}")
        if part.remedy is not None:
            lines.append(f"{'':<8}  {'':<13}  -> {part.remedy}")
    missing = [part.name for part in parts if part.state == "missing"]
    lines.append(f"to do: {', '.join(missing)}" if missing else "all there")
    return "\n".join(lines)


def _python() -> Part:
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Part("python", "missing", platform.python_version(), "install Python 3.11 or newer")
    return Part("python", "ok", f"{platform.python_version()} ({sys.executable})")


def _poppler() -> Part:
    told = _told("pdftoppm", "-v")
    if told is None:
        return Part("poppler", "missing", "pdftoppm not found", "apt install poppler-utils")
    return Part("poppler", "ok", _version(told))


def _tesseract(lang: str) -> tuple[Part, ...]:
    told = _told("tesseract", "--version")
    if told is None:
        wanted = " ".join(map(_language_package, lang.split("+")))
        return (Part("tesseract", "missing", "not found", f"apt install tesseract-ocr {wanted}"),)
    installed = _languages()
    absent = [name for name in lang.split("+") if name not in installed]
    languages = Part(
        "languages",
        "missing" if absent else "ok",
        f"{' '.join(installed) or 'none'}" + (f"; wanted: {' '.join(absent)}" if absent else ""),
        f"apt install {' '.join(map(_language_package, absent))}" if absent else None,
    )
    return (Part("tesseract", "ok", _version(told)), languages)


def _languages() -> list[str]:
    told = _told("tesseract", "--list-langs") or ""
    return [line.strip() for line in told.splitlines()[1:] if line.strip()]


def _language_package(name: str) -> str:
    return f"tesseract-ocr-{name.replace('_', '-').replace('/', '-').lower()}"


def _extra(name: str, module: str) -> Part:
    try:
        found = find_spec(module)
    except ModuleNotFoundError:  # of google.genai not even google is there
        found = None
    if found is None:
        return Part(f"extra {name}", "optional", "not installed", f"pip install 'document-engine[{name}]'")
    return Part(f"extra {name}", "ok", "installed")


def _providers(config: Config) -> tuple[Part, ...]:
    """Each provider of vision models: its key, and whether its server answers where there is one."""
    parts = []
    for name, variable in configured(os.environ).items():
        named = name == config.provider
        if name == "openai-responses" and not named:  # OpenAI's other wire: the same key and server
            continue
        if named or (variable and name != "openai-compatible"):
            parts.append(_provider(name, config.base_url if named else None, variable, named=named))
        else:
            parts.append(Part(name, "optional", *_not_configured(name)))
    return (*parts, *(_replay(config) if config.provider == "replay" else ()))


def _replay(config: Config) -> tuple[Part, ...]:
    try:
        vlm = connect_model(config)
    except EngineError as error:
        return (Part("replay", "missing", "no recordings", str(error)),)
    return (Part("replay", "ok", f"recordings of {vlm.name if vlm else 'nothing'}"),)


def _not_configured(name: str) -> tuple[str, str]:
    if name == "openai-compatible":
        return "no server named", "engine doctor --provider openai-compatible --base-url http://localhost:11434/v1"
    return "no key", f"export {KEYS[name][-1]}=…"


def _provider(name: str, base_url: str | None, variable: str | None, *, named: bool) -> Part:
    """Asks for the list of models, which costs nothing and sends nothing of a document."""
    state: Literal["missing", "optional"] = "missing" if named else "optional"
    told = f"{variable} is set" if variable else "no key"
    try:
        provider = connect(name, base_url)
        models = provider.models(LOOK)
    except EngineError as error:
        return Part(name, state, told, str(error))
    except Fault as fault:
        return Part(name, state, f"{told}; its server does not answer as it should", str(fault))
    return Part(name, "ok", f"{told}; {provider.base_url} answers, {len(models)} models")


def _schemas(config: Config) -> Part:
    try:
        found = list_types(config.schemas)
        wrong = [name for name, _ in found if not _is_sound(name, config)]
    except UsageError as error:
        return Part("types", "missing", str(error), "give --schemas a folder of *.json types")
    if wrong:
        return Part("types", "missing", f"wrong: {' '.join(wrong)}", f"engine schema check {' '.join(wrong)}")
    if not found:
        return Part("types", "missing", "none found", "pip install --force-reinstall document-engine")
    return Part("types", "ok", " ".join(name for name, _ in found))


def _is_sound(name: str, config: Config) -> bool:
    try:
        load_type(name, config.schemas)
    except UsageError:
        return False
    return True


def _told(*command: str) -> str | None:
    """What a program prints, on whichever stream; None where it is not there or does not answer."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout or done.stderr


def _version(told: str) -> str:
    found = re.search(r"\d+(\.\d+)+", told)
    return found[0] if found else "version unknown"
