"""Every file of a folder through `engine extract`: no traceback, no hang, bounded memory, a result or a sentence.

python -m tests.bench.hostile DIR... [--seconds 60] [--jobs 1]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp"}


@dataclass(frozen=True)
class Run:
    path: Path
    code: int
    seconds: float
    megabytes: float
    fault: str | None


def files(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def run(path: Path, limit: float) -> Run:
    """One extraction in a process group of its own; memory is the largest single process of it."""
    started = time.perf_counter()
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "engine", "extract", str(path), "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        try:
            out, err = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return Run(path, -9, limit, 0.0, f"no end within {limit:g} s")
    megabytes = float(err.rsplit(b"\n", 2)[-2]) / 1024
    seconds = time.perf_counter() - started
    return Run(path, child.returncode, seconds, megabytes, fault(child.returncode, out, err))


# Run as a child, so that its rusage is that of this file alone.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write("\\n%d\\n" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code if code >= 0 else 99)
"""


def fault(code: int, out: bytes, err: bytes) -> str | None:
    if b"Traceback" in err:
        return "traceback: " + err.decode(errors="replace").strip().splitlines()[-2][:200]
    if code not in (0, 1, 2, 3):
        return f"exit code {code}"
    if code == 3:
        return None if err.startswith(b"engine: ") else "exit code 3 without a sentence"
    try:
        status = json.loads(out)["status"]
    except (ValueError, KeyError):
        return "no result on stdout"
    return None if {"clean": 0, "review": 1, "failed": 2}[status] == code else f"status {status} with exit code {code}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with ThreadPoolExecutor(options.jobs) as workers:
        runs = list(workers.map(lambda path: run(path, options.seconds), files(options.folders)))
    faults = [r for r in runs if r.fault]
    for r in faults:
        print(f"FAULT {r.path}: {r.fault}")
    print(f"{len(runs)} files, {len(faults)} faults; exit codes {dict(sorted(Counter(r.code for r in runs).items()))}")
    for r in sorted(runs, key=lambda r: -r.seconds)[:3]:
        print(f"  slowest {r.seconds:6.1f} s  {r.path.name}")
    for r in sorted(runs, key=lambda r: -r.megabytes)[:3]:
        print(f"  largest {r.megabytes:6.0f} MB {r.path.name}")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
