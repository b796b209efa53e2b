"""Document engine: scanned documents in, checked JSON out.

    from engine import Config, extract, result_to_json

    result = extract("scan.pdf", type="receipt", config=Config(lang="eng+deu"))
    print(result.status, result.data["total"], result_to_json(result))

``verify`` checks an extraction that was made elsewhere, and gives a result of the same shape:

    result = verify("scan.pdf", {"total": "9.00", "date": "2018-12-25"}, type="receipt")
    print(result.status, result.fields["/total"].verdict)

Neither raises for a file that cannot be read: the result is ``failed`` and says why. Wrong settings, an unknown
type, values that the type has no place for or a missing program raise :class:`EngineError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from engine.as_json import result_to_json
    from engine.config import Config
    from engine.errors import BadInput, EngineError, MissingDependency, UsageError
    from engine.flow import extract, read, verify
    from engine.result import Field, Finding, PageResult, Result
    from engine.vlm.image import Image, image_from_file, image_from_url

_HOME = {
    "result_to_json": "as_json",
    "Config": "config",
    "BadInput": "errors",
    "EngineError": "errors",
    "MissingDependency": "errors",
    "UsageError": "errors",
    "extract": "flow",
    "read": "flow",
    "verify": "flow",
    "Field": "result",
    "Finding": "result",
    "PageResult": "result",
    "Result": "result",
    "Image": "vlm.image",
    "image_from_file": "vlm.image",
    "image_from_url": "vlm.image",
}
"""The module of each public name, imported on first use, so that ``engine --help`` answers at once."""

__all__ = [
    "BadInput",
    "Config",
    "EngineError",
    "Field",
    "Finding",
    "Image",
    "MissingDependency",
    "PageResult",
    "Result",
    "UsageError",
    "__version__",
    "extract",
    "image_from_file",
    "image_from_url",
    "read",
    "result_to_json",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(f"engine.{_HOME[name]}"), name)
