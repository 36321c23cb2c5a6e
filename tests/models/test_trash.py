from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from issues.models import Attachment, Comment, Event, Issue, Session
from issues.models.trash import purge
from tests.factories import make_attachment, make_comment, make_issue, make_session, make_user


@pytest.fixture
def long_ago():
    return timezone.now() - timedelta(days=31)


@pytest.mark.django_db(transaction=True)
class TestPurge:
    def test_takes_the_old_and_leaves_the_rest(self, long_ago):
        ada = make_user()
        old, new, alive = make_issue(ada), make_issue(ada), make_issue(ada)
        make_comment(old, ada)
        old.trash(by=ada, at=long_ago)
        new.trash(by=ada)

        purged = purge(before=timezone.now() - timedelta(days=30))

        assert (purged.issues, purged.comments) == (1, 0)
        assert set(Issue.objects.all()) == {new, alive}
        assert not Comment.objects.exists()
        assert not Event.objects.filter(issue_id=old.pk).exists()

    def test_takes_a_file_with_the_last_thing_that_refers_to_it(self, long_ago, settings):
        ada = make_user()
        shared, own, planned, free = (make_attachment(ada, name=n) for n in ("s", "o", "p", "f"))
        doomed = make_issue(ada, attachments=[shared.uuid, own.uuid])
        doomed.add_file(by=ada, attachment=planned.uuid, file_type="plan")
        make_issue(ada).comment(by=ada, content="x", attachments=[shared.uuid])
        doomed.trash(by=ada, at=long_ago)

        purged = purge(before=timezone.now())

        assert purged.attachments == 2
        assert set(Attachment.objects.all()) == {shared, free}
        on_disk = {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}
        assert on_disk == {shared.uuid.hex, free.uuid.hex}

    def test_takes_what_was_in_it_once_and_is_in_nothing_else(self, long_ago):
        ada = make_user()
        removed, replaced, plan, shared = (make_attachment(ada, name=n) for n in ("r", "o", "p", "s"))
        doomed = make_issue(ada, attachments=[removed.uuid, shared.uuid])
        doomed.change(by=ada, attachments=[])
        doomed.add_file(by=ada, attachment=replaced.uuid, file_type="plan").replace(plan.uuid, by=ada)
        make_issue(ada, attachments=[shared.uuid])
        doomed.trash(by=ada, at=long_ago)

        purge(before=timezone.now())

        assert set(Attachment.objects.all()) == {shared}

    def test_takes_comments_and_sessions_too(self, long_ago):
        ada = make_user()
        comment, session = make_comment(by=ada), make_session(ada)
        comment.trash(by=ada, at=long_ago)
        session.trash(by=ada, at=long_ago)

        purged = purge(before=timezone.now())

        assert (purged.issues, purged.comments, purged.sessions) == (0, 1, 1)
        assert not Session.objects.exists()

    def test_dry_changes_nothing(self, long_ago, settings):
        ada = make_user()
        file = make_attachment(ada)
        make_issue(ada, attachments=[file.uuid]).trash(by=ada, at=long_ago)
        said = StringIO()

        call_command("purge_trash", dry_run=True, stdout=said)

        assert "Would delete 1 issues" in said.getvalue()
        assert "1 files" in said.getvalue()
        assert Issue.objects.exists()
        assert Path(settings.MEDIA_ROOT, file.file.name).is_file()

    def test_refuses_odd_days(self):
        with pytest.raises(CommandError):
            call_command("purge_trash", days=-1)
