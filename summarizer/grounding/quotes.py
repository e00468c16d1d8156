"""Quotations: the quoted spans of a text, and whether a source has them word for word.

In: texts. Out: spans, and yes or no. Quote style, the case of the first letter and the mark at the end may
differ, nothing else. Who said it is checked in people.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarizer.grounding.text import fold, plain

_DOUBLE = re.compile(r'"([^"]*)"')
# Single marks quote where they can't be apostrophes.
_SINGLE = re.compile(r"(?:(?<=[\s(\[-])|^)'([^'\n]*(?:'(?=\w)[^'\n]*)*)'(?!\w)")
_PIECE = re.compile(r"\.\.\.|…|\[\s*(?:\.\.\.|…)\s*\]")
_NOISE = re.compile(r"[^\w%$€£]+")


@dataclass(frozen=True, slots=True)
class Quote:
    text: str
    start: int
    end: int

    @property
    def words(self) -> int:
        return len(self.text.split())


def quotes(text: str) -> list[Quote]:
    """The quoted spans of a text, without their marks, in order."""
    text = plain(text)
    found = [Quote(m.group(1).strip(), m.start(1), m.end(1)) for m in _DOUBLE.finditer(text)]
    taken = [(q.start - 1, q.end + 1) for q in found]
    for m in _SINGLE.finditer(text):
        if not any(s <= m.start() < e for s, e in taken):
            found.append(Quote(m.group(1).strip(), m.start(1), m.end(1)))
    return sorted((q for q in found if q.text), key=lambda q: q.start)


def unbalanced(text: str) -> bool:
    """Whether a quotation is opened and not closed, or the other way round."""
    return plain(text).count('"') % 2 == 1


def squeezed(text: str) -> str:
    """Only the words, lower-cased, with one space around each: what quotations are compared in."""
    return " " + " ".join(_NOISE.sub(" ", fold(plain(text).replace("'", ""))).split()) + " "


def verbatim(quote: str, source: str) -> bool:
    """Whether `source` (squeezed) has every piece of the quotation, in order, word for word."""
    at = 0
    pieces = [squeezed(piece) for piece in _PIECE.split(quote)]
    for piece in pieces:
        if not piece.strip():
            continue
        found = source.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece) - 1
    return True


def quoted_part(text: str) -> str:
    """All that stands between quotation marks in a source, squeezed; a mark that is never closed (a quotation
    that goes on in the next paragraph) quotes to the end of its paragraph."""
    parts = []
    for paragraph in plain(text).split("\n"):
        pieces = paragraph.split('"')
        parts += pieces[1::2]
        parts += [m.group(1) for m in _SINGLE.finditer(paragraph)]
    return " ".join(squeezed(part) for part in parts)
