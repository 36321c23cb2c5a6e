"""What holds for every page: the content security policy, and who is looking in local mode."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from issues import queries
from issues.models import Priority, Status, User

from . import live
from .undo import Did

GetResponse = Callable[[HttpRequest], HttpResponseBase]


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


_MENUS = {"statuses": list(Status), "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW]}


def shell(request: HttpRequest) -> dict[str, Any]:
    """For base.html: theme, local mode, how many issues wait, what was just done, and from where on to ask for changes."""
    chosen = request.COOKIES.get("theme", "")
    return {
        "theme": chosen if chosen in ("light", "dark") else "",
        "is_local": settings.LOCAL,
        "untriaged": SimpleLazyObject(lambda: queries.count_untriaged(up_to=live.UNTRIAGED)),
        "live": live.cursor(request),
        "menus": _MENUS,
        "did": Did.of(request) if "did" in request.GET else None,
    }
