"""Files that come with forms: what is too much or has no room is refused in words, and what was typed stays."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from issues.evidence.sizes import size_in_words
from issues.models import Attachment, Comment, Issue, all_or_nothing
from issues.models.limits import UPLOAD_FILES_MAX
from tests.factories import make_attachment, make_issue

pytestmark = pytest.mark.django_db
LIMIT = 100_000


@pytest.fixture(autouse=True)
def limit(settings):
    settings.UPLOAD_LIMIT = LIMIT


def files(*sizes):
    return [SimpleUploadedFile(f"{n}.bin", b"x" * size) for n, size in enumerate(sizes)]


def stored(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize("sizes", [(LIMIT,), (LIMIT - 1, 1)])
def test_as_many_bytes_as_may_be_are_kept(client, sizes):
    client.post("/new", {"title": "Battery", "files": files(*sizes)})

    assert [file.size for file in Issue.objects.get().attachments.all()] == list(sizes)


@pytest.mark.parametrize("sizes", [(LIMIT + 1,), (LIMIT, 1), (3 * LIMIT,), (40 * LIMIT,)])
class TestOneByteMore:
    def test_is_refused_at_the_field_of_a_new_issue(self, client, settings, sizes):
        typed = {
            "title": "Battery <B>",
            "description": "Fell to **22 V**",
            "tags": "power",
            "files": files(*sizes),
        }

        response = client.post("/new", typed)
        page = response.content.decode()

        assert response.status_code == 413
        if sum(sizes) <= 4 * LIMIT:
            [said] = re.findall(
                r'<p class="err" id="error-files" role="alert">(?:<svg.*?</svg>)?(.*?)</p>', page
            )
            assert said == "At most 100 kB can be sent at a time. Nothing was saved."
            assert "Battery &lt;B&gt;</textarea>" in page
            assert "Fell to **22 V**</textarea>" in page
        assert (Issue.objects.count(), Attachment.objects.count(), stored(settings)) == (0, 0, [])

    def test_is_refused_at_a_comment_whose_text_stays(self, client, settings, sizes):
        issue = make_issue()

        response = client.post(
            f"/{issue.reference}/comments", {"content": "See <these>", "files": files(*sizes)}
        )

        assert response.status_code == 413
        assert sum(sizes) > 4 * LIMIT or "See &lt;these&gt;</textarea>" in response.content.decode()
        assert "At most 100 kB can be sent at a time." in response.content.decode()
        assert (Comment.objects.count(), Attachment.objects.count(), stored(settings)) == (0, 0, [])

    def test_is_refused_as_evidence(self, client, settings, sizes):
        issue = make_issue()

        response = client.post(f"/{issue.reference}/files", {"files": files(*sizes)})

        assert response.status_code == 413
        assert "At most 100 kB can be sent at a time." in response.content.decode()
        assert (Attachment.objects.count(), stored(settings)) == (0, [])


def test_so_many_files_are_kept_and_one_more_is_refused_with_the_text(client, settings):
    fits = client.post("/new", {"title": "Many", "files": files(*[1] * UPLOAD_FILES_MAX)})
    over = client.post("/new", {"title": "Too many", "files": files(*[1] * (UPLOAD_FILES_MAX + 1))})

    assert (fits.status_code, over.status_code) == (303, 422)
    assert "At most 100 files can be sent at a time." in over.content.decode()
    assert "Too many</textarea>" in over.content.decode()
    assert len(stored(settings)) == Attachment.objects.count() == UPLOAD_FILES_MAX


def test_files_of_a_comment_that_cannot_be_made_do_not_stay(client, settings):
    issue = make_issue()
    issue.trash(by=issue.created_by)

    client.post(f"/{issue.reference}/comments", {"content": "late", "files": files(5)})

    assert (Attachment.objects.count(), stored(settings)) == (0, [])


def store_two_and_fail():
    with all_or_nothing():
        make_attachment()
        with all_or_nothing():
            make_attachment()
        make_attachment(title="x" * 10_001)


def test_what_was_stored_goes_with_the_transaction_it_was_stored_in(settings):
    with pytest.raises(IntegrityError):
        store_two_and_fail()
    alone = stored(settings)
    with all_or_nothing():
        kept = make_attachment()
        with pytest.raises(IntegrityError):  # only the inner part is taken back
            store_two_and_fail()

    assert alone == []
    assert [path.name for path in stored(settings)] == [kept.uuid.hex]
    assert Attachment.objects.get() == kept


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1 kB"), (1536, "1.54 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
        (24_000_000, "24 MB"), (256_000_000, "256 MB"), (1_020_000_000, "1.02 GB"), (5 * 10**12, "5 TB"),
    ],
)  # fmt: skip
def test_a_size_is_said_in_three_digits(size, words):
    assert size_in_words(size) == words
