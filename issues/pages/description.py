"""The description: edited as Markdown."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from issues.blocks.description import Unreadable, description_to_markdown, markdown_to_description
from issues.input import Invalid, Member, Problem
from issues.models import Conflict, Gone, Issue

from .forms import find_issue, fingerprint, read_changes
from .htmx import PageRequest, go_back, verb


@require_http_methods(["GET", "HEAD", "POST"])
def edit_description(request: PageRequest, number: int) -> HttpResponse:
    """The description as Markdown; blocks that Markdown cannot say stay untouched in a fence."""
    issue = find_issue(number)
    if request.method != "POST":
        return _description_form(request, issue, description_to_markdown(issue.description))
    return _save_description(request, issue)


@verb
def _save_description(request: PageRequest, issue: Issue) -> HttpResponse:
    typed = request.POST.get("description", "")
    if request.POST.get("was") != fingerprint(issue.description):
        theirs = description_to_markdown(issue.description)
        return _description_form(request, issue, typed, theirs=theirs, status=409)
    try:
        text = markdown_to_description(typed, issue.description)
        issue.change(
            by=request.user,
            expected_version=issue.version,
            **read_changes({"description": Member(json.loads(text), text)}),
        )
    except Conflict:
        fresh = find_issue(issue.pk)
        return _description_form(
            request, fresh, typed, theirs=description_to_markdown(fresh.description), status=409
        )
    except Unreadable as error:
        return _description_form(request, issue, typed, problems=[Problem("", str(error))], status=422)
    except Invalid as error:
        return _description_form(request, issue, typed, problems=error.problems, status=422)
    except Gone:
        raise Http404 from None
    return go_back(request, issue.get_absolute_url())


def _description_form(
    request: PageRequest,
    issue: Issue,
    typed: str,
    *,
    theirs: str | None = None,
    problems: list[Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "issue": issue,
        "typed": typed,
        "theirs": theirs,
        "problems": problems,
        "was": fingerprint(issue.description),
    }
    return render(request, "description.html", context, status=status)
