"""Configuration: what is packaged is sound, a directory of one's own adds and replaces, and every problem of
every file is told at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from summarizer import Config, ConfigError, UnknownName, load_config
from summarizer.toml import is_date
from summarizer.types import Calibration, Traits

RECORD = """
[[record]]
id = "{id}"
date = "{date}"
text = "{text}"
sectors = ["science"]
source = {{ publisher = "P", title = "T", date = "2001" }}
"""


def test_the_space_panel_has_the_three_analysts_of_the_reference(config: Config) -> None:
    titles = [analyst.title for analyst in config.panel("space").analysts]
    assert titles == [
        "Space and Defense Industry Analyst",
        "Stock and Finance Market Analyst",
        "Government Policy Analyst",
    ]
    assert [a.sector for a in config.panel("space").analysts] == [
        "Space and Defense Industry",
        "Stock and Financial Markets",
        "Government Policy",
    ]


def test_there_are_at_least_five_more_desks_and_all_sixteen_sectors(config: Config) -> None:
    assert len(config.panels) >= 6
    assert len(config.sectors) == 16


def test_an_unknown_panel_is_told_with_those_that_exist(config: Config) -> None:
    with pytest.raises(UnknownName, match=r"no panel called 'opera'.*space"):
        config.panel("opera")


def test_a_dropped_file_adds_a_panel_and_one_of_the_same_name_replaces(tmp_path: Path) -> None:
    (tmp_path / "panels").mkdir()
    (tmp_path / "panels/opera.toml").write_text(
        'name = "Opera"\n[[analyst]]\ntitle = "Opera Analyst"\nsector = "Opera"\nlens = "singers"\n'
    )
    (tmp_path / "panels/space.toml").write_text('name = "Mine"\n[[analyst]]\nbeat = "science"\n')
    config = load_config(tmp_path)
    assert config.panel("opera").analysts[0].lens == "singers"
    assert config.panel("space").name == "Mine"
    assert "energy" in config.panels


def test_what_is_known_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(
        '["hf:big"]\noffset = 1\nslope = 0.5\nerror = 2\n["hf:small"]\nconcludes = false\n'
    )
    config = load_config(tmp_path)
    assert config.traits_of("hf:big") == Traits(Calibration(1.0, 0.5, 2.0), concludes=True)
    assert config.traits_of("hf:small") == Traits(Calibration(), concludes=False)
    assert config.traits_of("hf:other") == Traits()
    assert not config.traits_of("house").concludes


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "panels").mkdir()
    (tmp_path / "background").mkdir()
    (tmp_path / "panels/a.toml").write_text('name = ""\ncolour = "red"\n[[analyst]]\nbeat = "opera"\n')
    (tmp_path / "panels/b.toml").write_text('name = "B"\n' + '[[analyst]]\nbeat = "science"\n' * 2)
    (tmp_path / "panels/c.toml").write_text("name = [\n")
    (tmp_path / "panels/d.toml").write_text('name = "D"\nanalyst = []\n')
    (tmp_path / "background/mine.toml").write_text(
        RECORD.format(id="x", date="2003-02-30", text="Short.")
        + RECORD.format(id="y", date="2003", text="word " * 31 + "end.")
        + RECORD.format(id="y2", date="2003", text="No full stop")
        + RECORD.format(id="z", date="2003", text="The same text.")
        + RECORD.format(id="z", date="2004", text="The same  text.")
    )
    (tmp_path / "models.toml").write_text('[tiny]\noffset = "low"\nslope = true\nbias = 1\nconcludes = 1\n')
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    told = "\n".join(caught.value.problems)
    for expected in (
        "a.toml: name must be a text",
        "a.toml: colour is unknown",
        "a.toml: analyst 1.beat 'opera' is not one of",
        "b.toml: analyst two analysts have the same sector heading",
        "c.toml can't be read",
        "d.toml: analyst must be 1 to 8 tables",
        "mine.toml:2: x.date must be a date",
        "mine.toml:9: y.text has 32 words",
        "mine.toml:16: y2.text must be one sentence",
        "mine.toml:30: z is the id of two records, the other in mine.toml:23",
        "mine.toml:30: z has the same text as z in mine.toml:23",
        "models.toml: tiny.offset must be a number",
        "models.toml: tiny.slope must be a number",
        "models.toml: tiny.error must be a number",
        "models.toml: tiny.bias is unknown",
        "models.toml: tiny.concludes must be true or false",
    ):
        assert expected in told


def test_the_check_of_records_tells_everything_at_once_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "background").mkdir()
    (tmp_path / "background/a.toml").write_text(
        RECORD.format(id="first", date="2003", text="China launched Yang Liwei aboard Shenzhou 5 into orbit.")
        + RECORD.format(id="second", date="2003-10", text="China launched Yang Liwei aboard Shenzhou 5 to orbit.")
        + RECORD.format(id="third", date="2026-01-02", text="Alta raised a dam.")
        + RECORD.format(id="archive-4", date="2004", text="Bergen built a bridge.").replace("science", "opera")
        + RECORD.format(id="fifth", date="2004", text="Oslo dug a tunnel.").replace("2001", "2027")
    )
    (tmp_path / "background/b.toml").write_text(
        '[[record]]\nid = "first"\ndate = 2003\ntext = "No source."\nsectors = []\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path, today=date(2026, 1, 1))
    assert [problem.partition(", ")[0] for problem in caught.value.problems] == [
        "a.toml:16: third.date 2026-01-02 has not come yet",
        "a.toml:23: archive-4.id must not begin with archive-",
        "a.toml:23: archive-4.sectors 'opera' is not one of agriculture",
        "a.toml:30: fifth.source.date 2027 has not come yet",
        "b.toml:1: first.sectors must name one or more of agriculture",
        "b.toml:1: first.source must be a table with publisher",
        "b.toml:1: first is the id of two records",
        "a.toml:9: second says nearly the same as first in a.toml:2",
    ]


def test_records_in_one_array_have_no_lines(tmp_path: Path) -> None:
    (tmp_path / "background").mkdir()
    (tmp_path / "background/a.toml").write_text('record = [{ id = "x" }, 5]\n')
    with pytest.raises(ConfigError, match=r"a\.toml: x\.date must be a date.*a\.toml: record 2 must be a table"):
        load_config(tmp_path)


@pytest.mark.parametrize("text", ["2003", "2003-10", "2003-10-15", "2024-02-29"])
def test_a_date_may_leave_out_day_and_month(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize("text", ["", "03", "2003-13", "2023-02-29", "2003-1", "15 October 2003", "0000"])
def test_what_is_no_date(text: str) -> None:
    assert not is_date(text)


def test_the_packaged_records_are_many_and_spread(config: Config) -> None:
    assert len(config.records) >= 320
    for beat in config.sectors:
        assert sum(beat in record.sectors for record in config.records) >= 20, beat
    recent = [record for record in config.records if record.date >= "2000"]
    assert len(recent) >= 0.75 * len(config.records)
