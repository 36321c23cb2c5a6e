"""/issues/metrics: the documented charts. /metrics/{name}: the dashboard's, with its filters."""

from zoneinfo import ZoneInfo, available_timezones

import msgspec
from django.http import HttpResponse
from django.utils import timezone

from issues.input import Invalid, Problem
from issues.metrics import charts, dashboard
from issues.metrics.question import DEFAULT, PERIODS, Question
from issues.models import limits
from issues.queries import IssueFilter

from .http import ApiRequest, Operation, not_found, reply, route


def get_metrics(request: ApiRequest) -> HttpResponse:
    """GET /issues/metrics"""
    return reply(msgspec.json.encode(charts.metrics()))


def get_chart(request: ApiRequest, name: str) -> HttpResponse:
    """GET /metrics/{name}"""
    if name not in dashboard.PANELS:
        raise not_found("chart")
    panel = dashboard.one(name, _question(request), timezone.now())
    assert panel is not None  # noqa: S101 - its name is known
    return reply(msgspec.json.encode(panel.chart))


def _question(request: ApiRequest) -> Question:
    get, problems = request.GET, list[Problem]()
    for name, allowed in (("period", tuple(PERIODS)), ("by", IssueFilter.BY)):
        if name in get and get[name] not in allowed:
            problems.append(Problem(f"?{name}", f"must be one of {', '.join(allowed)}"))
    for name, most in (("tag", limits.TAG_MAX), ("owner", limits.OWNER_MAX)):
        value = get.get(name, "")
        if "\0" in value or len(value) > most:
            problems.append(Problem(f"?{name}", f"must be text of at most {most} characters without U+0000"))
    zone = get.get("zone", "UTC")
    if zone not in available_timezones():
        problems.append(Problem("?zone", "must be the IANA name of a time zone, such as Europe/Berlin"))
    if problems:
        raise Invalid(problems)
    return Question.parse(get.dict(), ZoneInfo(zone))


metrics_route = route(Operation("GET", get_metrics, "Get aggregate metrics", reply=charts.Metrics))
chart_route = route(
    Operation(
        "GET",
        get_chart,
        "Get one chart of the dashboard",
        reply=charts.Chart,
        query=(
            ("period", {"type": "string", "enum": list(PERIODS), "default": DEFAULT.key}, "How far back, this week included."),
            ("tag", {"type": "string", "maxLength": limits.TAG_MAX}, "Only issues with this tag."),
            ("owner", {"type": "string", "maxLength": limits.OWNER_MAX}, "Only issues of this owner."),
            ("by", {"type": "string", "enum": list(IssueFilter.BY)}, "Only what Atlas, or only what people found."),
            ("zone", {"type": "string", "default": "UTC"}, "Where weeks begin on Monday at midnight: an IANA name."),
        ),
        errors=(404, 422),
    )
)  # fmt: skip
