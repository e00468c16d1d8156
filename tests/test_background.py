"""Records bear on an article when they share its subject, belong to the panel and are older."""

from __future__ import annotations

from summarizer import Config
from summarizer.assemble import recorded
from summarizer.background import bearing
from summarizer.segment import segment
from summarizer.types import Article, Record, Source
from summarizer.words import written_date

SOURCE = Source("P", "T", "2020")
TEXT = (
    "The Kenya Space Agency will launch a satellite with a braking tether. The tether drags the satellite out of "
    "orbit.\n\nThe satellite is built with the European Space Agency, and a rocket will take it to orbit."
)
ARTICLE = Article(TEXT, title="Kenya to fly a satellite tether", published="2020-05-01")


def record(id: str, text: str, date: str = "2010", sectors: tuple[str, ...] = ("space_defense",)) -> Record:
    return Record(id, date, text, sectors, SOURCE)


# Records of other subjects, so that a word of few records weighs what it does among the packaged ones.
OTHERS = [record(f"other-{i}", f"Aport{i} bravon{i} charlim{i} deltek{i}.") for i in range(100)]
CLOSE = record("ke-2018", "Kenya put its first satellite into orbit from the International Space Station.", "2018-05")


def found(config: Config, *records: Record, article: Article = ARTICLE) -> list[str]:
    reading = segment(article)
    return [r.id for r in bearing(reading, config.panel("space"), [*OTHERS, *records])]


def test_a_record_on_the_same_subject_bears(config: Config) -> None:
    assert found(config, CLOSE) == ["ke-2018"]


def test_where_nothing_bears_nothing_is_found(config: Config) -> None:
    assert found(config) == []


def test_a_record_that_is_not_older_does_not_bear(config: Config) -> None:
    early = Article(TEXT, title=ARTICLE.title, published="2018-05-20")
    assert found(config, CLOSE, article=early) == []


def test_a_record_of_other_beats_does_not_bear(config: Config) -> None:
    assert found(config, record("ke-2018", CLOSE.text, sectors=("agriculture",))) == []


def test_records_that_say_the_same_are_not_both_taken(config: Config) -> None:
    twin = record("ke-2018b", "Kenya put its first satellite in orbit from the International Space Station.", "2018")
    assert len(found(config, CLOSE, twin)) == 1


def test_a_record_is_quoted_with_its_date() -> None:
    assert (
        recorded(CLOSE).text
        == "Kenya put its first satellite into orbit from the International Space Station (May 2018)."
    )


def test_dates_are_written_out() -> None:
    assert [written_date(d) for d in ("2003", "2003-10", "2003-10-05")] == [
        "2003",
        "October 2003",
        "5 October 2003",
    ]
