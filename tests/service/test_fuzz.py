"""Nothing that a client sends may give a 500, and the service goes on answering.

Requests are made from the grammar of the API and then spoilt; hypothesis shrinks what it finds.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.fakes import WORDS, core, serving
from tests.service.fakes import settings as service_settings

FUZZ = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCALARS = st.one_of(
    st.sampled_from([None, True, "\ud800", "a\x00b", "https://example.com/a", WORDS]),
    st.integers() | st.floats() | st.integers(min_value=10**30),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "text",
        "html",
        "url",
        "article",
        "title",
        "panel",
        "options",
        "callback_url",
        "seed",
        "candidates",
        "sections",
        "body",
        "published",
        "byline",
        "x",
    ]
)
FIELDS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=4), max_size=5)
PATHS = [
    "/",
    "/briefs",
    "/briefs/{}",
    "/briefs/{}/cancel",
    "/briefs/{}/delete",
    "/v1/briefs",
    "/v1/briefs/{}",
    "/v1/briefs/{}/events",
    "/v1/panels",
    "/v1/models",
    "/livez",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/static/{}",
    "/{}",
]
QUERY = st.sampled_from(["limit", "cursor", "q", "status", "format", "panel", "seed"])
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
RAW = st.binary(max_size=30)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    chosen = service_settings(tmp_path_factory.mktemp("fuzz"), max_queue=1_000_000, max_wait_seconds=1)
    with serving(chosen, core()) as client:
        yield client


def well(response: httpx.Response) -> None:
    assert response.status_code < 500, (response.request.method, response.request.url, response.text)
    api = response.request.url.path.startswith("/v1/")
    if response.status_code >= 400 and api and response.request.method != "HEAD":
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]


@FUZZ
@given(body=FIELDS)
def test_json_of_any_shape(shared: httpx.Client, body: dict[str, Any]) -> None:
    content = json.dumps(body)
    well(shared.post("/v1/briefs", content=content, headers={"Content-Type": "application/json"}))


@FUZZ
@given(
    body=st.binary(max_size=60),
    media=st.sampled_from(["application/json", "text/plain", "text/html", "text/markdown",
                           "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]) | TOKENS,
    path=st.sampled_from(["/v1/briefs", "/"]),
    start=st.sampled_from([b"", b"--b\r\n", b'{"text":"', WORDS.encode(), b"text=", b"\xef\xbb\xbf"]),
)  # fmt: skip
def test_bytes_of_any_kind(shared: httpx.Client, body: bytes, media: str, path: str, start: bytes) -> None:
    well(shared.post(path, content=start + body, headers={"Content-Type": media}))


@FUZZ
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    piece=RAW,
    query=st.dictionaries(QUERY, RAW, max_size=3),
    accept=st.sampled_from(["*/*", "text/html", "text/plain", "application/json", "image/png"]) | TOKENS,
    prefer=st.sampled_from(["wait=0", "wait=99999999999999999999"]) | TOKENS,
    etag=TOKENS,
)  # fmt: skip
def test_any_route_parameter_and_header(
    shared: httpx.Client,
    method: str,
    path: str,
    piece: bytes,
    query: dict[str, bytes],
    accept: str,
    prefer: str,
    etag: str,
) -> None:
    from urllib.parse import quote, urlencode

    target = path.format(quote(piece, safe="")) + ("?" + urlencode(query) if query else "")
    headers = {"Accept": accept, "Prefer": prefer, "If-None-Match": etag, "Last-Event-ID": etag}
    response = shared.request(method, target, headers=headers)
    if path != "/readyz":
        well(response)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /v1/briefs/%zz HTTP/1.1\r\nHost: a\r\n",
        b"GET /v1/briefs?q=%ff%fe&cursor=%00 HTTP/1.1\r\nHost: a\r\n",
        b"GET //v1//briefs HTTP/1.1\r\nHost: a\r\n",
        b"GET /static/../app.py HTTP/1.1\r\nHost: a\r\n",
        b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: a\r\n",
        b"GET /static/%00 HTTP/1.1\r\nHost: a\r\n",
        b"GET /static/" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: a\r\n",
        b"GET http://[bad/ HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://[x\r\nContent-Length: 0\r\n",
        b"POST /v1/briefs HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 99999999999\r\n"
        b"Expect: 100-continue\r\n",
        b"POST /v1/briefs HTTP/1.1\r\nHost: a\r\nContent-Type: \xff\xfe\r\nContent-Length: 0\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: \xff/\xfe\r\nCookie: \xff\r\n",
        b"BREW / HTTP/1.1\r\nHost: a\r\n",
    ],
)
def test_raw_requests_that_no_client_library_makes(shared: httpx.Client, request_line: bytes) -> None:
    connection = http.client.HTTPConnection(shared.base_url.host, shared.base_url.port, timeout=10)
    connection.connect()
    connection.sock.sendall(request_line + b"Connection: close\r\n\r\n")
    answer = b""
    while piece := connection.sock.recv(65_536):
        answer += piece
    connection.close()
    status = int(answer.split(b" ", 2)[1])
    assert 200 <= status < 500
    assert b"class Core" not in answer
    assert shared.get("/livez").status_code == 200
