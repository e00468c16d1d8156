"""Who said what: words that a statement gives to one speaker and the source to another.

In: a Source and an analysed statement. Out: what is wrong, for people. Offices are people.py's.
"""

from __future__ import annotations

from summarizer.grounding.countries import CANONICAL
from summarizer.grounding.lexicon import SPEECH
from summarizer.grounding.people import claimant_of, known_speakers
from summarizer.grounding.quotes import quotes, squeezed
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches

# After a comma these begin a clause of another speaker, or of nobody.
_TURNS = frozenset("while but though although yet whereas which so and".split())
# How much better another speaker's sentences must hold the words before they are taken from this one.
_MARGIN = 0.05
_CARRIES = 0.2


def misattributions(source: Source, statement: Line) -> list[str]:
    said = claimant_of(statement)
    if said is None:
        return []
    mention, verb = said
    known = known_speakers(source)
    claimed = frozenset(e.id for e in mention.entities)
    if not mention.persons and not any(claimed & speaker for speaker in known.values()):
        return []  # a place, or a body that never speaks: its words are the narrator's
    name = " ".join(w.text for w in mention.span.words)
    problems = [
        f"“{quote.text}” is said by somebody else in the article"
        for quote in quotes(statement.text)
        if quote.words >= 3
        and (owners := _owners(source, known, quote.text))
        and not any(o & claimed for o in owners)
        and all(-1 not in o for o in owners)
    ]
    if problems:
        return problems
    content = _content(statement, mention.span.start, mention.span.end, verb, mention.at)
    total = sum(source.weight(k) for k in content)
    if total < 4:
        return []
    own, other = 0.0, 0.0
    rival: frozenset[int] = frozenset()
    for line in source.lines:
        score = sum(source.weight(k) * matches(k, line) for k in content) / total
        speaker = known.get(line.n)
        if claimed & _named(line) or (speaker and speaker & claimed):
            own = max(own, score)
        elif speaker and -1 not in speaker and score > other and not _place(source, speaker):
            other, rival = score, speaker
    if not mention.persons and any(claimed & _named(line) and rival & _named(line) for line in source.lines):
        return []  # a body, whose own people speak for it
    whose = " ".join(source.names.entities[min(rival)].keys) if rival else ""
    if other > _CARRIES and other > own + _MARGIN:
        return [f"the article has {whose} say this, not {name}"]
    return []


# Words by which a speaker judges, urges or foresees.
_OPINIONS = frozenset(
    "should must could would may might need needs ought urgent crucial vital essential important "
    "necessary best worst excellent "
    "great terrible unfair unacceptable likely unlikely impossible inevitable hope believe think doubt".split()
)


def unattributed(source: Source, statement: Line, best: int) -> list[str]:
    """An opinion of one speaker of the source that the statement gives as a fact."""
    speaker = known_speakers(source).get(best)
    spoken = {w.key for w in source.lines[best - 1].words}
    if not speaker or claimant_of(statement) or (-1 in speaker and not spoken & {"according", "said", "says", "told"}):
        return []
    words = {w.key for w in statement.words}
    if words & SPEECH or "according" in words or any(speaker & {e.id for e in m.entities} for m in statement.mentions):
        return []
    shared = words & _OPINIONS & spoken
    if not shared:
        return []
    who = "somebody" if -1 in speaker else " ".join(source.names.entities[min(speaker)].keys)
    return [f"in the article this is what {who} says"]


def _content(statement: Line, start: int, end: int, verb: int, at: int) -> list[str]:
    """The roots of what is said, in the speaker's own clause: not the speaker's name, not the verb."""
    inside = {i for i, w in enumerate(statement.words) if start <= w.start < end}
    first, last = 0, len(statement.words)
    for i, word in enumerate(statement.words[:-1]):
        parts = word.text == ";" or (word.text == "," and statement.words[i + 1].key in _TURNS)
        if parts and i < min(at, verb):
            first = i
        elif parts and i > max(at, verb):
            last = min(last, i)
    return [
        k
        for k, places in statement.roots.items()
        if any(
            first <= p < last and p not in inside and p != verb and statement.words[p].key not in SPEECH for p in places
        )
    ]


def _place(source: Source, speaker: frozenset[int]) -> bool:
    return all(set(source.names.entities[i].keys) <= CANONICAL for i in speaker)


def _named(line: Line) -> frozenset[int]:
    return frozenset(e.id for m in line.mentions for e in m.entities)


def _owners(source: Source, known: dict[int, frozenset[int]], quote: str) -> list[frozenset[int]]:
    """The speakers of the sentences that hold the quotation, or its beginning or end."""
    words = squeezed(quote).split()
    found = []
    for line in source.lines:
        text = squeezed(line.text)
        if f" {' '.join(words)} " in text or (
            len(words) > 6 and (f" {' '.join(words[:6])} " in text or f" {' '.join(words[-6:])} " in text)
        ):
            speaker = known.get(line.n)
            if speaker:
                found.append(speaker | (_named(line) if -1 in speaker else frozenset()))
            else:
                found.append(frozenset({-1}))
    return found
