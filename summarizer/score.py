"""Relevance: how much the story matters to each analyst of the panel, from 1 to 10.

In: a session that has read the article, the prompts, the panel. Out: a Rating an analyst. The score is not
parsed from written text: it is the mean of the model's own probabilities of the ten answers, so a model that
wavers between 7 and 9 says 8 with a spread, instead of whichever digit came out first. The reason sentence is
written with the other sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from summarizer.models.protocol import Session
from summarizer.prompting import Prompts
from summarizer.types import Panel, Rating

CHOICES = tuple(str(n) for n in range(1, 11))


def score(session: Session, prompts: Prompts, panel: Panel) -> tuple[Rating, ...]:
    """Ratings in the order of the panel's analysts."""
    instructions = [prompts.render("relevance", analyst=analyst) for analyst in panel.analysts]
    return tuple(rating(probabilities) for probabilities in session.rate(instructions, CHOICES))


def rating(probabilities: Sequence[float]) -> Rating:
    """The mean and standard deviation of a distribution over 1..10 (it need not sum to exactly 1)."""
    total = sum(probabilities)
    points = [(n, p / total) for n, p in enumerate(probabilities, 1)]
    mean = sum(n * p for n, p in points)
    spread = sqrt(sum(p * (n - mean) ** 2 for n, p in points))
    # Half a point rounds up: 8.5 is read as 9.
    return Rating(min(10, max(1, int(mean + 0.5))), round(mean, 2), round(spread, 2))
