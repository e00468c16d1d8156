"""Puts the checked parts together into a Brief.

In: the reading, the panel, ratings, the Verdict and what is known of the run. Out: a Brief. Nothing is decided
here about what may be published: that is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from summarizer.types import (
    Brief,
    Checks,
    Comparison,
    Panel,
    Provenance,
    Question,
    Rating,
    Reading,
    Record,
    Relevance,
    SectionKind,
    SectorSection,
    Statement,
    Timing,
    Verdict,
)
from summarizer.words import written_date


def assemble(
    reading: Reading,
    panel: Panel,
    ratings: Sequence[Rating],
    records: Sequence[Record],
    verdict: Verdict,
    provenance: Provenance,
    timing: Timing,
) -> Brief:
    sections = {(section.kind, section.index): section for section in verdict.sections}

    def statements(kind: SectionKind, index: int = 0) -> tuple[Statement, ...]:
        section = sections.get((kind, index))
        return section.statements if section else ()

    relevance = tuple(
        Relevance(analyst.title, analyst.sector, rating, next(iter(statements("reason", i)), None))
        for i, (analyst, rating) in enumerate(zip(panel.analysts, ratings, strict=True))
    )
    sectors = tuple(SectorSection(analyst.sector, statements("sector", i)) for i, analyst in enumerate(panel.analysts))
    comparison = Comparison((*map(recorded, records), *statements("comparison")), tuple(records))
    questions = tuple(
        Question(statement.text, statement.evidence)
        for section in verdict.sections
        if section.kind == "question"
        for statement in section.statements
    )
    takeaway = next(iter(statements("takeaway")), None)
    everything = [
        *(statement for section in verdict.sections if section.kind != "question" for statement in section.statements),
        *map(recorded, records),
    ]
    return Brief(
        reading=reading,
        panel=panel,
        relevance=relevance,
        summary=statements("summary"),
        sectors=sectors,
        comparison=comparison,
        questions=questions,
        takeaway=takeaway,
        checks=_checks(everything, verdict),
        provenance=provenance,
        timing=timing,
    )


def recorded(record: Record) -> Statement:
    """A dated record as a statement of the brief: its own sentence, with its date in brackets. The date of an earlier
    article is that of the report, not of what it reports."""
    reported = "reported " if record.source.archive else ""
    text = f"{record.text.removesuffix('.')} ({reported}{written_date(record.date)})."
    return Statement(text, "background", records=(record.id,), origin="extracted")


def _checks(statements: Sequence[Statement], verdict: Verdict) -> Checks:
    count = {status: sum(s.status == status for s in statements) for status in ("supported", "inferred", "background")}
    return Checks(
        statements=len(statements),
        supported=count["supported"],
        inferred=count["inferred"],
        background=count["background"],
        withheld=len(verdict.findings),
        findings=verdict.findings,
    )
