"""Relevance: how much the story matters to each analyst of the panel, from 1 to 10.

In: a session that has read the article, the prompts, the panel, the model's calibration. Out: a Rating an analyst.
The score is not parsed from written text. An adapter may bring a probe that reads it off the model's state before the
answer. Without one it is the mean of the model's own probabilities of the ten answers, so a model that wavers between 7
and 9 says 8 instead of whichever digit came out first. A small model ranks better than it scales: its means lie close
together, and the calibration spreads them as the corpus's editors do (configs/relevance.toml; fitted by
benchmarks/relevance.py). The reason sentence is written with the other sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from summarizer.models.protocol import Session
from summarizer.prompting import Prompts
from summarizer.types import Calibration, Panel, Rating

CHOICES = tuple(str(n) for n in range(1, 11))
UNCALIBRATED = Calibration()


def score(
    session: Session, prompts: Prompts, panel: Panel, calibration: Calibration = UNCALIBRATED
) -> tuple[Rating, ...]:
    """Ratings in the order of the panel's analysts."""
    instructions = [prompts.render("relevance", analyst=analyst) for analyst in panel.analysts]
    probed = session.probe(instructions)
    if probed is not None:
        return tuple(_rating(value, 0.0, calibration) for value in probed)
    return tuple(rating(probabilities, calibration) for probabilities in session.rate(instructions, CHOICES))


def rating(probabilities: Sequence[float], calibration: Calibration = UNCALIBRATED) -> Rating:
    """The calibrated mean of a distribution over 1..10 (it need not sum to exactly 1), and how far off it may be: the
    calibration's error, or without one the distribution's standard deviation."""
    total = sum(probabilities)
    points = [(n, p / total) for n, p in enumerate(probabilities, 1)]
    mean = sum(n * p for n, p in points)
    return _rating(mean, sqrt(sum(p * (n - mean) ** 2 for n, p in points)), calibration)


def _rating(mean: float, deviation: float, calibration: Calibration) -> Rating:
    expected = min(10.0, max(1.0, calibration.offset + calibration.slope * mean))
    # Half a point rounds up: 8.5 is read as 9.
    return Rating(
        score=int(expected + 0.5),
        expected=round(expected, 2),
        spread=round(deviation if calibration.error is None else calibration.error, 2),
    )
