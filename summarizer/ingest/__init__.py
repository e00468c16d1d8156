"""What was handed in becomes an `Article`: bytes, text, a file or a web page in; clean English prose out.

    ingest_bytes, ingest_file, ingest_url -> decode (bytes to characters) ┐
    ingest_text -----------------------------------------------------------┴-> page or layout -> Article

After this the text never changes: NFC, "\\n\\n" between paragraphs, a single "\\n" only before an item of a
list, no control or invisible characters, title and byline no part of it. What isn't an article in English is
refused with an InputError. This package judges no content and knows no model; it writes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from summarizer.errors import BadRequest, EmptyInput, NotFound, TooLarge, TooShort
from summarizer.ingest.decode import Kind, clean, decode, kind_of, one_line
from summarizer.ingest.language import require_english
from summarizer.ingest.layout import Parts, iso_date, lay_out, word_count
from summarizer.types import Article

MAX_BYTES = 1_000_000
"""About 160,000 words; a novel is shorter. Larger input is refused before it is decoded."""

MIN_WORDS = 40
"""Fewer words leave nothing to brief about; a short wire item has 60 or more."""

__all__ = ["MAX_BYTES", "MIN_WORDS", "Kind", "ingest_bytes", "ingest_file", "ingest_text", "ingest_url"]


def ingest_bytes(data: bytes, *, kind: Kind = "auto", name: str = "", url: str = "", charset: str = "") -> Article:
    """An article from bytes. Kind "auto" goes by the ending of `name` and then by the content; `charset` is
    what a server declared, "" for nothing."""
    if len(data) > MAX_BYTES:
        raise _too_large()
    text = decode(data, charset)
    return _article(text, kind, name, Parts(source=Path(name).name, url=url))


def ingest_text(
    text: str,
    *,
    kind: Kind = "auto",
    title: str = "",
    byline: str = "",
    published: str = "",
    source: str = "",
    url: str = "",
) -> Article:
    """An article from characters. What is given by name wins over what is found in the text."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise _too_large()
    date = iso_date(published)
    if published.strip() and not date:
        raise BadRequest(
            f"'{one_line(published)[:40]}' is no date that can be read.",
            "Give the date of publication as YYYY-MM-DD.",
        )
    return _article(text, kind, "", Parts(text, title, byline, date, source, url))


def ingest_file(path: str | os.PathLike[str], *, kind: Kind = "auto") -> Article:
    """An article from a file; at most MAX_BYTES of it are read."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as exc:
        raise NotFound(f"There is no file '{name}'.", "Check the path.") from exc
    except IsADirectoryError as exc:
        raise NotFound(f"'{name}' is a directory, not a file.", "Name one file in it.") from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise NotFound(f"The file '{name}' can't be read ({reason}).", "Check the path and its rights.") from exc
    return ingest_bytes(data, kind=kind, name=name)


def ingest_url(url: str, *, allow_private: bool = False, timeout: float = 20.0) -> Article:
    """An article from a web page, within `timeout` seconds in all.

    Addresses inside private networks are refused unless `allow_private`: the service fetches for strangers.
    """
    from summarizer.ingest.fetch import fetch

    page = fetch(url, MAX_BYTES, allow_private=allow_private, timeout=timeout)
    return ingest_bytes(page.body, kind=page.kind, url=page.url, charset=page.charset)


def _too_large() -> TooLarge:
    return TooLarge(
        f"The article is larger than {MAX_BYTES:,} bytes.",
        "Send the text of one article, without pictures or attachments.",
    )


def _article(text: str, kind: Kind, name: str, given: Parts) -> Article:
    if not text.strip():
        raise _empty()
    if kind == "auto":
        kind = kind_of(text, name)
    if kind == "html":
        from summarizer.ingest.page import read_page

        found = read_page(text, given.url)
    elif kind == "markdown":
        from summarizer.ingest.markdown import read_markdown

        found = read_markdown(text)
    else:
        found = Parts(text)
    given = Parts(
        clean(found.text),
        one_line(given.title) or one_line(found.title),
        one_line(given.byline) or one_line(found.byline),
        given.published or found.published,
        one_line(found.source) or one_line(given.source) or _host(given.url),
        given.url.strip() or found.url,
    )
    parts = lay_out(given)
    words = word_count(parts.text)
    if not words:
        raise _empty()
    require_english(parts.text)
    if words < MIN_WORDS:
        raise TooShort(
            f"The article has {words} word{'s' if words != 1 else ''}; at least {MIN_WORDS} are needed.",
            "Send the whole body of the article, not only its headline.",
        )
    return Article(parts.text, parts.title, parts.byline, parts.published, "en", parts.source, parts.url)


def _empty() -> EmptyInput:
    return EmptyInput("There is no text to read.", "Send the text of an article.")


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
