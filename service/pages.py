"""What each page is given, and how a page becomes HTML.

In: one frozen dataclass a page. Out: HTML text, everything in it escaped. Not here: routes, the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    name: str
    readers: str


@dataclass(frozen=True, slots=True)
class FormPage:
    """`values` are what was typed, given back when something is wrong with it (`error`)."""

    panels: Sequence[Choice]
    values: Mapping[str, str]
    error: str
    model: str
    model_ready: bool
    template = "form.html.j2"


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A job without a brief: queued, running, failed or cancelled. `note` says where it stands."""

    id: str
    title: str
    status: str
    note: str
    done: int
    total: int
    template = "waiting.html.j2"


@dataclass(frozen=True, slots=True)
class ReportPage:
    id: str
    title: str
    byline: str
    published: str
    url: str
    panel: str
    created: str
    characters: int
    characters_used: int
    fragment: Markup
    checks: Mapping[str, Any]
    provenance: Mapping[str, Any]
    seconds: float
    template = "report.html.j2"


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    title: str
    panel: str
    status: str
    created: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    lines: Sequence[Line]
    q: str
    status: str
    next: str
    template = "history.html.j2"


@dataclass(frozen=True, slots=True)
class ErrorPage:
    status: int
    title: str
    detail: str
    template = "error.html.j2"


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    parameters: Sequence[Mapping[str, Any]]
    examples: Sequence[tuple[str, str, str]]  # content type, summary, text
    responses: Sequence[tuple[str, str, str]]  # status, description, content types


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    description: str
    fields: Sequence[tuple[str, str, bool, str]]  # name, type, required, description


@dataclass(frozen=True, slots=True)
class DocsPage:
    operations: Sequence[Operation]
    components: Sequence[Component]
    problems: Sequence[tuple[int, str, str]]  # status, type, title
    template = "docs.html.j2"


Page = FormPage | WaitingPage | ReportPage | HistoryPage | ErrorPage | DocsPage


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders pages; strict about names that a template uses and a page lacks."""

    environment: Environment = field(default_factory=lambda: _environment())

    def render(self, page: Page) -> str:
        return self.environment.get_template(page.template).render(page=page)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = with_code
    return environment


def with_code(text: str) -> Markup:
    """Escaped text in which what stands between backquotes is code."""
    parts = [Markup("<code>%s</code>") % part if i % 2 else escape(part) for i, part in enumerate(text.split("`"))]
    return Markup("").join(parts)
