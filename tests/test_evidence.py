"""Evidence: every number is a sentence of the article, analysts share little, anchors differ."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer import Config
from summarizer.evidence import choose, leans
from summarizer.segment import segment
from summarizer.types import Article, Reading


def test_analysts_share_at_most_half_of_their_sentences(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7)
    for one, other in combinations(evidence.analysts, 2):
        assert len(set(one) & set(other)) <= min(len(one), len(other)) / 2


def test_the_money_goes_to_the_markets_and_the_launch_to_space(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7)
    space, markets, _ = (
        (*evidence.summary, best, *rest) for best, rest in zip(evidence.reasons, evidence.analysts, strict=True)
    )
    assert any("41 million euros" in reading.text_of(n) for n in markets)
    assert any("set to launch" in reading.text_of(n) for n in space)


def test_a_sentence_that_leans_on_others_is_taken_with_them_and_only_where_few_stand_alone(config: Config) -> None:
    leaning = " ".join(f"She said that plan {n} of the board would cost the port a fee." for n in range(4))
    few = segment(Article(f"Ragnhild Moe of the harbour board spoke in Vikstad on Monday. {leaning}"))
    before = choose(few, config.panel("space"), 7).before
    assert before
    assert all(numbers == tuple(range(1, n)) for n, numbers in before.items())
    alone = " ".join(f"The port of Vikstad has {n} berths for grain ships." for n in range(12, 24))
    many = segment(Article(f"{alone} {leaning}"))
    assert not choose(many, config.panel("space"), 7).before


@pytest.mark.parametrize(
    ("sentence", "leaning"),
    [
        ("He asked the board to publish the survey.", True),
        ("The second is pay: a base of 410,000 a month.", True),
        ("There is no line in the budget for it, he added.", True),
        ('"Nobody told us," she said.', True),
        ("We could not tell which price was real.", True),
        ("Ragnhild Moe said that she added a berth.", False),
        ("The board will not raise its fees.", False),
    ],
)
def test_which_sentences_lean_on_others(sentence: str, leaning: bool) -> None:
    assert leans(sentence) == leaning


def test_a_section_shares_no_sentence_with_another_where_there_are_enough(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7)
    told = [*evidence.summary, *evidence.reasons, *(n for numbers in evidence.analysts for n in numbers)]
    assert len(reading.sentences) >= len(told)
    assert len(set(told)) == len(told)


def test_a_section_of_little_relevance_is_short(config: Config, reading: Reading) -> None:
    evidence = choose(reading, config.panel("space"), 7, [9, 4, 1])
    assert [len(numbers) for numbers in evidence.analysts] == [3, 1, 1]
    assert [len(sets) for sets in evidence.grounds] == [2, 0, 0]


def test_a_section_says_what_is_to_come_where_the_article_does(config: Config) -> None:
    past = "The {} showed {} drones and missiles of the navy to its soldiers near the base on Monday."
    sentences = [past.format(who, count) for who in ("yard", "army", "port") for count in (12, 14, 16)]
    plan = "The town council plans to close a road beside the yard in May of next year."
    reading = segment(Article(" ".join([*sentences, plan])))
    first, *_ = choose(reading, config.panel("space"), 7).analysts
    assert len(sentences) + 1 in first


def test_anchors_are_different_sentences_of_different_kinds(config: Config, reading: Reading) -> None:
    anchors = choose(reading, config.panel("space"), 7).anchors
    assert len({anchor.sentence for anchor in anchors}) == 7
    assert len({anchor.gap for anchor in anchors}) >= 4


@given(st.lists(st.text(alphabet="ab. \n“”1A", min_size=1, max_size=40), min_size=1, max_size=6))
def test_any_reading_gives_numbers_that_exist(config: Config, parts: list[str]) -> None:
    reading = segment(Article("\n\n".join(parts)))
    evidence = choose(reading, config.panel("space"), 7)
    known = {sentence.n for sentence in reading.sentences}
    for numbers in (evidence.summary, *evidence.analysts):
        assert list(numbers) == sorted(set(numbers))
    for numbers in (evidence.summary, evidence.reasons, evidence.takeaway, *evidence.analysts, evidence.before):
        assert set(numbers) <= known
    assert {anchor.sentence for anchor in evidence.anchors} <= known
