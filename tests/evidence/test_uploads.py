"""Uploads on their way in: the checksum taken beside, and nothing that runs on."""

import hashlib
import threading

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from issues.evidence import uploads
from issues.evidence.uploads import Checksum, HashingUploadHandler
from issuetracker.middleware import tidy_uploads


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "checksum"]


@given(st.lists(st.binary(max_size=40), max_size=60), st.integers(0, 200))
def test_a_checksum_is_the_same_in_any_pieces_and_from_any_size_on_in_a_thread(pieces, beside):
    checksum = Checksum()
    checksum.BESIDE = beside
    for piece in pieces:
        checksum.update(piece)

    assert checksum.finish() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert threads() == []


def test_a_small_file_starts_no_thread():
    checksum = Checksum()
    checksum.update(b"x" * Checksum.BESIDE)
    assert threads() == []

    checksum.update(b"x")
    assert threads() == ["checksum"]
    assert checksum.finish() == hashlib.sha256(b"x" * (Checksum.BESIDE + 1)).hexdigest()


def form(*files: bytes, whole: bool = True) -> bytes:
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="%d.bin"\r\n\r\n%s\r\n' % one
        for one in enumerate(files)
    ]
    return b"".join(parts) + (b"--edge--\r\n" if whole else b"")


def posted(body: bytes):
    return RequestFactory().generic("POST", "/attachments", body, "multipart/form-data; boundary=edge")


def test_each_file_of_a_form_has_its_own_checksum(settings, tmp_path, monkeypatch):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    monkeypatch.setattr(uploads, "SEND_OFF", 300_000)  # several times in each file
    files = [bytes([n]) * size for n, size in enumerate((3_000_000, 5, 2_000_000, 0))]
    request = posted(form(*files))

    found = request.FILES.getlist("file")

    assert [file.sha256 for file in found] == [hashlib.sha256(file).hexdigest() for file in files]
    assert [file.read() for file in found] == files
    assert threads() == []
    for file in found:
        file.close()


@pytest.mark.parametrize("limit", [None, 2_500_000])
def test_nothing_runs_on_after_a_file_that_broke_off_or_was_refused(settings, tmp_path, limit):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.UPLOAD_LIMIT = limit or settings.UPLOAD_LIMIT
    seen = []

    def view(request):
        request.FILES  # noqa: B018 - reads the form
        seen.append(request.upload_handlers[0])

    tidy_uploads(view)(posted(form(bytes(3_000_000), whole=False)))

    [handler] = seen
    assert isinstance(handler, HashingUploadHandler)
    assert threads() == []
    assert list((tmp_path / "incoming").iterdir()) == []
