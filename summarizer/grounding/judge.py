"""The judgement on one sentence: its status and evidence, or why it is withheld.

In: a Source and a sentence. Out: a Judgement. Rewriting, choosing among candidates and filling gaps are repair.py's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from summarizer.grounding.attribution import misattributions, unattributed
from summarizer.grounding.decision import Features, decide, features
from summarizer.grounding.locks import Problem, locks
from summarizer.grounding.people import wrong_offices
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches
from summarizer.grounding.text import root
from summarizer.grounding.voice import turned_round
from summarizer.types import Status

# Sentences about the text or the writer, and phrases that fit every article.
_GENERIC = re.compile(
    r"\b(?:this|the) (?:article|passage|text|piece|report|story|paragraph|summary|brief) (?:highlights"
    r"|discusses|describes|emphasi[sz]es|mentions"
    r"|explores|provides|outlines|covers|focuses|is about|shows how important)\b"
    r"|\bas an (?:ai|analyst|assistant)\b|\bi (?:cannot|can't|am|would|have|hope)\b|\blet me\b"
    r"|\b(?:it is|it's) (?:important|worth|crucial|essential) to (?:note|remember|mention|consider)\b"
    r"|\bonly time will tell\b|\bremains to be seen\b|\bin (?:today's|the modern|an ever)\b"
    r"|\bgame[- ]changer\b|\bplay(?:s)? a (?:crucial|key|vital|pivotal|significant) role\b",
    re.IGNORECASE,
)


# "Little here for markets", "The bearing on health is limited": how a desk says that a story hardly concerns it.
_LITTLE = frozenset(
    map(root, "limited modest small little hardly barely slight narrow minor few nothing no not only".split())
)
_BEARING = frozenset(
    map(
        root,
        """bearing relevance effect interest content here concern concerned touch touched affect affected involved
        conclusion conclusions matter possible direct directly now more""".split(),
    )
)


def says_little(source: Source, line: Line) -> bool:
    """Whether a sentence only says that the article hardly concerns something, and the article indeed has no word of
    it."""
    words = {root(w.key) for w in line.words if w.word}
    return (
        bool(words & _LITTLE)
        and bool(words & _BEARING)
        and not line.figures
        and not line.mentions
        and not any(
            matches(key, other) for key in line.roots if key not in _BEARING | _LITTLE for other in source.lines
        )
    )


# The share of a statement that one sentence must hold before an opinion in it has to be given to its speaker.
_CARRIED = 0.6


@dataclass(frozen=True, slots=True)
class Judgement:
    """`status` is None where the sentence is withheld; then `problems` says why, the gravest first. `quality` is for
    choosing among sentences: how well it is supported and how much of the story's own it names."""

    text: str
    status: Status | None
    evidence: tuple[int, ...]
    problems: tuple[Problem, ...]
    quality: float
    line: Line
    features: Features


def judge(source: Source, text: str, *, strict: bool = False) -> Judgement:
    """Judge a sentence against a source. `strict` is for sentences that a model wrote."""
    line = source.line(text)
    seen = features(source, line)
    problems: list[Problem] = list(locks(source, line, seen.evidence))
    problems += [("attribution", detail) for detail in wrong_offices(source, line)]
    problems += [("attribution", detail) for detail in misattributions(source, line)]
    problems += [("contradiction", detail) for detail in turned_round(source, line, seen.evidence)]
    if strict:
        problems += [
            ("name", f"{n} is in the article only as a part of a name") for n in source.names.only_inside(text)
        ]
    if strict and seen.support.single >= _CARRIED:
        problems += [("attribution", detail) for detail in unattributed(source, line, seen.support.best)]
    if _GENERIC.search(text):
        problems.append(("generic", "it speaks of the text, or would fit any article"))
    if text.rstrip(" \"”'’)").endswith("?"):
        problems.append(("incomplete", "a question is no statement"))
    if not problems and says_little(source, line):
        # What the story is about, and so what it isn't about, stands in its first sentence.
        return Judgement(text, "inferred", (1,), (), seen.trust, line, seen)
    status, doubt = decide(seen, strict)
    if doubt:
        problems.append(doubt)
    specific = len(line.figures) + len(line.dates) + len({e.id for m in line.mentions for e in m.entities[:1]})
    quality = seen.trust + 0.06 * min(specific, 5)
    return Judgement(text, None if problems else status, seen.evidence, tuple(problems), quality, line, seen)
