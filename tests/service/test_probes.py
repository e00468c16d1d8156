"""Failures, readiness, events, and what the service says about itself."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from summarizer import RemoteError, WeightsUnavailable, brief_to_dict
from tests.briefs import BRIEF
from tests.service.asking import checked, conforms, written
from tests.service.fakes import WORDS, FakeModel, Writer, core, serving, settings, until


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
        resumed = client.get(f"/v1/briefs/{job['id']}/events", headers={"Last-Event-ID": str(numbers[-1] - 1)})
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
