"""One's own account: name, password, how pages look, tokens for programs, and where one is signed in."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from issues.models import ApiToken, BrowserSession, Scope, User, attempts, people

from .browsers import name_of_browser
from .htmx import PageRequest, came_from, go_back
from .sign_in import PASSWORD_MAX, problems_of_password, redirect, too_many

TOKENS_SHOWN = 200
SESSIONS_SHOWN = 50
LIFETIMES = ((30, "30 days"), (90, "90 days"), (365, "1 year"), (0, "It does not expire"))
YEAR = 365 * 86400  # seconds


@require_safe
@never_cache
def account(request: PageRequest) -> HttpResponse:
    """Everything about oneself on one page."""
    return _page(request)


def _page(request: PageRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "account.html", _context(request) | context, status=status)


def _context(request: PageRequest) -> dict[str, Any]:
    person = request.user
    return {
        "here": "account",
        "typed_name": person.name,
        "tokens": tokens_of(person),
        "sessions": _sessions(request),
        "lifetimes": LIFETIMES,
        "keys_off": request.COOKIES.get("keys") == "off",
        "problems": {},
        "saved": request.GET.get("saved", ""),
        "can_write": person.can_write,
    }


def tokens_of(owner: User) -> list[ApiToken]:
    """Those that work or did until they expired, newest first."""
    return list(ApiToken.objects.filter(user=owner, revoked_at=None).order_by("-pk")[:TOKENS_SHOWN])


def _sessions(request: PageRequest) -> list[dict[str, Any]]:
    own = BrowserSession.objects.filter(user=request.user, expire_date__gt=timezone.now())
    return [
        {
            "browser": name_of_browser(one.browser),
            "started_at": one.started_at,
            "is_this": one.session_key == request.session.session_key,
        }
        for one in own.order_by("-started_at")[:SESSIONS_SHOWN]
    ]


@require_POST
def rename(request: PageRequest) -> HttpResponse:
    """How pages name this person."""
    name = request.POST.get("name", "").strip()
    if len(name) > people.NAME_MAX or "\0" in name:
        problem = {"name": [f"At most {people.NAME_MAX} characters."]}
        return _page(request, problems=problem, typed_name=name, status=422)
    people.rename(request.user, name)
    return redirect("/account?saved=name")


@require_POST
@sensitive_post_parameters("current", "password", "again")
def change_password(request: PageRequest) -> HttpResponse:
    """A new password for the current one. All other browsers are signed out."""
    person = request.user
    if settings.LOCAL:
        raise Http404("In local mode nobody signs in.")
    current, address = request.POST.get("current", ""), request.META.get("REMOTE_ADDR", "")
    try:
        attempts.begin_attempt(person.email, address)
    except attempts.TooManyAttempts as error:
        return too_many(request, "account.html", error, **_context(request))
    if len(current) > PASSWORD_MAX or not person.check_password(current):
        return _page(request, problems={"current": ["This is not your password."]}, status=422)
    attempts.succeeded(person.email, address)
    problems = problems_of_password(request, person)
    if problems:
        return _page(request, problems=problems, status=422)
    people.change_password(person, request.POST["password"])
    update_session_auth_hash(request, person)  # this browser stays
    return redirect("/account?saved=password")


@require_POST
def sign_out_elsewhere(request: PageRequest) -> HttpResponse:
    """End every session of this person but this one."""
    people.sign_out_everywhere(request.user, but=request.session.session_key)
    return redirect("/account?saved=sessions")


# Tokens


@require_POST
@never_cache
def make_token(request: PageRequest) -> HttpResponse:
    """A token for a program that acts as this person; shown in this answer and never again."""
    problems, fields = read_token(request)
    if problems:
        return _page(request, problems=problems, typed_label=request.POST.get("label", ""), status=422)
    made, secret = people.make_token(request.user, by=request.user, **fields)
    return _page(request, made=made, secret=secret, origin=origin(request))


def read_token(request: PageRequest) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """The fields of a new token as `people.make_token` takes them, and what is wrong with them."""
    label = request.POST.get("label", "").strip()
    scope, days = request.POST.get("scope", Scope.READ), request.POST.get("days", "")
    problems = {}
    if not label:
        problems["label"] = ["Say what the token is for, so that you know it again."]
    elif len(label) > people.LABEL_MAX or "\0" in label:
        problems["label"] = [f"At most {people.LABEL_MAX} characters."]
    if scope not in Scope.values:
        problems["scope"] = ["Choose read or write."]
    if days not in {str(number) for number, _ in LIFETIMES}:
        problems["days"] = ["Choose one of these."]
    if problems:
        return problems, {}
    expires_at = timezone.now() + timedelta(days=int(days)) if int(days) else None
    return {}, {"label": label, "scope": scope, "expires_at": expires_at}


def origin(request: PageRequest) -> str:
    """Where this service answers, for a curl line."""
    return f"{request.scheme}://{request.get_host()}"


@require_POST
def revoke_token(request: PageRequest, token_id: int) -> HttpResponse:
    """Stop one of one's own tokens; it fails from the next request on."""
    token = get_object_or_404(ApiToken, pk=token_id, user=request.user)
    people.revoke_token(token, by=request.user)
    return redirect("/account?saved=revoked")


# How pages look: kept in cookies, so that the first byte has it and a shared machine can differ


@require_POST
def set_theme(request: PageRequest) -> HttpResponse:
    """Light, dark, or as the system has it."""
    theme = request.POST.get("theme", "")
    return _keep(request, "theme", theme if theme in ("light", "dark") else "")


@require_POST
def set_keys(request: PageRequest) -> HttpResponse:
    """Single-key shortcuts on or off (WCAG 2.1.4)."""
    return _keep(request, "keys", "off" if request.POST.get("keys") == "off" else "")


def _keep(request: PageRequest, name: str, value: str) -> HttpResponse:
    response = go_back(request, came_from(request) or "/account")
    if value:
        response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=not settings.LOCAL)
    else:
        response.delete_cookie(name, samesite="Lax")
    return response
