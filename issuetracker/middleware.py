"""What holds for every request, page or JSON: its id, that its text is UTF-8, that a broken upload leaves nothing."""

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


def always_utf8(get_response: GetResponse) -> GetResponse:
    """Read every address and form as UTF-8, whatever `charset` a client claims.

    Django would believe it, and there are codecs (`charset=hex`) that raise what nobody expects.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.encoding is not None:
            request.encoding = "utf-8"
        return get_response(request)

    return middleware


def tidy_uploads(get_response: GetResponse) -> GetResponse:
    """Remove what came of a file that did not arrive whole: the disk was full, or the client went away.

    Django leaves it to the garbage collector, which a killed process never gets to.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            return get_response(request)
        finally:
            if request.content_type == "multipart/form-data":
                for handler in request.upload_handlers:
                    handler.upload_interrupted()

    return middleware
