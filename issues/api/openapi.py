"""OpenAPI 3.1, made from the types that validate and the operations that run."""

import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.urls import URLPattern

from issues.metrics import dashboard

from . import types
from .http import BODY_LIMIT, Operation

_ALWAYS = (401, 403, 405, 429, 500, 503)
_WORDS = {
    400: "The body cannot be read: not JSON, not an object, a name twice, not UTF-8.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The token lacks the scope, or the thing is somebody else's.",
    404: "There is no such thing, or it was deleted.",
    405: "The address does not take this method; Allow says which.",
    409: "The first request with this Idempotency-Key is still running.",
    411: "An upload without Content-Length.",
    412: "If-Match does not hold.",
    413: f"The body is over {BODY_LIMIT // 1024} KiB, or the upload over its limit.",
    415: "The body has another type than this operation takes.",
    422: "A field or parameter breaks its rule; errors lists every one.",
    429: "Too many requests in this minute; Retry-After says how long to wait.",
    500: "A fault of ours; X-Request-ID finds it in the log.",
    503: "The database is away; Retry-After says when to try again.",
    507: "No room for the file.",
}
_HEADERS = {
    "ETag": "The issue's version; send it back in If-Match or If-None-Match.",
    "Location": "The address of what was made.",
    "Link": "The next and previous page (RFC 8288).",
    "X-Request-ID": "Names this request in the log; your own is kept if you send one.",
    "RateLimit": "What is left of the limit.",
    "RateLimit-Policy": "The limit.",
}


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    from .urls import documented, ours

    patterns = [*documented, *ours]
    operations = [operation for _, operation in _operations(patterns)]
    shapes = {shape for operation in operations for shape in (operation.body, operation.reply) if shape}
    ordered = sorted({*shapes, types.ProblemReply}, key=lambda shape: shape.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    references = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, Any] = {}
    for path, operation in _operations(patterns):
        paths.setdefault(path, {})[operation.method.lower()] = _operation(path, operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Findings",
            "version": "1",
            "description": "Findings in hardware test data: issues, comments, files, sessions. Every route also "
            "answers under /api/v1. Timestamps are ISO 8601 in UTC, ids are lower-case UUIDs, lengths count code points. "
            "Unknown fields are ignored. Every problem of a request is listed at once.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/"}, {"url": "/api/v1"}],
        "security": [{"token": []}] + ([{}] if settings.LOCAL else []),
        "tags": [{"name": name} for name in dict.fromkeys(path.split("/")[1] for path in paths)],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "headers": {
                name: {"description": words, "schema": {"type": "string"}} for name, words in _HEADERS.items()
            },
            "schemas": components,
        },
    }


def _operations(patterns: Iterable[URLPattern]) -> Iterable[tuple[str, Operation]]:
    for pattern in patterns:
        path = "/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
        operations: tuple[Operation, ...] = getattr(pattern.callback, "operations", ())
        for operation in operations:
            yield path, operation


def _operation(path: str, operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "tags": [path.split("/")[1]],
        "parameters": [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]
        + [
            {"name": name, "in": "query", "required": False, "description": words, "schema": schema}
            for name, schema, words in operation.query
        ]
        + _header_parameters(operation),
        "responses": _responses(operation, references),
    }
    if operation.public:
        described["security"] = []
    if operation.body:
        content: dict[str, Any] = {"schema": references[operation.body]}
        if operation.example:
            content["example"] = operation.example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.upload:
        file: dict[str, Any] = {"type": "string", "contentMediaType": "application/octet-stream"}
        if operation.upload == "files":
            file = {"type": "array", "items": file, "minItems": 1}
        schema = {"type": "object", "required": [operation.upload], "properties": {operation.upload: file}}
        described["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return described


def _path_parameter(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "format": "uuid"}
    if name in ("emoji", "signature", "step"):
        schema = {"type": "string", "minLength": 1}
    if name == "name":
        schema = {"type": "string", "enum": list(dashboard.PANELS)}
    described = {"name": name, "in": "path", "required": True, "schema": schema}
    if "enum" in schema:
        described["description"] = f"One of {', '.join(schema['enum'])}."
    return described


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    headers = []
    if operation.method == "POST":
        headers.append(
            ("Idempotency-Key", "Makes a repeated request give the first reply again, for 24 hours.")
        )
    if operation.method in ("PATCH", "DELETE") and 412 in operation.errors:
        headers.append(("If-Match", "Only if the issue still has this ETag."))
    if operation.method == "GET" and "ETag" in operation.headers:
        headers.append(("If-None-Match", "304 if the issue still has this ETag."))
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": words,
            "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
        }
        for name, words in headers
    ]


def _responses(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.reply:
        success["content"] = {"application/json": {"schema": references[operation.reply]}}
    elif operation.public:
        success["content"] = {"*/*": {"schema": {}}}
    success["headers"] = {
        name: {"$ref": f"#/components/headers/{name}"}
        for name in (*operation.headers, "X-Request-ID", "RateLimit", "RateLimit-Policy")
    }
    responses = {str(operation.status): success}
    if "If-None-Match" in [parameter["name"] for parameter in _header_parameters(operation)]:
        responses["304"] = {"description": "The issue still has this ETag."}
    if operation.public:
        responses["206"] = {"description": "The range that was asked for."}
    errors = {*operation.errors, *(_ALWAYS if not operation.public else (405, 500, 503))}
    if operation.method == "POST":
        errors |= {409, 422}
    for status in sorted(errors):
        responses[str(status)] = {
            "description": _WORDS[status],
            "content": {"application/problem+json": {"schema": references[types.ProblemReply]}},
        }
    return responses
