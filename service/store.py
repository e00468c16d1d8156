"""Jobs and briefs in one SQLite file.

In: an article to be worked on, and what workers report. Out: `Job` rows, the stored JSON of briefs, and earlier
articles: once its brief is done an article is in the archive, in the same file, until the job is deleted.
The time is always an argument. Not here: threads, models, HTTP.

A job is queued, then claimed (running) with a lease and a fence, the number of the claim; it ends as done,
failed or cancelled. A lease that isn't renewed runs out, and the job is claimed again with a higher fence;
whoever still works under the old fence can't write any more. `tries` counts claims that weren't given back.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.problems import Interrupted, QueueFull, problem
from service.tables import migrate
from summarizer import Archive, Article, ConfigError, Options, PastArticle, Progress, keep_article, transaction

COLUMNS = (
    "seq, id, owner, status, revision, title, url, panel, options, created_at, finished_at, fence, tries, "
    "stage, done, total, error"
)
ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Job:
    """A row without its article and brief. Times are seconds since 1970; `error` is a problem document; `owner` says
    whose archive the article is compared with and goes into."""

    seq: int
    id: str
    owner: str
    status: str
    revision: int
    title: str
    url: str
    panel: str
    options: Options
    created_at: float
    finished_at: float | None
    fence: int
    tries: int
    progress: Progress | None
    error: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job until the lease ends."""

    job: Job
    article: Article


class Store:
    """One connection, used by all threads in turn; several processes may open the same file. Without `archive`,
    nothing is put into the archive or found there."""

    def __init__(self, path: Path | str, *, archive: bool = True) -> None:
        self._lock = threading.Lock()
        self._keeps = archive
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, error) from error
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            # A job that was answered with 202 must survive a power cut, so every commit reaches the disk.
            self._db.execute("PRAGMA synchronous = FULL")
            with self._transaction() as db:
                migrate(db, archive=archive)
        except sqlite3.Error as error:
            self._db.close()
            raise _unusable(path, error) from error
        # A connection of its own, so that a long search keeps nobody from the jobs.
        self._archive = Archive(path) if archive else None

    def close(self) -> None:
        with self._lock:
            self._db.close()
        if self._archive is not None:
            self._archive.close()

    # --- clients --------------------------------------------------------------------------------------------

    def add(self, article: Article, panel: str, options: Options, now: float, max_queue: int, owner: str = "") -> Job:
        """Queue a job. Raises QueueFull when `max_queue` jobs wait already."""
        job_id = secrets.token_hex(16)
        stored = json.dumps(
            {"seed": options.seed, "candidates": options.candidates, "sections": sorted(options.sections)}
        )
        with self._transaction() as db:
            (waiting,) = db.execute("SELECT count(*) FROM jobs WHERE status = 'queued'").fetchone()
            if waiting >= max_queue:
                raise QueueFull(f"{waiting} articles are waiting already.", "Try again in a minute.")
            db.execute(
                "INSERT INTO jobs (id, owner, title, url, panel, options, created_at, article) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job_id, owner, article.title, article.url, panel, stored, now, json.dumps(asdict(article))),
            )
            return _job(db.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone())

    def get(self, job_id: str) -> Job | None:
        row = self._one(job_id, COLUMNS)
        return None if row is None else _job(row)

    def article(self, job_id: str) -> Article | None:
        row = self._one(job_id, "article")
        return None if row is None else Article(**json.loads(row[0]))

    def brief(self, job_id: str) -> dict[str, Any] | None:
        """The stored brief, or None if there is none."""
        row = self._one(job_id, "brief")
        return None if row is None or row[0] is None else dict(json.loads(row[0]))

    def older(self, article: Article, owner: str) -> Sequence[PastArticle]:
        """The owner's earlier articles that may have to do with this one."""
        return () if self._archive is None else self._archive.older(article, owner)

    def page(self, limit: int, before: int | None = None, q: str = "", status: str = "") -> list[Job]:
        """Newest first; `before` is the seq that the page ends before; `q` occurs in the title or address."""
        where: list[str] = ["1"]
        values: list[Any] = []
        if before is not None:
            where.append("seq < ?")
            values.append(before)
        if status:
            where.append("status = ?")
            values.append(status)
        for word in q.split()[:20]:
            where.append("(title LIKE ? ESCAPE '!' OR url LIKE ? ESCAPE '!')")
            escaped = re.sub(r"([!%_])", r"!\1", word)
            values += [f"%{escaped}%"] * 2
        query = f"SELECT {COLUMNS} FROM jobs WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        with self._lock:
            return [_job(row) for row in self._db.execute(query, (*values, limit))]

    def position(self, job: Job) -> int | None:
        """The place in the queue, counted from 1; None if the job doesn't wait."""
        with self._lock:
            (ahead,) = self._db.execute(
                "SELECT count(*) FROM jobs WHERE status = 'queued' AND seq <= ?", (job.seq,)
            ).fetchone()
        return max(ahead, 1) if job.status == "queued" else None

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._db.execute("SELECT status, count(*) FROM jobs GROUP BY status"))

    def cancel(self, job_id: str, now: float) -> bool:
        """End a job that isn't finished. False if there is none such."""
        return bool(ID.fullmatch(job_id)) and self._write(
            "UPDATE jobs SET status = 'cancelled', finished_at = ?, revision = revision + 1 "
            "WHERE id = ? AND status IN ('queued', 'running')",
            (now, job_id),
        )

    def delete(self, job_id: str) -> bool:
        return bool(ID.fullmatch(job_id)) and self._write("DELETE FROM jobs WHERE id = ?", (job_id,))

    def purge(self, before: float) -> int:
        """Delete what was finished before then, and say how many."""
        with self._lock:
            return self._db.execute("DELETE FROM jobs WHERE finished_at < ?", (before,)).rowcount

    # --- workers --------------------------------------------------------------------------------------------

    def claim(self, now: float, lease: float, max_attempts: int) -> Claim | None:
        """The job that has waited longest, or one whose lease has run out, until `now + lease`.

        A job that was begun `max_attempts` times and whose worker vanished each time becomes failed.
        """
        with self._transaction() as db:
            lost = problem(
                Interrupted(
                    "The work on this article stopped unexpectedly each time it was begun.",
                    "The service's log may say why; send the article again once that is mended.",
                )
            )
            db.execute(
                "UPDATE jobs SET status = 'failed', finished_at = ?, error = ?, revision = revision + 1 "
                "WHERE status = 'running' AND lease_until <= ? AND tries >= ?",
                (now, json.dumps(lost), now, max_attempts),
            )
            row = db.execute(
                "UPDATE jobs SET status = 'running', fence = fence + 1, tries = tries + 1, lease_until = ?, "
                "stage = '', done = 0, total = 0, revision = revision + 1 WHERE seq = (SELECT seq FROM jobs "
                "WHERE (status = 'queued' AND not_before <= ?) OR (status = 'running' AND lease_until <= ?) "
                f"ORDER BY seq LIMIT 1) RETURNING {COLUMNS}, article",
                (now + lease, now, now),
            ).fetchone()
        return None if row is None else Claim(_job(row[:-1]), Article(**json.loads(row[-1])))

    def beat(self, claim: Claim, lease_until: float, progress: Progress | None = None) -> bool:
        """Renew the lease, and note the progress. False if the claim is lost: stop working."""
        if progress is None:
            return self._held(claim, "lease_until = ?", (lease_until,))
        return self._held(
            claim,
            "lease_until = ?, stage = ?, done = ?, total = ?, revision = revision + 1",
            (lease_until, progress.stage, progress.done, progress.total),
        )

    def finish(self, claim: Claim, brief: Mapping[str, Any], now: float) -> bool:
        """The brief is there, and with it the article is in the archive, if it has a date."""
        stored = json.dumps(brief, ensure_ascii=False, allow_nan=False)
        change = "status = 'done', brief = ?, finished_at = ?, revision = revision + 1"
        with self._transaction() as db:
            held = db.execute(*self._as_holder(claim, change, (stored, now))).rowcount > 0
            if held and self._keeps and claim.article.published:
                keep_article(db, claim.article, claim.job.owner, claim.job.id)
        return held

    def fail(self, claim: Claim, error: Mapping[str, Any], now: float) -> bool:
        return self._held(
            claim,
            "status = 'failed', error = ?, finished_at = ?, revision = revision + 1",
            (json.dumps(error, ensure_ascii=False), now),
        )

    def release(self, claim: Claim, not_before: float, *, counts: bool) -> bool:
        """Put the job back into its place in the queue; `counts` says whether the try counts against it."""
        tries = "" if counts else "tries = tries - 1, "
        return self._held(
            claim,
            f"status = 'queued', {tries}not_before = ?, stage = '', done = 0, total = 0, revision = revision + 1",
            (not_before,),
        )

    # --- below ----------------------------------------------------------------------------------------------

    def _held(self, claim: Claim, change: str, values: tuple[Any, ...]) -> bool:
        return self._write(*self._as_holder(claim, change, values))

    @staticmethod
    def _as_holder(claim: Claim, change: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """A change of the job that only whoever holds the claim can make."""
        query = f"UPDATE jobs SET {change} WHERE id = ? AND fence = ? AND status = 'running'"
        return query, (*values, claim.job.id, claim.job.fence)

    def _write(self, query: str, values: tuple[Any, ...]) -> bool:
        with self._lock:
            return self._db.execute(query, values).rowcount > 0

    def _one(self, job_id: str, columns: str) -> tuple[Any, ...] | None:
        if not ID.fullmatch(job_id):
            return None
        with self._lock:
            row: tuple[Any, ...] | None = self._db.execute(
                f"SELECT {columns} FROM jobs WHERE id = ?", (job_id,)
            ).fetchone()
        return row

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self._db, self._lock)


def _job(row: tuple[Any, ...]) -> Job:
    """A row of COLUMNS."""
    told = dict(zip(COLUMNS.split(", "), row, strict=True))
    options = json.loads(told.pop("options"))
    stage, done, total = told.pop("stage"), told.pop("done"), told.pop("total")
    error = told.pop("error")
    return Job(
        **told,
        options=Options(options["seed"], options["candidates"], frozenset(options["sections"])),
        progress=Progress(stage, done, total) if stage else None,
        error=json.loads(error) if error else None,
    )


def _unusable(path: Path | str, error: Exception) -> ConfigError:
    return ConfigError([f"The database {path} can't be used: {error}"], "Set another one in service.toml.")
