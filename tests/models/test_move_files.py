"""From the disk to the bucket and back, while everything can be read: killed and resumed, and with damaged files."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from issues.models import Attachment, Reading
from issues.models.moving import LOCK, Kept, checksum, drop_forgotten, move, sweep
from issues.tasks import read_evidence
from tests.factories import make_attachment, make_issue

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db
CSV = b"time_s,v\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(50))


@pytest.fixture
def store(bucket, settings):
    """Choose where new files go, as a restart with other settings does."""

    def choose(name):
        settings.S3_BUCKET, settings.STORE = bucket.name, name
        settings.STORAGES = bucket.storages(name)

    choose("disk")
    return choose


@pytest.fixture
def files(store):
    """Some files on the disk, one of them with what was made out of it."""
    made = [make_attachment(content=b"%d" % n * (n + 1)) for n in range(5)] + [make_attachment(content=CSV)]
    read_evidence(made[-1].pk)
    return made


def on_disk(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def all_are_readable(files):
    return all(map(checked, files))


def checked(file):
    return checksum(default_storage, file.file.name) == file.sha256


def test_there_and_back_every_file_and_what_was_made_of_it(files, store, bucket, settings, capsys):
    reading = Reading.objects.get(attachment=files[-1])

    store("s3")
    call_command("move_files", to="s3")

    assert on_disk(settings) == []
    assert sorted(bucket.keys()) == sorted([file.file.name for file in files] + [reading.prepared])
    assert all_are_readable(files)
    said = capsys.readouterr().out
    assert said.startswith("Moved 7 files, ")
    assert "All of them are in the bucket now, compared with their checksums." in said

    call_command("move_files", to="s3")
    assert capsys.readouterr().out.startswith("Moved 0 files")

    store("disk")
    call_command("move_files", to="disk")

    assert bucket.keys() == []
    assert len(on_disk(settings)) == 7
    assert all_are_readable(files)
    assert default_storage.open(reading.prepared).read(7) == b"FNDSIG1"


def test_a_damaged_file_stays_where_it_is_and_is_named(files, store, bucket, settings, capsys):
    Path(files[2].file.path).write_bytes(b"rotten")
    store("s3")

    with pytest.raises(
        CommandError,
        match=f"1 could not be moved(.|\n)*{files[2].file.name} telemetry.csv: its bytes are not",
    ):
        call_command("move_files", to="s3")

    assert capsys.readouterr().out.startswith("Moved 6 files")
    assert [path.name for path in on_disk(settings)] == [files[2].uuid.hex]
    assert files[2].file.name not in set(bucket.keys())


def test_what_a_broken_run_left_half_done_is_made_whole(files, store, bucket, settings):
    store("s3")
    copied, wrong = files[0], files[1]
    storages["s3"].save(copied.file.name, copied.file.open())  # it was about to delete the other copy
    bucket.client.put_object(Bucket=bucket.name, Key=wrong.file.name, Body=b"half of")

    call_command("move_files", to="s3")

    assert on_disk(settings) == []
    assert all_are_readable(files)


def test_what_belongs_to_nothing_is_left_and_what_was_purged_meanwhile_goes(
    files, store, bucket, settings, capsys
):
    store("s3")
    key = f"aa/{'a' * 32}"
    storages["disk"].save(key, ContentFile(b"nobody's"))

    call_command("move_files", to="s3")

    assert "1 that belong to no attachment were left where they are." in capsys.readouterr().out
    assert [path.name for path in on_disk(settings)] == ["a" * 32]

    Attachment.objects.filter(pk=files[0].pk).delete()
    drop_forgotten([Kept(file.file.name, 1) for file in files], storages["s3"])
    assert files[0].file.name not in set(bucket.keys())
    assert files[1].file.name in set(bucket.keys())


def test_while_the_bucket_is_away_nothing_is_lost(files, store, bucket, settings):
    store("s3")
    settings.STORAGES = bucket.storages("s3", endpoint_url="http://127.0.0.1:9")

    with pytest.raises(CommandError, match="7 could not be moved"):
        call_command("move_files", to="s3")

    assert len(on_disk(settings)) == 7


def test_it_refuses_where_new_files_would_go_to_the_old_store(files, store, settings):
    with pytest.raises(CommandError, match="New files still go to the disk"):
        call_command("move_files", to="s3")
    settings.S3_BUCKET = ""
    with pytest.raises(CommandError, match="ISSUETRACKER_S3_BUCKET"):
        call_command("move_files", to="s3")


def test_two_never_move_at_once(files, store, settings):
    store("s3")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            with pytest.raises(CommandError, match="being moved already"):
                call_command("move_files", to="s3")
    finally:
        other.close()


def test_a_file_can_be_read_at_every_step_of_its_move(files, store, bucket):
    """Whatever the mover does to a store, the file is in one of them afterwards."""
    store("s3")
    file = files[3]
    seen = []

    class Watched:
        def __init__(self, store):
            self._store = store

        def __getattr__(self, name):
            def done(*arguments):
                result = getattr(self._store, name)(*arguments)
                seen.append((name, checked(file)))
                return result

            return done

    move(Kept(file.file.name, file.size, file.sha256), Watched(storages["disk"]), Watched(storages["s3"]))

    assert [name for name, _ in seen][-2:] == ["open", "delete"]
    assert all(readable for _, readable in seen)


def test_what_killed_processes_left_is_swept_once_it_is_old(files, store, settings, capsys):
    store("s3")
    key = f"aa/{'a' * 32}"
    incoming = Path(settings.FILE_UPLOAD_TEMP_DIR)
    for young in (False, True):
        storages["disk"].save(f"{key}{young:d}", ContentFile(b"nobody's"))
        storages["s3"].save(f"{key}{young:d}x", ContentFile(b"nobody's"))
        (incoming / f"upload{young:d}").write_bytes(b"half")
        (incoming / f"reading{young:d}").mkdir()
        if not young:
            for path in (Path(settings.MEDIA_ROOT, f"{key}0"), incoming / "upload0", incoming / "reading0"):
                os.utime(path, (0, 0))

    call_command("purge_trash", dry_run=True)
    assert "3 leftovers of broken uploads would go, too." in capsys.readouterr().out
    call_command("purge_trash")

    assert "3 leftovers of broken uploads went, too." in capsys.readouterr().out
    assert sorted(path.name for path in incoming.iterdir()) == ["reading1", "upload1"]
    assert not storages["disk"].exists(f"{key}0")
    assert storages["disk"].exists(f"{key}1")
    assert sweep(before=timezone.now() + timedelta(days=1)) == 5
    assert all_are_readable(files)


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_killed_again_and_again_it_goes_on_and_loses_nothing(store, bucket, settings):
    files = [make_attachment(content=os.urandom(100_000)) for _ in range(24)]
    issue = make_issue(attachments=[file.uuid for file in files[:3]])
    store("s3")
    program = (
        "import django; django.setup();"
        "from django.conf import settings; from django.db import connection; from pathlib import Path;"
        f"settings.DATABASES['default']['NAME'] = connection.settings_dict['NAME'] = {connection.settings_dict['NAME']!r};"
        f"settings.MEDIA_ROOT = {str(settings.MEDIA_ROOT)!r};"
        "from django.core.management import call_command; call_command('move_files', to='s3')"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"} | bucket.environment()

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", program], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
        )

    kills = 0
    for share in (1, 12):
        mover = start()
        while len(bucket.keys()) < share and mover.poll() is None:
            time.sleep(0.005)
        kills += mover.poll() is None
        mover.send_signal(signal.SIGKILL)
        mover.wait()
        mover.stdout.close()
        assert all_are_readable(files)

    mover = start()
    said, _ = mover.communicate(timeout=120)

    assert kills, "it was killed in the middle"
    assert mover.returncode == 0
    assert "All of them are in the bucket now" in said
    assert on_disk(settings) == []
    assert all_are_readable(files)
    assert issue.attachments.count() == 3
