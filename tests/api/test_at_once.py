"""Several at once, with real threads on real connections: nobody is overwritten, nothing is made twice or lost."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from issues.models import Attachment, Event, Issue, counts
from tests.factories import make_attachment, make_comment, make_issue, make_session
from tests.models.test_counts import counted, recounted

from .conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"title": "Battery string B drops to 22.3 V", "description": []}
THREADS = 25  # each has a connection; the tests' PostgreSQL gives a hundred to everybody


def at_once(call: Callable[[int], Any], n: int) -> list[Any]:
    """`call(0)` to `call(n - 1)`, as many at once as there are threads; what they answered."""
    threads = min(n, THREADS)
    barrier, answers, numbers = threading.Barrier(threads), [], iter(range(n))

    def work() -> None:
        barrier.wait()
        try:
            for k in numbers:
                answers.append(call(k))
        finally:
            connection.close()

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(answers) == n
    return answers


def test_of_fifty_patches_with_one_etag_one_wins():
    api = Api()
    path = f"/issues/{make_issue(api.user).uuid}"
    tag = api.get(path).headers["ETag"]

    answers = at_once(lambda k: api.patch(path, {"title": f"T{k}"}, If_Match=tag).status_code, 50)

    assert Counter(answers) == {200: 1, 412: 49}
    assert Issue.objects.get().version == 2
    assert Event.objects.filter(kind="changed").count() == 1


def test_of_a_patch_and_a_delete_with_one_etag_one_wins():
    api = Api()
    for _ in range(5):
        path = f"/issues/{make_issue(api.user).uuid}"
        tag = api.get(path).headers["ETag"]
        calls = [
            lambda p=path, t=tag: api.patch(p, {"title": "x"}, If_Match=t),
            lambda p=path, t=tag: api.delete(p, If_Match=t),
        ]

        answers = at_once(lambda k, calls=calls: calls[k]().status_code, 2)

        assert sorted(answers) in ([200, 412], [204, 404], [204, 412])


def test_patches_of_different_fields_are_all_kept():
    api = Api()
    issue = make_issue(api.user)
    fields = [
        {"title": "T"},
        {"status": "in_progress"},
        {"priority": "high"},
        {"tags": ["a"]},
        {"owner": "o"},
        {"resolution_summary": "r"},
    ]

    at_once(lambda k: api.patch(f"/issues/{issue.uuid}", fields[k]), len(fields))

    read = api.get(f"/issues/{issue.uuid}").json()
    for field in fields:
        assert field.items() <= read.items()
    assert Issue.objects.get().version == 1 + len(fields) == issue.events.count()


@pytest.mark.parametrize("path", ["/issues", "/sessions"])
def test_of_twenty_posts_with_one_key_one_is_made(path):
    api = Api()
    body = NEW if path == "/issues" else {}

    answers = at_once(lambda _: api.post(path, body, Idempotency_Key="run-1"), 20)

    assert len({answer.content for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert api.get(path).json()["count"] == 1


def test_of_twenty_uploads_with_one_key_one_file_is_kept(settings):
    api = Api()
    api.headers["Idempotency-Key"] = "run-1"

    answers = at_once(
        lambda _: api.upload("/attachments", file=SimpleUploadedFile("a.csv", b"1,2")).content, 20
    )

    assert len(set(answers)) == 1
    assert Attachment.objects.count() == 1
    assert len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 1


def test_counts_stay_exact_whatever_happens_at_once():
    api = Api()
    issues = [make_issue(api.user) for _ in range(10)]

    def work(k: int) -> None:
        path = f"/issues/{issues[k % 10].uuid}"
        match k // 10 % 4:
            case 0:
                api.post("/issues", NEW | {"status": ("open", "resolved", "rejected")[k % 3]})
            case 1:
                api.patch(path, {"status": ("in_progress", "resolved")[k % 2], "priority": "high"})
            case 2:
                api.post(f"{path}/comments", {"content": str(k)})
            case 3 if k % 2:
                api.delete(path)

    at_once(work, 80)

    assert counted() == recounted()
    alive = Issue.objects.alive()
    assert sum(counts.by_state().values()) == alive.count() == api.get("/issues").json()["count"]
    for issue in Issue.objects.all():
        assert issue.version == issue.events.count()
        assert issue.comment_count == issue.comments.count()


def test_reactions_are_counted_once_a_person():
    people = [Api() for _ in range(5)]
    comment = make_comment(by=people[0].user)
    path = f"/issues/{comment.issue.uuid}/comments"

    answers = at_once(lambda k: people[k % 5].put(f"{path}/{comment.uuid}/reactions/👍").status_code, 25)

    [shown] = people[0].get(path).json()["items"]
    assert set(answers) == {204}
    assert (shown["reactions"][0]["count"], len(set(shown["reactions"][0]["users"]))) == (5, 5)
    assert Event.objects.filter(kind="reacted").count() == 5
    at_once(lambda k: people[k % 5].delete(f"{path}/{comment.uuid}/reactions/👍"), 25)
    assert people[0].get(path).json()["items"][0]["reactions"] == []
    assert comment.issue.events.count() == Issue.objects.get().version


def test_things_that_share_sessions_and_files_do_not_lock_each_other_out():
    api = Api()
    files = [make_attachment(api.user) for _ in range(3)]
    sessions = [make_session(api.user, attachments=[file.uuid for file in files]) for _ in range(3)]
    links = {
        "attachment_ids": [str(file.uuid) for file in files],
        "session_ids": [str(session.uuid) for session in sessions],
    }
    issues = [api.post("/issues", NEW | links).json()["uuid"] for _ in range(3)]
    backwards = {name: list(reversed(ids)) for name, ids in links.items()}

    def work(k: int) -> int:
        calls = (
            lambda: api.patch(f"/issues/{issues[k % 3]}", (links, backwards)[k % 2]),
            lambda: api.put(f"/sessions/{sessions[k % 3].uuid}", {"title": f"S{k}"}),
            lambda: api.patch(f"/attachments/{files[k % 3].uuid}", {"attachment_title": f"F{k}"}),
            lambda: api.post("/issues", NEW | backwards),
        )
        return calls[k % 4]().status_code

    assert set(at_once(work, 60)) <= {200, 201}
