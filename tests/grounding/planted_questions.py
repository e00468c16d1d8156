"""Questions that an article answers, made by rule from its sentences, and the corpus's own, which it leaves open.

In: the corpus. Out: (kind, question) pairs for an article. The made ones take a sentence apart at its figure, its date,
its speaker or its verb; the corpus's were written to be unanswerable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from planted_errors import Material

from summarizer.grounding.source import Line

_MANY = re.compile(
    r"^(?:About |Some |Nearly |Almost |More than |At least )?(\d[\d,]*|[A-Z][a-z]+) ((?!percent)[a-z]{4,}s) (.+)\.$"
)
_SHARE = re.compile(r"^(?:About |Some |Nearly )?(\d[\d.]*) (?:percent|per cent) of (.+)\.$")
_WHEN = re.compile(
    r"^((?:The|A|An|Its|Their) [^,;:\"“]{3,60}?) (will|was|were|is|are) ([^,;:\"“]{4,90}?) (?:on|in|by|from) "
    r"(?:the )?(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|[12]\d{3})\b"
)
_WILL = re.compile(r"^((?:The|A|An|Its|Their) [^,;:\"“]{3,60}?) (will|was|were|is|are|has|have) ([^;:\"“]{15,120})\.$")
_SAID = re.compile(r"^([^\"“]{25,160}?), (?:said|according to) ([A-Z][^.,]{3,60})")
_SAID_FIRST = re.compile(
    r"^((?:[A-Z][\w'’-]+ ){1,3}[A-Z][\w'’-]+)(?:, [^,]{4,70},)? said (?:that )?([a-z][^\"“]{20,160})\.$"
)
_BECAUSE = re.compile(
    r"^((?:The|A|An|Its|Their) [^,;:\"“]{3,60}?) (was|were|is|are|has|have|will) ([^;:\"“]{10,100}?),? because "
)
_NUMBER = frozenset("Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Twenty Thirty Forty Fifty".split())


def answerable(material: Material) -> Iterator[tuple[str, str]]:
    """Questions with an answer in the article."""
    for line in material.source.lines:
        for kind, question in _made(line):
            if 5 <= len(question.split()) <= 45:
                yield kind, question


def _made(line: Line) -> Iterator[tuple[str, str]]:
    text = line.text
    if (m := _MANY.match(text)) and (m[1][0].isdigit() or m[1] in _NUMBER):
        yield "how many", f"How many {m[2]} {m[3]}?"
    if m := _SHARE.match(text):
        yield "what share", f"What share of {m[2]}?"
    if m := _WHEN.match(text):
        yield "when", f"When {m[2]} {_lower(m[1])} {m[3]}?"
    if m := _WILL.match(text):
        yield "whether", f"{m[2].capitalize()} {_lower(m[1])} {m[3]}?"
    if m := _SAID.match(text):
        yield "who said", f"Who said that {_lower(m[1])}?"
    if m := _SAID_FIRST.match(text):
        yield "who said", f"Who said that {m[2]}?"
        yield "what said", f"What did {m[1]} say about {' '.join(m[2].split()[-6:])}?"
    if m := _BECAUSE.match(text):
        yield "why", f"Why {m[2]} {_lower(m[1])} {m[3]}?"


def _lower(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first in {"The", "A", "An", "Its", "Their"} else text


def left_open(path: Path) -> dict[str, list[str]]:
    """The corpus's questions by article."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["questions"] for row in rows}
