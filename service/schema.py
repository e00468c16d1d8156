"""The published schema of answers: pydantic models that are named components of /openapi.json.

`Brief` describes what `analyst-brief write --format json` prints, too. Answers are not checked against these
models when they are sent; tests do that.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457. `type` is stable; `detail` says what is wrong and what to do."""

    type: str
    title: str
    status: int
    detail: str
    retryable: bool
    instance: str | None = None
    errors: list[dict[str, str]] | None = None


class StatementOut(_Answer):
    text: str
    status: Literal["supported", "inferred", "background"]
    evidence: list[int] = Field(description="Numbers of the article's sentences that carry it.")
    records: list[str] = Field(description="Ids of the dated records that carry it.")
    origin: Literal["written", "extracted", "edited"]


class SentenceOut(_Answer):
    n: int = Field(ge=1)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    paragraph: int = Field(ge=0)
    text: str


class ArticleOut(_Answer):
    title: str
    byline: str
    published: str
    language: str
    source: str
    url: str
    characters: int = Field(ge=0)
    characters_used: int = Field(ge=0)
    sentences: list[SentenceOut]
    text: str


class AnalystOut(_Answer):
    title: str
    sector: str
    lens: str
    beat: str


class PanelOut(_Answer):
    id: str
    name: str
    analysts: list[AnalystOut]


class RelevanceOut(_Answer):
    analyst: str
    sector: str
    score: int = Field(ge=1, le=10)
    expected: float = Field(ge=1, le=10)
    spread: float = Field(ge=0)
    reason: StatementOut | None


class SectorOut(_Answer):
    sector: str
    statements: list[StatementOut]


class SourceOut(_Answer):
    publisher: str
    title: str
    date: str
    url: str = Field(default="", description="Where it can be read, if that is known.")
    archive: bool = Field(default=False, description="Whether it is an earlier article of the newsroom's own.")


class RecordOut(_Answer):
    id: str
    date: str
    text: str
    sectors: list[str]
    source: SourceOut


class ComparisonOut(_Answer):
    statements: list[StatementOut]
    records: list[RecordOut]


class QuestionOut(_Answer):
    text: str
    about: list[int]


class FindingOut(_Answer):
    section: str
    text: str
    rule: str
    detail: str


class ChecksOut(_Answer):
    statements: int = Field(ge=0)
    supported: int = Field(ge=0)
    inferred: int = Field(ge=0)
    background: int = Field(ge=0)
    withheld: int = Field(ge=0)
    findings: list[FindingOut]


class ProvenanceOut(_Answer):
    model: str
    adapter: str
    prompts: str
    template: str
    seed: int
    generated_at: str
    label: str
    digital_source_type: str


class SectionTimeOut(_Answer):
    seconds: float
    tokens: int


class TimingOut(_Answer):
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    tokens_per_second: float
    stages: dict[str, float]
    sections: dict[str, SectionTimeOut] = {}


class Brief(_Answer):
    """A finished brief. What the command line prints has no id and no times: they are null there."""

    id: str | None
    status: Literal["done"]
    review: dict[str, Any] | None
    created_at: str | None
    finished_at: str | None
    article: ArticleOut
    panel: PanelOut
    relevance: list[RelevanceOut]
    summary: list[StatementOut]
    sectors: list[SectorOut]
    comparison: ComparisonOut
    questions: list[QuestionOut]
    takeaway: StatementOut | None
    checks: ChecksOut
    provenance: ProvenanceOut
    timing: TimingOut


class ProgressOut(_Answer):
    stage: str
    done: int
    total: int


class PanelName(_Answer):
    id: str
    name: str


class JobState(_Answer):
    """A job that isn't done, or a line of the list. `position` counts from 1, the next to be taken up."""

    id: str
    status: JobStatus
    created_at: str
    finished_at: str | None
    title: str
    url: str
    panel: PanelName
    position: int | None
    progress: ProgressOut | None
    error: Problem | None


class BriefList(_Answer):
    briefs: list[JobState]
    next: str | None = Field(description="The address of the next page, as in the Link header.")


class PanelList(_Answer):
    default: str
    panels: list[PanelOut]


class ModelOut(_Answer):
    spec: str
    name: str
    bytes: int
    licence: str
    cached: bool


class CurrentModel(_Answer):
    spec: str
    state: Literal["opening", "open", "failed"]
    detail: str


class ModelList(_Answer):
    current: CurrentModel
    models: list[ModelOut]


class Health(_Answer):
    status: str
    detail: str = ""
