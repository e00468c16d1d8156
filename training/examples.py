"""From a record of the corpus to what the model is trained on: the prompts of a brief, each with its exemplary text.

In: corpus records (corpus/GUIDE.md), the configuration, the adapter's prompts. Out: an Exercise an article: the
prefix that all rows share and one Example a row, rendered by the code that renders them in use. The evidence of a
row are the sentences that carry its exemplary text, found by the grounding checks; sentences that fail a check, or
that nothing carries, are left out. Knows no tokens.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from summarizer.config import Config
from summarizer.evidence import LEANS_BACK, choose, leaned_on
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.source import Source, source_of
from summarizer.models.protocol import Prefix
from summarizer.pipeline import sentences_of
from summarizer.prompting import Prompts, numbered, shortening
from summarizer.segment import segment
from summarizer.types import Article, Panel, Reading

QUESTIONS = 5
# Evidence sentences of a row at most, and how often one that the chooser would have given comes on top: in use the
# evidence is chosen, not aligned, and not all of it belongs into the text.
MOST_EVIDENCE = 4
STRAY = 0.5
# The share of an exemplary sentence that one sentence of the article must hold to be what it was made from.
SAME_FACT = 0.85
# Of the sixteen relevance scores of an article, so many are asked for at a time besides the panel's.
MORE_SCORES = 2
# Words that mean something of an earlier sentence.
LEANS = re.compile(r"\b(?:it|its|they|their|them|he|his|she|her|this|that|these|those|such)\b", re.IGNORECASE)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Example:
    """One row: the end of the prompt and the text that should follow. `evidence` are sentence numbers."""

    kind: str
    instruction: str
    target: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """All rows of one article."""

    id: str
    prefix: Prefix
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that a model wrote for the row `kind` of the article `id`, and that passed (drafts.py)."""

    id: str
    kind: str
    evidence: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Dated:
    """A sentence of the corpus's `history` in the place of a record."""

    date: str
    text: str


def read(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The records of JSONL files, in order."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line]


def is_held_out(name: str) -> bool:
    """One article in five is never trained on, by its id: the same ones that the benchmarks keep back."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0


def article_of(record: dict[str, Any]) -> Article:
    told = record["article"]
    return Article(told["body"], told["title"], told["byline"], told["published"])


def exercise(
    record: dict[str, Any], config: Config, prompts: Prompts, chance: random.Random, kept: Sequence[Kept] = ()
) -> Exercise:
    """Every row that the record gives, and those that were `kept` of a model's drafts; `chance` draws what varies
    between two visits."""
    reading = segment(article_of(record))
    work = _Work(record, reading, source_of(reading), config, prompts, chance)
    prefix = Prefix(prompts.system(), prompts.document(reading))
    return Exercise(record["id"], prefix, (*work.examples(), *chain.from_iterable(map(work.kept, kept))))


class _Work:
    """The rows of one record."""

    def __init__(
        self,
        record: dict[str, Any],
        reading: Reading,
        source: Source,
        config: Config,
        prompts: Prompts,
        chance: random.Random,
    ) -> None:
        self._record, self._reading, self._source = record, reading, source
        self._prompts, self._chance = prompts, chance
        self._beats: list[str] = record["panel"]
        self._sectors = config.sectors
        self._panel = Panel("case", "Case", tuple(config.sectors[beat] for beat in self._beats))
        self._chosen = choose(reading, self._panel, QUESTIONS)

    def examples(self) -> list[Example]:
        made: list[Example] = []
        record = self._record
        paragraphs = [record["summary"], *record["sectors"].values(), *record["why"].values(), record["takeaway"]]
        told = [self._judged(sentences_of(text)) for text in paragraphs]
        made += self._facts([judgement for paragraph in told for judgement in paragraph])
        made += self._row("takeaway", told[-1], self._chosen.takeaway)
        for question in record["questions"]:
            made += self._question(question)
        made += self._comparison(told[-1])
        return made + self._relevance()

    def kept(self, draft: Kept) -> list[Example]:
        """A draft of a model as an example like all others."""
        if draft.kind == "condense":
            return [self._fact(draft.evidence[0], draft.text)]
        values = {"gap": "", "first": "", "names": ()} if draft.kind == "question" else {}
        return self._example(draft.kind, draft.text, draft.evidence, **values)

    # --- the kinds of rows ---

    def _facts(self, told: Sequence[Judgement]) -> list[Example]:
        """For each sentence of the article the exemplary sentence that says most nearly the same, as what it should
        become when it is made shorter."""
        nearest: dict[int, Judgement] = {}
        for j in told:
            seen = j.features.support
            if seen.single < SAME_FACT or seen.hedged or LEANS_BACK.match(j.text):
                continue
            if seen.best not in nearest or nearest[seen.best].features.support.single < seen.single:
                nearest[seen.best] = j
        return [self._fact(n, j.text) for n, j in sorted(nearest.items())]

    def _fact(self, number: int, text: str) -> Example:
        before = leaned_on(self._reading, number)
        return Example("condense", shortening(self._prompts, self._reading, number, before), text, (number,))

    def _row(
        self,
        kind: str,
        told: Sequence[Judgement],
        picks: Sequence[int],
        **values: object,
    ) -> list[Example]:
        if not told:
            return []
        evidence = self._evidence(told, picks)
        text = " ".join(j.text for j in told)
        return self._example(kind, text, evidence, **values) if evidence else []

    def _question(self, question: str) -> list[Example]:
        line = judge(self._source, question)
        evidence = line.evidence[:2]
        return self._example("question", question, evidence, gap="", first="", names=()) if evidence else []

    def _comparison(self, takeaway: Sequence[Judgement]) -> list[Example]:
        """The first sentences of `history` stand for dated records, the last one links them to the story."""
        *earlier, link = sentences_of(self._record["history"])
        records = [_Dated(years[-1], text) for text in earlier if (years := YEAR.findall(text))]
        if not records or not takeaway:
            return []
        evidence = self._evidence(takeaway, self._chosen.takeaway)
        return self._example("comparison", link, evidence, records=records) if evidence else []

    def _relevance(self) -> list[Example]:
        scores = self._record["scores"]
        others = [beat for beat in scores if beat not in self._beats]
        asked = [*self._beats, *self._chance.sample(others, MORE_SCORES)]
        return [
            Example("relevance", self._prompts.render("relevance", analyst=self._sectors[beat]), str(scores[beat]))
            for beat in asked
        ]

    # --- evidence ---

    def _example(self, kind: str, target: str, evidence: tuple[int, ...], **values: object) -> list[Example]:
        """The row, or none where the prompt begins the answer, for the exemplary text begins otherwise."""
        text, opening = self._prompts.ask(kind, evidence=numbered(self._reading, evidence), **values)
        return [] if opening else [Example(kind, text, target, evidence)]

    def _judged(self, sentences: Sequence[str]) -> list[Judgement]:
        """The sentences that pass every check, and don't lean on one that fails."""
        kept: list[Judgement] = []
        broken = False
        for sentence in sentences:
            j = judge(self._source, sentence)
            failed = bool(j.problems) or not j.evidence
            broken = failed or (broken and LEANS.search(sentence) is not None)
            if not broken:
                kept.append(j)
        return kept

    def _evidence(self, told: Sequence[Judgement], picks: Sequence[int]) -> tuple[int, ...]:
        """The sentences that carry the text, those that carry most of it first in line; sometimes a stray one."""
        numbers: list[int] = []
        for j in told:
            numbers += [n for n in j.evidence if n not in numbers]
        kept = numbers[:MOST_EVIDENCE]
        if len(kept) < MOST_EVIDENCE and self._chance.random() < STRAY:
            kept += [n for n in picks if n not in kept][:1]
        return tuple(sorted(kept))
