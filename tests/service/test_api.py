"""The JSON routes, against a real server with a fake writer."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from service.openapi import EXAMPLES
from summarizer import Article, RemoteError, WeightsUnavailable, brief_from_dict, brief_to_dict, render
from tests.briefs import BRIEF
from tests.service.fakes import WORDS, FakeModel, Writer, core, serving, settings, until

PROBLEM = "application/problem+json"


def checked(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document of a response that must be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:analyst-brief:problem:{slug}"
    assert document["status"] == status
    assert re.match(r"[^a-z].*[.]$", document["detail"]), document["detail"]
    assert "Traceback" not in response.text
    return document


def conforms(value: Any, name: str, client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"][name])
    jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", **document}).validate(value)


def written(client: httpx.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/briefs", json={"text": WORDS, **body}, headers={"Prefer": "wait=10"})
    assert response.status_code == 201, response.text
    brief: dict[str, Any] = response.json()
    return brief


# --- sending ---------------------------------------------------------------------------------------------


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


# --- bad input -------------------------------------------------------------------------------------------


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
    from summarizer import TooShort
    from tests.service.fakes import ingest_text

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


# --- asking ----------------------------------------------------------------------------------------------


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
        slow = [
            pool.submit(client.post, "/v1/briefs", json={"url": "https://example.com/"}) for _ in range(50)
        ]
        time.sleep(0.5)
        began = time.monotonic()
        assert client.get("/v1/briefs").json()["briefs"] == []
        assert time.monotonic() - began < 5
        gate.set()
        assert {answer.result().status_code for answer in slow} == {202}


# --- failures --------------------------------------------------------------------------------------------


def test_a_job_that_fails_tells_why_and_a_fault_of_ours_stays_in_the_log(tmp_path: Path) -> None:
    writer = Writer(errors=[ZeroDivisionError("secret detail"), ValueError("x")])
    with serving(settings(tmp_path), core(writer)) as client:
        waited = client.post("/v1/briefs", json={"text": WORDS}, headers={"Prefer": "wait=9"})
        checked(waited, 500, "internal-error")
        assert "secret" not in waited.text
        job = client.get(waited.headers["location"]).json()
        assert job["status"] == "failed"
        assert job["error"]["type"].endswith("internal-error")
        checked(client.get(waited.headers["location"] + "?format=text"), 409, "no-brief")
        assert "Something went wrong" in client.get(waited.headers["location"] + "?format=html").text


def test_an_error_that_may_pass_is_tried_again_and_then_told(tmp_path: Path) -> None:
    error = RemoteError("The engine refused.", "Look at its log.")
    with serving(settings(tmp_path, max_attempts=1), core(Writer(errors=[error]))) as client:
        waited = client.post("/v1/briefs", json={"text": WORDS}, headers={"Prefer": "wait=9"})
        assert checked(waited, 502, "remote-engine")["detail"] == str(error)
        assert written(client)["status"] == "done"


def test_the_service_lives_before_it_is_ready(tmp_path: Path) -> None:
    gate = threading.Event()

    def open_model(spec: str, progress: Any) -> FakeModel:
        progress("download", 40, 100)
        gate.wait()
        return FakeModel()

    with serving(settings(tmp_path), core(open_model=open_model)) as client:
        assert client.get("/livez").status_code == 200
        until(lambda: "40%" in client.get("/readyz").text)
        assert "40%" in checked(client.get("/readyz"), 503, "not-ready")["detail"]
        assert client.get("/v1/models").json()["current"]["state"] == "opening"
        job = client.post("/v1/briefs", json={"text": WORDS})
        assert job.status_code == 202
        gate.set()
        until(lambda: client.get(job.headers["location"]).json()["status"] == "done")
        assert client.get("/readyz").json() == {"status": "ok", "detail": "fake model"}


def test_a_model_that_never_opens_refuses_articles_with_the_reason(tmp_path: Path) -> None:
    def open_model(spec: str, progress: Any) -> FakeModel:
        raise RuntimeError("internals")

    with serving(settings(tmp_path), core(open_model=open_model)) as client:
        until(lambda: client.get("/v1/models").json()["current"]["state"] == "failed")
        checked(client.post("/v1/briefs", json={"text": WORDS}), 503, "not-ready")
        assert "internals" not in client.get("/readyz").text


def test_a_model_that_cannot_be_fetched_now_keeps_the_queue(tmp_path: Path) -> None:
    def open_model(spec: str, progress: Any) -> FakeModel:
        raise WeightsUnavailable("The weights can't be fetched.", "Check the network.")

    with serving(settings(tmp_path), core(open_model=open_model)) as client:
        until(lambda: client.get("/v1/models").json()["current"]["state"] == "failed")
        assert "Check the network" in checked(client.get("/readyz"), 503, "not-ready")["detail"]
        assert client.post("/v1/briefs", json={"text": WORDS}).status_code == 202


# --- about -----------------------------------------------------------------------------------------------


def test_panels_models_and_metrics(client: httpx.Client) -> None:
    panels = client.get("/v1/panels").json()
    conforms(panels, "PanelList", client)
    assert [panel["id"] for panel in panels["panels"]] == ["space", "water"]
    models = client.get("/v1/models").json()
    conforms(models, "ModelList", client)
    written(client)
    assert 'analyst_brief_jobs{status="done"} 1' in client.get("/metrics").text


def test_what_the_command_line_prints_is_a_brief_of_the_published_schema(client: httpx.Client) -> None:
    conforms(brief_to_dict(BRIEF), "Brief", client)
    wrong = {**brief_to_dict(BRIEF), "surprise": 1}
    with pytest.raises(jsonschema.ValidationError):
        conforms(wrong, "Brief", client)


def test_events_tell_the_state_and_resume(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path), core(Writer(gate=gate))) as client:
        job = client.post("/v1/briefs", json={"text": WORDS}).json()
        until(lambda: client.get(f"/v1/briefs/{job['id']}").json()["progress"])
        events: list[tuple[int, str, str]] = []
        with client.stream("GET", f"/v1/briefs/{job['id']}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for line in stream.iter_lines():
                name, _, value = line.partition(": ")
                if not line and "id" in fields:
                    data = json.loads(fields["data"])
                    events.append((int(fields["id"]), fields["event"], data["status"]))
                    fields = {}
                    gate.set()
                elif name:
                    fields[name] = value
        numbers = [number for number, _, _ in events]
        assert numbers == sorted(set(numbers))
        assert events[0][1:] == ("progress", "running")
        assert events[-1][1:] == ("done", "done")
        resumed = client.get(f"/v1/briefs/{job['id']}/events", headers={"Last-Event-ID": str(numbers[-1])})
        assert "event:" not in resumed.text
        resumed = client.get(
            f"/v1/briefs/{job['id']}/events", headers={"Last-Event-ID": str(numbers[-1] - 1)}
        )
        assert resumed.text.count("event: done") == 1


def test_every_operation_and_answer_of_the_document_is_named(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    assert not any(name.startswith("HTTPValidation") for name in document["components"]["schemas"])
    docs = client.get("/docs")
    assert docs.status_code == 200
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"<b>{method.upper()}</b> {path}" in docs.text
    assert "http" not in re.sub(r"urn:\S+", "", " ".join(re.findall(r'(?:src|href)="([^"]*)"', docs.text)))
