"""Dates: days, months, years, decades, weekdays, seasons, clock times and "last year", read from any text.

In: a text. Out: DateMentions with offsets; a range gives one for each end. What isn't written isn't computed: a
statement may say "14 June 2023" where the article says "14 June" and was published in 2023, but no weekday,
age or span is derived.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarizer.grounding.lexicon import MONTHS, WEEKDAYS
from summarizer.grounding.text import fold, plain

_NAMES = "|".join(sorted((m.capitalize() for m in MONTHS), key=len, reverse=True))
_MONTH = rf"(?P<month>{_NAMES}|{_NAMES.upper()})\b\.?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_DAY2 = r"(?:\s*(?:to|and|until|or|-)\s*(?P<day2>[0-3]?\d)(?:st|nd|rd|th)?)?"
_YEAR = r"(?P<year>1[0-9]{3}|2[01]\d\d)"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_YEAR}-(?P<number>[01]\d)-(?P<day>[0-3]\d)\b",
        rf"\b{_DAY}{_DAY2}\s+(?:of\s+)?{_MONTH}(?:,?\s+(?:in\s+)?{_YEAR}\b)?",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}\b(?![.,]?\d|:\d|\s*(?:percent|per cent|%)){_DAY2}(?:,?\s+{_YEAR}\b)?",
        rf"\b{_MONTH}(?:,?\s+(?:of\s+)?{_YEAR}\b)",
        r"\b(?P<decade>1[0-9]{2}0|20\d0)s\b",
        rf"\b(?P<ordinal>first|second|third|fourth|final|last|1st|2nd|3rd|4th)[\s-](?P<part>quarter|half)\b"
        rf"(?:\s+of\s+(?:the\s+)?(?:year\s+)?{_YEAR}\b)?",
        rf"\bQ(?P<q>[1-4])\b(?:\s+(?:of\s+)?{_YEAR}\b)?",
        rf"\b(?P<season>spring|summer|autumn|winter)\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_YEAR}\s*[-/]\s*(?P<short>\d\d)\b(?!\d|-)",
        rf"(?<![\d.,$€£¥])\b{_YEAR}\b(?![.,]\d|%|\s*(?:percent|per cent|million|billion|thousand)\b)",
        r"(?<![\d.,])\b(?P<clock>[012]?\d:[0-5]\d)\b",
    )
)
_LONE_MONTH = re.compile(rf"\b(?P<month>{_NAMES})\b")
# "May" and "March" are months after these words, and other words elsewhere.
_BEFORE_MONTH = frozenset(
    "in of since until till by last next this from to before after early mid late during through between "
    "and each every "
    "for on around about".split()
)
_WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b")
_RELATIVE = re.compile(
    r"\b(?:last|next|previous|following|coming)\s+(?:year|month|week|quarter)\b(?!')|\b(?:yesterday"
    r"|tomorrow|tonight)\b",
    re.IGNORECASE,
)
_SEASONAL = re.compile(r"\b(?P<season>spring|summer|autumn|winter)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateMention:
    """What is said of a date; 0 or "" for what isn't. `other` holds decades, quarters, clock times, "last year"."""

    text: str
    start: int
    end: int
    year: int = 0
    month: int = 0
    day: int = 0
    other: str = ""

    @property
    def kind(self) -> str:
        return "day" if self.day else "month" if self.month else "other" if self.other else "year"


def dates(text: str) -> list[DateMention]:
    """All dates of a text in order. Weekdays and seasons come as `other`."""
    text = plain(text)
    found: list[DateMention] = []
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return not any(s < end and start < e for s, e in taken)

    for pattern in _PATTERNS:
        for m in pattern.finditer(text):
            if free(m.start(), m.end()):
                taken.append((m.start(), m.end()))
                found += _mentions(m)
    for m in _LONE_MONTH.finditer(text):
        if free(m.start(), m.end()) and _is_month(text, m):
            found.append(DateMention(m.group(), m.start(), m.end(), month=MONTHS[fold(m["month"])]))
    for m in _WEEKDAY.finditer(text):
        found.append(DateMention(m.group(), m.start(), m.end(), other=fold(m.group()).rstrip("s")))
    for m in _RELATIVE.finditer(text):
        words = " ".join(fold(m.group()).split())
        found.append(DateMention(m.group(), m.start(), m.end(), other=words))
    return sorted(found, key=lambda d: d.start)


def _mentions(m: re.Match[str]) -> list[DateMention]:
    parts = m.groupdict()
    year = int(parts.get("year") or 0)
    month = int(parts.get("number") or 0) or (MONTHS[fold(parts["month"])] if parts.get("month") else 0)

    def make(*, year: int = 0, month: int = 0, day: int = 0, other: str = "") -> DateMention:
        return DateMention(m.group(), m.start(), m.end(), year, month, day, other)

    if parts.get("decade"):
        return [make(other=parts["decade"] + "s")]
    if parts.get("clock"):
        return [make(other=parts["clock"].lstrip("0"))]
    if parts.get("q"):
        return [make(year=year, other="quarter " + parts["q"])]
    if parts.get("part"):
        ordinals = {"first": "1", "second": "2", "third": "3", "fourth": "4", "final": "last"}
        ordinal = ordinals.get(parts["ordinal"], parts["ordinal"][0] if parts["ordinal"][0].isdigit() else "last")
        return [make(year=year, other=f"{parts['part']} {ordinal}")]
    if parts.get("season"):
        return [make(year=year, other=parts["season"])]
    if parts.get("short"):
        return [make(year=year), make(year=year // 100 * 100 + int(parts["short"]))]
    days = [int(d) for d in (parts.get("day"), parts.get("day2")) if d] or [0]
    return [make(year=year, month=month, day=day) for day in days]


def _is_month(text: str, m: re.Match[str]) -> bool:
    """ "May" and "March", and short forms, are words too."""
    name = m["month"]
    if name not in {"May", "March", "Mar", "Jan", "Apr", "Jun", "Jul", "Dec", "Sep", "Oct", "Nov", "Feb", "Aug"}:
        return True
    before = re.search(r"(\w+)\W*$", text[: m.start()])
    return bool(before and before.group(1).lower() in _BEFORE_MONTH)


def seasons(text: str) -> set[str]:
    return {fold(m["season"]) for m in _SEASONAL.finditer(text)}


class Calendar:
    """The dates of a source, asked whether they contain those of a statement."""

    def __init__(self, sentences: list[str], published: str = "", *, words: str = "") -> None:
        self._mentions = [(n, d) for n, sentence in enumerate(sentences, 1) for d in dates(sentence)]
        self._published = dates(published)[:1]
        self._seasons = seasons(" ".join(sentences))
        self._years = {n: {d.year for m, d in self._mentions if m == n and d.year} for n, _ in self._mentions}
        self._words = words

    def holds(self, date: DateMention) -> bool:
        """Whether one expression of the source says all that `date` says."""
        return bool(self.sentences_with(date)) or any(self._agrees(date, p, 0) for p in self._published)

    def sentences_with(self, date: DateMention) -> list[int]:
        found = [n for n, mention in self._mentions if n and self._agrees(date, mention, n)]
        return found or ([0] if date.other in self._seasons and not date.year else [])

    def _agrees(self, date: DateMention, mention: DateMention, n: int) -> bool:
        if date.other:
            if date.other != mention.other:
                return False
            return not date.year or date.year in self._possible_years(mention, n)
        if (date.month and date.month != mention.month) or (date.day and date.day != mention.day):
            return False
        if not date.year:
            return bool(date.month)
        if not date.month:
            return date.year == mention.year
        return date.year in self._possible_years(mention, n)

    def _possible_years(self, mention: DateMention, n: int) -> set[int]:
        """The year that an expression names, or else those of its sentence and of publication."""
        if mention.year:
            return {mention.year}
        return self._years.get(n, set()) | {p.year for p in self._published}


def is_weekday(date: DateMention) -> bool:
    return date.other in WEEKDAYS
