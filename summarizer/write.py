"""Writes the sections of a brief, all in one batch, each sentence from its own evidence.

In: a session that has read the article, the prompts, the Reading, the panel, the chosen evidence and records. Out: a
Draft, with one or more candidate texts for each place. A fact is one sentence of the article made shorter: a small
model that is given several to join gets every second joint wrong (benchmarks/written.py). Nothing is checked here, and
nothing of this is published as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from summarizer.models.protocol import Completion, Row, Sampling, Session
from summarizer.prompting import NOTHING, Prompts, lines, shortening
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
# A mild penalty keeps a small model from looping; a stronger one makes it avoid the article's own names.
REPETITION_PENALTY = 1.05
TEMPERATURE = 0.7
TOP_P = 0.9
SECOND_HALF = ", and "

# What is asked, and which answer to it: number 0 is the model's most likely one, the others are drawn.
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage to be written: everything but its candidates. The answers to `asks` stand in each of them, and behind
    these the answer to one of `varied`; each of `instead` is asked for a text that could take its place."""

    kind: SectionKind
    index: int
    evidence: tuple[int, ...]
    asks: tuple[str, ...] = ()
    varied: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    def texts(self, candidates: int) -> list[list[_Key]]:
        """What each candidate is made of."""
        always = [(ask, 0) for ask in self.asks]
        # Another beginning is a better second try than another throw of the dice.
        tries = [(ask, j) for j in range(candidates) for ask in self.varied][:candidates]
        whole = [[*always, one] for one in tries] or [always]
        return [text for text in (*whole, *([(ask, 0)] for ask in self.instead)) if text]


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
    concludes: bool = True,
) -> Draft:
    """Candidates for every wanted section. Where the model `concludes`, a sector ends with a consequence, the
    comparison with what links its records to the story, and the brief with a sentence of the model's own. Raises
    Cancelled soon after `stop()` becomes true."""
    places = [
        place
        for place in _places(prompts, reading, panel, evidence, records, concludes)
        if not options.sections or place.kind in options.sections
    ]
    # Two places that ask for the same share the answer; it counts for the first of them.
    kinds: dict[_Key, SectionKind] = {}
    for place in places:
        for text in place.texts(options.candidates):
            for key in text:
                kinds.setdefault(key, place.kind)
    wanted = list(kinds)
    finished = 0

    def count(number: int, completion: Completion) -> None:
        nonlocal finished
        finished += 1
        watch(Progress("write", finished, len(wanted), kinds[wanted[number]], completion.tokens))

    # What a small model asks in the second half of a question rests on what isn't so more often than not.
    halved = set[str]() if concludes else {ask for p in places if p.kind == "question" for ask in p.varied}
    rows = [_row(ask, options.seed, number, j, ask in halved) for number, (ask, j) in enumerate(wanted)]
    completions = session.write(rows, stop=stop, on_done=count)
    texts = {key: _text(completion, key[0] in halved) for key, completion in zip(wanted, completions, strict=True)}

    def candidates(place: _Place) -> tuple[str, ...]:
        made = ["\n".join(filter(None, map(texts.__getitem__, text))) for text in place.texts(options.candidates)]
        return tuple(dict.fromkeys(made))

    return Draft(
        tuple(Passage(place.kind, place.index, candidates(place), place.evidence, place.records) for place in places)
    )


def _text(completion: Completion, halved: bool) -> str:
    text = completion.text.strip()
    if halved and completion.finish == "stop" and not text.endswith(("?", ".", "!")):
        return text + "?"
    return "" if text == NOTHING else text


def rewriter(
    session: Session, prompts: Prompts, reading: Reading, options: Options, stop: Stop
) -> Callable[[Sequence[tuple[str, tuple[int, ...]]]], list[str]]:
    """A function that writes failed sentences anew: (sentence, evidence) pairs in, sentences out, in order."""

    def rewrite(failed: Sequence[tuple[str, tuple[int, ...]]]) -> list[str]:
        rows = [
            Row(
                prompts.render("rewrite", evidence=lines(reading, evidence), sentence=sentence),
                max_tokens=SENTENCE_TOKENS,
                stop=("\n",),
                sampling=Sampling(repetition_penalty=REPETITION_PENALTY, seed=options.seed),
            )
            for sentence, evidence in failed
        ]
        return [completion.text.strip() for completion in session.write(rows, stop=stop)]

    return rewrite


def _row(ask: str, seed: int, number: int, candidate: int, halved: bool) -> Row:
    row = Row(
        ask,
        max_tokens=SENTENCE_TOKENS,
        stop=("\n", SECOND_HALF) if halved else ("\n",),
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
    evidence: Evidence,
    records: Sequence[Record],
    concludes: bool,
) -> list[_Place]:
    """Every place of the brief in the order in which it is read."""

    def ask(prompt: str, numbers: Sequence[int], **values: object) -> str:
        return prompts.render(prompt, evidence=lines(reading, numbers), **values)

    def facts(numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(shortening(prompts, reading, n, evidence.before.get(n, ())) for n in numbers)

    places = [_Place("reason", i, (n,), facts([n])) for i, n in enumerate(evidence.reasons)]
    places.append(_Place("summary", 0, evidence.summary, facts(evidence.summary)))
    for i, analyst in enumerate(panel.analysts):
        numbers = evidence.analysts[i]
        sets = evidence.grounds[i] if concludes else ()
        consequences = tuple(ask("consequence", grounds, analyst=analyst) for grounds in sets)
        places.append(_Place("sector", i, numbers, facts(numbers), consequences))
    if records:
        link = (ask("comparison", sorted(evidence.takeaway), records=records),) if concludes else ()
        ids = tuple(record.id for record in records)
        places.append(_Place("comparison", 0, evidence.takeaway, varied=link, records=ids))
    for i, anchor in enumerate(evidence.anchors):
        numbers = (*anchor.context, anchor.sentence)
        places.append(_Place("question", i, numbers, varied=(ask("question", numbers, gap=anchor.gap),)))
    closing = (ask("takeaway", evidence.takeaway[:1]),) if concludes else ()
    places.append(_Place("takeaway", 0, evidence.takeaway, instead=(*closing, *facts(evidence.takeaway))))
    return places
