"""Chooses, before anything is written, which sentences of the article each section is written from.

In: a Reading, a Panel and the relevance scores. Out: an Evidence with sentence numbers for the summary, each analyst,
each question and the takeaway. Analysts share as few sentences as the article allows, so that their sections differ.
A sentence's worth for a section is a weighted sum of simple signs; the weights are a logistic regression on the
sentences that carry the corpus's exemplary texts (`python -m training chooser --fit`). No model is asked, and nothing
is written or checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import exp

from summarizer.types import Analyst, Anchor, Evidence, Panel, Reading
from summarizer.words import WORD, content_stems, terms_in

SUMMARY, SECTION, TAKEAWAY = 3, 4, 3  # sentences; of a section's the best one is the reason of its relevance
MIN_WORDS = 6
ENOUGH = 2 * SECTION
# From 1 to 10: so relevant at most is a story that a section has little to say about; so many sentences are enough, and
# nothing is concluded.
TANGENTIAL = 4
LITTLE = 2
GROUNDS = 2  # sentences from which a consequence is drawn
# What a sentence loses for each section that already has it, in the units of the weights. Each sentence is written
# anew by itself, so a section that shares one with another would repeat it.
REUSE_PENALTY = 5.0

# What speaks for a sentence in an analyst's section.
SECTOR_WEIGHTS: Mapping[str, float] = {
    "bias": -2.82,
    "fit": 0.48,
    "terms": 1.67,
    "beside": 0.62,
    "first": 0.28,
    "figure": 0.31,
    "length": 1.15,
}
# And in the summary and the takeaway.
SUMMARY_WEIGHTS: Mapping[str, float] = {
    "bias": -1.61,
    "first": 0.2,
    "top": 1.01,
    "late": -3.55,
    "last": -0.74,
    "figure": 0.7,
    "figures": 0.65,
    "quotation": -0.97,
    "length": 1.02,
    "title": 0.94,
}
TAKEAWAY_WEIGHTS: Mapping[str, float] = {
    "bias": -2.79,
    "first": 1.52,
    "top": 0.23,
    "late": -0.65,
    "last": 0.44,
    "figure": 0.16,
    "figures": 0.33,
    "quotation": -0.06,
    "length": 1.21,
    "title": 0.83,
}

LEANS_BACK = re.compile(
    r"""^["“']?(?:He|She|It|They|His|Her|Its|Their|This|These|Those|That|Both"""
    r"""|The (?:two|first|second|third|fourth|other|others|latter|former|same|company|firm|agency|union))\b"""
)
# And one that somebody says of himself, which is nobody's without the speaker.
SPEAKER = re.compile(r"""^["“'‘]?(?:I|We|You|My|Our|Your)\b""")
TOLD_BACK = re.compile(r"""[,”"] (?:he|she|they) (?:said|added|wrote|told|replied|noted)\b""")
# One that says what is planned, expected, feared or possible.
OUTLOOK = re.compile(
    r"\b(?:will|would|could|may|might|shall|plan(?:s|ned)?|expect(?:s|ed)?|intends?|aims?|due|unless|until|risk(?:s|ed)?"
    r"|threat\w*|warn(?:s|ed|ing)?|forecasts?|next (?:week|month|year|spring|summer|autumn|winter))\b",
    re.IGNORECASE,
)
FIGURE = re.compile(r"\d")
NUMBER = re.compile(r"\d[\d.,]*")
QUOTE = re.compile(r"[“\"]")


def choose(reading: Reading, panel: Panel, questions: int, scores: Sequence[int] = ()) -> Evidence:
    """Evidence for every section of a brief, with up to `questions` anchors. `scores` say how relevant the story is to
    each analyst, from 1 to 10, where that is known."""
    usable = usable_sentences(reading)
    story = story_signs(reading, usable)
    summary = {n: _worth(signs, SUMMARY_WEIGHTS) for n, signs in story.items()}
    takeaway = {n: _worth(signs, TAKEAWAY_WEIGHTS) for n, signs in story.items()}
    sectors = [sector_signs(reading, usable, analyst, panel) for analyst in panel.analysts]
    fit = [{n: _worth(signs, SECTOR_WEIGHTS) for n, signs in sector.items()} for sector in sectors]
    told = sorted(_best(summary, SUMMARY))
    ahead = {n for n in usable if OUTLOOK.search(reading.text_of(n))}
    picks = _assign(usable, fit, told, ahead) if usable else []
    grounds = [[own[at : at + GROUNDS] for at in range(0, len(own), GROUNDS)] for own in picks]
    for i, score in enumerate(scores):
        if score <= TANGENTIAL and picks:
            del picks[i][LITTLE:]
            grounds[i] = []
    central = _best(takeaway, TAKEAWAY)
    used = {*told, *central, *(n for numbers in picks for n in numbers)}
    return Evidence(
        summary=tuple(told),
        reasons=tuple(best for best, *_ in picks),
        analysts=tuple(tuple(sorted(rest or [best])) for best, *rest in picks),
        grounds=tuple(tuple(standing(reading, numbers) for numbers in sets) for sets in grounds),
        takeaway=tuple(central),
        anchors=_anchors(reading, usable, {n: 1 / (1 + exp(-worth)) for n, worth in summary.items()}, questions),
        before={n: before for n in sorted(used) if (before := leaned_on(reading, n))},
    )


def usable_sentences(reading: Reading) -> list[int]:
    """Numbers of the sentences that are long enough to say something and stand by themselves; where there are too few
    of these for a brief, of those that lean on others as well, and of all where none is left."""
    long = [s.n for s in reading.sentences if len(reading.text_of(s.n).split()) >= MIN_WORDS]
    alone = [n for n in long if not leans(reading.text_of(n))]
    return next((some for some in (alone, long) if len(some) >= ENOUGH), long or [s.n for s in reading.sentences])


def story_signs(reading: Reading, usable: Sequence[int]) -> dict[int, dict[str, float]]:
    """Sentence number -> what speaks for or against its being central to the story, each about 0..1."""
    title = set(content_stems(reading.article.title))
    count = max(len(reading.sentences), 1)
    signs = {}
    for n in usable:
        text = reading.text_of(n)
        signs[n] = {
            "first": float(n == 1),
            "top": float(n <= 3),
            "late": n / count,
            "last": float(n == count),
            "figure": float(bool(FIGURE.search(text))),
            "figures": min(len(NUMBER.findall(text)), 3) / 3,
            "quotation": float(bool(QUOTE.search(text))),
            "length": min(len(text.split()), 40) / 40,
            "title": len(title & set(content_stems(text))) / 3,
        }
    return signs


def sector_signs(
    reading: Reading, usable: Sequence[int], analyst: Analyst, panel: Panel
) -> dict[int, dict[str, float]]:
    """Sentence number -> what speaks for its mattering to the analyst, each about 0..1. A term of theirs counts the
    less in `fit` the more analysts of this panel share it."""
    terms = {term.lower() for term in (*analyst.terms, *WORD.findall(analyst.lens)) if len(term) > 2}
    shared = {term: sum(term in {t.lower() for t in other.terms} for other in panel.analysts) or 1 for term in terms}
    found = dict(zip(usable, terms_in(map(reading.text_of, usable), terms), strict=True))
    own = {n: sum(1 / shared[term] for term in terms_of) ** 0.5 for n, terms_of in found.items()}
    top = max(own.values(), default=0.0) or 1.0
    # The words of the lens are general ones: they count only for an analyst who has no others.
    named = {term.lower() for term in analyst.terms} or terms
    held = {n: len(named.intersection(terms_of)) for n, terms_of in found.items()}
    return {
        n: {
            "fit": own[n] / top,
            "terms": min(held[n], 4) / 4,
            "beside": min(max(held.get(n - 1, 0), held.get(n + 1, 0)), 3) / 3,
            "first": float(n == 1),
            "figure": float(bool(FIGURE.search(reading.text_of(n)))),
            "length": min(len(reading.text_of(n).split()), 40) / 40,
        }
        for n in usable
    }


def _worth(signs: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(weight * signs.get(name, 1.0) for name, weight in weights.items())


def _best(worth: Mapping[int, float], count: int) -> list[int]:
    return sorted(worth, key=lambda n: (-worth[n], n))[:count]


def _assign(
    usable: Sequence[int], fit: Sequence[Mapping[int, float]], told: Sequence[int], ahead: set[int]
) -> list[list[int]]:
    """Round by round each analyst takes the best sentence left for them; taken ones cost a penalty, those of the
    summary as well. The second one says what is to come, where the article says so: the author knows that better than
    a small model."""
    taken = dict.fromkeys(told, 1)
    chosen: list[list[int]] = [[] for _ in fit]
    for number in range(min(SECTION, len(usable))):
        for worth, picks in zip(fit, chosen, strict=True):
            free = [n for n in usable if n not in picks]
            if number == 1 and not ahead.intersection(picks):
                free = [n for n in free if n in ahead and not taken.get(n)] or free
            best = max(free, key=lambda n: (worth[n] - REUSE_PENALTY * taken.get(n, 0), -n))
            picks.append(best)
            taken[best] = taken.get(best, 0) + 1
    return chosen


def leans(sentence: str) -> bool:
    """Whether a sentence speaks of somebody or something that an earlier one names."""
    return bool(LEANS_BACK.match(sentence) or SPEAKER.match(sentence) or TOLD_BACK.search(sentence))


def leaned_on(reading: Reading, number: int) -> tuple[int, ...]:
    """The sentences before one that leans on them ("He added ..."), in order: a small model otherwise hangs the fact on
    whoever is named nearest."""
    n = number
    while n > 1 and leans(reading.text_of(n)):
        n -= 1
    return tuple(range(n, number))


def standing(reading: Reading, numbers: Iterable[int]) -> tuple[int, ...]:
    """The sentences in order, with those that they lean on."""
    return tuple(sorted({n for number in numbers for n in (*leaned_on(reading, number), number)}))


# --- questions -----------------------------------------------------------------------------------------------

# What kind of sentence leaves what open, in the order in which they are tried.
GAPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), gap)
    for gap, pattern in (
        (
            "what was not said",
            r"\b(?:declined|did not (?:say|name|give|comment)|undisclosed|unnamed|classified|confidential"
            r"|would not say|not (?:yet )?been (?:published|disclosed))\b",
        ),
        (
            "who is right",
            r"\b(?:disput\w+|den(?:y|ied|ies)|contest\w*|reject\w*|critic\w+|however|doubt\w*|disagree\w*|accus\w+)\b",
        ),
        (
            "the date",
            r"\b(?:delay\w*|postpon\w*|by the end of|deadline|scheduled|due (?:to|in|on)|expected to|set to)\b",
        ),
        (
            "the money",
            r"\b(?:million|billion|bn|budget|grant|fund\w*|invest\w*|cost\w*|paid|pay|price\w*|loan)\b",
        ),
        (
            "the terms",
            r"\b(?:agree\w*|contract\w*|partner\w*|joint\w*|cooperat\w*|collaborat\w*|deal|licen[cs]e\w*|treaty)\b",
        ),
        (
            "the decision",
            r"\b(?:could|would|hope\w*|aim\w*|plan\w*|intend\w*|promis\w*|pledg\w*|propos\w*|urge\w*|should)\b",
        ),
        (
            "the figures",
            r"\b(?:percent|per cent|%|average|rate|rose|fell|increase\w*|decrease\w*|study|trial|data|survey)\b",
        ),
        ("the evidence", r"[“\"]"),
    )
)
DEFAULT_GAP = "who gains and who loses"


def _anchors(reading: Reading, usable: Sequence[int], salience: Mapping[int, float], wanted: int) -> tuple[Anchor, ...]:
    """The most telling sentences that leave something open, of different kinds and paragraphs as far as the
    article allows."""
    options = []
    for n in usable:
        text = reading.text_of(n)
        found = [(i, gap) for i, (pattern, gap) in enumerate(GAPS) if pattern.search(text)]
        names = len(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text))
        openness = 0.25 * len(found) + 0.15 * min(names, 3) + 0.2 * bool(FIGURE.search(text))
        options.append((salience[n] + openness, n, found))
    used_gaps: dict[int, int] = {}
    used_paragraphs: dict[int, int] = {}
    anchors: list[Anchor] = []
    while options and len(anchors) < wanted:

        def worth(option: tuple[float, int, list[tuple[int, str]]]) -> float:
            score, n, found = option
            fresh = min((used_gaps.get(i, 0) for i, _ in found), default=used_gaps.get(-1, 0) + 1)
            return score - 0.4 * fresh - 0.35 * used_paragraphs.get(reading.sentences[n - 1].paragraph, 0)

        best = max(options, key=lambda option: (worth(option), -option[1]))
        options.remove(best)
        _, n, found = best
        i, gap = min(found, key=lambda item: used_gaps.get(item[0], 0), default=(-1, DEFAULT_GAP))
        used_gaps[i] = used_gaps.get(i, 0) + 1
        paragraph = reading.sentences[n - 1].paragraph
        used_paragraphs[paragraph] = used_paragraphs.get(paragraph, 0) + 1
        anchors.append(Anchor(n, leaned_on(reading, n), gap))
    return tuple(anchors)
