"""The locks: names, figures, dates and quotations that a statement must have from its source, exactly.

In: a Source and a statement. Out: (rule, detail) for each thing that the source doesn't have. A lock is never
loosened to let something pass.
"""

from __future__ import annotations

from summarizer.grounding.dates import DateMention
from summarizer.grounding.derived import follows
from summarizer.grounding.figure import Figure, same
from summarizer.grounding.quotes import quotes, unbalanced, verbatim
from summarizer.grounding.source import Line, Source
from summarizer.grounding.text import fold
from summarizer.grounding.units import same_unit

Problem = tuple[str, str]
"""A stable rule name, and what is wrong, for people."""

# "the two sides", "two others": a count of what the sentence itself names.
_COUNTED_HERE = frozenset("side other thing matt question party".split())


def locks(source: Source, statement: Line, evidence: tuple[int, ...] = ()) -> list[Problem]:
    """Every name, figure, date and quotation of the statement that the source doesn't have. A figure that follows from
    those of the `evidence` counts as one of the source's."""
    return [
        *(("name", f"{name} is not in the article") for name in _unique(source.names.unknown(statement.text))),
        *(
            ("name", f"{name} is another form of address than the article's")
            for name in source.names.wrong_honorific(statement.text)
        ),
        *figure_locks(source, statement, evidence),
        *date_locks(source, statement),
        *quotation_locks(source, statement),
    ]


def _unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def figure_locks(source: Source, statement: Line, evidence: tuple[int, ...] = ()) -> list[Problem]:
    problems = []
    covered = [(d.start, d.end) for d in statement.dates if not _measured(statement, d)]
    for figure in statement.figures:
        if any(s <= figure.start and figure.end <= e for s, e in covered) or _self_counted(statement, figure):
            continue
        held = any(_holds(source, figure, other) for _, other in source.figures) or _as_year(source, figure)
        if not held and not follows(source, statement, figure, evidence):
            problems.append(("figure", f"{figure.text} is not in the article{_with_noun(figure)}"))
    return problems


def _measured(statement: Line, date: DateMention) -> bool:
    """Whether four digits that could be a year carry a unit: "1200 tonnes"."""
    return date.kind == "year" and any(
        f.unit and f.start <= date.start and date.end <= f.end for f in statement.figures
    )


def _holds(source: Source, figure: Figure, other: Figure) -> bool:
    """Whether a figure of the source is this one. Where it stands there without a unit, the source must use this
    unit elsewhere at least."""
    if not same(figure, other):
        return False
    return (
        not figure.unit
        or bool(other.unit)
        or not other.bare
        or any(same_unit(figure.unit, f.unit) for _, f in source.figures)
    )


def _with_noun(figure: Figure) -> str:
    return "" if figure.unit or not figure.noun else " with that unit"


def _self_counted(statement: Line, figure: Figure) -> bool:
    at = statement.position(figure.start)
    before = statement.words[at - 1].key if at else ""
    return fold(figure.text) == "two" and (
        before in {"the", "these", "those"} or bool(set(figure.noun[:1]) & _COUNTED_HERE)
    )


def _as_year(source: Source, figure: Figure) -> bool:
    """A number that the date reader took for a year in the source."""
    return any(
        unit == ""
        and value == int(value)
        and 1000 <= value <= 2199
        and source.calendar.holds(DateMention("", 0, 0, year=int(value)))
        for value, unit in figure.readings
    )


def date_locks(source: Source, statement: Line) -> list[Problem]:
    problems = []
    for date in statement.dates:
        if source.calendar.holds(date) or _measured(statement, date):
            continue
        if date.kind == "year" and any(
            unit == "" and value == date.year for _, f in source.figures for value, unit in f.readings
        ):
            continue
        problems.append(("date", f"{date.text} is not in the article"))
    return problems


def quotation_locks(source: Source, statement: Line) -> list[Problem]:
    problems = []
    if unbalanced(statement.text):
        problems.append(("quotation", "a quotation is opened and not closed"))
    for quote in quotes(statement.text):
        if not verbatim(quote.text, source.squeezed):
            problems.append(("quotation", f"“{quote.text}” is not word for word in the article"))
        elif quote.words >= 3 and not verbatim(quote.text, source.quoted):
            problems.append(("quotation", f"“{quote.text}” is not quoted speech in the article"))
    return problems
