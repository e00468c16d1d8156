"""Rejection sampling: what a model writes on the training articles, kept where it passes every check, is trained on
again (as in Zelikman et al., STaR, 2022, arXiv 2203.14465, with the grounding checks as the judge).

In: records, a model with its adapter. Out: one Kept a text that may be learnt from. Of several candidates for a place
the best one that passes is kept, so that the model learns what it writes on a good day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from summarizer.background import bearing
from summarizer.config import Config
from summarizer.evidence import choose
from summarizer.grounding.asking import question_problem
from summarizer.grounding.judge import judge
from summarizer.grounding.source import Source, source_of
from summarizer.models.protocol import Model, Prefix
from summarizer.pipeline import sentences_of
from summarizer.prompting import Prompts
from summarizer.segment import segment
from summarizer.types import Options, Panel, Passage, SectionKind
from summarizer.write import write
from training.examples import QUESTIONS, Kept, article_of

# A text that names nothing of the story fits any story: at least so many of its names, figures and dates.
LEAST_NAMED = 1
KINDS: frozenset[SectionKind] = frozenset({"reason", "summary", "sector", "question", "takeaway"})


def drafts(record: dict[str, Any], model: Model, config: Config, candidates: int, seed: int) -> list[Kept]:
    """The best passing candidate of every text of one article's brief."""
    reading = segment(article_of(record))
    panel = Panel("case", "Case", tuple(config.sectors[beat] for beat in record["panel"]))
    prompts = Prompts(config.prompt_dirs)
    with model.read(Prefix(prompts.system(), prompts.document(reading))) as session:
        draft = write(
            session,
            prompts,
            reading,
            panel,
            choose(reading, panel, QUESTIONS),
            bearing(reading, panel, config.records),
            Options(seed=seed, candidates=candidates, sections=KINDS),
            watch=lambda progress: None,
            stop=lambda: False,
        )
    source = source_of(reading)
    kept: list[Kept] = []
    for passage in draft.passages:
        for kind, evidence, texts in _asks(passage):
            if best := best_of(source, kind, texts):
                kept.append(Kept(record["id"], kind, evidence, best))
    return kept


def best_of(source: Source, kind: str, texts: Iterable[str]) -> str:
    """The text of the highest quality among those that pass, or ""."""
    ranked: dict[str, float] = {}
    for text in texts:
        if kind == "question":
            line = source.line(text)
            named = len(line.figures) + len(line.dates) + len(line.mentions)
            if question_problem(source, line) is None and named >= LEAST_NAMED:
                ranked[text] = float(named)
            continue
        told = sentences_of(text)
        judged = [judge(source, sentence, strict=True) for sentence in told]
        named = sum(len(j.line.figures) + len(j.line.dates) + len(j.line.mentions) for j in judged)
        wanted = ("supported",) if kind == "condense" else ("supported", "inferred")
        right = all(j.status in wanted for j in judged)
        if told and right and named >= LEAST_NAMED:
            ranked[text] = sum(j.quality for j in judged) / len(judged)
    return max(ranked, key=lambda text: ranked[text]) if ranked else ""


def save(path: Path, kept: Iterable[Kept]) -> None:
    """Adds to a JSONL file."""
    with path.open("a", encoding="utf-8") as file:
        for each in kept:
            file.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")


def load(paths: Iterable[Path]) -> dict[str, list[Kept]]:
    """What was kept, by the article's id."""
    found: dict[str, list[Kept]] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["id"], []).append(Kept(**{**row, "evidence": tuple(row["evidence"])}))
    return found


def _asks(passage: Passage) -> Iterator[tuple[str, tuple[int, ...], list[str]]]:
    """The texts of a passage by the row that wrote them, with its evidence: a sentence of the article made shorter is a
    line of its own. A sector's last line, its consequence, is not learnt from: the checks can't tell a sound one."""
    if passage.kind not in {"reason", "summary", "sector"}:
        yield passage.kind, passage.evidence, list(passage.candidates)
        return
    lines = list(zip(*(candidate.split("\n") for candidate in passage.candidates), strict=False))
    for number, texts in zip(passage.evidence, lines, strict=False):
        yield "condense", (number,), list(dict.fromkeys(texts))
