"""Error pages: what happened, what it means, one way on. None of them asks the database anything."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from issuetracker.middleware import REQUEST_ID

_WORDS = {
    400: ("This request cannot be read", "Something in it is not as a browser sends it. Nothing was changed."),
    403: ("You may not do this", "Nothing was changed."),
    404: ("There is nothing here", "The address may be mistyped, or the issue was deleted more than 30 days ago."),
    500: ("Something went wrong on our side", "Nothing you typed was saved by this request. Try again; if it stays, tell your administrator the reference."),
    503: ("The database does not answer", "Nothing was changed and nothing is lost. This page works again as soon as the database does."),
}  # fmt: skip


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400"""
    return _page(400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the reason where the refusal gave one."""
    return _page(403, str(exception))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token: an old tab, or another site."""
    return _page(403, "This form came from an old page or another site. Go back, reload, and send it again.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404"""
    words = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return _page(404, words)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; and 503 when it was the database that did not answer."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = _page(503)
        response.headers["Retry-After"] = "2"
        return response
    return _page(500, reference=REQUEST_ID.get())


def _page(status: int, words: str = "", reference: str = "") -> HttpResponse:
    title, meaning = _WORDS[status]
    context: dict[str, Any] = {
        "status": status,
        "title": title,
        "meaning": words or meaning,
        "reference": reference,
    }
    return HttpResponse(render_to_string("error.html", context), status=status)
