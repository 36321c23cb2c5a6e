"""Who may come in, and what they may: for administrators. Every act is recorded and shown below."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from issues.models import AccountEvent, ApiToken, DomainError, Role, User, people

from .account import LIFETIMES, origin, read_token, tokens_of
from .htmx import PageRequest
from .sign_in import redirect

P = ParamSpec("P")
PEOPLE_SHOWN = 500
ACTS_SHOWN = 50
REFUSALS: dict[type[DomainError], str] = {
    people.LastAdministrator: "This is the last administrator: nobody could administer people any more. Make somebody else one first.",
    people.NotToYourself: "Nobody changes their own role or deactivates themselves. Another administrator can.",
}


def for_administrators(
    view: Callable[Concatenate[PageRequest, P], HttpResponse],
) -> Callable[Concatenate[PageRequest, P], HttpResponse]:
    """Only for administrators; others are told who can help."""

    @wraps(view)
    def checked(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            if request.user.is_administrator:
                return view(request, *args, **kwargs)
        except people.NotAllowed:
            pass  # no longer an administrator when the verb looked again
        raise PermissionDenied("Only an administrator can see and change who may come in.")

    return checked


@require_safe
@for_administrators
@never_cache
def people_page(request: PageRequest) -> HttpResponse:
    """Everybody with their role, the agent with its tokens, and what was done to accounts."""
    return _page(request)


def _page(request: PageRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    everybody = User.objects.filter(is_agent=False).order_by("-is_active", "email")[: PEOPLE_SHOWN + 1]
    agent = User.objects.filter(is_agent=True).first()
    known = {
        "here": "people",
        "people": everybody[:PEOPLE_SHOWN],
        "is_cut": len(everybody) > PEOPLE_SHOWN,
        "roles": list(Role),
        "agent_tokens": tokens_of(agent) if agent else [],
        "lifetimes": LIFETIMES,
        "acts": AccountEvent.objects.select_related("person", "by").order_by("-pk")[:ACTS_SHOWN],
        "problems": {},
        "origin": origin(request),
    }
    return render(request, "people.html", known | context, status=status)


@require_POST
@for_administrators
@never_cache
def invite(request: PageRequest) -> HttpResponse:
    """Add a person, and show the link by which they come in: now, and never again."""
    email, role = request.POST.get("email", "").strip().lower(), request.POST.get("role", "")
    problems = {}
    try:
        if len(email) > 254:
            raise ValidationError("Enter a valid email address.")
        validate_email(email)
    except ValidationError:
        problems["email"] = ["This is not an e-mail address."]
    if role not in Role.values:
        problems["role"] = ["Choose a role."]
    if not problems:
        try:
            person = people.invite(email, role=role, by=request.user)
            return _with_link(request, person)
        except people.KnownAlready:
            problems["email"] = ["There is a person with this e-mail already."]
    return _page(request, problems=problems, typed_email=email, typed_role=role, status=422)


@require_POST
@for_administrators
@never_cache
def make_link(request: PageRequest, person_id: int) -> HttpResponse:
    """A one-time link with which a person sets a new password; shown now, and never again."""
    person = _person(person_id)
    if not person.is_active:
        return _page(request, refused="Reactivate the account first.", refused_of=person.pk, status=409)
    return _with_link(request, person)


def _with_link(request: PageRequest, person: User) -> HttpResponse:
    link = f"{origin(request)}/link/{people.make_link(person, by=request.user)}"
    return _page(request, link=link, link_of=person)


@require_POST
@for_administrators
def change_role(request: PageRequest, person_id: int) -> HttpResponse:
    """Viewer, member or administrator."""
    person, role = _person(person_id), request.POST.get("role", "")
    if role not in Role.values:
        return _page(request, refused="Choose a role.", refused_of=person.pk, status=422)
    return _done(request, person, lambda: people.change_role(person, role, by=request.user))


@require_POST
@for_administrators
def deactivate(request: PageRequest, person_id: int) -> HttpResponse:
    """Let a person in no more. What they wrote stays."""
    person = _person(person_id)
    return _done(request, person, lambda: people.deactivate(person, by=request.user))


@require_POST
@for_administrators
def reactivate(request: PageRequest, person_id: int) -> HttpResponse:
    """Let a person in again."""
    person = _person(person_id)
    return _done(request, person, lambda: people.reactivate(person, by=request.user))


def _done(request: PageRequest, person: User, act: Callable[[], None]) -> HttpResponse:
    try:
        act()
    except (people.LastAdministrator, people.NotToYourself) as error:
        return _page(request, refused=REFUSALS[type(error)], refused_of=person.pk, status=409)
    return redirect(f"/people#person-{person.pk}")


@require_POST
@for_administrators
@never_cache
def make_agent_token(request: PageRequest) -> HttpResponse:
    """Connect Atlas: a token for the agent, with a line to try it; shown now, and never again."""
    problems, fields = read_token(request)
    if problems:
        return _page(request, problems=problems, typed_label=request.POST.get("label", ""), status=422)
    made, secret = people.make_token(User.objects.agent(), by=request.user, **fields)
    return _page(request, made=made, secret=secret)


@require_POST
@for_administrators
def revoke_agent_token(request: PageRequest, token_id: int) -> HttpResponse:
    """Stop one of the agent's tokens."""
    token = get_object_or_404(ApiToken, pk=token_id, user__is_agent=True)
    people.revoke_token(token, by=request.user)
    return redirect("/people#atlas")


def _person(person_id: int) -> User:
    return get_object_or_404(User, pk=person_id, is_agent=False)
