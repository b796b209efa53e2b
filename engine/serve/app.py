"""What can be asked of the server. Handlers read the request and write the answer; the service does the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Annotated, Any

import simplejson
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from engine import __version__
from engine.doctype import list_types, load_type
from engine.serve.asked import Asked
from engine.serve.described import answers, openapi, problems, schema
from engine.serve.form import fields_of, file_of, received
from engine.serve.jobs import Job, State
from engine.serve.means import Here, KnownClient, Means, client
from engine.serve.problem import Problem, json_response, tell_problems, text_response
from engine.serve.service import LATER, Service

log = logging.getLogger(__name__)

LONGEST_WAIT = 60
"""Seconds for which a request may be held open, a first setting: proxies give up after about as long."""

GLANCE = 0.2  # seconds between two looks at a job that is waited for
ID = "^[0-9a-f]{32}$"
_Wait = Annotated[
    int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for the result before answering without it.")
]
_Id = Annotated[str, Path(alias="id", description="The job's id.", pattern=ID)]
_Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern="^[!-~]+$",
           description="The same key with the same document is the same job, however often it is sent."),
]  # fmt: skip


def make_app(means: Means, *, open_metrics: bool) -> FastAPI:
    """The application; with *open_metrics* these are told without a token."""
    app = FastAPI(
        title="document-engine",
        version=__version__,
        description="Scanned documents in, checked JSON out, with every value verified.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.means = means
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    app.include_router(_routes)
    app.add_api_route(
        "/metrics",
        tell_metrics,
        operation_id="metrics",
        summary="What Prometheus wants to know",
        dependencies=[] if open_metrics else [Depends(client)],
        responses={
            200: {"description": "Its text format.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **({} if open_metrics else problems(401, 429)),
            **problems(503),
        },
        response_class=Response,
    )
    tell_problems(app, _routes.routes)
    return app


_routes = APIRouter(default_response_class=Response)


@_routes.post(
    "/v1/documents",
    operation_id="sendDocument",
    summary="Send a document",
    status_code=202,
    responses={
        200: answers("Job", "With wait: the job has ended in time."),
        202: answers(
            "JobAccepted",
            "The job is taken on, and survives whatever happens to the server.",
            headers={"Location": {"schema": {"type": "string"}}},
        ),
        **problems(400, 401, 408, 409, 413, 415, 422, 429, 503, 507),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema("Upload")}}}},
)
async def send_document(request: Request, here: Here, who: KnownClient, wait: _Wait = 0, key: _Key = None) -> Response:
    most = here.service.config.max_bytes
    try:
        async with here.turns.one(who.owner), received(request, most, here.service.room_for) as form:
            fields = fields_of(form)
            file, name = file_of(form, most)
            asked = Asked(who.owner, name, fields.pop("type", "auto"), fields, key)
            job = await run_in_threadpool(here.service.accept, asked, file)
    except OSError as error:
        log.error("an upload cannot be written", extra={"reason": str(error)})
        raise Problem(507, "the server cannot keep the document: send it again later", LATER) from error
    if wait:
        job = await _waited(here, who.owner, job.id, wait)
        if not job.is_open:
            return await run_in_threadpool(_whole, here.service, job)
    return json_response({"job": job.id, "status": job.status, "url": _url(job)}, 202, {"Location": _url(job)})


@_routes.get(
    "/v1/jobs",
    operation_id="listJobs",
    summary="The jobs of this token, the newest first, without their results",
    responses={200: answers("Jobs", "Some of them, and where the rest is."), **problems(401, 422, 429, 503)},
)
def list_jobs(
    here: Here,
    who: KnownClient,
    status: Annotated[State | None, Query(description="Those of this status only.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="As next has it.")] = None,
) -> Response:
    found = here.service.jobs.page(who.owner, status, limit + 1, after)
    jobs = found[:limit]
    rest = f"/v1/jobs?after={jobs[-1].number}&limit={limit}" + (f"&status={status}" if status else "") if jobs else None
    return json_response({"jobs": [_told(job) for job in jobs], "next": rest if len(found) > limit else None})


@_routes.get(
    "/v1/jobs/{id}",
    operation_id="getJob",
    summary="A job, and its result once it is done",
    responses={200: answers("Job", "The job as it is."), **problems(401, 404, 422, 429, 503)},
)
async def get_job(here: Here, who: KnownClient, id_: _Id, wait: _Wait = 0) -> Response:
    job = await _waited(here, who.owner, id_, wait)
    return await run_in_threadpool(_whole, here.service, job)


@_routes.get(
    "/v1/jobs/{id}/result",
    operation_id="getResult",
    summary="The result alone, as engine extract prints it",
    responses={200: answers("Result", "The result."), **problems(401, 404, 409, 422, 429, 503)},
)
async def get_result(here: Here, who: KnownClient, id_: _Id, wait: _Wait = 0) -> Response:
    job = await _waited(here, who.owner, id_, wait)
    if job.status != "done":
        what = "ask again later" if job.is_open else "send the document again"
        raise Problem(409, f"the job has no result, it is {job.status}: {what}")
    result = await run_in_threadpool(here.service.jobs.result, job)
    if result is None:
        raise _no_job()
    return text_response(result + "\n")


@_routes.delete(
    "/v1/jobs/{id}",
    operation_id="deleteJob",
    summary="Give a job up and forget its upload and result",
    status_code=204,
    responses={204: {"description": "It is gone."}, **problems(401, 404, 422, 429, 503)},
)
def delete_job(here: Here, who: KnownClient, id_: _Id) -> Response:
    job = here.service.jobs.get(who.owner, id_)
    if job is None:
        raise _no_job()
    here.service.forget(job)
    return Response(status_code=204)


@_routes.get(
    "/v1/types",
    operation_id="listTypes",
    summary="The document types that can be asked for",
    responses={200: answers("Types", "All but auto."), **problems(401, 429, 503)},
    dependencies=[Depends(client)],
)
def list_all_types(here: Here) -> Response:
    schemas = here.service.config.schemas
    types = [load_type(name, schemas) for name, _ in list_types(schemas)]
    return json_response({"types": [{"name": each.name, "title": each.schema.get("title", "")} for each in types]})


@_routes.get(
    "/healthz",
    operation_id="healthz",
    summary="Whether the server is alive",
    responses={200: answers("Health", "It is.")},
)
async def healthz() -> Response:
    return json_response({"status": "ok"})


@_routes.get(
    "/readyz",
    operation_id="readyz",
    summary="Whether documents can be worked on",
    responses={200: answers("Health", "They can."), **problems(503)},
)
def readyz(here: Here) -> Response:
    if amiss := here.amiss():
        raise Problem(503, amiss, {"Retry-After": "10"})
    return json_response({"status": "ok"})


def tell_metrics(here: Here) -> Response:
    return text_response(here.metrics.text().decode(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _waited(here: Means, owner: str, id_: str, seconds: int) -> Job:
    """The job, as soon as it has ended or the time is over. Raises Problem."""
    end = time.monotonic() + seconds
    while True:
        job = await run_in_threadpool(here.service.jobs.get, owner, id_)
        if job is None:
            raise _no_job()
        if not job.is_open or time.monotonic() >= end or here.stopping():
            return job
        await asyncio.sleep(GLANCE)


def _no_job() -> Problem:
    return Problem(404, "there is no such job: it was deleted, is too old, or belongs to another token")


def _url(job: Job) -> str:
    return f"/v1/jobs/{job.id}"


def _told(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "status": job.status,
        "url": _url(job),
        "created": job.created,
        "ended": job.ended,
        "document": job.document,
        "type": job.type,
        "outcome": job.outcome,
        "error": job.error,
    }


def _whole(service: Service, job: Job) -> Response:
    told = _told(job)
    if job.status == "done":
        result = service.jobs.result(job)
        if result is None:
            raise _no_job()
        told["result"] = simplejson.loads(result, use_decimal=True)
    return json_response(told)
