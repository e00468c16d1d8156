"""The locks, one law or golden table each: what a statement may take from its source, and what it may not."""

from __future__ import annotations

import pytest

from summarizer.segment import segment
from summarizer.types import Article, Reading
from summarizer.verify import lock_violations

TEXT = """\
GDAŃSK - The Baltic Grain Board (BGB) has ordered twelve dryers from Młyny Północy for 1.14 billion zlotys, the
board said on Tuesday. The contract was signed on 14 June in Gdańsk and runs from October 14 to 17 for the first
test.

"We cannot dry grain with promises," said Ms Halina Wójcik, who heads the board. About 12 percent of the harvest
is lost, against $3 million a year in the United States. Colonel Sun Yueqiang of the Chinese embassy, a former
pilot, asked for a tour of 40 kilometres.

Deputy minister Jean-Paul Roux said France would pay a third of the cost. "It is a fair price," he said. The
European Union pays 2.5 million euros. Two earlier tenders failed in 2017 and 2020. A dryer holds between 900
and 1,200 tonnes and lasts twenty years."""


@pytest.fixture(scope="module")
def reading() -> Reading:
    return segment(Article(TEXT, "Grain board buys dryers", "Ole Dahl", "2023-06-16"))


PASS = [
    "The Baltic Grain Board ordered 12 dryers for 1.14 billion zlotys.",
    "The BGB ordered twelve dryers from Młyny Północy.",
    "Mlyny Polnocy will build them in Gdansk.",  # accents
    "About 12% of the harvest is lost.",
    "Twelve per cent of the harvest is lost.",
    "The contract was signed on June 14.",
    "The contract was signed on 14 June 2023.",  # the year of publication
    "Wójcik heads the board, and Ms Wójcik's board buys the dryers.",
    "Sun asked for a tour.",
    "Yueqiang asked for a tour of 40 km.",
    "China's embassy asked for a tour.",
    "American losses come to $3m a year.",
    "US losses come to 3 million dollars a year.",
    "The EU pays €2.5 million.",
    "French money covers one third of the cost.",
    "The first test runs from 14 to 17 October.",
    "A dryer holds 900 to 1,200 tonnes.",
    "A dryer holds up to 1200 tonnes and lasts 20 years.",
    'Halina Wójcik said the board "cannot dry grain with promises".',
    "“We cannot dry grain with promises,” said Halina Wójcik.",
    "Dryers are wanted; Growers wait.",
    "No third country takes part.",  # no count
]

FAIL = [
    ("The board ordered twelve dryers for 1.14 million zlotys.", "figure"),  # scale
    ("The board ordered twelve dryers for 1.14 billion euros.", "figure"),  # unit
    ("The board ordered eleven dryers.", "figure"),
    ("American losses come to €3 million a year.", "figure"),
    ("About 12 kilometres of the harvest is lost.", "figure"),
    ("Sun asked for a tour of 40 miles.", "figure"),
    ("A dryer lasts twenty months.", "figure"),
    ("France would pay two thirds of the cost.", "figure"),
    ("Three earlier tenders failed.", "figure"),
    ("The contract was signed on 15 June.", "date"),
    ("The contract was signed on 14 July.", "date"),
    ("The contract was signed on 14 June 2022.", "date"),
    ("Two earlier tenders failed in 2018.", "date"),
    ("The board said so on Friday.", "date"),
    ("The board signed in 2031.", "date"),
    ("Mr Wójcik heads the board.", "name"),  # Ms
    ("Halina Roux heads the board.", "name"),  # two people in one
    ("Jean-Paul Wójcik said so.", "name"),
    ("The Baltic Sugar Board ordered dryers.", "name"),
    ("The Chinese Grain Board ordered dryers.", "name"),
    ("Germany would pay a third.", "name"),
    ("The board's Marek Kowal said so.", "name"),
    ("The World Bank pays 2.5 million euros.", "name"),
    ('Wójcik said "we can dry grain with promises".', "quotation"),
    ('Wójcik said "nobody asked us".', "quotation"),
    ('The board "has ordered twelve dryers", it said.', "quotation"),  # the reporter's words, not speech
    ('Wójcik said "We cannot dry grain.', "quotation"),  # never closed
]


@pytest.mark.parametrize("text", PASS)
def test_what_the_article_says_in_another_form_passes(text: str, reading: Reading) -> None:
    assert lock_violations(text, reading) == []


@pytest.mark.parametrize(("text", "rule"), FAIL)
def test_what_the_article_does_not_say_is_found(text: str, rule: str, reading: Reading) -> None:
    assert rule in {finding.rule for finding in lock_violations(text, reading)}


def test_every_sentence_of_an_article_passes_its_own_locks(reading: Reading) -> None:
    for sentence in reading.sentences:
        text = reading.text_of(sentence.n)
        if text.count('"') % 2 == 0:
            assert lock_violations(text, reading) == [], text


def test_a_verb_that_begins_a_sentence_is_no_name(reading: Reading) -> None:
    assert lock_violations("Splitting the contract would cost the board more.", reading) == []
    assert lock_violations("Keating said the board would pay.", reading)
    assert lock_violations("Boeing will build the dryers.", reading)


def test_title_and_byline_count_as_sources(reading: Reading) -> None:
    assert lock_violations("Ole Dahl reports that the Grain board buys dryers.", reading) == []


def test_an_office_that_the_article_does_not_know_is_a_foreign_name() -> None:
    reading = segment(
        Article("Wang Chi, a deputy and research fellow, spoke on Monday about space science and technology.")
    )
    assert lock_violations("The Deputy Minister of Science and Technology spoke on Monday.", reading)
    assert not lock_violations("Deputy Wang Chi spoke on Monday.", reading)
