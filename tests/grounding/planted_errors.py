"""Errors planted by rule into true statements, and the true statements themselves.

In: the corpus. Out: Cases: an article, a sentence, the kind of error in it ("" for none). The same seed gives the
same cases. The true statements are the corpus's own reasons, summaries, sector paragraphs and takeaways; questions
and history aren't used. Articles whose id hashes into one fifth are kept back: nothing is tuned on them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from summarizer.grounding.dates import dates
from summarizer.grounding.figure import same
from summarizer.grounding.lexicon import MONTHS
from summarizer.grounding.people import claimant_of, offices
from summarizer.grounding.quotes import quotes
from summarizer.grounding.source import Line, Source, source_of
from summarizer.segment import segment
from summarizer.types import Article, Reading
from training.examples import is_held_out

LOCKS = ("figure", "scale", "unit", "date", "name", "quotation invented", "quotation altered")
OTHERS = ("attribution", "office", "negation", "merge")
# The same kinds where what is put in stands in the article as well, in another place.
EXCHANGES = ("figure exchanged", "date exchanged", "name exchanged", "direction", "voice")
# A name of the article, and said of it what another article says of somebody else, without names and figures.
# And with what the article says of somebody else.
INVENTIONS = ("predicate", "predicate exchanged")
KINDS = (*LOCKS, *OTHERS, *EXCHANGES, *INVENTIONS)

INVENTED = (
    "we had no other choice in the end",
    "this will change everything for our members",
    "nobody warned us about the costs",
    "it is the best result we could have hoped for",
    "the numbers speak for themselves",
    "we will not accept this outcome",
)
UNITS = {
    "percent": "million",
    "%": " million",
    "kilometres": "miles",
    "metres": "feet",
    "years": "months",
    "months": "weeks",
    "weeks": "days",
    "days": "hours",
    "hours": "minutes",
    "minutes": "hours",
    "tonnes": "kilograms",
    "hectares": "acres",
    "euros": "dollars",
    "dollars": "pounds",
    "zlotys": "euros",
    "reais": "pesos",
    "rupees": "dollars",
    "pesos": "euros",
    "kronor": "euros",
    "kroner": "euros",
    "megawatts": "gigawatts",
    "litres": "barrels",
    "dinars": "dollars",
    "rand": "euros",
    "yen": "yuan",
    "pounds": "euros",
    "€": "$",
    "£": "€",
    "$": "£",
}
ROLES = (
    "chairman",
    "chief executive",
    "director",
    "minister",
    "mayor",
    "spokesman",
    "professor",
    "judge",
    "governor",
    "ambassador",
)


@dataclass(frozen=True, slots=True)
class Material:
    """One article of the corpus: its reading, its source, its true statements with what they are."""

    id: str
    reading: Reading
    source: Source
    statements: tuple[tuple[str, str], ...]

    @property
    def held_back(self) -> bool:
        return is_held_out(self.id)


@dataclass(frozen=True, slots=True)
class Case:
    material: Material
    text: str
    kind: str
    original: str = ""


def corpus(path: Path, every: int = 1) -> list[Material]:
    """Every n-th article of a corpus file with its statements."""
    result = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()[::every]):
        told = row["article"]
        reading = segment(Article(told["body"], told["title"], told["byline"], told["published"]))
        parts = [("summary", row["summary"]), ("takeaway", row["takeaway"])]
        parts += [("why", text) for text in row["why"].values()] + [
            ("sector", text) for text in row["sectors"].values()
        ]
        statements = tuple((kind, sentence) for kind, text in parts for sentence in sentences_of(text))
        result.append(Material(row["id"], reading, source_of(reading), statements))
    return result


def sentences_of(text: str) -> list[str]:
    reading = segment(Article(text))
    return [reading.text_of(sentence.n) for sentence in reading.sentences]


def true_cases(materials: Sequence[Material]) -> list[Case]:
    return [Case(material, text, "") for material in materials for _, text in material.statements]


def planted(materials: Sequence[Material], seed: int = 0, each: int = 1) -> list[Case]:
    """For every article and every kind up to `each` false sentences, where its statements offer a place."""
    cases: list[Case] = []
    for at, material in enumerate(materials):
        stranger = materials[(at * 7 + 3) % len(materials)]
        for kind in KINDS:
            draw = random.Random(f"{seed} {material.id} {kind}")
            made: list[Case] = []
            order = list(material.statements)
            draw.shuffle(order)
            for _, text in order:
                if len(made) == each:
                    break
                false = _MAKERS[kind](draw, text, material, stranger)
                if false and false != text:
                    made.append(Case(material, false, kind, text))
            cases += made
    return cases


Maker = Callable[[random.Random, str, Material, Material], str]


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


# --- figures and dates ---------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w-])")


def _plain_numbers(text: str) -> list[re.Match[str]]:
    """Numbers in digits that are no part of a date."""
    taken = [(d.start, d.end) for d in dates(text)]
    return [m for m in _NUMBER.finditer(text) if not any(s <= m.start() < e for s, e in taken)]


def _figure(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    spots = _plain_numbers(text)
    if not spots:
        return ""
    spot = draw.choice(spots)
    body = material.source.squeezed
    for _ in range(20):
        digits = [
            draw.choice("123456789") if c.isdigit() and (i == 0 or draw.random() < 0.5) else c
            for i, c in enumerate(spot.group())
        ]
        new = "".join(digits)
        if new != spot.group() and f" {new.replace(',', ' ').replace('.', ' ')} " not in body:
            return _put(text, spot.start(), spot.end(), new)
    return ""


def _figure_exchanged(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """Another figure of the same unit from the article in a figure's place."""
    line = material.source.line(text)
    taken = [(d.start, d.end) for d in line.dates]
    spots = [f for f in line.figures if f.text[0].isdigit() and not any(s <= f.start < e for s, e in taken)]
    draw.shuffle(spots)
    for spot in spots:
        own = [
            f
            for n, f in material.source.figures
            if n and f.unit == spot.unit and f.text[0].isdigit() and not any(same(f, g) for g in line.figures)
        ]
        own = [f for f in own if not re.match(r"(?:1[89]|20)\d\d$", f.text)]
        if own:
            return _put(text, spot.start, spot.end, draw.choice(own).text)
    return ""


def _scale(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    spots = list(re.finditer(r"\b(?:million|billion|thousand|trillion)\b", text))
    if not spots:
        return ""
    spot = draw.choice(spots)
    return _put(
        text,
        spot.start(),
        spot.end(),
        draw.choice([w for w in ("million", "billion", "thousand") if w != spot.group()]),
    )


def _unit(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    pattern = (
        r"(?<=\d)(?:\s*%|[ -](?:percent|kilometres|metres|years|months|weeks|days|hours|minutes|tonnes|hectares"
        r"|euros|dollars|zlotys|reais|rupees|pesos|kronor|kroner|megawatts|litres|dinars|rand|yen|pounds)\b)|(?<![\w])[€£$](?=\d)"
    )
    spots = list(re.finditer(pattern, text))
    if not spots:
        return ""
    spot = draw.choice(spots)
    unit = spot.group().strip(" -")
    lead = spot.group()[: len(spot.group()) - len(unit)]
    return _put(text, spot.start(), spot.end(), lead + UNITS[unit])


def _date(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    spots = [
        d
        for d in dates(text)
        if d.kind != "other"
        and re.search(r"\d|January|February|April|June|July|August|September|October|November|December", d.text)
    ]
    if not spots:
        return ""
    spot = draw.choice(spots)
    new = spot.text
    if spot.month and draw.random() < 0.5:
        months = [
            m.capitalize()
            for m in MONTHS
            if len(m) > 3
            and m != "sept"
            and m not in spot.text.lower()
            and m.capitalize() not in material.reading.article.text
        ]
        new = (
            re.sub("|".join(m.capitalize() for m in MONTHS if len(m) > 3), draw.choice(months), spot.text, count=1)
            if months
            else new
        )
    elif spot.day:
        new = re.sub(r"\b\d{1,2}\b", str(spot.day % 28 + draw.choice((1, 2, 5))), spot.text, count=1)
    elif spot.year:
        new = spot.text.replace(str(spot.year), str(spot.year + draw.choice((-11, -3, 3, 4, 7))), 1)
    made = dates(new)
    if not made or new == spot.text or all(material.source.calendar.holds(d) for d in made):
        return ""
    return _put(text, spot.start, spot.end, new)


def _date_exchanged(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    line = material.source.line(text)
    spots = [d for d in line.dates if d.kind in {"day", "month", "year"} and re.search(r"\d|[A-Z]", d.text)]
    draw.shuffle(spots)
    for spot in spots:
        others = [
            d
            for other in material.source.lines
            for d in other.dates
            if d.kind == spot.kind
            and (d.year, d.month, d.day) not in {(e.year, e.month, e.day) for e in line.dates}
            and not (d.kind != "year" and spot.month == d.month and spot.day == d.day)
            and d.start != d.end
            and not re.search(r"\bto\b|-", d.text)
            and not re.search(r"\bto\b|-", spot.text)
            and not (d.year and d.year == spot.year)
        ]
        if others:
            return _put(text, spot.start, spot.end, draw.choice(others).text)
    return ""


# --- names ---------------------------------------------------------------------------------------------------


def _spans(line: Line, person: bool | None) -> list[tuple[int, int, int]]:
    """(start, end, entity) of names without titles and possessives, with exactly one meaning."""
    found = []
    for mention in line.mentions:
        if len(mention.entities) != 1 or (person is not None and mention.entities[0].person != person):
            continue
        words = mention.span.words
        end = words[-1].end - (2 if words[-1].text.endswith(("'s", "’s")) else 0)
        found.append((words[0].start, end, mention.entities[0].id))
    return found


def _names_of(material: Material, person: bool | None) -> list[tuple[str, int]]:
    """Names as the article writes them, longest form first met, with their entity."""
    found: dict[int, str] = {}
    for line in material.source.lines:
        for start, end, entity in _spans(line, person):
            written = line.text[start:end]
            if len(written) > len(found.get(entity, "")) and written[0].isupper():
                found[entity] = written
    return [(name, entity) for entity, name in found.items()]


def _name(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    spots = _spans(material.source.line(text), None)
    if not spots:
        return ""
    start, end, entity = draw.choice(spots)
    person = material.source.names.entities[entity].person
    own = material.source.squeezed
    options = [
        n
        for n, _ in _names_of(stranger, person)
        if not any(f" {w.lower()} " in own for w in re.split(r"[\s-]", n)) and len(n) > 3
    ]
    return _put(text, start, end, draw.choice(options)) if options else ""


def _exchange(
    draw: random.Random, text: str, material: Material, person: bool, spots: list[tuple[int, int, int]]
) -> str:
    named = {e.id for m in material.source.line(text).mentions for e in m.entities}
    options = [n for n, e in _names_of(material, person) if e not in named and len(n) > 3]
    if not spots or not options:
        return ""
    start, end, _ = draw.choice(spots)
    return _put(text, start, end, draw.choice(options))


def _name_exchanged(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """Another person or body of the same article in the place of a full name."""
    line = material.source.line(text)
    person = draw.random() < 0.6
    return _exchange(
        draw, text, material, person, [s for s in _spans(line, person) if " " in text[s[0] : s[1]] or person]
    )


def _attribution(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    line = material.source.line(text)
    said = claimant_of(line)
    if said is None or not said[0].persons:
        return ""
    return _exchange(draw, text, material, True, [s for s in _spans(line, True) if s[0] == said[0].span.words[0].start])


def _merge(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """The first name of one person with the surname of another."""
    spots = [s for s in _spans(material.source.line(text), True) if len(text[s[0] : s[1]].split()) == 2]
    people = [n.split() for n, _ in _names_of(material, True) if len(n.split()) == 2]
    if not spots:
        return ""
    start, end, _ = draw.choice(spots)
    first, last = text[start:end].split()
    options = [f"{first} {other[1]}" for other in people if other[1] != last] + [
        f"{other[0]} {last}" for other in people if other[0] != first
    ]
    return _put(text, start, end, draw.choice(options)) if options else ""


def _office(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """Another office for a person of the statement."""
    line = material.source.line(text)
    given = list(offices(line))
    if given:
        office = given[0]
        options = [r for r in ROLES if r.split()[0] not in material.reading.article.text.lower()]
        spot = re.search(rf"\b{re.escape(office.head)}\b", text, re.IGNORECASE)
        return _put(text, spot.start(), spot.end(), draw.choice(options)) if spot and options else ""
    people = [s for s in _spans(line, True) if text[s[1] : s[1] + 2] in {" s", " h", " w", " a", " e", " p", " c"}]
    held = [(o.person, o.head) for other in material.source.lines for o in offices(other)]
    if not people:
        return ""
    _, end, entity = draw.choice(people)
    own = {head for person, head in held if person == entity}
    options = [head for person, head in held if person != entity and head not in own] or [
        r for r in ROLES if r.split()[0] not in material.reading.article.text.lower()
    ]
    return _put(text, end, end, f", the {draw.choice(options)},") if options else ""


# --- words ---------------------------------------------------------------------------------------------------

_HEDGED = re.compile(r"\b(?:could|may|might|would|should|likely|if|unless|can)\b")
_VERB = re.compile(r"\b(?:will|is|are|was|were|has|have|had)\b(?! (?:not|no|yet|never|nothing|only))")
_NOT = re.compile(r" not\b(?! only| yet)")


def _negation(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    if _HEDGED.search(text) or '"' in text:
        return ""
    removed = _NOT.search(text)
    if removed and draw.random() < 0.6:
        return _put(text, removed.start(), removed.end(), "")
    spots = list(_VERB.finditer(text))
    return _put(text, spots[0].end(), spots[0].end(), " not") if spots else ""


_TAIL = re.compile(
    r"\b(?:is|are|has|have|will|was|plans to|decides|leads|wants|needs|depends on|works|pays)\b"
    r" [^A-Z0-9\"“;:]{20,130}\.$"
)


def _predicate(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """A name of the statement with what the other article says of somebody."""
    spots = _spans(material.source.line(text), None)
    tails = [m.group() for _, other in stranger.statements if not _HEDGED.search(other) and (m := _TAIL.search(other))]
    if not spots or not tails:
        return ""
    start, end, _ = spots[0]
    return f"{text[start:end]} {draw.choice(tails)}"


def _predicate_exchanged(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """A name of the statement with what another statement says of something that has no part in this one."""
    spots = _spans(material.source.line(text), None)
    own = set(material.source.line(text).roots)
    tails = [
        m.group()
        for _, other in material.statements
        if not _HEDGED.search(other)
        and (m := _TAIL.search(other))
        and spots
        and text[spots[0][0] : spots[0][1]] not in other
        and not own & set(material.source.line(m.group()).roots)
    ]
    if not tails:
        return ""
    start, end, _ = spots[0]
    return f"{text[start:end]} {draw.choice(tails)}"


_TURNED = {
    "rose": "fell",
    "fell": "rose",
    "rise": "fall",
    "higher": "lower",
    "lower": "higher",
    "approved": "rejected",
    "rejected": "approved",
    "won": "lost",
    "lost": "won",
    "increased": "decreased",
    "dropped": "climbed",
    "upheld": "overturned",
    "gained": "lost",
    "more than": "less than",
    "above": "below",
    "below": "above",
    "cheaper": "dearer",
    "allowed": "banned",
    "accepted": "refused",
}


def _direction(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """The opposite verb or comparative."""
    if _HEDGED.search(text):
        return ""
    spots = list(re.finditer(r"\b(?:" + "|".join(_TURNED) + r")\b", text))
    if not spots:
        return ""
    spot = draw.choice(spots)
    return _put(text, spot.start(), spot.end(), _TURNED[spot.group()])


_PASSIVE = re.compile(
    r"(?<=[a-z]) (?:(?:has|have|had) been|was|were|is|are) "
    r"(\w{3,}ed(?: over| up| down| out)?) by (?=(?:an?|the|its|their) )"
)


def _voice(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """A passive turned into an active with the same subject."""
    spot = _PASSIVE.search(text)
    return _put(text, spot.start(), spot.end(), f" {spot[1]} ") if spot else ""


def _quotation_invented(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    people = _names_of(material, True)
    if not people or not text.endswith("."):
        return ""
    return f'{text[:-1]}, and "{draw.choice(INVENTED)}", said {draw.choice(people)[0]}.'


def _quotation_altered(draw: random.Random, text: str, material: Material, stranger: Material) -> str:
    """A word of a quotation left out or changed; where a statement quotes nothing, the article's own is altered."""
    spots = [q for q in quotes(text) if q.words >= 2]
    if spots:
        quote = draw.choice(spots)
        words = quote.text.split()
        i = draw.randrange(len(words))
        words[i] = draw.choice([w for w in ("never", "always", "large", "costly", "certain") if w != words[i]])
        return _put(text, quote.start, quote.end, " ".join(words))
    own = [q for q in quotes(material.reading.article.text) if 6 <= q.words <= 25 and '"' not in q.text]
    people = _names_of(material, True)
    if not own or not people:
        return ""
    words = draw.choice(own).text.rstrip(".,").split()
    del words[draw.randrange(1, len(words) - 1)]
    return f'{people[0][0]} said: "{" ".join(words)}."'


_MAKERS: dict[str, Maker] = {
    "figure": _figure,
    "scale": _scale,
    "unit": _unit,
    "date": _date,
    "name": _name,
    "quotation invented": _quotation_invented,
    "quotation altered": _quotation_altered,
    "attribution": _attribution,
    "office": _office,
    "negation": _negation,
    "direction": _direction,
    "voice": _voice,
    "predicate": _predicate,
    "predicate exchanged": _predicate_exchanged,
    "merge": _merge,
    "figure exchanged": _figure_exchanged,
    "date exchanged": _date_exchanged,
    "name exchanged": _name_exchanged,
}


def by_kind(cases: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    for kind in KINDS:
        yield kind, [case for case in cases if case.kind == kind]
