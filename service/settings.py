"""The service's own settings, read once into a frozen type.

In: a service.toml (configs/service.toml holds every key with its default and its meaning).
Out: `Settings`, or one ConfigError that names all problems with file and key.
Not here: panels, records and prompts (summarizer.load_config).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from summarizer import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """What each key means stands beside it in configs/service.toml."""

    database: str = ""
    model: str = "house"
    panel: str = "space"
    workers: int = 2
    max_queue: int = 100
    max_body_bytes: int = 2_500_000
    max_wait_seconds: int = 60
    keep_days: int = 0
    archive: bool = True
    allow_private_urls: bool = False
    lease_seconds: float = 30.0
    max_attempts: int = 3
    grace_seconds: float = 10.0

    @property
    def database_path(self) -> Path:
        """Where the database lies, with "" and "~" resolved; the directory may not exist yet."""
        if self.database:
            return Path(self.database).expanduser()
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(base).expanduser() / "analyst-brief" / "briefs.sqlite3"


# Least and greatest value of every number.
LIMITS: dict[str, tuple[float, float]] = {
    "workers": (1, 64),
    "max_queue": (1, 1_000_000),
    "max_body_bytes": (1_000, 1_000_000_000),
    "max_wait_seconds": (0, 600),
    "keep_days": (0, 36_500),
    "lease_seconds": (0.2, 3_600),
    "max_attempts": (1, 100),
    "grace_seconds": (0, 600),
}


def load_settings(path: Path | str | None = None) -> Settings:
    """Settings from a file; the defaults where there is none. Raises ConfigError with all its problems."""
    if path is None:
        return Settings()
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path.name} can't be read: {error}"], "Correct the file and start again.") from error
    return parse_settings(table, path.name)


def parse_settings(table: Mapping[str, Any], where: str = "service.toml") -> Settings:
    """Settings from a parsed table; `where` is named in the problems."""
    known = {field.name: field for field in fields(Settings)}
    problems = [f"{where}: {key} is unknown; known are {', '.join(sorted(known))}" for key in table if key not in known]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            continue
        default: Any = known[key].default
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not type(default):
            problems.append(f"{where}: {key} must be {_NAMES[type(default)]}")
        elif key in LIMITS and not LIMITS[key][0] <= value <= LIMITS[key][1]:
            problems.append(f"{where}: {key} must be from {LIMITS[key][0]:g} to {LIMITS[key][1]:g}")
        elif key in ("model", "panel") and not value.strip():
            problems.append(f"{where}: {key} must not be empty")
        else:
            values[key] = value
    if problems:
        raise ConfigError(problems, "Correct the file and start again.")
    return Settings(**values)


_NAMES: dict[type, str] = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
