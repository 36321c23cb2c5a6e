"""Every list asks as much for four things as for twenty: by count, and by django-zeal's own eye."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from zeal import zeal_context

from issues.api import issues as api_issues
from issues.models import User
from issues.pages import cards, issue_list
from tests.factories import make_attachment, make_issue, make_session, make_user

from .api.conftest import Api

pytestmark = pytest.mark.django_db


def grow(n: int, first: list[object]) -> None:
    """`n` more of everything that lists show, each with things of its own; the first issue gets the comments."""
    for k in range(n):
        by, file = make_user(), make_attachment(name=f"{k}.csv")
        session = make_session(by, attachments=[make_attachment(by).uuid])
        issue = make_issue(by, attachments=[file.uuid], sessions=[session.uuid], tags=[f"t{k}"], owner=by.email, status=("open", "in_progress", "resolved", "rejected")[k % 4])  # fmt: skip
        first.append(issue)
        issue.add_file(by=by, attachment=file.uuid, file_type="plan")
        comment = first[0].comment(by=by, content=f"c{k}", attachments=[file.uuid])
        comment.react("👍", by=by)
        first[0].add_file(by=by, attachment=file.uuid, file_type="plan")


PATHS = [
    "/issues", "/issues?status=open&status=resolved&priority=low", "/issues?offset=1", "/issues/{0}/comments", "/issues/{0}/files",
    "/sessions", "/attachments", "/attachments?attachment_type=csv", "/issues/metrics", "/", "/?status=open", "/list", "/list?tag=t0",
]  # fmt: skip


def test_asks_as_much_for_four_as_for_twenty():
    api, browser, made = Api(), Client(), []
    browser.force_login(User.objects.local())

    def ask(path: str) -> tuple[list[str], bytes]:
        for kept in (api_issues.fragments, cards._cards, issue_list._rows):
            kept.clear()
        at = path.format(made[0].uuid)
        program = at.startswith(("/issues", "/sessions", "/attachments"))
        with zeal_context(), CaptureQueriesContext(connection) as asked:
            answer = api.get(at) if program else browser.get(at)
        assert answer.status_code == 200
        return [query["sql"] for query in asked], answer.content

    grow(4, made)  # one in every column of the board
    for path in PATHS:
        ask(path)  # whatever is asked once a process
    of_few = {path: ask(path) for path in PATHS}
    grow(16, made)

    for path, (few, small) in of_few.items():
        many, large = ask(path)
        assert len(large) > len(small) or path == "/issues/metrics", path
        assert len(many) == len(few), "\n\n".join([path, *sorted(set(many) - set(few))])
