"""Reads TOML files of the configuration, and gathers what is wrong with them.

In: directories, patterns, tables. Out: tables, and all problems together in one ConfigError. What the tables mean is
config.py's and records.py's affair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from summarizer.errors import ConfigError


@dataclass(slots=True)
class Problems:
    """What is wrong with some files. `line` is that of the table at fault, 0 where it isn't known."""

    found: list[str] = field(default_factory=list)

    def add(self, path: Path, key: str, what: str, line: int = 0) -> None:
        place = f"{path.name}:{line}" if line else path.name
        self.found.append(f"{place}: {key} {what}" if key else f"{place} {what}")

    def text(self, path: Path, key: str, value: Any, line: int = 0) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.add(path, key, "must be a text that is not empty", line)
        return ""

    def date(self, path: Path, key: str, value: Any, line: int = 0) -> str:
        """A calendar date as YYYY, YYYY-MM or YYYY-MM-DD."""
        text = str(value) if isinstance(value, str | int | date) else ""
        if is_date(text):
            return text
        self.add(path, key, "must be a date such as 2003, 2003-10 or 2003-10-15", line)
        return ""

    def unknown_keys(self, path: Path, key: str, table: Mapping[str, Any], known: Any, line: int = 0) -> None:
        for name in sorted(set(table) - set(known)):
            self.add(path, f"{key}.{name}".lstrip("."), f"is unknown; known are {', '.join(sorted(known))}", line)

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


def toml_files(roots: list[Path], pattern: str) -> list[Path]:
    """Files under the roots that match; a later root's file replaces an earlier one of the same name."""
    found: dict[str, Path] = {}
    for root in roots:
        for path in sorted(root.glob(pattern)):
            found[str(path.relative_to(root))] = path
    return list(found.values())


def read_toml(path: Path, problems: Problems) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.add(path, "", f"can't be read: {error}")
        return {}
