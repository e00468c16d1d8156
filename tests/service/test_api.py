"""Sending articles and asking for briefs, against a real server with a fake writer."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.openapi import EXAMPLES
from summarizer import Article, brief_from_dict, render
from tests.service.asking import checked, conforms, written
from tests.service.fakes import WORDS, Writer, core, serving, settings, until


def test_an_article_is_accepted_and_its_brief_is_where_location_says(client: httpx.Client) -> None:
    response = client.post("/v1/briefs", json={"text": WORDS, "title": "Mine"})
    assert response.status_code == 202
    assert int(response.headers["retry-after"]) > 0
    state = response.json()
    conforms(state, "JobState", client)
    assert response.headers["location"] == f"/v1/briefs/{state['id']}"
    brief = until(lambda: (b := client.get(response.headers["location"]).json())["status"] == "done" and b)
    conforms(brief, "Brief", client)
    assert brief["id"] == state["id"]
    assert brief["article"]["title"] == "Mine"
    assert brief["created_at"] <= brief["finished_at"]


def test_a_client_that_waits_gets_the_brief_in_the_format_it_likes(client: httpx.Client) -> None:
    headers = {"Prefer": "respond-async, wait=10", "Accept": "text/markdown"}
    response = client.post("/v1/briefs", json={"text": WORDS}, headers=headers)
    assert response.status_code == 201
    assert response.headers["preference-applied"] == "wait=10"
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.text.startswith("#")
    assert client.get(response.headers["location"]).json()["status"] == "done"


def test_a_client_that_waits_too_short_is_told_where_to_ask(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path), core(Writer(gate=gate))) as client:
        began = time.monotonic()
        response = client.post("/v1/briefs", json={"text": WORDS}, headers={"Prefer": "wait=1"})
        assert 0.9 < time.monotonic() - began < 5
        assert (response.status_code, response.json()["status"]) == (202, "running")
        gate.set()
        until(lambda: client.get(response.headers["location"]).json()["status"] == "done")


@pytest.mark.parametrize(
    ("media", "name"), [(media, name) for media, examples in EXAMPLES.items() for name in examples]
)
def test_every_example_of_the_schema_is_accepted(client: httpx.Client, media: str, name: str) -> None:
    published = client.get("/openapi.json").json()["paths"]["/v1/briefs"]["post"]["requestBody"]["content"]
    value = published[media]["examples"][name]["value"]
    content = json.dumps(value) if media == "application/json" else value
    response = client.post("/v1/briefs", content=content, headers={"Content-Type": media})
    assert response.status_code == 202, response.text


def test_options_title_and_newsroom_fields_reach_the_writer(tmp_path: Path) -> None:
    writer = Writer()
    document = {"title": "Old", "byline": "A. Reporter", "published": "2024-05-03T10:00:00Z", "text": WORDS}
    with serving(settings(tmp_path), core(writer)) as client:
        options = {"seed": 9, "candidates": 3, "sections": ["summary"]}
        brief = written(client, text=None, article=document, title="New", panel="water", options=options)
        assert brief["panel"]["id"] == "water"
        assert writer.seen == ["New"]
        assert (writer.options[0].seed, writer.options[0].candidates) == (9, 3)
        assert writer.options[0].sections == {"summary"}
        url = "/v1/briefs?panel=water&title=Raw&seed=4&candidates=1"
        raw = client.post(url, content=WORDS, headers={"Content-Type": "text/plain", "Prefer": "wait=9"})
        assert raw.status_code == 201, raw.text
        assert (writer.seen[1], writer.options[1].seed) == ("Raw", 4)


def test_a_brief_comes_in_four_formats_by_accept_or_by_parameter(client: httpx.Client) -> None:
    brief = written(client)
    address = f"/v1/briefs/{brief['id']}"
    for name, media in (("json", "application/json"), ("text", "text/plain"), ("markdown", "text/markdown"),
                        ("html", "text/html")):  # fmt: skip
        by_accept = client.get(address, headers={"Accept": media})
        by_name = client.get(f"{address}?format={name}", headers={"Accept": "image/png"})
        assert by_accept.status_code == by_name.status_code == 200
        assert by_accept.content == by_name.content
        assert by_accept.headers["content-type"].startswith(media)
        assert "accept" in by_accept.headers["vary"].lower()
    assert client.get(f"{address}?format=text").text == render(brief_from_dict(brief), "text")
    checked(client.get(address, headers={"Accept": "image/png"}), 406, "not-acceptable")
    checked(client.get(f"{address}?format=pdf"), 422, "unknown-name")


def test_a_brief_that_did_not_change_is_not_sent_twice(client: httpx.Client) -> None:
    address = f"/v1/briefs/{written(client)['id']}"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"{address}?format=text", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_a_job_that_is_not_done_tells_its_state_in_every_format(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path, workers=1), core(Writer(gate=gate))) as client:
        ids = [client.post("/v1/briefs", json={"text": WORDS}).json()["id"] for _ in range(3)]
        until(lambda: client.get(f"/v1/briefs/{ids[0]}").json()["progress"])
        running = client.get(f"/v1/briefs/{ids[0]}").json()
        conforms(running, "JobState", client)
        assert running["progress"] == {"stage": "write", "done": 0, "total": 2}
        assert [client.get(f"/v1/briefs/{i}").json()["position"] for i in ids] == [None, 1, 2]
        text = client.get(f"/v1/briefs/{ids[2]}", headers={"Accept": "text/plain"})
        assert (text.status_code, text.text) == (202, "This brief is number 2 in the queue.\n")
        assert "retry-after" in text.headers
        page = client.get(f"/v1/briefs/{ids[2]}", headers={"Accept": "text/html"})
        assert "number 2 in the queue" in page.text
        gate.set()
        for job in ids:
            until(lambda job=job: client.get(f"/v1/briefs/{job}").json()["status"] == "done")


def test_unknown_briefs_and_routes_are_problems(client: httpx.Client) -> None:
    for address in ("/v1/briefs/nope", f"/v1/briefs/{'0' * 32}", "/v1/briefs/%00", "/v1/briefs/%ff%fe",
                    "/v1/briefs/nope/events"):  # fmt: skip
        checked(client.get(address), 404, "no-such-brief")
    checked(client.delete("/v1/briefs/nope"), 404, "no-such-brief")
    checked(client.get("/v1/nothing"), 404, "no-such-page")
    wrong = client.put("/v1/briefs")
    assert checked(wrong, 405, "wrong-method")["detail"] == "PUT is not possible here. Use GET, POST."
    assert wrong.headers["allow"] == "GET, POST"
    assert "<h1>" in client.get("/nothing", headers={"Accept": "text/html"}).text


def test_deleting_stops_the_work(tmp_path: Path) -> None:
    gate = threading.Event()
    writer = Writer(gate=gate)
    with serving(settings(tmp_path, workers=1), core(writer)) as client:
        first = client.post("/v1/briefs", json={"text": WORDS}).json()["id"]
        until(lambda: client.get(f"/v1/briefs/{first}").json()["status"] == "running")
        second = client.post("/v1/briefs", json={"text": WORDS}).json()["id"]
        assert client.delete(f"/v1/briefs/{first}").status_code == 204
        checked(client.get(f"/v1/briefs/{first}"), 404, "no-such-brief")
        until(lambda: client.get(f"/v1/briefs/{second}").json()["status"] == "running")
        gate.set()
        until(lambda: client.get(f"/v1/briefs/{second}").json()["status"] == "done")


def test_the_list_goes_from_new_to_old_page_by_page(client: httpx.Client) -> None:
    titles = [f"Title {n} & more" for n in range(5)]
    for title in titles:
        written(client, title=title)
    found, address = [], "/v1/briefs?limit=2&q=more"
    while address:
        page = client.get(address)
        conforms(page.json(), "BriefList", client)
        found += [line["title"] for line in page.json()["briefs"]]
        address = page.links.get("next", {}).get("url", "")
        assert address == (page.json()["next"] or "")
    assert found == titles[::-1]
    assert client.get("/v1/briefs?q=title+3").json()["briefs"][0]["title"] == titles[3]
    assert client.get("/v1/briefs?status=failed").json()["briefs"] == []
    for query in (
        "limit=0",
        "limit=101",
        "limit=x",
        "cursor=-1",
        "cursor=%00",
        "status=new",
        "q=" + "a" * 201,
    ):
        checked(client.get(f"/v1/briefs?{query}"), 422, "invalid-field")


def test_a_full_queue_refuses_and_loses_nothing(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path, workers=1, max_queue=2), core(Writer(gate=gate))) as client:
        accepted = [client.post("/v1/briefs", json={"text": WORDS}).json()["id"]]
        until(lambda: client.get(f"/v1/briefs/{accepted[0]}").json()["status"] == "running")
        accepted += [client.post("/v1/briefs", json={"text": WORDS}).json()["id"] for _ in range(2)]
        refused = client.post("/v1/briefs", json={"text": WORDS})
        assert checked(refused, 429, "queue-full")["retryable"] is True
        assert int(refused.headers["retry-after"]) > 0
        gate.set()
        for job in accepted:
            until(lambda job=job: client.get(f"/v1/briefs/{job}").json()["status"] == "done")
        assert len(client.get("/v1/briefs").json()["briefs"]) == 3


def test_slow_web_servers_keep_nobody_from_the_database(tmp_path: Path) -> None:
    gate = threading.Event()

    def ingest_url(url: str) -> Article:
        gate.wait()
        return Article(WORDS, title="Slow")

    with serving(settings(tmp_path), core(ingest_url=ingest_url)) as client, ThreadPoolExecutor(60) as pool:
        slow = [pool.submit(client.post, "/v1/briefs", json={"url": "https://example.com/"}) for _ in range(50)]
        time.sleep(0.5)
        began = time.monotonic()
        assert client.get("/v1/briefs").json()["briefs"] == []
        assert time.monotonic() - began < 5
        gate.set()
        assert {answer.result().status_code for answer in slow} == {202}
