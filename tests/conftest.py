"""What several tests share: the packaged configuration, an example article, and the real models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from summarizer import Config, Model, data_dir, ingest_file, load_config, open_model
from summarizer.segment import segment
from summarizer.types import Article, Reading

EXAMPLES = data_dir("configs") / "examples"


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config()


@pytest.fixture(scope="session")
def tether() -> Article:
    """The example article on space."""
    return ingest_file(EXAMPLES / "tether.txt")


@pytest.fixture(scope="session")
def reading(tether: Article) -> Reading:
    return segment(tether)


@pytest.fixture(scope="session")
def tiny() -> Iterator[Model]:
    with open_model("tiny") as model:
        yield model


@pytest.fixture(scope="session")
def house() -> Iterator[Model]:
    with open_model("house") as model:
        yield model
