"""The store's laws: first come first served, nothing lost, nothing twice, no late writes."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from service.problems import QueueFull
from service.store import Store
from service.tables import MIGRATIONS
from summarizer import Archive, Article, ConfigError, Options, Progress, prepare_archive

ARTICLE = Article(
    "Some words.\n\x85\u2028 And more.", title="A 100% title_with ünusual marks", url="https://example.com/a"
)
LEASE, MOST = 10.0, 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "deep" / "jobs.sqlite3")
    yield store
    store.close()


def add(store: Store, title: str = "", now: float = 0.0) -> str:
    article = ARTICLE if not title else Article("Some words.", title=title)
    return store.add(article, "space", Options(seed=5, sections=frozenset({"summary"})), now, 100).id


def test_what_is_stored_comes_back(store: Store) -> None:
    job_id = add(store, now=12.5)
    job = store.get(job_id)
    assert job is not None
    assert (job.status, job.title, job.url, job.panel) == ("queued", ARTICLE.title, ARTICLE.url, "space")
    assert job.options == Options(seed=5, sections=frozenset({"summary"}))
    assert (job.created_at, job.finished_at, job.error, job.progress) == (12.5, None, None, None)
    assert store.article(job_id) == ARTICLE
    assert store.brief(job_id) is None
    claim = store.claim(13, LEASE, MOST)
    assert claim is not None
    assert claim.article == ARTICLE
    assert store.finish(claim, {"a": "ü"}, 14)
    assert store.brief(job_id) == {"a": "ü"}
    done = store.get(job_id)
    assert done is not None
    assert (done.status, done.finished_at) == ("done", 14)
    assert store.claim(15, LEASE, MOST) is None


def test_jobs_are_taken_in_the_order_in_which_they_came(store: Store) -> None:
    ids = [add(store) for _ in range(5)]
    first = store.get(ids[0])
    last = store.get(ids[4])
    assert first is not None
    assert last is not None
    assert (store.position(first), store.position(last)) == (1, 5)
    claims = [store.claim(1, LEASE, MOST) for _ in range(5)]
    assert [claim.job.id for claim in claims if claim] == ids
    assert store.position(claims[0].job if claims[0] else first) is None


def test_a_lease_that_runs_out_gives_the_job_to_another_and_the_late_one_cannot_write(store: Store) -> None:
    job_id = add(store)
    slow = store.claim(0, LEASE, MOST)
    assert slow is not None
    assert store.claim(LEASE - 0.1, LEASE, MOST) is None
    assert store.beat(slow, 2 * LEASE)
    assert store.claim(LEASE + 1, LEASE, MOST) is None
    quick = store.claim(2 * LEASE, LEASE, MOST)
    assert quick is not None
    assert (quick.job.id, quick.job.fence) == (job_id, slow.job.fence + 1)
    assert not store.beat(slow, 99)
    assert not store.beat(slow, 99, Progress("write", 1, 2))
    assert not store.finish(slow, {"by": "slow"}, 50)
    assert not store.fail(slow, {}, 50)
    assert not store.release(slow, 50, counts=True)
    assert store.finish(quick, {"by": "quick"}, 51)
    assert store.brief(job_id) == {"by": "quick"}


def test_a_job_whose_workers_all_vanish_fails_with_a_reason(store: Store) -> None:
    job_id = add(store)
    for attempt in range(MOST):
        assert store.claim(attempt * LEASE, LEASE, MOST) is not None
    assert store.claim(MOST * LEASE, LEASE, MOST) is None
    job = store.get(job_id)
    assert job is not None
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["type"].endswith("interrupted")


def test_giving_a_job_back_keeps_its_place_and_can_leave_its_tries_alone(store: Store) -> None:
    first, second = add(store), add(store)
    claim = store.claim(0, LEASE, MOST)
    assert claim is not None
    assert store.release(claim, 0, counts=False)
    again = store.claim(0, LEASE, MOST)
    assert again is not None
    assert (again.job.id, again.job.tries, again.job.fence) == (first, 1, 2)
    assert store.release(again, 5, counts=True)
    other = store.claim(1, LEASE, MOST)
    assert other is not None
    assert other.job.id == second  # the first one waits until 5
    late = store.claim(5, LEASE, MOST)
    assert late is not None
    assert (late.job.id, late.job.tries) == (first, 2)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_work_on_a_job_that_was_dropped_is_lost(store: Store, how: str) -> None:
    job_id = add(store)
    claim = store.claim(0, LEASE, MOST)
    assert claim is not None
    assert store.cancel(job_id, 1) if how == "cancel" else store.delete(job_id)
    assert not store.beat(claim, 20)
    assert not store.finish(claim, {}, 2)
    job = store.get(job_id)
    assert (job.status if job else None) == ("cancelled" if how == "cancel" else None)
    assert not store.cancel(job_id, 3)
    assert store.claim(99, LEASE, MOST) is None


def test_the_queue_is_bounded(store: Store) -> None:
    for _ in range(3):
        store.add(ARTICLE, "space", Options(), 0, 3)
    with pytest.raises(QueueFull):
        store.add(ARTICLE, "space", Options(), 0, 3)
    assert store.counts() == {"queued": 3}
    assert store.claim(0, LEASE, MOST) is not None
    store.add(ARTICLE, "space", Options(), 0, 3)


def test_pages_go_from_new_to_old_and_search_takes_words_literally(store: Store) -> None:
    ids = [add(store, title) for title in ("one", "two of 100%", "Three_x of", "four")][::-1]
    page = store.page(2)
    assert [job.id for job in page] == ids[:2]
    assert [job.id for job in store.page(9, before=page[-1].seq)] == ids[2:]
    assert [job.title for job in store.page(9, q="100%")] == ["two of 100%"]
    assert [job.title for job in store.page(9, q="% _")] == []
    assert [job.title for job in store.page(9, q="OF three")] == ["Three_x of"]
    assert store.page(9, status="done") == []
    assert len(store.page(9, status="queued")) == 4


def test_only_finished_jobs_are_purged(store: Store) -> None:
    for _ in range(3):
        add(store)
    for finished in (10, 20):
        claim = store.claim(0, LEASE, MOST)
        assert claim is not None
        store.finish(claim, {}, finished)
    assert store.purge(15) == 1
    assert store.counts() == {"done": 1, "queued": 1}


@pytest.mark.parametrize("strange", ["", "x", "' OR 1=1 --", "\x00", "\ud800", "A" * 32, "0" * 33])
def test_a_strange_id_is_nobody(store: Store, strange: str) -> None:
    add(store)
    assert store.get(strange) is None
    assert store.brief(strange) is None
    assert store.article(strange) is None
    assert not store.delete(strange)
    assert not store.cancel(strange, 0)


def test_many_threads_and_two_connections_claim_each_job_once(store: Store, tmp_path: Path) -> None:
    ids = [add(store) for _ in range(60)]
    other = Store(tmp_path / "deep" / "jobs.sqlite3")
    claimed: list[str] = []

    def work(mine: Store) -> None:
        while (claim := mine.claim(0, LEASE, MOST)) is not None:
            claimed.append(claim.job.id)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (store, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(claimed) == sorted(ids)


def test_a_database_of_every_earlier_version_is_brought_up_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    for version in range(len(MIGRATIONS)):
        path = tmp_path / f"{version}.sqlite3"
        db = sqlite3.connect(path)
        prepare_archive(db)
        for script in MIGRATIONS[:version]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version = {version}")
        db.close()
        store = Store(path)
        assert store.claim(0, LEASE, MOST) is None
        store.close()
    db = sqlite3.connect(tmp_path / "new.sqlite3")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(ConfigError, match="newer"):
        Store(tmp_path / "new.sqlite3")


DATED = Article("The dam of Alta will be raised by Norkraft.", title="Alta dam to rise", published="2020-01-02")
LATER = Article("Norkraft closes the dam.", title="Alta dam to close", published="2024-01-02")


def briefed(store: Store, article: Article = DATED, owner: str = "", now: float = 0.0) -> str:
    job_id = store.add(article, "space", Options(), now, 100, owner).id
    claim = store.claim(now, LEASE, MOST)
    assert claim is not None
    assert store.finish(claim, {}, now)
    return job_id


def found(store: Store, owner: str = "") -> list[str]:
    return [past.article.title for past in store.older(LATER, owner)]


def test_an_article_is_in_the_archive_once_its_brief_is_done_and_never_for_another_owner(store: Store) -> None:
    store.add(DATED, "space", Options(), 0, 100, "anna")
    claim = store.claim(0, LEASE, MOST)
    assert claim is not None
    assert claim.job.owner == "anna"
    assert found(store, "anna") == []
    assert store.finish(claim, {}, 1)
    assert found(store, "anna") == [DATED.title]
    assert (found(store), found(store, "ben")) == ([], [])


def test_who_lost_the_claim_puts_nothing_into_the_archive(store: Store) -> None:
    store.add(DATED, "space", Options(), 0, 100)
    slow = store.claim(0, LEASE, MOST)
    assert slow is not None
    assert store.claim(2 * LEASE, LEASE, MOST) is not None
    assert not store.finish(slow, {}, 3 * LEASE)
    assert found(store) == []


@pytest.mark.parametrize("how", ["delete", "purge"])
def test_an_article_leaves_the_archive_with_the_last_job_that_has_it(store: Store, how: str) -> None:
    first, second = briefed(store, now=1), briefed(store, now=20)
    assert found(store) == [DATED.title]
    assert store.delete(first) if how == "delete" else store.purge(10) == 1
    assert found(store) == [DATED.title]
    assert store.delete(second) if how == "delete" else store.purge(30) == 1
    assert found(store) == []


def test_an_imported_article_outlives_its_jobs(store: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "deep" / "jobs.sqlite3")
    assert archive.add([DATED]) == 1
    job_id = briefed(store)
    assert archive.add([DATED]) == 0
    archive.close()
    assert store.delete(job_id)
    assert found(store) == [DATED.title]


def test_an_article_without_a_date_is_briefed_and_not_kept(store: Store) -> None:
    briefed(store, Article(DATED.text, title=DATED.title))
    assert found(store) == []


def test_without_an_archive_nothing_is_kept_or_found(store: Store, tmp_path: Path) -> None:
    briefed(store)
    other = Store(tmp_path / "deep" / "jobs.sqlite3", archive=False)
    assert found(other) == []
    briefed(other, Article(DATED.text, title="Alta dam to rise again", published="2021-01-02"))
    other.close()
    assert found(store) == [DATED.title]


def test_articles_of_briefs_older_than_the_archive_are_put_into_it(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "old.sqlite3")
    db.executescript(MIGRATIONS[0])
    for n, status in enumerate(("done", "failed")):
        stored = json.dumps(asdict(replace(DATED, title=f"Alta dam {status}")))
        db.execute(
            "INSERT INTO jobs (id, status, title, url, panel, options, created_at, article) "
            "VALUES (?, ?, '', '', 'space', '{}', 0, ?)",
            (f"{n:032x}", status, stored),
        )
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    for _ in range(2):
        store = Store(tmp_path / "old.sqlite3")
        assert found(store) == ["Alta dam done"]
        store.close()


def test_a_file_that_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is not a database, and it is long enough to be seen as none. " * 30)
    with pytest.raises(ConfigError):
        Store(tmp_path / "text")
    with pytest.raises(ConfigError):
        Store(tmp_path)
