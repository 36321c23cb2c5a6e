"""The dashboard, its files, digest and wall, as a browser asks for them."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from issues.export import harmless, issues_as_csv
from issues.metrics.dashboard import PANELS
from issues.models import Issue, User
from issues.queries import IssueFilter
from tests.factories import make_issue, make_user, make_viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_viewer())
    return client


def rows(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_shows_every_panel_to_a_viewer_with_table_definition_and_title(browser):
    for _ in range(6):
        make_issue(make_user(), tags=["power"])

    page = browser.get("/dashboard").content.decode()

    for name in PANELS:
        assert f'id="{name}"' in page
        assert f"/dashboard/{name}.csv" in page
    assert page.count("How is this counted?") == len(PANELS)
    assert page.count('class="chart" viewBox') >= 4
    assert " style=" not in page


def test_asks_for_a_sign_in(settings):
    settings.LOCAL = False
    for address in (
        "/dashboard",
        "/dashboard/wall",
        "/dashboard/digest",
        "/dashboard/all.csv",
        "/issues.csv",
    ):
        assert Client().get(address, secure=True).status_code == 302


def test_nothing_at_all_is_an_empty_state_and_no_error(browser):
    page = browser.get("/dashboard").content.decode()

    assert page.count("A chart needs five.") == len(PANELS)


@pytest.mark.parametrize(
    "address",
    [
        "?period=century&by=nobody",
        "?tag=%00&owner=%00",
        "?tag=" + "x" * 5000,
        "?period=1y&period=4w",
        "?tag=%27%22%3Cb%3E",
    ],
)
def test_an_odd_address_is_no_error(browser, address):
    response = browser.get(f"/dashboard{address}")

    assert response.status_code == 200
    assert b"<b>" not in response.content.split(b"<select")[1]


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/City", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 300, "%01", "%E9"]
)
def test_an_odd_time_zone_is_utc(browser, zone):
    browser.cookies["zone"] = zone

    assert "Weeks from Monday, UTC" in browser.get("/dashboard").content.decode()


def test_the_weeks_are_those_of_the_cookies_time_zone(browser):
    browser.cookies["zone"] = "America%2FSt_Johns"  # as the script writes it

    assert "Weeks from Monday, America/St Johns" in browser.get("/dashboard").content.decode()


def test_htmx_gets_the_dashboard_alone(browser):
    response = browser.get("/dashboard?tag=power", headers={"HX-Request": "true"})

    assert response.content.strip().startswith(b'<div id="dashboard">')
    assert "HX-Request" in response.headers["Vary"]


def test_only_reads(browser):
    for address in (
        "/dashboard",
        "/dashboard/wall",
        "/dashboard/digest",
        "/dashboard/age.csv",
        "/issues.csv",
    ):
        assert browser.post(address).status_code in (403, 405)


def test_the_filters_hold_in_every_link(browser):
    for _ in range(6):
        make_issue(make_user(), tags=["power"])

    page = browser.get("/dashboard?tag=power&by=people&period=1y").content.decode()

    assert "/dashboard/age.csv?period=1y&amp;tag=power&amp;by=people" in page
    assert "/list?status=open&amp;status=in_progress&amp;status=none&amp;tag=power&amp;by=people" in page


class TestCsv:
    def test_of_a_chart_is_its_table(self, browser):
        for status in ("open", "open", "resolved"):
            make_issue(status=status)

        assert rows(browser.get("/dashboard/status.csv")) == [
            ["Status", "Issues", "Share"],
            ["Open", "2", "67 %"],
            ["In progress", "0", "0 %"],
            ["Resolved", "1", "33 %"],
            ["Rejected", "0", "0 %"],
        ]

    def test_of_all_charts_names_each(self, browser):
        titles = {row[0] for row in rows(browser.get("/dashboard/all.csv")) if len(row) == 1}

        assert {"Created and resolved", "Time to triage", "Job run"} <= titles

    def test_of_what_is_not_there_is_404(self, browser):
        assert browser.get("/dashboard/horoscope.csv").status_code == 404

    @pytest.mark.parametrize("query", ["owner=me", "q=owner:me"])
    def test_of_the_list_knows_who_asks(self, browser, query):
        mine = make_issue(owner=User.objects.local().email)
        make_issue()

        [_, row] = rows(browser.get(f"/issues.csv?{query}"))

        assert row[0] == mine.reference

    def test_of_a_query_with_a_mistake_says_so(self, browser):
        response = browser.get("/issues.csv?q=stauts:open")

        assert response.status_code == 422
        assert "Did you mean status?" in response.content.decode()

    def test_of_the_filtered_list_has_each_issue_once(self, browser):
        made = [make_issue(title=f"Issue {n}", tags=["power", "tvac"] if n % 2 else []) for n in range(7)]
        made[1].trash(by=make_user())

        response = browser.get("/issues.csv?tag=power")

        head, *found = rows(response)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="issues.csv"'
        assert head[:3] == ["Reference", "Title", "Status"]
        assert [row[0] for row in found] == [made[5].reference, made[3].reference]
        assert found[0][4] == "power, tvac"

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "－1", "=cmd|'/c calc'!A0"])
    def test_runs_no_formula(self, browser, text):
        make_issue(title=text, owner=text, tags=[text], status="resolved", resolution_summary=f"\t{text}")

        [_, row] = rows(browser.get("/issues.csv"))
        assert (row[1], row[4], row[5], row[10]) == (f"'{text}", f"'{text}", f"'{text}", f"'\t{text}")
        assert harmless(text) == f"'{text}"
        labels = [row[0] for row in rows(browser.get("/dashboard/owners.csv"))]
        assert text not in labels

    @pytest.mark.parametrize("text", ["1-1", "a=b", "'quoted", "\\1", "^=", "²"])
    def test_leaves_other_text_as_it_is(self, browser, text):
        make_issue(title=text)

        assert rows(browser.get("/issues.csv"))[1][1] == harmless(text) == text

    def test_keeps_quotes_commas_lines_and_other_scripts(self, browser):
        title = 'A "quoted", Ω\u2028title'
        make_issue(title=title, status="resolved", resolution_summary="one\ntwo, three")

        [_, row] = rows(browser.get("/issues.csv"))

        assert (row[1], row[10]) == (title, "one\ntwo, three")

    @pytest.mark.django_db(transaction=True)
    def test_of_many_comes_in_pieces_and_may_be_left_halfway(self, browser):
        call_command("seed_scale", issues=3000, comments=0)

        pieces = list(browser.get("/issues.csv").streaming_content)
        halfway = issues_as_csv(IssueFilter())
        begun = [next(halfway), next(halfway)]
        halfway.close()  # as the server does when the reader has gone

        assert len(pieces) > 5
        assert max(map(len, pieces)) < 300_000
        assert b"".join(pieces).count(b"\r\n") == 3001
        assert begun == pieces[:2]
        assert Issue.objects.count() == 3000


class TestDigest:
    def test_stands_for_itself(self, browser):
        now = timezone.now()
        for _ in range(6):
            make_issue(at=now - timedelta(weeks=1))

        response = browser.get("/dashboard/digest")

        page = response.content.decode()
        assert "<script" not in page
        assert "<link" not in page
        assert "The last full week" in page
        assert 'href="http://testserver/list?' in page
        assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
        assert "style-src 'sha256-" in response.headers["Content-Security-Policy"]


class TestWall:
    def test_looks_again_by_itself_with_script_and_without(self, browser):
        page = browser.get("/dashboard/wall?by=atlas").content.decode()

        assert '<meta http-equiv="refresh" content="60">' in page
        assert 'hx-trigger="every 60s"' in page
        assert 'hx-get="/dashboard/wall?by=atlas"' in page
        assert 'class="side"' not in page

    def test_htmx_gets_the_wall_alone(self, browser):
        assert (
            browser.get("/dashboard/wall", headers={"HX-Request": "true"})
            .content.strip()
            .startswith(b'<div id="wall"')
        )
