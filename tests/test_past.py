"""An earlier article becomes a record in its own words, or none; versions of the story itself never do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from summarizer.assemble import recorded
from summarizer.past import MAX_WORDS, quoted, telling
from summarizer.pipeline import sentences_of
from summarizer.segment import segment
from summarizer.types import Article, PastArticle

LEAD = "The council of Alta voted on Monday to raise the Norkraft dam by two metres before the spring flood."
MORE = (
    "The dam holds 3 million cubic metres of water and was built in 1987. Farmers below the dam asked the council for "
    "a wall. Norkraft pays 40 million kroner for the dam, and the council pays for the road across it."
)
EARLIER = Article(f"{LEAD}\n\n{MORE}", title="Alta council votes to raise dam", published="2020-03-04")
STORY = Article(
    "Norkraft will close the dam at Alta after cracks were found, the council said.\n\nThe dam was raised in 2021. The "
    "council wants Norkraft to pay for a new road, and farmers fear a flood when water leaves the dam.",
    title="Alta dam to close after cracks",
    published="2024-05-06",
    url="https://example.com/close",
)


def records(earlier: Article, story: Article = STORY) -> list[str]:
    return [record.text for record in quoted(segment(story), [PastArticle("archive-1", earlier)], sentences_of)]


@pytest.mark.parametrize(
    ("title", "lead", "told"),
    [
        ("Alta council votes to raise dam", LEAD, LEAD),
        ("Alta council votes to raise dam", f"ALTA, Norway (NTB) - {LEAD}", LEAD),
        # A lead that sets a scene: the title says the news.
        (
            "Alta council votes to raise dam",
            "Rain fell on the square all night long.",
            "Alta council votes to raise dam.",
        ),
        # Too long, with a closing clause that only adds.
        (
            "Alta council votes to raise dam",
            "The council of Alta voted on Monday to raise the Norkraft dam by two metres before the spring flood of "
            "the coming year, ending a dispute that had gone on in the town for eleven long years.",
            "The council of Alta voted on Monday to raise the Norkraft dam by two metres before the spring flood of "
            "the coming year.",
        ),
        # Too long, with a closing clause that takes something back.
        (
            "Alta council votes to raise dam",
            "The council of Alta voted on Monday to raise the Norkraft dam by two metres before the spring flood of "
            "the coming year, leaving the decision without effect until a court has heard the farmers.",
            "Alta council votes to raise dam.",
        ),
        ("'Never again' says Alta council", '"Never again," the mayor said.', ""),
        ("Who pays for the dam of Alta?", "It was a long night for the council of Alta.", ""),
    ],
)
def test_the_sentence_is_the_lead_or_the_title_or_nothing(title: str, lead: str, told: str) -> None:
    article = Article(f"{lead}\n\n{MORE}", title=title, published="2020-03-04")
    assert telling(article, sentences_of) == told
    assert len(told.split()) <= MAX_WORDS


def test_a_record_says_that_it_is_from_the_archive_and_gives_the_day_of_the_report() -> None:
    earlier = replace(EARLIER, byline="Ole Dahl", url="https://example.com/raise")
    (record,) = quoted(segment(STORY), [PastArticle("archive-1", earlier)], sentences_of)
    source = record.source
    assert (record.id, record.date, record.sectors) == ("archive-1", "2020-03-04", ())
    assert (source.publisher, source.title, source.date) == ("Ole Dahl", earlier.title, "2020-03-04")
    assert (source.url, source.archive) == ("https://example.com/raise", True)
    assert recorded(record).text == f"{LEAD.removesuffix('.')} (reported 4 March 2020)."


@pytest.mark.parametrize(
    ("source", "byline", "publisher"),
    [("Nordlys", "Ole Dahl", "Nordlys"), ("draft.txt", "Ole Dahl", "Ole Dahl"), ("draft.md", "", "Archive")],
)
def test_the_publisher_is_named_as_well_as_it_is_known(source: str, byline: str, publisher: str) -> None:
    earlier = replace(EARLIER, source=source, byline=byline)
    (record,) = quoted(segment(STORY), [PastArticle("archive-1", earlier)], sentences_of)
    assert record.source.publisher == publisher


def test_an_address_that_no_reader_should_follow_is_left_out() -> None:
    (record,) = quoted(
        segment(STORY), [PastArticle("archive-1", replace(EARLIER, url="javascript:alert(1)"))], sentences_of
    )
    assert record.source.url == ""


def test_the_story_itself_its_versions_and_what_is_newer_are_no_records() -> None:
    assert records(EARLIER) == [LEAD]
    assert records(replace(STORY, published="2024-05-01")) == []
    assert records(replace(EARLIER, text=f"{LEAD} {STORY.text}")) == []
    assert records(replace(EARLIER, url=STORY.url)) == []
    assert records(replace(EARLIER, published=STORY.published)) == []
    assert records(EARLIER, replace(STORY, published="")) == [LEAD]


def test_another_subject_is_no_record() -> None:
    roses = Article(
        "Rose growers in Naivasha will ship half of their roses by sea.\n\nA rose lasts four weeks in the cold.",
        title="Naivasha roses go by sea",
        published="2020-03-04",
    )
    assert records(roses) == []
