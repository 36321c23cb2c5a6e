"""Undo: takes back an event, a bulk act, or the viewer's last change; by the toast, the key, or a plain form."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from issues.models import AlreadyUndone, DomainError, Event, Gone, NotYours, undo

from .htmx import PageRequest, announce, came_from, go_back, verb, wants_fragment, without_did
from .said import refused, refused_of_many, said

_NOTHING = "There is nothing to undo: you changed nothing in the last 24 hours, or all of it is undone."


@verb
def take_back(request: PageRequest) -> HttpResponse:
    """`event=<id>`, `act=<uuid>`, or neither for the last change. 409 with the reason when it stays as it is."""
    try:
        name, value = _asked(request)
        if name == "act":
            return _take_back_act(request, UUID(value))
        event = undo.undo(int(value), by=request.user)
    except (Gone, ValueError):
        return _stays(request, _NOTHING)
    except NotYours as error:
        return _stays(request, refused(error), status=403)
    except DomainError as error:
        return _stays(request, refused(error))
    return _taken_back(request, event)


def _asked(request: PageRequest) -> tuple[str, str]:
    """What to take back, as ("event" or "act", its id). Gone when nothing is asked for and nothing is left."""
    for name in ("act", "event"):
        if value := request.POST.get(name, ""):
            if name == "event" and not (value.isascii() and value.isdigit() and len(value) < 19):
                raise ValueError(value)
            return name, value
    last = undo.last_undoable(request.user)
    if last is None:
        raise Gone
    return ("act", str(last.act)) if last.act else ("event", str(last.pk))


def _take_back_act(request: PageRequest, act: UUID) -> HttpResponse:
    done = undo.undo_act(act, by=request.user)
    event = done.first_event
    if event is None:
        one = len(done.refused) == 1 or isinstance(done.refused[0], AlreadyUndone)
        return _stays(request, refused(done.refused[0]) if one else refused_of_many(done.refused))
    if done.refused and not wants_fragment(request):
        words = f"{said(event)}. {refused_of_many(done.refused)}"
        return _page(request, "Undone, with exceptions", words, status=200)
    return _taken_back(request, event, refused_of_many(done.refused) if done.refused else "")


def _taken_back(request: PageRequest, event: Event, exceptions: str = "") -> HttpResponse:
    if not wants_fragment(request):
        return go_back(request, event.issue.get_absolute_url(), did=event.pk)
    did = Did.about(event)
    text = f"{did.text}. {exceptions}" if exceptions else did.text
    return announce(HttpResponse(status=204), text=text, undo={did.name: did.undo, "label": did.label})


def _stays(request: PageRequest, words: str, status: int = 409) -> HttpResponse:
    if wants_fragment(request):
        return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    return _page(request, "Not undone", words, status=status)


def _page(request: PageRequest, title: str, words: str, *, status: int) -> HttpResponse:
    next_ = without_did(came_from(request) or "/")
    return render(request, "undo.html", {"title": title, "words": words, "next": next_}, status=status)


@dataclass(frozen=True, slots=True)
class Did:
    """What was done, for the notice of a page and for a toast: its words, and what its button takes back."""

    text: str
    name: str  # "event" or "act"
    undo: str
    label: str  # "Undo", or "Redo" for an undo
    next: str = ""  # the page's address without the notice

    @classmethod
    def about(cls, event: Event, next_: str = "") -> "Did":
        text = said(event)
        label = "Redo" if text.startswith("Undone: ") else "Undo"
        return cls(text, "act" if event.act else "event", str(event.act or event.pk), label, next_)

    @classmethod
    def of(cls, request: HttpRequest) -> "Did | None":
        """From `?did=<event id>` in a page's address; only who did it is told, and only about what can be undone."""
        value = request.GET.get("did", "")
        user: Any = request.user
        if not (value.isascii() and value.isdigit() and len(value) < 19 and user.is_authenticated):
            return None
        event = Event.objects.filter(pk=int(value), actor=user).exclude(kind__in=undo.NOT_UNDOABLE).first()
        return cls.about(event, without_did(request.get_full_path())) if event else None
