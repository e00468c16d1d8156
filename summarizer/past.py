"""Turns earlier articles of the newsroom into dated records.

In: a Reading, and articles of the archive. Out: a Record for each that is older than the reading's article, is alike
without being a version of it, and has a lead or a title that can be quoted alone: its own words, at most 30 of them.
Whether a record bears on the article is judged afterwards, as for all records (background.py). Where the articles
come from is the archive's affair.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from math import log, sqrt

from summarizer.types import Article, PastArticle, Reading, Record, Source
from summarizer.words import WORD, content_stems, rarity

Split = Callable[[str], list[str]]

MAX_WORDS = 30
MIN_WORDS = 5
# A lead that has fewer words of the title sets a scene instead of telling the news.
SHARED = 2
HEAD_CHARACTERS = 2_500
# Words in a row that two versions of one article share, and the share of them that makes a version. Follow-ups that
# repeat a paragraph of background stay below it.
RUN = 5
VERSION = 0.4
# The least cosine of two articles' weighted stems, chosen on the tuning half of benchmarks/background_pairs.jsonl.
ALIKE = 0.13

_DATELINE = re.compile(
    r"^[A-ZÀ-Ž][A-ZÀ-Ž'’.-]+(?:[ /][A-ZÀ-Ž][A-ZÀ-Ž'’.-]+)*(?:, [^-–—]{2,40}?)?(?: ?\([^)]{1,30}\))? ?[-–—]+ "
)
# A sentence that begins so needs the one before it.
_LEANING = re.compile(
    r"^(?:He|She|It|Its|They|Their|His|Her|This|That|These|Those|Such|Both|Neither|Another|But|And|So|Yet|Or|Nor|However"
    r"|Also|Then|There|Here|We|Our|I|My|You|Your|Instead|Meanwhile|Still|Even|Only|Nobody|Others|Asked)\b"
)
# What only a quotation or a question holds.
_SPOKEN = re.compile(r"[\"“”«»?]|(?<!\w)['‘]")
# Where a sentence may end early: before a closing clause that only adds to it.
_TAIL = re.compile(r"(?:,| [-–—]) (?=(?:\w+ing|which|who|whose|where)\b)")
# A tail that takes back, limits or attributes what stands before it has to stay.
_LIMITING = re.compile(
    r"\b(?:but|although|though|unless|if|except|however|not|no|never|nor|without|pending|until|while|said|says|say"
    r"|according|told|allege\w*|claim\w*|deny\w*|denie\w*|report\w*|estimate\w*|argu\w*|would|could|may|might|"
    r"subject|depend\w*|provided|barring|excluding|against)\b|n[’']t\b",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?:txt|md|markdown|html?)$", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_SUBORDINATE = re.compile(r"^(?:After|Before|When|While|If|Although|Though|As|Because|Since|Despite|With|Without)\b")


def quoted(reading: Reading, earlier: Iterable[PastArticle], split: Split) -> tuple[Record, ...]:
    """Records of the articles, in their order. `split` gives the sentences of a text."""
    article = reading.article
    runs = _runs(article.text)
    subject = _subject(article)
    records = []
    for past in earlier:
        other = past.article
        older = not article.published or other.published < article.published
        if not older or _same_address(article, other) or _is_version(runs, _runs(other.text)):
            continue
        if _likeness(subject, _subject(other)) < ALIKE:
            continue
        if sentence := telling(other, split):
            named = "" if _FILE.search(other.source) else other.source
            publisher = named or other.byline or "Archive"
            url = other.url if _WEB.match(other.url) else ""
            source = Source(publisher, other.title or sentence, other.published, url, archive=True)
            records.append(Record(past.id, other.published, sentence, (), source))
    return tuple(records)


def telling(article: Article, split: Split) -> str:
    """The lead, if it says what the title says and can stand alone; else the title, as a sentence; else ""."""
    lead = next(iter(split(article.text[:HEAD_CHARACTERS])), "")
    text = _standing(_DATELINE.sub("", " ".join(lead.split())))
    title = set(content_stems(article.title))
    if text and len(title & set(content_stems(text))) >= min(SHARED, len(title)):
        return text
    return _standing(" ".join(article.title.split()).rstrip(".") + ".")


def _standing(text: str) -> str:
    """The sentence, at most MAX_WORDS long, or "" if it can't be quoted alone."""
    if not text.endswith(".") or text[:1].islower() or _LEANING.match(text) or _SPOKEN.search(text):
        return ""
    if len(text.split()) > MAX_WORDS:
        text = _cut(text)
    return text if len(text.split()) >= MIN_WORDS else ""


def _cut(text: str) -> str:
    """The text up to a closing clause that only adds to it, or "" where no such cut makes it short enough."""
    for clause in reversed(list(_TAIL.finditer(text))):
        head, tail = text[: clause.start()], text[clause.end() :]
        # A comma in the tail may mean that the sentence goes on after an inserted clause.
        if "," in tail or _LIMITING.search(tail) or (_SUBORDINATE.match(head) and "," not in head):
            return ""
        if len(head.split()) <= MAX_WORDS:
            return head + "."
    return ""


def _same_address(one: Article, other: Article) -> bool:
    return bool(one.url) and one.url == other.url


def _runs(text: str) -> set[tuple[str, ...]]:
    """All runs of RUN words, in lower case."""
    words = [word.lower() for word in WORD.findall(text)]
    return set(zip(*(words[i:] for i in range(RUN)), strict=False))


def _is_version(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> bool:
    """Whether the shorter text is mostly contained in the longer one."""
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) >= VERSION * shorter


def _subject(article: Article) -> dict[str, float]:
    """A unit vector of the article's stems, those of its title counted three times."""
    counts = Counter(content_stems(f"{article.title} {article.title} {article.title} {article.text}"))
    weights = {stem: (1 + log(n)) * rarity(stem) for stem, n in counts.items()}
    length = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {stem: weight / length for stem, weight in weights.items()}


def _likeness(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(weight * other.get(stem, 0.0) for stem, weight in one.items())
