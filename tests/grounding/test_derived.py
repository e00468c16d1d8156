"""Figures that follow from the evidence pass the lock, and others don't."""

from __future__ import annotations

import pytest

from summarizer.grounding.judge import judge
from summarizer.grounding.source import Source, source_of
from summarizer.segment import segment
from summarizer.types import Article

TEXT = """\
The Rivaldo club owes 150 million reais. Players and former employees claim 71 million reais of the debt of the club.

The cable lay 60 centimetres deep near Mongo. The contract for the cable prescribes 120 centimetres.

The first buses are due in Huancayo in August 2020. The permits of the vans end in December 2020.

The hearing aid will be sold in Denmark, Germany and the United Kingdom. The bank lends 80 percent of the price of the
new trams.

Two earlier tenders for the dredger failed because of price, time and quality."""


@pytest.fixture(scope="module")
def source() -> Source:
    return source_of(segment(Article(TEXT)))


def figure_problems(source: Source, text: str) -> list[str]:
    return [detail for rule, detail in judge(source, text).problems if rule == "figure"]


@pytest.mark.parametrize(
    "text",
    [
        "Players and former employees of the club claim nearly half of the debt of 150 million reais.",
        "The cable near Mongo lay at half the depth that the contract prescribes.",
        "The contract for the cable near Mongo prescribes twice the depth at which it lay, 60 centimetres deep.",
        "The permits of the vans end in December 2020, four months after the first buses are due.",
        "The hearing aid will be sold in three countries, Denmark among them.",
        "The bank lends most of the price of the new trams and leaves 20 percent.",
    ],
)
def test_what_follows_from_the_evidence_passes(source: Source, text: str) -> None:
    assert figure_problems(source, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Players and former employees of the club claim more than half of the debt of 150 million reais.",
        "The cable near Mongo lay at a third of the depth that the contract prescribes.",
        "The contract for the cable near Mongo prescribes three times the depth at which it lay, 60 centimetres deep.",
        "The permits of the vans end in December 2020, five months after the first buses are due.",
        "The hearing aid will be sold in four countries, Denmark among them.",
        "The bank lends most of the price of the new trams and leaves 30 percent.",
        "Three earlier tenders for the dredger failed because of price, time and quality.",  # counted otherwise
    ],
)
def test_what_does_not_follow_is_found(source: Source, text: str) -> None:
    assert figure_problems(source, text)
