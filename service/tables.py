"""The tables of the database, version by version.

In: an open connection, inside a transaction. Out: tables of this version, whatever version wrote them. The archive
brings its own (summarizer.prepare_archive). Not here: what stands in the rows.
"""

from __future__ import annotations

import json
import sqlite3

from summarizer import Article, keep_article, prepare_archive

# Append only: the place in the list is the version, kept in PRAGMA user_version.
MIGRATIONS = (
    """
    CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL DEFAULT 'queued'
            CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        revision INTEGER NOT NULL DEFAULT 1,
        title TEXT NOT NULL,
        url TEXT NOT NULL,
        panel TEXT NOT NULL,
        options TEXT NOT NULL,
        created_at REAL NOT NULL,
        finished_at REAL,
        fence INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        lease_until REAL NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        stage TEXT NOT NULL DEFAULT '',
        done INTEGER NOT NULL DEFAULT 0,
        total INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        article TEXT NOT NULL,
        brief TEXT
    );
    CREATE INDEX jobs_by_status ON jobs (status, seq);
    """,
    "ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';",
    """
    CREATE TRIGGER jobs_let_go AFTER DELETE ON jobs BEGIN
        DELETE FROM archive_holders WHERE holder = old.id;
    END;
    """,
)
# The first version whose articles go into the archive when their briefs are done.
ARCHIVED_SINCE = 3


def migrate(db: sqlite3.Connection, *, archive: bool) -> None:
    """Bring the tables up to this version; with `archive`, put the articles of earlier briefs into it, once."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise sqlite3.DatabaseError("it was written by a newer version of Analyst Brief")
    prepare_archive(db)
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                db.execute(statement)
                statement = ""
        db.execute(f"PRAGMA user_version = {number}")
    if archive and 0 < version < ARCHIVED_SINCE:
        done = db.execute("SELECT id, owner, article FROM jobs WHERE status = 'done' ORDER BY seq")
        for job_id, owner, stored in done:
            article = Article(**json.loads(stored))
            if article.published:
                keep_article(db, article, owner, job_id)
