"""Relevance: how much the story matters to each analyst of the panel, from 1 to 10.

In: a session that has read the article, the prompts, the panel, the model's calibration. Out: a Rating an analyst.
The score is not parsed from written text. An adapter may bring a probe that reads it off the model's state before the
answer. Without one it is the mean of the model's own probabilities of the ten answers, so a model that wavers between 7
and 9 says 8 instead of whichever digit came out first. A small model ranks better than it scales: its means lie close
together, and the calibration spreads them as the corpus's editors do (configs/models.toml; fitted by
benchmarks/relevance.py), and may give points for what the article's own words say. The reason sentence is written with
the other sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

from summarizer.models.protocol import Session
from summarizer.prompting import Prompts
from summarizer.types import Analyst, Calibration, Panel, Rating, Reading
from summarizer.words import WORD, content_stems, rarity, terms_in

CHOICES = tuple(str(n) for n in range(1, 11))
UNCALIBRATED = Calibration()
SHORT = 3  # letters of a word of the lens that tells nothing


def score(
    session: Session, prompts: Prompts, reading: Reading, panel: Panel, calibration: Calibration = UNCALIBRATED
) -> tuple[Rating, ...]:
    """Ratings in the order of the panel's analysts."""
    instructions = [prompts.render("relevance", analyst=analyst) for analyst in panel.analysts]
    points = [_points(signs(reading, analyst), calibration) for analyst in panel.analysts]
    probed = session.probe(instructions)
    if probed is not None:
        return tuple(_rating(value, 0.0, calibration, more) for value, more in zip(probed, points, strict=True))
    rated = session.rate(instructions, CHOICES)
    return tuple(rating(chances, calibration, more) for chances, more in zip(rated, points, strict=True))


def signs(reading: Reading, analyst: Analyst) -> tuple[float, float]:
    """What the article's words say of its relevance, by an analyst's terms (or, where there are none, the words of
    the lens): the share of sentences that hold one, and ln(1 + how much those of the text say, rare ones more)."""
    terms = analyst.terms or tuple(word for word in WORD.findall(analyst.lens) if len(word) > SHORT)
    found = terms_in((reading.text_of(s.n) for s in reading.sentences), terms)
    held = set[str]().union(*found)
    says = sum(max(map(rarity, content_stems(term)), default=0.0) for term in sorted(held))
    return sum(map(bool, found)) / max(1, len(found)), log(1 + says)


def rating(probabilities: Sequence[float], calibration: Calibration = UNCALIBRATED, points: float = 0.0) -> Rating:
    """The calibrated mean of a distribution over 1..10 (it need not sum to exactly 1) and `points` more, and how far
    off it may be: the calibration's error, or without one the distribution's standard deviation."""
    total = sum(probabilities)
    shares = [(n, p / total) for n, p in enumerate(probabilities, 1)]
    mean = sum(n * p for n, p in shares)
    return _rating(mean, sqrt(sum(p * (n - mean) ** 2 for n, p in shares)), calibration, points)


def _points(signs: tuple[float, float], calibration: Calibration) -> float:
    share, words = signs
    return calibration.share * share + calibration.words * words


def _rating(mean: float, deviation: float, calibration: Calibration, points: float) -> Rating:
    expected = min(10.0, max(1.0, calibration.offset + calibration.slope * mean + points))
    # Half a point rounds up: 8.5 is read as 9.
    return Rating(
        score=int(expected + 0.5),
        expected=round(expected, 2),
        spread=round(deviation if calibration.error is None else calibration.error, 2),
    )
