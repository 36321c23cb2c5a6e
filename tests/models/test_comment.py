import pytest
from django.db import IntegrityError, transaction

from issues.models import Comment, Gone, NotYours, Reaction, is_emoji
from tests.factories import make_administrator, make_attachment, make_comment, make_issue, make_user

pytestmark = pytest.mark.django_db


class TestEdit:
    def test_changes_the_words_and_says_so(self):
        ada = make_user()
        comment = make_comment(by=ada)

        assert comment.edit("Cell 4.", by=ada)

        comment.refresh_from_db()
        assert (comment.content, comment.is_edited) == ("Cell 4.", True)
        assert comment.updated_at > comment.created_at

    def test_to_the_same_words_is_no_edit(self):
        ada = make_user()
        comment = make_comment(by=ada)

        assert not comment.edit(comment.content, by=ada)
        assert not Comment.objects.get().is_edited

    def test_is_for_its_author_only(self):
        comment = make_comment()

        with pytest.raises(NotYours):
            comment.edit("Not mine", by=make_administrator())


class TestTrash:
    def test_is_for_the_author_and_administrators(self):
        ada = make_user()
        issue = make_issue()
        first, second = make_comment(issue, ada), make_comment(issue, ada)

        with pytest.raises(NotYours):
            first.trash(by=make_user())
        first.trash(by=ada)
        second.trash(by=make_administrator())

        issue.refresh_from_db()
        assert issue.comment_count == 0

    def test_twice_is_refused_and_counts_once(self):
        ada = make_user()
        comment = make_comment(by=ada)
        comment.trash(by=ada)

        with pytest.raises(Gone):
            comment.trash(by=ada)

        comment.issue.refresh_from_db()
        assert comment.issue.comment_count == 0

    def test_leaves_nothing_to_do_but_restore(self):
        ada = make_user()
        comment = make_comment(by=ada)
        comment.trash(by=ada)

        with pytest.raises(Gone):
            comment.edit("x", by=ada)
        with pytest.raises(Gone):
            comment.react("👍", by=ada)
        with pytest.raises(NotYours):
            comment.restore(by=make_user())
        assert comment.restore(by=ada)
        assert not comment.restore(by=ada)

    def test_with_its_issue(self):
        ada = make_user()
        comment = make_comment(by=ada)
        comment.issue.trash(by=ada)

        with pytest.raises(Gone):
            comment.edit("x", by=ada)


class TestReact:
    def test_once_a_person_and_emoji(self):
        ada, comment = make_user(), make_comment()

        assert [comment.react("👍", by=ada), comment.react("👍", by=ada)] == [True, False]
        assert comment.react("👍", by=make_user())
        assert comment.react("🔧", by=ada)

        assert Reaction.objects.count() == 3

    def test_and_back_again(self):
        ada, comment = make_user(), make_comment()
        comment.react("👍", by=ada)

        assert [comment.unreact("👍", by=ada), comment.unreact("👍", by=ada)] == [True, False]

    @pytest.mark.parametrize("emoji", ["👍", "👍🏽", "❤️", "🇸🇪", "1️⃣", "👩‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🔧", "✅", "🪫"])
    def test_knows_an_emoji(self, emoji):
        assert is_emoji(emoji)

    @pytest.mark.parametrize("text", ["", "a", "1", "👍👍", "👍a", "<b>", "\u200d", "🇸", "ok", "👩‍" * 40])
    def test_knows_what_is_none(self, text):
        assert not is_emoji(text)


def test_attachments_stand_in_the_order_given():
    files = [make_attachment(name=f"{n}.csv") for n in range(3)]
    order = [files[2], files[0], files[1]]

    comment = make_issue().comment(by=make_user(), content="x", attachments=[file.uuid for file in order])

    assert list(comment.attachments.order_by("comment_links")) == order


@pytest.mark.parametrize("content", ["", "x" * 10_001])
def test_the_database_holds_the_length(content):
    comment = make_comment()

    with pytest.raises(IntegrityError, match="comment_has_a_fitting_length"), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(content=content)
