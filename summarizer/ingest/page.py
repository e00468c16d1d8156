"""HTML to plain paragraphs: trafilatura finds the article in a page and its metadata; navigation, comments,
scripts and banners stay out. Where it finds no article (a fragment, an unusual page), lxml gives all visible
paragraphs. Broken HTML is read as far as it goes; nothing here raises for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from summarizer.ingest.layout import Parts, iso_date, word_count

_ENOUGH = 40  # words: below this the main text wasn't found
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_APART = (
    "script", "style", "noscript", "template", "nav", "aside", "footer", "form", "button", "select", "svg",
    "iframe", "object", "head", "figure", "canvas", "dialog",
)  # fmt: skip
# What a class or id says of boxes that aren't the article.
_BOX = re.compile(
    r"cookie|consent|banner|comment|newsletter|subscribe|related|sidebar|share|social|promo|advert|breadcrumb|popup",
    re.I,
)
# Characters that XML has no place for, plain or by number; a page says the same without them.
_IMPOSSIBLE = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
    r"|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]))(?:;|(?![0-9a-f]))",
    re.I,
)
_BLOCKS = (
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre", "tr", "div", "td", "section",
    "article", "br",
)  # fmt: skip


def read_page(html: str, url: str = "") -> Parts:
    root = _tree(html)
    if root is None:
        return Parts()
    found = _main_text(deepcopy(root), url)
    if word_count(found.text) >= _ENOUGH:
        return found
    rest = _everything(root)
    if word_count(found.text) * 2 > word_count(rest.text):
        return found
    return replace(found, text=rest.text, title=found.title or rest.title)


def visible_text(html: str) -> str:
    """All visible text of a piece of HTML in one line."""
    root = _tree(html)
    return "" if root is None else " ".join(_everything(root).text.split())


def _tree(html: str) -> Any:
    """The parsed page without what a reader wouldn't see, or None if there is nothing in it. Hidden text must
    not be read: it could say anything to a model behind the editor's back."""
    from lxml import etree
    from lxml import html as lxml_html

    html = _IMPOSSIBLE.sub("", html)
    try:
        parser = lxml_html.HTMLParser(remove_comments=True, remove_pis=True, encoding="utf-8")
        root = lxml_html.document_fromstring(html.encode("utf-8"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    for element in list(root.iter()):
        if "hidden" in element.attrib or _UNSEEN.search(element.get("style", "")):
            _drop(element)
    return root


def _drop(element: Any) -> None:
    """Takes an element out and leaves the text after it."""
    element.clear(keep_tail=True)
    if element.getparent() is not None:
        element.tag = "span"


def _main_text(root: Any, url: str) -> Parts:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it warns of every page without an article
    try:
        document: Any = trafilatura.bare_extraction(
            root,
            url=url or None,
            include_comments=False,
            include_tables=True,
            with_metadata=True,
            # Only dates that the page declares: a date found somewhere in the text would be a guess.
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
    except Exception:  # any fault of the extractor counts as a page without a main text
        return Parts()
    if document is None:
        return Parts()
    title = document.title or ""
    blocks = list(_blocks(document.body)) if document.body is not None else []
    if blocks and title and blocks[0].casefold() == title.casefold():
        del blocks[0]
    canonical = document.url or ""
    return Parts(
        "\n\n".join(blocks),
        title,
        (document.author or "").replace(";", ","),
        iso_date((document.date or "")[:10]),
        document.sitename or "",
        canonical if canonical.startswith(("http://", "https://")) else "",
    )


def _blocks(body: Any) -> Iterator[str]:
    """One text a paragraph; the items of a list and the rows of a table are lines of one."""
    for element in body:
        if element.tag == "list":
            items = [_flat(item) for item in element.iter("item")]
            lines = "\n".join(f"- {item}" for item in items if item)
        elif element.tag == "table":
            rows = [", ".join(filter(None, map(_flat, row))) for row in element.iter("row")]
            lines = "\n".join(f"- {row}" for row in rows if row)
        elif element.tag == "quote" and len(element):
            lines = "\n\n".join(filter(None, [*map(_flat, element)]))
        elif element.tag in ("graphic", "lb"):
            continue
        else:
            lines = _flat(element)
        if lines:
            yield lines


def _flat(element: Any) -> str:
    for line_break in element.iter("lb"):
        line_break.text = " "
    return " ".join("".join(element.itertext()).split())


def _everything(root: Any) -> Parts:
    """Every visible paragraph outside navigation and boxes, and the first <h1> or the page's <title>."""
    from lxml import etree

    headings = [_flat(e) for e in (*root.iter("h1"), *root.iter("title"))]
    for element in list(root.iter()):
        box = f"{element.get('class', '')} {element.get('id', '')}"
        whole = element.tag in ("html", "body", "main", "article")
        if element.tag in _APART or (not whole and _BOX.search(box)):
            _drop(element)
    words: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        words.append("\0" if element.tag in _BLOCKS else "")
        words.append((element.text if event == "start" else element.tail) or "")
    paragraphs = (" ".join(p.split()) for p in "".join(words).split("\0"))
    return Parts("\n\n".join(filter(None, paragraphs)), next(filter(None, headings), ""))
