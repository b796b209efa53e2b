"""What the handlers work with, and who asks them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from engine.serve.clients import Client, Clients, Rate
from engine.serve.metrics import Metrics
from engine.serve.problem import Problem
from engine.serve.service import Service

TOGETHER = 8
"""Uploads that are taken in at a time, a first setting: each may need its size twice on the disk."""

EACH = 4
"""The same of one client, so that others have turns beside a slow one."""

PATIENCE = 10.0
"""Seconds that an upload waits for its turn, a first setting."""

_bearer = HTTPBearer(auto_error=False, description="One of the tokens of ENGINE_TOKEN.")


class Turns:
    """Whose upload is taken in now."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(TOGETHER)
        self._own: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(EACH))

    @asynccontextmanager
    async def one(self, owner: str) -> AsyncIterator[None]:
        """A turn for an upload of this client. Raises Problem where none is free in time."""
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(PATIENCE):
                    await taken.enter_async_context(self._own[owner])
                    await taken.enter_async_context(self._all)
            except TimeoutError as error:
                raise Problem(
                    503, "as many uploads arrive as may: send it again later", {"Retry-After": "30"}
                ) from error
            yield


@dataclass(frozen=True, slots=True)
class Means:
    """What the handlers work with. ``stopping`` says that nobody is to be waited for any more, ``amiss`` what is not
    as it should be, if anything."""

    service: Service
    clients: Clients
    rate: Rate
    metrics: Metrics
    stopping: Callable[[], bool]
    amiss: Callable[[], str]
    turns: Turns = field(default_factory=Turns)


def _means(request: Request) -> Means:
    means: Means = request.app.state.means
    return means


Here = Annotated[Means, Depends(_means)]


def client(here: Here, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Client:
    """Who asks. Raises Problem."""
    found = here.clients.who(given.credentials) if given else None
    if found is None:
        raise Problem(401, "no token that is known: send Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
    if seconds := here.rate.seconds_to_wait(found.owner):
        raise Problem(429, f"too many requests: try again in {seconds} s", {"Retry-After": str(seconds)})
    return found


KnownClient = Annotated[Client, Depends(client)]
