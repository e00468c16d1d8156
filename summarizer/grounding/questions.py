"""What a question must be: about this story, not answered by it, and unlike the others.

In: a Source and a question. Out: yes or no with a reason, and the sentences it is about. Locks are locks.py's.
"""

from __future__ import annotations

import re

from summarizer.grounding.dates import is_weekday
from summarizer.grounding.lexicon import SPEECH
from summarizer.grounding.people import known_speakers
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches
from summarizer.grounding.text import root

MIN_WORDS, MAX_WORDS = 8, 45
# The share of a question's weight that one sentence must hold before it can be its answer.
_ANSWERING = 0.8
_SAME = 0.5
# The same for the subject of a question of what somebody said: their own sentence says more than that.
_TOLD = 0.7
# How many plain words a long question has.
_LONG = 8
# Words of a question that speak of the text itself, and those that ask for somebody's words or for the core of a thing.
_OF_THE_TEXT = frozenset(map(root, "article report story text passage interview mention mentioned according".split()))
_ASKING = frozenset(
    map(
        root,
        """define definition describe description explain explanation characterise justify view see mean meaning reason
        reasons core essence nature purpose answer account""".split(),
    )
) | frozenset(map(root, SPEECH))

_EMPTY_ROOTS = frozenset(
    """implication implicat impact effect affect consequenc outcome benefit challeng risk opportunity role
    importanc important
    futur term long short futur industry sector market compan company public people stakehold plan measur step strategy
    potential possib ensur address help help futur lead key main major global world international countr country
    government
    develop technolog technology issue concern change chang news story article event situation decision project progress
    growth relation cooperat collaborat partnership innovation research science society economy economic political
    policy policies regulation impact mean influenc shape contribut role success success""".split()
)
# Where the second half of a question begins.
_HALVES = re.compile(r",\s+(?=(?:and|or|but)\b)|;\s*", re.IGNORECASE)
_WHY = re.compile(
    r"\b(?:because|since|due to|owing to|in order to|so that|so as to|the reason|after|to avoid|for lack of)\b",
    re.IGNORECASE,
)


def about(source: Source, line: Line, most: int = 3) -> tuple[int, ...]:
    """The sentences that a question is about: those that hold the most of its words."""
    weights = {k: source.weight(k) for k in line.roots if k in source.by_root}
    total = sum(weights.values()) or 1.0
    scored = sorted(
        ((sum(w * matches(k, other) for k, w in weights.items()) / total, -other.n) for other in source.lines),
        reverse=True,
    )
    best = scored[0][0] if scored else 0.0
    return tuple(sorted(-n for score, n in scored[:most] if score > 0 and score >= 0.6 * best))


def is_generic_line(source: Source, line: Line) -> bool:
    """Whether a question would fit other stories as well: it names no name, figure or date of this one, and no two
    words that are rare in it."""
    if line.figures or any(not is_weekday(d) for d in line.dates):
        return False
    named = [m for m in line.mentions if m.entities]
    own = [
        k
        for k in line.roots
        if k in source.by_root and k not in _EMPTY_ROOTS and len(source.by_root[k]) <= max(3, len(source.lines) // 4)
    ]
    if named:
        return len(own) < 2 and all(len(m.span.keys) == 1 for m in named) and len(line.roots) > 2 and len(own) < 1
    return len(own) < 3


def answered_by(source: Source, line: Line) -> int:
    """The sentence that answers a question, or 0."""
    text = line.text
    cut = next((m for m in _HALVES.finditer(text) if len(text[: m.start()].split()) > 3), None)
    if cut is None or len(text[cut.end() :].split()) <= 3:
        return _answer(source, line)
    found = _answer(source, source.line(text[: cut.start()]))
    rest = source.line(text[cut.end() :])
    # A question of two halves is answered only where both are.
    return found if found and (not rest.roots or _held(source, rest, source.lines[found - 1]) > 0.7) else 0


def _held(source: Source, line: Line, other: Line, near: Line | None = None) -> float:
    """The share of a question's weight that a sentence holds, with the one before it for what it leans on."""
    weights = {k: source.weight(k) for k in line.roots if k not in _OF_THE_TEXT or k in source.by_root}
    total = sum(weights.values()) or 1.0
    both = (other, near) if near else (other,)
    return sum(w * max(matches(k, one) for one in both) for k, w in weights.items()) / total


def _answer(source: Source, line: Line) -> int:
    opening = [w.key for w in line.words[:4] if w.word]
    if not opening or len(line.roots) < 3:
        return 0
    for before, other in zip((None, *source.lines), source.lines, strict=False):
        near = before if before and before.paragraph == other.paragraph else None
        if (
            _held(source, line, other, near) >= _ANSWERING
            and _says_all(line, other, near)
            and _gives(opening, line, other)
        ):
            return other.n
    return _told(source, line, opening)


def _says_all(line: Line, other: Line, near: Line | None) -> bool:
    """Whether a sentence has every plain word of a question, of a long one all but one: in "Who pays for the database?"
    the paying is what is asked."""
    named = {i for m in line.mentions for i in range(m.at, m.at + len(m.span.words))}
    plain = [k for k, places in line.roots.items() if k not in _OF_THE_TEXT and not named & set(places)]
    missing = [k for k in plain if not (matches(k, other) or (near and matches(k, near)))]
    return len(missing) <= (1 if len(plain) >= _LONG else 0)


def _told(source: Source, line: Line, opening: list[str]) -> int:
    """The sentence in which somebody says what a question asks of them, "How did Wu Ji define space science?", or 0."""
    asked = {e.id for m in line.mentions for e in m.entities}
    names = {k for m in line.mentions for k in (*m.span.keys, *map(root, m.span.keys))}
    topic = {k for k in line.roots if k not in _ASKING | _OF_THE_TEXT | names}
    says = any(root(w.key) in _ASKING for w in line.words)
    if opening[0] not in {"what", "how", "why"} or not asked or len(topic) < 2 or not says:
        return 0
    weights = {k: source.weight(k) for k in topic}
    for other in source.lines:
        if not asked & known_speakers(source).get(other.n, frozenset()):
            continue
        held = sum(w * matches(k, other) for k, w in weights.items()) / sum(weights.values())
        if held >= _TOLD and len(set(other.roots) - names) > len(topic) + 1:
            return other.n
    return 0


def _gives(opening: list[str], line: Line, other: Line) -> bool:
    """Whether a sentence that holds the question's words also holds the kind of thing that it asks for."""
    first, second = opening[0], opening[1] if len(opening) > 1 else ""
    if first in {"who", "whose", "whom"}:
        asked = {e.id for m in line.mentions for e in m.entities}
        return any(not asked & {e.id for e in m.entities} for m in other.mentions)
    if first == "when" or (first in {"what", "which"} and second in {"date", "year", "day", "month"}):
        return len(other.dates) > len(line.dates)
    if first == "where":
        asked = {e.id for m in line.mentions for e in m.entities}
        return any(not asked & {e.id for e in m.entities} and not m.persons for m in other.mentions)
    if first == "how" and second in {"many", "much", "long", "large", "big", "far", "old", "often", "high"}:
        return len(other.figures) > len(line.figures)
    if first in {"what", "which"} and second in {"share", "percentage", "proportion", "part", "price", "sum", "amount"}:
        return len(other.figures) > len(line.figures)
    if first == "how" and second in {"did", "does", "do"}:
        return len(other.roots) > len(line.roots)
    if first == "why":
        return bool(_WHY.search(other.text))
    if first in {
        "did",
        "does",
        "do",
        "has",
        "have",
        "had",
        "is",
        "are",
        "was",
        "were",
        "will",
        "would",
        "can",
        "could",
        "should",
    }:
        return True
    return first in {"what", "which"} and len(other.roots) > len(line.roots) + 2


def alike(one: Line, other: Line) -> bool:
    """Whether two questions ask the same."""
    a, b = set(one.roots), set(other.roots)
    return len(a & b) / max(1, min(len(a), len(b))) > _SAME + 0.15 or len(a & b) / max(1, len(a | b)) > _SAME


def form_problem(text: str) -> str:
    """What is wrong with a question's form, or ""."""
    count = len(text.split())
    if not text.endswith(("?", '?"', "?”")):
        return "it isn't a question"
    if not MIN_WORDS <= count <= MAX_WORDS:
        return f"it has {count} words, not {MIN_WORDS} to {MAX_WORDS}"
    if re.search(r"[.!?]\s+[A-Z]", text[:-1]):
        return "it is more than one sentence"
    return ""
