"""The demo's month: what its texts say is what its files hold, it looks like a team's board, and it is always the same."""

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.test import override_settings
from PIL import Image

from issues.blocks.text import plain_text
from issues.demo.story import FAMILIES, PEOPLE
from issues.metrics.question import PERIODS, Question
from issues.models import Attachment, Comment, Event, Issue, Reaction, Session, User
from tests.factories import make_viewer
from tests.metrics.test_dashboard import check_numbers
from tests.models.test_counts import counted, recounted

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]


@dataclass
class Told:
    """What the month left behind: the files by their attachment."""

    files: dict[int, bytes]


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Told]:
    """The whole month, told once for this module, and taken back at its end."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "incoming").mkdir()
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MEDIA_ROOT=folder, FILE_UPLOAD_TEMP_DIR=folder / "incoming"):
            call_command("seed_demo", now=NOW.isoformat(), verbosity=0, stdout=io.StringIO())
            files = {attachment.pk: attachment.file.read() for attachment in Attachment.objects.all()}
        yield Told(files)
        transaction.set_rollback(True)


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def linked(issue: Issue, name: str) -> list[Attachment]:
    return [link.attachment for link in issue.attachment_links.all() if link.attachment.name == name]


@pytest.mark.usefixtures("told")
class TestEvidence:
    def test_every_number_in_the_text_is_what_the_csv_gives(self, told: Told):
        limits = {family.shape.column: family.shape for family in FAMILIES}
        checked = 0
        for issue in Issue.objects.prefetch_related("attachment_links__attachment"):
            for file in linked(issue, "telemetry.csv"):
                rows = list(csv.DictReader(io.StringIO(told.files[file.pk].decode())))
                time_column, column, witness = rows[0]
                times, values, others = (
                    [float(row[name]) for row in rows] for name in (time_column, column, witness)
                )
                shape = limits[column]
                beyond = [(v < shape.limit) if shape.peak < shape.base else (v > shape.limit) for v in values]
                extreme = min(values) if shape.peak < shape.base else max(values)
                step = times[1] - times[0]
                text = plain_text(issue.blocks)

                said = re.search(rf"{column}\W+reached \**([−\d.,]+) .*? at ([\d.]+) s .*?limit of ([−\d.,]+) .*? for \**([\d.]+) s", text)  # fmt: skip
                assert said, text
                assert number(said[1]) == pytest.approx(extreme, abs=0.051 if abs(extreme) >= 10 else 0.0051)
                assert values[times.index(float(said[2]))] == extreme
                assert number(said[3]) == shape.limit
                assert float(said[4]) == pytest.approx(sum(beyond) * step, abs=step / 2)
                begin = re.search(r"First crossing\W+([\d.]+) s", text)
                assert begin
                assert float(begin[1]) == times[beyond.index(True)]
                for low, high in re.findall(r"between ([−\d.,]+) and ([−\d.,]+) (?:V|°C|W/m²|°)", text):
                    assert number(low) == pytest.approx(min(others), abs=0.051)
                    assert number(high) == pytest.approx(max(others), abs=0.051)
                code = re.search(rf'df\["{column}"\]\.(?:min|max)\(\) +# ([-\d.]+)', text)
                assert code
                assert float(code[1]) == extreme
                checked += 1
        assert checked > 80

    def test_the_number_in_the_title_is_the_number_in_the_text(self):
        for issue in Issue.objects.filter(created_by__is_agent=True):
            text = plain_text(issue.blocks)
            numbers = re.findall(
                r"(?<![\w.])−?\d+\.\d+(?= (?:V|A|µT|°C|g|dB|mNm|bar|m|s|%|mPa|l/min|mV)\b)", issue.title
            )
            assert all(figure in text for figure in numbers), (issue.title, text)

    def test_a_limit_is_really_crossed_in_each(self, told: Told):
        limits = {family.shape.column: family.shape for family in FAMILIES}
        for file in Attachment.objects.filter(name="telemetry.csv"):
            rows = list(csv.DictReader(io.StringIO(told.files[file.pk].decode())))
            shape = limits[list(rows[0])[1]]
            values = [float(row[shape.column]) for row in rows]
            assert min(values) < shape.limit if shape.peak < shape.base else max(values) > shape.limit
            assert len(rows) >= 200

    def test_plots_are_pictures_and_reports_are_pdfs_with_the_title_in_them(self, told: Told):
        for file in Attachment.objects.filter(name="plot.png")[:5]:
            assert Image.open(io.BytesIO(told.files[file.pk])).size == (720, 320)
        reports = Attachment.objects.filter(name="report.pdf")
        assert reports
        for file in reports:
            content = told.files[file.pk]
            assert content.startswith(b"%PDF-")
            assert content.endswith(b"%%EOF\n")
            start = int(re.search(rb"startxref\n(\d+)", content)[1])
            assert content[start:].startswith(b"xref\n")
            assert b"Channel: " in content

    def test_plans_are_markdown_with_steps_to_tick(self, told: Told):
        plans = Attachment.objects.filter(name__endswith="-plan.md")
        assert plans
        assert all(b"1. [ ] " in told.files[plan.pk] for plan in plans)
        assert Issue.objects.filter(plan_count__gt=0).count() == plans.count()


@pytest.mark.usefixtures("told")
class TestTeam:
    def test_about_two_hundred_findings_most_of_them_by_the_agent_in_job_runs(self):
        by_agent = Issue.objects.filter(created_by__is_agent=True)
        assert Issue.objects.count() == 200
        assert by_agent.count() == 180
        assert not by_agent.filter(job_run_id=None).exists()
        assert 20 < by_agent.values("job_run_id").distinct().count() < 180

    def test_the_board_is_the_one_of_a_team_at_work(self):
        assert (
            Counter(Issue.objects.values_list("status", flat=True)).items()
            >= {"open": 17, "in_progress": 10}.items()
        )
        untriaged = Issue.objects.filter(triaged_at=None)
        assert untriaged.count() == 7
        assert all(issue.created_by.is_agent and issue.status == "open" for issue in untriaged)
        newest = Issue.objects.order_by("-created_at").first()
        assert newest.title.startswith("Battery string B drops to 22.")
        assert timedelta(hours=2) <= NOW - newest.created_at < timedelta(hours=3)

    def test_people_are_those_of_the_design(self):
        names = set(User.objects.filter(is_agent=False).values_list("name", flat=True))
        assert names == {name for _, name, _ in PEOPLE}

    def test_nothing_happens_before_its_issue_or_after_now(self):
        assert not Event.objects.filter(created_at__gt=NOW).exists()
        assert not Event.objects.filter(created_at__lt=F("issue__created_at")).exists()
        assert not Comment.objects.filter(created_at__gt=NOW).exists()
        assert Issue.objects.filter(created_at__lt=NOW - timedelta(days=90)).count() == 0
        assert Issue.objects.filter(created_at__gt=NOW - timedelta(days=31)).count() > 170

    def test_it_is_told_through_the_verbs(self):
        assert counted() == recounted()
        for issue in Issue.objects.all():
            assert issue.version == issue.events.count(), issue
        assert (
            not Issue.objects.exclude(status__in=("resolved", "rejected"))
            .filter(closed_at__isnull=False)
            .exists()
        )
        assert not Issue.objects.filter(status__in=("resolved", "rejected"), resolution_summary=None).exists()

    def test_there_is_life_in_it(self):
        assert len(set(Issue.objects.values_list("title", flat=True))) > 185
        assert Comment.objects.count() > 250
        assert len(set(Comment.objects.values_list("content", flat=True))) > 110
        assert Reaction.objects.count() > 60
        assert Session.objects.count() > 15
        assert Session.objects.filter(starred_at__isnull=False).get().issues.count() > 3
        histories = Counter(issue.events.filter(kind="changed").count() for issue in Issue.objects.all())
        assert len(histories) > 3

    def test_no_text_has_a_gap_where_a_number_should_be(self):
        for text in [
            *Issue.objects.values_list("title", flat=True),
            *Issue.objects.values_list("description", flat=True),
            *Comment.objects.values_list("content", flat=True),
        ]:
            assert not re.search(r"\{\w+\}|None|nan", text), text

    def test_descriptions_are_blocks_that_the_editor_knows(self):
        kinds = {"paragraph", "callout", "heading", "list", "table", "code", "plot"}
        for description in Issue.objects.values_list("description", flat=True):
            assert {block["type"] for block in json.loads(description)} <= kinds

    def test_what_is_referred_to_exists_and_came_before(self):
        references = 0
        for comment in Comment.objects.filter(content__contains="FND-"):
            for reference in re.findall(r"FND-(\d+)", comment.content):
                assert int(reference) < comment.issue_id
                assert Issue.objects.filter(pk=reference).exists()
                references += 1
        assert references > 10


@pytest.mark.usefixtures("told")
class TestMetrics:
    def test_the_dashboard_has_its_golden_numbers(self, client, settings):
        """When the month is told differently on purpose, the new numbers are in the file that the message names."""
        client.force_login(make_viewer())
        with time_machine.travel(NOW, tick=False):
            text = b"".join(client.get("/dashboard/all.csv").streaming_content).decode("utf-8-sig")

        new = Path(settings.DATA_DIR) / "metrics.csv"
        new.write_text(text, newline="")
        assert text.splitlines() == Path(__file__).with_name("metrics.csv").read_text().splitlines(), new

    @pytest.mark.parametrize("by", ["", "people", "atlas"])
    @pytest.mark.parametrize(("tag", "period"), [("", "4w"), ("thermal", "12w")])
    def test_each_number_is_what_the_events_tell_and_how_many_the_list_behind_it_has(self, by, tag, period):
        question = Question(PERIODS[period], tag=tag, by=by, zone=ZoneInfo("America/St_Johns"))

        assert check_numbers(question, NOW) > 40

    def test_the_list_that_a_bar_opens_shows_as_many(self, client):
        client.force_login(make_viewer())
        with time_machine.travel(NOW, tick=False):
            page = client.get("/dashboard?period=4w&tag=thermal").content.decode()
            bars = re.findall(r'<a href="(/list\?[^"]+)" tabindex="-1"><title>[^<]*: ([\d,]+)</title>', page)
            lists = {link: client.get(html.unescape(link)).content.decode() for link, _ in bars}

        shown = {link: re.findall(r'id="total"[^>]*>([\d,]+) issue', page) for link, page in lists.items()}
        assert len(shown) > 25
        assert [(link, shown[link]) for link, n in bars if shown[link] != [n]] == []
