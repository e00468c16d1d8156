from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.fakes import core, serving, settings


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """A server whose writer is done at once."""
    with serving(settings(tmp_path), core()) as client:
        yield client
