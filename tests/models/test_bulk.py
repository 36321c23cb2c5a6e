"""Many at once: as if each had been changed by its own verb, one act, taken back as one."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from issues.models import Event, Issue, Overtaken, Selection, User, bulk, counts, flow, undo
from issues.models import bulk as bulk_module
from issues.models.limits import TAGS_MAX
from issues.models.search_text import lookup
from tests.factories import make_issue, make_user
from tests.models.test_counts import counted, recounted

pytestmark = pytest.mark.django_db

IGNORED = {"id", "uuid", "created_at", "changed_at", "priority_rank", "closed_at", "triaged_at"}
IGNORED |= {"first_closed_at", "reopened_at", "deleted_at"}


def facts(issue: Issue) -> dict:
    """Everything of an issue but its name and when things happened; of moments, whether they are there."""
    fields = {field.attname: getattr(issue, field.attname) for field in Issue._meta.concrete_fields}
    return {name: value is not None if name in IGNORED else value for name, value in fields.items()}


def some_issues(ada) -> list[Issue]:
    states = [("open", None), ("resolved", "high"), (None, "low"), ("rejected", "medium")]
    made = [make_issue(ada, status=status, priority=priority, tags=["a"]) for status, priority in states]
    return [*made, make_issue(User.objects.agent(), tags=["b"])]


def ids(issues) -> list[int]:
    return [issue.pk for issue in issues]


def fresh(issues) -> list[Issue]:
    return [Issue.objects.get(pk=issue.pk) for issue in issues]


class TestChange:
    @pytest.mark.parametrize(
        "fields",
        [
            {"status": "resolved"},
            {"status": "open"},
            {"status": None},
            {"priority": "high"},
            {"priority": None},
            {"owner": "mara@example.com"},
            {"tags": ["b", "a"]},
            {"status": "rejected", "owner": "x"},
        ],
    )
    def test_does_what_each_verb_would(self, fields):
        ada = make_user()
        many, single = some_issues(ada), some_issues(ada)

        act = bulk.change(ids(many), by=ada, fields=fields)
        changed = [issue.change(by=ada, **fields) for issue in single]

        assert [facts(issue) for issue in fresh(many)] == [facts(issue) for issue in fresh(single)]
        assert (act.changed, act.passed) == (sum(changed), len(changed) - sum(changed))
        for one, other in zip(many, single, strict=True):
            assert list(one.events.order_by("id").values_list("kind", "data")) == list(
                other.events.order_by("id").values_list("kind", "data")
            )
        assert counted() == recounted()
        counts.fold()
        flow.fold()
        assert (counts.mistakes(), counted()) == (0, recounted())

    def test_adds_and_removes_tags(self):
        ada = make_user()
        one, two = make_issue(ada, tags=["a", "b"]), make_issue(ada, tags=["c"])

        act = bulk.change(ids([one, two]), by=ada, add_tags=["c", "d"], remove_tags=["a"])

        assert [issue.tags for issue in fresh([one, two])] == [["b", "c", "d"], ["c", "d"]]
        assert act.changed == 2
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM issues_searchtext WHERE words @@ %s::tsquery", [lookup("d")])
            assert cursor.fetchone() == (2,)

    def test_names_those_that_would_have_too_many_tags(self):
        ada = make_user()
        full, other = make_issue(ada, tags=[f"t{n}" for n in range(TAGS_MAX)]), make_issue(ada)

        act = bulk.change(ids([full, other]), by=ada, add_tags=["one more"])

        assert (act.changed, act.passed, act.refused) == (1, 0, [full.pk])

    def test_passes_over_what_is_so_already_deleted_or_never_was(self):
        ada = make_user()
        resolved, deleted, plain = make_issue(ada, status="resolved"), make_issue(ada), make_issue(ada)
        deleted.trash(by=ada)

        act = bulk.change(
            [*ids([resolved, deleted, plain, plain]), 10**15], by=ada, fields={"status": "resolved"}
        )

        assert (act.changed, act.passed) == (1, 3)
        assert fresh([resolved])[0].version == 1

    def test_again_does_nothing(self):
        ada = make_user()
        issues = some_issues(ada)
        bulk.change(ids(issues), by=ada, fields={"priority": "high"})
        versions = [issue.version for issue in fresh(issues)]

        act = bulk.change(ids(issues), by=ada, fields={"priority": "high"})

        assert (act.changed, act.first_event) == (0, None)
        assert [issue.version for issue in fresh(issues)] == versions

    def test_goes_batch_by_batch_in_a_few_statements_each(self, monkeypatch, django_assert_max_num_queries):
        ada = make_user()
        issues = [make_issue(ada) for _ in range(25)]
        monkeypatch.setattr(bulk_module, "BATCH", 10)

        with django_assert_max_num_queries(3 * 8):
            act = bulk.change(ids(issues), by=ada, fields={"status": "resolved"})

        assert act.changed == Event.objects.filter(act=act.id).count() == 25


class TestTrash:
    def test_and_its_undo_and_redo(self):
        ada = make_user()
        issues = some_issues(ada)
        before = counts.by_state()

        act = bulk.trash(ids(issues), by=ada)
        assert (act.changed, counts.by_state()) == (5, {})
        back = undo.undo_act(act.id, by=ada)
        assert (back.changed, counts.by_state()) == (5, before)
        again = undo.undo_act(back.act, by=ada)

        assert again.changed == 5
        assert not Issue.objects.alive().exists()
        assert counted() == recounted()


class TestUndoOfAnAct:
    def test_restores_everything_but_the_version(self):
        ada = make_user()
        issues = some_issues(ada)
        before = [{**vars(issue), "version": 0, "changed_at": 0, "_state": 0} for issue in fresh(issues)]

        act = bulk.change(ids(issues), by=ada, fields={"status": "rejected", "owner": "x"}, add_tags=["z"])
        done = undo.undo_act(act.id, by=ada)

        assert (done.changed, done.refused) == (5, [])
        assert [
            {**vars(issue), "version": 0, "changed_at": 0, "_state": 0} for issue in fresh(issues)
        ] == before
        assert counted() == recounted()

    def test_leaves_what_somebody_changed_since_and_names_it(self):
        ada, bob = make_user(), make_user()
        issues = [make_issue(ada) for _ in range(3)]
        act = bulk.change(ids(issues), by=ada, fields={"priority": "high"})
        fresh(issues)[1].change(by=bob, priority="medium")
        fresh(issues)[2].trash(by=bob)

        done = undo.undo_act(act.id, by=ada)

        assert done.changed == 1
        assert [type(refusal) for refusal in done.refused] == [Overtaken, Overtaken]
        assert done.refused[0].by == {"priority": bob}
        assert [issue.priority for issue in fresh(issues)] == ["low", "medium", "high"]
        assert undo.last_undoable(ada).issue_id == issues[2].pk  # that it was created; the act is behind

    def test_is_my_last_change(self):
        ada = make_user()
        issues = [make_issue() for _ in range(3)]
        act = bulk.change(ids(issues), by=ada, fields={"priority": "high"})

        assert undo.last_undoable(ada).act == act.id


class TestSelection:
    def test_is_frozen_when_it_is_taken(self):
        ada = make_user()
        before = [make_issue(ada) for _ in range(3)]

        selection = Selection.take(Issue.objects.alive(), by=ada)
        make_issue(ada)

        assert sorted(Selection.of(ada, selection.uuid).issue_ids) == ids(before)

    def test_is_its_owners_alone_and_expires(self):
        ada = make_user()
        selection = Selection.take(Issue.objects.alive(), by=ada)
        old = Selection.take(Issue.objects.alive(), by=ada, at=timezone.now() - timedelta(hours=25))

        assert Selection.of(make_user(), selection.uuid) is None
        assert Selection.of(ada, old.uuid) is None
        Selection.take(Issue.objects.alive(), by=ada)
        assert not Selection.objects.filter(pk=old.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_acts_at_once_and_a_verb_between_leave_everything_agreeing():
    ada = make_user()
    issues = [make_issue(ada) for _ in range(40)]
    failures = []

    def work(task):
        try:
            task()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    tasks = [
        lambda: bulk.change(ids(issues), by=ada, fields={"status": "resolved"}),
        lambda: bulk.change(ids(reversed(issues)), by=ada, fields={"priority": "high"}, add_tags=["x"]),
        lambda: [issue.change(by=ada, title="Other") for issue in fresh(issues[::7])],
    ]
    workers = [threading.Thread(target=work, args=(task,)) for task in tasks]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert failures == []
    assert {(issue.status, issue.priority, *issue.tags) for issue in fresh(issues)} == {
        ("resolved", "high", "x")
    }
    assert counted() == recounted()
    for issue in fresh(issues):
        assert issue.version == issue.events.count()
