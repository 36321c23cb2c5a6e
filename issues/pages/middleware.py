"""What holds for every page: the content security policy, and who is looking in local mode."""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from issues import queries
from issues.models import Priority, SavedView, Status, User
from issues.models.attempts import TooManyAttempts
from issuetracker.middleware import GetResponse

from . import live
from .errors import too_large, too_many
from .kept import kept_at, mark_of
from .undo import Did

READ_THROUGH = 4  # how many times the limit of files is read, for the text beside them


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Send SECURE_CSP (named as in Django 6, a dictionary of directives) with every answer that has none of its own."""
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items())

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


class Viewer(AuthenticationMiddleware):
    """Django's own, but the user comes along with the session, in one round trip."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _viewer(request))  # type: ignore[assignment]  # acts as the user


def _viewer(request: HttpRequest) -> Any:
    session = request.session
    if SESSION_KEY not in session:
        return AnonymousUser()
    user: User | None = session.user  # type: ignore[attr-defined]
    if (
        user is not None
        and user.is_active
        and session[SESSION_KEY] == str(user.pk)
        and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    ):
        return user
    return get_user(request)  # whatever is the matter, Django knows what to do


def local_user(get_response: GetResponse) -> GetResponse:
    """In local mode whoever is at this machine is signed in, without a session and without a write."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.LOCAL:
            request.user = SimpleLazyObject(User.objects.local)  # type: ignore[assignment]  # acts as the user
        return get_response(request)

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Django's own, but a view that needs no sign-in (the API's know their callers themselves) costs no query."""

    def process_view(self, request: HttpRequest, view_func: Any, *args: Any) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        answer: HttpResponseBase | None = super().process_view(request, view_func, *args)
        return answer

    def handle_no_permission(  # type: ignore[override]  # an answer of any kind will do
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseBase:
        """To the sign-in page, and back afterwards; a script, which could not show it, is told in words."""
        if request.headers.get("HX-Request") == "true":
            words = "You are signed out. Sign in again in another tab, then try again."
            return HttpResponse(words, status=401, content_type="text/plain; charset=utf-8")
        if request.method not in ("GET", "HEAD"):
            return HttpResponseRedirect(settings.LOGIN_URL)  # the address of a form shows nothing
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")


class BodyLimit:
    """
    No form is read that is larger than it may be: 413.

    This comes after the sign-in is asked for and before the CSRF token is looked for, which reads the whole form, files
    and all. Who is not signed in sends an e-mail and a password, never files. Files over their own limit are passed over
    while the form is read, so that the page can give back what was typed; READ_THROUGH times that is not even read.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *args: Any) -> HttpResponseBase | None:
        if hasattr(view, "operations"):  # a JSON route, which has limits of its own
            return None
        needs_sign_in = getattr(view, "login_required", True)
        text, files = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.UPLOAD_LIMIT if needs_sign_in else 0
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_over = length.isdecimal() and int(length) > text + READ_THROUGH * files
        return too_large(request, files or text) if is_over else None


class RateLimit:
    """What a page may not do so often: 429 and for how long, unless the page says it at its own form."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return too_many(request, exception.seconds) if isinstance(exception, TooManyAttempts) else None


_MENUS = {"statuses": list(Status), "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW]}


def shell(request: HttpRequest) -> dict[str, Any]:
    """For base.html: theme, local mode, how many issues wait, what was just done, and from where on to ask for changes."""
    chosen = request.COOKIES.get("theme", "")
    return {
        "theme": chosen if chosen in ("light", "dark") else "",
        "is_local": settings.LOCAL,
        "address": request.get_full_path(),
        "untriaged": cache(lambda: _untriaged(request)),
        "live": live.cursor(request),
        "menus": _MENUS,
        "pinned": cache(lambda: _pinned(request)),
        "saved_views": lambda: SavedView.from_pinned(_pinned(request)),
        "did": Did.of(request) if "did" in request.GET else None,
    }


def _untriaged(request: HttpRequest) -> int:
    return kept_at(mark_of(request), ("untriaged",), lambda: queries.count_untriaged(up_to=live.UNTRIAGED))


def _pinned(request: HttpRequest) -> str:
    """The views in the viewer's side column, as a text that changes when they do."""
    session = request.session
    if isinstance(request.user, User) and session.looked and session.user == request.user:  # type: ignore[attr-defined]
        return str(session.pinned)  # type: ignore[attr-defined]
    return SavedView.pinned_of(request.user) if isinstance(request.user, User) else "[]"
