"""The pages, as a browser without JavaScript meets them."""

from __future__ import annotations

import dataclasses
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from jinja2 import Environment, meta, nodes

from service.pages import DocsPage, ErrorPage, FormPage, HistoryPage, Pages, ReportPage, WaitingPage
from tests.service.fakes import WORDS, Writer, core, serving, settings, until

EVIL = '<script>alert("x")</script> {{ 7919 * 7919 }} {% raw %} & "quoted" \'single\''
ALL = (FormPage, WaitingPage, ReportPage, HistoryPage, ErrorPage, DocsPage)
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


class Tags(HTMLParser):
    """Collects start tags, and the text outside of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def send(client: httpx.Client, **fields: Any) -> httpx.Response:
    file = fields.pop("file", ("", b"", "application/octet-stream"))
    return client.post("/", data={"text": "", "url": "", "title": "", **fields}, files={"file": file}, headers=BROWSER)


def report(client: httpx.Client, response: httpx.Response) -> str:
    assert response.status_code == 303, response.text
    address = response.headers["location"]
    return until(lambda: (page := client.get(address).text).count('section class="brief"') and page)  # type: ignore[no-any-return]


@pytest.mark.parametrize("page", ALL)
def test_a_template_uses_what_its_page_has_and_nothing_else(page: type) -> None:
    environment: Environment = Pages().environment
    assert environment.loader is not None
    source = environment.loader.get_source(environment, page.template)[0]  # type: ignore[attr-defined]
    tree = environment.parse(source)
    assert meta.find_undeclared_variables(tree) <= {"page"}
    used = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "page"
    }
    assert used == {field.name for field in dataclasses.fields(page)}


def test_a_pasted_text_becomes_a_report(client: httpx.Client) -> None:
    page = report(
        client, send(client, text=WORDS.replace(" names", "\r\nnames", 1), title="My headline", panel="water")
    )
    assert "My headline" in page
    assert "panel Water" in page
    tags = Tags(page)
    sentences = {a["id"] for a in tags.all("span") if a.get("class") == "sentence"}
    links = {a["href"] for a in tags.all("a") if a.get("class") == "ref" and a["href"].startswith("#s")}
    assert links
    assert {link[1:] for link in links} <= sentences
    for name in ("text", "markdown", "json"):
        (link,) = [a["href"] for a in tags.all("a") if a["href"].endswith(f"format={name}")]
        assert client.get(link).status_code == 200
    assert ">inferred</small>" in page
    assert ">background</small>" in page


def test_an_address_and_a_file_do_too(client: httpx.Client) -> None:
    assert "Fetched" in report(client, send(client, url=" https://example.com/a "))
    page = report(client, send(client, file=("story.md", WORDS.encode(), "text/plain"), title="From a file"))
    assert "From a file" in page
    plain = client.post("/", data={"text": WORDS})  # no upload, so not multipart
    assert plain.status_code == 303


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({}, 422, "There is no article."),
        (
            {"text": "Too few words.", "title": EVIL},
            422,
            "The article has fewer than 40 words. Send the whole article.",
        ),
        ({"text": WORDS, "url": "https://example.com"}, 422, "Give only one of them."),
        ({"url": "ftp://example.com"}, 422, "http or https"),
        ({"url": "https://example.com/missing"}, 422, "can't be fetched: 404."),
        ({"text": WORDS, "panel": "nope"}, 422, "There is no panel called"),
        ({"text": WORDS, "title": "a" * 1_001}, 422, "longer than 1,000"),
        ({"file": ("a.bin", b"\xff\xfe\x00\x01", "application/octet-stream")}, 422, "This is not a text."),
        ({"file": ("a.txt", b"", "text/plain")}, 422, "There is nothing to read."),
    ],
)
def test_what_is_wrong_with_the_form_is_said_on_it_and_the_input_is_kept(
    client: httpx.Client, fields: dict[str, Any], status: int, says: str
) -> None:
    response = send(client, **fields)
    assert response.status_code == status
    page = Tags(response.text)
    assert says in page.text
    values = {a["id"]: a.get("value", "") for a in page.all("input")}
    assert values["title"] == fields.get("title", "")
    assert values["url"] == fields.get("url", "")
    assert fields.get("text", "") in page.text
    assert not client.get("/v1/briefs").json()["briefs"]


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--x--'),
        ("multipart/form-data; charset=utf-7; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n+2AA-\r\n--x--'),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 500 + b"\r\n\r\n--x--"),
        ("application/x-www-form-urlencoded", b"%%%&&&===;;;\xff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 500),
        ("application/json", b"{}"),
        ("text/plain", b"x"),
    ],
)  # fmt: skip
def test_a_broken_form_is_an_answer(client: httpx.Client, content_type: str, content: bytes) -> None:
    response = client.post("/", content=content, headers={"Content-Type": content_type, **BROWSER})
    assert 400 <= response.status_code < 500
    assert "<h1>" in response.text


def test_text_of_an_article_is_only_text(client: httpx.Client) -> None:
    words = f"{EVIL} {WORDS}"
    pages = [
        report(client, send(client, text=words, title=EVIL)),
        client.get("/briefs").text,
        client.get("/briefs", params={"q": EVIL, "status": EVIL}).text,
        send(client, text="short", title=EVIL, url=EVIL).text,
    ]
    for page in pages:
        tags = Tags(page)
        assert all(a.get("src", "").startswith("/static/") for a in tags.all("script"))
        assert "<script>alert" not in page
        assert "62710561" not in tags.text
    assert EVIL in Tags(pages[0]).text


def test_a_waiting_page_tells_its_place_and_renews_itself(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path, workers=1), core(Writer(gate=gate))) as client:
        addresses = [send(client, text=WORDS, title=f"Story {n}").headers["location"] for n in range(3)]
        until(lambda: "being written" in client.get(addresses[0]).text)
        page = client.get(addresses[2]).text
        assert "It is number 2 in the queue." in page
        assert '<noscript><meta http-equiv="refresh"' in page
        assert client.post(f"{addresses[2]}/cancel").status_code == 303
        cancelled = client.get(addresses[2]).text
        assert "It was cancelled." in cancelled
        assert "http-equiv" not in cancelled
        assert client.post(f"{addresses[2]}/delete").headers["location"] == "/briefs"
        assert client.get(addresses[2], headers=BROWSER).status_code == 404
        history = client.get("/briefs").text
        assert history.index("Story 1") < history.index("Story 0")
        gate.set()
        until(lambda: 'class="brief"' in client.get(addresses[1]).text)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[broken"}, False),
    ],
)
def test_only_our_own_pages_may_post(client: httpx.Client, headers: dict[str, str], allowed: bool) -> None:
    for path in ("/", "/v1/briefs"):
        body = {"data": {"text": WORDS}} if path == "/" else {"json": {"text": WORDS}}
        response = client.post(path, headers=headers, **body)  # type: ignore[arg-type]
        assert (response.status_code == 403) is not allowed, response.text
    own = str(client.base_url).rstrip("/")
    assert client.post("/", data={"text": WORDS}, headers={"Origin": own}).status_code == 303


@pytest.mark.parametrize("address", ["/", "/briefs", "/docs", "/nothing", "/static/style.css", "/livez"])
def test_every_answer_carries_strict_headers_and_no_foreign_asset(client: httpx.Client, address: str) -> None:
    response = client.get(address, headers=BROWSER)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    if response.headers["content-type"].startswith("text/html"):
        tags = Tags(response.text)
        for name, attributes in tags.tags:
            assert "style" not in attributes, name
            assert not any(key.startswith("on") for key in attributes), name
            if name in ("script", "link", "img"):
                target = attributes.get("src") or attributes["href"]
                assert target.startswith("/static/")
                assert client.get(target).status_code == 200
        assert tags.all("html") == [{"lang": "en"}]
        labelled = {a["for"] for a in tags.all("label")}
        for tag in ("input", "select", "textarea"):
            assert {a["id"] for a in tags.all(tag)} <= labelled
    head = client.head(address, headers=BROWSER)
    assert (head.status_code, head.content) == (response.status_code, b"")


def test_the_sheet_needs_nothing_from_elsewhere() -> None:
    from service.pages import STATIC

    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]|@import|url\(", re.sub(r"^\s*//.*$", "", text, flags=re.M)), path
