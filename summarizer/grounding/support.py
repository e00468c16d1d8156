"""Which sentences of a source carry a statement, and how well.

In: a Source and an analysed statement. Out: Support: the sentences, and how much of the statement's meaning they hold.
Signs against the statement are polarity.py's and slots.py's.
"""

from __future__ import annotations

from dataclasses import dataclass

from summarizer.grounding.lexicon import INFERENCE, SYNONYMS
from summarizer.grounding.source import Line, Source
from summarizer.grounding.text import root

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
