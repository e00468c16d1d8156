"""Evidence: every number is a sentence of the article, analysts share little, anchors differ."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from summarizer import Config
from summarizer.evidence import choose
from summarizer.segment import segment
from summarizer.types import Article, Reading


def test_analysts_share_at_most_half_of_their_sentences(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7)
    for one, other in combinations(evidence.analysts, 2):
        assert len(set(one) & set(other)) <= min(len(one), len(other)) / 2


def test_the_money_goes_to_the_markets_and_the_launch_to_space(config: Config, reading: Reading) -> None:
    space, markets, _ = choose(reading, config.panel("space"), 7).analysts
    assert any("41 million euros" in reading.text_of(n) for n in markets)
    assert any("set to launch" in reading.text_of(n) for n in space)


def test_a_sentence_that_leans_on_the_one_before_brings_it_along(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7)
    leaning = [s.n for s in reading.sentences if reading.text_of(s.n).startswith("She said")]
    assert leaning
    for numbers in (evidence.summary, *evidence.analysts):
        for n in set(leaning) & set(numbers):
            assert n - 1 in numbers


def test_anchors_are_different_sentences_of_different_kinds(config: Config, reading: Reading) -> None:
    anchors = choose(reading, config.panel("space"), 7).anchors
    assert len({anchor.sentence for anchor in anchors}) == 7
    assert len({anchor.gap for anchor in anchors}) >= 4


@given(st.lists(st.text(alphabet="ab. \n“”1A", min_size=1, max_size=40), min_size=1, max_size=6))
def test_any_reading_gives_numbers_that_exist(config: Config, parts: list[str]) -> None:
    reading = segment(Article("\n\n".join(parts)))
    evidence = choose(reading, config.panel("space"), 7)
    known = {sentence.n for sentence in reading.sentences}
    for numbers in (evidence.summary, evidence.takeaway, *evidence.analysts):
        assert set(numbers) <= known
        assert list(numbers) == sorted(set(numbers))
    assert {anchor.sentence for anchor in evidence.anchors} <= known
