"""Small shared tools on English words: tokens, stems, content words, dates. No stage, and no model, lives here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from math import log

WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŁłŚśŻżĆćŃńŘřŠšČčŽž]+(?:[’'-][A-Za-zÀ-ÖØ-öø-ÿŁłŚśŻżĆćŃńŘřŠšČčŽž]+)*")

STOP_WORDS = frozenset(
    """a about above after again against all also although am among an and any are as at be because been before
    being below between both but by can could did do does doing down during each either else ever every few for
    from further had has have having he her here hers herself him himself his how however i if in into is it its
    itself just last least less like made make many may me might more most much must my near neither next no nor
    not now of off on once one only onto or other our out over own per put rather said same say says she should
    since so some such than that the their them then there these they this those though through to too two under
    until up upon us use used very was we were what when where whether which while who whom whose why will with
    within without would yet you your three four five six seven eight nine ten first second new year years month
    months week weeks day days told according""".split()
)

MONTHS = "January February March April May June July August September October November December".split()


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A cheap stem: lower case without possessive and the commonest endings. Equal stems usually mean one word."""
    word = re.sub(r"[’']s?$", "", word.lower())
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "ies",
        "ments",
        "ment",
        "ers",
        "er",
        "ed",
        "es",
        "s",
        "ly",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, with repeats."""
    words = (word for word in WORD.findall(text) if word.lower() not in STOP_WORDS and len(word) > 1)
    return [stem(word) for word in words]


def inverse_frequency(documents: Sequence[Iterable[str]]) -> dict[str, float]:
    """ln(1 + N / n) for each stem, n being the number of the N documents that hold it
    (Spärck Jones, 1972, smoothed)."""
    counts = Counter(stem for document in documents for stem in set(document))
    return {stem: log(1 + len(documents) / n) for stem, n in counts.items()}


@lru_cache(maxsize=1)
def _frequencies() -> tuple[int, dict[str, int]]:
    """How many texts were counted, and how many of them hold each stem that more than one does."""
    rows = resources.files("summarizer").joinpath("frequencies.txt").read_text(encoding="utf-8").splitlines()
    counts = dict(row.split(" ") for row in rows if not row.startswith("#"))
    return int(counts.pop("*")), {stem: int(n) for stem, n in counts.items()}


def rarity(stem: str) -> float:
    """ln(N / (1 + n)) for a stem that n of N counted texts hold: how much it says of a text's subject."""
    texts, counts = _frequencies()
    return max(0.0, log(texts / (1 + counts.get(stem, 1))))


def terms_in(texts: Iterable[str], terms: Iterable[str]) -> list[list[str]]:
    """Which of an analyst's words and phrases each text holds, in either case and as a whole; one that ends in * may go
    on."""
    patterns = [(term, re.compile(_pattern(term), re.IGNORECASE)) for term in terms]
    return [[term for term, pattern in patterns if pattern.search(text)] for text in texts]


def _pattern(term: str) -> str:
    body = re.escape(term.rstrip("*"))
    return rf"\b{body}\w*" if term.endswith("*") else rf"\b{body}\b"


def written_date(date: str) -> str:
    """ "2003-10-15" -> "15 October 2003", "2003-10" -> "October 2003", "2003" -> "2003"."""
    year, *rest = date.split("-")
    if not rest:
        return year
    month = MONTHS[int(rest[0]) - 1]
    return f"{month} {year}" if len(rest) == 1 else f"{int(rest[1])} {month} {year}"
