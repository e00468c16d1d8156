"""Finds the dated records that bear on an article.

In: a Reading, a Panel, all Records, and records made of earlier articles. Out: the few that share the article's
names and subject, are older than it and belong to the panel's beats (an earlier article belongs to any), oldest
first. Where nothing bears, nothing comes out, and the brief says so. Which files the records come from is
configuration's affair.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from summarizer.types import Panel, Reading, Record
from summarizer.words import content_stems, rarity

MAX_RECORDS = 4
# A record must share at least MIN_SUBJECTS words of the article's subject that are no names, and reach MIN_SCORE: the
# weight that it shares, times the root of that weight's share in the record's own, so that a record is about what is
# shared. Chosen on the tuning half of benchmarks/background_pairs.jsonl.
MIN_SUBJECTS = 2
MIN_SCORE = 5.5
# Sentences of the article that make a word as central as can be.
CENTRAL = 4
# Words of measure and occasion, which say nothing of a subject.
GENERIC = frozenset(
    content_stems(
        """million billion thousand trillion percent half third quarter dozen double number amount total part share
        average worth value price cost pay money sum fund public national government state country people person
        group company body member head minister president party city town north south east west region world
        contract sign agree plan order open close begin start end allow set take bring give keep hold call ask tell
        report publish find show work use build buy sell large small big long short high low late early old current
        former main common cent dollar euro pound name case test need help place home day time week month year
        monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
        september october november december"""
    )
)
# A record repeats another when it shares more than this of its stems with it.
MAX_OVERLAP = 0.5


def bearing(
    reading: Reading,
    panel: Panel,
    records: Sequence[Record],
    past: Sequence[Record] = (),
    limit: int = MAX_RECORDS,
) -> tuple[Record, ...]:
    """At most `limit` records that bear on the article and are older than it: of the panel's beats, or `past`."""
    candidates = scored(reading, panel, records, past)
    chosen: list[Scored] = []
    for candidate in sorted(candidates, key=lambda c: (-c.score, c.record.id)):
        if len(chosen) == limit or candidate.score < MIN_SCORE:
            break
        if all(len(candidate.words & other.words) <= MAX_OVERLAP * len(candidate.words) for other in chosen):
            chosen.append(candidate)
    return tuple(sorted((c.record for c in chosen), key=lambda record: (record.date, record.id)))


@dataclass(frozen=True, slots=True)
class Scored:
    """A record that may bear on the article, and its stems."""

    record: Record
    words: frozenset[str]
    score: float


def scored(reading: Reading, panel: Panel, records: Sequence[Record], past: Sequence[Record] = ()) -> list[Scored]:
    """All that are older than the article, of its beats, and share its subject; before any threshold of score."""
    article = reading.article
    central = _central(reading)
    beats = {analyst.beat for analyst in panel.analysts}
    found = []
    for record in (*records, *past):
        newer = bool(article.published) and record.date >= article.published[: len(record.date)]
        if newer or not (record.source.archive or beats & set(record.sectors)):
            continue
        words = frozenset(content_stems(record.text)) - GENERIC
        shared = words & central.keys()
        if len(shared - _names(record.text)) < MIN_SUBJECTS:
            continue
        weight = sum(rarity(word) * central[word] for word in shared)
        found.append(Scored(record, words, weight * sqrt(weight / sum(map(rarity, words)))))
    return found


def _central(reading: Reading) -> dict[str, float]:
    """From 0 to 1, how much of the article is about a stem: those that it comes back to, or has in its title or
    lead."""
    title = set(content_stems(reading.article.title))
    lead = set(content_stems(reading.text_of(1))) if reading.sentences else set()
    counts = Counter(title)
    for sentence in reading.sentences:
        counts.update(set(content_stems(reading.text_of(sentence.n))))
    return {
        stem: min(1.0, log(1 + n) / log(1 + CENTRAL)) for stem, n in counts.items() if n > 1 or stem in title | lead
    }


def _names(text: str) -> set[str]:
    """Stems of the capitalised words; the first word too, since records begin with who acted."""
    return set(content_stems(" ".join(re.findall(r"\b[A-Z][\w’'-]+", text))))
