"""What the checks know of a source: its sentences with their words, names, figures, dates, quotations and speakers.

In: a Reading, or records. Out: a Source, made once and asked for every statement. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

from summarizer.grounding.countries import COUNTRY
from summarizer.grounding.dates import Calendar, DateMention, dates
from summarizer.grounding.figure import Figure
from summarizer.grounding.figures import figures
from summarizer.grounding.lexicon import MONTHS
from summarizer.grounding.names import Entity, Names
from summarizer.grounding.namespans import NameSpan, name_spans
from summarizer.grounding.quotes import quoted_part, squeezed
from summarizer.grounding.text import Token, root, tokens
from summarizer.types import Reading, Record
from summarizer.words import STOP_WORDS

_EMPTY = STOP_WORDS - {
    "first",
    "second",
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "new",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "not",
    "no",
    "few",
    "less",
    "more",
    "two",
    "most",
    "least",
    "never",
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a sentence with the entities that it can mean; `at` counts tokens."""

    span: NameSpan
    entities: tuple[Entity, ...]
    at: int

    @property
    def persons(self) -> tuple[int, ...]:
        return tuple(e.id for e in self.entities if e.person)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, analysed. `roots` maps the root of each word that carries meaning to its token positions."""

    n: int
    text: str
    paragraph: int
    words: tuple[Token, ...]
    roots: dict[str, tuple[int, ...]]
    order: tuple[str, ...]
    figures: tuple[Figure, ...]
    dates: tuple[DateMention, ...]
    mentions: tuple[Mention, ...]

    def position(self, offset: int) -> int:
        """The number of the token at a character offset."""
        for i, word in enumerate(self.words):
            if word.end > offset:
                return i
        return len(self.words)


def meaning(words: Sequence[Token]) -> dict[str, tuple[int, ...]]:
    """Roots of content words, figures among them, with their positions."""
    found: dict[str, tuple[int, ...]] = {}
    for i, word in enumerate(words):
        if (
            not (word.word or word.text[0].isdigit())
            or word.key in _EMPTY
            or (len(word.key) < 2 and not word.key.isdigit())
        ):
            continue
        parts = [word.key] if "-" not in word.key else [word.key, *(p for p in word.key.split("-") if len(p) > 2)]
        for part in parts:
            if part not in _EMPTY:
                key = COUNTRY.get(part) or root(part)
                found[key] = (*found.get(key, ()), i)
    return found


class Source:
    """Sentences `lines` (numbered from 1) of one article or of some records."""

    def __init__(
        self,
        texts: Sequence[str],
        paragraphs: Sequence[int],
        extra: Sequence[str] = (),
        published: str = "",
        context: str = "",
        record_ids: Sequence[str] = (),
    ) -> None:
        self.names = Names(texts, [*extra, context] if context else extra)
        self.calendar = Calendar([*texts, *extra], published)
        self.lines = tuple(
            self.line(text, n, paragraph) for n, (text, paragraph) in enumerate(zip(texts, paragraphs, strict=True), 1)
        )
        self.extra = tuple(self.line(text) for text in extra)
        everything = context or "\n".join([*extra, *texts])
        self.squeezed = squeezed("\n".join([*extra, everything]))
        self.quoted = quoted_part("\n".join([*extra, everything]))
        self.figures = [(line.n, figure) for line in (*self.lines, *self.extra) for figure in line.figures]
        self.published = published
        self.record_ids = tuple(record_ids)
        self.article_lines = len(self.lines) - len(self.record_ids)
        self.cache: dict[str, object] = {}

    def line(self, text: str, n: int = 0, paragraph: int = -1) -> Line:
        """A sentence analysed against the names of this source; also for statements."""
        words = tuple(tokens(text))
        at = {word.start: i for i, word in enumerate(words)}
        spans = name_spans(text, words)
        roots = meaning(words)
        order = tuple(r for r, _ in sorted(((r, p) for r, ps in roots.items() for p in ps), key=lambda item: item[1]))
        mentions = tuple(
            Mention(span, tuple(entities), at[span.words[0].start])
            for span in spans
            if (entities := self.names.entities_of(span))
        )
        return Line(n, text, paragraph, words, roots, order, tuple(figures(text)), tuple(dates(text)), mentions)

    @cached_property
    def idf(self) -> dict[str, float]:
        """ln(1 + N / n) for the roots of the N sentences (Spärck Jones, 1972, smoothed)."""
        counts: dict[str, int] = {}
        for line in self.lines:
            for key in line.roots:
                counts[key] = counts.get(key, 0) + 1
        return {key: log(1 + len(self.lines) / n) for key, n in counts.items()}

    def weight(self, key: str) -> float:
        """The idf of a root; one that the source doesn't have weighs as much as one that it has once."""
        return self.idf.get(key) or log(1 + max(1, len(self.lines)))

    @cached_property
    def by_root(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for line in self.lines:
            for key in line.roots:
                found[key] = (*found.get(key, ()), line.n)
        return found


def source_of(reading: Reading) -> Source:
    """The source that an article is, with its title, byline and date of publication."""
    article = reading.article
    texts = [reading.text_of(s.n) for s in reading.sentences]
    extra = [text for text in (article.title, article.byline) if text]
    return Source(
        texts,
        [s.paragraph for s in reading.sentences],
        extra,
        article.published,
        article.text[: reading.characters_used] if reading.characters_used else article.text,
    )


def source_of_records(records: Sequence[Record], reading: Reading) -> Source:
    """The source that an article and some records are together: for sentences that compare them."""
    article = reading.article
    texts = [reading.text_of(s.n) for s in reading.sentences]
    paragraphs = [s.paragraph for s in reading.sentences]
    for i, record in enumerate(records):
        texts.append(f"{record.text} ({_spoken(record.date)}; {record.source.publisher}, {record.source.title})")
        paragraphs.append(10_000 + i)
    extra = [text for text in (article.title, article.byline) if text]
    return Source(texts, paragraphs, extra, article.published, record_ids=[r.id for r in records])


def _spoken(date: str) -> str:
    """2003-10-15 as "15 October 2003": how a text gives a date."""
    parts = date.split("-")
    month = [next(m for m, n in MONTHS.items() if n == int(parts[1])).capitalize()] if len(parts) > 1 else []
    return " ".join([*(str(int(day)) for day in parts[2:3]), *month, parts[0]])
