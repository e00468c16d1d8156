"""What tests of the API ask and check again and again."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema

from tests.service.fakes import WORDS

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
