"""From a record of the corpus to what the model is trained on: the prompts of a brief, each with its exemplary text.

In: corpus records (corpus/GUIDE.md) and the single sentences that were written to them (sentences.jsonl), the
configuration, the prompts. Out: an Exercise an article: the prefix that all rows share and one Example a row, rendered
by the code that renders them in use. A sentence made shorter and a consequence name their evidence; the other rows are
given the sentences that carry their exemplary text, found by the grounding checks. Sentences that fail a check, or that
nothing carries, are left out. Knows no tokens.
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
from summarizer.evidence import DEFAULT_GAP, leaned_on, standing
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.source import Source, source_of
from summarizer.models.protocol import Prefix
from summarizer.pipeline import sentences_of
from summarizer.prompting import NOTHING, Prompts, lines, shortening
from summarizer.segment import segment
from summarizer.types import Article, Reading

QUESTIONS = 5
# Evidence sentences of a row at most.
MOST_EVIDENCE = 2
# Of the sixteen relevance scores of an article, so many are asked for at a time besides the panel's.
MORE_SCORES = 2
# Words that mean something of an earlier sentence.
LEANS = re.compile(r"\b(?:it|its|they|their|them|he|his|she|her|this|that|these|those|such)\b", re.IGNORECASE)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
SENTENCES = Path(__file__).parent / "sentences.jsonl"
# Which of evidence.py's gaps an exemplary question goes after, by its words, in the order in which they are tried.
GAPS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (gap, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE))
    for gap, pattern in (
        ("who is right", r"disput\w*|den(?:y|ies|ied)|contradict\w*|object\w*|rejects?|rejected|claims?|claimed"),
        ("the evidence", r"evidence|proof|prove\w*|tests?|tested|independent\w*|support\w*|rests? on"),
        ("the figures", r"count\w*|calculat\w*|measur\w*|estimat\w*|accura\w*|compar\w*|figures?|how (?:many|much)"),
        ("the terms", r"contracts?|agree\w*|terms|clauses?|licen[cs]\w*|conditions?|deal|under (?:what|which)"),
        ("what was not said", r"publish\w*|disclos\w*|documents?|records?|minutes|names?|named|told|reported|said"),
        ("the money", r"pay|pays|paid|costs?|fund\w*|prices?|money|budget|financ\w*|insur\w*|compensat\w*|fees?"),
        ("the decision", r"decid\w*|decision|approv\w*|vot\w*|rules?|chosen?|choose|permi\w*|plans?|allow\w*"),
        ("the date", r"if|when|until|by|before|after|deadline|delay\w*"),
    )
)


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


def read(paths: Iterable[Path], sentences: Path = SENTENCES) -> list[dict[str, Any]]:
    """The records of JSONL files, in order, each with its "short" sentences by number and its "consequences"."""
    more = {line["id"]: line for line in _lines(sentences)}
    bare: dict[str, Any] = {"short": {}, "consequences": []}
    return [{**bare, **record, **more.get(record["id"], {})} for path in paths for record in _lines(path)]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def gap_of(question: str) -> str:
    """What a question goes after, in the words that the prompts have for it."""
    return next((gap for gap, pattern in GAPS if pattern.search(question)), DEFAULT_GAP)


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

    def examples(self) -> list[Example]:
        record = self._record
        told = self._judged(sentences_of(record["takeaway"]))
        made = [*self._facts(), *self._consequences()]
        made += self._takeaway(told)
        for question in record["questions"]:
            made += self._question(question)
        made += self._comparison(told)
        return made + self._relevance()

    def kept(self, draft: Kept) -> list[Example]:
        """A draft of a model as an example like all others."""
        if draft.kind == "condense":
            return [self._fact(draft.evidence[0], draft.text)]
        values = {"gap": gap_of(draft.text)} if draft.kind == "question" else {}
        return [self._example(draft.kind, draft.text, draft.evidence, **values)]

    # --- the kinds of rows ---

    def _facts(self) -> list[Example]:
        """Sentences of the article made shorter, as far as they say what the sentence says."""
        made = []
        for key, text in self._record["short"].items():
            j = judge(self._source, text)
            if j.status == "supported" and int(key) in j.evidence:
                made.append(self._fact(int(key), text))
        return made

    def _consequences(self) -> list[Example]:
        """What may follow for each sector, or nothing, from one or two sentences."""
        made = []
        for row in self._record["consequences"]:
            if not row["text"] or not judge(self._source, row["text"]).problems:
                evidence = standing(self._reading, row["from"])
                analyst = self._sectors[row["beat"]]
                made.append(self._example("consequence", row["text"] or NOTHING, evidence, analyst=analyst))
        return made

    def _fact(self, number: int, text: str) -> Example:
        before = leaned_on(self._reading, number)
        return Example("condense", shortening(self._prompts, self._reading, number, before), text, (number,))

    def _takeaway(self, told: Sequence[Judgement]) -> list[Example]:
        text = " ".join(j.text for j in told)
        return [self._example("takeaway", text, _evidence(told))] if told else []

    def _question(self, question: str) -> list[Example]:
        line = judge(self._source, question)
        evidence = line.evidence[:2]
        return [self._example("question", question, evidence, gap=gap_of(question))] if evidence else []

    def _comparison(self, takeaway: Sequence[Judgement]) -> list[Example]:
        """The first sentences of `history` stand for dated records, the last one links them to the story."""
        *earlier, link = sentences_of(self._record["history"])
        records = [_Dated(years[-1], text) for text in earlier if (years := YEAR.findall(text))]
        if not records or not takeaway:
            return []
        return [self._example("comparison", link, _evidence(takeaway), records=records)]

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
        text = self._prompts.render(kind, evidence=lines(self._reading, evidence), **values)
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


def _evidence(told: Sequence[Judgement]) -> tuple[int, ...]:
    """The sentences that carry the text, those that carry most of it."""
    numbers = list(dict.fromkeys(n for j in told for n in j.evidence))
    return tuple(sorted(numbers[:MOST_EVIDENCE]))
