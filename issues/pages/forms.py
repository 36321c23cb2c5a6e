"""What the forms of the issue pages have in common: the issue, the rules, and the noticing of others' changes."""

import hashlib
import json
from typing import Any

from django.http import Http404

from issues.input import IssueChanges, Member, read
from issues.models import Issue

from .htmx import PageRequest


def find_issue(number: int, *, trashed_too: bool = False) -> Issue:
    issue = Issue.objects.select_related("created_by", "deleted_by").filter(pk=number).first()
    if issue is None or (issue.deleted_at is not None and not trashed_too):
        raise Http404("There is no such issue, or it was deleted.")
    return issue


def member(value: Any) -> Member:
    return Member(value, json.dumps(value, ensure_ascii=False))


def read_changes(fields: dict[str, Member]) -> dict[str, Any]:
    """The fields by the API's own rules, named as the verbs name them."""
    changes = read(IssueChanges, fields)
    names = {"attachment_ids": "attachments", "session_ids": "sessions"}
    return {names.get(name, name): getattr(changes, name) for name in fields}


def expected_version(request: PageRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 19 else None


def fingerprint(value: Any) -> str:
    """What a form carries of the value it shows, so that saving notices if somebody else changed it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
