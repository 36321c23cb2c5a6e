"""What every JSON route does before and after its own work: who calls, how often, what may go wrong, what is said.

A route is made of operations, one for each method. An operation knows its types and errors, so that the reference at
/openapi.json is made from what really runs.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import parse_etags

from issues.evidence.uploads import check_files
from issues.input import Invalid, Malformed, Member, Problem, read_object
from issues.models import (
    Conflict,
    Gone,
    NoRoom,
    NotThere,
    NotYours,
    RememberedReply,
    Scope,
    StillRunning,
    StoreAway,
    TooLarge,
    TooMany,
    User,
    all_or_nothing,
    rate_limit,
)
from issues.models.errors import is_full
from issues.models.idempotency import KEY_MAX
from issues.models.rate_limit import Read

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024  # bytes of JSON
RETRY_AFTER = "2"  # seconds, while the database is away
NOMINAL_LIMIT = 3000  # what the headers say where nothing is limited
SAFE = ("GET", "HEAD")


class ApiRequest(HttpRequest):
    """A request with its caller known."""

    caller: User
    along: tuple[Any, ...] | None  # the row that `Operation.along` asked for, read with the token
    noted: Any = None  # what `Operation.along` found out on its way


Handler = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Operation:
    """One method of a route: what runs, and what the reference says of it."""

    method: str
    handler: Handler
    summary: str
    reply: Any = None  # the type of a JSON reply
    status: int = 200
    body: Any = None  # the type of the JSON body
    upload: str = ""  # the name of the multipart field instead
    query: Sequence[tuple[str, dict[str, Any], str]] = ()  # name, JSON Schema, description
    errors: Sequence[int] = ()  # beyond those that every operation can give
    example: Any = None
    headers: Sequence[str] = ()  # of the reply, such as ETag
    public: bool = False  # needs no token
    along: Callable[..., Read | None] | None = (
        None  # (request, **ids) → what to read in the token's round trip
    )

    @property
    def writes(self) -> bool:
        return self.method not in SAFE


class ApiError(Exception):
    """A refusal with its status; everything in it is shown to the caller."""

    def __init__(
        self,
        status: int,
        detail: str,
        problems: Sequence[Problem] = (),
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = problems
        self.headers = headers or {}


def not_found(what: str = "issue") -> ApiError:
    """404, in the same words whether it never was or was deleted."""
    return ApiError(404, f"There is no such {what}.")


# Replies


def reply(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """JSON that is ready to send."""
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)


def empty(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    """A reply without a body, and therefore without a type."""
    response = HttpResponse(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def problem(error: ApiError) -> HttpResponse:
    """An error as application/problem+json (RFC 9457)."""
    body = msgspec.json.encode(
        {
            "type": "about:blank",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": error.detail,
            "errors": [{"pointer": one.pointer, "detail": one.detail} for one in error.problems],
        }
    )
    return HttpResponse(
        body, status=error.status, content_type="application/problem+json", headers=error.headers
    )


def etag(key: tuple[int, int]) -> str:
    """The strong ETag of an issue in this (id, version)."""
    return f'"{key[0]}-{key[1]}"'


def expected_version(request: HttpRequest, key: tuple[int, int]) -> int | None:
    """What If-Match asks for: None when it does not ask. 412 when no tag in it is of this issue's version."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    if etag(key) in parse_etags(given):
        return key[1]
    raise ApiError(412, "The issue has changed since: If-Match does not hold.", headers={"ETag": etag(key)})


def is_current(request: HttpRequest, key: tuple[int, int]) -> bool:
    """Whether If-None-Match says that the caller has this version already."""
    given = request.META.get("HTTP_IF_NONE_MATCH")
    if given is None:
        return False
    return given.strip() == "*" or etag(key) in [tag.removeprefix("W/") for tag in parse_etags(given)]


# Bodies


def read_json(request: HttpRequest) -> dict[str, Member]:
    """The members of the JSON body. 415 for another type, 413 over 1 MiB, 400 for what is no JSON object."""
    if request.content_type != "application/json" or _charset(request) not in ("", "utf-8", "utf8"):
        raise ApiError(
            415, "Send the body as application/json in UTF-8.", headers={"Accept-Post": "application/json"}
        )
    return read_object(_body(request))


def _charset(request: HttpRequest) -> str:
    return (request.content_params or {}).get("charset", "").strip('"').lower()


def _body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > BODY_LIMIT:
        raise ApiError(413, "The body is over 1 MiB.")
    if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django reads nothing without a length; the server has taken the chunks apart already.
        body: bytes = request.META["wsgi.input"].read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise ApiError(413, "The body is over 1 MiB.")
        request._body = body  # where Django keeps what it has read
        return body
    return request.body


def read_files(request: HttpRequest, name: str) -> "list[UploadedFile[bytes]]":
    """The files in the multipart field `name`, already on disk. 415, 413, 400 or 422 when there are none."""
    if request.content_type != "multipart/form-data":
        raise ApiError(415, f"Send the file as multipart/form-data, in the field {name!r}.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise ApiError(411, "Say how long the upload is: Content-Length.")
    if int(length) > settings.UPLOAD_LIMIT + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:  # before it is all read
        raise TooLarge(settings.UPLOAD_LIMIT)
    check_files(request)
    files = request.FILES.getlist(name)
    if not files:
        raise Invalid([Problem(f"/{name}", "a file is required")])
    return [file for file in files if isinstance(file, UploadedFile)]


# The route


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason  # words instead of a page


_csrf = _Csrf(lambda request: HttpResponse())


def route(*operations: Operation) -> Callable[..., HttpResponseBase]:
    """The Django view of a path: picks the operation, knows the caller, and turns every failure into a problem."""
    by_method = {operation.method: operation for operation in operations}
    if "GET" in by_method:
        by_method["HEAD"] = by_method["GET"]
    allow = ", ".join(sorted([*by_method, "OPTIONS"]))

    def view(request: ApiRequest, **ids: str) -> HttpResponseBase:
        headers = {"Cache-Control": "private, no-cache"}  # to be asked for again each time, with the ETag
        try:
            request.get_host()  # DisallowedHost: no other site's name may lead here
            operation = by_method.get(request.method or "")
            if operation is None:
                if request.method == "OPTIONS":
                    return empty(204, {"Allow": allow})
                raise ApiError(405, f"This address takes {allow}.", headers={"Allow": allow})
            if not operation.public:
                request.caller = _admit(request, operation, headers, ids)
            response = _answer(request, operation, _known(ids))
        except Exception as error:
            response = problem(_refusal(error))
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.headers["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    view.csrf_exempt = True  # type: ignore[attr-defined]  # tokens need none; cookies are checked in _admit
    view.login_required = False  # type: ignore[attr-defined]  # 401 in JSON instead of the sign-in page
    view.operations = operations  # type: ignore[attr-defined]  # what OpenAPI is made from
    return view


def nowhere(request: HttpRequest, **_: str) -> HttpResponse:
    """404 in JSON, for addresses of the API that lead nowhere (a slash at the end of a good one, say)."""
    return problem(not_found("address"))


nowhere.csrf_exempt = True  # type: ignore[attr-defined]
nowhere.login_required = False  # type: ignore[attr-defined]


def _answer(request: ApiRequest, operation: Operation, ids: dict[str, Any]) -> HttpResponseBase:
    key = request.headers.get("Idempotency-Key") if operation.method == "POST" else None
    if key is None:
        return operation.handler(request, **ids)
    if not (1 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Invalid([Problem("Idempotency-Key", f"must be 1 to {KEY_MAX} printable ASCII characters")])
    return _answer_once(request, operation, ids, key)


def _answer_once(
    request: ApiRequest, operation: Operation, ids: dict[str, Any], key: str
) -> HttpResponseBase:
    """Do the work, or give the reply that the same request got before. Work and memory are one transaction."""
    fingerprint = _fingerprint(request, operation)
    with all_or_nothing():
        remembered, is_first = RememberedReply.claim(request.caller, key, fingerprint)
        if not is_first:
            if bytes(remembered.fingerprint) != fingerprint:
                raise ApiError(422, "This Idempotency-Key was used for another request.")
            return HttpResponse(bytes(remembered.body), status=remembered.status, headers=remembered.headers)
        try:
            with all_or_nothing():
                response = operation.handler(request, **ids)
        except Exception as error:
            refusal = _refusal(error)
            if refusal.status >= 500:
                raise
            response = problem(refusal)
        if isinstance(response, HttpResponse):
            remembered.remember(response.status_code, dict(response.headers), response.content)
    return response


def _fingerprint(request: HttpRequest, operation: Operation) -> bytes:
    digest = hashlib.sha256(
        f"{request.method} {request.path.removeprefix('/api/v1')}\0".encode("utf-8", "replace")
    )
    if operation.upload:
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                digest.update(repr((name, file.name, getattr(file, "sha256", ""))).encode("utf-8", "replace"))
        digest.update(repr(sorted(request.POST.lists())).encode("utf-8", "replace"))
    else:
        digest.update(_body(request))
    return digest.digest()


def _known(ids: dict[str, str]) -> dict[str, Any]:
    return {name: _uuid(value, name) if name.endswith("_id") else value for name, value in ids.items()}


# Asked for twice in a request: for what is read along with the token, and for the handler.
@lru_cache(maxsize=1024)
def _uuid(value: str, name: str) -> UUID:
    what = name.removesuffix("_id").replace("_", " ")
    if len(value) != 36:
        raise not_found(what)
    try:
        return UUID(value)
    except ValueError:
        raise not_found(what) from None


# Who calls


def _admit(request: ApiRequest, operation: Operation, headers: dict[str, str], ids: dict[str, str]) -> User:
    """The caller, counted against the limit and allowed to do this. 401, 403 or 429."""
    request.along = None
    limit = settings.RATE_LIMIT
    authorization = request.META.get("HTTP_AUTHORIZATION")
    scope = Scope.WRITE if operation.writes else Scope.READ
    if authorization is not None:
        kind, _, secret = authorization.partition(" ")
        admission = None
        if kind.lower() == "bearer":
            along = _along(request, operation, ids)
            admission = rate_limit.admit(secret.strip(), count=bool(limit), along=along)
        if admission is None:
            _count(f"address {request.META.get('REMOTE_ADDR')}", limit, headers)
            raise ApiError(401, "The token is not known, has expired or was revoked.", headers=_ASK)
        _limit(admission.n, limit, headers)
        if scope not in admission.scopes:
            raise ApiError(403, f"This token does not have the scope {scope.value!r}.")
        user = admission.user
        request.along = admission.along if along else None
    else:
        user = _without_token(request, operation)
        _count(f"user {user.pk}", limit, headers)
    if operation.writes and not user.can_write:
        raise ApiError(403, "A viewer cannot change anything. An administrator can give you another role.")
    return user


def _along(request: ApiRequest, operation: Operation, ids: dict[str, str]) -> Read | None:
    if operation.along is None:
        return None
    try:
        return operation.along(request, **_known(ids))
    except (ApiError, Invalid):  # the handler says so, once the caller is known
        return None


_ASK = {"WWW-Authenticate": 'Bearer realm="Findings"'}


def _without_token(request: HttpRequest, operation: Operation) -> User:
    """A signed-in browser, by its cookie; in local mode anybody on this machine, but no other web site."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and isinstance(request.user, User):
        if operation.writes:
            _csrf.process_request(request)
            reason: Any = _csrf.process_view(request, HttpResponse, (), {})
            if reason:
                raise ApiError(403, f"{reason} With a cookie, a write needs a CSRF token.")
        return request.user
    if settings.LOCAL:
        origin = request.headers.get("Origin")
        own = origin is None or origin == f"{request.scheme}://{request.get_host()}"
        if not own or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise ApiError(403, "Another web site may not speak for you.")
        return _local_user()
    raise ApiError(401, "Send a token: Authorization: Bearer …", headers=_ASK)


def _local_user() -> User:
    return User.objects.local()


def _count(caller: str, limit: int, headers: dict[str, str]) -> None:
    _limit(rate_limit.count_request(caller) if limit else 0, limit, headers)


def _limit(n: int, limit: int, headers: dict[str, str]) -> None:
    """Say what is left (draft-ietf-httpapi-ratelimit-headers); 429 when nothing is."""
    quota, left = limit or NOMINAL_LIMIT, rate_limit.seconds_left()
    headers["RateLimit-Policy"] = f'"default";q={quota};w=60'
    headers["RateLimit"] = f'"default";r={max(0, quota - n)};t={left}'
    if limit and n > limit:
        raise ApiError(429, f"At most {limit:,} requests a minute.", headers={"Retry-After": str(left)})


# What went wrong


def _refusal(error: Exception) -> ApiError:
    """Every failure as what the caller is told. What nobody foresaw is a 500, logged with its traceback."""
    match error:
        case ApiError():
            return error
        case Malformed():
            return ApiError(400, str(error))
        case Invalid():
            return ApiError(422, "The request breaks the rules listed in errors.", error.problems)
        case NotThere():
            return ApiError(422, "The request names what does not exist.", _missing(error))
        case Gone():
            return not_found()
        case Conflict():
            return ApiError(412, "The issue has changed since: If-Match does not hold.")
        case NotYours():
            return ApiError(403, "Only its author may do this to a comment.")
        case StillRunning():
            return ApiError(
                409,
                "The first request with this Idempotency-Key is still running.",
                headers={"Retry-After": "5"},
            )
        case TooLarge():
            return ApiError(413, str(error))
        case TooMany():
            return ApiError(422, str(error))
        case NoRoom():
            return ApiError(507, str(error))
        case OSError() if is_full(error):
            return ApiError(507, str(NoRoom()))
        case StoreAway():
            return ApiError(503, f"{error} Nothing was kept.", headers={"Retry-After": RETRY_AFTER})
        case RequestDataTooBig():
            return ApiError(413, "The body is too large.")
        case DisallowedHost():
            return ApiError(400, "This service does not answer to that Host.")
        case TooManyFilesSent() | MultiPartParserError() | SuspiciousOperation() | UnreadablePostError():
            return ApiError(400, "The request cannot be read.")
        case OperationalError() | InterfaceError():
            logger.warning("database away: %s", error.__class__.__name__)
            return ApiError(
                503,
                "The database does not answer. Nothing was changed.",
                headers={"Retry-After": RETRY_AFTER},
            )
    logger.error("unforeseen", exc_info=error)
    return ApiError(500, "Something went wrong here. The X-Request-ID of this reply finds it in the log.")


_FIELDS = {"attachments": "attachment_ids", "sessions": "session_ids", "attachment": "attachment_id"}


def _missing(error: NotThere) -> list[Problem]:
    name = _FIELDS[error.field]
    return [Problem(f"/{name}", f"{uuid} does not exist") for uuid in error.missing]
