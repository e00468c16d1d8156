"""A small finished brief that several tests render, store and send."""

from __future__ import annotations

from dataclasses import replace

from summarizer.types import (
    Analyst,
    Article,
    Brief,
    Checks,
    Comparison,
    Finding,
    Panel,
    Provenance,
    Question,
    Rating,
    Reading,
    Record,
    Relevance,
    SectionTime,
    SectorSection,
    Sentence,
    Source,
    Statement,
    Timing,
)

TEXT = "The dam at Alta holds 3 million cubic metres. Its owner, Norkraft, will\nraise it by 4 metres <in 2027>."
READING = Reading(
    Article(TEXT, title="Alta dam to rise", byline="Ole Dahl", published="2025-03-04"),
    (Sentence(1, 0, 45, 0), Sentence(2, 46, len(TEXT), 0)),
    len(TEXT),
)
ANALYSTS = (
    Analyst("Energy and Utilities Analyst", "Energy and Utilities", "power", "energy"),
    Analyst("Government Policy Analyst", "Government Policy", "laws", "policy"),
)
RECORD = Record(
    "no-1982-alta",
    "1982-02",
    "A court allowed the Alta dam.",
    ("energy",),
    Source("Supreme Court", "Rt. 1982 s. 241", "1982"),
)
FACT = Statement("Norkraft will raise the dam at Alta by 4 metres <in 2027>.", "supported", (2,))
CONSEQUENCE = Statement("A higher dam could hold more than 3 million cubic metres.", "inferred", (1, 2))
BRIEF = Brief(
    reading=READING,
    panel=Panel("water", "Water", ANALYSTS),
    relevance=(
        Relevance(ANALYSTS[0].title, ANALYSTS[0].sector, Rating(9, 8.7, 0.8), FACT),
        Relevance(ANALYSTS[1].title, ANALYSTS[1].sector, Rating(4, 4.1, 1.5), None),
    ),
    summary=(FACT, CONSEQUENCE),
    sectors=(
        SectorSection(ANALYSTS[0].sector, (CONSEQUENCE,)),
        SectorSection(ANALYSTS[1].sector, ()),
    ),
    comparison=Comparison(
        (Statement("A court allowed the Alta dam (February 1982).", "background", (), (RECORD.id,), "extracted"),),
        (RECORD,),
    ),
    questions=tuple(Question(f"Who pays Norkraft for metre {n} of the dam at Alta?", (2,)) for n in range(1, 6)),
    takeaway=replace(FACT, origin="extracted"),
    checks=Checks(
        6, 3, 2, 1, 1, (Finding("sector 2", "The dam is in Bergen.", "name", "Bergen is not in the article"),)
    ),
    provenance=Provenance(
        "scripted", "", "p" * 12, "t" * 12, 7, "2025-03-05T10:00:00+00:00", "Written by a machine.", "urn:x"
    ),
    timing=Timing(1.5, 100, 50, 33.3, (("read", 0.5), ("write", 1.0)), (("summary", SectionTime(0.8, 30)),)),
)
