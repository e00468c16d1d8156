"""Rendering: the layout of the text, escaping, and JSON that reads back."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from summarizer import UnknownName, brief_from_dict, brief_to_dict, render
from summarizer.render import DIRECTORY, TEMPLATES
from tests.briefs import BRIEF

TEXT = """\
Relevance Scores:

1. Energy and Utilities Analyst: 9/10
2. Government Policy Analyst: 4/10

Analyst Summary:

Norkraft will raise the dam at Alta by 4 metres <in 2027>. A higher dam could hold more than 3 million cubic metres.

Energy and Utilities:

A higher dam could hold more than 3 million cubic metres.

Government Policy:

Nothing that could be said here is carried by the article, so nothing is said.

Comparison with Historical Trends:

A court allowed the Alta dam (February 1982).

Investigative Questions:

1. Who pays Norkraft for metre 1 of the dam at Alta?

2. Who pays Norkraft for metre 2 of the dam at Alta?

3. Who pays Norkraft for metre 3 of the dam at Alta?

4. Who pays Norkraft for metre 4 of the dam at Alta?

5. Who pays Norkraft for metre 5 of the dam at Alta?

Norkraft will raise the dam at Alta by 4 metres <in 2027>.
"""


def test_the_text_has_the_layout_of_the_reference() -> None:
    assert render(BRIEF, "text") == TEXT


def test_sections_that_could_not_be_written_say_so() -> None:
    empty = replace(
        BRIEF,
        summary=(),
        comparison=replace(BRIEF.comparison, statements=(), records=()),
        questions=BRIEF.questions[:3],
        takeaway=None,
    )
    text = render(empty, "text")
    assert text.count("so nothing is said.") == 3
    assert "No supporting record found." in text
    assert "Fewer than five questions passed the checks." in text


def test_markdown_reads_back_as_the_same_words() -> None:
    source = render(BRIEF, "markdown")
    html = MarkdownIt("commonmark").render(source)
    assert "&lt;in 2027&gt;" in html
    assert html.count("<h2>") == 7
    assert "[inferred from 1, 2]" in html
    assert "Rt. 1982 s. 241" in html
    assert "<em>" not in html


def test_the_fragment_is_well_formed_and_escaped() -> None:
    hostile = replace(BRIEF, takeaway=replace(BRIEF.takeaway, text='<script>alert(1)</script> & "x" {{ 7 * 7 }}'))
    html = render(hostile, "html")
    assert "<script" not in html
    assert "{{ 7 * 7 }}" in html
    assert Balanced.check(html)


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.crossed = False

    @staticmethod
    def check(html: str) -> bool:
        parser = Balanced()
        parser.feed(html)
        parser.close()
        return not parser.open and not parser.crossed

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed = True


def test_json_reads_back_as_the_same_brief() -> None:
    data = json.loads(render(BRIEF, "json"))
    assert data == brief_to_dict(BRIEF)
    assert brief_to_dict(brief_from_dict(data)) == data
    assert brief_from_dict(data).summary == BRIEF.summary


def test_a_sentence_of_the_json_is_a_span_of_the_article() -> None:
    article = brief_to_dict(BRIEF)["article"]
    for sentence in article["sentences"]:
        assert article["text"][sentence["start"] : sentence["end"]] == sentence["text"]


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(UnknownName, match="no format called 'pdf'"):
        render(BRIEF, "pdf")


def test_every_template_exists() -> None:
    assert {path.name for path in DIRECTORY.glob("*.j2")} == set(TEMPLATES.values())
