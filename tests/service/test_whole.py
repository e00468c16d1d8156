"""The service around the real pipeline, with a scripted model in place of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from service import real_core
from summarizer import Article, Config, ScriptedModel, brief_from_dict, render
from tests.service.asking import conforms
from tests.service.fakes import serving, settings
from tests.service.test_web import Tags

MODEL = ScriptedModel(lambda prefix, row: "The tether mission could matter to those who build satellites.")


@pytest.fixture(scope="module")
def client(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    chosen = settings(tmp_path_factory.mktemp("whole"))
    core = replace(real_core(config, chosen), open_model=lambda spec, progress: MODEL)
    with serving(chosen, core) as client:
        yield client


def test_an_article_becomes_a_brief_of_the_published_schema_in_every_format(
    client: httpx.Client, tether: Article
) -> None:
    body = {"article": {"title": tether.title, "body": tether.text}, "options": {"seed": 3}}
    response = client.post("/v1/briefs", json=body, headers={"Prefer": "wait=30"})
    assert response.status_code == 201, response.text
    brief = response.json()
    conforms(brief, "Brief", client)
    assert brief["article"]["text"] == tether.text
    assert brief["provenance"]["seed"] == 3
    for sentence in brief["article"]["sentences"]:
        assert tether.text[sentence["start"] : sentence["end"]] == sentence["text"]
    for name in ("text", "markdown"):
        shown = client.get(f"/v1/briefs/{brief['id']}?format={name}").text
        assert shown == render(brief_from_dict(brief), name)


def test_every_link_to_a_source_on_the_report_leads_somewhere(client: httpx.Client, tether: Article) -> None:
    response = client.post("/", data={"text": f"{tether.title}\n\n{tether.text}", "panel": "space"})
    assert response.status_code == 303, response.text
    location = response.headers["location"].removeprefix("/briefs/")
    client.post("/v1/briefs", json={"text": tether.text}, headers={"Prefer": "wait=30"})
    page = Tags(client.get(f"/v1/briefs/{location}?format=html").text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#")]
    assert len(links) > 5
    assert set(links) <= set(ids)
