"""How many cores this process may use: fewer than the machine has where it is pinned, as in a container."""

from __future__ import annotations

import os


def cores() -> int:
    """At least 1. ``os.process_cpu_count`` of Python 3.13."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
