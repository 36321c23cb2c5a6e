"""/openapi.json and /api/docs: the reference for programs and for people."""

import json
from functools import cache
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from .http import Operation, reply, route
from .openapi import document


def openapi(request: HttpRequest) -> HttpResponse:
    """The description in OpenAPI 3.1."""
    return reply(_document_json())


openapi_route = route(Operation("GET", openapi, "The description in OpenAPI 3.1", public=True))


@csrf_exempt  # nothing is written here: a POST is told 405, not that it lacks a token
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The same to read: one page, no script."""
    return render(request, "api/docs.html", {"here": "docs", "info": document()["info"], "groups": _groups()})


@cache
def _document_json() -> bytes:
    return msgspec.json.format(msgspec.json.encode(document()), indent=2)


@cache
def _groups() -> list[dict[str, Any]]:
    """The operations as the page shows them, by their first path segment."""
    description = document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "parameters": operation["parameters"],
                    "body": _fields(description, _json_schema(operation.get("requestBody", {}))),
                    "upload": _upload(operation),
                    "reply": _fields(description, _success_schema(operation)),
                    "responses": [
                        {"status": status, "description": response["description"]}
                        for status, response in operation["responses"].items()
                    ],
                    "curl": _curl(path, method.upper(), operation),
                }
            )
    return [{"name": name, "operations": operations} for name, operations in groups.items()]


def _json_schema(holder: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = holder.get("content", {}).get("application/json", {}).get("schema")
    return schema


def _success_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    return next(
        (_json_schema(reply) for status, reply in operation["responses"].items() if status < "300"), None
    )


def _upload(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    form = content.get("multipart/form-data", {}).get("schema", {})
    return next(iter(form.get("required", [])), "")


def _fields(description: dict[str, Any], schema: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The fields of an object schema: name, type in words, whether required, rules."""
    if schema is None:
        return []
    schema = _resolved(description, schema)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": _type(description, field),
            "required": name in required,
            "rules": _rules(description, field),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _resolved(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _type(description: dict[str, Any], schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(description, option) for option in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return "one of " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(description, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))


def _rules(description: dict[str, Any], schema: dict[str, Any]) -> str:
    said = []
    for option in schema.get("anyOf", [schema]):
        if "minLength" in option or "maxLength" in option:
            said.append(f"{option.get('minLength', 0)} to {option.get('maxLength', '…'):,} characters")
        if "maxItems" in option:
            said.append(f"at most {option['maxItems']:,} items")
        if "description" in option:
            said.append(option["description"])
    if "default" in schema and schema["default"] not in (None, [], ""):
        said.append(f"default {json.dumps(schema['default'])}")
    return "; ".join(said)


def _curl(path: str, method: str, operation: dict[str, Any]) -> str:
    line = "curl" + (f" -X {method}" if method not in ("GET", "POST") else "")
    line += f' "$API{path}" -H "Authorization: Bearer $TOKEN"'
    body = operation.get("requestBody", {}).get("content", {})
    if "application/json" in body:
        example = json.dumps(body["application/json"].get("example", {}), ensure_ascii=False)
        line += f" \\\n  -H 'Content-Type: application/json' -d '{example}'"
    elif body:
        line += f" -F {_upload(operation)}=@telemetry.csv"
    return line
