"""Whether a statement says the contrary of its evidence: a "not" that is added or lost, an opposite word.

In: a Source, an analysed statement, its evidence. Out: Polarity: signs, no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from summarizer.grounding.figure import same
from summarizer.grounding.lexicon import ANTONYMS, DENIALS, INFERENCE, NEGATIVE, NEGATORS
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import matches
from summarizer.grounding.text import Token, root


def negated(line: Line) -> list[int]:
    """Token positions of the negators of a sentence."""
    return [i for i, w in enumerate(line.words) if w.key in NEGATORS or w.key.endswith("n't")]


@dataclass(frozen=True, slots=True)
class Polarity:
    """Signs that a statement says the contrary of its evidence, 0..1 each.

    Of its "not": `denied`, how much the evidence affirms what the statement denies; `unanswered`, how little it denies
    of that; `window`, how many words stand around it (eight are 1); `cue`, whether the evidence has a "not" itself;
    `follow` and `both`, whether a sentence affirms the word that is denied, and that together with the word before the
    "not"; `figure`, whether a figure of the source is denied; `double`, whether its clause has a second "not".
    `lost` is 1 where a "not" of the evidence is missing, `opposite` where the two go in opposite directions. `verbal`
    says whether there is a "not" that turns a verb around. `details` are for people.
    """

    denied: float = 0.0
    unanswered: float = 0.0
    window: float = 0.0
    cue: float = 0.0
    follow: float = 0.0
    both: float = 0.0
    figure: float = 0.0
    double: float = 0.0
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
# How far, in words, a denial of the source may stand from what it denies.
_CUE_REACH = 7
# A sentence with at most so many words and marks whose subject is a pronoun speaks of the one before it.
_SHORT = 9


def polarity(source: Source, statement: Line, evidence: tuple[int, ...]) -> Polarity:
    """Negations and directions that the statement has and its evidence lacks, or the other way round."""
    around = sorted({m for n in evidence for m in (n - 1, n, n + 1) if 0 < m <= len(source.lines)})
    near = [source.lines[n - 1] for n in around]
    lines = [source.lines[n - 1] for n in evidence]
    details: list[str] = []
    signs = dict.fromkeys(("denied", "unanswered", "window", "follow", "both", "figure", "double"), 0.0)
    verbal = False
    for at in negated(statement):
        affirmed, answered = _denied(source, statement, at, near)
        share = max(0.0, affirmed - 0.9 * answered)
        turns = _turns(statement.words[at]) and _after_auxiliary(statement, at)
        verbal = verbal or turns
        found = {"denied": share if turns else 0.4 * share}
        if turns:
            follow, both = _affirmed(statement, at, near)
            found |= {
                "unanswered": 1 - min(1.0, answered / _ANSWERED),
                "window": len(_around(statement, at, _REACH_BEFORE, _REACH_AFTER)) / 8,
                "follow": follow,
                "both": both,
                "figure": float(_denies_figure(source, statement, at)),
                "double": float(_denied_twice(statement, at)),
            }
        signs = {name: max(value, found.get(name, 0.0)) for name, value in signs.items()}
        details.append(f"“{statement.words[at].text}” has no counterpart in the evidence")
    lost = 0.0 if details else max(_lost_negation(statement, lines), _insists(statement, near))
    if lost:
        details.append("the evidence denies this")
    opposite = _opposite(statement, lines, near)
    cue = any(_turns(word) for line in lines for word in line.words)
    return Polarity(
        **signs,
        cue=float(cue),
        lost=lost,
        opposite=float(bool(opposite)),
        verbal=verbal,
        details=(*details, *opposite),
    )


# Words and marks that begin another clause.
_CLAUSE = frozenset("that who which if when where while because although though but whereas so , ; : - ( )".split())
_NOTHING = frozenset("no none nobody nothing never neither nowhere".split())


def _affirmed(statement: Line, at: int, near: list[Line]) -> tuple[float, float]:
    """How well one sentence has the word that a "not" denies, and that with the word before the "not", where no denial
    stands near it."""
    after = _content(statement, range(at + 1, min(at + 6, len(statement.words))))
    before = _content(statement, range(at - 1, max(at - 8, -1), -1))
    follow = both = 0.0
    for line in near:
        match = matches(after, line) if after else 0.0
        if not match:
            continue
        places = _positions(after, line)
        cues = [i for i, strength in _cues(line, statement) if strength > 0.5]
        if any(abs(i - p) <= _CUE_REACH for i in cues for p in places) or (cues and not places):
            continue
        follow = max(follow, match)
        both = max(both, match * matches(before, line) if before else 0.0)
    return follow, both


def _content(statement: Line, places: range) -> str:
    """The root of the first word that carries meaning, within the clause, or ""."""
    for i in places:
        if statement.words[i].key in _CLAUSE:
            break
        for key, at in statement.roots.items():
            if i in at:
                return key
    return ""


def _denies_figure(source: Source, statement: Line, at: int) -> bool:
    """Whether a "not" stands right before a figure that the source has: "was not 6.2 percent"."""
    return any(
        at < statement.position(figure.start) <= at + 2 and any(same(figure, other) for _, other in source.figures)
        for figure in statement.figures
    )


def _denied_twice(statement: Line, at: int) -> bool:
    """Whether the clause of a "not" has another negator, which English avoids: "none has not answered"."""
    words = statement.words
    for i in range(at - 1, max(at - 9, -1), -1):
        if words[i].key in _CLAUSE:
            break
        if words[i].key in _NOTHING:
            return True
    for i in range(at + 1, min(at + 5, len(words))):
        if words[i].key in _CLAUSE:
            break
        if words[i].key in _NOTHING or words[i].key == "not":
            return True
    return False


# What "do" takes as a verb of its own: "could do more", "did last August".
_DOINGS = frozenset("worse better well best last next good harm damage business same".split())


_NO_BARE_VERB = ("ing", "ed", "ly", "wards")


def _insists(statement: Line, near: list[Line]) -> float:
    """1 where a statement stresses a verb, "the offer did address the gap", that no sentence stresses: what is left
    when a "not" falls out."""
    for i, word in enumerate(statement.words[:-1]):
        following = statement.words[i + 1]
        key = root(following.key)
        if word.key not in {"do", "does", "did"} or key not in statement.roots or following.key in _DOINGS:
            continue
        helps = i > 0 and statement.words[i - 1].key in {"to", *_AUXILIARIES}  # "could do more": a verb of its own
        if helps or not following.word or following.capital or following.key.endswith(_NO_BARE_VERB):
            continue
        stressed = any(
            w.key in {"do", "does", "did"} and root(line.words[n + 1].key) == key
            for line in near
            for n, w in enumerate(line.words[:-1])
        )
        if not stressed:
            return 1.0
    return 0.0


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
        scope = scope or tuple(p for k in held for p in _positions(k, line))
        cue = max((c for i, c in _cues(line, statement) if any(abs(i - p) <= _CUE_REACH for p in scope)), default=0.0)
        best = max(best, share * (1 - cue))
        answered = max(answered, share * cue)
    return best, answered


def _positions(key: str, line: Line) -> tuple[int, ...]:
    if key in line.roots:
        return line.roots[key]
    head = key[: max(4, len(key) - 3)]
    return tuple(p for other, places in line.roots.items() if other.startswith(head) for p in places)


def _lost_negation(statement: Line, lines: list[Line]) -> float:
    """1 where a sentence of the evidence turns around what the statement says straight."""
    for line in lines:
        for at in negated(line):
            if _turns(line.words[at]) and (
                _said_straight(statement, line, at) or _denied_word(statement, lines, line, at)
            ):
                return 1.0
    return 0.0


def _said_straight(statement: Line, line: Line, at: int) -> bool:
    """Whether the words around a "not" of the source are the statement's, close together, and nothing near them there
    is a denial."""
    words = _around(line, at, 4, 5)
    after = [k for k in words if any(at < p <= at + 5 for p in line.roots[k])]
    shared = [k for k in words if k in statement.roots]
    if len(shared) < 3 or len(shared) / len(words) < 0.7 or not after or after[0] not in shared:
        return False
    places = sorted(p for k in shared for p in statement.roots[k])
    denied = any(_cue(w) > 0.6 and any(abs(i - p) <= 6 for p in places) for i, w in enumerate(statement.words))
    return not denied and any(q - p <= 5 for p, q in pairwise(places))


def _denied_word(statement: Line, lines: list[Line], line: Line, at: int) -> bool:
    """Whether the statement affirms the very word that a "not" of the source denies, of the same subject: "the figures
    will be published" where "the figures will not be published"."""
    if not _after_auxiliary(line, at) or any(w.key in INFERENCE for w in statement.words):
        return False
    word = _content(line, range(at + 1, min(at + 5, len(line.words))))
    subject = _content(line, range(at - 1, max(at - 9, -1), -1))
    if not word or word not in statement.roots or (subject and subject not in statement.roots):
        return False
    if not subject and len(line.words) > _SHORT:
        return False
    if any(word in other.roots for other in lines if other is not line) or len(line.roots[word]) > 1:
        return False
    return not any(
        _cue(w) > 0.3 and any(abs(i - p) <= _CUE_REACH for p in statement.roots[word])
        for i, w in enumerate(statement.words)
    )


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
