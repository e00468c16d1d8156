"""Reads and checks the dated records of `configs/background/*.toml`.

In: paths, the known sectors. Out: Records, oldest first; every problem of every record is noted, with file and line.
Whether a record bears on an article is background.py's affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from summarizer.toml import Problems, read_toml
from summarizer.types import Record, Source
from summarizer.words import content_stems

KEYS = frozenset({"id", "date", "text", "sectors", "source"})
MAX_WORDS = 30
ARCHIVE_ID = "archive-"
# Two records say nearly the same when they share this much of all the stems that either has, and are of one year.
NEARLY_THE_SAME = 0.7


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record stands, and what it is called in messages."""

    path: Path
    line: int
    key: str


@dataclass(slots=True)
class _Seen:
    """Ids and texts met so far, those of faulty records, too."""

    ids: dict[str, _Place] = field(default_factory=dict)
    texts: dict[str, _Place] = field(default_factory=dict)


def read_records(
    paths: list[Path], sectors: frozenset[str], problems: Problems, today: date | None = None
) -> tuple[Record, ...]:
    """All records that are in order. With `today`, dates to come and near-duplicates are problems, too."""
    records: list[Record] = []
    seen = _Seen()
    for path in paths:
        table = read_toml(path, problems)
        problems.unknown_keys(path, "", table, {"record"})
        rows = table.get("record", [])
        rows = rows if isinstance(rows, list) else [rows]
        lines = _lines(path, len(rows))
        for number, (row, line) in enumerate(zip(rows, lines, strict=True), 1):
            if not isinstance(row, dict):
                problems.add(path, f"record {number}", "must be a table", line)
                continue
            key = problems.text(path, f"record {number}.id", row.get("id"), line) or f"record {number}"
            record = _record(_Place(path, line, key), row, sectors, problems, today)
            _note(_Place(path, line, key), row, seen, problems)
            if record is not None:
                records.append(record)
    if today is not None:
        _near_duplicates(records, seen, problems)
    return tuple(sorted(records, key=lambda record: (record.date, record.id)))


def _lines(path: Path, rows: int) -> list[int]:
    """The line of each [[record]]; zeros where they can't be told apart, as in an array on one line."""
    if not rows:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    heads = [n for n, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*record\s*\]\]", line)]
    return heads if len(heads) == rows else [0] * rows


def _record(
    place: _Place, row: dict[str, Any], sectors: frozenset[str], problems: Problems, today: date | None
) -> Record | None:
    path, line, key = place.path, place.line, place.key
    before = len(problems.found)
    problems.unknown_keys(path, key, row, KEYS, line)
    day = problems.date(path, f"{key}.date", row.get("date"), line)
    text = problems.text(path, f"{key}.text", row.get("text"), line)
    if key.startswith(ARCHIVE_ID):
        problems.add(path, f"{key}.id", f"must not begin with {ARCHIVE_ID}, as ids of earlier articles do", line)
    if text and not text.endswith("."):
        problems.add(path, f"{key}.text", "must be one sentence that ends with a full stop", line)
    if len(text.split()) > MAX_WORDS:
        problems.add(path, f"{key}.text", f"has {len(text.split())} words, at most {MAX_WORDS} are read", line)
    beats = row.get("sectors")
    if not isinstance(beats, list) or not beats:
        problems.add(path, f"{key}.sectors", f"must name one or more of {', '.join(sorted(sectors))}", line)
        beats = []
    for beat in (beat for beat in beats if not isinstance(beat, str) or beat not in sectors):
        problems.add(path, f"{key}.sectors", f"{beat!r} is not one of {', '.join(sorted(sectors))}", line)
    source = row.get("source")
    if not isinstance(source, dict):
        problems.add(path, f"{key}.source", "must be a table with publisher, title and date", line)
        return None
    problems.unknown_keys(path, f"{key}.source", source, {"publisher", "title", "date"}, line)
    publisher = problems.text(path, f"{key}.source.publisher", source.get("publisher"), line)
    title = problems.text(path, f"{key}.source.title", source.get("title"), line)
    published = problems.date(path, f"{key}.source.date", source.get("date"), line)
    for name, when in (("date", day), ("source.date", published)):
        if today is not None and when > today.isoformat()[: len(when)]:
            problems.add(path, f"{key}.{name}", f"{when} has not come yet", line)
    if len(problems.found) > before:
        return None
    return Record(key, day, text, tuple(beats), Source(publisher, title, published))


def _note(place: _Place, row: dict[str, Any], seen: _Seen, problems: Problems) -> None:
    """Remember the id and the text, and tell of those met before."""
    id, text = row.get("id"), row.get("text")
    if isinstance(id, str) and (other := seen.ids.setdefault(id.strip(), place)) is not place:
        problems.add(place.path, place.key, f"is the id of two records, the other in {_where(other)}", place.line)
    normal = " ".join(text.lower().split()) if isinstance(text, str) else ""
    if normal and (other := seen.texts.setdefault(normal, place)) is not place:
        what = f"has the same text as {other.key} in {_where(other)}"
        problems.add(place.path, place.key, what, place.line)


def _near_duplicates(records: list[Record], seen: _Seen, problems: Problems) -> None:
    """Records of one year that say nearly the same."""
    stems = [(record, set(content_stems(record.text))) for record in records]
    for i, (record, words) in enumerate(stems):
        for other, others in stems[:i]:
            same_year = record.date[:4] == other.date[:4]
            if same_year and record.text != other.text and _overlap(words, others) >= NEARLY_THE_SAME:
                place = seen.ids[record.id]
                what = f"says nearly the same as {other.id} in {_where(seen.ids[other.id])}"
                problems.add(place.path, record.id, what, place.line)


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _where(place: _Place) -> str:
    return f"{place.path.name}:{place.line}" if place.line else place.path.name
