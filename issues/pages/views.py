"""Saved views: save the filter of board or list under a name, and keep them in order. The side column shows the pinned ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from issues import queries
from issues.models import Gone, NotYours, SavedView, User, limits
from issues.models.saved_view import NameTaken, TooManyViews, ViewPage
from issues.queries import IssueFilter

from .filters import in_words
from .htmx import PageRequest, verb

TAKEN = "You have a view of this name already."


@require_safe
def views(request: PageRequest) -> HttpResponse:
    """All views that one can use: one's own and what others share."""
    return _page(request)


@require_safe
def view_counts(request: PageRequest) -> HttpResponse:
    """How many issues each pinned view shows, for the side column; asked for once the page is there."""
    counted = [
        (view.pk, count_of(view, request.user))
        for view in SavedView.from_pinned(SavedView.pinned_of(request.user))
    ]
    response = render(request, "views.html#counts", {"counted": counted})
    response.headers["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def save_view(request: PageRequest) -> HttpResponse:
    """The form that gives the filter of the page one came from a name (GET), and the saving of it (POST)."""
    if request.method != "POST":
        return _form(request, request.GET)
    return _save(request)


@verb
def _save(request: PageRequest) -> HttpResponse:
    name = _name(request)
    problem = _problem(name)
    wanted = IssueFilter.parse(QueryDict(request.POST.get("query", "")), me=request.user.email)
    if wanted.mistakes:
        problem = f"This search has a mistake: {wanted.mistakes[0]}"
    query = wanted.query_string()
    if len(query) > limits.VIEW_QUERY_MAX:
        problem = f"This filter is too long to save: at most {limits.VIEW_QUERY_MAX:,} characters."
    page = request.POST.get("page", "")
    if not problem:
        try:
            view = SavedView.create(
                by=request.user,
                name=name,
                query=query,
                page=page if page in ViewPage.values else ViewPage.LIST,
                sort=_sort(request.POST.get("sort", "")),
                is_shared="shared" in request.POST,
            )
        except NameTaken:
            problem = TAKEN
        except TooManyViews:
            problem = f"You have {limits.VIEWS_MAX} views already. Delete one first."
        else:
            return _see_other(view.get_absolute_url())
    return _form(request, request.POST, problem=problem, status=422)


@verb
def rename_view(request: PageRequest, view_id: int) -> HttpResponse:
    view, name = _view(request, view_id), _name(request)
    problem = _problem(name)
    if not problem:
        try:
            with _refused():
                view.rename(name, by=request.user)
        except NameTaken:
            problem = TAKEN
        else:
            return _see_other(reverse("pages:views"))
    return _page(request, problem=problem, problem_of=view_id, typed=name, status=422)


@verb
def share_view(request: PageRequest, view_id: int, change: str) -> HttpResponse:
    """Share it with everybody, or stop that."""
    view = _view(request, view_id)
    with _refused():
        if change == "share":
            view.share(by=request.user)
        else:
            view.unshare(by=request.user)
    return _see_other(f"{reverse('pages:views')}#view-{view_id}")


@require_POST
def place_view(request: PageRequest, view_id: int, place: str) -> HttpResponse:
    """Pin, unpin, move up or down in one's own side column: a viewer, too, chooses what stands there."""
    view, by = _view(request, view_id), request.user
    with _refused():
        match place:
            case "pin":
                view.pin(by=by)
            case "unpin":
                view.unpin(by=by)
            case _:
                view.move(by=by, up=place == "up")
    return _see_other(f"{reverse('pages:views')}#view-{view_id}")


@verb
def trash_view(request: PageRequest, view_id: int) -> HttpResponse:
    with _refused():
        _view(request, view_id).trash(by=request.user)
    return _see_other(f"{reverse('pages:views')}?deleted={view_id}")


@verb
def restore_view(request: PageRequest, view_id: int) -> HttpResponse:
    view = SavedView.objects.filter(pk=view_id).first()
    if view is None:
        raise Http404("There is no such view.")
    try:
        with _refused():
            view.restore(by=request.user)
    except NameTaken:
        return _page(
            request, problem=f"“{view}” was not restored. {TAKEN} Rename that one first.", status=409
        )
    return _see_other(f"{reverse('pages:views')}#view-{view_id}")


def count_of(view: SavedView, user: User) -> str:
    """How many issues a view shows to this person, as pages say it; empty where its search is no longer understood."""
    wanted = IssueFilter.parse(QueryDict(view.query), me=user.email)
    return "" if wanted.mistakes else str(queries.count_up_to(wanted))


def _page(
    request: PageRequest, *, problem: str = "", problem_of: int = 0, typed: str = "", status: int = 200
) -> HttpResponse:
    found = []
    for view in SavedView.objects.for_list(request.user):
        wanted = IssueFilter.parse(QueryDict(view.query), me=request.user.email)
        found.append(
            {
                "view": view,
                "words": in_words(wanted),
                "mine": view.owner_id == request.user.pk,
                "changeable": view.can_be_changed_by(request.user),
                "problem": problem if view.pk == problem_of else "",
                "typed": typed if view.pk == problem_of else view.name,
            }
        )
    deleted = request.GET.get("deleted", "")
    context = {
        "here": "views",
        "views": found,
        "pinned_count": SavedView.objects.pinned_by(request.user).count(),
        "problem": "" if problem_of else problem,
        "name_max": limits.VIEW_NAME_MAX,
        "deleted": _deleted(request, int(deleted)) if deleted.isdecimal() and len(deleted) < 19 else None,
    }
    return render(request, "views.html", context, status=status)


def _deleted(request: PageRequest, view_id: int) -> SavedView | None:
    """The view that was deleted just now, if this person may take it back."""
    view = SavedView.objects.filter(pk=view_id, deleted_at__isnull=False).first()
    return view if view is not None and view.can_be_changed_by(request.user) else None


def _form(request: PageRequest, given: QueryDict, *, problem: str = "", status: int = 200) -> HttpResponse:
    query = given.get("query", "")
    wanted = IssueFilter.parse(QueryDict(query), me=request.user.email)
    page = given.get("page", "")
    context: dict[str, Any] = {
        "here": "views",
        "query": wanted.query_string(),
        "words": in_words(wanted),
        "page": page if page in ViewPage.values else ViewPage.LIST,
        "sort": _sort(given.get("sort", "")),
        "name": given.get("name", ""),
        "shared": "shared" in given,
        "problem": problem,
        "name_max": limits.VIEW_NAME_MAX,
    }
    return render(request, "view_new.html", context, status=status)


def _view(request: PageRequest, view_id: int) -> SavedView:
    view = SavedView.objects.visible_to(request.user).filter(pk=view_id).first()
    if view is None and request.user.is_administrator:
        view = SavedView.objects.alive().filter(pk=view_id).first()
    if view is None:
        raise Http404("There is no such view, or it was deleted.")
    return view


@contextmanager
def _refused() -> Iterator[None]:
    """What a verb refuses, as pages say it."""
    try:
        yield
    except Gone:
        raise Http404("There is no such view, or it was deleted.") from None
    except NotYours:
        raise PermissionDenied("Only its owner or an administrator can change this view.") from None


def _name(request: PageRequest) -> str:
    return " ".join(request.POST.get("name", "").replace("\0", "").split())


def _problem(name: str) -> str:
    if not name:
        return "A view needs a name."
    if len(name) > limits.VIEW_NAME_MAX:
        return f"A name has at most {limits.VIEW_NAME_MAX} characters."
    return ""


def _sort(value: str) -> str:
    return (
        value
        if value.isascii() and value.replace("-", "").replace("_", "").isalnum() and len(value) <= 40
        else ""
    )


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response
