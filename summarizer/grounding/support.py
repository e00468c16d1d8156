"""Which sentences of a source carry a statement, and how well.

In: a Source and an analysed statement. Out: Support: the sentences, how much of the statement's meaning they hold,
and signs against it (a negation or a direction that differs, a name or a figure in another's place).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from summarizer.grounding.lexicon import ANTONYMS, DENIALS, INFERENCE, NEGATIVE, NEGATORS, SYNONYMS
from summarizer.grounding.source import Line, Source
from summarizer.grounding.text import Token, root

MOST_SENTENCES = 4
# A further sentence belongs to the evidence when it adds at least this share of the statement's weight.
_WORTH_ADDING = 0.08

_GROUPS: dict[str, set[int]] = {}
for _i, _group in enumerate(SYNONYMS):
    for _word in _group:
        _GROUPS.setdefault(root(_word), set()).add(_i)


@dataclass(frozen=True, slots=True)
class Support:
    """`evidence` in the article's order. `coverage` and `single` are 0..1: the share of the statement's weight that the
    evidence, and that its best sentence, hold."""

    evidence: tuple[int, ...]
    coverage: float
    single: float
    pairs: float
    best: int
    missing: tuple[str, ...]
    hedged: bool


def matches(key: str, line: Line) -> float:
    """1 where a sentence has the root, less where it has a relative: a synonym, or a word with the same beginning."""
    if key in line.roots:
        return 1.0
    groups = _GROUPS.get(key)
    if groups and any(groups & _GROUPS.get(other, set()) for other in line.roots):
        return 0.8
    if len(key) >= 5 and not key[0].isdigit():
        head = key[: max(5, len(key) - 3)]
        if any(other.startswith(head) and abs(len(other) - len(key)) <= 4 for other in line.roots):
            return 0.85
    return 0.0


def support(source: Source, statement: Line) -> Support:
    """The few sentences that together hold most of the statement, greedily, and what they leave out."""
    weights = {key: source.weight(key) for key in statement.roots}
    for word in statement.words:
        key = root(word.key)
        if word.capital and key in weights:
            weights[key] *= 1.3
    total = sum(weights.values()) or 1.0
    table = {line.n: {key: matches(key, line) for key in weights} for line in source.lines}
    held = dict.fromkeys(weights, 0.0)
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < MOST_SENTENCES:
        best, gain = 0, 0.0
        for n, row in table.items():
            if n in chosen:
                continue
            add = sum(weights[k] * max(0.0, m - held[k]) for k, m in row.items() if m)
            # A sentence next to the chosen ones is the likelier source of what is left.
            add *= 1.0 if not chosen or any(abs(n - c) <= 1 for c in chosen) else 0.93
            if add > gain + 1e-9:
                best, gain = n, add
        if not best or (chosen and gain / total < _WORTH_ADDING):
            break
        chosen.append(best)
        gains.append(gain / total)
        for key, m in table[best].items():
            held[key] = max(held[key], m)
    coverage = sum(weights[k] * m for k, m in held.items()) / total
    missing = tuple(k for k, m in held.items() if m == 0.0)
    return Support(
        tuple(sorted(chosen)),
        coverage,
        gains[0] if gains else 0.0,
        _pairs(source, statement, chosen),
        chosen[0] if chosen else 0,
        missing,
        any(word.key in INFERENCE for word in statement.words),
    )


def _pairs(source: Source, statement: Line, chosen: list[int]) -> float:
    """The share of neighbouring content words that stand near each other in one chosen sentence too."""
    pairs = list(zip(statement.order, statement.order[1:], strict=False))
    if not pairs:
        return 0.0
    kept = 0
    for a, b in pairs:
        for n in chosen:
            roots = source.lines[n - 1].roots
            if a in roots and b in roots and min(abs(p - q) for p in roots[a] for q in roots[b]) <= 6:
                kept += 1
                break
    return kept / len(pairs)


def negated(line: Line) -> list[int]:
    """Token positions of the negators of a sentence."""
    return [i for i, w in enumerate(line.words) if w.key in NEGATORS or w.key.endswith("n't")]


@dataclass(frozen=True, slots=True)
class Polarity:
    """Signs that a statement says the contrary of its evidence, 0..1 each.

    Of its "not": `denied`, how much the evidence affirms what the statement denies; `unanswered`, how little it denies
    of that; `window`, how many words stand around it (eight are 1); `cue`, whether the evidence has a "not" itself.
    `lost` is 1 where a "not" of the evidence is missing, `opposite` where the two go in opposite directions. `verbal`
    says whether there is a "not" that turns a verb around. `details` are for people.
    """

    denied: float = 0.0
    unanswered: float = 0.0
    window: float = 0.0
    cue: float = 0.0
    lost: float = 0.0
    opposite: float = 0.0
    verbal: bool = False
    details: tuple[str, ...] = ()


# Negators that turn a verb around; "no", "without" and the like often say only that something isn't mentioned.
_VERBAL = frozenset({"not", "never", "cannot", "n't"})
_AUXILIARIES = frozenset(
    "is are was were be been has have had do does did will would can could may might must should".split()
)
_REACH_BEFORE, _REACH_AFTER = 5, 6
# The share of the words around a "not" that a denial in the source must hold to answer for it fully.
_ANSWERED = 0.4
_CUE_REACH = 7
_CUE_REACH_NEXT = 7


def polarity(source: Source, statement: Line, evidence: tuple[int, ...]) -> Polarity:
    """Negations and directions that the statement has and its evidence lacks, or the other way round."""
    around = sorted({m for n in evidence for m in (n - 1, n, n + 1) if 0 < m <= len(source.lines)})
    near = [source.lines[n - 1] for n in around]
    details: list[str] = []
    denied = unanswered = window = 0.0
    verbal = False
    for at in negated(statement):
        affirmed, answered = _denied(source, statement, at, near)
        share = max(0.0, affirmed - 0.9 * answered)
        turns = _turns(statement.words[at]) and _after_auxiliary(statement, at)
        verbal = verbal or turns
        denied = max(denied, share if turns else 0.4 * share)
        if turns:
            unanswered = max(unanswered, 1 - min(1.0, answered / _ANSWERED))
            window = max(window, len(_around(statement, at, _REACH_BEFORE, _REACH_AFTER)) / 8)
        details.append(f"“{statement.words[at].text}” has no counterpart in the evidence")
    lines = [source.lines[n - 1] for n in evidence]
    lost = 0.0 if details else _lost_negation(statement, lines)
    if lost:
        details.append("the evidence denies this")
    opposite = _opposite(statement, lines, near)
    cue = any(_turns(word) for line in lines for word in line.words)
    return Polarity(denied, unanswered, window, float(cue), lost, float(bool(opposite)), verbal, (*details, *opposite))


def _after_auxiliary(line: Line, at: int) -> bool:
    """Whether a "not" denies the whole clause, and doesn't only set one thing against another ("X, not Y")."""
    word = line.words[at]
    return word.key.endswith("n't") or (at > 0 and line.words[at - 1].key in _AUXILIARIES)


def _turns(word: Token) -> bool:
    return word.key in _VERBAL or word.key.endswith("n't")


def _around(line: Line, at: int, before: int, after: int) -> list[str]:
    return [k for k, places in line.roots.items() if any(at - before <= p <= at + after and p != at for p in places)]


def _cue(word: Token) -> float:
    """How much of a negation a word of the source is."""
    key = word.key
    if key in NEGATORS or key.endswith("n't") or key in DENIALS:
        return 1.0
    if key.startswith("un") and len(key) > 5 and not key.startswith(("uni", "under", "until")):
        return 0.9
    return 0.6 if key in NEGATIVE else 0.0


def _cues(line: Line, statement: Line) -> list[tuple[int, float]]:
    """The negations of a sentence of the source. A word that the statement has as well, "banned" in "is not banned",
    answers for no "not" there."""
    own = {w.key for w in statement.words} - NEGATORS
    found = []
    for i, word in enumerate(line.words):
        cue = _cue(word)
        if cue and (word.key in NEGATORS or (word.key not in own and root(word.key) not in statement.roots)):
            found.append((i, cue))
    return found


def _denied(source: Source, statement: Line, at: int, near: list[Line]) -> tuple[float, float]:
    """How much the source affirms, and how much it denies, what a negator of the statement denies: the shares of the
    words around the negator that one sentence holds without, and with, a negation near them, 0..1."""
    words = [k for k in _around(statement, at, _REACH_BEFORE, _REACH_AFTER) if root(statement.words[at].key) != k]
    if not words:
        return 0.5, 0.0
    weight = {k: source.weight(k) / (1 + min(abs(p - at) for p in statement.roots[k]) / 3) for k in words}
    total = sum(weight.values())
    best, answered = 0.0, 0.0
    following = (
        min((p, k) for k in words for p in statement.roots[k] if p > at)[1]
        if any(p > at for k in words for p in statement.roots[k])
        else ""
    )
    for line in near:
        held = [k for k in words if matches(k, line)]
        if not held:
            continue
        share = sum(weight[k] for k in held) / total
        scope = _positions(following, line) if following in held else ()
        reach = _CUE_REACH_NEXT if scope else _CUE_REACH
        scope = scope or tuple(p for k in held for p in _positions(k, line))
        cue = max((c for i, c in _cues(line, statement) if any(abs(i - p) <= reach for p in scope)), default=0.0)
        best = max(best, share * (1 - cue))
        answered = max(answered, share * cue)
    return best, answered


def _positions(key: str, line: Line) -> tuple[int, ...]:
    if key in line.roots:
        return line.roots[key]
    head = key[: max(4, len(key) - 3)]
    return tuple(p for other, places in line.roots.items() if other.startswith(head) for p in places)


def _lost_negation(statement: Line, lines: list[Line]) -> float:
    """1 where a sentence of the evidence turns around what the statement says straight: the words around its "not"
    are the statement's, close together, and nothing near them there is a denial."""
    for line in lines:
        for at in negated(line):
            if not _turns(line.words[at]):
                continue
            words = _around(line, at, 4, 5)
            after = [k for k in words if any(at < p <= at + 5 for p in line.roots[k])]
            shared = [k for k in words if k in statement.roots]
            if len(shared) < 3 or len(shared) / len(words) < 0.7 or not after or after[0] not in shared:
                continue
            places = sorted(p for k in shared for p in statement.roots[k])
            close = any(q - p <= 5 for p, q in pairwise(places))
            denied = any(_cue(w) > 0.6 and any(abs(i - p) <= 6 for p in places) for i, w in enumerate(statement.words))
            if close and not denied:
                return 1.0
    return 0.0


def _opposite(statement: Line, lines: list[Line], near: list[Line]) -> list[str]:
    words = {w.key for line in near for w in line.words}
    mine = {w.key for w in statement.words}
    problems = []
    for one, other in ANTONYMS:
        for first, second in ((one, other), (other, one)):
            if (
                mine & first
                and not mine & second
                and words & second
                and not words & first
                and not negated(statement)
                and _beside(statement, lines, first, second)
            ):
                problems.append(f"“{sorted(mine & first)[0]}” where the evidence says “{sorted(words & second)[0]}”")
    return problems


def _beside(statement: Line, lines: list[Line], first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether the opposite words stand beside the same content words."""
    at = [i for i, w in enumerate(statement.words) if w.key in first]
    around = {k for k, places in statement.roots.items() if any(0 < abs(p - i) <= 4 for p in places for i in at)}
    for line in lines:
        spots = [i for i, w in enumerate(line.words) if w.key in second]
        beside = {k for k, places in line.roots.items() if any(0 < abs(p - i) <= 5 for p in places for i in spots)}
        if spots and len(around & beside) >= 2:
            return True
    return False
