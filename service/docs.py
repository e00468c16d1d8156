"""The reference page at /docs, made from the OpenAPI document without any script or foreign asset.

In: the OpenAPI document. Out: a DocsPage. Not here: its look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from service.pages import Component, DocsPage, Operation
from service.problems import PROBLEM_TYPE, TABLE

EXAMPLE_CHARACTERS = 700


def docs_page(document: Mapping[str, Any]) -> DocsPage:
    operations = [
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    components = [_component(name, told) for name, told in sorted(document["components"]["schemas"].items())]
    problems = sorted((status, PROBLEM_TYPE + kind.slug, title) for kind, (status, title) in TABLE.items())
    return DocsPage(operations, components, problems)


def _operation(path: str, method: str, told: Mapping[str, Any]) -> Operation:
    body = told.get("requestBody", {}).get("content", {})
    examples = [
        (media, example["summary"], _shortened(example["value"]))
        for media, content in body.items()
        for example in content.get("examples", {}).values()
    ]
    responses = [
        (str(status), response["description"], ", ".join(response.get("content", {})))
        for status, response in sorted(told["responses"].items())
    ]
    parameters = [
        {
            "name": parameter["name"],
            "place": parameter["in"],
            "type": type_name(parameter["schema"]),
            "description": parameter.get("description", ""),
        }
        for parameter in told.get("parameters", [])
    ]
    return Operation(
        method.upper(), path, told["summary"], told.get("description", ""), parameters, examples, responses
    )


def _component(name: str, told: Mapping[str, Any]) -> Component:
    required = set(told.get("required", []))
    fields = [
        (key, type_name(value), key in required, value.get("description", ""))
        for key, value in told.get("properties", {}).items()
    ]
    return Component(name, told.get("description", ""), fields)


def type_name(told: Mapping[str, Any]) -> str:
    """A JSON Schema type in a few words."""
    if "$ref" in told:
        return str(told["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in told:
            return " or ".join(type_name(choice) for choice in told[key])
    if "enum" in told:
        return " | ".join(str(choice) for choice in told["enum"])
    if "const" in told:
        return json.dumps(told["const"])
    if told.get("type") == "array":
        return f"list of {type_name(told.get('items', {}))}"
    return str(told.get("type", "any"))


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= EXAMPLE_CHARACTERS else text[:EXAMPLE_CHARACTERS] + " ..."
