"""The short way in for programs: past everything that only a browser needs."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, reduce
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, URLResolver
from django.urls.resolvers import RegexPattern
from django.utils.log import log_response
from django.utils.module_loading import import_string

from issuetracker.middleware import GetResponse

from .urls import documented, ours

_routes = URLResolver(RegexPattern(r"^/(?:api/v1/)?"), [*documented, *ours])


class Application(WSGIHandler):
    """Django's handler, but a call with a token (or, in local mode, with nothing) is answered past most middleware.

    Static files, sessions, sign-in and CSRF have nothing to say to it; they took half of the time of a short request. What
    holds for every request is done for it, too, and the headers of every answer, which are always the same, were worked
    out at the start. A browser, which comes with its cookie, goes the whole way.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        self._through = _through(settings.EVERY_REQUEST, _call)
        schemes = (True,) if settings.SECURE_SSL_REDIRECT else (True, False)
        self._headers = {is_secure: _standing_headers(is_secure) for is_secure in schemes}

    def __call__(  # type: ignore[override]  # any iterable will do for WSGI
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = self.request_class(environ)
        if not self._is_short(request):
            whole_way: Iterable[bytes] = super().__call__(environ, start_response)
            return whole_way
        close_old_connections()  # what Django's signals do for us when a request begins
        response = self._answer(request)
        headers = [*response.items()]
        headers += self._standing(request, headers)
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        if not isinstance(response, HttpResponse):
            return response  # a file, which ends what it began by its close()
        request.close()
        return [response.content]

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        if not self._is_short(request):
            return super().get_response(request)
        response = self._answer(request)
        for name, value in self._standing(request, response.items()):
            response.headers[name] = value
        response._resource_closers.append(request.close)  # type: ignore[attr-defined]  # as Django's own does
        return response

    def _is_short(self, request: HttpRequest) -> bool:
        """Whether this goes the short way; where it leads is then its `resolver_match`."""
        if "HTTP_AUTHORIZATION" not in request.META and settings.SESSION_COOKIE_NAME in request.COOKIES:
            return False
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return False
        try:
            request.resolver_match = _resolve(request.path_info)
        except Resolver404:
            return False
        return True

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        response = self._through(request)
        if isinstance(response, HttpResponse):
            if response.status_code not in (204, 304):
                response.headers.setdefault("Content-Length", str(len(response.content)))
            if response.status_code >= 400:
                log_response(
                    "%s: %s", response.reason_phrase, request.path, response=response, request=request
                )
        return response

    def _standing(self, request: HttpRequest, own: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of every answer that are not among its own yet."""
        names = dict(own)
        return [header for header in self._headers[request.is_secure()] if header[0] not in names]


@lru_cache(maxsize=1024)  # what is asked for is asked for again, to see whether it has changed
def _resolve(path: str) -> ResolverMatch:
    return _routes.resolve(path)


def _call(request: HttpRequest) -> HttpResponseBase:
    view, _, ids = request.resolver_match  # type: ignore[misc]  # _is_short put it there
    response: HttpResponseBase = view(request, **ids)
    return response


def _through(names: Sequence[str], get_response: GetResponse) -> GetResponse:
    """These middleware, the first outermost, around `get_response`."""
    makers: list[Any] = [import_string(name) for name in reversed(names)]
    return reduce(lambda inner, make: make(inner), makers, get_response)


def _standing_headers(is_secure: bool) -> list[tuple[str, str]]:
    """What the middleware of every answer add to one that has no headers yet."""
    scheme = "https" if is_secure else "http"
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.url_scheme": scheme, "wsgi.input": BytesIO()})
    empty = HttpResponse()
    del empty.headers["Content-Type"]
    return [*_through(settings.EVERY_ANSWER, lambda _: empty)(request).items()]
