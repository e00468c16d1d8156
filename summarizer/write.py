"""Writes the sections of a brief, all in one batch, each sentence from its own evidence.

In: a session that has read the article, the prompts, the Reading, the panel, the chosen evidence and records. Out: a
Draft, with one or more candidate texts for each place. A fact is one sentence of the article made shorter: a small
model that is given several to join gets every second joint wrong (benchmarks/written.py). Nothing is checked here, and
nothing of this is published as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from summarizer.models.protocol import Completion, Row, Sampling, Session
from summarizer.prompting import Prompts, numbered, shortening
from summarizer.types import (
    Draft,
    Evidence,
    Options,
    Panel,
    Passage,
    Progress,
    Reading,
    Record,
    SectionKind,
    Stop,
    Watch,
)

SENTENCE_TOKENS = 70
# The first candidate is the model's most likely text, the others are drawn. A mild penalty keeps a small model
# from looping; a stronger one makes it avoid the article's own names.
REPETITION_PENALTY = 1.05
TEMPERATURE = 0.7
TOP_P = 0.9
MOST_NAMES = 3
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
# Capitalised words inside a sentence, and figures with their unit.
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w.'’&-]*\w(?: (?:(?:of|for|de) )?[A-Z][\w.'’&-]*\w)*")
_FIGURE = re.compile(r"[$€£]?\d[\d,.]*\d?(?: (?:million|billion|percent|[a-z]{4,}))?")


@dataclass(frozen=True, slots=True)
class _Ask:
    """One text: what is asked, and how the answer begins. A `varied` one is written anew for each candidate; a `short`
    one ends with its first clause."""

    instruction: str
    opening: str = ""
    varied: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage to be written: everything but its candidates. The answers to its asks make one text; each of `instead`
    is a text that could take its place."""

    kind: SectionKind
    index: int
    asks: tuple[_Ask, ...]
    evidence: tuple[int, ...]
    records: tuple[str, ...] = ()
    instead: tuple[_Ask, ...] = ()


def write(
    session: Session,
    prompts: Prompts,
    reading: Reading,
    panel: Panel,
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
        for place in _places(prompts, reading, panel, evidence, records)
        if not options.sections or place.kind in options.sections
    ]
    # Two places that ask for the same share the answer; it counts for the first of them.
    kinds: dict[tuple[_Ask, int], SectionKind] = {}
    for place in places:
        for ask in (*place.asks, *place.instead):
            for j in range(options.candidates if ask.varied else 1):
                kinds.setdefault((ask, j), place.kind)
    wanted = list(kinds)
    finished = 0

    def count(number: int, completion: Completion) -> None:
        nonlocal finished
        finished += 1
        watch(Progress("write", finished, len(wanted), kinds[wanted[number]], completion.tokens))

    rows = [_row(ask, options.seed, number, j) for number, (ask, j) in enumerate(wanted)]
    completions = session.write(rows, stop=stop, on_done=count)
    texts = {key: _text(key[0], completion) for key, completion in zip(wanted, completions, strict=True)}
    return Draft(
        tuple(
            Passage(place.kind, place.index, _candidates(place, texts, options), place.evidence, place.records)
            for place in places
        )
    )


def _text(ask: _Ask, completion: Completion) -> str:
    text = (ask.opening + completion.text).strip()
    return text + "." if ask.short and completion.finish == "stop" and not text.endswith((".", "?", "!")) else text


def _candidates(place: _Place, texts: Mapping[tuple[_Ask, int], str], options: Options) -> tuple[str, ...]:
    """The texts of a place, each once."""
    whole = ["\n".join(texts[ask, j if ask.varied else 0] for ask in place.asks) for j in range(options.candidates)]
    return tuple(dict.fromkeys([*whole, *(texts[ask, 0] for ask in place.instead)]))


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


def named_in(sentence: str) -> list[str]:
    """A few names and figures of a sentence, so that what is asked about it can name them."""
    text = " ".join(sentence.split())
    found = [m.group() for m in _NAME.finditer(text) if m.group().lower() not in _DAYS] + [
        m.group() for m in _FIGURE.finditer(text)
    ]
    return list(dict.fromkeys(found))[:MOST_NAMES]


def _row(ask: _Ask, seed: int, number: int, candidate: int) -> Row:
    row = Row(
        ask.instruction,
        max_tokens=SENTENCE_TOKENS,
        opening=ask.opening,
        stop=("\n", ", ") if ask.short else ("\n",),
        sampling=Sampling(repetition_penalty=REPETITION_PENALTY),
    )
    if candidate == 0:
        return row
    # Each row has its own seed, so that what is drawn for one place doesn't depend on the others.
    return replace(row, sampling=Sampling(TEMPERATURE, TOP_P, REPETITION_PENALTY, seed=(seed << 16) + number))


def _places(
    prompts: Prompts, reading: Reading, panel: Panel, evidence: Evidence, records: Sequence[Record]
) -> list[_Place]:
    """Every place of the brief in the order in which it is read."""

    def ask(prompt: str, numbers: Sequence[int], short: bool = False, **values: object) -> _Ask:
        instruction, opening = prompts.ask(prompt, evidence=numbered(reading, numbers), **values)
        return _Ask(instruction, opening, varied=True, short=short)

    def fact(number: int) -> _Ask:
        return _Ask(shortening(prompts, reading, number, evidence.before.get(number, ())))

    places = [_Place("reason", i, (fact(number),), (number,)) for i, number in enumerate(evidence.reasons)]
    places.append(_Place("summary", 0, tuple(map(fact, evidence.summary)), evidence.summary))
    for i, (analyst, best, numbers) in enumerate(zip(panel.analysts, evidence.reasons, evidence.analysts, strict=True)):
        given = tuple(sorted({best, *numbers[:1]}))
        # What a small model adds behind the first comma of a consequence is wrong more often than not.
        consequence = ask("consequence", given, short=True, analyst=analyst)
        places.append(_Place("sector", i, (*map(fact, numbers), consequence), numbers))
    if records:
        link = ask("comparison", sorted(evidence.takeaway), records=records)
        ids = tuple(record.id for record in records)
        places.append(_Place("comparison", 0, (link,), evidence.takeaway, ids))
    for i, anchor in enumerate(evidence.anchors):
        numbers = (*anchor.context, anchor.sentence)
        names = named_in(reading.text_of(anchor.sentence))
        question = ask("question", numbers, gap=anchor.gap, first=anchor.opening, names=names)
        places.append(_Place("question", i, (question,), numbers))
    closing = ask("takeaway", evidence.takeaway[:1])
    instead = tuple(map(fact, evidence.takeaway))
    places.append(_Place("takeaway", 0, (closing,), evidence.takeaway, instead=instead))
    return places
