"""Which questions are asked: the best set among all candidates, one a passage, all different.

In: a Draft and the Source. Out: Sections of questions, and a Finding for each passage that has none. What makes a
question fit is questions.py's.
"""

from __future__ import annotations

import re

from summarizer.grounding.clean import Split, clean
from summarizer.grounding.locks import locks
from summarizer.grounding.novelty import unspoken_things
from summarizer.grounding.people import wrong_offices
from summarizer.grounding.place import section_name
from summarizer.grounding.questions import about, alike, answered_by, form_problem, is_generic_line
from summarizer.grounding.source import Line, Source
from summarizer.types import Draft, Finding, Section, Statement

# "Which of the two launch dates ...": a small model asks so, often of a choice that nobody has, where it has nothing to
# ask. Such a question is taken where there is no other.
_CHOICE = re.compile(r"Which of (?:the|these)\b", re.IGNORECASE)


def ask(draft: Draft, source: Source, split: Split, wanted: int) -> tuple[list[Section], list[Finding]]:
    """The best set of questions among all candidates: one a passage, all different."""
    options: list[tuple[float, int, int, str, Line]] = []
    refused: dict[int, list[Finding]] = {}
    passages = [p for p in draft.passages if p.kind == "question"]
    for at, passage in enumerate(passages):
        for rank, text in enumerate(passage.candidates):
            question = _first_question(text, split)
            line = source.line(question)
            problem = question_problem(source, line)
            if problem:
                refused.setdefault(at, []).append(Finding(section_name("question", passage.index), question, *problem))
            else:
                names = len({e.id for m in line.mentions for e in m.entities[:1]})
                worth = (
                    0.3 * min(names, 3)
                    + 0.3 * min(len(line.figures) + len(line.dates), 2)
                    + 0.5 * _known(source, line)
                    - 0.05 * rank
                    - bool(_CHOICE.match(question))
                )
                options.append((worth, at, rank, question, line))
    options.sort(key=lambda option: (-option[0], option[1], option[2]))
    chosen: dict[int, tuple[str, Line]] = {}
    findings: list[Finding] = []
    for _, at, __, question, line in options:
        if len(chosen) == wanted or at in chosen:
            continue
        if any(alike(line, other) for ___, other in chosen.values()):
            refused.setdefault(at, []).append(
                Finding(
                    section_name("question", passages[at].index), question, "repetition", "another question asks this"
                )
            )
        else:
            chosen[at] = (question, line)
    sections = []
    for at, passage in enumerate(passages):
        statements: tuple[Statement, ...] = ()
        if at in chosen:
            question, line = chosen[at]
            statements = (Statement(question, "inferred", about(source, line)),)
        elif at in refused:
            findings += refused[at][:1]
        sections.append(Section("question", passage.index, statements))
    return sections, findings


def _first_question(text: str, split: Split) -> str:
    """The first question in a text, or its first sentence."""
    cleaned = clean(text, split)
    everything = [*cleaned.sentences, *cleaned.torn]
    return next((s for s in everything if s.endswith("?")), everything[0] if everything else text.strip())


def _known(source: Source, line: Line) -> float:
    return sum(k in source.by_root for k in line.roots) / max(1, len(line.roots))


def question_problem(source: Source, line: Line) -> tuple[str, str] | None:
    """Why a question may not stand: (rule, detail), or None."""
    form = form_problem(line.text)
    if form:
        return "incomplete", form
    found = locks(source, line)
    if found:
        return found[0]
    wrong = wrong_offices(source, line)
    if wrong:
        return "attribution", wrong[0]
    unspoken = unspoken_things(source, line)
    if unspoken:
        return "generic", f"the article speaks of no {unspoken[0]}"
    if is_generic_line(source, line):
        return "generic", "it would fit any story"
    answer = answered_by(source, line)
    return ("answered", f"sentence {answer} answers it") if answer else None
