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
from functools import lru_cache
from math import log

from summarizer.types import Panel, Reading, Record
from summarizer.words import content_stems, inverse_frequency

MAX_RECORDS = 4
# A record must share at least MIN_SUBJECTS rare words of the article's subject (RARE: weight among the records) and
# reach MIN_WEIGHT. All three were chosen by reading what comes out for the corpus: below them, chance words
# ("plan", "country", "poor") bring records in. A name alone never does.
RARE = 3.6
MIN_SUBJECTS = 2
MIN_WEIGHT = 13.0
NAME_FACTOR = 1.2
# Words of measure and occasion, which say nothing of a subject.
GENERIC = frozenset(
    content_stems(
        """million billion thousand trillion percent half third quarter dozen double number amount total part share
        average worth value price cost pay money sum fund public national government state country people person
        group company body member head minister president party city town north south east west region world
        contract sign agree plan order open close begin start end allow set take bring give keep hold call ask tell
        report publish find show work use build buy sell large small big long short high low late early old current
        former main common cent dollar euro pound name case test need help place home day time week month year"""
    )
)
# What a word is worth that the article merely mentions, against one that it keeps coming back to.
ASIDE = 0.35
# A record repeats another when it shares more than this of its stems with it.
MAX_OVERLAP = 0.5


def bearing(
    reading: Reading,
    panel: Panel,
    records: Sequence[Record],
    past: Sequence[Record] = (),
    limit: int = MAX_RECORDS,
) -> tuple[Record, ...]:
    """At most `limit` records that bear on the article and are older than it: of the panel's beats, or `past`.

    How rare a word is, `records` alone say, so that a brief doesn't depend on how full the archive is."""
    article = reading.article
    topical, aside = _subject(reading)
    weight = _weights(tuple(records))
    beats = {analyst.beat for analyst in panel.analysts}
    unseen = log(1 + len(records))
    scored = []
    for record in (*records, *past):
        newer = bool(article.published) and record.date >= article.published[: len(record.date)]
        if newer or not (record.source.archive or beats & set(record.sectors)):
            continue
        words = set(content_stems(record.text)) - GENERIC
        names = _names(record.text)
        subjects = {word for word in words & topical if weight.get(word, unseen) >= RARE}
        if len(subjects) < MIN_SUBJECTS or subjects <= names:
            continue
        score = sum(
            weight.get(w, unseen) * (NAME_FACTOR if w in names else 1.0) * (1.0 if w in topical else ASIDE)
            for w in words & (topical | aside)
        )
        # Long records share more by chance.
        score *= (12 / max(12, len(words))) ** 0.5
        if score >= MIN_WEIGHT:
            scored.append((score, record, words))
    scored.sort(key=lambda item: (-item[0], item[1].id))
    chosen: list[tuple[Record, set[str]]] = []
    for _, record, words in scored:
        if len(chosen) == limit:
            break
        if all(len(words & other) <= MAX_OVERLAP * len(words) for _, other in chosen):
            chosen.append((record, words))
    return tuple(sorted((record for record, _ in chosen), key=lambda record: (record.date, record.id)))


def _subject(reading: Reading) -> tuple[set[str], set[str]]:
    """Stems that the article comes back to, or has in its title or lead; and the rest of its stems."""
    counts: Counter[str] = Counter()
    for sentence in reading.sentences:
        counts.update(set(content_stems(reading.text_of(sentence.n))))
    lead = reading.text_of(1) if reading.sentences else ""
    topical = {word for word, n in counts.items() if n > 1}
    topical |= set(content_stems(f"{reading.article.title} {lead}"))
    return topical, set(counts) - topical


@lru_cache(maxsize=4)
def _weights(records: tuple[Record, ...]) -> dict[str, float]:
    return inverse_frequency([content_stems(record.text) for record in records])


def _names(text: str) -> set[str]:
    """Stems of the capitalised words; the first word too, since records begin with who acted."""
    return set(content_stems(" ".join(re.findall(r"\b[A-Z][\w’'-]+", text))))
