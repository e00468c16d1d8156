"""Errors as RFC 9457 problem documents, and the table from error class to HTTP status.

    BriefError (summarizer.errors)
    └── ServiceError            what only the HTTP side can meet
        ├── MalformedBody       a body that can't be parsed
        ├── InvalidField        a body that parses, with fields that are wrong; lists them
        ├── UnsupportedType     a Content-Type that isn't read
        ├── NoSuchBrief         an id that isn't there (any more)
        ├── NoSuchPage          no such route, or the wrong method for it
        ├── NotAcceptable       no format that the Accept header allows
        ├── Unfinished          there is no brief, because the job failed or was cancelled
        ├── QueueFull           as many jobs wait as may
        ├── NotReady            the model can't be opened
        ├── CrossSite           a form of another site
        ├── Interrupted         a job whose worker stopped each time it was begun
        └── Unforeseen          a fault of ours; its cause is in the log and not in the answer

Out: status, problem document, response. `detail` is the sentence that the command line prints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

import summarizer as core
from summarizer import BriefError


class ServiceError(BriefError):
    slug = "service-error"


class MalformedBody(ServiceError):
    slug = "malformed-body"


class InvalidField(ServiceError):
    """`errors` holds (field, what is wrong) pairs."""

    slug = "invalid-field"

    def __init__(self, errors: Sequence[tuple[str, str]], hint: str = "") -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(_sentence(field, what) for field, what in self.errors[:3]), hint)


class UnsupportedType(ServiceError):
    slug = "unsupported-content-type"


class NoSuchBrief(ServiceError):
    slug = "no-such-brief"


class NoSuchPage(ServiceError):
    slug = "no-such-page"


class WrongMethod(NoSuchPage):
    slug = "wrong-method"


class NotAcceptable(ServiceError):
    slug = "not-acceptable"


class Unfinished(ServiceError):
    slug = "no-brief"


class QueueFull(ServiceError):
    slug = "queue-full"
    retryable = True


class NotReady(ServiceError):
    slug = "not-ready"
    retryable = True


class CrossSite(ServiceError):
    slug = "cross-site"


class Interrupted(ServiceError):
    slug = "interrupted"


class Unforeseen(ServiceError):
    slug = "internal-error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side.", "The cause is in the service's log.")


# The nearest class in an error's ancestry decides.
TABLE: Mapping[type[BriefError], tuple[int, str]] = {
    BriefError: (500, "Error"),
    core.InputError: (422, "The article can't be used"),
    core.EmptyInput: (422, "Nothing to read"),
    core.TooShort: (422, "The article is too short"),
    core.TooLarge: (413, "The article is too large"),
    core.NotText: (422, "Not a text"),
    core.NotEnglish: (422, "Not in English"),
    core.NotFound: (422, "The article can't be fetched"),
    core.BadRequest: (422, "The request makes no sense"),
    core.UnknownName: (422, "Unknown name"),
    core.ConfigError: (500, "Wrong configuration"),
    core.ModelError: (503, "The model can't be used"),
    core.WeightsUnavailable: (503, "The model can't be fetched"),
    core.WeightsCorrupt: (503, "The model's file is damaged"),
    core.NoSpace: (507, "The disk is full"),
    core.UnsupportedModel: (503, "The model isn't supported"),
    core.ContextTooSmall: (503, "The model's context is too small"),
    core.RemoteError: (502, "The remote engine failed"),
    core.Cancelled: (409, "Cancelled"),
    MalformedBody: (400, "The request can't be read"),
    InvalidField: (422, "A field is wrong"),
    UnsupportedType: (415, "Unsupported content type"),
    NoSuchBrief: (404, "No such brief"),
    NoSuchPage: (404, "No such page"),
    WrongMethod: (405, "Wrong method"),
    NotAcceptable: (406, "No acceptable format"),
    Unfinished: (409, "There is no brief"),
    QueueFull: (429, "The queue is full"),
    NotReady: (503, "The service isn't ready"),
    CrossSite: (403, "From another site"),
    Interrupted: (500, "Interrupted"),
    Unforeseen: (500, "Internal error"),
    ServiceError: (500, "Error"),
}

PROBLEM_TYPE = "urn:analyst-brief:problem:"
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 10  # seconds; about a fifth of a brief on two cores


def status_of(error: BriefError) -> int:
    return _row(error)[0]


def problem(error: BriefError, instance: str = "") -> dict[str, Any]:
    """The problem document of an error; `instance` is the path of the request or of the job."""
    status, title = _row(error)
    document: dict[str, Any] = {
        "type": PROBLEM_TYPE + error.slug,
        "title": title,
        "status": status,
        "detail": str(error),
        "retryable": error.retryable,
    }
    if instance:
        document["instance"] = instance
    if isinstance(error, InvalidField):
        document["errors"] = [{"field": field, "detail": what} for field, what in error.errors]
    return document


def problem_response(error: BriefError, instance: str = "", headers: Mapping[str, str] | None = None) -> Response:
    document = problem(error, instance)
    extra = dict(headers or {})
    if error.retryable:
        extra.setdefault("Retry-After", str(RETRY_AFTER))
    extra.setdefault("Cache-Control", "no-store")
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, document["status"], extra, MEDIA_TYPE)


def _row(error: BriefError) -> tuple[int, str]:
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


def _sentence(field: str, what: str) -> str:
    what = what[:1].lower() + what[1:]
    return f"In {field}: {what.rstrip('.')}." if field else f"{what[:1].upper()}{what[1:].rstrip('.')}."
