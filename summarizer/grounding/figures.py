"""Figures: numbers with their scale and unit, read from any text.

In: a text. Out: Figures with offsets. "1.14 billion zlotys" and "1.14 million zlotys" are different, "12%",
"12 percent" and "twelve per cent" are the same. Years and calendar dates are left to dates.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from summarizer.grounding.figure import Figure, Reading, linked
from summarizer.grounding.text import fold, plain, root
from summarizer.grounding.units import (
    BETWEEN,
    CODES,
    DOLLARS,
    FRACTION,
    ORDINAL,
    SCALE,
    SHORT_SCALE,
    SMALL,
    SYMBOL,
    TIMES,
    VAGUE,
    number_in_digits,
    unit_of,
)
from summarizer.words import STOP_WORDS

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|[^\s\w]|_")
_STOP = STOP_WORDS - {"year", "years", "month", "months", "week", "weeks", "day", "days", "new"}

_PART_OF = frozenset("of less more fewer the as below above higher lower cheaper dearer".split())


@dataclass(slots=True)
class _Words:
    text: str
    items: list[tuple[str, int, int]]

    def low(self, i: int) -> str:
        return fold(self.items[i][0]) if 0 <= i < len(self.items) else ""

    def attached(self, i: int) -> bool:
        """Whether item i touches the one before it."""
        return 0 < i < len(self.items) and self.items[i - 1][2] == self.items[i][1]


def figures(text: str) -> list[Figure]:
    """All figures of a text in order."""
    text = plain(text)
    words = _Words(text, [(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)])
    found: list[Figure] = []
    i = 0
    while i < len(words.items):
        figure, after = _at(words, i)
        if figure:
            found.append(figure)
        i = max(after, i + 1)
    return linked(found, text)


def _at(words: _Words, i: int) -> tuple[Figure | None, int]:
    """The figure that begins at item i, if one does, and the item after it."""
    low = words.low(i)
    if low[:1].isdigit():
        return _digits(words, i)
    if low in TIMES:
        value = Decimal(TIMES[low]) if TIMES[low] else Decimal("0.5")
        return _figure(words, i, i + 1, {(value, "times")}), i + 1
    if low in VAGUE:
        return _figure(words, i, i + 1, {(Decimal(VAGUE[low]), "vague")}), i + 1
    if (
        low in SMALL
        or (low in SCALE and low not in {"mn", "mln", "bn", "bln", "tn", "trn"})
        or low in {"half", "quarter"}
    ):
        return _in_words(words, i)
    if low in ORDINAL and words.low(i - 1) in {"a", "another"} and words.low(i + 1) != "of":
        return None, i + 1  # "a fourth network": one more
    if low in ORDINAL and ORDINAL[low] > 2 and low not in {"third", "quarter"}:
        return _figure(words, i, i + 1, {(Decimal(ORDINAL[low]), "ordinal")}), i + 1
    if low == "third" and words.low(i + 1) in {"country", "countries", "party", "parties"}:
        return None, i + 1  # outside the two that deal with each other, not the third in a row
    if low == "third":
        return _figure(words, i, i + 1, {(Decimal(3), "ordinal"), (_share(1, 3), "fraction")}), i + 1
    return None, i + 1


def _digits(words: _Words, i: int) -> tuple[Figure | None, int]:
    """A figure written in digits. Letters that touch it from the left make it part of a name (A320, COVID-19)."""
    if words.attached(i) and _in_name(words, i):
        return None, i + 1
    written = words.items[i][0].rstrip(".,")
    value = number_in_digits(written)
    if value is None:
        return None, i + 1
    start, prefix = _prefix(words, i)
    j = i + 1
    if words.attached(j) and words.low(j) in {"st", "nd", "rd", "th"}:
        return _figure(words, start, j + 1, {(value, "ordinal")}), j + 1
    values, scaled = {value}, False
    if (
        words.attached(j)
        and words.items[j][0] in SHORT_SCALE
        and not (words.attached(j + 1) and words.low(j + 1)[:1].isalnum())
    ):
        short = words.items[j][0]
        metres = short == "m" and not prefix
        readings = {(value * SHORT_SCALE[short], prefix)} | ({(value, "metre")} if metres else set())
        return _with_unit(words, start, j + 1, readings, scaled=True, settled=bool(prefix) or metres)
    if words.attached(j) and words.low(j)[:1].isalpha() and not unit_of(words.low(j)) and words.low(j) not in SCALE:
        return None, j + 1  # 5G, 3D: a name
    while words.low(j) in SCALE or (words.low(j) == "-" and words.low(j + 1) in SCALE and words.attached(j)):
        j += words.low(j) == "-"
        values, scaled = {v * SCALE[words.low(j)] for v in values}, True
        j += 1
    return _with_unit(words, start, j, {(v, prefix) for v in values}, scaled=scaled, settled=bool(prefix))


def _in_name(words: _Words, i: int) -> bool:
    """Whether letters touch the number from the left, as in A320, COVID-19; currency codes aside."""
    before = words.items[i - 1][0]
    if before.isalpha():
        return not (fold(before) in CODES and (before.isupper() or before in {"Rs", "Ksh"}))
    return before == "-" and words.attached(i - 1) and words.items[i - 2][0][:1].isupper() and words.low(i - 2) != "mid"


def _prefix(words: _Words, i: int) -> tuple[int, str]:
    """The item where the figure begins, and the currency before the number: $, US$, NOK."""
    before = words.items[i - 1][0] if i else ""
    if (
        words.attached(i)
        and before.isalpha()
        and (before.isupper() or before in {"Rs", "Ksh"})
        and fold(before) in CODES
    ):
        return i - 1, CODES[fold(before)]  # R9, RM500
    if before in SYMBOL and words.attached(i):
        letters = words.low(i - 2) if words.attached(i - 1) else ""
        if before == "$" and letters in DOLLARS:
            return i - 2, DOLLARS[letters]
        if before == "$" and letters.isalpha():
            return i - 2, "dollar-" + letters
        return i - 1, SYMBOL[before]
    if before.isalpha() and (before.isupper() or before in {"Rs", "Sh", "Ksh", "kr"}) and fold(before) in CODES:
        return i - 1, CODES[fold(before)]
    if before == "." and words.low(i - 2) in {"rs"}:
        return i - 2, "rupee"
    return i, ""


def _in_words(words: _Words, i: int) -> tuple[Figure | None, int]:
    """A figure written in words: twenty-five, three hundred and forty, a dozen, two thirds, half a million."""
    j, total, part, seen = i, Decimal(0), Decimal(0), False
    if words.low(i) in {"half", "quarter"}:
        return _part(words, i)
    while True:
        low = words.low(j)
        if low in SMALL and (not seen or part % 100 == 0 or (part % 10 == 0 and part % 100 >= 20 and SMALL[low] < 10)):
            part, seen, j = part + SMALL[low], True, j + 1
        elif low == "hundred" and seen and part < 100:
            part, j = part * 100, j + 1
        elif low in SCALE and low not in {"mn", "mln", "bn", "bln", "tn", "trn"}:
            if not seen and low != "dozen" and words.low(j - 1) not in {"a", "per", "several", "few"}:
                return None, j + 1
            total, part, seen, j = total + (part or Decimal(1)) * SCALE[low], Decimal(0), True, j + 1
        elif (
            low == "-"
            and words.low(j + 1) in SMALL
            and seen
            and words.attached(j)
            and part % 100 >= 20
            and part % 10 == 0
        ) or (
            low == "and"
            and seen
            and words.low(j + 1) in SMALL
            and (part >= 100 or total)
            and part % 100 == 0
            and words.low(j - 1) in {"hundred", "thousand"}
        ):
            j += 1
        else:
            break
    value = total + part
    ordinal = words.low(j + 1) if words.low(j) == "-" and words.attached(j) else ""
    if ordinal in ORDINAL and value in (20, 30, 40, 50, 60, 70, 80, 90):
        return _figure(words, i, j + 2, {(value + ORDINAL[ordinal], "ordinal")}), j + 2
    k = j + 1 if words.low(j) == "-" and words.low(j + 1) in FRACTION else j
    if words.low(k) == "quarter" and words.low(k + 1) not in _PART_OF:
        return None, k + 1
    if words.low(k) in FRACTION and words.low(k) not in {"half"} and value < 20 and words.low(k) != "second":
        return _figure(words, i, k + 1, {(_share(int(value), FRACTION[words.low(k)]), "fraction")}), k + 1
    if value == 1 and not _counts(words, j):
        return None, j
    if words.low(j) == "and" and words.low(j + 1) == "a" and words.low(j + 2) in {"half", "quarter"}:
        value, j = value + (Decimal("0.5") if words.low(j + 2) == "half" else Decimal("0.25")), j + 3
    if words.low(j) == "times":
        return _figure(words, i, j + 1, {(value, "times"), (value, "")}), j + 1
    return _with_unit(words, i, j, {(value, "")}, scaled=total > 0)


def _counts(words: _Words, j: int) -> bool:
    """Whether the "one" before item j is a count and not a pronoun: one in five, one third; units only."""
    return words.low(j) == "in" and (words.low(j + 1) in SMALL or words.low(j + 1)[:1].isdigit())


def _part(words: _Words, i: int) -> tuple[Figure | None, int]:
    """half, half a million, a quarter. The first half and the fourth quarter are dates."""
    low, before = words.low(i), words.low(i - 1)
    if (
        before in ORDINAL
        or words.attached(i)
        or (low == "quarter" and before not in {"a", "one", "about", "nearly", "almost", "by"})
        or words.low(i - 2) in ORDINAL
        or (low == "quarter" and words.low(i + 1) not in _PART_OF)
        or before in {"last", "this", "next", "previous", "the"}
        or words.low(i + 1) == "-"
    ):
        return None, i + 1
    value = Decimal("0.5") if low == "half" else Decimal("0.25")
    j = i + 1
    if words.low(j) == "a" and words.low(j + 1) in SCALE:
        return _with_unit(words, i, j + 2, {(value * SCALE[words.low(j + 1)], "")}, scaled=True)
    readings = {(value, "fraction"), (value * 100, "%")}
    return _figure(words, i, j, readings), j


def _with_unit(
    words: _Words, start: int, j: int, readings: set[Reading], *, scaled: bool = False, settled: bool = False
) -> tuple[Figure, int]:
    """The figure with the unit that follows at item j, or else the nouns that are counted."""
    if settled:
        return _figure(words, start, j, readings, scaled), j
    k = j + 1 if words.low(j) == "-" and words.attached(j) else j
    low = words.low(k)
    if low == "%" or low in {"percent", "pc"}:
        return _percent(words, start, k, k + 1, readings, scaled)
    if low == "per" and words.low(k + 1) == "cent":
        return _percent(words, start, k, k + 2, readings, scaled)
    if low in {"basis"} and words.low(k + 1).startswith("point"):
        return _figure(words, start, k + 2, {(v, "basis-point") for v, _ in readings}, scaled), k + 2
    skipped = k
    while words.low(skipped) in BETWEEN and skipped < k + 3:
        skipped += 1
    unit = unit_of(words.low(skipped)) if skipped < len(words.items) else None
    if unit is None:  # one more word may stand between: "112 cleared hectares", "61 million convertible marks"
        later = k + 3 if words.low(k + 1) == "-" else k + 1
        if (
            words.low(k)[:1].isalpha()
            and words.low(k) not in _STOP
            and words.low(later).endswith("s")
            and unit_of(words.low(later))
        ):
            skipped, unit = later, unit_of(words.low(later))
    if unit and not (unit == "point" and words.low(skipped) != "points"):
        if words.low(skipped) in {"meter", "meters"} and skipped == k:  # a length, or a device
            both = readings | {(v, "metre") for v, _ in readings}
            return _figure(words, start, j, both, scaled), skipped + 1
        dimension = "".join(
            w + "-" for w in (words.low(n) for n in range(k, skipped)) if w in {"square", "cubic", "nautical"}
        )
        if unit == "dollar" and words.low(skipped - 1) in {"us", "american"}:
            unit = "dollar"
        elif unit == "dollar":
            nation = words.low(skipped - 1)
            unit = f"dollar-{nation}" if skipped > k and nation in BETWEEN else "dollar"
        if unit == "year" and words.low(skipped + 1) == "-" and words.low(skipped + 2) == "old":
            aged = {(v, unit) for v, _ in readings} | {(v, "") for v, _ in readings}
            return Figure(*_span(words, start, skipped + 3), frozenset(aged)), skipped + 3
        return _figure(words, start, skipped + 1, {(v, dimension + unit) for v, _ in readings}, scaled), skipped + 1
    return _figure(words, start, j, readings, scaled), j


def _percent(words: _Words, start: int, k: int, after: int, readings: set[Reading], scaled: bool) -> tuple[Figure, int]:
    """A percentage, or percentage points, which are another unit."""
    return _figure(words, start, after, {(v, "%") for v, _ in readings}, scaled), after


def _figure(words: _Words, start: int, after: int, readings: set[Reading], scaled: bool = False) -> Figure:
    """The figure over items start..after, with the roots of up to three words that follow in the clause."""
    noun: list[str] = []
    for n in range(after, min(after + 5, len(words.items))):
        low = words.low(n)
        if low == "-" and words.attached(n) and n == after:
            continue
        if not low[:1].isalpha() or low in _STOP or low in SMALL:
            if low in {"of", "other", "more", "new", "such", "the", "its", "their", "his", "her"} and n < after + 3:
                continue
            break
        noun.append(root(low))
    return Figure(*_span(words, start, after), frozenset(readings), tuple(noun[:3]), scaled)


def _span(words: _Words, start: int, after: int) -> tuple[str, int, int]:
    begin, end = words.items[start][1], words.items[after - 1][2]
    return words.text[begin:end], begin, end


def _share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"))
