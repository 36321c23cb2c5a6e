"""What holds for every request, page or JSON: its id and address, that its text is UTF-8, that a broken upload leaves nothing."""

import ipaddress
import re
import secrets
import zlib
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
_SANE = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id(get_response: GetResponse) -> GetResponse:
    """Name every request: in the answer's X-Request-ID and in each line of the log.

    A client's own id is kept if it is sane: up to 128 letters, digits and `._:+/=-`, so that it cannot write log lines.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        name = given if _SANE.fullmatch(given) else secrets.token_hex(16)
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


def client_address(get_response: GetResponse) -> GetResponse:
    """Behind PROXIES proxies, take the address that the outermost of them saw; what a client itself wrote is never believed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.PROXIES:
            seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
            with suppress(ValueError, IndexError):
                request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(seen[-settings.PROXIES]))
        return get_response(request)

    return middleware


def compressed_pages(get_response: GetResponse) -> GetResponse:
    """Send pages compressed to whoever takes it: a board of 100 kB is 12 on the wire.

    JSON stays as it is, for programs nearby that ask often. A random number of bytes in front (a gzip file's name) hides
    how well an answer compressed, from which a page's secrets could be guessed letter by letter (BREACH).
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or not response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        takes = "gzip" in request.headers.get("Accept-Encoding", "")
        if takes and len(response.content) > 1000 and "Content-Encoding" not in response.headers:
            response.content = _gzip(response.content)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return middleware


def static_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """What WhiteNoise sends with each static file, worked out once at the start: for us alone, and a picture runs nothing."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if path.endswith((".svg", ".html", ".xml")):  # the only ones that a browser opens as a document
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"


def _gzip(content: bytes) -> bytes:
    squeeze = zlib.compressobj(4, zlib.DEFLATED, -zlib.MAX_WBITS)
    name = b"x" * (1 + secrets.randbelow(100)) + b"\0"
    tail = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    head = b"\x1f\x8b\x08\x08" + bytes(4) + b"\x00\xff"
    return head + name + squeeze.compress(content) + squeeze.flush() + tail
