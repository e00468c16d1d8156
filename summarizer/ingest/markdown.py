"""Markdown to plain paragraphs: front matter and the first `# heading` give title, author and date; emphasis,
links, code and HTML are reduced to their text, and a list to one line an item. Pictures are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from summarizer.ingest.layout import Parts, iso_date

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT = re.compile(r"\s*(---|\+\+\+)[^\S\n]*\n(.*?)\n\1[^\S\n]*(?:\n|$)", re.S)
_FIELD = re.compile(r"([A-Za-z_][\w-]*)\s*[:=]\s*(.*)")


def read_markdown(text: str) -> Parts:
    from markdown_it import MarkdownIt

    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    known = Parts()
    if front := _FRONT.match(text):
        known = _front_matter(front[2])
        text = text[front.end() :]
    # Nesting is bounded: no article has twenty quotations inside each other; deep ones take quadratic time.
    parser = MarkdownIt("commonmark", {"maxNesting": 20}).enable(["table", "strikethrough"])
    blocks: list[str] = []
    for kind, block in _blocks(parser.parse(text)):
        if kind == "h1" and not blocks and not known.title:
            known = replace(known, title=block)
        elif kind == "item" and blocks:
            blocks[-1] += f"\n- {block}"
        elif block:
            blocks.append(f"- {block}" if kind == "item" else block)
    return replace(known, text="\n\n".join(blocks))


def _front_matter(text: str) -> Parts:
    """The fields that concern us, of the simple forms `key: value`, `key: [a, b]` and a list of `- a` lines;
    anything else in front matter is passed over."""
    fields: dict[str, list[str]] = {}
    key = ""
    for line in text.split("\n"):
        if found := _FIELD.match(line):
            key = found[1].lower()
            value = found[2].strip()
            inner = value[1:-1].split(",") if value[:1] == "[" and value[-1:] == "]" else [value]
            fields[key] = [v for item in inner if (v := item.strip().strip("\"'"))]
        elif key and (item := line.strip()).startswith("- "):
            fields[key].append(item[2:].strip().strip("\"'"))

    def value_of(*keys: str) -> str:
        return next((", ".join(fields[k]) for k in keys if fields.get(k)), "")

    return Parts(
        title=value_of("title", "headline"),
        byline=value_of("author", "authors", "byline"),
        published=iso_date(value_of("date", "published", "pubdate")),
        source=value_of("source", "publication", "publisher"),
        url=value_of("url", "canonical_url", "canonical"),
    )


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """("h1" | "p" | "item", text) for each block, in order."""
    kind = "p"
    row: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            kind = token.tag
        elif token.type in ("heading_close", "paragraph_close"):
            kind = "p"
        elif token.type == "list_item_open":
            kind = "item"
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            yield "item", ", ".join(filter(None, row))
        elif token.type in ("td_open", "th_open"):
            kind = "cell"
        elif token.type in ("td_close", "th_close"):
            kind = "p"
        elif token.type == "inline" and kind == "cell":
            row.append(_inline(token))
        elif token.type == "inline":
            yield kind, _inline(token)
        elif token.type in ("fence", "code_block"):
            yield "p", " ".join(token.content.split())
        elif token.type == "html_block":
            yield "p", _without_tags(token.content)


def _inline(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (
            child.type == "html_inline" and re.match(r"<br\b", child.content, re.I)
        ):
            parts.append(" ")
    return " ".join("".join(parts).split())


def _without_tags(html: str) -> str:
    from summarizer.ingest.page import visible_text

    return visible_text(html)
