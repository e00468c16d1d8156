"""The published schema of requests.

In: JSON bodies, checked strictly: no coercion, no unknown fields. Out: a BriefRequest, or an error that names
the fields. Not here: whether an article is fit to be read; that is ingest's business.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from service.problems import InvalidField, MalformedBody
from summarizer import Options

SectionName = Literal["reason", "summary", "sector", "comparison", "question", "takeaway"]
SOURCES = ("text", "html", "url", "article")
MAX_SEED = 2**31 - 1


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NewsDocument(_Body):
    """A newsroom document in its simple form: exactly one of `body` and `text`, which mean the same."""

    title: str = Field(default="", max_length=1_000)
    byline: str = Field(default="", max_length=1_000)
    published: str = Field(default="", max_length=40, description="An ISO 8601 date or time; the date is kept.")
    body: str | None = None
    text: str | None = None

    @field_validator("published")
    @classmethod
    def _is_date(cls, value: str) -> str:
        return iso_date(value)

    @model_validator(mode="after")
    def _one_text(self) -> NewsDocument:
        if (self.body is None) == (self.text is None):
            raise ValueError("give exactly one of body and text")
        return self

    @property
    def words(self) -> str:
        return self.body if self.body is not None else self.text or ""


class OptionsBody(_Body):
    seed: int = Field(default=0, ge=0, le=MAX_SEED, description="The same seed gives the same brief.")
    candidates: int = Field(default=2, ge=1, le=8, description="Texts tried for each section.")
    sections: list[SectionName] = Field(default=[], max_length=6, description="The kinds wanted; empty means all.")

    def options(self) -> Options:
        return Options(seed=self.seed, candidates=self.candidates, sections=frozenset(self.sections))


def _not_yet(value: object) -> object:
    raise ValueError("callbacks are not available yet; leave this field out and ask for the brief by its id")


class BriefRequest(_Body):
    """An article, as exactly one of `text`, `html`, `url` and `article`, and what is wanted of it."""

    text: str | None = Field(default=None, description="Plain text or Markdown.")
    html: str | None = Field(default=None, description="A web page, of which the article is taken.")
    url: str | None = Field(default=None, max_length=4_000, description="An http or https address to fetch.")
    article: NewsDocument | None = None
    title: str | None = Field(default=None, max_length=1_000, description="Replaces the title that is found.")
    panel: str | None = Field(
        default=None, max_length=100, description="One of GET /v1/panels; default: the service's."
    )
    options: OptionsBody = OptionsBody()
    callback_url: Annotated[str | None, BeforeValidator(_not_yet)] = Field(
        default=None, description="Reserved. Refused with 422 until callbacks exist.", deprecated=True
    )

    @field_validator("url")
    @classmethod
    def _is_web(cls, value: str | None) -> str | None:
        if value is None or is_web_address(value):
            return value
        raise ValueError("must be an http or https address")

    @field_validator("title", "panel")
    @classmethod
    def _no_control(cls, value: str | None) -> str | None:
        if value is not None and any(ord(char) < 32 and char not in "\t\n\r" for char in value):
            raise ValueError("must not contain control characters")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> BriefRequest:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            had = f"there are {' and '.join(given)}" if given else "there is none"
            raise ValueError(f"give exactly one of text, html, url and article; {had}")
        return self


def parse_request(body: bytes) -> BriefRequest:
    """A request from JSON bytes. Raises MalformedBody for what isn't JSON, InvalidField for the rest."""
    try:
        return BriefRequest.model_validate_json(body)
    except ValidationError as error:
        raise _ours(error) from error


def parse_options(values: dict[str, Any]) -> OptionsBody:
    try:
        return OptionsBody.model_validate(values)
    except ValidationError as error:
        raise _ours(error) from error


def _ours(error: ValidationError) -> InvalidField | MalformedBody:
    rows = error.errors(include_url=False, include_input=False, include_context=False)
    if rows[0]["type"] == "json_invalid":
        reason = rows[0]["msg"].removeprefix("Invalid JSON: ")
        return MalformedBody(f"The body is not valid JSON: {reason}.", "Send one JSON object in UTF-8.")
    found = [
        (".".join(str(part)[:60] for part in row["loc"]), row["msg"].removeprefix("Value error, ")) for row in rows[:20]
    ]
    return InvalidField(found, "GET /openapi.json describes every field.")


def iso_date(value: str) -> str:
    """The date of an ISO 8601 date or time as YYYY-MM-DD; "" stays "". ValueError for anything else."""
    if not value:
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise ValueError("must be an ISO 8601 date such as 2024-05-31") from None


def is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
