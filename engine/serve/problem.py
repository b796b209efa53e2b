"""What goes wrong for a client, as RFC 9457 has it: one sentence that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from dbos import error as dbos_error
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from engine.as_json import to_json
from engine.batch.shared import cause
from engine.errors import EngineError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is none: its HTTP status, and a sentence that ends with what to do."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def problem_to_response(problem: Problem) -> Response:
    told = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    return json_response(told, problem.status, problem.headers, MEDIA_TYPE)


def json_response(
    data: object, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """*data* with its decimals exact. No cache keeps it: it is a document's."""
    return text_response(to_json(data), status, headers, media_type)


def text_response(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    kept_by_nobody = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(text.encode(), status, {**kept_by_nobody, **(headers or {})}, media_type)


def _allowed(request: Request, included: Sequence[BaseRoute]) -> str:
    """The methods that there are for a path: the router knows one route's only."""
    routes = [route for route in (*request.app.routes, *included) if isinstance(route, Route)]
    fitting = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in fitting for method in route.methods or ()}))


def tell_problems(app: FastAPI, included: Sequence[BaseRoute]) -> None:
    """Whatever goes wrong is told in the same form. *included* are the routes of routers."""

    async def of_ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101 - registered for it
        return problem_to_response(error)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        sentences = {404: "there is nothing here: see /openapi.json", 405: "not with this method: see /openapi.json"}
        told = sentences.get(error.status_code, "the request cannot be answered: see /openapi.json")
        allowed = {"Allow": _allowed(request, included)} if error.status_code == 405 else {}
        return problem_to_response(Problem(error.status_code, told, {**(error.headers or {}), **allowed}))

    async def of_request(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        first = error.errors()[0]
        where = first["loc"][-1]
        return problem_to_response(Problem(422, f"{where} cannot be used ({first['msg']}): see /openapi.json"))

    async def of_database(_: Request, error: Exception) -> Response:
        log.error("the database does not answer: %s", cause(error))
        again = {"Retry-After": "10"}
        return problem_to_response(Problem(503, "the server's database does not answer: try again later", again))

    async def of_ours_amiss(_: Request, error: Exception) -> Response:
        log.error("a request cannot be answered", extra={"reason": str(error)})
        told = "the server cannot work on this at the moment: try again later, or tell whoever runs it"
        return problem_to_response(Problem(503, told, {"Retry-After": "60"}))

    async def of_engine(_: Request, __: Exception) -> Response:
        return problem_to_response(Problem(500, "the server made an error: tell whoever runs it what you asked"))

    app.add_exception_handler(Problem, of_ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_request)
    app.add_exception_handler(SQLAlchemyError, of_database)
    app.add_exception_handler(dbos_error.DBOSException, of_database)
    app.add_exception_handler(EngineError, of_ours_amiss)
    app.add_exception_handler(Exception, of_engine)
