"""Error pages: what happened, what it means, one way on. None of them asks the database anything."""

import re
import sys
from errno import EDQUOT, ENOSPC

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from issues.evidence.sizes import size_in_words
from issues.models import StoreAway
from issuetracker.middleware import REQUEST_ID

_WORDS = {
    400: ("This request cannot be read", "Something in it is not as a browser sends it. Nothing was changed."),
    403: ("You may not do this", "Nothing was changed."),
    404: ("There is nothing here", "The address may be mistyped, or what was here is deleted."),
    413: ("This is too large", "Nothing was saved. Go back: what you typed is still there. Then send less at a time."),
    429: ("This is too much at once", "Nothing was changed. Go back: what you typed is still there."),
    500: ("Something went wrong on our side", "Nothing you typed was saved by this request. Go back and try again. If it happens again, give an administrator this reference."),
    503: ("The database does not answer", "Nothing was changed and nothing is lost. This page works again as soon as the database does."),
    507: ("There is no room for this file", "The server's disk is full. Nothing was saved. Tell an administrator."),
}  # fmt: skip
_ISSUE = re.compile(r"/(FND-[1-9]\d{0,17})(?:/|\Z)")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, and 413 for a form with more text, fields or files than any page sends."""
    too_much = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
    return _page(request, 413 if isinstance(exception, too_much) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the reason where the refusal gave one."""
    return _page(request, 403, meaning=str(exception))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token: an old tab, or another site."""
    words = "It came from an old page or from another site. Nothing was changed. Go back, reload, and send it again."
    return _page(request, 403, title="This form was not taken", meaning=words)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404"""
    issue = _ISSUE.match(request.path)
    if issue:
        words = "It may have been deleted, or the link is cut short. Deleted issues can be brought back for 30 days."
        return _page(request, 404, title=f"There is no issue {issue[1]}", meaning=words, is_issue=True)
    words = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    return _page(request, 404, meaning=words)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """413, with the limit in bytes."""
    words = f"At most {size_in_words(limit)} can be sent at a time. {_WORDS[413][1]}"
    return _page(request, 413, meaning=words)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, with how long to wait; to a script in words alone."""
    wait = f"Wait {minutes_in_words(seconds)}, then try again."
    if request.headers.get("HX-Request") == "true":
        words = f"{_WORDS[429][0]}. {wait}"
        response = HttpResponse(words, status=429, content_type="text/plain; charset=utf-8")
    else:
        response = _page(request, 429, meaning=f"{wait} {_WORDS[429][1]}")
    response.headers["Retry-After"] = str(seconds)
    return response


def minutes_in_words(seconds: int) -> str:
    """How long to wait: `a minute`, `4 minutes`; rounded up."""
    minutes = max(1, -(-seconds // 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 when it was the database that did not answer, 507 when the disk is full."""
    match sys.exc_info()[1]:
        case OperationalError() | InterfaceError():
            response = _page(request, 503)
            response.headers["Retry-After"] = "2"
            return response
        case StoreAway():
            response = _page(
                request,
                503,
                title="The file store does not answer",
                meaning="Nothing is lost. Try again in a moment.",
            )
            response.headers["Retry-After"] = "2"
            return response
        case OSError(errno=number) if number in (ENOSPC, EDQUOT):
            return _page(request, 507)
    return _page(request, 500, reference=REQUEST_ID.get())


def _page(
    request: HttpRequest,
    status: int,
    *,
    title: str = "",
    meaning: str = "",
    reference: str = "",
    is_issue: bool = False,
) -> HttpResponse:
    usual_title, usual_meaning = _WORDS[status]
    theme = request.COOKIES.get("theme", "")
    context = {
        "status": status,
        "title": title or usual_title,
        "meaning": meaning or usual_meaning,
        "reference": reference,
        "is_issue": is_issue,
        "theme": theme if theme in ("light", "dark") else "",
        "is_retry": status in (429, 500, 503) and request.method in ("GET", "HEAD"),
        "address": request.get_full_path(),
    }
    response = HttpResponse(render_to_string("error.html", context), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
