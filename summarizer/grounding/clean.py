"""Sentences out of what a model wrote: without markup, lead-ins, headings, repeats and torn ends.

In: a candidate text and a function that splits text into sentences. Out: whole sentences in order, and the torn
ones apart. Nothing is checked against an article here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Split = Callable[[str], Sequence[str]]

_CONTROL = re.compile(r"<\|[^|>]{0,40}\|>|</?(?:s|think|answer|output|response)>", re.IGNORECASE)
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s*")
_EMPHASIS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")
_STAR = re.compile(r"(?<![\w*])[*_](?=\S)([^*_\n]+?)(?<=\S)[*_](?![\w*])")
_LINK = re.compile(r"\[([^\]]+)\]\((?:https?:)?[^)]*\)")
# Numbers of sentences or records that the model copied from its instruction: "[3]", "(sentences 2, 4)".
_REFERENCE = re.compile(
    r"\s*(?:\[\s*\d{1,3}(?:\s*[,-]\s*\d{1,3})*\s*\]|\((?:see )?(?:sentences?|records?|sources?"
    r"|evidence)\s[^)]{0,40}\))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\s*(?:(?:the |analyst |key |final |closing |brief )*"
    r"(?:summary|answer|paragraph|takeaway|reason|sentence|question|comparison|response|output|note"
    r"|analysis|conclusion|sector section|rewritten sentence)"
    r"(?:\s*\d{1,2})?)\s*[:–—-]\s+",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^\s*(?:(?:sure|certainly|of course|okay|ok|absolutely)[,!.]?\s*)?"
    r"(?:here(?:'s| is| are)|below (?:is|are)|the following (?:is|are)|i(?:'ve| have)? (?:written"
    r"|prepared)|this is)\b[^.?!]{0,90}?:\s*",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^\s*(?:sure|certainly|of course|absolutely)[,!.]\s*", re.IGNORECASE)
_SCORE = re.compile(
    r"^\s*(?:relevance|score)\s*(?:score)?\s*[:=]?\s*\d{1,2}\s*(?:/\s*10|out of (?:10|ten))\s*[.:;,-]?\s*",
    re.IGNORECASE,
)
_END = re.compile(r"[.?!…][\"'”’)\]]*$")
MIN_WORDS = 4
MAX_WORDS = 75


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`torn` sentences have no end, or are too short or too long to be one."""

    sentences: tuple[str, ...]
    torn: tuple[str, ...]


def simple_split(text: str) -> list[str]:
    """Sentences by end marks before a capital. The pipeline hands in a better splitter."""
    return [part.strip() for part in re.split(r"(?<=[.?!])[\"”’)]?\s+(?=[\"“‘(]?[A-Z0-9])", text) if part.strip()]


def clean(text: str, split: Split) -> Cleaned:
    """The sentences of one candidate."""
    whole: list[str] = []
    torn: list[str] = []
    seen: set[str] = set()
    for line in _lines(text):
        for raw in split(line):
            sentence = _tidy(raw)
            mark = re.sub(r"\W+", " ", sentence.lower()).strip()
            if not mark or mark in seen:
                continue
            seen.add(mark)
            count = len(sentence.split())
            if (
                not _END.search(sentence)
                or not MIN_WORDS <= count <= MAX_WORDS
                or (not sentence[:1].strip("\"'“‘([").istitle() and not _begins(sentence))
            ):
                torn.append(sentence)
            else:
                whole.append(sentence)
    return Cleaned(tuple(whole), tuple(torn))


def _begins(sentence: str) -> bool:
    """Whether a sentence begins as one: with a capital, a figure or a currency mark, after its quotation mark."""
    first = sentence.lstrip("\"'“‘([")[:1]
    return first.isupper() or first.isdigit() or first in "$€£¥" or not first.isascii()


def _lines(text: str) -> list[str]:
    text = _FENCE.sub("", _CONTROL.sub(" ", text.replace("\r", "\n")))
    lines = []
    for raw in text.split("\n"):
        heading = bool(_HEADING.match(raw))
        line = _LINK.sub(r"\1", _BULLET.sub("", _HEADING.sub("", raw)))
        line = _STAR.sub(r"\1", _EMPHASIS.sub(r"\2", line))
        line = " ".join(_REFERENCE.sub("", line).split())
        for pattern in (_POLITE, _LEAD_IN, _LABEL, _SCORE, _LABEL):
            line = pattern.sub("", line, count=1)
        line = line.strip()
        if not line or (heading and not _END.search(line)) or line.endswith(":"):
            continue
        if (
            len(line) > 1
            and line[0] in '"“'
            and line[-1] in '"”'
            and line[1:-1].count('"') == 0
            and not {"“", "”"} & set(line[1:-1])
        ):
            line = line[1:-1].strip()  # the whole answer in quotation marks
        lines.append(line[:1].upper() + line[1:] if line[:1].islower() and line is not raw.strip() else line)
    return lines


def _tidy(sentence: str) -> str:
    """One space between words, none before a mark."""
    return re.sub(r"\s+([,.;:?!])", r"\1", " ".join(sentence.split())).strip(" *_#>|-")


_LEANING = re.compile(
    r"^[\"“'‘]?(?:He|She|It|They|His|Her|Its|Their|Him|Them|This|These|Those|That|Such|Both|Another"
    r"|The (?:other|others|latter|former|same|second|two)"
    r"|But|And|Or|So|Yet|Still|However|Nor|Also|Then|Instead|Meanwhile|Moreover|Therefore|Thus|Hence)\b"
)
_PRONOUN = re.compile(
    r"^[\"“'‘]?(?:He|She|They|His|Her|Their|It|Its|This|These|Those|That)\b(?!\s+(?:is|was)\s+(?:likely"
    r"|unclear|not known|not clear))"
)


def leans(sentence: str) -> bool:
    """Whether a sentence begins with a word that points to the one before it."""
    return bool(_LEANING.match(sentence))


def dangles(sentence: str) -> bool:
    """Whether a sentence that stands alone begins with a pronoun that nothing explains."""
    return bool(_PRONOUN.match(sentence))
