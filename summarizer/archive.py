"""The newsroom's earlier articles, in SQLite with a full-text index.

In: articles. Out: those that may have to do with another article and are older than it, most alike first. The
tables may lie in a file of their own or in the service's database, beside its jobs.
Not here: what a record is made of (past.py), and whether it bears on a story (background.py).

Each article belongs to an owner, and nobody's search, list or removal reaches another owner's. It is there as long
as somebody holds it: a holder is "import", or the id of a job. When the last one lets go, the article goes, with
its words in the index, whichever program deletes the holder's row.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from summarizer.errors import BadRequest, ConfigError
from summarizer.types import Article, PastArticle
from summarizer.words import WORD, content_stems, stem

IMPORT = "import"
CANDIDATES = 40
# Words of an article that are searched for: those of its title, then of its lead, then names that it repeats.
MAX_TERMS = 24
# How much more a word counts in a title than in the body.
TITLE_WEIGHT = 4.0
BATCH = 500

# Append only: the place in the list is the version, kept in archive_version.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE archive (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            owner TEXT NOT NULL,
            published TEXT NOT NULL,
            title TEXT NOT NULL,
            byline TEXT NOT NULL,
            language TEXT NOT NULL,
            source TEXT NOT NULL,
            url TEXT NOT NULL,
            text TEXT NOT NULL,
            UNIQUE (owner, id)
        )""",
        "CREATE INDEX archive_by_url ON archive (owner, url, seq) WHERE url != ''",
        "CREATE INDEX archive_by_date ON archive (owner, published, seq)",
        """CREATE TABLE archive_holders (
            holder TEXT NOT NULL,
            article INTEGER NOT NULL,
            PRIMARY KEY (article, holder)
        ) WITHOUT ROWID""",
        "CREATE INDEX archive_by_holder ON archive_holders (holder) WHERE holder != 'import'",
        """CREATE VIRTUAL TABLE archive_words USING fts5 (
            title, text, content = 'archive', content_rowid = 'seq', tokenize = 'porter unicode61 remove_diacritics 2'
        )""",
        """CREATE TRIGGER archive_added AFTER INSERT ON archive BEGIN
            INSERT INTO archive_words (rowid, title, text) VALUES (new.seq, new.title, new.text);
        END""",
        """CREATE TRIGGER archive_removed AFTER DELETE ON archive BEGIN
            INSERT INTO archive_words (archive_words, rowid, title, text)
            VALUES ('delete', old.seq, old.title, old.text);
            DELETE FROM archive_holders WHERE article = old.seq;
        END""",
        """CREATE TRIGGER archive_let_go AFTER DELETE ON archive_holders
        WHEN NOT EXISTS (SELECT 1 FROM archive_holders WHERE article = old.article) BEGIN
            DELETE FROM archive WHERE seq = old.article;
        END""",
    ),
)
ARTICLE = "title, byline, published, language, source, url, text"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list. `imported` says that it stays when the jobs that hold it are deleted."""

    id: str
    published: str
    title: str
    byline: str
    url: str
    imported: bool


class Archive:
    """One connection to a file, used by all threads in turn. Every method may raise ConfigError for a file that
    can't be used."""

    def __init__(self, path: Path | str, *, create: bool = True) -> None:
        """Open the file; where it isn't there, make it, or raise ConfigError if it isn't to be made."""
        self._path = path
        self._lock = threading.Lock()
        if not create and not Path(path).is_file():
            raise ConfigError([f"There is no archive {path}"], "analyst-brief archive import makes one.")
        with self._told():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                with self._transaction() as db:
                    prepare_archive(db)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(self, articles: Iterable[Article], owner: str = "") -> int:
        """Keep the articles as imported, BATCH in a transaction, and say how many were new. All have a date."""
        added = 0
        batch: list[Article] = []

        def write() -> int:
            with self._told(), self._transaction() as db:
                new = sum(keep_article(db, article, owner, IMPORT) for article in batch)
            batch.clear()
            return new

        for article in articles:
            batch.append(article)
            if len(batch) == BATCH:
                added += write()
        return added + write()

    def older(self, article: Article, owner: str = "", limit: int = CANDIDATES) -> list[PastArticle]:
        """Articles that share the article's words, most alike first, all published before its day (where it has
        one). Of those with the same address only the last that came in counts."""
        terms = search_terms(article)
        if not terms:
            return []
        query = (
            f"SELECT id, {ARTICLE} FROM archive JOIN ("
            "  SELECT a.seq AS found, bm25(archive_words, ?, 1.0) AS distance"
            "  FROM archive_words JOIN archive AS a ON a.seq = archive_words.rowid"
            "  WHERE archive_words MATCH ? AND a.owner = ? AND (? = '' OR a.published < ?)"
            "  AND (a.url = '' OR NOT EXISTS (SELECT 1 FROM archive AS later"
            "    WHERE later.owner = a.owner AND later.url = a.url AND later.seq > a.seq))"
            "  ORDER BY distance, found LIMIT ?"
            ") ON seq = found ORDER BY distance, found"
        )
        match = " OR ".join(f'"{term}"' for term in terms)
        values = (TITLE_WEIGHT, match, owner, article.published, article.published, limit)
        with self._told(), self._lock:
            return [PastArticle(row[0], _article(row[1:])) for row in self._db.execute(query, values)]

    def entries(self, owner: str = "", limit: int = 50) -> list[Entry]:
        """The last published first."""
        query = (
            "SELECT id, published, title, byline, url, EXISTS (SELECT 1 FROM archive_holders "
            "WHERE article = seq AND holder = ?) FROM archive WHERE owner = ? ORDER BY published DESC, seq DESC LIMIT ?"
        )
        with self._told(), self._lock:
            rows = self._db.execute(query, (IMPORT, owner, limit))
            return [Entry(id, day, title, by, url, bool(held)) for id, day, title, by, url, held in rows]

    def count(self, owner: str = "") -> int:
        with self._told(), self._lock:
            (number,) = self._db.execute("SELECT count(*) FROM archive WHERE owner = ?", (owner,)).fetchone()
        return int(number)

    def remove(self, id: str, owner: str = "") -> bool:
        """Remove an article, whoever holds it. False if there is none such."""
        with self._told(), self._transaction() as db:
            return db.execute("DELETE FROM archive WHERE owner = ? AND id = ?", (owner, id)).rowcount > 0

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        return transaction(self._db, self._lock)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise ConfigError([f"The archive {self._path} can't be used: {error}"], "Name another file.") from error


# --- inside somebody's transaction ---------------------------------------------------------------------------


@contextmanager
def transaction(db: sqlite3.Connection, lock: threading.Lock) -> Iterator[sqlite3.Connection]:
    """BEGIN IMMEDIATE, so that what is read holds until what is written; undone by any error. `lock` keeps the
    connection's other threads away."""
    with lock:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def prepare_archive(db: sqlite3.Connection) -> None:
    """Make the tables, or bring them up to this version."""
    db.execute("CREATE TABLE IF NOT EXISTS archive_version (version INTEGER NOT NULL)")
    row = db.execute("SELECT version FROM archive_version").fetchone()
    if row is None:
        db.execute("INSERT INTO archive_version VALUES (0)")
    version = row[0] if row else 0
    if version > len(MIGRATIONS):
        raise sqlite3.DatabaseError("its archive was written by a newer version of Analyst Brief")
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            db.execute(statement)
    db.execute("UPDATE archive_version SET version = ?", (len(MIGRATIONS),))


def keep_article(db: sqlite3.Connection, article: Article, owner: str, holder: str) -> bool:
    """Keep the article as long as `holder` holds it, and say whether it is new. Raises BadRequest for an article
    without a date, which nothing can be compared with."""
    if not article.published:
        raise BadRequest("The article has no date of publication.", "Give one as YYYY-MM-DD.")
    id = content_id(article)
    row = db.execute("SELECT seq FROM archive WHERE owner = ? AND id = ?", (owner, id)).fetchone()
    seq = row[0] if row else None
    if seq is None:
        values = (article.title, article.byline, article.published, article.language, article.source, article.url)
        seq = db.execute(
            f"INSERT INTO archive (id, owner, {ARTICLE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (id, owner, *values, article.text),
        ).lastrowid
    db.execute("INSERT OR IGNORE INTO archive_holders (holder, article) VALUES (?, ?)", (holder, seq))
    return row is None


# --- words ---------------------------------------------------------------------------------------------------


def content_id(article: Article) -> str:
    """The same for the same title, day and words, however they are spaced."""
    parts = (" ".join(part.split()) for part in (article.title, article.published, article.text))
    return "archive-" + sha256("\n".join(parts).encode()).hexdigest()[:16]


def search_terms(article: Article) -> list[str]:
    """The words to search for: title, lead, then capitalised words that the text repeats; each stem once."""
    lead = article.text.lstrip()[:400].split("\n\n")[0]
    names = [word for word in WORD.findall(article.text) if word[0].isupper()]
    repeated = sorted({word for word in names if names.count(word) > 1}, key=lambda word: (-names.count(word), word))
    chosen: dict[str, str] = {}
    for word in (*WORD.findall(article.title), *WORD.findall(lead), *repeated):
        if content_stems(word):
            chosen.setdefault(stem(word), word)
    return list(chosen.values())[:MAX_TERMS]


def _article(row: tuple[str, ...]) -> Article:
    return Article(**dict(zip(ARTICLE.split(", "), row, strict=True)))
