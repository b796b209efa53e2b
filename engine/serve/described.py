"""What the server answers, as the schemas of its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from engine.as_json import RESULT_SCHEMA
from engine.config import PolicyName
from engine.serve.asked import OPTIONS
from engine.serve.jobs import State
from engine.serve.problem import MEDIA_TYPE

_TIME = {"type": "string", "format": "date-time"}
_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(properties: Mapping[str, Any], *, optional: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object", "properties": dict(properties), "required": required, "additionalProperties": False, **more
    }  # fmt: skip


_NAMED = {
    "job": _ID,
    "status": {
        "enum": list(get_args(State)),
        "description": "done says that there is a result; what that says is in its own status.",
    },
    "url": {"type": "string", "description": "Where the job is asked about."},
}
_ITEM = {
    **_NAMED,
    "created": _TIME,
    "ended": {"type": ["string", "null"], "format": "date-time"},
    "document": {"type": "string", "description": "The name that was sent with the file, without folders."},
    "type": {"type": "string", "description": "As it was asked for: a name, or auto."},
    "outcome": {"enum": ["clean", "review", "failed", None], "description": "The status of the result."},
    "error": {"type": ["string", "null"], "description": "What to do about failed-by-engine."},
}

SCHEMAS: dict[str, Any] = {
    "Job": _object({**_ITEM, "result": {"$ref": "#/components/schemas/Result"}}, optional=("result",)),
    "JobAccepted": _object(_NAMED),
    "Jobs": _object(
        {
            "jobs": {"type": "array", "items": _object(_ITEM)},
            "next": {"type": ["string", "null"], "description": "Where older jobs are; null where there are none."},
        }
    ),
    "Types": _object(
        {"types": {"type": "array", "items": _object({"name": {"type": "string"}, "title": {"type": "string"}})}}
    ),
    "Upload": _object(
        {
            "file": {"type": "string", "format": "binary", "description": "PDF, image or photo."},
            "type": {"type": "string", "description": "The name of a type, or auto, which is the default."},
            "pages": {"type": "string", "description": "Such as 1-3,7; else all."},
            "lang": {"type": "string", "description": "Such as eng+deu; else the server's."},
            "ocr": {"enum": ["tesseract", "both"], "description": "Else both in doubt."},
            "route": {"enum": ["auto", "ocr", "vlm"], "description": "The reader of every page."},
            "policy": {"enum": list(get_args(PolicyName)), "description": "How readily a model is asked."},
            "no_vlm": {"enum": ["true", "false"], "description": "Ask no model; not together with route vlm."},
        },
        optional=("type", *OPTIONS),
    ),
    "Health": _object({"status": {"const": "ok"}}),
    "Problem": _object(
        {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "One sentence that says what to do."},
        },
        description="RFC 9457.",
    ),
}

_WORDS = {
    400: "The request cannot be read.",
    401: "No token, or an unknown one.",
    404: "There is no such job of this token.",
    408: "The upload took too long.",
    409: "The job has no result, not yet or never; or the key is that of another document.",
    413: "The document is too large.",
    415: "The body is no multipart/form-data.",
    422: "Something that was asked cannot be.",
    429: "Too many requests in a minute.",
    503: "The queue is full, or something that the server needs does not answer.",
    507: "The server's disk is full.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    507: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}


def schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def answers(name: str, description: str, **more: Any) -> dict[str, Any]:
    """An answer of JSON."""
    return {"description": description, "content": {"application/json": {"schema": schema(name)}}, **more}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ways in which something that can be asked may not be answered."""
    content = {MEDIA_TYPE: {"schema": schema("Problem")}}
    return {
        status: {"description": _WORDS[status], "content": content}
        | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
        for status in statuses
    }


def openapi(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if not app.openapi_schema:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes,
            openapi_version="3.1.0",
        )  # fmt: skip
        made["components"]["schemas"] = {**SCHEMAS, **_result()}
        app.openapi_schema = made
    return app.openapi_schema


def _result() -> dict[str, Any]:
    """The result's schema, its parts beside it: references within an OpenAPI document count from its root."""
    whole = {name: value for name, value in RESULT_SCHEMA.items() if name not in ("$defs", "$schema")}
    parts = {_part(name): value for name, value in RESULT_SCHEMA["$defs"].items()}
    return {name: _moved(value) for name, value in {"Result": whole, **parts}.items()}


def _part(name: str) -> str:
    return "Result" + name.title().replace("_", "")


def _moved(value: Any) -> Any:
    if isinstance(value, list):
        return [_moved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return schema(_part(value["$ref"].removeprefix("#/$defs/")))
    return {name: _moved(each) for name, each in value.items()}
