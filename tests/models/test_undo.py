"""Taking back: everything as it was, nothing overwritten, and what was taken back can be done again."""

import json
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.models import (
    AlreadyUndone,
    Comment,
    CountDelta,
    DomainError,
    Event,
    EventKind,
    Gone,
    Issue,
    NotUndoable,
    NotYours,
    Overtaken,
    PartsAreGone,
    User,
    counts,
    undo,
)
from tests.factories import (
    make_administrator,
    make_attachment,
    make_comment,
    make_issue,
    make_session,
    make_user,
)
from tests.models.test_counts import counted, recounted

pytestmark = pytest.mark.django_db


def fresh(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


def answers(client, issue: Issue) -> list:
    """Every JSON answer about an issue, who reacted to its description, and what the counts say."""
    urls = [f"/issues/{issue.uuid}", f"/issues/{issue.uuid}/comments", f"/issues/{issue.uuid}/files"]
    urls += ["/issues", "/issues/metrics"]
    bodies = [client.get(url) for url in urls]
    reactions = list(issue.reactions.order_by("id").values_list("user", "emoji", "created_at"))
    return [(body.status_code, json.loads(body.content)) for body in bodies] + [counts.by_state(), reactions]


def latest(issue: Issue) -> int:
    return issue.events.latest("id").pk


class TestUndo:
    """Right after a verb, undo restores every answer; undone itself, it restores what the verb did."""

    @pytest.mark.parametrize(
        "verb",
        [
            lambda issue, ada: issue.change(by=ada, status="resolved", resolution_summary="A worn strap."),
            lambda issue, ada: issue.change(by=ada, status=None),
            lambda issue, ada: issue.change(by=ada, title="Other", tags=["z", "a"], owner="x@example.com"),
            lambda issue, ada: issue.change(by=ada, priority=None, description='[{"n": 1e400}]'),
            lambda issue, ada: issue.change(by=ada, attachments=[make_attachment(ada).uuid], sessions=[]),
            lambda issue, ada: issue.trash(by=ada),
            lambda issue, ada: issue.comment(
                by=ada, content="More.", attachments=[make_attachment(ada).uuid]
            ),
            lambda issue, ada: issue.comments.first().edit("Other words.", by=ada),
            lambda issue, ada: issue.comments.first().trash(by=ada),
            lambda issue, ada: issue.comments.first().react("🎯", by=ada),
            lambda issue, ada: issue.comments.first().unreact("👍", by=ada),
            lambda issue, ada: issue.react("🎯", by=ada),
            lambda issue, ada: issue.unreact("👍", by=ada),
            lambda issue, ada: issue.add_file(by=ada, attachment=make_attachment(ada).uuid, file_type="plan"),
            lambda issue, ada: issue.files.first().remove(by=ada),
        ],
        ids=[
            "resolved",
            "no_status",
            "text",
            "description",
            "links",
            "deleted",
            "commented",
            "edited",
            "comment_deleted",
            "reacted",
            "unreacted",
            "reacted_to_description",
            "unreacted_to_description",
            "file_added",
            "file_removed",
        ],
    )
    def test_restores_every_answer_and_so_does_redo(self, client, verb):
        ada, bob = make_user(), make_user()
        issue = make_issue(
            User.objects.agent(),
            status="rejected",
            attachments=[make_attachment(ada).uuid, make_attachment(ada).uuid],
            sessions=[make_session(ada).uuid],
        )
        comment = make_comment(issue, ada)
        comment.react("👍", by=ada)
        comment.react("👍", by=bob)
        comment.react("👀", by=bob)
        for person in (ada, bob):
            issue.react("👍", by=person)
        issue.add_file(by=bob, attachment=make_attachment(bob).uuid, file_type="troubleshooting_plan")
        issue.add_file(by=bob, attachment=make_attachment(bob).uuid, file_type="troubleshooting_plan")
        before = answers(client, issue)
        verb(issue, ada)
        after = answers(client, issue)

        undone = undo.undo(latest(issue), by=ada)
        back = answers(client, issue)
        undo.undo(undone.pk, by=ada)

        assert after != before
        if undone.kind == EventKind.COMMENT_DELETED:  # a comment leaves a tombstone
            assert back[1][1]["items"].pop()["is_deleted"]
            back[1][1]["count"] -= 1
        assert back == before
        assert answers(client, issue) == after
        assert undone.undoes_id is not None

    def test_of_a_new_issue_is_the_trash(self):
        ada = make_user()
        issue = make_issue(ada)

        undone = undo.undo(issue.last_event_id, by=ada)

        assert undone.kind == EventKind.DELETED
        assert fresh(issue).deleted_at is not None
        assert undo.undo(undone.pk, by=ada).kind == EventKind.RESTORED

    def test_puts_back_when_it_was_closed_and_triaged(self):
        ada = make_user()
        issue = make_issue(User.objects.agent(), status="rejected")
        closed = fresh(issue).closed_at
        issue.change(by=ada, status="open")

        undo.undo(issue.last_event_id, by=ada)

        assert (fresh(issue).closed_at, fresh(issue).triaged_at) == (closed, None)
        assert counted() == recounted()


class TestRefusals:
    def test_twice_says_so_and_changes_nothing(self):
        ada = make_user()
        issue = make_issue(ada)
        issue.change(by=ada, status="resolved")
        undo.undo(issue.last_event_id, by=ada)
        version = fresh(issue).version

        with pytest.raises(AlreadyUndone):
            undo.undo(issue.last_event_id, by=ada)

        assert fresh(issue).version == version

    def test_after_undo_was_undone_it_can_be_undone_again(self):
        ada = make_user()
        issue = make_issue(ada)
        issue.change(by=ada, status="resolved")
        first = issue.last_event_id
        undo.undo(undo.undo(first, by=ada).pk, by=ada)

        undo.undo(first, by=ada)

        assert fresh(issue).status == "open"

    def test_a_field_changed_since_stays_and_names_who_did(self):
        ada, bob = make_user(), make_user()
        issue = make_issue(ada)
        issue.change(by=ada, priority="high", tags=["power"])
        issue.change(by=bob, priority="medium")
        first = issue.events.filter(kind="changed").earliest("id")

        with pytest.raises(Overtaken) as refused:
            undo.undo(first.pk, by=ada)

        assert refused.value.by == {"priority": bob}
        assert (fresh(issue).priority, fresh(issue).tags) == ("medium", ["power"])

    def test_another_field_changed_since_does_not_matter(self):
        ada = make_user()
        issue = make_issue(ada)
        issue.change(by=ada, priority="high")
        event = issue.last_event_id
        issue.change(by=make_user(), title="Better words")

        undo.undo(event, by=ada)

        assert (fresh(issue).priority, fresh(issue).title) == ("low", "Better words")

    def test_an_issue_deleted_since_stays_deleted(self):
        ada, bob = make_user(), make_user()
        issue = make_issue(ada)
        issue.change(by=ada, status="resolved")
        event = issue.last_event_id
        issue.trash(by=bob)

        with pytest.raises(Overtaken) as refused:
            undo.undo(event, by=ada)

        assert refused.value.by == {"deleted": bob}

    def test_a_later_deletion_is_not_mine_to_take_back(self):
        ada, bob = make_user(), make_user()
        issue = make_issue(ada)
        issue.trash(by=ada)
        event = issue.last_event_id
        issue.restore(by=bob)
        issue.trash(by=bob)

        with pytest.raises(Overtaken):
            undo.undo(event, by=ada)

        assert fresh(issue).deleted_by == bob

    def test_words_edited_since_are_not_overwritten(self):
        ada = make_user()
        comment = make_comment(by=ada)
        comment.edit("Second.", by=ada)
        event = comment.last_event_id
        comment.edit("Third.", by=ada)

        with pytest.raises(Overtaken) as refused:
            undo.undo(event, by=ada)

        assert refused.value.by == {"content": ada}
        assert Comment.objects.get().content == "Third."

    def test_other_peoples_changes_are_for_administrators(self):
        ada = make_user()
        issue = make_issue(ada)
        issue.change(by=ada, status="resolved")

        with pytest.raises(NotYours):
            undo.undo(issue.last_event_id, by=make_user())
        undo.undo(issue.last_event_id, by=make_administrator())

        assert fresh(issue).status == "open"

    def test_other_peoples_words_and_emoji_stay_theirs(self):
        ada, administrator = make_user(), make_administrator()
        comment = make_comment(by=ada)
        comment.edit("Second.", by=ada)
        edited = comment.last_event_id
        comment.react("👍", by=ada)

        comment.issue.react("👍", by=ada)

        for event in (edited, comment.last_event_id, comment.issue.last_event_id):
            with pytest.raises(NotYours):
                undo.undo(event, by=administrator)

    def test_what_many_issues_share_is_not_taken_back_in_one(self):
        ada = make_user()
        session = make_session(ada)
        issue = make_issue(ada, sessions=[session.uuid])
        session.change(by=ada, title="Other")

        with pytest.raises(NotUndoable):
            undo.undo(latest(issue), by=ada)

    def test_a_session_deleted_since_does_not_come_back(self):
        ada = make_user()
        session = make_session(ada)
        issue = make_issue(ada, sessions=[session.uuid])
        issue.change(by=ada, sessions=[])
        session.trash(by=ada)

        with pytest.raises(PartsAreGone):
            undo.undo(issue.last_event_id, by=ada)

    def test_what_never_was_is_gone(self):
        with pytest.raises(Gone):
            undo.undo(10**12, by=make_user())
        with pytest.raises(Gone):
            undo.undo_act(uuid4(), by=make_user())


class TestMyLastChange:
    def test_goes_back_step_by_step(self):
        ada, bob = make_user(), make_user()
        issue = make_issue(bob)
        issue.change(by=ada, priority="high")
        issue.change(by=ada, status="resolved")
        issue.change(by=bob, title="Theirs")

        for _ in range(2):
            undo.undo(undo.last_undoable(ada).pk, by=ada)

        assert (fresh(issue).priority, fresh(issue).status, fresh(issue).title) == ("low", "open", "Theirs")
        assert undo.last_undoable(ada) is None

    def test_after_redo_it_is_the_last_again(self):
        ada = make_user()
        issue = make_issue()
        issue.change(by=ada, status="resolved")
        event = issue.last_event_id
        undo.undo(undo.undo(event, by=ada).pk, by=ada)

        assert undo.last_undoable(ada).pk == event


VERBS = ["create", "status", "priority", "tags", "trash", "restore", "comment", "edit", "uncomment", "react"]
VERBS += ["unreact", "file", "unfile", "tick", "untick", "replace", "undo", "undo", "undo_any"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 9), st.integers(0, 4)), max_size=25))
def test_any_sequence_of_verbs_and_undos_leaves_everything_agreeing(steps):
    Issue.objects.all().delete()
    CountDelta.objects.all().delete()
    ada = make_administrator()
    file, other = (make_attachment(ada, "plan.md", text) for text in (b"- [ ] a\n- [ ] b", b"- [x] b\n"))
    for verb, which, value in steps:
        issues = list(Issue.objects.order_by("id"))
        issue = issues[which % len(issues)] if issues else make_issue(ada)
        comment = issue.comments.order_by("id").last()
        plan = issue.files.first()
        try:
            match verb:
                case "create":
                    make_issue(ada)
                case "status":
                    issue.change(by=ada, status=["open", "in_progress", "resolved", "rejected", None][value])
                case "priority":
                    issue.change(by=ada, priority=["low", "medium", "high", None, None][value])
                case "tags":
                    issue.change(by=ada, tags=["a", "b", "c"][:value])
                case "trash":
                    issue.trash(by=ada)
                case "restore":
                    issue.restore(by=ada)
                case "comment":
                    issue.comment(by=ada, content=f"Remark {value}")
                case "file":
                    issue.add_file(by=ada, attachment=file.uuid, file_type="troubleshooting_plan")
                case "unfile" if plan:
                    plan.remove(by=ada)
                case "replace" if plan:
                    plan.replace([file, other][value % 2].uuid, by=ada)
                case "tick" | "untick" if plan:
                    steps = plan.progress().outline.steps
                    getattr(plan, verb)(steps[value % len(steps)].key, by=ada)
                case "edit" if comment:
                    comment.edit(f"Words {value}", by=ada)
                case "uncomment" if comment:
                    comment.trash(by=ada)
                case "react" | "unreact" if value == 4:
                    getattr(issue, verb)("👍", by=ada)
                case "react" if comment:
                    comment.react("👍", by=ada)
                case "unreact" if comment:
                    comment.unreact("👍", by=ada)
                case "undo":
                    event = undo.last_undoable(ada)
                    if event:
                        undo.undo(event.pk, by=ada)
                case "undo_any":
                    events = list(Event.objects.order_by("id").values_list("id", flat=True))
                    undo.undo(events[which % len(events)], by=ada)
        except DomainError:
            pass

    assert counted() == recounted()
    for issue in Issue.objects.all():
        assert issue.version == issue.events.count()
        assert issue.comment_count == issue.comments.filter(deleted_at=None).count()
        assert issue.plan_count == issue.files.count()
