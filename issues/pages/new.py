"""The page on which an issue is filed: complete without JavaScript."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from issues import queries
from issues.blocks.description import Unreadable, markdown_to_description
from issues.blocks.html import render_html
from issues.input import Invalid, Member, NewIssue, read
from issues.models import (
    DomainError,
    Issue,
    Priority,
    RememberedReply,
    Status,
    StillRunning,
    User,
    all_or_nothing,
    limits,
)
from issues.similar import similar_issues

from .files import new_pictures, store_files
from .forms import loads, member, sentence
from .htmx import VIEWERS_CANNOT, PageRequest, go_back, verb, wants_fragment
from .showing import explain
from .viewer import Words, fill

FIELDS = ("title", "description", "status", "priority", "owner", "tags")
TAGS_OFFERED = 50
PEOPLE_OFFERED = 200
RUNNING = "This issue is being created already. Look at the board before you try again."


@require_http_methods(["GET", "HEAD", "POST"])
def new_issue(request: PageRequest) -> HttpResponse:
    """Title, Markdown with a preview, properties and files."""
    if not request.user.can_write:
        raise PermissionDenied(VIEWERS_CANNOT)
    if request.method == "POST":
        return _create(request)
    status = request.GET.get("status")
    typed = {
        "title": _title(request.GET.get("title", ""))[: limits.TITLE_MAX],
        "status": status if status in Status.values else Status.OPEN,
        "priority": Priority.LOW,
    }
    return _form(request, typed)


@require_safe
def similar(request: PageRequest) -> HttpResponse:
    """Up to three issues with a title like the one that is being typed."""
    found = similar_issues(_title(request.GET.get("title", ""))[: limits.TITLE_MAX])
    return render(request, "_similar.html", {"similar": found})


@verb
def _create(request: PageRequest) -> HttpResponse:
    """File it, or look at the description first (`do=preview`). Script gets the new page's address, forms go there."""
    typed = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in FIELDS}
    typed["title"] = _title(typed["title"])
    try:
        description = markdown_to_description(typed["description"])
        if request.POST.get("do") == "preview":
            return _preview(request, typed, description)
        address = _create_once(request, typed, _read(typed, description))
    except Unreadable as error:
        return _form(request, typed, {"description": str(error)}, status=422)
    except Invalid as error:
        return _form(request, typed, _sentences(error), status=422)
    except StillRunning:
        return _form(request, typed, {"title": RUNNING}, status=409)
    except DomainError as error:
        status, words = explain(error)
        return _form(request, typed, {"files": words}, status=status)
    if wants_fragment(request):
        return HttpResponse(status=201, headers={"Location": address})
    return go_back(request, address)


def _read(typed: dict[str, str], description: str) -> NewIssue:
    """What was typed by the rules; Invalid names every problem."""
    return read(
        NewIssue,
        {
            "title": member(typed["title"]),
            "description": Member(loads(description), description),
            "status": member(typed["status"] or None),
            "priority": member(typed["priority"] or None),
            "tags": member([tag for tag in map(str.strip, typed["tags"].split(",")) if tag]),
            "owner": member(typed["owner"].strip() or None),
        },
    )


def _create_once(request: PageRequest, typed: dict[str, str], new: NewIssue) -> str:
    """The address of the new issue. The same form sent again, by a second click or after a lost answer, makes no second one."""
    files = [(file.name, file.size) for file in request.FILES.getlist("files")]
    said = sha256(json.dumps([typed, files]).encode()).digest()
    with all_or_nothing():
        reply, is_first = None, False
        if once := _uuid(request.POST.get("once", "")):
            reply, is_first = RememberedReply.claim(request.user, f"new {once}", said)
            if not is_first and bytes(reply.fingerprint) == said:
                return str(reply.headers["Location"])
        issue = Issue.create(
            by=request.user,
            title=new.title,
            description=new.description,  # type: ignore[arg-type]  # read() gives its very text
            status=new.status,
            priority=new.priority,
            tags=new.tags or (),
            owner=new.owner or limits.UNASSIGNED,
            attachments=[*new_pictures(new.description), *store_files(request)],  # type: ignore[arg-type]
        )
        address = issue.get_absolute_url()
        if reply and is_first:
            reply.remember(303, {"Location": address}, b"")
        return address


def _preview(request: PageRequest, typed: dict[str, str], description: str) -> HttpResponse:
    """The description as it will be shown: to script alone, otherwise above the fields, which keep what was typed."""
    drawn = fill(render_html(loads(description)), request, Words(""))
    if wants_fragment(request):
        return HttpResponse(drawn)
    return _form(request, typed, preview=drawn)


def _form(
    request: PageRequest,
    typed: dict[str, Any],
    problems: dict[str, str] | None = None,
    *,
    preview: str | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "here": "new",
        "typed": typed,
        "problems": problems or {},
        "preview": preview,
        "once": _uuid(request.POST.get("once", "")) or uuid4(),
        "similar": similar_issues(typed["title"]),
        "statuses": list(Status),
        "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW],
        "people": User.objects.filter(is_active=True, is_agent=False).order_by("email")[:PEOPLE_OFFERED],
        "tags": queries.tags_in_use(TAGS_OFFERED),
        "limits": limits,
    }
    response = render(request, "new.html", context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _title(text: str) -> str:
    """A title is one line, whatever was pasted into its field."""
    return " ".join(text.splitlines())


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _sentences(error: Invalid) -> dict[str, str]:
    """The first problem of each field, as people say it."""
    found: dict[str, str] = {}
    for problem in error.problems:
        found.setdefault(problem.pointer.strip("/").partition("/")[0], sentence(problem))
    return found
