"""How well evidence is chosen, and the weights it is chosen by: `python -m training chooser [--fit]`.

In: the corpus. Out: recall at 4 on both parts, or the weights for summarizer/evidence.py, fitted on the training part.
The yardstick are the sentences that carry an exemplary text, at most four, those that carry most of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from summarizer.config import Config, load_config
from summarizer.evidence import (
    SECTOR_WEIGHTS,
    SUMMARY_WEIGHTS,
    TAKEAWAY_WEIGHTS,
    choose,
    sector_signs,
    story_signs,
    usable_sentences,
)
from summarizer.grounding.judge import judge
from summarizer.grounding.source import source_of
from summarizer.pipeline import sentences_of
from summarizer.segment import segment
from summarizer.types import Panel
from training.examples import QUESTIONS, article_of, is_held_out, read
from training.logistic import logistic

AT = 4
RIDGE = 1.0
WEIGHTS = {"sector": SECTOR_WEIGHTS, "summary": SUMMARY_WEIGHTS, "takeaway": TAKEAWAY_WEIGHTS}


@dataclass(frozen=True, slots=True)
class Choice:
    """One section of one article: the signs of every usable sentence, those that carry the exemplary text, those
    that were given to the section."""

    kind: str
    held_out: bool
    signs: Mapping[int, Mapping[str, float]]
    carrying: tuple[int, ...]
    given: tuple[int, ...]

    @property
    def recall(self) -> float:
        return len(set(self.carrying) & set(self.given)) / len(self.carrying)


def choices(files: Sequence[Path], config: Config) -> list[Choice]:
    """Every section of the corpus whose text is carried by some sentence."""
    found = []
    for record in read(files):
        reading = segment(article_of(record))
        source = source_of(reading)
        usable = usable_sentences(reading)
        panel = Panel("case", "Case", tuple(config.sectors[beat] for beat in record["panel"]))
        chosen = choose(reading, panel, QUESTIONS)
        story = story_signs(reading, usable)
        texts = [("summary", record["summary"], story, chosen.summary)]
        texts.append(("takeaway", record["takeaway"], story, chosen.takeaway))
        given_to = [(best, *further) for best, further in zip(chosen.reasons, chosen.analysts, strict=True)]
        for beat, analyst, given in zip(record["panel"], panel.analysts, given_to, strict=True):
            texts.append(("sector", record["sectors"][beat], sector_signs(reading, usable, analyst, panel), given))
        for kind, text, signs, given in texts:
            carrying: dict[int, None] = {}
            for sentence in sentences_of(text):
                j = judge(source, sentence)
                carrying |= {} if j.problems else dict.fromkeys(j.evidence)
            if carrying:
                found.append(Choice(kind, is_held_out(record["id"]), signs, tuple(carrying)[:AT], given))
    return found


def report(found: Sequence[Choice]) -> None:
    for name, part in (("training part", False), ("held out", True)):
        own = [choice for choice in found if choice.held_out == part]
        figures = {kind: [choice.recall for choice in own if choice.kind == kind] for kind in WEIGHTS}
        print(f"{name:<14}", "  ".join(f"{kind} {fmean(values):.3f}" for kind, values in figures.items() if values))


def fit(found: Sequence[Choice]) -> None:
    """Logistic regressions on the training part."""
    for kind, known in WEIGHTS.items():
        names = [name for name in known if name != "bias"]
        own = [choice for choice in found if choice.kind == kind and not choice.held_out]
        rows = [(signs, n in choice.carrying) for choice in own for n, signs in choice.signs.items()]
        x = np.array([[1.0, *(signs[name] for name in names)] for signs, _ in rows])
        y = np.array([float(carries) for _, carries in rows])
        weights = logistic(x, y, RIDGE)
        print(kind, {name: round(float(w), 2) for name, w in zip(["bias", *names], weights, strict=True)})


def run(files: Sequence[Path], fitting: bool) -> int:
    found = choices(files, load_config())
    if fitting:
        fit(found)
    report(found)
    return 0
