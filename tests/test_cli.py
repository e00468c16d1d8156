"""The command line: exit status, one clear line on stderr, the brief alone on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.store import Store
from summarizer import MAX_BYTES, Article, data_dir

EXAMPLE = data_dir("configs") / "examples/tether.txt"


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-m", "summarizer.cli", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def refused(result: subprocess.CompletedProcess[bytes], words: str) -> None:
    """Status 2, nothing on stdout, one line on stderr that says `words`."""
    lines = result.stderr.decode().splitlines()
    assert result.returncode == 2, lines
    assert result.stdout == b""
    assert len(lines) == 1, lines
    assert words in lines[0]


def test_help_names_the_commands() -> None:
    result = run("--help")
    assert result.returncode == 0
    for command in ("write", "serve", "models", "panels", "records", "archive", "eval"):
        assert command in result.stdout.decode()


def test_help_is_quick() -> None:
    """The best of three, since a busy machine delays any one of them: what is promised is under a second."""

    def seconds() -> float:
        began = time.perf_counter()
        run("--help")
        return time.perf_counter() - began

    assert min(seconds() for _ in range(3)) < 1


def test_panels_and_records_are_listed() -> None:
    assert "Space and Defense Industry Analyst" in run("panels").stdout.decode()
    assert "records, all in order" in run("records", "check").stdout.decode()


def test_models_are_listed_with_the_specs_that_open_them() -> None:
    listed = run("models").stdout.decode()
    assert "house" in listed
    assert "tiny" in listed
    assert "openai:MODEL@BASE_URL" in listed


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (b"", "no text to read"),
        (b" \n\t ", "no text to read"),
        (b"Rain fell on Monday.", "4 words"),
        (b"%PDF-1.7 " + bytes(range(256)) * 20, "PDF"),
        (bytes(range(256)) * 40, "not text"),
        (b"word " * (MAX_BYTES // 5 + 1_000_000), "larger than 1,000,000 bytes"),
        (
            "Der Gemeinderat von Altenau hat am Montag beschlossen, den Damm um vier Meter zu erhöhen. "
            "Die Kosten von drei Millionen Euro trägt das Land, sagte der Bürgermeister nach der Sitzung. ".encode()
            * 4,
            "German",
        ),
    ],
    ids=["empty", "blank", "tiny", "pdf", "binary", "5MB", "german"],
)
def test_bad_input_gets_one_clear_line(stdin: bytes, words: str) -> None:
    refused(run("write", "-", "--model", "tiny", stdin=stdin), words)


def test_other_mistakes_get_one_clear_line(tmp_path: Path) -> None:
    refused(run("write", str(tmp_path / "none.txt")), "none.txt")
    refused(run("write", str(EXAMPLE), "--panel", "opera"), "no panel called 'opera'")
    refused(run("write", str(EXAMPLE), "--model", "gpt"), "'gpt'")
    refused(run("eval", str(tmp_path / "none.jsonl")), "none.jsonl")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    refused(run("eval", str(tmp_path / "bad.jsonl")), "Line 1 of")
    (tmp_path / "panels").mkdir()
    (tmp_path / "panels/mine.toml").write_text('name = "Mine"\n')
    refused(run("panels", "--config-dir", str(tmp_path)), "mine.toml: analyst must be 1 to 8 tables")


BODY = (
    "The council of Alta voted on Monday to raise the dam by two metres before the spring. The dam holds 3 million "
    "cubic metres of water and was built in 1987. Farmers below it asked for a wall, and the owner will pay for that."
)


def test_past_articles_are_imported_once_listed_counted_and_removed(tmp_path: Path) -> None:
    lines = [json.dumps({"title": f"Dam {n}", "published": f"2020-03-0{n}", "body": BODY}) for n in (1, 2)]
    (tmp_path / "past.jsonl").write_text("\n".join([*lines, "{}", "{"]))
    archive = ("archive", "--archive", str(tmp_path / "archive.sqlite3"))
    first = run(*archive, "import", str(tmp_path / "past.jsonl"))
    assert first.stdout == b"2 articles are new, 0 were there already, 2 could not be taken\n"
    assert first.returncode == 2
    assert [line.split(b": ")[1] for line in first.stderr.splitlines()] == [
        f"{tmp_path}/past.jsonl:{n}".encode() for n in (3, 4)
    ]
    (tmp_path / "past.jsonl").write_text("\n".join(lines))
    again = run(*archive, "import", str(tmp_path))
    assert (again.returncode, again.stderr) == (0, b"")
    assert again.stdout == b"0 articles are new, 2 were there already, 0 could not be taken\n"
    listed = run(*archive, "list", "--limit", "1").stdout.decode()
    assert "2020-03-02  imported  Dam 2" in listed
    assert listed.count("\n") == 1
    assert run(*archive, "remove", listed.split()[0]).returncode == 0
    assert run(*archive, "count").stdout == b"1\n"
    refused(run(*archive, "remove", "archive-0"), "holds no archive-0")


def test_the_archive_of_the_service_is_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text(f'database = "{tmp_path}/briefs.sqlite3"\n')
    (tmp_path / "past.jsonl").write_text(json.dumps({"title": "Dam", "published": "2020-03-01", "body": BODY}))
    run("archive", "--config", str(tmp_path / "service.toml"), "import", str(tmp_path / "past.jsonl"))
    store = Store(tmp_path / "briefs.sqlite3")
    story = Article("Alta closes its dam.", title="Alta dam to close", published="2024-01-01")
    assert [past.article.title for past in store.older(story, "")] == ["Dam"]
    store.close()


def test_an_archive_that_is_not_there_is_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.sqlite3")
    refused(run("archive", "--archive", missing, "count"), "There is no archive")
    refused(run("write", str(EXAMPLE), "--archive", missing), "There is no archive")


def test_wrong_usage_ends_with_two() -> None:
    assert run().returncode == 2
    assert run("write").returncode == 2
    assert b"from 1 to 8" in run("write", str(EXAMPLE), "--candidates", "0").stderr
