"""Segmentation: golden sentences, and the laws that hold for any text."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summarizer.segment import MAX_SENTENCE, fit, segment
from summarizer.types import Article, Reading

GOLDEN: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "golden" / "segment.toml").read_text(encoding="utf-8")
)["case"]

# Text that is dense in what the rules look at, so that hypothesis finds their corners.
MARKS = ['"', "“", "”", "'", "’", "(", ")", "[", "]", ".", "...", "?", "!", "…", ",", "- ", "1."]
SPACES = [" ", "  ", "\n", "\n\n", "\u00a0", "\t"]
WORDS = ["Mr.", "U.S.", "a.m.", "Inc.", "No.", "St.", "5", "3.5", "J.", "The", "said", "Duarte", "x", "May"]
OTHERS = ["é", "𝔸", "e\u0301", "中", "\U0001f680\u200d"]
NEWSY = st.lists(st.sampled_from(MARKS + SPACES + WORDS + OTHERS), max_size=60).map("".join)
TEXTS = st.one_of(st.text(max_size=400), NEWSY)


def sentences(reading: Reading) -> list[str]:
    return [reading.text_of(sentence.n) for sentence in reading.sentences]


def test_the_golden_set_has_at_least_fifty_cases_with_distinct_names() -> None:
    assert len({case["name"] for case in GOLDEN}) == len(GOLDEN) >= 50


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    text = case.get("text", " ".join(case["sentences"]))
    assert sentences(segment(Article(text))) == case["sentences"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_golden_inside_an_article(case: dict[str, Any]) -> None:
    """The sentences stay the same between other paragraphs: no rule looks over a blank line."""
    text = case.get("text", " ".join(case["sentences"]))
    found = sentences(segment(Article(f"Rain fell.\n\n{text}\n\nIt stopped.")))
    assert found == ["Rain fell.", *case["sentences"], "It stopped."]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_spans_rebuild_the_article(text: str) -> None:
    reading = segment(Article(text))
    covered = [False] * len(text)
    last = 0
    for n, sentence in enumerate(reading.sentences, 1):
        assert sentence.n == n
        assert last <= sentence.start < sentence.end <= len(text)
        last = sentence.end
        words = text[sentence.start : sentence.end]
        assert words == words.strip()
        assert "\n\n" not in words
        covered[sentence.start : sentence.end] = [True] * len(words)
    assert all(seen or character.isspace() for seen, character in zip(covered, text, strict=True))
    assert reading.characters_used == len(text)
    assert reading.article.text == text


@settings(max_examples=200, deadline=None)
@given(NEWSY, NEWSY)
def test_paragraphs_are_segmented_alone(first: str, second: str) -> None:
    """Two paragraphs together have the sentences of the one and then those of the other."""
    first, second = "x" + first.replace("\n", " ") + "x", "x" + second.replace("\n", " ") + "x"
    both = segment(Article(f"{first}\n\n{second}"))
    assert sentences(both) == [*sentences(segment(Article(first))), *sentences(segment(Article(second)))]
    assert {s.paragraph for s in both.sentences} == {0, 1}


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(min_value=0, max_value=500))
def test_fit_keeps_a_prefix_that_fits(text: str, characters: int) -> None:
    whole = segment(Article(text))
    cut = fit(whole, characters)
    kept = len(cut.sentences)
    assert cut.article is whole.article
    assert cut.sentences == whole.sentences[:kept]
    if kept == len(whole.sentences):
        assert cut.characters_used in (whole.characters_used, whole.sentences[-1].end if kept else 0)
    else:
        assert cut.characters_used == cut.sentences[-1].end
        assert kept == 1 or cut.characters_used <= characters
        assert whole.sentences[kept].end > characters
    assert fit(cut, characters) == cut


def test_fit_cuts_at_the_last_sentence_end_within_the_limit() -> None:
    reading = segment(Article("One is here. Two is here. Three is here."))
    assert [len(fit(reading, n).sentences) for n in (0, 12, 24, 25, 39, 40, 99)] == [1, 1, 1, 2, 2, 3, 3]
    assert fit(reading, 26).characters_used == 25
    assert fit(reading, 40) is reading


def test_an_empty_article_has_no_sentences() -> None:
    reading = segment(Article(" \n\n "))
    assert reading.sentences == ()
    assert fit(reading, 10) is reading


@pytest.mark.parametrize("text", ["word " * 2000, "x" * 5000, "one, two; " * 900], ids=["spaces", "solid", "clauses"])
def test_no_sentence_is_longer_than_the_limit(text: str) -> None:
    reading = segment(Article(text))
    assert len(reading.sentences) > 1
    assert max(s.end - s.start for s in reading.sentences) <= MAX_SENTENCE
    assert "".join(sentences(reading)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "unit",
    [
        "He went to Oslo. ",
        'He said "x. ',
        '"',
        "(",
        "A. ",
        ". ",
        '?" Mr A B ',
        "a\n",
        "- a\n",
        "\n\n ",
        "The x y ",
        "a-",
    ],
)
def test_a_long_text_of_anything_takes_linear_time(unit: str) -> None:
    """A guard against quadratic time: plain news of this length takes half a second."""
    text = (unit * (300_000 // len(unit) + 1))[:300_000]
    start = time.process_time()
    segment(Article(text))
    assert time.process_time() - start < 10
