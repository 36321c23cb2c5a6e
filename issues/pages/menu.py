"""What the menus of O and T offer: the same for every issue, so that a page asks once. (Those of S and P are in the page.)"""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues import queries
from issues.models import User
from issues.models.limits import UNASSIGNED

from .cards import Person
from .htmx import PageRequest

PEOPLE = 200
TAGS = 200


@require_safe
def menu(request: PageRequest, field: str) -> HttpResponse:
    """The options of a property, as the lines of a list box: `owner` or `tags`."""
    offers = {"owner": _owners, "tags": _tags}
    if field not in offers:
        raise Http404("There is no such menu.")
    response = render(request, "menu.html", {"field": field, **offers[field](request)})
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _owners(request: PageRequest) -> dict[str, Any]:
    """The viewer first, then everybody with an account, then whoever else owns something."""
    people = (
        User.objects.filter(is_active=True, is_agent=False)
        .exclude(pk=request.user.pk)
        .order_by("name", "email")
    )
    accounts = [request.user, *people[:PEOPLE]]
    known = {person.email for person in accounts} | {UNASSIGNED}
    others = [Person.of(owner) for owner in queries.owners_in_use(PEOPLE) if owner not in known]
    return {"accounts": accounts, "others": others}


def _tags(request: PageRequest) -> dict[str, Any]:
    return {"tags": queries.tags_in_use(TAGS)}
