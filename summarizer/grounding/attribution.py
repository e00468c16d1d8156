"""Who said what: words that a statement gives to one speaker and the source to another.

In: a Source and an analysed statement. Out: what is wrong, for people. Offices are people.py's.
"""

from __future__ import annotations

from summarizer.grounding.lexicon import SPEECH
from summarizer.grounding.people import speaker_of, speakers
from summarizer.grounding.quotes import quotes, squeezed
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches

# How much better another speaker's sentences must hold the words before they are taken from this one.
_MARGIN = 0.12
_CARRIES = 0.3


def misattributions(source: Source, statement: Line) -> list[str]:
    said = speaker_of(statement)
    if said is None:
        return []
    mention, verb = said
    if source.cache.get("speakers") is None:
        source.cache["speakers"] = speakers(source)
    known = source.cache["speakers"]
    assert isinstance(known, dict)
    claimed = frozenset(e.id for e in mention.entities)
    name = " ".join(w.text for w in mention.span.words)
    problems = [
        f"“{quote.text}” is said by somebody else in the article"
        for quote in quotes(statement.text)
        if quote.words >= 3 and (owners := _owners(source, known, quote.text)) and not any(o & claimed for o in owners)
        and all(-1 not in o for o in owners)
    ]
    if problems:
        return problems
    content = _content(statement, mention.span.start, mention.span.end, verb)
    total = sum(source.weight(k) for k in content)
    if total < 4:
        return []
    own, other = 0.0, 0.0
    whose = ""
    for line in source.lines:
        score = sum(source.weight(k) * matches(k, line) for k in content) / total
        speaker = known.get(line.n)
        named = any(e.id in claimed for m in line.mentions for e in m.entities)
        if named or (speaker and speaker & claimed):
            own = max(own, score)
        elif speaker and -1 not in speaker and score > other:
            other = score
            whose = " ".join(source.names.entities[min(speaker)].keys)
    # Also what the named speaker says in the sentences beside.
    if other > _CARRIES and other > own + _MARGIN:
        return [f"the article has {whose} say this, not {name}"]
    return []


def _content(statement: Line, start: int, end: int, verb: int) -> list[str]:
    """The roots of what is said: not the speaker's name, not the verb."""
    inside = {i for i, w in enumerate(statement.words) if start <= w.start < end}
    return [k for k, places in statement.roots.items() if not all(p in inside or p == verb or statement.words[p].key in SPEECH for p in places)]


def _owners(source: Source, known: dict[int, frozenset[int]], quote: str) -> list[frozenset[int]]:
    """The speakers of the sentences that hold the quotation, or its beginning or end."""
    words = squeezed(quote).split()
    found = []
    for line in source.lines:
        text = squeezed(line.text)
        if f" {' '.join(words)} " in text or (len(words) > 6 and (f" {' '.join(words[:6])} " in text or f" {' '.join(words[-6:])} " in text)):
            named = frozenset(e.id for m in line.mentions for e in m.entities)
            speaker = known.get(line.n)
            if speaker:
                found.append(speaker | (named if -1 in speaker else frozenset()))
            else:
                found.append(frozenset({-1}))
    return found
