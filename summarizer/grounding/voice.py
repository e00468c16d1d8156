"""Who did it and to whom it was done: a passive that a statement turns round, or an active.

In: a Source, an analysed statement, the sentences that carry it. Out: a detail for each verb whose subject is the doer
in the one and is done to in the other. Verbs are told by their form and the words around them; where the article uses
the verb both ways of the same subject, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from summarizer.grounding.source import Line, Source
from summarizer.grounding.text import Token, root

_BE = frozenset("is are was were be been being gets got".split())
_HAVE = frozenset("has have had having".split())
_PARTICLES = frozenset("over up down out away back aside".split())
# What an object begins with.
_OBJECT = frozenset("a an the its their his her this that these those some any no every two three four five".split())
_NO_SUBJECT = _BE | _HAVE | _OBJECT | frozenset("and or but which who whom to of in on at for with from by not".split())
# How many words may stand between a participle and the "by" that makes it passive.
_REACH = 4


def turned_round(source: Source, line: Line, evidence: Sequence[int]) -> list[str]:
    """Details such as "in the article the tug is the one that was pulled"."""
    near = {(noun, verb, done_to) for n in evidence for noun, verb, done_to, _ in _uses(source.lines[n - 1])}
    details = []
    for noun, verb, done_to, (subject, participle) in _uses(line):
        if (noun, verb, not done_to) in near and not _used(source, (noun, verb, done_to)):
            other = f"is the one that {participle}" if done_to else f"was {participle}"
            details.append(f"in the article the {subject} {other}")
    return details


def _used(source: Source, use: tuple[str, str, bool]) -> bool:
    """Whether any sentence of the article uses a verb of a subject in this way."""
    return any(use == (noun, verb, done_to) for line in source.lines for noun, verb, done_to, _ in _uses(line))


def _uses(line: Line) -> Iterator[tuple[str, str, bool, tuple[str, str]]]:
    """(subject's root, verb's root, whether it is done to the subject, both as written) of a line's past forms."""
    words = line.words
    for i, word in enumerate(words):
        if i == 0 or not word.word or not word.key.endswith("ed") or len(word.key) < 5:
            continue
        at = i - 1
        if words[at].key.endswith("ly"):
            at -= 1
        passive = at >= 0 and words[at].key in _BE
        while at >= 0 and (words[at].key in _BE | _HAVE or words[at].key.endswith("ly")):
            at -= 1
        if at < 0 or not words[at].word or words[at].key in _NO_SUBJECT:
            continue
        by = any(w.key == "by" for w in words[i + 1 : i + 1 + _REACH])
        if not passive and (by or not _has_object(words, i + 1)):
            continue
        yield root(words[at].key), root(word.key), passive, (words[at].text, word.text)


def _has_object(words: Sequence[Token], at: int) -> bool:
    """Whether an object begins here, after a particle perhaps."""
    if at < len(words) and words[at].key in _PARTICLES:
        at += 1
    return at < len(words) and (words[at].key in _OBJECT or words[at].text[0].isdigit())
