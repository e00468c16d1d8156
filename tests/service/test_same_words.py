"""Bad input gets the same sentence over HTTP, on the form and from ingest, which the command line prints."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from service import real_core
from summarizer import Config, InputError, ingest_bytes, ingest_text
from tests.service.fakes import FakeModel, Writer, serving, settings

GERMAN = "Der Hafen von Hamburg wird in den nächsten Jahren für viele Millionen Euro ausgebaut, sagte der Senat. " * 6
INPUTS = {
    "empty": b"",
    "blank": b" \n\t\n ",
    "tiny": b"Ten words are not an article, and neither are eleven.",
    "binary": bytes(range(256)) * 40,
    "picture": b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02\xff" * 500,
    "not English": GERMAN.encode(),
    "5 MB": b"The harbour grows again. " * 200_000,
    "1.5 MB": b"The harbour grows again. " * 60_000,
}


@pytest.fixture(scope="module")
def client(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    chosen = settings(tmp_path_factory.mktemp("words"))
    core = replace(real_core(config, chosen), write=Writer(), open_model=lambda spec, progress: FakeModel())
    with serving(chosen, core) as client:
        yield client


@pytest.mark.parametrize("name", INPUTS)
def test_bad_input_is_refused_in_the_words_of_ingest(client: httpx.Client, name: str) -> None:
    data = INPUTS[name]
    with pytest.raises(InputError) as caught:
        ingest_bytes(data)
    said = str(caught.value)
    plain = client.post("/v1/briefs", content=data, headers={"Content-Type": "text/plain"})
    assert 400 <= plain.status_code < 500
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.json()["detail"] == said
    upload = client.post("/", data={"text": ""}, files={"file": ("a.txt", data, "text/plain")})
    assert upload.status_code == plain.status_code
    assert html.escape(said, quote=False) in upload.text.replace("&#39;", "'").replace("&#34;", '"')
    if name not in ("binary", "picture"):
        text = data.decode()
        with pytest.raises(InputError) as from_text:
            ingest_text(text)
        response = client.post("/v1/briefs", json={"text": text})
        assert response.json()["detail"] == str(from_text.value) == said
    assert client.get("/livez").status_code == 200
    assert client.get("/v1/briefs").json()["briefs"] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost/", "http://10.0.0.1/a", "http://[::1]/"])
def test_addresses_inside_the_network_are_not_fetched(client: httpx.Client, url: str) -> None:
    response = client.post("/v1/briefs", json={"url": url})
    assert 400 <= response.status_code < 500, response.text
    assert response.json()["detail"]


def test_a_charset_that_nobody_knows_is_not_a_fault_of_ours(client: httpx.Client) -> None:
    for charset in (
        "nonsense",
        "rot13",
        "utf-7",
        "idna",
        "\x00",
        "base64",
        "undefined",
        "unicode_escape",
        "hex",
    ):
        headers = {"Content-Type": f"text/plain; charset={charset}".replace("\x00", "%00")}
        for body in (b"+2AA- \\ud800 \xff", b"a" * 200, b"The harbour grows again. " * 20):
            response = client.post("/v1/briefs", content=body, headers=headers)
            assert response.status_code < 500, (charset, response.text)
