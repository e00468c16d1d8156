"""Whether a name, a figure or a date of a statement stands in the place that the source gives it.

In: a Source and an analysed statement. Out: for each such item how much better another item of the same kind would
fit the words around it ("displacement"). "58 of 40 alarms" fits worse than "58 of 60 alarms". No verdict here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from summarizer.grounding.dates import DateMention
from summarizer.grounding.figure import Figure, same
from summarizer.grounding.people import known_speakers
from summarizer.grounding.source import Line, Source
from summarizer.grounding.text import fold

# How the weight of a word falls with its distance from the item, in tokens, in the statement and in the source.
_NEAR_STATEMENT = 5.0
_NEAR_SOURCE = 8.0
# What a word in the sentence before or after counts, against one in the same sentence.
_NEIGHBOUR = 0.35


@dataclass(frozen=True, slots=True)
class Slot:
    """`fit` is 0..1: the share of the weighted words around the item that the source has around it as well; `rival`
    is the best such share of another item of the same kind that the statement doesn't name, `other` its words."""

    kind: str
    text: str
    fit: float
    rival: float
    other: str

    @property
    def displacement(self) -> float:
        return self.rival - self.fit


def slots(source: Source, statement: Line) -> list[Slot]:
    """The slots of a statement's figures, dates and names that the source has."""
    return [*_figures(source, statement), *_dates(source, statement), *_names(source, statement)]


def _context(statement: Line, start: int, end: int) -> dict[str, float]:
    """Roots around token positions start..end with their weights by nearness."""
    weights: dict[str, float] = {}
    for key, places in statement.roots.items():
        distances = [max(start - p, p - end, 0) for p in places if not start <= p <= end]
        if distances:
            weights[key] = 1 / (1 + min(distances) / _NEAR_STATEMENT)
    return weights


def _fit(source: Source, context: dict[str, float], places: Iterable[tuple[int, int]]) -> float:
    """The best share of the context that stands around one of the places (sentence, token)."""
    total = sum(source.weight(key) * weight for key, weight in context.items())
    if not total:
        return 0.0
    best = 0.0
    for n, at in places:
        line = source.lines[n - 1]
        score = 0.0
        for key, weight in context.items():
            here = line.roots.get(key)
            if here:
                nearness = 0.4 + 0.6 / (1 + min(abs(p - at) for p in here) / _NEAR_SOURCE)
                score += source.weight(key) * weight * nearness
            elif any(0 < m <= len(source.lines) and key in source.lines[m - 1].roots for m in (n - 1, n + 1)):
                score += source.weight(key) * weight * _NEIGHBOUR
        best = max(best, score / total)
    return best


def _best_rival(
    source: Source, context: dict[str, float], rivals: dict[str, list[tuple[int, int]]]
) -> tuple[float, str]:
    scored = [(_fit(source, context, places), name) for name, places in rivals.items()]
    return max(scored, default=(0.0, ""))


def _comparable(one: Figure, other: Figure) -> bool:
    """Whether one figure could be mistaken for the other: both in digits or both in words, and no year among them."""
    digits = one.text[-1:].isdigit() or one.text[:1].isdigit()
    if digits != (other.text[-1:].isdigit() or other.text[:1].isdigit()):
        return False
    return bool(other.unit) or not any(1900 <= value < 2100 and "," not in other.text for value, _ in other.readings)


def _figures(source: Source, statement: Line) -> list[Slot]:
    found = []
    covered = [(d.start, d.end) for d in statement.dates]
    everywhere = [(n, f, source.lines[n - 1].position(f.start)) for n, f in source.figures if n]
    for figure in statement.figures:
        if any(s <= figure.start and figure.end <= e for s, e in covered):
            continue
        places = [(n, at) for n, f, at in everywhere if same(figure, f)]
        if not places:
            continue
        rivals: dict[str, list[tuple[int, int]]] = {}
        for n, f, at in everywhere:
            if f.unit == figure.unit and _comparable(figure, f) and not any(same(f, g) for g in statement.figures):
                rivals.setdefault(fold(f.text), []).append((n, at))
        context = _context(statement, statement.position(figure.start), statement.position(figure.end - 1))
        rival, other = _best_rival(source, context, rivals)
        found.append(Slot("figure", figure.text, _fit(source, context, places), rival, other))
    return found


def _dates(source: Source, statement: Line) -> list[Slot]:
    found = []
    everywhere = [(line.n, d, line.position(d.start)) for line in source.lines for d in line.dates]
    for date in statement.dates:
        places = [(n, at) for n, d, at in everywhere if _one_date(date, d)]
        if not places:
            continue
        rivals: dict[str, list[tuple[int, int]]] = {}
        for n, d, at in everywhere:
            if (
                d.kind == date.kind
                and d.other.split(" ")[0] == date.other.split(" ")[0]
                and not any(_one_date(s, d) for s in statement.dates)
            ):
                rivals.setdefault(fold(d.text), []).append((n, at))
        context = _context(statement, statement.position(date.start), statement.position(date.end - 1))
        rival, other = _best_rival(source, context, rivals)
        found.append(Slot("date", date.text, _fit(source, context, places), rival, other))
    return found


def _one_date(one: DateMention, other: DateMention) -> bool:
    if one.other or other.other:
        return one.other == other.other and (not one.year or not other.year or one.year == other.year)
    return all(
        not a or not b or a == b for a, b in ((one.year, other.year), (one.month, other.month), (one.day, other.day))
    ) and (bool(one.month and other.month) or bool(one.year and other.year))


def _names(source: Source, statement: Line) -> list[Slot]:
    found = []
    places: dict[int, list[tuple[int, int]]] = {}
    for line in source.lines:
        for mention in line.mentions:
            for entity in mention.entities:
                places.setdefault(entity.id, []).append((line.n, mention.at))
    for n, speaking in known_speakers(source).items():
        for who in speaking - {-1}:
            if not any(n == m for m, _ in places.get(who, ())):
                places.setdefault(who, []).append((n, 0))
    named = {entity.id for mention in statement.mentions for entity in mention.entities}
    for mention in statement.mentions:
        own = [place for entity in mention.entities for place in places.get(entity.id, ())]
        if not own:
            continue
        person = bool(mention.persons)
        rivals = {
            " ".join(source.names.entities[i].keys): spots
            for i, spots in places.items()
            if i not in named and source.names.entities[i].person == person
        }
        last = mention.at + len(mention.span.words) - 1
        context = {k: w for k, w in _context(statement, mention.at, last).items() if k not in mention.span.keys}
        rival, other = _best_rival(source, context, rivals)
        found.append(
            Slot(
                "person" if person else "name",
                " ".join(w.text for w in mention.span.words),
                _fit(source, context, own),
                rival,
                other,
            )
        )
    return found
