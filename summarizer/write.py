"""Writes the sections of a brief, all in one batch, each from its own evidence.

In: a session that has read the article, the prompts, the Reading, the panel with its ratings, the chosen
evidence and records. Out: a Draft, with one or more candidate texts for each place. Nothing is checked here,
and nothing of this is published as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from summarizer.models.protocol import Completion, Row, Sampling, Session
from summarizer.prompting import Prompts, numbered
from summarizer.types import (
    Draft,
    Evidence,
    Options,
    Panel,
    Passage,
    Progress,
    Rating,
    Reading,
    Record,
    SectionKind,
    Stop,
    Watch,
)

# Tokens, not words: of the corpus's summaries 95% have at most 120, of its sector paragraphs 99%; questions 41.
PARAGRAPH_TOKENS = 120
SENTENCE_TOKENS = 70
# The first candidate is the model's most likely text, the others are drawn. A mild penalty keeps a small model
# from looping; a stronger one makes it avoid the article's own names.
REPETITION_PENALTY = 1.05
TEMPERATURE = 0.7
TOP_P = 0.9


@dataclass(frozen=True, slots=True)
class _Ask:
    """One row: what is asked, and how the answer begins."""

    instruction: str
    max_tokens: int
    opening: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage to be written: everything but its candidates. The answers to its asks make one text."""

    kind: SectionKind
    index: int
    asks: tuple[_Ask, ...]
    evidence: tuple[int, ...]
    records: tuple[str, ...] = ()


def write(
    session: Session,
    prompts: Prompts,
    reading: Reading,
    panel: Panel,
    ratings: Sequence[Rating],
    evidence: Evidence,
    records: Sequence[Record],
    options: Options,
    *,
    watch: Watch,
    stop: Stop,
) -> Draft:
    """Candidates for every wanted section. Raises Cancelled soon after `stop()` becomes true."""
    places = [
        place
        for place in _places(prompts, reading, panel, ratings, evidence, records)
        if not options.sections or place.kind in options.sections
    ]
    rows: list[Row] = []
    # Where the answer to each row belongs: (place, candidate), asks of one candidate following each other.
    owners: list[tuple[int, int]] = []
    for i, place in enumerate(places):
        for j in range(options.candidates):
            for ask in place.asks:
                rows.append(_row(ask, options.seed, len(rows), j))
                owners.append((i, j))
    # The longest texts begin first: the others are read and written beside them, and none is left to end alone.
    order = sorted(range(len(rows)), key=lambda number: -rows[number].max_tokens)
    finished = 0

    def count(place: int, completion: Completion) -> None:
        nonlocal finished
        finished += 1
        kind = places[owners[order[place]][0]].kind
        watch(Progress("write", finished, len(rows), kind, completion.tokens))

    completions = session.write([rows[number] for number in order], stop=stop, on_done=count)
    written = dict(zip(order, completions, strict=True))
    texts: dict[tuple[int, int], list[str]] = {owner: [] for owner in owners}
    for number, (owner, row) in enumerate(zip(owners, rows, strict=True)):
        texts[owner].append((row.opening + written[number].text).strip())
    return Draft(
        tuple(
            Passage(
                place.kind,
                place.index,
                tuple("\n".join(texts[i, j]) for j in range(options.candidates)),
                place.evidence,
                place.records,
            )
            for i, place in enumerate(places)
        )
    )


def rewriter(
    session: Session, prompts: Prompts, reading: Reading, options: Options, stop: Stop
) -> Callable[[Sequence[tuple[str, tuple[int, ...]]]], list[str]]:
    """A function that writes failed sentences anew: (sentence, evidence) pairs in, sentences out, in order."""

    def rewrite(failed: Sequence[tuple[str, tuple[int, ...]]]) -> list[str]:
        rows = [
            Row(
                prompts.render("rewrite", evidence=numbered(reading, evidence), sentence=sentence),
                max_tokens=SENTENCE_TOKENS,
                stop=("\n",),
                sampling=Sampling(repetition_penalty=REPETITION_PENALTY, seed=options.seed),
            )
            for sentence, evidence in failed
        ]
        return [completion.text.strip() for completion in session.write(rows, stop=stop)]

    return rewrite


def _row(ask: _Ask, seed: int, number: int, candidate: int) -> Row:
    row = Row(
        ask.instruction,
        max_tokens=ask.max_tokens,
        opening=ask.opening,
        stop=("\n",),
        sampling=Sampling(repetition_penalty=REPETITION_PENALTY),
    )
    if candidate == 0:
        return row
    # Each row has its own seed, so that what is drawn for one place doesn't depend on the others.
    return replace(row, sampling=Sampling(TEMPERATURE, TOP_P, REPETITION_PENALTY, seed=(seed << 16) + number))


def _places(
    prompts: Prompts,
    reading: Reading,
    panel: Panel,
    ratings: Sequence[Rating],
    evidence: Evidence,
    records: Sequence[Record],
) -> list[_Place]:
    """Every place of the brief in the order in which it is read."""

    def ask(prompt: str, tokens: int, numbers: Sequence[int], **values: object) -> _Ask:
        instruction, opening = prompts.ask(prompt, evidence=numbered(reading, numbers), **values)
        return _Ask(instruction, tokens, opening)

    places = []
    analysts = list(zip(panel.analysts, ratings, evidence.analysts, strict=True))
    for i, (analyst, rating, numbers) in enumerate(analysts):
        reason = ask("reason", SENTENCE_TOKENS, numbers[:2], analyst=analyst, score=rating.score)
        places.append(_Place("reason", i, (reason,), numbers[:2]))
    headings = [analyst.sector for analyst in panel.analysts]
    summary = ask("summary", PARAGRAPH_TOKENS, evidence.summary, sectors=headings)
    places.append(_Place("summary", 0, (summary,), evidence.summary))
    for i, (analyst, rating, numbers) in enumerate(analysts):
        facts = ask("sector", PARAGRAPH_TOKENS, numbers, analyst=analyst, score=rating.score)
        consequence = ask("consequence", SENTENCE_TOKENS, numbers, analyst=analyst)
        places.append(_Place("sector", i, (facts, consequence), numbers))
    if records:
        link = ask("comparison", SENTENCE_TOKENS, evidence.takeaway, records=records)
        ids = tuple(record.id for record in records)
        places.append(_Place("comparison", 0, (link,), evidence.takeaway, ids))
    for i, anchor in enumerate(evidence.anchors):
        numbers = (*anchor.context, anchor.sentence)
        question = ask("question", SENTENCE_TOKENS, numbers, gap=anchor.gap, first=anchor.opening)
        places.append(_Place("question", i, (question,), numbers))
    takeaway = ask("takeaway", SENTENCE_TOKENS, evidence.takeaway)
    places.append(_Place("takeaway", 0, (takeaway,), evidence.takeaway))
    return places
