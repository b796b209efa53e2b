"""What every child process needs, imported once in the process that they are forked from."""

from __future__ import annotations

import engine.batch.tasks
import engine.flow
import engine.ocr.paddle
import engine.receive

__all__: list[str] = []
del engine
