"""Whether documents can be worked on: the database, its disk, Tesseract, and who looks after jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from engine.batch.room import check_disk
from engine.errors import EngineError, UsageError
from engine.identify import asked_types
from engine.ocr.tesseract import require, version
from engine.serve.asked import BROKEN_TESSERACT
from engine.serve.service import Service

LATELY = 5.0  # seconds for which an answer counts


class Readiness:
    """Whether documents can be worked on; looked at once in some seconds, for anybody may ask."""

    def __init__(self, service: Service, looked_after: Callable[[], bool]) -> None:
        self._service, self._looked_after = service, looked_after
        self._lock, self._until, self._amiss = threading.Lock(), 0.0, ""

    def amiss(self) -> str:
        """What is amiss, as a sentence; empty where all is well."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._amiss = self._looked()
                self._until = time.monotonic() + LATELY
            return self._amiss

    def _looked(self) -> str:
        version.cache_clear()
        require.cache_clear()
        try:
            self._service.jobs.counts()
            check_disk(self._service.shared)
            require(self._service.config.lang)
        except SQLAlchemyError:
            return "the database does not answer: see to it"
        except UsageError:
            return "the disk is full: make room on it"
        except BROKEN_TESSERACT:
            return "Tesseract does not answer, or has not the server's languages: run engine doctor"
        try:
            asked_types("auto", self._service.config)
        except EngineError:
            return "a document type cannot be used: run engine schema list"
        return "" if self._looked_after() else "jobs are not looked after any more: begin the server again"
