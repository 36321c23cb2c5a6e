"""Signing in and out, and the one-time link by which a person sets a password."""

from datetime import UTC, datetime

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from issues.models import User, attempts, people
from issues.models.browser_session import BROWSER_MAX

from .errors import minutes_in_words
from .htmx import PageRequest, path_on_this_site

PASSWORD_MAX = 4096  # characters; hashing more than that helps nobody


@login_not_required
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: PageRequest) -> HttpResponse:
    """E-mail and password. The answer does not say which of the two was wrong, nor in how long it comes."""
    wanted = path_on_this_site(request, request.POST.get("next", request.GET.get("next", ""))) or "/"
    if request.method != "POST":
        return redirect(wanted) if request.user.is_authenticated else _form(request, wanted)
    email, address = request.POST.get("username", ""), request.META.get("REMOTE_ADDR", "")
    try:
        attempts.begin_attempt(email, address)
    except attempts.TooManyAttempts as error:
        return too_many(request, "signin.html", error, next=wanted, email=email)
    person = _person(request, email, request.POST.get("password", ""))
    if person is None:
        return _form(request, wanted, email=email, is_wrong=True, status=422)
    attempts.succeeded(email, address)
    let_in(request, person)
    return redirect(wanted)


def _person(request: HttpRequest, email: str, password: str) -> User | None:
    """Whose they are. Django hashes for nothing when there is no such person, so that both take as long."""
    if len(email) > 254 or len(password) > PASSWORD_MAX or "\0" in email:
        email, password = "", "-"
    person = authenticate(request, username=email, password=password)
    return person if isinstance(person, User) else None


def _form(request: HttpRequest, wanted: str, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, "signin.html", {"next": wanted, **context}, status=status)


def let_in(request: HttpRequest, person: User) -> None:
    """Sign in: a session with a new key, which knows its browser and when it began."""
    login(request, person)
    request.session["browser"] = request.headers.get("User-Agent", "")[:BROWSER_MAX].replace("\0", "")
    request.session["started"] = datetime.now(UTC).isoformat()


def too_many(
    request: HttpRequest, template: str, error: attempts.TooManyAttempts, **context: object
) -> HttpResponse:
    """429 with the page itself, which says for how long."""
    wait = minutes_in_words(error.seconds)
    response = render(request, template, {**context, "wait": wait}, status=429)
    response.headers["Retry-After"] = str(error.seconds)
    return response


@require_POST
def sign_out(request: PageRequest) -> HttpResponse:
    """End this browser's session. What the browser keeps of pages goes; drafts stay."""
    logout(request)
    response = redirect("/signin")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@login_not_required
@sensitive_post_parameters("password", "again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: PageRequest, key: str) -> HttpResponse:
    """An invitation, or a link to a new password: whoever has it sets the password, once."""
    person = people.find_by_link(key)
    if person is None:
        return _link(request, None, status=404)
    if request.method != "POST":
        return _link(request, person, name=person.name)
    name = request.POST.get("name", "").strip()
    problems = problems_of_password(request, person)
    if len(name) > people.NAME_MAX or "\0" in name:
        problems["name"] = [f"At most {people.NAME_MAX} characters."]
    if problems:
        return _link(request, person, name=name, problems=problems, status=422)
    let_through = people.set_password_by_link(key, request.POST["password"])
    if let_through is None:
        return _link(request, None, status=404)
    people.rename(let_through, name)
    let_in(request, let_through)
    return redirect("/")


def _link(request: HttpRequest, person: User | None, *, status: int = 200, **context: object) -> HttpResponse:
    return render(
        request,
        "link.html",
        {"person": person, "rules": password_validators_help_texts(), **context},
        status=status,
    )


def problems_of_password(request: HttpRequest, person: User) -> dict[str, list[str]]:
    """What is wrong with the fields `password` and `again`, by field."""
    password = request.POST.get("password", "")
    if len(password) > PASSWORD_MAX:
        return {"password": [f"At most {PASSWORD_MAX:,} characters."]}
    try:
        validate_password(password, person)
    except ValidationError as error:
        return {"password": list(error.messages)}
    if password != request.POST.get("again", ""):
        return {"again": ["The two passwords are not the same."]}
    return {}


def redirect(target: str) -> HttpResponseRedirect:
    """303: after a POST, GET the other page."""
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response
