"""Every bad request gets its problem document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from summarizer import TooShort
from tests.service.asking import checked, conforms
from tests.service.fakes import WORDS, core, ingest_text, serving, settings


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"", 400, "malformed-body"),
        (b"{", 400, "malformed-body"),
        (b'{"text": "\xff\xfe"}', 400, "malformed-body"),
        (b'{"text": "\\ud800"}', 400, "malformed-body"),
        (b"[" * 100_000, 400, "malformed-body"),
        (b'{"options": ' + b'{"a":' * 5_000, 400, "malformed-body"),
        (b"[]", 422, "invalid-field"),
        (b"null", 422, "invalid-field"),
        (b'"text"', 422, "invalid-field"),
        (b"1e999999", 422, "invalid-field"),
        (b"{}", 422, "invalid-field"),
        (b'{"text": "a", "url": "https://example.com"}', 422, "invalid-field"),
        (b'{"text": 1}', 422, "invalid-field"),
        (b'{"text": "a", "colour": "red"}', 422, "invalid-field"),
        (b'{"text": "a", "options": {"seed": 1' + b"0" * 5_000 + b"}}", 400, "malformed-body"),
        (b'{"text": "a", "options": {"seed": -1}}', 422, "invalid-field"),
        (b'{"text": "a", "options": {"seed": 1.5}}', 422, "invalid-field"),
        (b'{"text": "a", "options": {"seed": NaN}}', 422, "invalid-field"),
        (b'{"text": "a", "options": {"candidates": 9}}', 422, "invalid-field"),
        (b'{"text": "a", "options": {"sections": ["poem"]}}', 422, "invalid-field"),
        (b'{"text": "a", "title": "a\\u0000b"}', 422, "invalid-field"),
        (b'{"text": "a", "callback_url": "https://example.com/hook"}', 422, "invalid-field"),
        (b'{"article": {"title": "a"}}', 422, "invalid-field"),
        (b'{"article": {"body": "a", "text": "b"}}', 422, "invalid-field"),
        (b'{"article": {"body": "a", "published": "yesterday"}}', 422, "invalid-field"),
        (b'{"url": "file:///etc/passwd"}', 422, "invalid-field"),
        (b'{"url": "https://"}', 422, "invalid-field"),
        (b'{"url": "http://[::1"}', 422, "invalid-field"),
        (b'{"url": "https://example.com/missing"}', 422, "not-found"),
        (b'{"text": ""}', 422, "empty-input"),
        (b'{"text": "Too few words."}', 422, "article-too-short"),
        (b'{"text": "a\\u0000b"}', 422, "not-text"),
        (b'{"text": "' + b"word " * 50_000 + b'"}', 413, "article-too-large"),
        (b'{"text": "a", "panel": "nope"}', 422, "unknown-name"),
        (b'{"text": "a", "panel": "../../etc"}', 422, "unknown-name"),
    ],
)
def test_a_bad_body_is_a_problem_that_says_what_to_do(
    client: httpx.Client, body: bytes, status: int, slug: str
) -> None:
    response = client.post("/v1/briefs", content=body, headers={"Content-Type": "application/json"})
    document = checked(response, status, slug)
    assert document["instance"] == "/v1/briefs"
    assert len(document["detail"]) < 600
    conforms(document, "Problem", client)
    assert client.get("/v1/briefs").json()["briefs"] == []
    assert client.get("/livez").status_code == 200


def test_the_sentence_is_the_one_of_the_command_line(client: httpx.Client) -> None:
    with pytest.raises(TooShort) as caught:
        ingest_text("Too few words.")
    answer = client.post("/v1/briefs", json={"text": "Too few words."}).json()
    assert answer["detail"] == str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "content", "status", "slug"),
    [
        (None, b"x", 415, "unsupported-content-type"),
        ("application/xml", b"<a/>", 415, "unsupported-content-type"),
        ("multipart/form-data", b"x", 415, "unsupported-content-type"),
        ("text/plain", b"", 422, "empty-input"),
        ("text/plain", b"\xff\xfe\x00", 422, "not-text"),
        ("text/plain; charset=nonsense", b"a", 422, "not-text"),
        ("text/plain; charset=utf-16", b"a", 422, "not-text"),
        ("text/plain; charset=rot13", b"a", 422, "not-text"),
    ],
)
def test_a_bare_body_is_checked_too(
    client: httpx.Client, content_type: str | None, content: bytes, status: int, slug: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    checked(client.post("/v1/briefs", content=content, headers=headers), status, slug)


def test_parameters_beside_a_bare_body_are_checked(client: httpx.Client) -> None:
    headers = {"Content-Type": "text/plain"}
    for query in ("seed=x", "seed=" + "9" * 30, "candidates=0", "colour=red", "seed=%EF%BC%91"):
        checked(client.post(f"/v1/briefs?{query}", content=WORDS, headers=headers), 422, "invalid-field")
    checked(client.post("/v1/briefs?panel=x", content=WORDS, headers=headers), 422, "unknown-name")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_while_it_arrives(tmp_path: Path, chunked: bool) -> None:
    chosen = settings(tmp_path, max_body_bytes=100_000)
    piece = b"word " * 10_000
    sent = 0

    def pieces() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += len(piece)
            yield piece

    with serving(chosen, core()) as client:
        content = pieces() if chunked else piece * 100
        headers = {"Content-Type": "text/plain"}
        checked(client.post("/v1/briefs", content=content, headers=headers), 413, "article-too-large")
        assert client.post("/v1/briefs", content=WORDS, headers=headers).status_code == 202
        page = client.post("/", data={"text": "word " * 100_000})
        assert page.status_code == 413
        assert "<textarea" in page.text
