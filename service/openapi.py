"""What /openapi.json says beyond the routes' own signatures: bodies, examples, problems.

Out: keyword arguments for the routes, and `describe`, which completes the generated document. A test posts
every example.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import negotiate, requests, schema
from service.problems import MEDIA_TYPE as PROBLEM
from service.problems import TABLE

REF = "#/components/schemas/"
TEXT = {"schema": {"type": "string"}}

STORY = (
    "HARBOUR CITY, 3 May 2024 - The port authority of Harbour City said on Friday that it will spend "
    "240 million dollars on a second container terminal. Construction is to begin in March 2025 and to "
    "end in 2028, said Maria Okafor, who heads the authority. The terminal will handle 600,000 "
    "containers a year, about a third more than the port moves today. A loan from the national "
    "investment bank covers 150 million dollars; the rest comes from the authority's own funds. Two "
    "shipping lines have signed letters of intent, but the authority did not name them. Residents of "
    "the old fishing quarter object to the plan and have asked a court to halt it."
)
PAGE = (
    '<!doctype html><html lang="en"><head><title>Port plans second terminal</title></head><body><article>'
    f"<h1>Port plans second terminal</h1><p>{STORY}</p></article></body></html>"
)

# (content type, name) -> (summary, value). All are answered with 202.
EXAMPLES: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "application/json": {
        "text": {"summary": "A pasted text", "value": {"text": STORY}},
        "options": {
            "summary": "With title, panel and options",
            "value": {
                "text": STORY,
                "title": "Port plans second terminal",
                "panel": "space",
                "options": {"seed": 7, "candidates": 2, "sections": []},
            },
        },
        "html": {"summary": "A web page", "value": {"html": PAGE}},
        "article": {
            "summary": "A newsroom document",
            "value": {
                "article": {
                    "title": "Port plans second terminal",
                    "byline": "A. Reporter",
                    "published": "2024-05-03",
                    "body": STORY,
                }
            },
        },
        "url": {"summary": "An address", "value": {"url": "https://example.com/news/second-terminal"}},
    },
    "text/plain": {"text": {"summary": "The text itself", "value": STORY}},
    "text/markdown": {"markdown": {"summary": "Markdown", "value": f"# Port plans second terminal\n\n{STORY}\n"}},
    "text/html": {"page": {"summary": "A web page", "value": PAGE}},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem answers by status, each with the titles that occur under it."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        titles = sorted({title for code, title in TABLE.values() if code == status})
        found[status] = {
            "description": "; ".join(titles),
            "content": {PROBLEM: {"schema": {"$ref": REF + "Problem"}}},
        }
    return found


def _parameter(name: str, place: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": False, "description": description, "schema": schema}


_FORMAT = _parameter("format", "query", "Goes before the Accept header.", type="string", enum=list(negotiate.MEDIA))
_FORMATS = {
    "application/json": {"schema": {"$ref": REF + "Brief"}},
    "text/plain": TEXT,
    "text/markdown": TEXT,
    "text/html": TEXT,
}
_LOCATION = {"Location": {"description": "The address of the brief.", "schema": {"type": "string"}}}
_STATE = {"application/json": {"schema": {"$ref": REF + "JobState"}}}

CREATE: dict[str, Any] = {
    "status_code": 202,
    "description": (
        "The article is one of `text`, `html`, `url` and `article`, or the body itself as text/plain, "
        "text/markdown or text/html. It is read and checked before the answer; the brief is written "
        "afterwards. With `Prefer: wait=N` the answer waits up to N seconds, and is the brief if it is ready."
    ),
    "responses": {
        201: {"description": "With `Prefer: wait=N`: the brief", "headers": _LOCATION, "content": _FORMATS},
        202: {"description": "Accepted; ask again at Location", "headers": _LOCATION, "content": _STATE},
        **problems(400, 403, 406, 413, 415, 422, 429, 502, 503),
    },
    "openapi_extra": {
        "parameters": [
            _parameter("Prefer", "header", "RFC 7240, for example wait=30.", type="string"),
            _FORMAT,
            _parameter("panel", "query", "For a body that is the text itself.", type="string"),
            _parameter("title", "query", "For a body that is the text itself.", type="string"),
            _parameter("seed", "query", "For a body that is the text itself.", type="integer"),
            _parameter("candidates", "query", "For a body that is the text itself.", type="integer"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                media: {
                    "schema": {"$ref": REF + "BriefRequest"} if media == "application/json" else {"type": "string"},
                    "examples": dict(examples),
                }
                for media, examples in EXAMPLES.items()
            },
        },
    },
}
GET_BRIEF: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The brief; as JSON also the state of a job that isn't done",
            "content": {
                **_FORMATS,
                "application/json": {"schema": {"oneOf": [{"$ref": REF + "Brief"}, {"$ref": REF + "JobState"}]}},
            },
        },
        202: {
            "description": "As text: a sentence, since the brief isn't ready",
            "content": {"text/plain": TEXT},
        },
        304: {"description": "Not changed since the ETag of If-None-Match"},
        **problems(404, 406, 409, 422),
    },
    "openapi_extra": {"parameters": [_FORMAT]},
}
EVENTS: dict[str, Any] = {
    "description": (
        "Events `state`, `progress` and `done`, each with the job's state as data; `deleted` if it goes. "
        "A client that sends Last-Event-ID gets what has changed since."
    ),
    "responses": {
        200: {"description": "Server-sent events", "content": {"text/event-stream": TEXT}},
        **problems(404),
    },
}
METRICS: dict[str, Any] = {"responses": {200: {"description": "Metrics", "content": {"text/plain": TEXT}}}}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Completes the generated document, in place, with all named components."""
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (schema.Brief, requests.BriefRequest, schema.JobState, schema.Problem):
        described = model.model_json_schema(ref_template=REF + "{model}")
        for name, definition in described.pop("$defs", {}).items():
            components.setdefault(name, definition)
        components[model.__name__] = described
    # Wrong parameters give problem documents, never the framework's own error.
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            wrong = operation["responses"].get("422")
            if wrong and "HTTPValidationError" in str(wrong):
                del operation["responses"]["422"]
    return document
