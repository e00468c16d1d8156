"""A passive turned round, or an active."""

from __future__ import annotations

import pytest

from summarizer.grounding.judge import judge
from summarizer.grounding.source import Source, source_of
from summarizer.segment import segment
from summarizer.types import Article

TEXT = """\
The pilots stopped work on Monday, six days after a tug was pulled over by a container ship and two of its crew were
hurt. The port office approved a new towing rule. The ministry had been warned by the union twice.

The court rejected an appeal, and the pilots were rejected by nobody. Rules passed the day before were not applied."""


@pytest.fixture(scope="module")
def source() -> Source:
    return source_of(segment(Article(TEXT, "Pilots stop")))


@pytest.mark.parametrize(
    "text",
    [
        "A tug pulled over a container ship, and two of its crew were hurt.",
        "The ministry warned the union twice.",
        "The port office was approved by a new towing rule.",
    ],
)
def test_a_verb_turned_round_is_withheld(source: Source, text: str) -> None:
    assert "contradiction" in {rule for rule, _ in judge(source, text).problems}


@pytest.mark.parametrize(
    "text",
    [
        "A tug was pulled over by a container ship.",
        "A tug pulled over by a container ship lost two of its crew.",
        "The container ship pulled over a tug.",
        "The union warned the ministry twice.",
        "A new towing rule was approved by the port office.",
        "The pilots stopped work six days after a tug was pulled over.",
    ],
)
def test_what_says_the_same_is_not(source: Source, text: str) -> None:
    assert "contradiction" not in {rule for rule, _ in judge(source, text).problems}
