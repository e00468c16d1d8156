"""From a request to an article: what is sent as JSON, as a bare text, or with the form.

In: a parsed request or bytes. Out: an Article that ingest has accepted, so that a job is only queued for
something that can be read. These functions block (they parse, and fetch addresses) and belong in a thread.
"""

from __future__ import annotations

from dataclasses import replace

from service.core import Core, Kind
from service.requests import BriefRequest
from summarizer import Article, BadRequest, EmptyInput

# What a body may be sent as, and how it is read.
RAW_TYPES: dict[str, Kind] = {"text/plain": "text", "text/markdown": "markdown", "text/html": "html"}


def from_request(core: Core, request: BriefRequest) -> Article:
    """The article of a JSON request."""
    title = _line(request.title or "")
    if request.text is not None:
        return core.ingest_text(request.text, kind="auto", title=title)
    if request.html is not None:
        return core.ingest_text(request.html, kind="html", title=title)
    if request.url is not None:
        article = core.ingest_url(request.url)
        return replace(article, title=title or article.title)
    assert request.article is not None  # the schema demands exactly one of the four
    document = request.article
    return core.ingest_text(
        document.words,
        kind="auto",
        title=title or _line(document.title),
        byline=_line(document.byline),
        published=document.published,
    )


def from_bytes(core: Core, data: bytes, content_type: str, title: str = "", name: str = "") -> Article:
    """The article of a body that is the text itself, or of an uploaded file."""
    kind = RAW_TYPES.get(content_type.partition(";")[0].strip().lower(), "auto")
    _, _, charset = content_type.lower().partition("charset=")
    charset = charset.partition(";")[0].strip(" \"'")
    # A browser calls a Markdown file text/plain, or nothing at all; the file's name says more.
    article = core.ingest_bytes(data, kind="auto" if name else kind, name=scrub(name), charset=charset)
    return replace(article, title=_line(title) or article.title)


def only_one(text: str, url: str, has_file: bool) -> None:
    """Check that a form holds exactly one article."""
    given = [name for name, there in (("a text", text.strip()), ("an address", url), ("a file", has_file)) if there]
    if not given:
        raise EmptyInput("There is no article.", "Paste a text, give an address or choose a file.")
    if len(given) > 1:
        raise BadRequest(f"There are {' and '.join(given)}.", "Give only one of them.")


def scrub(text: str) -> str:
    """Text that can be stored: half of a surrogate pair becomes a question mark, NUL vanishes."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _line(text: str) -> str:
    return " ".join(scrub(text).split())
