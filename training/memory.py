"""Keeps freed memory in the process between two allocations. On a CPU, tensors of tens of megabytes are otherwise
mapped anew for every operation, and a third of a step's time goes into page faults. Knows no tensors."""

from __future__ import annotations

import ctypes
from typing import Any

# glibc's mallopt: how many blocks may be mapped apart, and how much free memory at the top is given back.
M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1


def keep() -> None:
    """Freed blocks are used again. Does nothing where the C library isn't glibc."""
    if (mallopt := _function("mallopt")) is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


def give_back() -> None:
    """Returns what is free now, for the heap grows as it is fragmented."""
    if (malloc_trim := _function("malloc_trim")) is not None:
        malloc_trim(0)


def _function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None)
