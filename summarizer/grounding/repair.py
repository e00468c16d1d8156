"""The article's own sentences, for places where nothing written survives.

In: a Source, what a passage was written from, and what the brief already says. Out: sentences to be taken over word
for word. Nothing is rewritten here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from summarizer.grounding.clean import leans
from summarizer.grounding.quotes import unbalanced
from summarizer.grounding.source import Line, Source

_END = re.compile(r"[.!…][\"'”’)\]]*$")
_SAID_ALONE = re.compile(r"^[\"“'‘].*[\"”'’],?\s*(?:he|she|they)\s+(?:said|added|wrote|told)\b", re.IGNORECASE)
MIN_WORDS, MAX_WORDS = 8, 48
SAME = 0.75


def standing_alone(line: Line) -> bool:
    """Whether a reader understands a sentence of the article without the one before it."""
    words = len(line.text.split())
    return (
        MIN_WORDS <= words <= MAX_WORDS
        and bool(_END.search(line.text))
        and not unbalanced(line.text)
        and not leans(line.text)
        and not _SAID_ALONE.search(line.text)
        and not line.text.startswith(('"', "“"))
        and "\n" not in line.text
        and not re.match(r"^(?:I|We|You|My|Our)\b", line.text)
    )


def overlap(one: Iterable[str], other: Iterable[str]) -> float:
    """The share of the shorter text's roots that the longer one has."""
    a, b = set(one), set(other)
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def repeats(line: Line, others: Iterable[Line]) -> bool:
    """Whether the brief already says this, nearly in these words."""
    if len(line.roots) < 4:
        return any(line.text == other.text for other in others)
    return any(
        len(other.roots) >= 4
        and overlap(line.roots, other.roots) >= SAME
        and len(set(line.roots) & set(other.roots)) / len(set(line.roots) | set(other.roots)) >= SAME - 0.15
        for other in others
    )


def extracted(source: Source, given: Sequence[int], said: Sequence[Line], most: int) -> list[Line]:
    """Up to `most` of the article's own sentences, in its order: from those that the passage was written from, else
    from the rest of the article, nearest first."""
    given = [n for n in given if 1 <= n <= len(source.lines)] or [1]
    rest = sorted(
        (n for n in range(1, len(source.lines) + 1) if n not in given),
        key=lambda n: (min(abs(n - g) for g in given), n),
    )
    chosen: list[Line] = []
    for strict in (True, False):
        for n in [*given, *(rest if strict else ())]:
            line = source.lines[n - 1]
            if len(chosen) >= most:
                break
            fit = (
                standing_alone(line)
                if strict
                else (bool(_END.search(line.text)) and not unbalanced(line.text) and not leans(line.text))
            )
            if line not in chosen and fit and not repeats(line, [*said, *chosen]):
                chosen.append(line)
            if strict and n in rest and chosen:
                break
        if chosen:
            break
    return sorted(chosen, key=lambda line: line.n)
