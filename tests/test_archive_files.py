"""Past articles from files: all that can be read is read, and every one that can't is named with its line."""

from __future__ import annotations

import json
import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from summarizer import Article, NotFound
from summarizer.archive_files import MAX_LINE, past_articles

TODAY = date(2025, 6, 1)
BODY = (
    "The council of Alta voted on Monday to raise the dam by two metres before the spring. The dam holds 3 million "
    "cubic metres of water and was built in 1987. Farmers below it asked for a wall, and the owner will pay for that."
)


def line(**fields: object) -> str:
    return json.dumps({"title": "Alta raises dam", "published": "2020-03-04", "body": BODY} | fields) + "\n"


def read(*paths: Path) -> tuple[list[Article], list[str]]:
    refused: list[str] = []
    return list(past_articles(paths, refused.append, TODAY)), refused


def test_an_object_a_line_becomes_an_article(tmp_path: Path) -> None:
    path = tmp_path / "past.jsonl"
    rows = [
        line(byline="Ole Dahl", url="https://example.com/a", source="Nordlys", cms_id=7),
        "\n",
        json.dumps({"article": {"title": "B", "published": "2020-03-05T08:00:00Z", "text": BODY}}) + "\n",
        line(body=None, html=f"<html><body><article><h1>C</h1><p>{BODY}</p></article></body></html>", title="C"),
    ]
    path.write_bytes("\ufeff".encode() + "".join(rows).encode())
    articles, refused = read(path)
    assert refused == []
    assert [(a.title, a.published) for a in articles] == [
        ("Alta raises dam", "2020-03-04"),
        ("B", "2020-03-05"),
        ("C", "2020-03-04"),
    ]
    first = articles[0]
    assert (first.byline, first.url, first.source) == ("Ole Dahl", "https://example.com/a", "Nordlys")
    assert first.text == articles[1].text == BODY


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("no json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not an object"),
        ("{}", "exactly one of body, text and html"),
        (line(text=BODY), "exactly one of body, text and html"),
        (line(body=5), "body must be a text"),
        (line(title=["x"]), "title must be a text"),
        (line(published=""), "no date of publication"),
        (line(published="last week"), "no date that can be read"),
        (line(published="2025-06-02"), "has not come yet"),
        (line(body="Too short."), "2 words"),
        (line(body="word " * 300_000), "larger than"),
        (line(url="javascript:alert(1)"), "http or https"),
        ("x" * (MAX_LINE + 5), "longer than"),
    ],
)
def test_a_faulty_line_is_named_and_the_next_is_read(tmp_path: Path, row: str, why: str) -> None:
    path = tmp_path / "past.jsonl"
    path.write_text(line() + row.rstrip("\n") + "\n" + line(title="After"))
    articles, refused = read(path)
    assert [article.title for article in articles] == ["Alta raises dam", "After"]
    assert len(refused) == 1
    assert refused[0].startswith(f"{path}:2: ")
    assert why in refused[0]


def test_bytes_that_no_database_takes_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "past.jsonl"
    path.write_bytes(
        line(title="\x00 \ud800 dam", byline="\ud800").encode()
        + b'{"title": "\xff"}\n'
        + line(body=BODY + "\ud800").encode()
    )
    articles, refused = read(path)
    assert len(articles) == 2
    for article in articles:
        assert "\x00" not in article.title
        (article.title + article.byline + article.text).encode()
    assert [row.split(": ")[0] for row in refused] == [f"{path}:2"]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019/2019-02-03-dam.txt").write_text(f"Dam voted\n\n{BODY}\n")
    (tmp_path / "b.md").write_text(f"---\ntitle: Bridge voted\ndate: 2020-01-02\n---\n\n{BODY}\n")
    (tmp_path / "c.txt").write_text(f"Undated\n\n{BODY}\n")
    (tmp_path / "d.jsonl").write_text(line(title="Lines"))
    (tmp_path / "e.png").write_bytes(b"\x89PNG")
    articles, refused = read(tmp_path)
    assert sorted((a.title, a.published, a.source) for a in articles) == [
        ("Bridge voted", "2020-01-02", ""),
        ("Dam voted", "2019-02-03", ""),
        ("Lines", "2020-03-04", ""),
    ]
    (why,) = refused
    assert why.startswith(f"{tmp_path / 'c.txt'}: ")
    assert "no date of publication" in why


def test_a_path_that_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line())
    with pytest.raises(NotFound, match=r"none\.jsonl"):
        read(tmp_path / "a.jsonl", tmp_path / "none.jsonl")


def test_a_long_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "past.jsonl"
    row = line(body=f"{BODY}\n\n" * 40)
    next(past_articles([_written(path, row, 2)], print, TODAY))  # what is loaded once
    _written(path, row, 200)
    tracemalloc.start()
    count = sum(1 for _ in past_articles([path], print, TODAY))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200
    assert peak < path.stat().st_size / 4


def _written(path: Path, row: str, times: int) -> Path:
    path.write_text(row * times)
    return path
