"""Measures a model on a corpus: `analyst-brief eval CORPUS.jsonl`.

In: a JSONL file of articles with relevance scores for the sectors and a panel each (training/corpus/GUIDE.md
says how they are made), a model. Out: one object of figures, the same for the same seed except for the seconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from summarizer.config import Config, load_config
from summarizer.errors import BadRequest, NotFound
from summarizer.models import Model, open_model
from summarizer.models.protocol import Prefix
from summarizer.pipeline import DEFAULTS, sentences_of, write_brief
from summarizer.prompting import Prompts
from summarizer.score import score
from summarizer.segment import segment
from summarizer.types import Article, Brief, Draft, Options, Panel, Reading, Statement
from summarizer.verify import is_answered, is_generic, lock_violations
from summarizer.words import content_stems

# Words in a row taken over from the article that count as copied.
COPIED_RUN = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the corpus: `scores` by sector id, `beats` the panel of its brief."""

    id: str
    article: Article
    scores: dict[str, int]
    beats: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What is added up over the articles."""

    given: list[float] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    sentences: int = 0
    violations_raw: int = 0
    violations_published: int = 0
    statuses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("supported", "inferred", "background"), 0))
    withheld: int = 0
    sections: int = 0
    extracted: int = 0
    questions: int = 0
    generic: int = 0
    answered: int = 0
    overlaps: list[float] = field(default_factory=list)
    words: int = 0
    copied: int = 0
    seconds: list[float] = field(default_factory=list)


Keep = Callable[[Case, Brief], None]


def evaluate_command(
    corpus: str, spec: str, limit: int | None, as_json: bool, seed: int, config_dir: str | None
) -> int:
    """Print the figures: a JSON object, or a line each. Returns the exit status."""
    config = load_config(config_dir)
    cases = read_corpus(Path(corpus), config)[:limit]
    with open_model(spec) as model:
        figures = evaluate(cases, model, config, Options(seed=seed))
    if as_json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<28} {value}")
    return 0


def read_corpus(path: Path, config: Config) -> list[Case]:
    """The cases of a JSONL file. Raises NotFound, or BadRequest with the number of the line at fault."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"The corpus {path} can't be read: {error}.", "Name a JSONL file.") from error
    cases = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            told = row["article"]
            article = Article(told["body"], told["title"], told["byline"], told["published"])
            beats = tuple(row["panel"])
            if not set(beats) <= set(config.sectors) or not set(row["scores"]) <= set(config.sectors):
                raise ValueError("an unknown sector")
            cases.append(Case(row["id"], article, {k: int(v) for k, v in row["scores"].items()}, beats))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRequest(
                f"Line {number} of {path} is no corpus record: {error}.", "See training/corpus/GUIDE.md."
            ) from error
    if not cases:
        raise BadRequest(f"The corpus {path} is empty.", "Name a JSONL file with one record a line.")
    return cases


def evaluate(
    cases: Sequence[Case],
    model: Model,
    config: Config,
    options: Options = DEFAULTS,
    keep: Keep = lambda case, brief: None,
) -> dict[str, Any]:
    """The figures for a model on the given cases. `keep` is given each brief, to be read."""
    tally = _Tally()
    for number, case in enumerate(cases, 1):
        print(f"{number}/{len(cases)} {case.id}", file=sys.stderr)
        _rate(case, model, config, tally)
        keep(case, _write(case, model, config, options, tally))
    published = sum(tally.statuses.values())
    return {
        "model": model.info.spec,
        "articles": len(cases),
        "relevance_mae": round(fmean(abs(a - b) for a, b in zip(tally.given, tally.expected, strict=True)), 3),
        "relevance_spearman": round(spearman(tally.given, tally.expected), 3),
        "lock_violation_share_raw": _share(tally.violations_raw, tally.sentences),
        "lock_violations_published": tally.violations_published,
        "supported_share": _share(tally.statuses["supported"], published + tally.withheld),
        "inferred_share": _share(tally.statuses["inferred"], published + tally.withheld),
        "background_share": _share(tally.statuses["background"], published + tally.withheld),
        "withheld_share": _share(tally.withheld, published + tally.withheld),
        "extracted_section_share": _share(tally.extracted, tally.sections),
        "questions_per_article": round(tally.questions / len(cases), 2),
        "generic_question_share": _share(tally.generic, tally.questions),
        "answerable_question_share": _share(tally.answered, tally.questions),
        "section_overlap": round(fmean(tally.overlaps), 3) if tally.overlaps else 0.0,
        "copied_share": _share(tally.copied, tally.words),
        "seconds_per_article": round(fmean(tally.seconds), 1),
    }


def _rate(case: Case, model: Model, config: Config, tally: _Tally) -> None:
    """Relevance for every sector that the corpus scores, not only for the panel's."""
    beats = sorted(case.scores)
    panel = Panel("all", "All", tuple(config.sectors[beat] for beat in beats))
    prompts = Prompts(config.prompt_dirs)
    calibration = config.traits_of(model.info.spec).calibration
    reading = segment(case.article)
    with model.read(Prefix(prompts.system(), prompts.document(reading))) as session:
        for beat, rating in zip(beats, score(session, prompts, reading, panel, calibration), strict=True):
            tally.given.append(case.scores[beat])
            tally.expected.append(rating.expected)


def _write(case: Case, model: Model, config: Config, options: Options, tally: _Tally) -> Brief:
    panel = Panel("case", "Case", tuple(config.sectors[beat] for beat in case.beats))
    drafts: list[Draft] = []
    began = time.perf_counter()
    brief = write_brief(case.article, panel, model, config=config, options=options, inspect=drafts.append)
    tally.seconds.append(time.perf_counter() - began)
    _tally_draft(drafts[0], brief.reading, tally)
    _tally_brief(brief, tally)
    return brief


def _tally_draft(draft: Draft, reading: Reading, tally: _Tally) -> None:
    """Sentences as the model wrote them: the first candidate of every passage but the comparison."""
    for passage in draft.passages:
        if passage.kind == "comparison":
            continue
        for sentence in sentences_of(passage.candidates[0]):
            tally.sentences += 1
            tally.violations_raw += bool(lock_violations(sentence, reading))


def _tally_brief(brief: Brief, tally: _Tally) -> None:
    sectors = [section.statements for section in brief.sectors]
    reasons = [r.reason for r in brief.relevance if r.reason]
    takeaway = [brief.takeaway] if brief.takeaway else []
    own = [*reasons, *brief.summary, *(s for section in sectors for s in section), *takeaway]
    for statement in own:
        tally.violations_published += bool(lock_violations(statement.text, brief.reading))
    for statement in (*own, *brief.comparison.statements):
        tally.statuses[statement.status] += 1
    tally.withheld += brief.checks.withheld
    for section in (brief.summary, *sectors):
        tally.sections += 1
        tally.extracted += all(statement.origin == "extracted" for statement in section)
    for question in brief.questions:
        tally.questions += 1
        tally.violations_published += bool(lock_violations(question.text, brief.reading))
        tally.generic += is_generic(question.text, brief.reading)
        tally.answered += is_answered(question.text, brief.reading)
    tally.overlaps += [overlap(one, other) for one, other in combinations(sectors, 2) if one and other]
    written = [s.text for s in own if s.origin == "written"]
    tally.words += sum(len(text.split()) for text in written)
    tally.copied += sum(copied_words(text, brief.reading.article.text) for text in written)


def overlap(one: Sequence[Statement], other: Sequence[Statement]) -> float:
    """The Jaccard index of the content stems of two sections."""
    a, b = (set(content_stems(" ".join(s.text for s in section))) for section in (one, other))
    return len(a & b) / len(a | b) if a | b else 0.0


def copied_words(text: str, source: str) -> int:
    """How many words of `text` stand in runs of COPIED_RUN or more that the source has in the same order."""
    words, held = text.lower().split(), source.lower().split()
    runs = {tuple(held[i : i + COPIED_RUN]) for i in range(len(held) - COPIED_RUN + 1)}
    copied = set()
    for i in range(len(words) - COPIED_RUN + 1):
        if tuple(words[i : i + COPIED_RUN]) in runs:
            copied |= set(range(i, i + COPIED_RUN))
    return len(copied)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rank correlation with mean ranks for ties; 0 where one side is constant."""
    a, b = _ranks(one), _ranks(other)
    ma, mb = fmean(a), fmean(b)
    covariance = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    norm = (sum((x - ma) ** 2 for x in a) * sum((y - mb) ** 2 for y in b)) ** 0.5
    return covariance / norm if norm else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in range(i, j + 1):
            ranks[order[k]] = (i + j) / 2
        i = j + 1
    return ranks


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
