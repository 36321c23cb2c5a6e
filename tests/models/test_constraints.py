"""What the database itself refuses, whoever writes past the verbs. Each row here was made by a verb, so it holds."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, models, transaction

from issues.models import (
    AccountEvent,
    ApiToken,
    Attachment,
    Channel,
    Comment,
    CommentAttachment,
    CountDelta,
    Event,
    FlowSum,
    FlowWaits,
    Issue,
    IssueAttachment,
    IssueFile,
    IssueReaction,
    IssueSession,
    KeptUntil,
    Reaction,
    Reading,
    RememberedReply,
    SavedView,
    Selection,
    Session,
    SessionAttachment,
    StepTick,
    User,
    ViewPin,
    flow,
    people,
)
from tests.factories import make_administrator, make_attachment, make_issue, make_session, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Constraint: the model, and what its row is changed to past the verbs; several ways to break it, where there are.
CHECKS: dict[str, tuple[type[models.Model], list[dict]]] = {
    "user_role_is_known": (User, [{"role": "guest"}, {"role": ""}]),
    "user_email_is_lower_case": (User, [{"email": "Mara@example.com"}]),
    "token_scopes_are_known": (ApiToken, [{"scopes": ["admin"]}, {"scopes": []}]),
    "flow_measure_is_known": (FlowSum, [{"measure": "mood"}]),
    "flow_wait_is_known": (FlowWaits, [{"measure": "mood"}, {"measure": "created"}]),
    "count_family_is_known": (CountDelta, [{"family": "mood"}]),
    "event_kind_is_known": (Event, [{"kind": "exploded"}]),
    "attachment_has_a_name": (Attachment, [{"name": ""}]),
    "attachment_size_is_not_negative": (Attachment, [{"size": -1}]),
    "attachment_has_a_checksum": (Attachment, [{"sha256": "abc"}, {"sha256": ""}]),
    "attachment_title_is_not_too_long": (Attachment, [{"title": "x" * 10_001}]),
    "attachment_description_is_not_too_long": (Attachment, [{"description": "x" * 10_001}]),
    "attachment_citation_is_not_too_long": (Attachment, [{"citation": "x" * 10_001}]),
    "session_description_is_not_too_long": (Session, [{"description": "x" * 10_001}]),
    "issue_status_is_known": (Issue, [{"status": "closed"}, {"status": ""}]),
    "issue_priority_is_known": (Issue, [{"priority": "urgent"}]),
    "issue_has_a_title": (Issue, [{"title": ""}]),
    "issue_owner_is_not_empty": (Issue, [{"owner": ""}]),
    "issue_has_not_too_many_tags": (Issue, [{"tags": [str(n) for n in range(51)]}]),
    "issue_description_is_an_array": (Issue, [{"description": "{}"}, {"description": '"text"'}]),
    "issue_resolution_is_not_too_long": (Issue, [{"resolution_summary": "x" * 10_001}]),
    "issue_has_closed_at_exactly_when_closed": (Issue, [{"status": "resolved"}, {"closed_at": NOW}, {"status": None, "triaged_at": None, "closed_at": NOW}]),
    "issue_has_who_deleted_it_exactly_when_deleted": (Issue, [{"deleted_at": NOW}, {"deleted_by": "the person"}]),
    "issue_without_status_is_untriaged": (Issue, [{"status": None}]),
    "issue_version_counts_from_one": (Issue, [{"version": 0}]),
    "issue_counts_are_not_negative": (Issue, [{"comment_count": -1}, {"file_count": -1}, {"plan_count": -1}]),
    "view_has_a_name": (SavedView, [{"name": ""}]),
    "view_page_is_known": (SavedView, [{"page": "wall"}]),
    "account_event_kind_is_known": (AccountEvent, [{"kind": "vanished"}]),
    "comment_has_a_fitting_length": (Comment, [{"content": ""}, {"content": "x" * 10_001}]),
    "comment_has_who_deleted_it_exactly_when_deleted": (Comment, [{"deleted_at": NOW}, {"deleted_by": "the person"}]),
    "issue_file_is_named": (IssueFile, [{"file_name": ""}, {"file_type": ""}]),
    "reading_state_is_known": (Reading, [{"state": "bored"}]),
    "reading_kind_is_known": (Reading, [{"kind": "film"}]),
    "reading_percent_is_a_share": (Reading, [{"percent": 101}, {"percent": -1}]),
    "kept_until_is_one_row": (KeptUntil, [{"id": 2}]),
    "selection_is_not_too_large": (Selection, [{"issue_ids": list(range(10_001))}]),
}  # fmt: skip
# What stands once: writing the same row again breaks it.
ONCE: dict[str, type[models.Model]] = {
    "there_is_one_agent": User,
    "file_is_once_in_a_session": SessionAttachment,
    "file_is_once_in_an_issue": IssueAttachment,
    "session_is_once_in_an_issue": IssueSession,
    "view_name_is_once_a_person": SavedView,
    "view_is_pinned_once_a_person": ViewPin,
    "file_is_once_in_a_comment": CommentAttachment,
    "reaction_is_once_a_person": Reaction,
    "issue_reaction_is_once_a_person": IssueReaction,
    "step_is_ticked_once": StepTick,
    "reply_is_remembered_once_a_key": RememberedReply,
    "channel_is_once_in_a_reading": Channel,
}


@pytest.fixture
def everything() -> User:
    """One row of each kind, by the verbs; returns the person who made them."""
    person = make_user()
    User.objects.agent()
    ApiToken.issue_to(person)
    file, session = make_attachment(person), make_session(person)
    session.add_attachments([file.uuid], by=person)
    issue = make_issue(person, tags=["power"], attachments=[file.uuid], sessions=[session.uuid])
    comment = issue.comment(by=person, content="Cell 5.", attachments=[file.uuid])
    comment.react("👍", by=person)
    issue.react("👍", by=person)
    plan = make_attachment(person, "plan.md", b"1. Measure\n")
    added = issue.add_file(by=person, attachment=plan.uuid, file_type="troubleshooting_plan")
    [step] = added.progress().outline.steps
    added.tick(step.key, by=person)
    SavedView.create(by=person, name="Power", query="tag=power")
    Selection.keep([issue.pk], by=person)
    people.invite("new@example.com", role="member", by=make_administrator())
    RememberedReply.claim(person, "key", b"x" * 32)
    Channel.objects.create(reading=Reading.objects.get(pk=file.pk), position=0, name="v", lows=[], highs=[])
    flow.fold()
    KeptUntil.objects.create(id=1, xid=1, event_id=1)
    FlowWaits.objects.create(owner="", tag="", measure="resolve", slot=NOW, by_agent=False, histogram=1)
    return person


def test_every_constraint_is_broken_here():
    constraints = {
        constraint.name: model
        for model in apps.get_app_config("issues").get_models()
        for constraint in model._meta.constraints
    }

    assert {name: model for name, (model, _) in CHECKS.items()} | ONCE == constraints


@pytest.mark.parametrize("name", CHECKS)
def test_the_database_refuses_what_no_verb_would_write(name, everything):
    model, ways = CHECKS[name]
    row = model._default_manager.order_by("pk").last()
    for values in ways:
        given = {field: everything if value == "the person" else value for field, value in values.items()}
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**given)


@pytest.mark.parametrize("name", ONCE)
def test_the_database_keeps_one_of_what_stands_once(name, everything):
    row = ONCE[name]._default_manager.order_by("pk").last()
    if name == "there_is_one_agent":
        row = User.objects.agent()
        row.email = "another@agent.invalid"
    row.pk = None
    if hasattr(row, "uuid"):
        row.uuid = uuid4()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.parametrize("model", [Issue, Comment, Attachment, Session, IssueFile, Selection])
def test_an_id_that_the_world_sees_is_given_once(model, everything):
    row = model._default_manager.order_by("pk").last()
    row.pk = None

    with pytest.raises(IntegrityError, match="uuid"), transaction.atomic():
        row.save(force_insert=True)


def test_a_text_longer_than_its_column_is_refused_not_cut(everything):
    issue = Issue.objects.last()

    with pytest.raises(DatabaseError), transaction.atomic():
        Issue.objects.filter(pk=issue.pk).update(title="x" * 501)
    assert json.loads(Issue.objects.get(pk=issue.pk).description) == []
