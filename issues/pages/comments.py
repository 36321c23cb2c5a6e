"""Comments: said, said otherwise, deleted, restored, reacted to; and whom they can mention."""

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from issues.blocks.diff import compare
from issues.blocks.markdown import markdown_to_html
from issues.input import Invalid, NewComment, Problem, read
from issues.models import (
    ChangedSince,
    Comment,
    DomainError,
    EventKind,
    Gone,
    Issue,
    NotYours,
    User,
    all_or_nothing,
)
from issues.models.limits import COMMENT_FILES_MAX

from .files import store_files
from .forms import find_issue, fingerprint, member, react_as_asked
from .htmx import PageRequest, verb, wants_fragment
from .showing import done, explain, kept, refused, show
from .viewer import Words, fill

MENTIONS = 8  # people offered while typing


@verb
def add_comment(request: PageRequest, number: int) -> HttpResponse:
    """Say something, with files; or look at it first (`do=preview`)."""
    issue = find_issue(number, trashed_too=True)
    typed = _typed(request)
    if request.POST.get("do") == "preview":
        return _preview(request, issue, typed)
    try:
        if issue.deleted_at is not None:
            raise Gone
        if len(request.FILES.getlist("files")) > COMMENT_FILES_MAX:
            raise Invalid([Problem("/files", f"must be at most {COMMENT_FILES_MAX}")])
        read(NewComment, {"content": member(typed)})  # before any file is kept
        with all_or_nothing():
            comment = issue.comment(by=request.user, content=typed, attachments=store_files(request))
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "content", typed)
    return done(request, issue, at=f"c-{comment.uuid}")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_comment(request: PageRequest, number: int, comment_id: str) -> HttpResponse:
    """Say it otherwise; its author only."""
    issue, comment = _comment(number, comment_id)
    if request.method == "POST":
        return _edit(request, issue, comment)
    if comment.created_by_id != request.user.pk or comment.is_deleted:
        raise Http404("Only its author may edit a comment.")
    return _form(request, issue, comment, comment.content)


@verb
def _edit(request: PageRequest, issue: Issue, comment: Comment) -> HttpResponse:
    typed = _typed(request)
    if request.POST.get("do") == "preview":
        return _form(request, issue, comment, typed, preview=True)
    try:
        read(NewComment, {"content": member(typed)})
        if "was" in request.POST and request.POST["was"] != fingerprint(comment.content):
            raise ChangedSince(["content"])
        comment.edit(typed, by=request.user, expected=comment.content)
    except ChangedSince:
        comment.refresh_from_db()
        return _form(request, issue, comment, typed, theirs=comment.content, status=409)
    except Gone:
        return kept(request, issue, "The comment was deleted meanwhile.", typed, status=404)
    except (Invalid, DomainError) as error:
        status, words = explain(error, issue)
        return _form(request, issue, comment, typed, words=words, status=status)
    return done(request, issue, comment.last_event_id, at=f"c-{comment.uuid}")


@verb
def trash_comment(request: PageRequest, number: int, comment_id: str) -> HttpResponse:
    """Delete it, leaving a tombstone with Restore. A second click finds it done."""
    issue, comment = _comment(number, comment_id)
    try:
        comment.trash(by=request.user)
    except Gone:
        pass
    except NotYours as error:
        return refused(request, issue, error, "content")
    return done(request, issue, comment.last_event_id, at=f"c-{comment.uuid}")


@verb
def restore_comment(request: PageRequest, number: int, comment_id: str) -> HttpResponse:
    """Take it back from the trash."""
    issue, comment = _comment(number, comment_id)
    try:
        comment.restore(by=request.user)
    except DomainError as error:
        return refused(request, issue, error, "content")
    return done(request, issue, comment.last_event_id, at=f"c-{comment.uuid}")


@verb
def react(request: PageRequest, number: int, comment_id: str) -> HttpResponse:
    """Put an emoji on a comment, or take it off."""
    issue, comment = _comment(number, comment_id)
    try:
        react_as_asked(request, comment)
    except (Invalid, DomainError) as error:
        return refused(request, issue, error, "content")
    return done(request, issue, comment.last_event_id, at=f"c-{comment.uuid}")


@require_safe
def comment_versions(request: PageRequest, number: int, comment_id: str) -> HttpResponse:
    """What a comment said before it was edited, each version beside what became of it."""
    issue, comment = _comment(number, comment_id)
    if comment.is_deleted:
        raise Http404("The comment was deleted.")
    edits = issue.events.filter(kind=EventKind.COMMENT_EDITED, data__comment=str(comment.uuid))
    versions = [
        {"actor": edit.actor, "at": edit.created_at, "lines": compare(edit.data["from"], edit.data["to"])}
        for edit in edits.select_related("actor").order_by("-id")[:50]
    ]
    context = {"issue": issue, "comment": comment, "versions": versions}
    return render(request, "versions.html", context)


@require_safe
def mentions(request: PageRequest) -> HttpResponse:
    """People whose name or e-mail begins with what was typed after an @, as lines of a list box."""
    typed = request.GET.get("q", "").replace("\0", "").strip().lower()[:100]
    people = User.objects.filter(is_active=True, is_agent=False)
    if typed:
        people = people.filter(
            Q(name__istartswith=typed) | Q(name__icontains=f" {typed}") | Q(email__startswith=typed)
            | Q(email__contains=f".{typed}")
        )  # fmt: skip
    return render(request, "issue/_people.html", {"people": people.order_by("email")[:MENTIONS]})


def _typed(request: PageRequest) -> str:
    return request.POST.get("content", "").replace("\r\n", "\n")


def _preview(request: PageRequest, issue: Issue, typed: str) -> HttpResponse:
    """How the comment would look; by script only that, else the page with the text still in its field."""
    html = markdown_to_html(typed) if typed.strip() else ""
    if wants_fragment(request):
        return HttpResponse(fill(html or "<p>Nothing to preview.</p>", request, Words("")))
    return show(request, issue, error={"field": "preview", "html": html, "typed": typed})


def _form(
    request: PageRequest,
    issue: Issue,
    comment: Comment,
    typed: str,
    *,
    theirs: str | None = None,
    words: str = "",
    preview: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "issue": issue,
        "comment": comment,
        "typed": typed,
        "was": fingerprint(comment.content),
        "theirs": theirs,
        "lines": compare(theirs, typed) if theirs is not None else (),
        "words": words,
        "preview": fill(markdown_to_html(typed), request, Words("")) if preview else "",
    }
    template = "comment.html#form" if wants_fragment(request) else "comment.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _comment(number: int, comment_id: str) -> tuple[Issue, Comment]:
    issue = find_issue(number)
    comment = Comment.objects.filter(issue=issue, uuid=comment_id).first()
    if comment is None:
        raise Http404("There is no such comment.")
    return issue, comment
