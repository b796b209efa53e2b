"""A Postgres of one's own on loopback, for as long as it is wanted: real, empty, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "not-to-be-told"  # noqa: S105 - of a server that lives as long as a test
NOT_ROOT = "postgres"  # Postgres refuses to run as root; Debian's package makes this user


def programs() -> Path | None:
    """The folder with initdb and postgres: Debian keeps it off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@dataclass(frozen=True)
class Server:
    """A server that runs. ``restart`` stops it as a system that shuts down does, and starts it again."""

    url: str
    restart: Callable[[], None]


@contextmanager
def postgres(connections: int = 200) -> Iterator[str]:
    """The URL of a server that has just been started. Raises FileNotFoundError where Postgres is not installed."""
    with server(connections) as started:
        yield started.url


@contextmanager
def server(connections: int = 200) -> Iterator[Server]:
    """One that has just been started. Raises FileNotFoundError where Postgres is not installed."""
    bin_ = programs()
    if bin_ is None:
        raise FileNotFoundError("initdb: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        root, port = Path(name), _free_port()
        as_user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(NOT_ROOT)
            os.chown(root, user.pw_uid, user.pw_gid)
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data, word = root / "data", root / "word"
        word.write_text(PASSWORD)
        _run(
            [bin_ / "initdb", "-D", data, "-U", "engine", "-A", "scram-sha-256", "--pwfile", word, "--no-sync"],
            root,
            as_user,
        )
        settings = f"-p {port} -h 127.0.0.1 -k {root} -c fsync=off -c max_connections={connections}"
        start = [bin_ / "pg_ctl", "-D", data, "-o", settings, "-l", root / "log", "-w", "start"]
        _run(start, root, as_user)

        def restart() -> None:
            _run([bin_ / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"], root, as_user)
            _run(start, root, as_user)

        try:
            yield Server(f"postgresql://engine:{PASSWORD}@127.0.0.1:{port}/postgres", restart)
        finally:
            _run([bin_ / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], root, as_user)


def _run(command: list[object], root: Path, as_user: dict[str, object]) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr or done.stdout}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
