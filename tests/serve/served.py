"""A server as its user starts it: a process of its own on a free port, stopped or killed and begun again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from tests.batch.killing import PROGRAM

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT / "fixtures" / "receipt_thermal" / "receipt.jpg"
PATIENCE = 60  # seconds; a start takes three
TOKEN, OTHER = "token-of-the-first-client", "token-of-the-second-client"


class Served:
    """``engine serve`` on *out*; ``log`` is all that it has said. *more* is in its environment."""

    def __init__(self, out: Path, *options: str, tokens: str | None = f"{TOKEN},{OTHER}", **more: str) -> None:
        self._log = out.with_name(f"{out.name}.log")
        environment = {name: value for name, value in os.environ.items() if name != "ENGINE_TOKEN"}
        environment |= {"ENGINE_TOKEN": tokens} if tokens else {}
        environment |= more
        command = [str(PROGRAM), "serve", "--out", str(out), "--port", "0", "--jobs", "1", *options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stderr=log, stdout=log, env=environment, cwd=ROOT, start_new_session=True
            )
        self.url = self._told(r"serving on (\S+)")

    @property
    def log(self) -> str:
        return self._log.read_text()

    def _told(self, pattern: str) -> str:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            if found := re.search(pattern, self.log):
                return found[1]
            time.sleep(0.05)
        raise RuntimeError(f"the server ended, or does not begin: {self.log}")

    def client(self, token: str | None = TOKEN) -> httpx.Client:
        """Whoever has that token; what is begun but not answering yet is waited for."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def kill(self) -> None:
        """As a power cut does: all its processes at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def send(client: httpx.Client, content: bytes, name: str = "a.jpg", *, wait: int = 0, **more: Any) -> httpx.Response:
    """A document posted; *more* are fields of the form, and ``headers``."""
    headers = more.pop("headers", {})
    form = {"type": "receipt", **more}
    return client.post(f"/v1/documents?wait={wait}", files={"file": (name, content)}, data=form, headers=headers)
