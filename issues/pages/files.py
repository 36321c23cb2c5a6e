"""Files of an issue: attached, named, hidden, taken away, given a role; and their bytes."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from issues.blocks.read import pictures_in
from issues.evidence.serving import serve
from issues.evidence.uploads import check_files
from issues.input import Invalid, Problem
from issues.models import (
    Attachment,
    ChangedSince,
    DomainError,
    Issue,
    IssueAttachment,
    IssueFile,
    all_or_nothing,
)
from issues.models.issue_file import TROUBLESHOOTING_PLAN
from issues.models.limits import ATTACHMENT_TEXT_MAX, FILE_TYPE_MAX, LINKS_MAX

from .forms import find_issue, loads, member, read_changes
from .htmx import PageRequest, go_back, verb, wants_fragment
from .showing import done, explain, refused, tiles

TRIES = 10  # how often adding is tried again because somebody else added, too


@require_http_methods(["GET", "HEAD", "POST"])
def issue_files(request: PageRequest, number: int) -> HttpResponse:
    """All files of the issue with what can be done to them; posted files are added to the evidence."""
    if request.method == "POST":
        return _attach(request, number)
    return _page(request, find_issue(number))


@verb
def _attach(request: PageRequest, number: int) -> HttpResponse:
    """Add files to the evidence, or give them a role (`file_type`)."""
    issue = find_issue(number)
    file_type = request.POST.get("file_type", "").strip()
    try:
        check_files(request)
        if not request.FILES.getlist("files"):
            raise Invalid([Problem("/files", "must be chosen")])
        if len(file_type) > FILE_TYPE_MAX:
            raise Invalid([Problem("/role", f"must have a length of at most {FILE_TYPE_MAX}")])
        with all_or_nothing():
            new = store_files(request)
            if not file_type:
                _relink(request, issue, lambda linked: [*linked, *new])
            for uuid in new if file_type else ():
                issue.add_file(by=request.user, attachment=uuid, file_type=file_type)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "attachments")
    return done(request, issue)


@verb
def upload(request: PageRequest) -> HttpResponse:
    """Keep one file for a text that will show it; its address, as plain text, or why not."""
    plain = "text/plain; charset=utf-8"
    try:
        check_files(request)
        if len(request.FILES.getlist("files")) != 1:
            raise Invalid([Problem("/files", "must be one")])
        [uuid] = store_files(request)
    except (Invalid, DomainError) as error:
        status, words = explain(error)
        return HttpResponse(words, status=status, content_type=plain)
    address = f"/file/{uuid}"
    return HttpResponse(address, status=201, content_type=plain, headers={"Location": address})


@verb
def remove_file(request: PageRequest, number: int, attachment_id: str) -> HttpResponse:
    """Take a file out of the evidence. A second click finds it done."""
    issue = find_issue(number)
    try:
        _relink(request, issue, lambda linked: [uuid for uuid in linked if str(uuid) != attachment_id])
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "attachments")
    return done(request, issue)


@verb
def change_file(request: PageRequest, number: int, attachment_id: str) -> HttpResponse:
    """Name a file (`title`), or hide and show it (`is_visible=0|1`)."""
    issue = find_issue(number)
    attachment = Attachment.objects.filter(uuid=attachment_id, issue_links__issue=issue).first()
    if attachment is None:
        raise Http404("There is no such file in this issue.")
    title = request.POST["title"].strip() if "title" in request.POST else None
    visible = request.POST["is_visible"] == "1" if "is_visible" in request.POST else None
    if title is not None and len(title) > ATTACHMENT_TEXT_MAX:
        return _page(
            request, issue, f"A name must have a length of at most {ATTACHMENT_TEXT_MAX:,}.", status=422
        )
    if title is not None and "\0" in title:
        return _page(request, issue, "A name must not contain U+0000.", status=422)
    attachment.change(by=request.user, title=title, is_visible=visible)
    if wants_fragment(request):
        return done(request, issue)
    return go_back(request, f"{issue.get_absolute_url()}/files")


@verb
def remove_role(request: PageRequest, number: int, file_id: str) -> HttpResponse:
    """Take a role away, a troubleshooting plan's say; the attachment itself stays."""
    issue = find_issue(number)
    file = IssueFile.objects.filter(issue=issue, uuid=file_id).first()
    if file is not None:
        file.remove(by=request.user)
    return done(request, issue, file.last_event_id if file else None)


@require_safe
def file_content(request: PageRequest, attachment_id: UUID) -> HttpResponseBase:
    """The bytes of an attachment, in an answer no browser can be tricked with."""
    attachment = Attachment.objects.filter(uuid=attachment_id).first()
    if attachment is None:
        raise Http404("There is no such file.")
    return serve(request, attachment, download="download" in request.GET)


def store_files(request: PageRequest) -> list[UUID]:
    """Keep the files of the form's `files` field; their ids. In an `all_or_nothing` with what they are for."""
    check_files(request)
    return [
        Attachment.store(by=request.user, name=file.name or "", content=file).uuid
        for file in request.FILES.getlist("files")
    ]


def new_pictures(description: str) -> list[UUID]:
    """The pictures that a description shows and nothing refers to: uploaded for it. With it they become evidence."""
    pictures = pictures_in(loads(description))[:LINKS_MAX] if "/file/" in description else []
    nowhere = Attachment.objects.filter(
        issue_links=None, comment_links=None, session_links=None, issue_files=None
    )
    return list(nowhere.filter(uuid__in=pictures).values_list("uuid", flat=True)) if pictures else []


def linked_files(issue: Issue) -> list[UUID]:
    """The evidence of the issue, in its order."""
    return list(issue.attachments.order_by("issue_links").values_list("uuid", flat=True))


def _relink(request: PageRequest, issue: Issue, wanted: Any) -> None:
    """Change which files are attached; whoever else does so at the same time loses nothing."""
    for _ in range(TRIES):
        linked = linked_files(issue)
        fields = read_changes({"attachment_ids": member([*map(str, wanted(linked))])})
        try:
            issue.change(by=request.user, expected={"attachments": linked}, **fields)
        except ChangedSince:
            continue
        return
    raise ChangedSince(["attachments"])


def _page(request: PageRequest, issue: Issue, words: str = "", *, status: int = 200) -> HttpResponse:
    links = IssueAttachment.objects.filter(issue=issue).select_related("attachment").order_by("id")
    context = {
        "issue": issue,
        "attachments": tiles(link.attachment for link in links),
        "files": issue.files.select_related("attachment", "created_by").order_by("created_at", "uuid"),
        "plan": TROUBLESHOOTING_PLAN,
        "words": words,
        "can_write": request.user.can_write,
    }
    return render(request, "files.html", context, status=status)
