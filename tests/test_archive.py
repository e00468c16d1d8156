"""The archive keeps what somebody holds, shows nobody what isn't theirs, and finds what is alike and older."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from summarizer import Archive, Article, BadRequest, ConfigError, keep_article, prepare_archive
from summarizer.archive import BATCH, MIGRATIONS, search_terms

DAM = Article(
    "The council of Alta voted on Monday to raise the dam by two metres.\n\nThe dam was built by Norkraft.",
    title="Alta council votes to raise dam",
    published="2020-03-04",
    url="https://example.com/dam",
)
ROSES = Article("Rose growers in Naivasha will ship by sea.", title="Roses go by sea", published="2021-01-01")
STORY = Article("Norkraft will close the dam at Alta.", title="Alta dam to close", published="2024-05-06")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path / "deep" / "archive.sqlite3")
    yield archive
    archive.close()


def titles(archive: Archive, story: Article = STORY, owner: str = "") -> list[str]:
    return [past.article.title for past in archive.older(story, owner)]


def test_what_is_kept_comes_back_as_it_was_and_the_same_article_is_kept_once(archive: Archive) -> None:
    assert archive.add([DAM, ROSES]) == 2
    assert archive.add([DAM, replace(DAM, text=DAM.text.replace("\n\n", "\n\n ")), ROSES]) == 0
    assert archive.count() == 2
    assert [past.article for past in archive.older(STORY)] == [DAM]


def test_the_most_alike_comes_first_and_a_title_counts_more(archive: Archive) -> None:
    aside = Article("Rain fell. The dam at Alta was not mentioned.", title="Rain", published="2020-01-01")
    archive.add([aside, DAM, ROSES])
    assert titles(archive) == [DAM.title, "Rain"]


@pytest.mark.parametrize(("published", "found"), [("2020-03-03", 0), ("2020-03-04", 0), ("2020-03-05", 1), ("", 1)])
def test_only_older_articles_are_found(archive: Archive, published: str, found: int) -> None:
    archive.add([DAM])
    assert len(titles(archive, replace(STORY, published=published))) == found


def test_nobody_finds_lists_counts_or_removes_what_is_not_theirs(archive: Archive) -> None:
    archive.add([DAM], "anna")
    archive.add([DAM, ROSES], "ben")
    (id,) = [entry.id for entry in archive.entries("anna")]
    assert (titles(archive), titles(archive, owner="eve")) == ([], [])
    assert (archive.count("anna"), archive.count("ben"), archive.count()) == (1, 2, 0)
    assert not archive.remove(id, "eve")
    assert archive.remove(id, "anna")
    assert titles(archive, owner="anna") == []
    assert titles(archive, owner="ben") == [DAM.title]


def test_of_versions_at_one_address_only_the_last_counts(archive: Archive) -> None:
    corrected = replace(DAM, text=DAM.text.replace("two metres", "three metres"), published="2020-03-05")
    archive.add([DAM])
    archive.add([corrected])
    assert [past.article for past in archive.older(STORY)] == [corrected]


def test_an_article_goes_with_its_last_holder_and_its_words_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite3"
    archive = Archive(path)
    archive.add([ROSES])
    db = sqlite3.connect(path)
    assert keep_article(db, DAM, "", "job-1")
    assert not keep_article(db, DAM, "", "job-2")
    assert not keep_article(db, ROSES, "", "job-2")
    db.execute("DELETE FROM archive_holders WHERE holder = 'job-1'")
    db.commit()
    assert titles(archive) == [DAM.title]
    db.execute("DELETE FROM archive_holders WHERE holder = 'job-2'")
    db.commit()
    assert titles(archive) == []
    assert [(entry.title, entry.imported) for entry in archive.entries()] == [(ROSES.title, True)]
    # FTS5's own check that the index holds the words of the table, and no others.
    db.execute("INSERT INTO archive_words (archive_words, rank) VALUES ('integrity-check', 1)")
    assert db.execute("SELECT count(*) FROM archive_words WHERE archive_words MATCH 'dam'").fetchone() == (0,)
    db.close()
    archive.close()


def test_an_article_without_a_date_is_refused(archive: Archive) -> None:
    with pytest.raises(BadRequest, match="no date"):
        archive.add([replace(DAM, published="")])
    assert archive.count() == 0


def test_batches_are_all_written(archive: Archive) -> None:
    many = [replace(DAM, title=f"Dam {n}", url="") for n in range(BATCH + 3)]
    assert archive.add(iter(many)) == BATCH + 3
    assert archive.count() == BATCH + 3
    assert [entry.title for entry in archive.entries(limit=1)] == [f"Dam {BATCH + 2}"]


@pytest.mark.parametrize("text", ["", '" OR *', "NEAR(a b) AND NOT title:x", "The of and", "日本 12 345"])
def test_no_words_of_an_article_are_a_query_of_their_own(archive: Archive, text: str) -> None:
    archive.add([DAM])
    assert titles(archive, Article(text, title=text, published="2024-01-01")) == []


def test_the_words_searched_for_are_those_of_title_and_lead_and_repeated_names() -> None:
    text = "The mayor spoke.\n\nNorkraft owns it. It is old, and Norkraft says so. Bergen is far."
    assert search_terms(Article(text, title="Dam votes")) == ["Dam", "votes", "mayor", "spoke", "Norkraft"]


def test_a_file_of_every_earlier_version_is_brought_up_and_what_is_no_archive_is_told(tmp_path: Path) -> None:
    Archive(tmp_path / "a.sqlite3").close()
    db = sqlite3.connect(tmp_path / "a.sqlite3")
    prepare_archive(db)
    assert db.execute("SELECT version FROM archive_version").fetchall() == [(len(MIGRATIONS),)]
    db.execute("UPDATE archive_version SET version = version + 1")
    db.commit()
    db.close()
    with pytest.raises(ConfigError, match="newer"):
        Archive(tmp_path / "a.sqlite3")
    (tmp_path / "text").write_text("This is not a database, and it is long enough to be seen as none. " * 30)
    with pytest.raises(ConfigError):
        Archive(tmp_path / "text")
    with pytest.raises(ConfigError, match="There is no archive"):
        Archive(tmp_path / "none.sqlite3", create=False)
    assert not (tmp_path / "none.sqlite3").exists()
