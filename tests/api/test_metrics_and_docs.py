"""Chart objects, the description of the API, and its page."""

import re
from datetime import UTC, datetime, timedelta

import msgspec

from issues.metrics import charts, dashboard
from issues.models import Status
from tests.factories import make_issue


class TestMetrics:
    def test_have_the_documented_shape(self, api):
        response = api.get("/issues/metrics")

        metrics = msgspec.json.decode(response.content, type=charts.Metrics).metrics
        assert [chart.chart_type for chart in metrics] == ["pie_chart", "mixed_chart", "pie_chart"]
        assert [entry.label for entry in metrics[0].chart_data.data] == [
            "Open",
            "In progress",
            "Resolved",
            "Rejected",
        ]
        assert [entry.value for entry in metrics[0].chart_data.data] == [0, 0, 0, 0]
        assert list(response.json()["metrics"][0]["chart_data"]) == [
            "title",
            "data",
            "colors",
            "display_config",
        ]
        colors = [entry.color for chart in metrics for entry in chart.chart_data.data]
        assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)

    def test_add_up_to_the_number_of_issues(self, api):
        for status in (*Status.values, None, "open"):
            make_issue(api.user, status=status, priority=None if status is None else "high")
        make_issue(api.user).trash(by=api.user)

        by_status, _, by_priority = api.get("/issues/metrics").json()["metrics"]

        values = {entry["label"]: entry["value"] for entry in by_status["chart_data"]["data"]}
        assert values == {"Open": 2, "In progress": 1, "Resolved": 1, "Rejected": 1, "No status": 1}
        assert list(values)[-1] == "No status"
        assert sum(entry["value"] for entry in by_priority["chart_data"]["data"]) == 6

    def test_count_created_and_resolved_by_week_from_monday(self, api):
        wednesday = datetime(2026, 11, 18, 12, tzinfo=UTC)
        sunday = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
        make_issue(api.user, at=wednesday, status="resolved")
        make_issue(api.user, at=sunday).change(
            by=api.user, at=sunday + timedelta(minutes=2), status="resolved"
        )
        make_issue(api.user, at=wednesday - timedelta(weeks=20))

        chart = charts.metrics(datetime(2026, 11, 24, 9, tzinfo=UTC)).metrics[1].chart_data

        assert len(chart.data) == 12
        assert [(entry.label, entry.value) for entry in chart.data[-2:]] == [
            ("2026-11-16", 2),
            ("2026-11-23", 0),
        ]
        [line] = chart.display_config["series"]
        assert line["values"][-2:] == [1, 1]
        assert len(line["values"]) == 12


class TestDescription:
    def test_names_every_route_and_resolves(self, api):
        document = api.get("/openapi.json").json()

        assert document["openapi"].startswith("3.1")
        assert {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} >= {
            "POST /issues", "GET /issues", "GET /issues/metrics", "GET /issues/{issue_id}", "PATCH /issues/{issue_id}",
            "DELETE /issues/{issue_id}", "GET /issues/{issue_id}/comments", "POST /issues/{issue_id}/comments",
            "PATCH /issues/{issue_id}/comments/{comment_id}", "DELETE /issues/{issue_id}/comments/{comment_id}",
            "GET /issues/{issue_id}/files",
        }  # fmt: skip
        names = set(re.findall(r'#/components/schemas/(\w+)"', msgspec.json.encode(document).decode()))
        assert names == set(document["components"]["schemas"])

    def test_has_the_rules_of_the_types(self, api):
        schema = api.get("/openapi.json").json()["components"]["schemas"]["NewIssue"]

        assert schema["required"] == ["title", "description"]
        assert schema["properties"]["title"]["maxLength"] == 500

    def test_reads_as_a_page(self, api):
        page = api.client.get("/api/docs").content.decode()

        for words in (
            "Create an issue",
            "Get aggregate metrics",
            "/issues/{issue_id}/files",
            "at most 50 items",
        ):
            assert words in page


class TestOneChart:
    """Ours: GET /metrics/{name}."""

    def test_is_a_chart_object_for_every_name(self, api):
        for _ in range(6):
            make_issue(api.user, tags=["power"])

        for name in dashboard.PANELS:
            response = api.get(f"/metrics/{name}?period=1y&tag=power&zone=Europe/Berlin")
            assert response.status_code == 200
            chart = msgspec.json.decode(response.content, type=charts.Chart)
            assert chart.chart_data.title
        assert api.get("/api/v1/metrics/status").json() == api.get("/issues/metrics").json()["metrics"][0]

    def test_filters(self, api):
        make_issue(api.user, tags=["power"])
        make_issue(api.user, owner="b@example.com")

        def created(query):
            return sum(
                entry["value"]
                for entry in api.get(f"/metrics/created-and-closed?{query}").json()["chart_data"]["data"]
            )

        assert [created(query) for query in ("", "tag=power", "owner=b@example.com", "by=atlas")] == [
            2,
            1,
            1,
            0,
        ]

    def test_of_no_such_name_is_404(self, api):
        assert api.get("/metrics/horoscope").status_code == 404

    def test_names_every_bad_parameter(self, api):
        response = api.get(f"/metrics/age?period=2y&by=me&tag={'x' * 65}&owner=%00&zone=Mars/Olympus")

        assert response.status_code == 422
        assert [one["pointer"] for one in response.json()["errors"]] == [
            "?period",
            "?by",
            "?tag",
            "?owner",
            "?zone",
        ]
