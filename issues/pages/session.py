"""The page of a session."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from issues.models import Session

from .htmx import PageRequest
from .showing import tiles


@require_safe
def session_page(request: PageRequest, session_id: UUID) -> HttpResponse:
    """A session: what it was about, its files, and the issues that came out of it."""
    session = Session.objects.alive().filter(uuid=session_id).select_related("created_by").first()
    if session is None:
        raise Http404("There is no such session.")
    files = session.attachments.filter(is_visible=True).order_by("session_links")
    issues = session.issues.filter(deleted_at=None).order_by("-created_at")[:100]
    return render(request, "session.html", {"session": session, "files": tiles(files), "issues": issues})
