"""The form for a new issue."""

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from issues.blocks.description import markdown_to_blocks
from issues.input import Invalid, Member, NewIssue, read
from issues.models import DomainError, Issue, Priority, Status, User, all_or_nothing
from issues.models.limits import TITLE_MAX, UNASSIGNED

from .files import store_files
from .htmx import VIEWERS_CANNOT, PageRequest, go_back, verb
from .showing import explain


@require_http_methods(["GET", "HEAD", "POST"])
def new_issue(request: PageRequest) -> HttpResponse:
    """Title, Markdown, selects and files; complete without JavaScript."""
    if not request.user.can_write:
        raise PermissionDenied(VIEWERS_CANNOT)
    if request.method != "POST":
        status = request.GET.get("status")
        return _form(
            request,
            {
                "title": request.GET.get("title", "")[:TITLE_MAX],
                "status": status if status in Status.values else Status.OPEN,
                "priority": "low",
            },
        )
    return _create(request)


@verb
def _create(request: PageRequest) -> HttpResponse:
    typed = {
        name: request.POST.get(name, "")
        for name in ("title", "description", "status", "priority", "tags", "owner")
    }
    values: dict[str, Any] = {
        "title": typed["title"],
        "description": markdown_to_blocks(typed["description"]),
        "status": typed["status"] or None,
        "priority": typed["priority"] or None,
        "tags": [tag for tag in (part.strip() for part in typed["tags"].split(",")) if tag],
        "owner": typed["owner"].strip() or None,
    }
    members = {name: Member(value, json.dumps(value, ensure_ascii=False)) for name, value in values.items()}
    try:
        new = read(NewIssue, members)
    except Invalid as error:
        problems: dict[str, str] = {}
        for problem in error.problems:
            problems.setdefault(problem.pointer.split("/")[1], problem.detail)
        return _form(request, typed, problems, status=422)
    try:
        with all_or_nothing():
            issue = Issue.create(
                by=request.user,
                title=new.title,
                description=new.description,  # type: ignore[arg-type]  # read() gives its very text
                status=new.status,
                priority=new.priority,
                tags=new.tags or (),
                owner=new.owner or UNASSIGNED,
                attachments=store_files(request),
            )
    except DomainError as error:
        status, words = explain(error)
        return _form(request, typed, {"files": words}, status=status)
    return go_back(request, issue.get_absolute_url())


def _form(
    request: PageRequest, typed: dict[str, Any], problems: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "here": "new",
        "typed": typed,
        "problems": problems or {},
        "statuses": list(Status),
        "priorities": [Priority.HIGH, Priority.MEDIUM, Priority.LOW],
        "people": list(User.objects.filter(is_active=True, is_agent=False).order_by("email")[:200]),
    }
    return render(request, "new.html", context, status=status)
