"""The worker on a real queue: what it reads, what it cannot read, and what happens when it is killed in between."""

import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from PIL import Image
from procrastinate.contrib.django.models import ProcrastinateJob

from issues.models import Event, EventKind, FileKind, Reading, ReadingState
from issues.tasks import give_up, read_evidence, retry_abandoned
from tests.factories import make_attachment, make_issue

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.django_db(transaction=True)
CSV = b"time_s,str_b_v\n" + b"".join(b"%d,%d.5\n" % (k, 22 if 40 <= k < 45 else 28) for k in range(100))


def work():
    """Work off the queue, in a thread: an event loop of browser tests may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call_command, "worker", once=True).result()


def picture(form="PNG", **options):
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#2a46bf").save(out, form, **options)
    return out.getvalue()


def reading_of(attachment):
    return Reading.objects.get(attachment=attachment)


def test_a_table_becomes_channels_a_trace_and_a_prepared_signal():
    file = make_attachment(content=CSV)
    issue = make_issue(attachments=[file.uuid])
    version = issue.version

    work()

    reading = reading_of(file)
    channel = reading.channels.get()
    assert (reading.state, reading.kind, reading.facts["rows"]) == (ReadingState.READY, FileKind.TABLE, 100)
    assert (channel.name, channel.unit, channel.facts["low"], channel.facts["span"]) == (
        "str_b_v",
        "V",
        22.5,
        [40.0, 45.0],
    )
    assert 'class="ln hot"' in reading.trace
    assert default_storage.exists(reading.prepared)
    issue.refresh_from_db()
    assert issue.version == version + 1
    assert issue.events.filter(kind=EventKind.EVIDENCE_READ).count() == 1


def test_an_image_gets_a_preview_and_a_display_without_where_it_was_taken():
    place = Image.Exif()
    place.get_ifd(0x8825)[1] = "N"
    file = make_attachment(name="rig.jpg", content=picture("JPEG", exif=place))

    work()

    reading = reading_of(file)
    assert (reading.kind, reading.facts) == (FileKind.IMAGE, {"width": 900, "height": 600, "frames": 1})
    with Image.open(default_storage.open(reading.preview)) as preview:
        assert preview.width <= 416
    with Image.open(default_storage.open(reading.display)) as display:
        assert not display.getexif()


def test_a_pdf_says_how_many_pages_it_has():
    out = io.BytesIO()
    pages = [Image.new("RGB", (600, 800), color) for color in ("white", "#eee")]
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:])
    file = make_attachment(name="report.pdf", content=out.getvalue())

    work()

    assert (reading_of(file).kind, reading_of(file).facts["pages"]) == (FileKind.PDF, 2)
    assert reading_of(file).preview


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.csv", b"a,b\nx,y\n", FileKind.TABLE, "No column holds numbers"),
        ("a.csv", b"", FileKind.TABLE, "empty"),
        ("a.png", b"<html><script>alert(1)</script>", FileKind.OTHER, "not a PNG"),
        ("a.pdf", b"%PDF-1.7 rubbish", FileKind.OTHER, "cannot be read"),
        ("a.zip", b"PK\x03\x04rubbish", FileKind.OTHER, "archive cannot be read"),
        ("a.log", b"line\0line", FileKind.OTHER, "not text"),
    ],
)
def test_what_cannot_be_shown_says_why(name, content, kind, words):
    file = make_attachment(name=name, content=content)

    work()

    reading = reading_of(file)
    assert (reading.state, reading.kind) == (ReadingState.UNREADABLE, kind)
    assert words in reading.reason


def test_a_text_has_an_index_of_its_lines_and_an_archive_a_list():
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run/telemetry.csv", "x" * 70)
    log = make_attachment(name="a.log", content=b"".join(b"line %d\n" % k for k in range(2500)))
    zipped = make_attachment(name="a.zip", content=out.getvalue())

    work()

    facts = reading_of(log).facts
    assert (facts["lines"], len(facts["index"])) == (2500, 3)
    assert log.file.open().read()[facts["index"][2] :].startswith(b"line 2000\n")
    assert reading_of(zipped).facts == {
        "entries": [{"name": "run/telemetry.csv", "size": 70}],
        "count": 1,
        "total": 70,
    }


def test_reading_again_gives_the_same():
    file = make_attachment(content=CSV)
    work()
    first = reading_of(file)

    read_evidence(file.pk)

    again = reading_of(file)
    assert (again.facts, again.trace, again.prepared) == (first.facts, first.trace, first.prepared)
    assert again.channels.count() == 1


def test_a_file_that_is_gone_meanwhile_is_nothing_to_do():
    file = make_attachment(content=CSV)
    file.delete()

    work()

    assert not ProcrastinateJob.objects.filter(status__in=("failed", "todo")).exists()


def test_no_job_is_left_when_the_file_was_not_kept():
    before = ProcrastinateJob.objects.count()
    with transaction.atomic():
        make_attachment(content=CSV)
        transaction.set_rollback(True)

    assert ProcrastinateJob.objects.count() == before


def test_a_job_that_fails_for_good_is_listed_and_can_be_tried_again(capsys):
    file = make_attachment(content=CSV)
    Path(file.file.path).unlink()
    for _ in range(4):
        ProcrastinateJob.objects.filter(status="todo").exists() and _make_due()
        work()

    assert reading_of(file).state == ReadingState.READING
    assert (give_up(), give_up()) == (1, 0)
    assert reading_of(file).state == ReadingState.UNREADABLE
    assert reading_of(file).reason.startswith("Reading it failed on the server")
    call_command("jobs")
    said = capsys.readouterr().out
    job = ProcrastinateJob.objects.get(status="failed")
    assert f"{job.id} read_evidence" in said
    with pytest.raises(CommandError):
        call_command("jobs", retry="999999999")

    file.file.storage.save(file.file.name, io.BytesIO(CSV))
    call_command("jobs", retry="all")
    work()

    assert reading_of(file).state == ReadingState.READY


def _make_due():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")


@pytest.mark.fault
def test_killed_at_any_moment_the_job_starts_again_with_the_next_worker(settings):
    file = make_attachment(
        content=b"time_s,v\n" + b"".join(b"%d,%d\n" % (k, k % 7) for k in range(1_500_000))
    )
    name = settings.DATABASES["default"]["NAME"]
    program = (
        "import django; django.setup();"
        "from django.conf import settings; from django.db import connection; from pathlib import Path;"
        f"settings.DATABASES['default']['NAME'] = connection.settings_dict['NAME'] = {name!r};"
        f"settings.MEDIA_ROOT = Path({str(settings.MEDIA_ROOT)!r}); settings.FILE_UPLOAD_TEMP_DIR = Path({str(settings.FILE_UPLOAD_TEMP_DIR)!r});"
        "from django.core.management import call_command; call_command('worker')"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"})  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while reading_of(file).state != ReadingState.READING:
            assert time.monotonic() < deadline
            assert worker.poll() is None
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert reading_of(file).state == ReadingState.READING

    assert retry_abandoned(0) == 1
    work()

    assert (reading_of(file).state, reading_of(file).facts["rows"]) == (ReadingState.READY, 1_500_000)
    assert Event.objects.filter(kind=EventKind.EVIDENCE_READ).count() == 0  # no issue shows it
