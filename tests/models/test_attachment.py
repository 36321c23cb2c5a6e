import hashlib
import os
from itertools import count
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from issues.models import Attachment, NoRoom
from issues.models.attachment import extension, safe_name
from tests.factories import make_attachment, make_user


@pytest.mark.django_db
class TestStore:
    def test_keeps_bytes_size_and_checksum(self):
        content = bytes(range(256)) * 1000

        file = make_attachment(name="Capture.BIN", content=content)

        with file.file.open() as stored:
            assert stored.read() == content
        assert (file.size, file.sha256) == (256_000, hashlib.sha256(content).hexdigest())
        assert (file.name, file.extension) == ("Capture.BIN", "bin")

    def test_names_the_file_on_disk_by_uuid_alone(self):
        file = make_attachment(name="../../etc/passwd")

        assert file.name == "passwd"
        assert file.file.name == f"{file.uuid.hex[-2:]}/{file.uuid.hex}"

    def test_leaves_no_file_without_a_row(self, settings):
        with pytest.raises(IntegrityError, match="title_is_not_too_long"), transaction.atomic():
            make_attachment(title="x" * 10_001)

        assert _files(settings) == []

    @pytest.mark.parametrize(
        "moment", [1, 2]
    )  # it waits for the bytes, then for the folder in which they have their name
    def test_leaves_neither_file_nor_row_when_it_is_told_to_stop(self, settings, monkeypatch, moment):
        user, moments, fsync = make_user(), count(1), os.fsync

        def interrupted(descriptor):
            fsync(descriptor)
            if next(moments) == moment:
                raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_attachment(user)

        assert _files(settings) == []
        assert not Attachment.objects.exists()

    def test_leaves_neither_file_nor_row_when_the_disk_is_full(self, settings):
        class FullDisk(ContentFile):
            def chunks(self, chunk_size=None):
                yield b"half of it"
                raise OSError(28, "No space left on device")

        broken = FullDisk(b"x")
        broken.sha256 = "0" * 64

        with pytest.raises(NoRoom):
            Attachment.store(by=make_user(), name="x.bin", content=broken)

        assert not Attachment.objects.exists()
        assert _files(settings) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("telemetry.csv", "telemetry.csv"),
        ("C:\\runs\\12\\plot.png", "plot.png"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nX-Evil: 1.csv", "aX-Evil: 1.csv"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("nul\x00l.txt", "null.txt"),
        ("", "file"),
        ("..", "file"),
        ("...", "file"),
        ("/", "file"),
        ("\ud800.csv", ".csv"),
        ("Ω-plot µ.png", "Ω-plot µ.png"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
    ],
)
def test_a_name_is_made_safe(sent, kept):
    assert safe_name(sent) == kept


@pytest.mark.parametrize(
    ("name", "found"), [("a.CSV", "csv"), ("a.tar.gz", "gz"), ("README", ""), (".env", ""), ("a.", "")]
)
def test_the_extension_is_the_type(name, found):
    assert extension(name) == found


def _files(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
