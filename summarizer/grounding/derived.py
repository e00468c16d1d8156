"""Figures that the sources don't hold and that follow from those they hold: shares, multiples, spans of time, counts.

In: a Source, an analysed statement, one of its figures, the sentences that carry the statement. Out: whether the
figure follows from what these sentences say. "Half of the debt" follows from 71 and 150 million, "four months later"
from March and July, "three countries" from "Norway, Sweden and Denmark". Other sentences are not asked: among many
figures some pair always fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from summarizer.grounding.dates import DateMention
from summarizer.grounding.figure import Figure
from summarizer.grounding.source import Line, Source
from summarizer.grounding.units import SMALL, same_unit

# How far a share may be from what the sentences give, by the word before it: (lowest, highest), as factors.
_ABOUT = frozenset("about around roughly some approximately perhaps near close".split())
_BELOW = frozenset("nearly almost barely hardly under below less fewer".split())
_ABOVE = frozenset("over above more".split())
_EXACT, _NEAR, _BELOW_RANGE, _ABOVE_RANGE = (0.97, 1.03), (0.88, 1.12), (0.85, 1.0), (1.0, 1.3)
_LIST = re.compile(r",\s+(?:and\s+|or\s+)?|\s+(?:and|or)\s+")
# Counts up to this one are checked against lists; of two things every sentence has some.
_LEAST_LISTED, _MOST_LISTED = 3, 9


def follows(source: Source, statement: Line, figure: Figure, evidence: tuple[int, ...]) -> bool:
    """Whether a figure follows from those of the evidence."""
    lines = [source.lines[n - 1] for n in evidence]
    kinds = {unit for _, unit in figure.readings}
    if "fraction" in kinds or "times" in kinds:
        return _share(statement, figure, lines)
    if kinds & {"year", "month", "week", "day"} and _apart(figure, [d for line in lines for d in line.dates]):
        return True
    return _rest(figure, lines) or _listed(source, figure, lines)


def _share(statement: Line, figure: Figure, lines: list[Line]) -> bool:
    """Whether two figures of one unit, or a percentage, stand in this relation."""
    low, high = _range(statement, figure)
    change = _is_change(statement, figure)
    for value, unit in figure.readings:
        wanted = float(value)
        if unit not in {"fraction", "times"}:
            continue
        for given in _relations(lines, times=unit == "times", change=change):
            if low * wanted <= given <= high * wanted:
                return True
    return False


def _range(statement: Line, figure: Figure) -> tuple[float, float]:
    at = statement.position(figure.start)
    words = {w.key for w in statement.words[max(0, at - 3) : at]}
    if words & _ABOUT:
        return _NEAR
    if words & _BELOW:
        return _BELOW_RANGE
    return _ABOVE_RANGE if words & _ABOVE else _EXACT


_LESS = frozenset("less fewer lower cheaper smaller shorter".split())


def _is_change(statement: Line, figure: Figure) -> bool:
    """Whether the share is of a change: "fell by half", "a third less"."""
    first, last = statement.position(figure.start), statement.position(figure.end - 1)
    by = any(w.key == "by" for w in statement.words[max(0, first - 3) : first])
    return by or any(w.key in _LESS for w in statement.words[last + 1 : last + 2])


def _relations(lines: list[Line], times: bool, change: bool) -> Iterator[float]:
    """Every share, multiple or relative change that two figures of the same unit make, and the percentages."""
    values = [(float(v), u) for line in lines for f in line.figures for v, u in f.readings if v > 0]
    for value, unit in values:
        if unit == "%" and not times:
            yield value / 100
    for (one, unit), (other, other_unit) in combinations(values, 2):
        if unit not in {"ordinal", "vague"} and same_unit(unit, other_unit) and one != other:
            small, large = sorted((one, other))
            yield large / small if times else 1 - small / large if change else small / large


def _apart(figure: Figure, dates: list[DateMention]) -> bool:
    """Whether two dates are so many years or months apart."""
    for one, other in combinations(dates, 2):
        years = abs(one.year - other.year) if one.year and other.year else None
        months = None
        if one.month and other.month and (years is not None or not (one.year or other.year)):
            months = abs((one.year - other.year) * 12 + one.month - other.month)
        days = abs(one.day - other.day) if one.day and other.day and months == 0 else None
        spans = {"year": years, "month": months, "day": days}
        if any(value and spans.get(unit) == value for value, unit in figure.readings):
            return True
    return False


def _rest(figure: Figure, lines: list[Line]) -> bool:
    """Whether a percentage is what another leaves of 100."""
    values = {reading for line in lines for f in line.figures for reading in f.readings}
    return any(unit == "%" and (100 - value, "%") in values for value, unit in figure.readings)


def _listed(source: Source, figure: Figure, lines: list[Line]) -> bool:
    """Whether a small count in words is that of the members of a list in the evidence, where nothing in the source
    counts the same things otherwise."""
    value = next((int(v) for v, u in figure.readings if not u and figure.text.lower() in SMALL), 0)
    if not _LEAST_LISTED <= value <= _MOST_LISTED:
        return False
    if any(set(figure.noun[:1]) & set(f.noun) for _, f in source.figures):
        return False
    return any(_members(line.text) == value for line in lines)


def _members(text: str) -> int:
    """The members of the longest list of a sentence, "A, B and C": short pieces, the last after "and" or "or"."""
    best = 0
    for match in re.finditer(r"(?:[^,;:.]{2,60},\s+)+[^,;:.]{2,60}?\s*,?\s+(?:and|or)\s+[^,;:.]{2,60}", text):
        best = max(best, len([p for p in _LIST.split(match.group()) if p.strip()]))
    return best
