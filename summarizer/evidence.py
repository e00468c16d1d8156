"""Chooses, before anything is written, which sentences of the article each section is written from.

In: a Reading and a Panel. Out: an Evidence with sentence numbers for the summary, each analyst, each question
and the takeaway. Analysts share as few sentences as the article allows, so that their sections differ. Lexical
only: no model is asked, and nothing is written or checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from summarizer.types import Analyst, Anchor, Evidence, Panel, Reading
from summarizer.words import WORD, content_stems, inverse_frequency

SENTENCES_A_SECTION = 3
MIN_WORDS = 6
# What a sentence loses for each section that already has it: more than a typical difference in fit, less than
# the difference between a sentence on the beat and one off it.
REUSE_PENALTY = 0.45
# How much of a sentence's claim on a section is its general weight in the story, against its fit to the lens.
SALIENCE_SHARE = 0.4

LEANS_BACK = re.compile(
    r"""^["“']?(?:He|She|It|They|His|Her|Its|Their|This|These|Those|That|Both"""
    r"""|The (?:two|company|firm|agency|union))\b"""
)
FIGURE = re.compile(r"\d")


def choose(reading: Reading, panel: Panel, questions: int) -> Evidence:
    """Evidence for every section of a brief, with up to `questions` anchors."""
    salience = _salience(reading)
    usable = [s.n for s in reading.sentences if len(reading.text_of(s.n).split()) >= MIN_WORDS]
    usable = usable or [s.n for s in reading.sentences]
    fit = [_fit(reading, usable, analyst, panel) for analyst in panel.analysts]
    central = sorted(usable, key=lambda n: -salience[n])
    return Evidence(
        summary=_with_antecedents(reading, central[: SENTENCES_A_SECTION + 1]),
        analysts=_assign(reading, usable, fit, salience),
        takeaway=_with_antecedents(reading, central[:2]),
        anchors=_anchors(reading, usable, salience, questions),
    )


def _salience(reading: Reading) -> dict[int, float]:
    """Sentence number -> 0..1: how much it shares with the headline, the lead and the rest of the story."""
    stems = {s.n: content_stems(reading.text_of(s.n)) for s in reading.sentences}
    weight = inverse_frequency(list(stems.values()))
    title = set(content_stems(reading.article.title))
    lead = set(stems[1]) if stems else set()
    counts: dict[str, int] = {}
    for words in stems.values():
        for word in set(words):
            counts[word] = counts.get(word, 0) + 1
    raw = {}
    for n, words in stems.items():
        # Words that recur in other sentences are what the story is about; their rarity keeps fillers out.
        topical = sum(weight[w] for w in set(words) if counts[w] > 1 or w in title)
        echo = sum(weight.get(w, 1.0) for w in set(words) & (title | lead))
        text = reading.text_of(n)
        score = (topical + echo) / (6 + len(words)) + 0.25 * bool(FIGURE.search(text))
        score += 0.6 if n == 1 else 0.25 if n <= 3 else 0.0
        raw[n] = score
    top = max(raw.values(), default=1.0) or 1.0
    return {n: score / top for n, score in raw.items()}


def _fit(reading: Reading, usable: Sequence[int], analyst: Analyst, panel: Panel) -> dict[int, float]:
    """Sentence number -> 0..1: how much of the analyst's vocabulary it holds, a term counting the less the
    more analysts of this panel share it."""
    terms = {term.lower() for term in (*analyst.terms, *WORD.findall(analyst.lens)) if len(term) > 2}
    shared = {term: sum(term in {t.lower() for t in other.terms} for other in panel.analysts) or 1 for term in terms}
    patterns = {term: re.compile(_pattern(term), re.IGNORECASE) for term in terms}
    raw = {}
    for n in usable:
        text = reading.text_of(n)
        raw[n] = sum(1 / shared[term] for term, pattern in patterns.items() if pattern.search(text)) ** 0.5
    top = max(raw.values(), default=0.0) or 1.0
    return {n: score / top for n, score in raw.items()}


def _pattern(term: str) -> str:
    body = re.escape(term.rstrip("*"))
    return rf"\b{body}\w*" if term.endswith("*") else rf"\b{body}\b"


def _assign(
    reading: Reading,
    usable: Sequence[int],
    fit: Sequence[Mapping[int, float]],
    salience: Mapping[int, float],
) -> tuple[tuple[int, ...], ...]:
    """Round by round each analyst takes the best sentence left for them; taken ones cost a penalty."""
    taken: dict[int, int] = {}
    chosen: list[list[int]] = [[] for _ in fit]
    for _ in range(min(SENTENCES_A_SECTION, len(usable))):
        for analyst, picks in zip(fit, chosen, strict=True):
            free = [n for n in usable if n not in picks]
            if not free:
                continue
            best = max(
                free,
                key=lambda n: (
                    analyst[n] + SALIENCE_SHARE * salience[n] - REUSE_PENALTY * taken.get(n, 0),
                    -n,
                ),
            )
            picks.append(best)
            taken[best] = taken.get(best, 0) + 1
    return tuple(_with_antecedents(reading, picks) for picks in chosen)


def _with_antecedents(reading: Reading, numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers in order, each sentence that leans on the one before it ("He added ...") together with it:
    a small model otherwise hangs the fact on whoever is named nearest."""
    result = set(numbers)
    for number in numbers:
        n = number
        while n > 1 and LEANS_BACK.match(reading.text_of(n)):
            n -= 1
            result.add(n)
    return tuple(sorted(result))


# --- questions -----------------------------------------------------------------------------------------------

# What kind of sentence leaves what open, in the order in which they are tried: (pattern, gap, opening).
GAPS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), gap, opening)
    for pattern, gap, opening in (
        (
            r"\b(?:declined|did not (?:say|name|give|comment)|undisclosed|unnamed|classified|confidential"
            r"|would not say|not (?:yet )?been (?:published|disclosed))\b",
            "what was not disclosed, and which document or person could show it",
            "Who",
        ),
        (
            r"\b(?:disput\w+|den(?:y|ied|ies)|contest\w*|reject\w*|critic\w+|however|doubt\w*|disagree\w*|accus\w+)\b",
            "which independent record or test would show which side is right",
            "Which",
        ),
        (
            r"\b(?:delay\w*|postpon\w*|by the end of|deadline|scheduled|due (?:to|in|on)|expected to|set to)\b",
            "what happens, and who bears the cost, if the date is missed",
            "What happens if",
        ),
        (
            r"\b(?:million|billion|bn|budget|grant|fund\w*|invest\w*|cost\w*|paid|pay|price\w*|loan)\b",
            "where the money comes from, and who checked the figure",
            "Who",
        ),
        (
            r"\b(?:agree\w*|contract\w*|partner\w*|joint\w*|cooperat\w*|collaborat\w*|deal|licen[cs]e\w*|treaty)\b",
            "which terms the parties have agreed on data, money and control",
            "Which",
        ),
        (
            r"\b(?:could|would|hope\w*|aim\w*|plan\w*|intend\w*|promis\w*|pledg\w*|propos\w*|urge\w*|should)\b",
            "what has been decided so far, by whom, and what would have to change first",
            "How",
        ),
        (
            r"\b(?:percent|per cent|%|average|rate|rose|fell|increase\w*|decrease\w*|study|trial|data|survey)\b",
            "how the figure was measured, and whether anybody else has confirmed it",
            "How",
        ),
        (
            r"[“\"]",
            "what evidence beyond the speaker's word supports the claim, and what interest the speaker has",
            "What evidence",
        ),
    )
)
DEFAULT_GAP = ("who gains, who loses, and who decided", "Who")


def _anchors(reading: Reading, usable: Sequence[int], salience: Mapping[int, float], wanted: int) -> tuple[Anchor, ...]:
    """The most telling sentences that leave something open, of different kinds and paragraphs as far as the
    article allows."""
    options = []
    for n in usable:
        text = reading.text_of(n)
        found = [(i, gap) for i, gap in enumerate(GAPS) if gap[0].search(text)]
        names = len(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text))
        openness = 0.25 * len(found) + 0.15 * min(names, 3) + 0.2 * bool(FIGURE.search(text))
        options.append((salience[n] + openness, n, found))
    used_gaps: dict[int, int] = {}
    used_paragraphs: dict[int, int] = {}
    anchors: list[Anchor] = []
    while options and len(anchors) < wanted:

        def worth(option: tuple[float, int, list[tuple[int, tuple[re.Pattern[str], str, str]]]]) -> float:
            score, n, found = option
            fresh = min((used_gaps.get(i, 0) for i, _ in found), default=used_gaps.get(-1, 0) + 1)
            return score - 0.4 * fresh - 0.35 * used_paragraphs.get(reading.sentences[n - 1].paragraph, 0)

        best = max(options, key=lambda option: (worth(option), -option[1]))
        options.remove(best)
        _, n, found = best
        i, gap, opening = -1, *DEFAULT_GAP
        if found:
            i, (_, gap, opening) = min(found, key=lambda item: used_gaps.get(item[0], 0))
        used_gaps[i] = used_gaps.get(i, 0) + 1
        paragraph = reading.sentences[n - 1].paragraph
        used_paragraphs[paragraph] = used_paragraphs.get(paragraph, 0) + 1
        context = tuple(m for m in _with_antecedents(reading, [n]) if m != n)
        anchors.append(Anchor(n, context, gap, opening))
    return tuple(anchors)
