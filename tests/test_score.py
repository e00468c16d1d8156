"""Relevance is the mean of a distribution, not a parsed digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from summarizer import Config, ScriptedModel
from summarizer.models.protocol import Prefix
from summarizer.prompting import Prompts
from summarizer.score import CHOICES, rating, score, signs
from summarizer.segment import segment
from summarizer.types import Analyst, Article, Calibration, Reading


def test_a_certain_answer_has_no_spread() -> None:
    assert rating([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]).score == 9
    assert rating([0, 0, 0, 0, 0, 0, 0, 0, 1, 0]).spread == 0


def test_a_wavering_answer_is_the_mean() -> None:
    result = rating([0, 0, 0, 0, 0, 0, 0.5, 0, 0.5, 0])
    assert (result.score, result.expected, result.spread) == (8, 8.0, 1.0)


def test_half_a_point_rounds_up() -> None:
    assert rating([0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0]).score == 9


def test_a_calibration_spreads_what_a_model_keeps_close_together() -> None:
    calibration = Calibration(offset=-15, slope=4, error=1.5)
    low, high = ([0, 0, 0, 0, 1 - p, p, 0, 0, 0, 0] for p in (0.1, 0.4))
    assert (rating(low).score, rating(high).score) == (5, 5)
    assert (rating(low, calibration).score, rating(high, calibration).score) == (5, 7)
    assert rating(low, calibration).spread == 1.5


def test_a_calibrated_score_stays_within_the_scale() -> None:
    steep = Calibration(offset=-100, slope=20, error=1.0)
    assert rating([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], steep).expected == 1
    assert rating([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], steep).expected == 10


@given(st.lists(st.floats(0, 1), min_size=10, max_size=10).filter(lambda p: sum(p) > 1e-3))
def test_a_rating_lies_within_the_scale(probabilities: list[float]) -> None:
    result = rating(probabilities)
    assert 1 <= result.score <= 10
    assert 1 <= result.expected <= 10
    assert 0 <= result.spread <= 4.5


def test_words_of_the_analysts_speak_for_a_story_as_far_as_the_calibration_lets_them(config: Config) -> None:
    reading = segment(Article("The bank sold bonds and shares to investors on Monday. Nobody in town saw the parade."))
    panel = config.panel("space")
    shares = [signs(reading, analyst)[0] for analyst in panel.analysts]
    assert shares == [0.0, 0.5, 0.0]  # finance has words in one of two sentences
    alone = Analyst("T", "S", "bonds of any bank, and who buys them")
    assert signs(reading, alone)[0] == 0.5
    with ScriptedModel(rates={"5": 1.0}).read(Prefix("s", "d")) as session:
        prompts = Prompts(config.prompt_dirs)
        plain = score(session, prompts, reading, panel)
        told = score(session, prompts, reading, panel, Calibration(share=4.0))
    assert [rating.expected for rating in plain] == [5.0, 5.0, 5.0]
    assert [rating.expected for rating in told] == [5.0, 7.0, 5.0]


def test_every_analyst_is_asked_about_with_all_ten_answers(config: Config, reading: Reading) -> None:
    model = ScriptedModel()
    panel = config.panel("space")
    with model.read(Prefix("s", "d")) as session:
        ratings = score(session, Prompts(config.prompt_dirs), reading, panel)
    assert len(ratings) == 3
    assert CHOICES == ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
