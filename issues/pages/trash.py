"""The trash: what was deleted in the last 30 days, by whom, and back with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from issues.models import Issue
from issues.models.limits import TRASH_DAYS

from .htmx import PageRequest

PAGE = 50  # rows at a time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A row: the issue, and how many days are left to restore it."""

    issue: Issue
    days_left: int


@require_safe
def trash(request: PageRequest) -> HttpResponse:
    """Newest deletions first; `q` is a reference."""
    now = timezone.now()
    q = request.GET.get("q", "").strip()[:100]
    after = _place(request.GET.get("after", ""))
    issues = Issue.objects.trashed().filter(deleted_at__gt=now - timedelta(days=TRASH_DAYS))
    number = q.upper().removeprefix("FND-")
    if q:
        issues = issues.filter(pk=int(number)) if _is_number(number) else issues.none()
    if after:
        moment, pk = after
        issues = issues.filter(deleted_at__lte=moment).exclude(deleted_at=moment, pk__gte=pk)
    shown = (
        issues.select_related("deleted_by", "created_by").defer("description").order_by("-deleted_at", "-pk")
    )
    found = list(shown[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    context = {
        "here": "trash",
        "q": q,
        "is_reference": _is_number(number),
        "deleted": [Deleted(issue, _days_left(issue, now)) for issue in found[:PAGE]],
        "next": f"/trash?{urlencode({'after': _written(last)})}" if last else "",
        "is_first": after is None,
        "days": TRASH_DAYS,
    }
    return render(request, "trash.html", context)


def _days_left(issue: Issue, now: datetime) -> int:
    deleted_at = issue.deleted_at or now
    return max(0, (deleted_at + timedelta(days=TRASH_DAYS) - now).days)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _written(issue: Issue) -> str:
    deleted_at = issue.deleted_at or _EPOCH
    return f"{(deleted_at - _EPOCH) // timedelta(microseconds=1)}~{issue.pk}"


def _place(text: str) -> tuple[datetime, int] | None:
    """Where the last page ended; None for anything that is no place."""
    micros, _, pk = text.partition("~")
    if not (_is_number(micros) and _is_number(pk)):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(micros)), int(pk)
    except OverflowError:
        return None
