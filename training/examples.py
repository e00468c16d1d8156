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
from pathlib import Path
from typing import Any

from summarizer.config import Config
from summarizer.evidence import LEANS_BACK, choose
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.source import Source, source_of
from summarizer.models.protocol import Prefix
from summarizer.pipeline import sentences_of
from summarizer.prompting import Prompts, numbered
from summarizer.segment import segment
from summarizer.types import Article, Panel, Reading

QUESTIONS = 5
# Evidence sentences of a row at most, and how often one that the chooser would have given comes on top: in use the
# evidence is chosen, not aligned, and not all of it belongs into the text.
MOST_EVIDENCE = 4
STRAY = 0.5
# Of the sixteen relevance scores of an article, so many are asked for at a time besides the panel's.
MORE_SCORES = 2
# What an analyst concludes, against what somebody said might be so.
CONCLUDES = re.compile(r"\b(?:could|would|may|might|likely)\b", re.IGNORECASE)
REPORTED = re.compile(r"\b(?:sa(?:id|ys)|according to|told|claims?|argues?)\b", re.IGNORECASE)
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
    """A text that a model wrote for the row `kind` of the article `id`, and that passed (drafts.py); `beat` is the
    analyst's sector, "" where there is none."""

    id: str
    kind: str
    beat: str
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
    return Exercise(record["id"], prefix, (*work.examples(), *map(work.kept, kept)))


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
        record, scores = self._record, self._record["scores"]
        for i, beat in enumerate(self._beats):
            analyst, score = self._sectors[beat], scores[beat]
            picks = self._chosen.analysts[i]
            why = self._judged([record["why"][beat]])
            made += self._row("reason", why, picks, analyst=analyst, score=score)
            told = self._judged(sentences_of(record["sectors"][beat]))
            made += self._row("sector", [j for j in told if not _concludes(j)], picks, analyst=analyst, score=score)
            # A consequence is drawn from the facts that the paragraph tells.
            concluded = [j for j in told if _concludes(j) and not LEANS_BACK.match(j.text)][:1]
            made += self._row("consequence", concluded, picks, told, analyst=analyst)
        headings = [analyst.sector for analyst in self._panel.analysts]
        told = self._judged(sentences_of(record["summary"]))
        made += self._row("summary", told, self._chosen.summary, sectors=headings)
        takeaway = self._judged([record["takeaway"]])
        made += self._row("takeaway", takeaway, self._chosen.takeaway)
        for question in record["questions"]:
            made += self._question(question)
        made += self._comparison(takeaway)
        return made + self._relevance()

    def kept(self, draft: Kept) -> Example:
        """A draft of a model as an example like all others."""
        values: dict[str, object] = {}
        if draft.beat:
            values = {"analyst": self._sectors[draft.beat], "score": self._record["scores"][draft.beat]}
        elif draft.kind == "summary":
            values = {"sectors": [analyst.sector for analyst in self._panel.analysts]}
        elif draft.kind == "question":
            values = {"gap": "", "first": ""}
        return self._example(draft.kind, draft.text, draft.evidence, **values)

    # --- the kinds of rows ---

    def _row(
        self,
        kind: str,
        told: Sequence[Judgement],
        picks: Sequence[int],
        carried_by: Sequence[Judgement] | None = None,
        **values: object,
    ) -> list[Example]:
        if not told:
            return []
        evidence = self._evidence(carried_by or told, picks)
        text = " ".join(j.text for j in told)
        return [self._example(kind, text, evidence, **values)] if evidence else []

    def _question(self, question: str) -> list[Example]:
        line = judge(self._source, question)
        evidence = line.evidence[:2]
        return [self._example("question", question, evidence, gap="", first="")] if evidence else []

    def _comparison(self, takeaway: Sequence[Judgement]) -> list[Example]:
        """The first sentences of `history` stand for dated records, the last one links them to the story."""
        *earlier, link = sentences_of(self._record["history"])
        records = [_Dated(years[-1], text) for text in earlier if (years := YEAR.findall(text))]
        if not records or not takeaway:
            return []
        evidence = self._evidence(takeaway, self._chosen.takeaway)
        return [self._example("comparison", link, evidence, records=records)] if evidence else []

    def _relevance(self) -> list[Example]:
        scores = self._record["scores"]
        others = [beat for beat in scores if beat not in self._beats]
        asked = [*self._beats, *self._chance.sample(others, MORE_SCORES)]
        return [
            Example("relevance", self._prompts.render("relevance", analyst=self._sectors[beat]), str(scores[beat]))
            for beat in asked
        ]

    # --- evidence ---

    def _example(self, kind: str, target: str, evidence: tuple[int, ...], **values: object) -> Example:
        text, opening = self._prompts.ask(kind, evidence=numbered(self._reading, evidence), **values)
        assert not opening, f"the prompt {kind} of an adapter forces no opening"
        return Example(kind, text, target, evidence)

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


def _concludes(told: Judgement) -> bool:
    return CONCLUDES.search(told.text) is not None and REPORTED.search(told.text) is None
