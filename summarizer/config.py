"""Reads the configuration once, into frozen types.

In: the packaged `configs/` and `prompts/`, and optionally a directory of the newsroom's own with the same
layout, whose files are added to the packaged ones or, where they have the same name, replace them.
Out: a `Config`. Every problem found in any file is reported in one ConfigError, with file and key.
Not here: the service's own settings (service/settings.py), and which model to open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from summarizer.errors import UnknownName
from summarizer.records import read_records
from summarizer.toml import Problems, read_toml, toml_files
from summarizer.types import Analyst, Calibration, Panel, Record, Traits

CONFIG_DIR_VARIABLE = "ANALYST_BRIEF_CONFIG_DIR"
MAX_ANALYSTS = 8
ANALYST_KEYS = frozenset({"beat", "title", "sector", "lens", "terms"})


@dataclass(frozen=True, slots=True)
class Config:
    """All that a brief depends on besides the article and the model.

    `prompt_dirs` are searched in order; `service_file` is the last service.toml found; `traits` are by the model's
    SPEC.
    """

    panels: Mapping[str, Panel]
    sectors: Mapping[str, Analyst]
    records: tuple[Record, ...]
    prompt_dirs: tuple[Path, ...]
    service_file: Path | None = None
    traits: Mapping[str, Traits] = field(default_factory=dict)

    def panel(self, name: str) -> Panel:
        """The panel called `name`. Raises UnknownName, which lists those that exist."""
        try:
            return self.panels[name]
        except KeyError:
            raise UnknownName(
                f"There is no panel called {name!r}.", f"Choose one of: {', '.join(sorted(self.panels))}."
            ) from None

    def traits_of(self, spec: str) -> Traits:
        """What is known of the model `spec`; one that isn't named is taken at its word."""
        return self.traits.get(spec, Traits())


def data_dir(kind: str) -> Path:
    """The packaged `configs` or `prompts`: inside the wheel, or at the top of a source checkout."""
    packaged = Path(__file__).parent / "_data" / kind
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / kind


def load_config(config_dir: Path | str | None = None, *, today: date | None = None) -> Config:
    """Read everything; `config_dir` defaults to the directory that ANALYST_BRIEF_CONFIG_DIR names, if any. With
    `today`, records are also checked for dates to come and for others that say nearly the same, which takes longer.

    Raises ConfigError with all problems of all files.
    """
    own = config_dir or os.environ.get(CONFIG_DIR_VARIABLE) or None
    roots = [data_dir("configs")]
    prompt_dirs = [data_dir("prompts")]
    problems = Problems()
    if own is not None:
        root = Path(own)
        if not root.is_dir():
            problems.add(root, "", "is not a directory")
        roots.append(root)
        prompt_dirs.insert(0, root / "prompts")

    sectors: dict[str, Analyst] = {}
    for path in toml_files(roots, "sectors.toml"):
        for beat, table in read_toml(path, problems).items():
            if (analyst := _analyst(path, beat, table, {}, problems)) is not None:
                sectors[beat] = Analyst(analyst.title, analyst.sector, analyst.lens, beat, analyst.terms)
    panels = {
        path.stem: panel
        for path in toml_files(roots, "panels/*.toml")
        if (panel := _panel(path, sectors, problems)) is not None
    }
    records = read_records(toml_files(roots, "background/*.toml"), frozenset(sectors), problems, today)
    traits = {
        spec: known
        for root in roots
        for path in toml_files([root], "models.toml")
        for spec, table in read_toml(path, problems).items()
        if (known := _traits(path, spec, table, problems)) is not None
    }
    problems.raise_any()
    services = toml_files(roots, "service.toml")
    return Config(panels, sectors, records, tuple(prompt_dirs), services[-1] if services else None, traits)


# --- panels --------------------------------------------------------------------------------------------------


def _panel(path: Path, sectors: Mapping[str, Analyst], problems: Problems) -> Panel | None:
    table = read_toml(path, problems)
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


def _analyst(path: Path, key: str, table: Any, sectors: Mapping[str, Analyst], problems: Problems) -> Analyst | None:
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


def _traits(path: Path, spec: str, table: Any, problems: Problems) -> Traits | None:
    if not isinstance(table, dict):
        problems.add(path, spec, "must be a table")
        return None
    before = len(problems.found)
    line, signs = ("offset", "slope", "error"), ("share", "words")
    problems.unknown_keys(path, spec, table, {*line, *signs, "concludes"})
    values = {}
    for key in [*(line if any(key in table for key in line) else ()), *(key for key in signs if key in table)]:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.add(path, f"{spec}.{key}", "must be a number")
            continue
        values[key] = float(value)
    concludes = table.get("concludes", True)
    if not isinstance(concludes, bool):
        problems.add(path, f"{spec}.concludes", "must be true or false")
    return Traits(Calibration(**values), concludes) if len(problems.found) == before else None
