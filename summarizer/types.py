"""The types that an article passes through, in the order of its way; one frozen dataclass a stage.

    Article -> Reading -> Evidence, Rating -> Draft -> Verdict -> Brief

Ids and times of jobs belong to the service's storage, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["supported", "inferred", "background"]
Origin = Literal["written", "extracted", "edited"]
SectionKind = Literal["reason", "summary", "sector", "comparison", "question", "takeaway"]


# --- what the configuration says -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Analyst:
    """One reader of the desk: `sector` is the heading of their section, `lens` what they look for.

    `beat` is the sector id of the dated records that concern them ("" for none); `terms` are words and
    phrases whose presence in a sentence speaks for its mattering to them.
    """

    title: str
    sector: str
    lens: str
    beat: str = ""
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One to eight analysts for whom a brief is written."""

    id: str
    name: str
    analysts: tuple[Analyst, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's own expected relevance, from 1 to 10, maps to an editor's: offset + slope * expected, and points
    for what the article's words say (score.py's signs); `error` is the root mean square distance that remained."""

    offset: float = 0.0
    slope: float = 1.0
    error: float | None = None
    share: float = 0.0
    words: float = 0.0


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a model. One that `concludes` may say more than sentences of the article made shorter."""

    calibration: Calibration = Calibration()
    concludes: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands. `archive` says that it is an earlier article of the newsroom's own; `url` may be ""."""

    publisher: str
    title: str
    date: str
    url: str = ""
    archive: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A dated fact from outside the article. `date` is YYYY, YYYY-MM or YYYY-MM-DD; where the source is the
    newsroom's archive, the day of publication. No sectors: they aren't known."""

    id: str
    date: str
    text: str
    sectors: tuple[str, ...]
    source: Source


# --- ingest and segment --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Article:
    """What was handed in. `text` is the body and never changes after ingest; `published` is an ISO date or ""."""

    text: str
    title: str = ""
    byline: str = ""
    published: str = ""
    language: str = "en"
    source: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class PastArticle:
    """An article of the archive; `id` is made from its content."""

    id: str
    article: Article


@dataclass(frozen=True, slots=True)
class Sentence:
    """Sentence `n` (from 1) is `article.text[start:end]`; `paragraph` counts from 0."""

    n: int
    start: int
    end: int
    paragraph: int


@dataclass(frozen=True, slots=True)
class Reading:
    """An article with its sentences in order, up to `characters_used` of its text."""

    article: Article
    sentences: tuple[Sentence, ...]
    characters_used: int

    def text_of(self, n: int) -> str:
        """The words of sentence `n`, counted from 1. IndexError for a number that isn't there."""
        if not 1 <= n <= len(self.sentences):
            raise IndexError(f"no sentence {n}")
        sentence = self.sentences[n - 1]
        return self.article.text[sentence.start : sentence.end]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A sentence from which a question starts, those that it leans on, and what it leaves open."""

    sentence: int
    context: tuple[int, ...]
    gap: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sentence numbers in the article's order, but `takeaway`'s best first. Of each analyst, `reasons` has the sentence
    that matters most, `analysts` the others, `grounds` the sets for a consequence. `before` has those one leans on."""

    summary: tuple[int, ...]
    reasons: tuple[int, ...]
    analysts: tuple[tuple[int, ...], ...]
    grounds: tuple[tuple[tuple[int, ...], ...], ...]
    takeaway: tuple[int, ...]
    anchors: tuple[Anchor, ...]
    before: Mapping[int, tuple[int, ...]]


# --- write and verify ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passage:
    """Candidate texts for one place of the brief, before any check.

    `index` counts the analysts or questions from 0 (0 for sections that stand alone). `evidence` holds the
    numbers of the sentences that the writer was given, `records` the ids of the records.
    """

    kind: SectionKind
    index: int
    candidates: tuple[str, ...]
    evidence: tuple[int, ...]
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of the brief with its support: sentence numbers of the article, ids of records."""

    text: str
    status: Status
    evidence: tuple[int, ...] = ()
    records: tuple[str, ...] = ()
    origin: Origin = "written"


@dataclass(frozen=True, slots=True)
class Finding:
    """A written sentence that was withheld, where it stood, and why: `rule` is stable, `detail` is for people."""

    section: str
    text: str
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    about: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A checked place of the brief. For kind "question" the statement's evidence says what it is about."""

    kind: SectionKind
    index: int
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checked sections in the draft's order, and what was withheld on the way."""

    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]


# --- score and assemble --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rating:
    """How much a story matters to an analyst, in points of 1 to 10: `expected` is the calibrated mean of the model's
    distribution, `score` is it rounded, `spread` how far off it is likely to be."""

    score: int
    expected: float
    spread: float


@dataclass(frozen=True, slots=True)
class Relevance:
    analyst: str
    sector: str
    rating: Rating
    reason: Statement | None


@dataclass(frozen=True, slots=True)
class SectorSection:
    sector: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    statements: tuple[Statement, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    statements: int
    supported: int
    inferred: int
    background: int
    withheld: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the text comes from. `prompts` and `template` are content hashes; `digital_source_type` is a term
    of IPTC's Digital Source Type vocabulary."""

    model: str
    adapter: str
    prompts: str
    template: str
    seed: int
    generated_at: str
    label: str
    digital_source_type: str


@dataclass(frozen=True, slots=True)
class SectionTime:
    """When the last text of a kind of section was written, in seconds from the beginning of the writing (they are
    written together), and the tokens of all its texts."""

    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds in all and by stage ("load" is not among them: a model is opened once for many briefs)."""

    seconds: float
    prompt_tokens: int
    completion_tokens: int
    tokens_per_second: float
    stages: tuple[tuple[str, float], ...] = ()
    sections: tuple[tuple[str, SectionTime], ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    reading: Reading
    panel: Panel
    relevance: tuple[Relevance, ...]
    summary: tuple[Statement, ...]
    sectors: tuple[SectorSection, ...]
    comparison: Comparison
    questions: tuple[Question, ...]
    takeaway: Statement | None
    checks: Checks
    provenance: Provenance
    timing: Timing


# --- how a run is asked for and watched ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may set for one brief. `sections` names the kinds wanted; empty means all."""

    seed: int = 0
    candidates: int = 2
    sections: frozenset[SectionKind] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life: `stage` is "read", "score", "write" or "verify"; `done` of `total` steps. While writing,
    `section` is the kind of section that a text was finished for, and `tokens` that text's length."""

    stage: str
    done: int
    total: int
    section: str = ""
    tokens: int = 0


Past = Callable[[Article], Sequence[PastArticle]]
"""Earlier articles that may have to do with this one, most alike first."""
Watch = Callable[[Progress], None]
Stop = Callable[[], bool]
