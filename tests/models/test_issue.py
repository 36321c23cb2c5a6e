"""The verbs of an issue: what holds, what is refused, the second time, the stale copy."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from issues.models import Conflict, EventKind, Gone, Issue, NotThere, Priority, Status, User, counts
from tests.factories import make_attachment, make_comment, make_issue, make_session, make_user

pytestmark = pytest.mark.django_db


def history(issue: Issue) -> list[str]:
    return list(issue.events.order_by("id").values_list("kind", flat=True))


def fresh(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


class TestCreate:
    def test_has_the_documented_defaults(self):
        issue = fresh(make_issue())

        assert (issue.status, issue.priority, issue.owner) == ("open", "low", "Unassigned")
        assert (issue.tags, issue.resolution_summary, issue.job_run_id, issue.version) == ([], None, None, 1)
        assert issue.blocks == []

    def test_returns_what_is_stored(self):
        made = make_issue(
            description='[{"type":"x","n":1e300}]', tags=["b", "a"], status="resolved", priority=None
        )

        stored = fresh(made)

        for field in Issue._meta.concrete_fields:
            if field.name != "priority_rank":
                assert getattr(made, field.attname) == getattr(stored, field.attname), field.name

    def test_keeps_the_spelling_of_numbers(self):
        text = '[{"n": 1e400, "m": 0.10000000000000000000001, "k": 123456789012345678901234567890}]'

        assert fresh(make_issue(description=text)).description == text

    def test_records_who(self):
        ada = make_user()

        issue = make_issue(ada)

        [event] = issue.events.all()
        assert (event.kind, event.actor, event.created_at) == (EventKind.CREATED, ada, issue.created_at)

    def test_by_a_person_is_triaged_and_by_the_agent_is_not(self):
        assert not make_issue().is_untriaged
        assert make_issue(User.objects.agent()).is_untriaged
        assert make_issue(status=None).is_untriaged

    def test_links_in_the_order_given(self):
        files = [make_attachment(name=name) for name in ("b.csv", "a.csv")]
        session = make_session()

        issue = make_issue(attachments=[files[1].uuid, files[0].uuid], sessions=[session.uuid])

        assert list(issue.attachments.order_by("issue_links")) == [files[1], files[0]]
        assert list(issue.sessions.all()) == [session]
        assert issue.file_count == 2

    def test_refuses_links_to_nothing_and_leaves_nothing(self):
        session = make_session()
        session.trash(by=make_user())
        unknown = uuid4()

        with pytest.raises(NotThere) as files:
            make_issue(attachments=[unknown])
        with pytest.raises(NotThere) as sessions:
            make_issue(sessions=[session.uuid])

        assert (files.value.field, files.value.missing) == ("attachments", [unknown])
        assert (sessions.value.field, sessions.value.missing) == ("sessions", [session.uuid])
        assert not Issue.objects.exists()
        assert counts.by_state() == {}


class TestChange:
    def test_changes_and_records_from_and_to(self):
        issue, ada = make_issue(), make_user()

        changed = issue.change(by=ada, status="in_progress", priority=None, tags=["power"])

        event = issue.events.latest("id")
        assert changed
        assert issue.version == 2
        assert event.actor == ada
        assert event.data == {
            "status": {"from": "open", "to": "in_progress"},
            "priority": {"from": "low", "to": None},
            "tags": {"from": [], "to": ["power"]},
        }

    def test_to_the_same_does_nothing(self):
        issue = make_issue(tags=["a"], attachments=[make_attachment().uuid])
        files = [file.uuid for file in issue.attachments.all()]

        changed = issue.change(by=make_user(), title=issue.title, tags=("a",), attachments=files)

        assert not changed
        assert (fresh(issue).version, history(issue)) == (1, ["created"])

    def test_of_a_stale_copy_keeps_what_others_did(self):
        issue = make_issue()
        stale = fresh(issue)
        issue.change(by=make_user(), title="Battery string B sags")

        stale.change(by=make_user(), priority="high")

        assert (fresh(issue).title, fresh(issue).priority, fresh(issue).version) == (
            "Battery string B sags",
            "high",
            3,
        )

    def test_that_expects_another_version_is_refused(self):
        issue = make_issue()
        issue.change(by=make_user(), title="Other")

        with pytest.raises(Conflict) as conflict:
            issue.change(by=make_user(), title="Mine", expected_version=1)

        assert conflict.value.current_version == 2
        assert fresh(issue).title == "Other"

    def test_closing_and_reopening_keeps_closed_at_in_step(self):
        issue, ada = make_issue(), make_user()

        issue.change(by=ada, status="resolved")
        assert issue.closed_at == issue.changed_at
        issue.change(by=ada, status="open")
        assert issue.closed_at is None

    def test_a_persons_decision_triages_and_clearing_the_status_undoes_it(self):
        agent, ada = User.objects.agent(), make_user()
        issue = make_issue(agent)

        issue.change(by=agent, status="in_progress")
        assert issue.is_untriaged
        issue.change(by=ada, status="rejected")
        assert not issue.is_untriaged
        issue.change(by=ada, status=None)
        assert issue.is_untriaged

    def test_relinks_in_the_new_order_and_names_what_moved(self):
        one, two = make_attachment(name="one.csv"), make_attachment(name="two.csv")
        issue = make_issue(attachments=[one.uuid, two.uuid])

        issue.change(by=make_user(), attachments=[two.uuid])

        assert list(issue.attachments.all()) == [two]
        assert issue.file_count == 1
        assert issue.events.latest("id").data["attachments"]["to"] == [
            {"id": str(two.uuid), "name": "two.csv"}
        ]

    def test_of_a_deleted_issue_is_refused(self):
        issue = make_issue()
        issue.trash(by=make_user())

        with pytest.raises(Gone):
            issue.change(by=make_user(), title="Too late")


class TestTrash:
    def test_and_restore_come_back_to_the_same(self):
        issue, ada = make_issue(status="resolved"), make_user()
        before = counts.by_state()

        assert issue.trash(by=ada)
        assert counts.by_state() == {}
        assert issue.restore(by=ada)

        assert counts.by_state() == before
        assert history(issue) == ["created", "deleted", "restored"]

    def test_twice_does_nothing(self):
        issue, ada = make_issue(), make_user()

        assert [issue.trash(by=ada), issue.trash(by=ada)] == [True, False]
        assert [issue.restore(by=ada), issue.restore(by=ada)] == [True, False]
        assert fresh(issue).version == 3

    def test_keeps_the_promise_of_if_match(self):
        issue = make_issue()

        with pytest.raises(Conflict):
            issue.trash(by=make_user(), expected_version=7)

        assert fresh(issue).deleted_at is None


class TestFiles:
    def test_add_and_remove(self):
        issue, ada, plan = make_issue(), make_user(), make_attachment(name="plan.md")

        file = issue.add_file(by=ada, attachment=plan.uuid, file_type="troubleshooting_plan")

        assert (file.file_name, fresh(issue).plan_count) == ("plan.md", 1)
        assert file.remove(by=ada)
        assert not file.remove(by=ada)
        assert fresh(issue).plan_count == 0
        assert history(issue) == ["created", "file_added", "file_removed"]

    def test_of_nothing_is_refused(self):
        with pytest.raises(NotThere):
            make_issue().add_file(by=make_user(), attachment=uuid4(), file_type="plan")


class TestTheDatabaseHolds:
    @pytest.mark.parametrize(
        ("constraint", "values"),
        [
            ("issue_status_is_known", {"status": "closed"}),
            ("issue_priority_is_known", {"priority": "urgent"}),
            ("issue_has_a_title", {"title": ""}),
            ("issue_owner_is_not_empty", {"owner": ""}),
            ("issue_has_not_too_many_tags", {"tags": ["t"] * 51}),
            ("issue_description_is_an_array", {"description": "{}"}),
            ("issue_resolution_is_not_too_long", {"resolution_summary": "x" * 10_001}),
            ("issue_has_closed_at_exactly_when_closed", {"status": Status.RESOLVED}),
            ("issue_without_status_is_untriaged", {"status": None}),
            ("issue_version_counts_from_one", {"version": 0}),
            ("issue_counts_are_not_negative", {"comment_count": -1}),
        ],
    )
    def test(self, constraint, values):
        issue = make_issue()

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Issue.objects.filter(pk=issue.pk).update(**values)

    def test_the_rank_of_a_priority(self):
        ranks = {
            priority: fresh(make_issue(priority=priority)).priority_rank
            for priority in (*Priority.values, None)
        }

        assert ranks == {"high": 0, "medium": 1, "low": 2, None: 3}


class TestReact:
    def test_once_a_person_and_emoji_and_back_again(self):
        ada, bob = make_user(), make_user()
        issue = make_issue(ada)
        stale = fresh(issue)

        assert [issue.react("👍", by=ada), stale.react("👍", by=ada), issue.react("👍", by=bob)] == [
            True,
            False,
            True,
        ]
        assert [issue.unreact("👍", by=ada), stale.unreact("👍", by=ada)] == [True, False]

        assert list(issue.reactions.values_list("user", "emoji")) == [(bob.pk, "👍")]
        assert fresh(issue).version == 4
        assert history(issue)[1:] == ["reacted", "reacted", "unreacted"]
        assert "comment" not in issue.events.latest("id").data

    def test_not_to_what_is_deleted(self):
        issue = make_issue()
        issue.trash(by=make_user())

        with pytest.raises(Gone):
            issue.react("👍", by=make_user())
        with pytest.raises(Gone):
            issue.unreact("👍", by=make_user())


class TestWhatShowsRaisesTheVersion:
    """The version is the ETag, so it must rise with everything that an answer holds."""

    def test_a_comment_and_what_happens_to_it(self):
        ada = make_user()
        issue = make_issue(ada)
        comment = make_comment(issue, ada)
        comment.edit("Other words.", by=ada)
        comment.react("👍", by=ada)
        comment.unreact("👍", by=ada)
        comment.trash(by=ada)
        comment.restore(by=ada)

        assert fresh(issue).version == 7
        assert history(issue)[1:] == [
            "commented",
            "comment_edited",
            "reacted",
            "unreacted",
            "comment_deleted",
            "comment_restored",
        ]

    def test_a_linked_session_and_its_files(self):
        ada = make_user()
        session, file = make_session(ada), make_attachment(ada)
        issue, other = make_issue(ada, sessions=[session.uuid]), make_issue(ada)

        session.change(by=ada, title="Cold soak review")
        session.add_attachments([file.uuid], by=ada)
        file.change(by=ada, title="String B")
        session.remove_attachment(file.uuid, by=ada)
        session.trash(by=ada)

        assert fresh(issue).version == 6
        assert history(issue)[1:] == [
            "session_changed",
            "session_changed",
            "attachment_changed",
            "session_changed",
            "session_deleted",
        ]
        assert fresh(other).version == 1
        assert not issue.sessions.exists()

    def test_a_file_in_a_comment(self):
        ada = make_user()
        file, issue = make_attachment(ada), make_issue(ada)
        issue.comment(by=ada, content="See the photo.", attachments=[file.uuid])

        file.change(by=ada, is_visible=False)

        assert history(issue) == ["created", "commented", "attachment_changed"]
