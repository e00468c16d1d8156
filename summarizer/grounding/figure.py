"""One figure, and when two of them are the same.

In: values with units, as figures.py reads them. Out: yes or no, and figures that share a unit with their neighbour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from summarizer.grounding.units import same_unit

_LINK = re.compile(
    r"\s*(?:-|to|and|or|by|against|from|/|,)\s*(?:(?:up to|about|around|nearly|some|only|just|as many as|almost)\s+)?$"
)

Reading = tuple[Decimal, str]
"""A value and a unit name; "" is a plain number or a count, "ordinal", "fraction", "times", "vague" are "
"what they say."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`readings` are all values that the words can mean; `noun` holds roots of what is counted."""

    text: str
    start: int
    end: int
    readings: frozenset[Reading]
    noun: tuple[str, ...] = ()
    scaled: bool = field(default=False, compare=False)

    @property
    def bare(self) -> bool:
        """Nothing says what is counted: "from 18 percent to 12"."""
        return not self.noun and (not self.unit or any(not unit for _, unit in self.readings))

    @property
    def unit(self) -> str:
        return next((unit for _, unit in sorted(self.readings) if unit), "")


def same(one: Figure, other: Figure) -> bool:
    """Whether both can mean the same number of the same unit."""
    for value, unit in one.readings:
        for other_value, other_unit in other.readings:
            if value != other_value:
                continue
            if same_unit(unit, other_unit) or (not unit and one.bare) or (not other_unit and other.bare):
                return True
            if one.scaled and other.scaled and not unit:
                return True  # "a 187 billion bid" for "187 billion rupiah": scale words are specific enough
    return False


def linked(found: list[Figure], text: str) -> list[Figure]:
    """Figures that share a unit or a scale: "from 7.5 to 4 percent", "3 to 5 million", "$12 to 14"."""
    result = list(found)
    for i in range(len(result) - 1):
        one, other = result[i], result[i + 1]
        if not _LINK.match(text[one.end : other.start]):
            continue
        if not one.unit and not one.noun and other.unit not in {"ordinal", "fraction", "times", "vague"}:
            readings = set(one.readings) | {(v, u) for v, _ in one.readings for _, u in other.readings}
            if other.scaled and not one.scaled:
                bare = min(v for v, _ in found[i + 1].readings)
                factor = _factor(bare)
                readings |= {(v * factor, u) for v, _ in one.readings for _, u in other.readings if v < 1000}
            result[i] = Figure(one.text, one.start, one.end, frozenset(readings), one.noun or other.noun, one.scaled)
        elif one.unit and not other.unit and not other.noun:
            readings = set(other.readings) | {
                (v, u) for v, _ in other.readings for _, u in one.readings if u not in {"ordinal"}
            }
            result[i + 1] = Figure(other.text, other.start, other.end, frozenset(readings), other.noun, other.scaled)
    return result


def _factor(value: Decimal) -> int:
    for scale in (10**12, 10**9, 10**6, 1000):
        if value >= scale:
            return scale
    return 1
