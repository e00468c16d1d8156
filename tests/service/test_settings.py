from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from service import Settings, load_settings, parse_settings
from summarizer import ConfigError, data_dir

PACKAGED = data_dir("configs") / "service.toml"


def test_the_packaged_file_holds_every_key_with_its_default_and_a_comment() -> None:
    assert tomllib.loads(PACKAGED.read_text(encoding="utf-8")) == asdict(Settings())
    lines = PACKAGED.read_text(encoding="utf-8").splitlines()
    for field in fields(Settings):
        place = next(i for i, line in enumerate(lines) if line.startswith(f"{field.name} ="))
        assert lines[place - 1].startswith("# "), field.name


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('wokers = 3\nworkers = 0\nmax_queue = "many"\nallow_private_urls = 1\nmodel = " "\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert [problem.split()[1] for problem in caught.value.problems] == [
        "wokers", "workers", "max_queue", "allow_private_urls", "model",
    ]  # fmt: skip
    assert all("mine.toml" in problem for problem in caught.value.problems)


def test_a_whole_number_may_stand_for_seconds_and_true_may_not() -> None:
    assert parse_settings({"lease_seconds": 3}).lease_seconds == 3.0
    with pytest.raises(ConfigError):
        parse_settings({"workers": True})


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_settings(tmp_path / "none.toml")


def test_the_database_lies_in_the_data_directory_or_where_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().database_path == tmp_path / "analyst-brief" / "briefs.sqlite3"
    assert Settings(database="~/b.sqlite3").database_path == Path.home() / "b.sqlite3"
