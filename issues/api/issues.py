"""/issues: create, list, get, update, delete."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from msgspec import UNSET

from issues import queries
from issues.fragments import Fragments, Kept
from issues.input import Invalid, IssueChanges, NewIssue, Problem, read, read_choices
from issues.models import Issue, Priority, Status
from issues.models.limits import UNASSIGNED
from issues.queries import Found, IssueFilter, Read
from issues.search import QUERY_MAX

from . import representations, types
from .http import (
    ApiRequest,
    Operation,
    empty,
    etag,
    expected_version,
    is_current,
    not_found,
    read_json,
    reply,
    route,
)
from .paging import Page, links, paging_parameters, read_page
from .representations import collection, issue_fragments

fragments = Fragments(issue_fragments, capacity=settings.FRAGMENT_BYTES // 12)
DEFAULT_LIMIT = 100
STATUSES, PRIORITIES = Status.values, Priority.values  # which Django makes anew each time
FIELDS = {"attachment_ids": "attachments", "session_ids": "sessions"}  # as the verbs name them


def create_issue(request: ApiRequest) -> HttpResponse:
    """POST /issues"""
    members = read_json(request)
    if not request.caller.is_agent:
        members.pop("job_run_id", None)  # the agent's alone, ignored from anyone else
    new = read(NewIssue, members)
    issue = Issue.create(
        by=request.caller,
        title=new.title,
        description=new.description,  # type: ignore[arg-type]  # read() gives its very text
        status=new.status,
        priority=new.priority,
        tags=new.tags or (),
        owner=new.owner or UNASSIGNED,
        resolution_summary=new.resolution_summary,
        attachments=new.attachment_ids or (),
        sessions=new.session_ids or (),
        job_run_id=new.job_run_id,
    )
    location = {"Location": f"/issues/{issue.uuid}"}
    if new.attachment_ids or new.session_ids:
        return _whole(issue, 201, location)
    key, body = (issue.pk, issue.version), representations.new_issue(issue)
    fragments.put({key: body})
    return reply(body, 201, {"ETag": etag(key), **location})


@dataclass(frozen=True, slots=True)
class Listed:
    """A whole answer to GET /issues, good for as long as the record of events stands at its mark."""

    mark: int
    body: bytes
    headers: dict[str, str]
    wanted: IssueFilter
    page: Page

    @property
    def weight(self) -> int:
        return len(self.body)


_listed = Kept(capacity=settings.FRAGMENT_BYTES // 24)  # by path and query string


def list_issues(request: ApiRequest) -> HttpResponse:
    """GET /issues"""
    if request.along is None:
        return _list_at_length(request)
    address, found = (request.path, request.META.get("QUERY_STRING", "")), Found.of(request.along)
    kept, wanted, page = request.noted
    if kept is not None and kept.mark == found.mark:
        return reply(kept.body, headers=kept.headers)
    if found.texts:
        items = found.texts
        fragments.put(dict(zip(found.rows, items, strict=True)))
    else:
        items = fragments.get(found.rows)
    body, headers = collection(items, found.total), links(request, page, found.total)
    if found.mark is not None:
        _listed.put(address, Listed(found.mark, body, headers, wanted, page))
    return reply(body, headers=headers)


def _list_at_length(request: ApiRequest) -> HttpResponse:
    """By words, by an owner, or deep in the list."""
    wanted, page = _asked(request)
    try:
        keys, count = queries.issue_page(wanted, page.limit, page.offset)
    except queries.TooManyToCount:
        detail = "These words are in too many issues to count them exactly. Add a word, a status or a tag."
        raise Invalid([Problem("?q", detail)]) from None
    return reply(collection(fragments.get(keys), count), headers=links(request, page, count))


def _asked(request: ApiRequest) -> tuple[IssueFilter, Page]:
    """Which issues, and which part of them."""
    problems: list[Problem] = []
    page = read_page(request, problems, default=DEFAULT_LIMIT)
    wanted = IssueFilter(
        statuses=read_choices(request.GET.getlist("status"), STATUSES, "status", problems),
        priorities=read_choices(request.GET.getlist("priority"), PRIORITIES, "priority", problems),
        q=" ".join(request.GET.getlist("q")).strip(),
        me=request.caller.email if "q" in request.GET else "",
    )
    problems += [Problem("?q", str(mistake)) for mistake in wanted.mistakes]
    if problems:
        raise Invalid(problems)
    return wanted, page


def _read_page(request: ApiRequest) -> Read | None:
    """For `Operation.along`: the page, or no more than the mark where that has not moved since we answered this.

    Where we have not answered it yet, we know few of its issues, so what is kept of their JSON comes along.
    """
    if "q" in request.GET:
        return None  # a query may say `me`, and nobody knows yet who that is
    kept: Listed | None = _listed.find((request.path, request.META.get("QUERY_STRING", "")))
    wanted, page = (kept.wanted, kept.page) if kept else _asked(request)
    request.noted = kept, wanted, page
    if kept is not None:
        return queries.page_read(wanted, page.limit, page.offset, unless=kept.mark)
    return queries.page_read(wanted, page.limit, page.offset, texts=True)


def get_issue(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """GET /issues/{issue_id}"""
    key = version_of(request, issue_id)
    text = request.along[2] if request.along is not None and len(request.along) == WITH_TEXT else None
    if text is not None:
        fragments.put({key: text.encode()})
        _seen.put(issue_id, key)
    if is_current(request, key):
        return empty(304, {"ETag": etag(key)})
    body = fragments.one(key) if text is None else text.encode()
    if body is None:
        raise not_found()
    return reply(body, headers={"ETag": etag(key)})


_seen = Kept(
    capacity=settings.FRAGMENT_BYTES // 24, weight=100
)  # the (id, version) that a UUID had when it was last asked for
WITH_TEXT = 3  # columns


def _read_issue(request: ApiRequest, issue_id: UUID) -> Read:
    """For `Operation.along`: the issue's version, and where we have not got its JSON, what is kept of that."""
    key = _seen.find(issue_id)
    return queries.version_read(issue_id, text=key not in fragments)


def update_issue(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """PATCH /issues/{issue_id}"""
    issue = issue_or_404(issue_id)
    changes = read(IssueChanges, read_json(request))
    fields: dict[str, Any] = {
        FIELDS.get(name, name): value
        for name, value in msgspec.structs.asdict(changes).items()
        if value is not UNSET
    }
    if "owner" in fields:
        fields["owner"] = fields["owner"] or UNASSIGNED
    issue.change(
        by=request.caller, expected_version=expected_version(request, (issue.pk, issue.version)), **fields
    )
    return _whole(issue)


def delete_issue(request: ApiRequest, issue_id: UUID) -> HttpResponse:
    """DELETE /issues/{issue_id}"""
    issue = issue_or_404(issue_id)
    if not issue.trash(
        by=request.caller, expected_version=expected_version(request, (issue.pk, issue.version))
    ):
        raise not_found()
    return empty(204)


def issue_or_404(uuid: UUID) -> Issue:
    """The living issue with this id."""
    issue = Issue.objects.alive().filter(uuid=uuid).first()
    if issue is None:
        raise not_found()
    return issue


def read_version(request: ApiRequest, issue_id: UUID, **_: Any) -> Read:
    """For `Operation.along`: the version of the issue that the address names."""
    return queries.version_read(issue_id)


def version_of(request: ApiRequest, uuid: UUID) -> tuple[int, int]:
    """The (id, version) of a living issue, read along where there was a token."""
    if request.along is None:
        key = queries.version_of(uuid)
    else:
        key = (request.along[0], request.along[1]) if request.along[0] is not None else None
    if key is None:
        raise not_found()
    return key


def _whole(issue: Issue, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    key = (issue.pk, issue.version)
    body = fragments.one(key)
    if body is None:  # deleted by somebody else in this very moment
        raise not_found()
    return reply(body, status, {"ETag": etag(key), **(headers or {})})


EXAMPLE = {
    "title": "Battery string B drops to 22.3 V during eclipse at −20 °C soak",
    "description": [{"type": "paragraph", "text": "Below the 24.0 V limit for **148 s**."}],
    "priority": "high",
    "tags": ["anomaly", "power"],
}

Q_EXAMPLE = 'battery "limit crossed" -ripple status:open,in_progress owner:me created:>2026-10-01 has:csv'

collection_route = route(
    Operation(
        "POST",
        create_issue,
        "Create an issue",
        reply=types.Issue,
        status=201,
        body=NewIssue,
        errors=(400, 413, 415, 422),
        example=EXAMPLE,
        headers=("ETag", "Location"),
    ),
    Operation(
        "GET",
        list_issues,
        "List issues",
        reply=types.IssueList,
        query=(
            (
                "status",
                {"type": "array", "items": {"type": "string", "enum": Status.values}},
                "Any of these; may be given several times.",
            ),
            (
                "priority",
                {"type": "array", "items": {"type": "string", "enum": Priority.values}},
                "Any of these; may be given several times.",
            ),
            (
                "q",
                {"type": "string", "maxLength": QUERY_MAX, "examples": [Q_EXAMPLE]},
                "Ours: the query language of the search field. Words match from their start, quoted ones as they are; "
                "`-` in front leaves out; `status: priority: tag: owner: by: created: updated: closed: has: no: is: run: "
                "session:` ask for a property, values with commas between are alternatives. A mistake is a 422 that "
                "names it and its place.",
            ),
            *paging_parameters(DEFAULT_LIMIT),
        ),
        errors=(422,),
        headers=("Link",),
        along=_read_page,
    ),
)
item_route = route(
    Operation(
        "GET",
        get_issue,
        "Get an issue",
        reply=types.Issue,
        errors=(404,),
        headers=("ETag",),
        along=_read_issue,
    ),
    Operation(
        "PATCH",
        update_issue,
        "Update an issue",
        reply=types.Issue,
        body=IssueChanges,
        errors=(400, 404, 412, 413, 415, 422),
        example={"status": "in_progress", "owner": "mara.lindqvist@example.com"},
        headers=("ETag",),
    ),
    Operation("DELETE", delete_issue, "Delete an issue", status=204, errors=(404, 412)),
)
