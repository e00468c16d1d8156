"""How many cores this process may use for products: physical ones, within its affinity and its container's
share."""

from __future__ import annotations

import math
import os
from pathlib import Path

_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_QUOTA = "/sys/fs/cgroup/cpu.max"


def physical_cores() -> int:
    """At least 1. Two threads of a core share its multipliers, so the second one adds waiting, not speed."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    groups = {_read(_TOPOLOGY.format(cpu)) or str(cpu) for cpu in allowed}
    count = len(groups)
    quota = _read(_QUOTA).split()
    if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit():
        count = min(count, math.ceil(int(quota[0]) / int(quota[1])))
    return max(count, 1)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
