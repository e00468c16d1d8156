"""Renders a Brief as plain text, Markdown, an HTML fragment or the JSON of the contract.

In: a Brief. Out: text, or a plain dict. The three templates are in `templates/`, strict about undefined names;
HTML is escaped. `brief_from_dict` reads the JSON form back, so that a stored brief can be rendered again.
"""

from __future__ import annotations

import hashlib
import re
import string
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from summarizer.errors import UnknownName
from summarizer.types import (
    Analyst,
    Article,
    Brief,
    Checks,
    Comparison,
    Finding,
    Panel,
    Provenance,
    Question,
    Rating,
    Reading,
    Record,
    Relevance,
    SectionTime,
    SectorSection,
    Sentence,
    Source,
    Statement,
    Timing,
)
from summarizer.words import written_date

Format = Literal["text", "markdown", "html", "json"]
FORMATS: tuple[str, ...] = get_args(Format)
TEMPLATES = {"text": "brief.txt.j2", "markdown": "brief.md.j2", "html": "brief.html.j2"}
DIRECTORY = Path(__file__).parent / "templates"
# What stands in for a section of which nothing survived the checks.
NOTHING = "Nothing that could be said here is carried by the article, so nothing is said."
NO_RECORD = "No supporting record found."
FEWER_QUESTIONS = "Fewer than five questions passed the checks."


def render(brief: Brief, format: str = "text") -> str:
    """The brief as text, Markdown, HTML (a fragment) or JSON. Raises UnknownName for another format."""
    if format == "json":
        import json

        return json.dumps(brief_to_dict(brief), ensure_ascii=False, indent=2) + "\n"
    if format not in TEMPLATES:
        raise UnknownName(f"There is no format called {format!r}.", f"Choose one of: {', '.join(FORMATS)}.")
    return (
        _environment()
        .get_template(TEMPLATES[format])
        .render(brief=brief, nothing=NOTHING, no_record=NO_RECORD, fewer_questions=FEWER_QUESTIONS)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(DIRECTORY),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
    )
    environment.filters["markdown"] = escape_markdown
    environment.filters["line"] = one_line
    environment.filters["paragraph"] = paragraph
    environment.filters["date"] = written_date
    environment.filters["destination"] = link_destination
    return environment


@lru_cache(maxsize=1)
def template_version() -> str:
    """A hash of the templates' contents."""
    digest = hashlib.sha256()
    for path in sorted(DIRECTORY.glob("*.j2")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def one_line(text: str) -> str:
    """An article's sentence may hold a line break; a line of a brief may not."""
    return " ".join(text.split())


def paragraph(statements: tuple[Statement, ...]) -> str:
    return " ".join(one_line(statement.text) for statement in statements)


def escape_markdown(text: str) -> str:
    """The text so that a Markdown reader shows it as it is: CommonMark's escapable punctuation that can begin
    a construct, and HTML's `<` and `&`."""
    text = re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", one_line(text)).replace("&", "&amp;")
    return re.sub(r"^(\s*)([-+]|\d+(?=[.)]))", r"\1\\\2" if not text[:1].isdigit() else r"\1\2", text)


def link_destination(url: str) -> str:
    """An address as the pointed destination of a Markdown link, which ends at a bracket or a line's end."""
    return "<" + quote(url, safe=string.punctuation.translate({ord(c): None for c in "<>\\"})) + ">"


# --- JSON ----------------------------------------------------------------------------------------------------


def brief_to_dict(brief: Brief) -> dict[str, Any]:
    """The brief as plain data, with the keys of the contract. A brief that isn't stored has no id and no
    times of a job; the service fills them in."""
    article, reading = brief.reading.article, brief.reading
    return {
        "id": None,
        "status": "done",
        "review": None,
        "created_at": None,
        "finished_at": None,
        "article": {
            "title": article.title,
            "byline": article.byline,
            "published": article.published,
            "language": article.language,
            "source": article.source,
            "url": article.url,
            "characters": len(article.text),
            "characters_used": reading.characters_used,
            "sentences": [
                {
                    "n": s.n,
                    "start": s.start,
                    "end": s.end,
                    "paragraph": s.paragraph,
                    "text": reading.text_of(s.n),
                }
                for s in reading.sentences
            ],
            "text": article.text,
        },
        "panel": {
            "id": brief.panel.id,
            "name": brief.panel.name,
            "analysts": [
                {"title": a.title, "sector": a.sector, "lens": a.lens, "beat": a.beat} for a in brief.panel.analysts
            ],
        },
        "relevance": [
            {
                "analyst": r.analyst,
                "sector": r.sector,
                "score": r.rating.score,
                "expected": r.rating.expected,
                "spread": r.rating.spread,
                "reason": _statement(r.reason) if r.reason else None,
            }
            for r in brief.relevance
        ],
        "summary": [_statement(s) for s in brief.summary],
        "sectors": [
            {"sector": section.sector, "statements": [_statement(s) for s in section.statements]}
            for section in brief.sectors
        ],
        "comparison": {
            "statements": [_statement(s) for s in brief.comparison.statements],
            "records": [
                {
                    "id": record.id,
                    "date": record.date,
                    "text": record.text,
                    "sectors": list(record.sectors),
                    "source": {
                        "publisher": record.source.publisher,
                        "title": record.source.title,
                        "date": record.source.date,
                        "url": record.source.url,
                        "archive": record.source.archive,
                    },
                }
                for record in brief.comparison.records
            ],
        },
        "questions": [{"text": q.text, "about": list(q.about)} for q in brief.questions],
        "takeaway": _statement(brief.takeaway) if brief.takeaway else None,
        "checks": {
            "statements": brief.checks.statements,
            "supported": brief.checks.supported,
            "inferred": brief.checks.inferred,
            "background": brief.checks.background,
            "withheld": brief.checks.withheld,
            "findings": [
                {"section": f.section, "text": f.text, "rule": f.rule, "detail": f.detail}
                for f in brief.checks.findings
            ],
        },
        "provenance": {
            key: getattr(brief.provenance, key)
            for key in (
                "model",
                "adapter",
                "prompts",
                "template",
                "seed",
                "generated_at",
                "label",
                "digital_source_type",
            )
        },
        "timing": {
            "seconds": brief.timing.seconds,
            "prompt_tokens": brief.timing.prompt_tokens,
            "completion_tokens": brief.timing.completion_tokens,
            "tokens_per_second": brief.timing.tokens_per_second,
            "stages": dict(brief.timing.stages),
            "sections": {
                kind: {"seconds": time.seconds, "tokens": time.tokens} for kind, time in brief.timing.sections
            },
        },
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "text": statement.text,
        "status": statement.status,
        "evidence": list(statement.evidence),
        "records": list(statement.records),
        "origin": statement.origin,
    }


def brief_from_dict(data: dict[str, Any]) -> Brief:
    """The brief that `brief_to_dict` gave. KeyError or TypeError for a dict of another shape."""
    told = data["article"]
    article = Article(
        **{key: told[key] for key in ("text", "title", "byline", "published", "language", "source", "url")}
    )
    sentences = tuple(Sentence(s["n"], s["start"], s["end"], s["paragraph"]) for s in told["sentences"])
    analysts = tuple(Analyst(a["title"], a["sector"], a["lens"], a["beat"]) for a in data["panel"]["analysts"])
    checks = data["checks"]
    return Brief(
        reading=Reading(article, sentences, told["characters_used"]),
        panel=Panel(data["panel"]["id"], data["panel"]["name"], analysts),
        relevance=tuple(
            Relevance(
                r["analyst"],
                r["sector"],
                Rating(r["score"], r["expected"], r["spread"]),
                _read_statement(r["reason"]) if r["reason"] else None,
            )
            for r in data["relevance"]
        ),
        summary=_read_statements(data["summary"]),
        sectors=tuple(SectorSection(s["sector"], _read_statements(s["statements"])) for s in data["sectors"]),
        comparison=Comparison(
            _read_statements(data["comparison"]["statements"]),
            tuple(
                Record(r["id"], r["date"], r["text"], tuple(r["sectors"]), Source(**r["source"]))
                for r in data["comparison"]["records"]
            ),
        ),
        questions=tuple(Question(q["text"], tuple(q["about"])) for q in data["questions"]),
        takeaway=_read_statement(data["takeaway"]) if data["takeaway"] else None,
        checks=Checks(**{**checks, "findings": tuple(Finding(**f) for f in checks["findings"])}),
        provenance=Provenance(**data["provenance"]),
        timing=_read_timing(data["timing"]),
    )


def _read_timing(data: dict[str, Any]) -> Timing:
    sections = data.get("sections", {})  # briefs that were stored by earlier versions have none
    return Timing(
        **{
            **data,
            "stages": tuple(data["stages"].items()),
            "sections": tuple((kind, SectionTime(**time)) for kind, time in sections.items()),
        }
    )


def _read_statements(rows: list[dict[str, Any]]) -> tuple[Statement, ...]:
    return tuple(map(_read_statement, rows))


def _read_statement(row: dict[str, Any]) -> Statement:
    return Statement(row["text"], row["status"], tuple(row["evidence"]), tuple(row["records"]), row["origin"])
