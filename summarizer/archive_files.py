"""Reads past articles from files, for the archive: one at a time, however many there are.

In: paths of JSONL files (an object a line), of text, Markdown and HTML files (an article each), and of folders of
them. Out: articles with a date; and for whatever can't be taken, one line that says where and why. What can be read
is read by ingest, like any article. Nothing is stored here.

The object: title, byline, published, one of body, text and html, and url and source if known. It may stand under
"article". Other keys are left alone, since exports hold many.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from summarizer.errors import BadRequest, BriefError, InputError, NotFound, TooLarge
from summarizer.ingest import MAX_BYTES, ingest_file, ingest_text
from summarizer.types import Article

LINES = frozenset({".jsonl", ".ndjson"})
TEXTS = frozenset({".txt", ".md", ".markdown", ".html", ".htm"})
# A character may be written as \uXXXX, which is six bytes for one.
MAX_LINE = 6 * MAX_BYTES
WORDS = {"body": "auto", "text": "auto", "html": "html"}
FIELDS = ("title", "byline", "published", "source", "url")

Refuse = Callable[[str], None]


def past_articles(paths: Iterable[Path], refuse: Refuse, today: date) -> Iterator[Article]:
    """The articles of the files, in order. `refuse` is told of each one that can't be taken, and reading goes on.

    Raises NotFound for a path that isn't there, before anything is read."""
    given = list(paths)
    for path in given:
        if not path.exists():
            raise NotFound(f"There is no file or folder '{path}'.", "Check the path.")
    for path in (file for start in given for file in _files(start)):
        if path.suffix.lower() in LINES:
            yield from _of_lines(path, refuse, today)
            continue
        try:
            yield _dated(_with_date_of_name(ingest_file(path), path), today)
        except BriefError as error:
            refuse(f"{path}: {error}")


def _files(start: Path) -> Iterator[Path]:
    """The file itself, or what a folder holds, at any depth and in the order of the names."""
    if not start.is_dir():
        yield start
        return
    for folder, folders, names in os.walk(start):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in LINES | TEXTS)


def _of_lines(path: Path, refuse: Refuse, today: date) -> Iterator[Article]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                try:
                    if len(line) > MAX_LINE:
                        while line and not line.endswith(b"\n"):
                            line = file.readline(MAX_LINE)
                        raise TooLarge(f"The line is longer than {MAX_LINE:,} bytes.", "Put one article on each line.")
                    if line.strip():
                        yield _dated(_of_object(line), today)
                except BriefError as error:
                    refuse(f"{path}:{number}: {error}")
    except OSError as error:
        refuse(f"{path}: The file can't be read: {error.strerror}.")


def _of_object(line: bytes) -> Article:
    try:
        told: Any = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The line is not JSON in UTF-8: {str(error)[:100]}.") from error
    if isinstance(told, dict) and isinstance(told.get("article"), dict):
        told = told["article"]
    if not isinstance(told, dict):
        raise BadRequest("The line is not an object.", 'Write {"title": ..., "published": ..., "body": ...}.')
    words = [key for key in WORDS if told.get(key) is not None]
    if len(words) != 1:
        raise BadRequest("The article needs exactly one of body, text and html.")
    fields = {key: told[key] for key in FIELDS if told.get(key) is not None}
    for key, value in (*fields.items(), (words[0], told[words[0]])):
        if not isinstance(value, str):
            raise BadRequest(f"{key} must be a text.")
    clean = {key: value.encode("utf-8", "replace").decode().replace("\0", "") for key, value in fields.items()}
    if clean.get("url") and not re.match(r"https?://[^\s/]", clean["url"]):
        raise BadRequest(f"url must be an http or https address, not '{clean['url'][:60]}'.")
    text = told[words[0]].encode("utf-8", "replace").decode()
    return ingest_text(text, kind="html" if words == ["html"] else "auto", **clean)


def _with_date_of_name(article: Article, path: Path) -> Article:
    """Where the text has no date, one that the file's name holds: 2003-10-15-shenzhou.txt. A file's name is no
    publisher, so it doesn't become the source."""
    day = re.search(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", path.name)
    source = "" if article.source == path.name else article.source
    return replace(article, published=article.published or (day.group() if day else ""), source=source)


def _dated(article: Article, today: date) -> Article:
    """The article, if it can be compared with others. Raises InputError."""
    if not article.published:
        raise BadRequest("The article has no date of publication.", "Give one as YYYY-MM-DD.")
    try:
        day = date.fromisoformat(article.published)
    except ValueError as error:
        raise BadRequest(f"'{article.published}' is no date.", "Give one as YYYY-MM-DD.") from error
    if day > today:
        raise InputError(f"The article is dated {article.published}, which has not come yet.", "Correct its date.")
    return article
