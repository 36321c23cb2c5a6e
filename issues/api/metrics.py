"""/issues/metrics: chart-ready counts."""

import msgspec
from django.http import HttpResponse

from issues.metrics import charts

from .http import ApiRequest, Operation, reply, route


def get_metrics(request: ApiRequest) -> HttpResponse:
    """GET /issues/metrics"""
    return reply(msgspec.json.encode(charts.metrics()))


metrics_route = route(Operation("GET", get_metrics, "Get aggregate metrics", reply=charts.Metrics))
