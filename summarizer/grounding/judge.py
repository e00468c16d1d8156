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


def judge(source: Source, text: str, likelihood: float | None = None, *, strict: bool = False) -> Judgement:
    """Judge a sentence against a source. `likelihood` is the gain in mean log-probability a token that the
    article gives a model for this sentence, where a model was asked. `strict` is for sentences that a model wrote."""
    line = source.line(text)
    seen = features(source, line, likelihood)
    problems: list[Problem] = list(locks(source, line))
    problems += [("attribution", detail) for detail in wrong_offices(source, line)]
    problems += [("attribution", detail) for detail in misattributions(source, line)]
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
    status, doubt = decide(seen, strict)
    if doubt:
        problems.append(doubt)
    specific = len(line.figures) + len(line.dates) + len({e.id for m in line.mentions for e in m.entities[:1]})
    quality = seen.trust + 0.06 * min(specific, 5)
    return Judgement(text, None if problems else status, seen.evidence, tuple(problems), quality, line, seen)
