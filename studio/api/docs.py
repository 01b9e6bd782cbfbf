"""The API's documentation: written from the schema that is served; every request can be tried on the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from studio.api import api
from studio.api.problems import CODES
from studio.limits import REQUESTS

EXAMPLES = {
    "render_create": {
        "script": "Hello from the API.\n\nThis line is a second one.",
        "mode": "draft",
        "reference": "my-own-id-1",
    },
    "batch_create": {
        "template_id": "onboarding",
        "rows": [
            {"key": "ada", "variables": {"first_name": "Ada", "company": "Acme"}},
            {"key": "grace", "variables": {"first_name": "Grace"}},
        ],
    },
}


def _resolved(schema: dict[str, Any], shelf: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema behind references, and whether null is allowed."""
    null = False
    while True:
        if options := schema.get("anyOf"):
            null = null or {"type": "null"} in options
            rest = [option for option in options if option != {"type": "null"}]
            schema = {**schema, **rest[0]}
            schema.pop("anyOf")
        elif reference := schema.get("$ref"):
            schema = {**shelf[reference.rsplit("/", 1)[1]], **schema}
            schema.pop("$ref")
        else:
            return schema, null


def _words(text: str) -> str:
    """Marks up text between backticks as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


def _type(schema: dict[str, Any], shelf: dict[str, Any]) -> str:
    """The type in words: "string, 1 to 64 characters", "list of object", "`draft` or `final`"."""
    schema, null = _resolved(schema, shelf)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        words = " or ".join(str(value) for value in values)
    elif schema.get("type") == "array":
        words = f"list of {_type(schema['items'], shelf)}"
    elif schema.get("format") == "binary":
        words = "file"
    elif schema.get("format") == "date-time":
        words = "time"
    else:
        words = schema.get("type", "any")
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "maxLength" in schema else ""
    if low not in (None, 0) and high is not None:
        words += f", {low} to {high}{unit}"
    elif high is not None:
        words += f", at most {high}{unit}"
    return words + (" or null" if null else "")


def _fields(schema: dict[str, Any], shelf: dict[str, Any], depth: int = 0) -> Iterator[dict]:
    """The fields of an object, each followed by those inside it."""
    schema, _ = _resolved(schema, shelf)
    for name, inner in schema.get("properties", {}).items():
        found, _ = _resolved(inner, shelf)
        yield {
            "name": name,
            "depth": depth,
            "type": _type(inner, shelf),
            "required": name in schema.get("required", ()),
            "default": json.dumps(inner["default"]) if inner.get("default") else "",
            "about": _words(inner.get("description", "")),
        }
        yield from _fields(found.get("items", inner), shelf, depth + 1)


def _content(described: dict[str, Any], shelf: dict[str, Any]) -> list[dict]:
    """The fields of a body or an answer, of any media type; empty if it has none."""
    return [
        field
        for kind in described.get("content", {}).values()
        for field in _fields(kind["schema"], shelf)
    ]


def _example(name: str, body: list[dict]) -> str:
    """A body as JSON: one that works as it stands, else one with the fields that it needs, or its first one."""
    outer = [field for field in body if field["depth"] == 0]
    needed = [field for field in outer if field["required"]] or outer[:1]
    sample = {"string": "…", "integer": 1, "number": 1.0, "boolean": True}
    made = {field["name"]: sample.get(field["type"].split()[0].strip(","), []) for field in needed}
    return json.dumps(EXAMPLES.get(name, made), indent=2, ensure_ascii=False)


def _curl(base: str, operation: dict[str, Any]) -> str:
    """The request as a line for the terminal, with the key in a variable."""
    method, address = operation["method"], base + operation["path"].removeprefix("/api/v1")
    parts = [f"curl {address}" if method in ("GET", "POST") else f"curl -X {method} {address}"]
    parts.append('-H "Authorization: Bearer $LIKENESS_KEY"')
    parts += [
        f"-H '{item['name']}: my-own-id-1'"
        for item in operation["parameters"]
        if item["in"] == "header" and item.get("required")
    ]
    if operation["form"]:
        parts += [
            f"-F '{field['name']}={'@file' if field['type'] == 'file' else '…'}'"
            for field in operation["body"]
            if field["required"]
        ]
    elif operation["body"]:
        body = json.dumps(json.loads(operation["example"]), ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    elif method == "POST":
        parts[0] = f"curl -X POST {address}"
    return " \\\n  ".join(parts)


def _operations(schema: dict[str, Any], base: str) -> Iterator[dict[str, Any]]:
    shelf = schema["components"]["schemas"]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            body = operation.get("requestBody") or {"content": {}}
            answers = operation["responses"]
            good = next(code for code in answers if int(code) < 400)
            fields = _content(body, shelf)
            form = "multipart/form-data" in body["content"]
            shown = {
                "id": name,
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "about": _words(operation.get("description", "")),
                "parameters": [
                    {
                        **item,
                        "type": _type(item["schema"], shelf).removesuffix(" or null"),
                        "about": _words(item.get("description", "")),
                    }
                    for item in operation.get("parameters", ())
                ],
                "body": fields,
                "form": form,
                "example": _example(name, fields) if fields and not form else "",
                "answer": _content(answers[good], shelf),
                "statuses": [(int(code), HTTPStatus(int(code)).phrase) for code in answers],
            }
            yield shown | {"curl": _curl(base, shown)}


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    base = request.build_absolute_uri("/api/v1")
    operations = list(_operations(schema, base))
    context = {
        "operations": operations,
        "first": next(one for one in operations if one["id"] == "render_create"),
        "codes": [(code, status, meaning) for code, (status, meaning) in CODES.items()],
        "base": base,
        "requests_a_minute": REQUESTS.most,
    }
    return render(request, "studio/api_docs.html", context)
