"""The pages of the review and what they ask for. Addresses hold numbers that are looked up, never names of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import simplejson
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from engine.as_json import to_json
from engine.as_text import one_line
from engine.config import Config
from engine.errors import EngineError, UsageError
from engine.review.asked import Asked, decide, proposals, reason, to_box, to_page
from engine.review.case import make_case
from engine.review.desk import desk, listed, progress
from engine.review.folder import Changed, Folder, Reviewed
from engine.review.pictures import Pictures
from engine.review.rows import shown_path
from engine.review.typed import leaf_of
from engine.view.look import LOOK, MARKS, VIEWER, part

STATIC = {
    LOOK: ("engine.view", "text/css"),
    VIEWER: ("engine.view", "text/javascript"),
    "review.css": ("engine.review.pages", "text/css"),
    "list.js": ("engine.review.pages", "text/javascript"),
    "desk.js": ("engine.review.pages", "text/javascript"),
    "icon.svg": ("engine.review.pages", "image/svg+xml"),
}

Work = Callable[[int, Reviewed, Asked], dict[str, Any]]


class Review:
    """One folder in a browser. ``fixtures`` is where cases go."""

    def __init__(self, folder: Folder, config: Config, fixtures: Path) -> None:
        self._folder, self._config, self._fixtures = folder, config, fixtures
        self._pictures = Pictures(folder.out, config)
        self._html = Environment(
            loader=PackageLoader("engine.review", "pages"), autoescape=True, undefined=StrictUndefined
        )
        self._html.filters["seen"] = one_line

    def app(self) -> Starlette:
        posted = {"decide": self._decide, "undo": self._undo, "read": self._read, "case": self._case}
        works = [
            Route(f"/{{number:int}}/{name}", self._posted(self._of_one(work)), methods=["POST"])
            for name, work in posted.items()
        ]
        return Starlette(
            routes=[
                Route("/", self._list),
                Route("/static/{name}", self._static),
                Route("/{number:int}", self._desk),
                Route("/{number:int}/desk", self._told),
                Route("/{number:int}/size/{page:int}", self._size),
                Route("/{number:int}/page/{page:int}", self._page),
                Route("/{number:int}/crop/{page:int}", self._crop),
                Route("/undo", self._posted(self._undo_last), methods=["POST"]),
                *works,
            ]
        )

    # ------------------------------------------------------------ pages

    def _list(self, request: Request) -> Response:
        done, asked = progress(self._folder)
        rows = listed(self._folder)
        first = next((row["number"] for row in rows if row["status"] != "clean"), None)
        return self._page_of("list.html", rows=rows, done=done, asked=asked, first=first, out=str(self._folder.out))

    def _desk(self, request: Request) -> Response:
        name = one_line(self._known(request).name.removesuffix(".json"))
        return self._page_of("desk.html", name=name, number=request.path_params["number"])

    def _page_of(self, template: str, **told: Any) -> Response:
        html = self._html.get_template(template)
        text = html.render(who=self._folder.who, marks=part(MARKS), **told)
        return HTMLResponse(text.encode("utf-8", "backslashreplace"))  # names of files need not be text

    def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise HTTPException(404)
        place, kind = STATIC[name]
        return Response(files(place).joinpath(name).read_bytes(), media_type=kind)

    def _told(self, request: Request) -> Response:
        self._known(request)
        return _json(desk(self._folder, request.path_params["number"]))

    def _size(self, request: Request) -> Response:
        """Where the picture of a page is and how large; why there is none, where its document is not there."""
        known, number = self._known(request), request.path_params["number"]
        page = _number_of_page(request, known)
        try:
            width, height = self._pictures.size(known.name, known.result, page)
        except EngineError as error:
            return _json({"src": None, "gone": str(error)})
        return _json({"src": f"/{number}/page/{page}", "width": width, "height": height})

    def _page(self, request: Request) -> Response:
        known = self._known(request)
        return self._picture(lambda: self._pictures.page(known.name, known.result, _number_of_page(request, known)))

    def _crop(self, request: Request) -> Response:
        known = self._known(request)
        box = request.query_params.get("box", "").split(",")
        page = _number_of_page(request, known)
        return self._picture(lambda: self._pictures.crop(known.name, known.result, page, to_box(box)))

    def _picture(self, draw: Callable[[], bytes]) -> Response:
        try:
            return Response(draw(), media_type="image/jpeg")
        except EngineError as error:
            return PlainTextResponse(str(error), 404)

    # ------------------------------------------------------------ what is asked for

    def _decide(self, number: int, known: Reviewed, asked: Asked) -> dict[str, Any]:
        decide(self._folder, known, asked)
        return desk(self._folder, number)

    def _undo(self, number: int, known: Reviewed, asked: Asked) -> dict[str, Any]:
        return self._undone(known.name)

    def _undo_last(self, request: Request, asked: Asked) -> dict[str, Any]:
        return self._undone(None)

    def _undone(self, name: str | None) -> dict[str, Any]:
        undone = self._folder.undo(name)
        if undone is None:
            raise UsageError("nothing was decided here: there is nothing to undo")
        path = shown_path(undone.decisions[-1].path, undone.gone)
        return desk(self._folder, self._folder.names.index(undone.name) + 1) | {"undone": path or ""}

    def _read(self, number: int, known: Reviewed, asked: Asked) -> dict[str, Any]:
        leaf = leaf_of(str(asked.get("path") or ""), known.doctype)
        figures = leaf is not None and leaf.type in ("number", "integer")
        page, box = to_page(asked.get("page"), known), to_box(asked.get("box"))
        texts = self._pictures.read(known.name, known.result, page, box, figures=figures)
        return proposals(texts, known, leaf)

    def _case(self, number: int, known: Reviewed, asked: Asked) -> dict[str, Any]:
        if known.result.status != "clean":  # what is doubted would be held to be right
            raise UsageError(f"{known.name} is still for {known.result.status}: decide what is left first")
        document = self._pictures.path(known.name, known.result.path, known.result.sha256)
        name = str(asked.get("name") or "").strip() or None
        config = replace(self._config, schemas=self._folder.schemas)
        made = make_case(known, self._folder.out, self._fixtures, document, config, why=reason(asked), name=name)
        return {"folder": str(made.folder), "outcome": made.outcome, "unvouched": made.unvouched}

    def _of_one(self, work: Work) -> Callable[[Request, Asked], dict[str, Any]]:
        return lambda request, asked: work(request.path_params["number"], self._known(request), asked)

    def _posted(self, work: Callable[[Request, Asked], dict[str, Any]]) -> Any:
        """JSON in, JSON out; what the engine refuses is a sentence: 409 where the page is out of date, else 422."""

        async def answer(request: Request) -> Response:
            try:
                asked = simplejson.loads(await request.body(), use_decimal=True)
            except (ValueError, RecursionError):
                asked = None
            if not isinstance(asked, dict):
                return _json({"error": "this is no JSON object"}, 400)
            try:
                return _json(await run_in_threadpool(work, request, asked))
            except EngineError as error:
                return _json({"error": one_line(str(error))}, 409 if isinstance(error, Changed) else 422)

        return answer

    def _known(self, request: Request) -> Reviewed:
        number = request.path_params["number"]
        if not 1 <= number <= len(self._folder.names):
            raise HTTPException(404)
        return self._folder[self._folder.names[number - 1]]


def _number_of_page(request: Request, known: Reviewed) -> int:
    page: int = request.path_params["page"]
    if not 1 <= page <= known.result.page_count:
        raise HTTPException(404)
    return page


def _json(data: Any, status: int = 200) -> Response:
    return Response(to_json(data, indent=None), status, media_type="application/json")
