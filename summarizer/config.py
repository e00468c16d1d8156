"""Reads the configuration once, into frozen types.

In: the packaged `configs/` and `prompts/`, and optionally a directory of the newsroom's own with the same
layout, whose files are added to the packaged ones or, where they have the same name, replace them.
Out: a `Config`. Every problem found in any file is reported in one ConfigError, with file and key.
Not here: the service's own settings (service/settings.py), and which model to open.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from summarizer.errors import ConfigError, UnknownName
from summarizer.types import Analyst, Calibration, Panel, Record, Source

CONFIG_DIR_VARIABLE = "ANALYST_BRIEF_CONFIG_DIR"
MAX_ANALYSTS = 8
ANALYST_KEYS = frozenset({"beat", "title", "sector", "lens", "terms"})


@dataclass(frozen=True, slots=True)
class Config:
    """All that a brief depends on besides the article and the model.

    `prompt_dirs` are searched in order; `service_file` is the last service.toml found; `calibrations` are by the
    model's SPEC.
    """

    panels: Mapping[str, Panel]
    sectors: Mapping[str, Analyst]
    records: tuple[Record, ...]
    prompt_dirs: tuple[Path, ...]
    service_file: Path | None = None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)

    def panel(self, name: str) -> Panel:
        """The panel called `name`. Raises UnknownName, which lists those that exist."""
        try:
            return self.panels[name]
        except KeyError:
            raise UnknownName(
                f"There is no panel called {name!r}.", f"Choose one of: {', '.join(sorted(self.panels))}."
            ) from None

    def calibration(self, spec: str) -> Calibration:
        """How to read the relevance of the model `spec`; one that isn't named is taken at its word."""
        return self.calibrations.get(spec, Calibration())


def data_dir(kind: str) -> Path:
    """The packaged `configs` or `prompts`: inside the wheel, or at the top of a source checkout."""
    packaged = Path(__file__).parent / "_data" / kind
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / kind


def load_config(config_dir: Path | str | None = None) -> Config:
    """Read everything; `config_dir` defaults to the directory that ANALYST_BRIEF_CONFIG_DIR names, if any.

    Raises ConfigError with all problems of all files.
    """
    own = config_dir or os.environ.get(CONFIG_DIR_VARIABLE) or None
    roots = [data_dir("configs")]
    prompt_dirs = [data_dir("prompts")]
    problems = _Problems()
    if own is not None:
        root = Path(own)
        if not root.is_dir():
            problems.add(root, "", "is not a directory")
        roots.append(root)
        prompt_dirs.insert(0, root / "prompts")

    sectors: dict[str, Analyst] = {}
    for path in _files(roots, "sectors.toml"):
        for beat, table in _read(path, problems).items():
            if (analyst := _analyst(path, beat, table, {}, problems)) is not None:
                sectors[beat] = Analyst(analyst.title, analyst.sector, analyst.lens, beat, analyst.terms)
    panels = {
        path.stem: panel
        for path in _files(roots, "panels/*.toml")
        if (panel := _panel(path, sectors, problems)) is not None
    }
    records = _records(_files(roots, "background/*.toml"), frozenset(sectors), problems)
    calibrations = {
        spec: calibration
        for path in _files(roots, "relevance.toml")
        for spec, table in _read(path, problems).items()
        if (calibration := _calibration(path, spec, table, problems)) is not None
    }
    problems.raise_any()
    services = _files(roots, "service.toml")
    return Config(panels, sectors, records, tuple(prompt_dirs), services[-1] if services else None, calibrations)


# --- panels --------------------------------------------------------------------------------------------------


def _panel(path: Path, sectors: Mapping[str, Analyst], problems: _Problems) -> Panel | None:
    table = _read(path, problems)
    if not table:
        return None
    before = len(problems.found)
    problems.unknown_keys(path, "", table, {"name", "analyst"})
    name = problems.text(path, "name", table.get("name"))
    rows = table.get("analyst")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ANALYSTS:
        problems.add(path, "analyst", f"must be 1 to {MAX_ANALYSTS} tables")
        return None
    analysts = [_analyst(path, f"analyst {i}", row, sectors, problems) for i, row in enumerate(rows, 1)]
    headings = [analyst.sector for analyst in analysts if analyst is not None]
    if len(set(headings)) < len(headings):
        problems.add(path, "analyst", "two analysts have the same sector heading")
    if len(problems.found) > before:
        return None
    return Panel(path.stem, name, tuple(analyst for analyst in analysts if analyst is not None))


def _analyst(path: Path, key: str, table: Any, sectors: Mapping[str, Analyst], problems: _Problems) -> Analyst | None:
    if not isinstance(table, dict):
        problems.add(path, key, "must be a table")
        return None
    problems.unknown_keys(path, key, table, ANALYST_KEYS)
    beat = table.get("beat", "")
    base = sectors.get(beat) if isinstance(beat, str) else None
    if beat and base is None:
        problems.add(path, f"{key}.beat", f"{beat!r} is not one of {', '.join(sorted(sectors))}")
        return None
    values = {}
    for name in ("title", "sector", "lens"):
        value = table.get(name, getattr(base, name) if base else None)
        values[name] = problems.text(path, f"{key}.{name}", value)
    terms = table.get("terms", list(base.terms) if base else [])
    if not (isinstance(terms, list) and all(isinstance(term, str) and term.strip() for term in terms)):
        problems.add(path, f"{key}.terms", "must be a list of words or phrases")
        terms = []
    return Analyst(**values, beat=beat, terms=tuple(terms))


def _calibration(path: Path, spec: str, table: Any, problems: _Problems) -> Calibration | None:
    if not isinstance(table, dict):
        problems.add(path, spec, "must be a table")
        return None
    before = len(problems.found)
    problems.unknown_keys(path, spec, table, {"offset", "slope", "error"})
    values = []
    for key in ("offset", "slope", "error"):
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.add(path, f"{spec}.{key}", "must be a number")
            continue
        values.append(float(value))
    return Calibration(*values) if len(problems.found) == before else None


# --- dated records -------------------------------------------------------------------------------------------

RECORD_KEYS = frozenset({"id", "date", "text", "sectors", "source"})
MAX_RECORD_WORDS = 30


def _records(paths: list[Path], sectors: frozenset[str], problems: _Problems) -> tuple[Record, ...]:
    records: dict[str, Record] = {}
    texts: dict[str, str] = {}
    for path in paths:
        table = _read(path, problems)
        problems.unknown_keys(path, "", table, {"record"})
        rows = table.get("record", [])
        for i, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
            record = _record(path, i, row, sectors, problems)
            if record is None:
                continue
            if record.id in records:
                problems.add(path, record.id, "two records have this id")
            normal = " ".join(record.text.lower().split())
            if normal in texts:
                problems.add(path, record.id, f"has the same text as {texts[normal]}")
            records[record.id] = record
            texts[normal] = record.id
    return tuple(sorted(records.values(), key=lambda record: (record.date, record.id)))


def _record(path: Path, i: int, row: Any, sectors: frozenset[str], problems: _Problems) -> Record | None:
    if not isinstance(row, dict):
        problems.add(path, f"record {i}", "must be a table")
        return None
    before = len(problems.found)
    problems.unknown_keys(path, f"record {i}", row, RECORD_KEYS)
    key = problems.text(path, f"record {i}.id", row.get("id")) or f"record {i}"
    date = problems.date(path, f"{key}.date", row.get("date"))
    text = problems.text(path, f"{key}.text", row.get("text"))
    if text and not text.endswith("."):
        problems.add(path, f"{key}.text", "must be one sentence that ends with a full stop")
    if len(text.split()) > MAX_RECORD_WORDS:
        problems.add(path, f"{key}.text", f"has {len(text.split())} words, at most {MAX_RECORD_WORDS} are read")
    beats = row.get("sectors")
    if not isinstance(beats, list) or not beats or not all(beat in sectors for beat in beats):
        problems.add(path, f"{key}.sectors", f"must name one or more of {', '.join(sorted(sectors))}")
        beats = []
    source = row.get("source")
    if not isinstance(source, dict):
        problems.add(path, f"{key}.source", "must be a table with publisher, title and date")
        source = {}
    problems.unknown_keys(path, f"{key}.source", source, {"publisher", "title", "date"})
    publisher = problems.text(path, f"{key}.source.publisher", source.get("publisher"))
    title = problems.text(path, f"{key}.source.title", source.get("title"))
    published = problems.date(path, f"{key}.source.date", source.get("date"))
    if len(problems.found) > before:
        return None
    return Record(key, date, text, tuple(beats), Source(publisher, title, published))


# --- reading and reporting -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Problems:
    found: list[str] = field(default_factory=list)

    def add(self, path: Path, key: str, what: str) -> None:
        place = f"{path.name}: {key}" if key else path.name
        self.found.append(f"{place} {what}")

    def text(self, path: Path, key: str, value: Any) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.add(path, key, "must be a text that is not empty")
        return ""

    def date(self, path: Path, key: str, value: Any) -> str:
        """A calendar date as YYYY, YYYY-MM or YYYY-MM-DD."""
        text = str(value) if isinstance(value, str | int) else ""
        if is_date(text):
            return text
        self.add(path, key, "must be a date such as 2003, 2003-10 or 2003-10-15")
        return ""

    def unknown_keys(self, path: Path, key: str, table: Mapping[str, Any], known: Any) -> None:
        for name in sorted(set(table) - set(known)):
            self.add(path, f"{key}.{name}".lstrip("."), f"is unknown; known are {', '.join(sorted(known))}")

    def raise_any(self) -> None:
        if self.found:
            raise ConfigError(self.found, "Correct the configuration and start again.")


def is_date(text: str) -> bool:
    """Whether `text` is a real date written as YYYY, YYYY-MM or YYYY-MM-DD."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", text)
    if match is None:
        return False
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _files(roots: list[Path], pattern: str) -> list[Path]:
    """Files under the roots that match; a later root's file replaces an earlier one of the same name."""
    found: dict[str, Path] = {}
    for root in roots:
        for path in sorted(root.glob(pattern)):
            found[str(path.relative_to(root))] = path
    return list(found.values())


def _read(path: Path, problems: _Problems) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.add(path, "", f"can't be read: {error}")
        return {}
