"""What was changed since: `/live`, which every open page asks once a second.

The answer "nothing" costs no query, no session and no template. It is for those who hold a cursor: a snapshot of the
database, signed, which only a page or an answer that needed signing in has given out. News need signing in.
"""

import time
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from issues import changes, queries
from issuetracker.middleware import GetResponse

from .htmx import PageRequest

GOOD_FOR = 60  # minutes that a cursor hears "nothing" without a look at the session
UNTRIAGED = 100  # the side column counts no further

_memory = changes.Memory()
_signer = Signer(salt="live")


@require_safe
def live(request: PageRequest) -> HttpResponse:
    """What was changed since the cursor `after`: JSON with the next cursor, or 204. 410 for a cursor we never gave.

    `changes` is null where they are too many to name: whatever is shown may be old.
    """
    given = _read(request.GET.get("after", ""))
    if given is None:
        return JsonResponse({"detail": "This page is too old to be kept up to date."}, status=410)
    snapshot, found = changes.since(given[2])
    answer: dict[str, Any] = {
        "after": _cursor(snapshot, _minute()),
        "untriaged": queries.count_untriaged(up_to=UNTRIAGED),
        "changes": [
            {
                "id": change.id,
                "reference": change.reference,
                "version": change.version,
                "kinds": change.kinds,
                "actor": change.actor,
                "deleted": change.is_deleted,
            }
            for change in found
        ]
        if found is not None
        else None,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def answer_idle(get_response: GetResponse) -> GetResponse:
    """Middleware: say "nothing new" before anything is looked up. Asked with `now`, the database is asked in any case."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/live" and request.method == "GET" and "now" not in request.GET:
            given = _read(request.GET.get("after", ""))
            # Away, the database is spoken of by the view.
            with suppress(DatabaseError):
                if given and _minute() - given[0] < GOOD_FOR and _memory.has_seen_everything(given[1]):
                    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
        return get_response(request)

    return middleware


def note_the_time(get_response: GetResponse) -> GetResponse:
    """Middleware: note a snapshot before a page reads anything, so that it hears of whatever changes after that."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with suppress(DatabaseError):
            request.snapshot = _memory.snapshot()  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def cursor(request: HttpRequest) -> str:
    """Where a page begins to ask; empty for one that was made without the database."""
    snapshot = getattr(request, "snapshot", "")
    return _cursor(snapshot, _minute()) if snapshot else ""


def _minute() -> int:
    return int(time.time() // 60)


@lru_cache(maxsize=64)
def _cursor(snapshot: str, minute: int) -> str:
    return _signer.sign(f"{minute}.{snapshot}")


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[int, changes.Snapshot, str] | None:
    """When a cursor was given, and its snapshot; None if it is none of ours."""
    try:
        minute, _, snapshot = _signer.unsign(text).partition(".")
        return int(minute), changes.Snapshot.parse(snapshot), snapshot
    except (BadSignature, ValueError):
        return None
