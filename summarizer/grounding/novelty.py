"""What a statement says that its evidence doesn't: invented predicates, and things nobody has spoken of.

In: a Source, an analysed statement, its evidence. Out: shares of new words, names of new things. Only words that are
no names, figures or dates count here: those have their locks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from summarizer.grounding.lexicon import HEDGES, INFERENCE, SPEECH
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches
from summarizer.grounding.text import root
from summarizer.grounding.units import SCALE, SMALL

# Words that carry a sentence rather than its news.
_LIGHT = frozenset(
    root(word)
    for word in """hold take make give include involve bring come get become set put keep part well way use mean
    remain stay also
    among relate related follow following case make made number well far long away already so thing work sit rest
    go going
    turn leave show need want point move help""".split()
)
_BREAKS = frozenset(
    "while but though although because since so as which who where when that and or whereas after before if".split()
)
# Things of which a text can only say "the" when it has spoken of one.
_THINGS = frozenset(
    """company firm agency bank government ministry project programme program agreement contract deal treaty law
    bill plan product device
    mission satellite ship vessel aircraft plant mine port airport hospital school university team club union court
    trial study report
    survey investor shareholder customer supplier employer patient student farmer president minister mayor chairman
    director figure
    article author editor analyst researcher merger acquisition election war strike fire storm flood""".split()
)
_LEAST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Novelty:
    """`share` of the plain words' weight that the evidence doesn't have, `clause` the same in the clause where it is
    highest, `things` what has a "the" without having been spoken of."""

    share: float
    clause: float
    things: tuple[str, ...]


def novelty(source: Source, statement: Line, evidence: tuple[int, ...]) -> Novelty:
    lines = [source.lines[n - 1] for n in evidence]
    words = _plain_words(statement)
    held = {key: max((matches(key, line) for line in lines), default=0.0) for key in words}
    clauses = _clauses(statement)
    worst = 0.0
    for first, last in clauses:
        inside = [k for k, places in words.items() if any(first <= p < last for p in places)]
        if len(inside) >= _LEAST_WORDS:
            worst = max(worst, _new(source, inside, held))
    return Novelty(_new(source, list(words), held), worst, unspoken_things(source, statement))


def _new(source: Source, keys: list[str], held: dict[str, float]) -> float:
    total = sum(source.weight(k) for k in keys)
    return sum(source.weight(k) * (1 - held[k]) for k in keys) / total if total else 0.0


def _plain_words(statement: Line) -> dict[str, tuple[int, ...]]:
    """Roots of content words that are no names, figures, hedges or verbs of speech, with their positions."""
    names = {i for m in statement.mentions for i in range(m.at, m.at + len(m.span.words))}
    figures = {i for f in statement.figures for i, w in enumerate(statement.words) if f.start <= w.start < f.end}
    found = {}
    for key, places in statement.roots.items():
        kept = tuple(
            p
            for p in places
            if p not in names
            and p not in figures
            and not (statement.words[p].capital and p)
            and statement.words[p].key not in HEDGES | SPEECH
            and statement.words[p].key not in SMALL
            and statement.words[p].key not in SCALE
            and not statement.words[p].text[0].isdigit()
        )
        if kept and key not in _LIGHT:
            found[key] = kept
    return found


def _clauses(statement: Line) -> list[tuple[int, int]]:
    """Token ranges between marks and joining words."""
    cuts = [0]
    for i, word in enumerate(statement.words):
        if word.text in {",", ";", ":", "(", ")"} or (word.key in _BREAKS and i):
            cuts.append(i)
    cuts.append(len(statement.words))
    return [(a, b) for a, b in pairwise(cuts) if b > a]


_SINGULAR = re.compile(r"(?:ies|s)$")


def unspoken_things(source: Source, statement: Line) -> tuple[str, ...]:
    """Things with "the" or "this" that neither the source nor the statement before has spoken of."""
    found = []
    for i, word in enumerate(statement.words[:-1]):
        if word.key not in {"the", "this", "these", "that"}:
            continue
        thing = statement.words[i + 1]
        singular = thing.key[:-1] if thing.key.endswith("s") and thing.key[:-1] in _THINGS else thing.key
        if singular not in _THINGS or thing.capital:
            continue
        after = statement.words[i + 2].key if i + 2 < len(statement.words) else ""
        if after in {"of", "that", "which", "who", "behind"}:
            continue  # the sentence itself says which
        if singular in {"company", "firm", "team", "supplier", "agency"} and any(
            not m.persons for m in statement.mentions
        ):
            continue
        key = root(singular)
        earlier = any(root(w.key) == key for w in statement.words[:i])
        if not earlier and not any(matches(key, line) for line in (*source.lines, *source.extra)):
            found.append(thing.text)
    return tuple(found)


_COPULA = frozenset("is was are were remains remained became becomes".split())
_BEFORE_HEAD = frozenset("a an the one of also now still not very most more main only".split())


def new_predicate(source: Source, statement: Line, evidence: tuple[int, ...]) -> str:
    """What a statement says a named person or body is, where no sentence of the evidence has that word, or ""."""
    lines = [source.lines[n - 1] for n in evidence]
    for mention in statement.mentions:
        last = statement.position(mention.span.words[-1].start)
        i = _after_apposition(statement, last + 1)
        if i >= len(statement.words) or statement.words[i].key not in _COPULA:
            continue
        i += 1
        while i < len(statement.words) and statement.words[i].key in _BEFORE_HEAD:
            i += 1
        word = statement.words[i] if i < len(statement.words) else None
        if word is None or word.capital or not word.word or word.key.endswith(("ed", "ing")):
            continue
        key = root(word.key)
        if key in statement.roots and key not in _LIGHT and not any(matches(key, line) for line in lines):
            return word.text
    return ""


def _after_apposition(statement: Line, i: int) -> int:
    """The token after a closed ", the former director of X," or "(ESA)" that begins at token i."""
    words = statement.words
    while i < len(words) and words[i].text in {",", "("}:
        close = "," if words[i].text == "," else ")"
        end = next((n for n in range(i + 1, min(i + 30, len(words))) if words[n].text == close), None)
        if end is None:
            return i
        following = words[end + 1].key if end + 1 < len(words) else ""
        i = end + 1
        if following in _COPULA:
            return i
    return i


def stated_as_fact(source: Source, statement: Line, evidence: tuple[int, ...], single: float) -> bool | None:
    """For a hedged statement that nearly repeats one sentence: False where that sentence hedges as well, True where it
    states the same as a fact; None where the statement goes beyond it."""
    if single < 0.85 or not evidence:
        return None
    best = max((source.lines[n - 1] for n in evidence), key=lambda line: sum(k in line.roots for k in statement.roots))
    return not any(w.key in INFERENCE for w in best.words)
