"""Files in a bucket, over S3's own protocol: kept, read by ranges, served through the app, and nothing half done."""

import hashlib
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from issues.evidence.serving import HEADERS
from issues.models import Attachment, NoRoom, Reading, ReadingState, StoreAway, all_or_nothing
from issues.models.bucket import translated
from issues.models.trash import purge
from issues.tasks import read_evidence
from tests.factories import make_attachment, make_issue, make_user

pytestmark = pytest.mark.django_db
LARGE = bytes(range(256)) * 4 * 9000  # 9.2 MB: in parts, and more than one range


def on_disk(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def body(response):
    return b"".join(response.streaming_content)


def test_an_upload_goes_to_the_bucket_and_leaves_nothing_on_the_disk(client, bucket, settings):
    issue = make_issue()

    client.post(f"/{issue.reference}/files", {"files": [SimpleUploadedFile("capture.bin", LARGE)]})

    file = issue.attachments.get()
    kept = bucket.client.get_object(Bucket=bucket.name, Key=file.file.name)["Body"].read()
    assert hashlib.sha256(kept).hexdigest() == file.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert bucket.keys() == [file.file.name]
    assert on_disk(settings) == []


class TestServing:
    def test_has_the_headers_of_the_app_and_every_byte(self, client, bucket):
        file = make_attachment(name="a.html", content=LARGE)

        response = client.get(f"/file/{file.uuid}")

        assert response.status_code == 200
        assert response.headers.items() >= HEADERS.items()
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert int(response.headers["Content-Length"]) == len(LARGE)
        assert body(response) == LARGE

    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            ("bytes=0-0", slice(0, 1)),
            ("bytes=5000000-", slice(5_000_000, None)),
            ("bytes=-7", slice(-7, None)),
            ("bytes=65535-65536", slice(65_535, 65_537)),
            ("bytes=100-200000", slice(100, 200_001)),
        ],
    )
    def test_honours_ranges(self, client, bucket, asked, part):
        file = make_attachment(content=LARGE)

        response = client.get(f"/file/{file.uuid}", headers={"Range": asked})

        assert response.status_code == 206
        assert body(response) == LARGE[part]

    def test_of_a_file_that_is_gone_is_404_and_of_a_bucket_that_is_away_503(self, client, bucket, settings):
        file = make_attachment()
        bucket.empty()
        assert client.get(f"/file/{file.uuid}").status_code == 404

        client.raise_request_exception = False
        settings.STORAGES = bucket.storages("s3", endpoint_url="http://127.0.0.1:9")
        page = client.get(f"/file/{file.uuid}")
        assert page.status_code == 503
        assert "The file store does not answer" in page.content.decode()
        reply = client.post("/attachments", {"file": SimpleUploadedFile("a", b"x")})
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "2")
        form = client.post("/new", {"title": "Battery", "files": SimpleUploadedFile("a", b"x")})
        assert form.status_code == 503
        assert "Battery</textarea>" in form.content.decode()
        assert Attachment.objects.count() == 1

    def test_is_by_a_signed_address_only_where_that_is_wanted_and_only_for_what_is_saved(
        self, client, bucket, settings
    ):
        settings.S3_DIRECT = True
        file = make_attachment(name='a"b\u00e9.html', content=b"<script>")

        response = client.get(f"/file/{file.uuid}")

        assert (response.status_code, response.headers["Cache-Control"]) == (302, "no-store")
        with urllib.request.urlopen(response.headers["Location"]) as answer:
            assert answer.read() == b"<script>"
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith(
                "attachment; filename=\"a_be.html\"; filename*=UTF-8''"
            )
        request = urllib.request.Request(response.headers["Location"], headers={"Range": "bytes=1-3"})
        with urllib.request.urlopen(request) as answer:
            assert (answer.status, answer.read()) == (206, b"scr")
        assert client.head(f"/file/{file.uuid}").status_code == 200


class TestReading:
    def test_a_range_asks_for_no_more_than_it_needs(self, bucket):
        file = make_attachment(content=LARGE)
        asked = []

        with default_storage.open(file.file.name) as stored:
            stored.file.raw._client.meta.events.register("before-call.s3.GetObject", lambda params, **_: asked.append(params["headers"]["Range"]))  # fmt: skip
            stored.seek(4_000_000)
            first = stored.read(10)
            stored.seek(-5, 2)
            last = stored.read()
            stored.seek(0)
            assert stored.read() == LARGE

        assert first == LARGE[4_000_000:4_000_010]
        assert last == LARGE[-5:]
        assert asked[:2] == ["bytes=4000000-4065535", f"bytes={len(LARGE) - 5}-{len(LARGE) - 1}"]
        assert len(asked) < 12

    def test_the_worker_reads_it_and_keeps_what_it_makes_there(self, client, bucket, settings):
        file = make_attachment(
            content=b"time_s,str_b_v\n" + b"".join(b"%d,%d\n" % (n, n % 9) for n in range(5000))
        )

        read_evidence(file.pk)

        reading = Reading.objects.get(attachment=file)
        assert reading.state == ReadingState.READY
        assert sorted(bucket.keys()) == [file.file.name, reading.prepared]
        page = client.get(f"/file/{file.uuid}/view?from=1000&to=1010").content.decode()
        assert "5,000 rows" in page
        assert on_disk(settings) == []


class TestNothingHalfDone:
    def test_a_transaction_that_fails_takes_its_objects_along(self, bucket):
        def fail():
            with all_or_nothing():
                make_attachment()
                1 / 0  # noqa: B018

        with pytest.raises(ZeroDivisionError):
            fail()

        assert bucket.keys() == []

    def test_an_upload_that_breaks_off_leaves_neither_object_nor_row_nor_parts(self, bucket):
        class Broken(SimpleUploadedFile):
            sha256 = "0" * 64

            def read(self, size=-1):
                if self.tell() > 9_000_000:
                    raise ConnectionResetError("the client went away")
                return super().read(size)

        with pytest.raises(ConnectionResetError):
            Attachment.store(by=make_user(), name="a.bin", content=Broken("a.bin", LARGE * 2))

        assert bucket.keys() == []
        assert not Attachment.objects.exists()
        assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)

    def test_what_is_purged_goes_from_both_stores(self, bucket, settings, django_capture_on_commit_callbacks):
        file = make_attachment()
        storages["disk"].save(file.file.name, file.file.open())
        issue = make_issue(attachments=[file.uuid])
        issue.trash(by=issue.created_by)

        with django_capture_on_commit_callbacks(execute=True):
            purge(before=timezone.now() + timedelta(days=1))

        assert bucket.keys() == on_disk(settings) == []

    @pytest.mark.parametrize(("status", "code", "said"), [(507, "XMinioStorageFull", NoRoom), (403, "QuotaExceeded", NoRoom), (403, "AccessDenied", StoreAway), (404, "NoSuchBucket", StoreAway), (404, "NoSuchKey", FileNotFoundError)])  # fmt: skip
    def test_what_the_bucket_says_is_said_in_our_words(self, status, code, said):
        from botocore.exceptions import ClientError

        with pytest.raises(said), translated("a"):
            raise ClientError(
                {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject"
            )


def test_files_on_the_disk_are_found_while_new_ones_go_to_the_bucket(client, bucket, settings):
    settings.STORAGES = bucket.storages("disk")
    old = make_attachment(content=b"old")
    settings.STORAGES = bucket.storages("s3")
    new = make_attachment(content=b"new")

    assert [body(client.get(f"/file/{file.uuid}")) for file in (old, new)] == [b"old", b"new"]
    assert bucket.keys() == [new.file.name]
    assert [path.name for path in on_disk(settings)] == [old.uuid.hex]
