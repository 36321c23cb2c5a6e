"""What every page needs: the signed-in request, page or fragment, and writes for those who may."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.middleware import HtmxDetails

from issues.models import User

P = ParamSpec("P")
VIEWERS_CANNOT = "A viewer cannot change anything. An administrator can give you another role."


class PageRequest(HttpRequest):
    """A signed-in request, as every page view receives it."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[PageRequest, P], HttpResponse]


def verb(view: View[P]) -> View[P]:
    """A view that writes: POST only, and not for viewers."""

    @require_POST
    @wraps(view)
    def checked(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.can_write:
            raise PermissionDenied(VIEWERS_CANNOT)
        return view(request, *args, **kwargs)

    return checked


def wants_fragment(request: PageRequest) -> bool:
    """Whether a piece of the page is asked for: not by boosted links or history, which need all of it."""
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def go_back(request: PageRequest, fallback: str, *, did: int | None = None) -> HttpResponseRedirect:
    """After a plain post: where the form says it came from, if that is on this site.

    With `did`, the id of the event that was recorded, the page says there what was done and offers Undo.
    """
    target = came_from(request) or fallback
    if did is not None:
        path, mark, fragment = target.partition("#")
        path = without_did(path)
        target = f"{path}{'&' if '?' in path else '?'}did={did}{mark}{fragment}"
    response = HttpResponseRedirect(target)
    response.status_code = 303  # after a POST, GET the other page
    return response


def came_from(request: PageRequest) -> str:
    """The form's `next`, if it is an address on this site; otherwise empty."""
    return path_on_this_site(request, request.POST.get("next", ""))


def path_on_this_site(request: PageRequest, target: str) -> str:
    """`target` if it is a path of ours whichever way a browser reads it; otherwise empty."""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe and target.startswith("/") and "\\" not in target and target.isprintable() else ""


def without_did(address: str) -> str:
    """The address without what was done the last time."""
    path, _, query = address.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("did="))
    return f"{path}?{kept}" if kept else path


def announce(response: HttpResponse, **toast: Any) -> HttpResponse:
    """Have the page say what was done: `text`, and an `undo` with `url` and fields."""
    response.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return response


def ids_in(fields: Iterable[str]) -> list[int]:
    """Ids from fields of one name, one or many to a field (`7,8`); what is none is passed over."""
    parts = (part for field in fields for part in field.split(","))
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19]
