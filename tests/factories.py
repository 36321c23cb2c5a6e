"""Makers of reachable states: everything goes through the verbs."""

import io
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import connection

from issues import changes
from issues.models import ApiToken, Attachment, Comment, Issue, Role, Scope, Session, User

_numbers = count(1)


def make_user(email: str = "", *, role: str = Role.MEMBER, **fields: Any) -> User:
    return User.objects.create_person(email or f"person{next(_numbers)}@example.com", role=role, **fields)


def make_viewer() -> User:
    return make_user(role=Role.VIEWER)


def make_administrator() -> User:
    return make_user(role=Role.ADMINISTRATOR)


def make_token(user: User | None = None, *, scopes: tuple[str, ...] = (Scope.READ, Scope.WRITE)) -> str:
    """The secret of a new token."""
    _, secret = ApiToken.issue_to(user or make_user(), scopes=scopes)
    return secret


def make_issue(by: User | None = None, **fields: Any) -> Issue:
    return Issue.create(by=by or make_user(), **{"title": "Battery string B drops to 22.3 V", **fields})


def make_attachment(
    by: User | None = None, name: str = "telemetry.csv", content: bytes = b"t,v\n0,28.1\n", **fields: Any
) -> Attachment:
    return Attachment.store(by=by or make_user(), name=name, content=io.BytesIO(content), **fields)


def make_session(by: User | None = None, **fields: Any) -> Session:
    return Session.create(by=by or make_user(), **fields)


def make_comment(
    issue: Issue | None = None, by: User | None = None, content: str = "Cell 5 is the coldest."
) -> Comment:
    by = by or make_user()
    return (issue or make_issue(by)).comment(by=by, content=content)


def settled() -> int:
    """The mark of the record of events, once every older transaction has ended: those of tests beside this one count, too."""
    deadline = time.monotonic() + 60
    while (mark := changes.mark()) is None:
        assert time.monotonic() < deadline, "An older transaction does not end."
        time.sleep(0.01)
    return mark


def elsewhere(work: Callable[[], object]) -> None:
    """Run `work` in a connection of its own, to its end."""
    begin_elsewhere(work).join()


def begin_elsewhere(work: Callable[[], object]) -> threading.Thread:
    """Begin `work` in a connection of its own; the thread that does it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
