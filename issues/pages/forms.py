"""What the forms of the issue pages have in common: the issue, the rules, and the noticing of others' changes."""

import hashlib
import json
import re
from typing import Any

from django.db import connection
from django.http import Http404

from issues.input import Invalid, IssueChanges, Member, Problem, read
from issues.models import Comment, Issue, is_emoji

from .htmx import PageRequest


def find_issue(number: int, *, trashed_too: bool = False) -> Issue:
    """The issue with everything, or 404. From the trash only where that is said."""
    issue = Issue.objects.select_related("created_by", "deleted_by").filter(pk=number).first()
    if issue is None or (issue.deleted_at is not None and not trashed_too):
        raise Http404("There is no such issue, or it was deleted.")
    return issue


def seen_issue(number: int) -> Issue:
    """The issue with no more than a ready-made page needs of it: other fields would be fetched when they are read.

    Through the ORM this takes six times as long, most of it for putting the statement together.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_SEEN)} FROM issues_issue WHERE id = %s", [number])  # noqa: S608
        row = cursor.fetchone()
    if row is None:
        raise Http404("There is no such issue, or it was deleted.")
    return Issue.from_db(connection.alias, _SEEN, row)


_SEEN = ("id", "title", "status", "version", "deleted_at")  # in the order of the model


def member(value: Any) -> Member:
    return Member(value, json.dumps(value, ensure_ascii=False))


def loads(description: str) -> Any:
    """A description's JSON; a number too long for Python to read is none that anything is calculated with."""
    return json.loads(
        description, parse_int=lambda digits: int(digits) if len(digits) < 300 else float(digits)
    )


def read_changes(fields: dict[str, Member]) -> dict[str, Any]:
    """The fields by the API's own rules, named as the verbs name them."""
    changes = read(IssueChanges, fields)
    names = {"attachment_ids": "attachments", "session_ids": "sessions"}
    return {names.get(name, name): getattr(changes, name) for name in fields}


def sentence(problem: Problem) -> str:
    """What is wrong with a field, for whoever filled it in: "The title must have a length of at most 500."."""
    field, _, at = problem.pointer.strip("/").partition("/")
    if field in _EMPTY and ("at least" in problem.detail or "white space" in problem.detail):
        return _EMPTY[field]
    name = f"The {_CALLED.get(field, field.replace('_', ' '))}"
    if field == "tags" and at:
        name = "A tag"
    elif field == "description" and at.isdecimal():
        name = f"Block {int(at) + 1:,} of the description"
    return f"{name} {_LIMIT.sub(lambda limit: f'{int(limit[0]):,}', problem.detail)}."


_EMPTY = {"title": "Give the issue a title.", "content": "Write a comment first."}
_CALLED = {"content": "comment", "resolution_summary": "resolution"}
_LIMIT = re.compile(r"(?<=at most )\d+")


def expected_version(request: PageRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 19 else None


def react_as_asked(request: PageRequest, thing: Issue | Comment) -> None:
    """Put an emoji on it (`on=👍`), or take it off (`off=👍`): what should be true, never "the other way round"."""
    on, off = request.POST.get("on", ""), request.POST.get("off", "")
    if not is_emoji(on or off):
        raise Invalid([Problem("/emoji", "must be one emoji")])
    if on:
        thing.react(on, by=request.user)
    else:
        thing.unreact(off, by=request.user)


def fingerprint(value: Any) -> str:
    """What a form carries of the value it shows, so that saving notices if somebody else changed it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
