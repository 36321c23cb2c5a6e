"""What holds for every answer, page or JSON: a request id, and words when the database is away."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
_SANE = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id(get_response: GetResponse) -> GetResponse:
    """Name every request: in the answer's X-Request-ID and in each line of the log.

    A client's own id is kept if it is sane: up to 128 letters, digits and `._:+/=-`, so that it cannot write log lines.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        name = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token = REQUEST_ID.set(name)
        try:
            response = get_response(request)
        finally:
            REQUEST_ID.reset(token)
        response.headers["X-Request-ID"] = name
        return response

    return middleware
