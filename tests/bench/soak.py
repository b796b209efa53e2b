"""A batch under fire, and what it costs: ``python -m tests.bench.soak [--kills 20] [--compare 200] [--times 6]``

1. 200 one-page documents by a model on loopback that counts, and files that are none, killed 20 times at random
   moments: what was done, what failed and why, steps and paid calls that were repeated.
2. 100 and then all documents by OCR, killed now and then: memory. Its peak is where processes are renewed, which
   100 documents do not come to; the median tells whether it grows.
3. 200 documents with one process and with two, against one ``engine extract`` with the same ``--jobs``: six times in
   turn, for a machine's speed changes by more than the two differ. And once with one process on one core against two
   on two; two ``engine extract`` on two cores with half of the documents each, against one on one core, tell what
   more two cores do here at best.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.batch.counting import counting_model
from tests.batch.killing import PROGRAM, Killed, run_and_kill
from tests.batch.small import faults, slips
from tests.vlm import servers

ASKED = 200  # documents of the first part
PAUSE = (0, 7)  # seconds between its kills: while it starts, and after a few documents, so that they find work to do


def under_fire(root: Path, documents: int, kills: int, pause: tuple[float, float], seed: int) -> dict[str, Any]:
    """What came of a batch that asks a model and is killed; every document and file has its result at the end."""
    inputs = root / "inputs"
    made = [*slips(inputs, documents), *faults(inputs)]
    with counting_model() as (counting, url):
        asked = ["--provider", "openai-compatible", "--model", "counting", "--base-url", url, "--route", "vlm"]
        arguments = [inputs, "--type", "receipt", "--out", root / "out", "--cache", root / "cache", *asked]
        went = run_and_kill(
            arguments, kills=kills, pause=pause, seed=seed, on_kill=counting.killed, environment=dict(servers.KEYS)
        )
        return {
            "documents": documents,
            "results": len(list((root / "out").glob("*.json"))),
            "inputs": len(made),
            "kills": went.kills,
            "summary": went.summary,
            "steps": sum(went.steps.values()),
            "repeated_steps": went.repeated,
            "requests": len(counting.answered),
            "paid_calls": sum(counting.answered.values()),
            "unexplained": counting.unexplained,
            "gaps": counting.gaps,
            "seconds": went.seconds,
        }


def by_ocr(root: Path, documents: int, kills: int, seed: int) -> Killed:
    inputs = root / "inputs"
    slips(inputs, documents)
    arguments = [inputs, "--type", "receipt", "--out", root / "out", "--no-vlm"]
    return run_and_kill(arguments, kills=kills, pause=(5, 15), seed=seed)  # early: processes are renewed after the last


def against_extract(root: Path, documents: int, jobs: int, times: int) -> list[tuple[float, float]]:
    """Seconds of a batch and of ``engine extract`` with the same documents and processes; who is first alternates."""
    inputs = slips(root / "inputs", documents)
    pairs = []
    for number in range(times):
        own = root / f"{jobs}-{number}"
        batch = _command(["batch", "run", root / "inputs"], own, "batch", jobs)
        extract = _command(["extract", *inputs], own, "extract", jobs)
        if number % 2:
            pairs.append((_timed(batch), _timed(extract)))
        else:
            pairs.append((_timed(extract), _timed(batch))[::-1])
    return pairs


def core_by_core(root: Path, documents: int) -> list[tuple[str, float]]:
    """Seconds of the same documents on one core and on two."""
    inputs = slips(root / "inputs", documents)
    half = len(inputs) // 2
    halves = (_command(["extract", *inputs[:half]], root, "a", 1), _command(["extract", *inputs[half:]], root, "b", 1))
    return [
        ("batch on one core", _timed(_command(["batch", "run", root / "inputs"], root, "batch", 1), cores=1)),
        ("batch on two cores", _timed(_command(["batch", "run", root / "inputs"], root, "batch", 2), cores=2)),
        ("extract on one core", _timed(_command(["extract", *inputs], root, "extract", 1), cores=1)),
        ("two extracts, a core each", _timed(*halves, cores=1)),
    ]


def _command(what: Sequence[object], root: Path, out: str, jobs: int) -> list[str]:
    told = [*what, "--type", "receipt", "--no-vlm", "--out", root / f"{out}-{jobs}", "--jobs", jobs, "--quiet"]
    return [str(PROGRAM), *map(str, told)]


def _timed(*commands: Sequence[str], cores: int | None = None) -> float:
    """Seconds until all of them, begun at once, have ended; with *cores* each has so many of its own."""
    started, there = time.monotonic(), sorted(os.sched_getaffinity(0))
    running = []
    for number, command in enumerate(commands):
        own = "" if cores is None else ",".join(map(str, there[number * cores :][:cores]))
        pinned = ["taskset", "--cpu-list", own, *command] if own else command
        running.append(subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
    for one in running:
        _, err = one.communicate()
        if one.returncode not in (0, 1):
            raise RuntimeError(err[-2000:])
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--asked", type=int, default=ASKED)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--compare", type=int, default=200)
    parser.add_argument("--times", type=int, default=6, help="pairs of batch and extract, for each number of processes")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        told = under_fire(root / "asked", options.asked, options.kills, PAUSE, options.seed)
        kills, seconds = told["kills"], told["seconds"]
        print(f"{told['inputs']} inputs, killed {kills} times in {seconds:.0f} s: {told['results']} results")
        failed = Counter(_bare(each["reason"]) for each in told["summary"]["failures"])
        print(f"  failed: {told['summary']['failed']}", *(f"\n    {count}  {why}" for why, count in failed.items()))
        print(f"  steps done {told['steps']}, of these repeated {told['repeated_steps']}")
        paid, questions = told["paid_calls"], told["requests"]
        print(f"  paid calls {paid} for {questions} questions: {len(told['gaps'])} paid again,", end=" ")
        print(f"{told['unexplained']} of them not on their way at a kill;", end=" ")
        print("seconds between the lost answers and the kills:", *(f"{gap:.2f}" for gap in told["gaps"]))
        for count, kills in ((100, 0), (options.documents, 4)):
            went = by_ocr(root / f"ocr-{count}", count, kills, options.seed)
            rate = count / went.seconds
            done = went.summary["documents"] - went.summary["failed"]
            print(
                f"{count} documents by OCR, {went.kills} kills: {done} done, {went.repeated} steps repeated,", end=" "
            )
            print(f"{rate:.2f} a second, memory of all processes {median(went.memory) / 1e6:.0f} MB,", end=" ")
            print(f"{max(went.memory) / 1e6:.0f} MB at its peak")
        for jobs in (1, 2):
            pairs = against_extract(root / "against", options.compare, jobs, options.times)
            batch, extract = (median(each) for each in zip(*pairs, strict=True))
            more = [batch / extract - 1 for batch, extract in pairs]
            print(f"{options.compare} documents, jobs {jobs}: batch {batch:.1f} s, extract {extract:.1f} s:", end=" ")
            print(f"{median(more):+.1%} in the median of {len(more)} pairs ({min(more):+.1%} to {max(more):+.1%})")
        ways = dict(core_by_core(root / "cores", options.compare))
        for way, seconds in ways.items():
            print(f"{way}: {seconds:.1f} s for {options.compare} documents")
        faster = ways["batch on one core"] / ways["batch on two cores"]
        best = ways["extract on one core"] / ways["two extracts, a core each"]
        print(f"two cores against one, once: {faster:.2f} times as fast; at best, as two extracts: {best:.2f}")


def _bare(reason: str) -> str:
    """A reason without its file's name, so that like ones are counted together."""
    return re.sub(r"^/\S*?/([^/]+\.\w+)( page \d+)? ", "", reason)


if __name__ == "__main__":
    main()
