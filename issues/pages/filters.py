"""The filter bar of board and list: what it offers, what is chosen, and what is said when nothing is found."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from issues import queries
from issues.models import Issue, Priority, Status
from issues.models.account import name_from_email
from issues.models.limits import UNASSIGNED
from issues.models.saved_view import ViewPage
from issues.queries import IssueFilter
from issues.search import ME, NONE

from .htmx import PageRequest, wants_fragment
from .icons import STATUS_ICONS
from .kept import kept_at

OFFERED = 30  # tags and owners to choose from; any other can be typed into the search field
FILTER_FROM = 9  # choices from which on a menu has a field to narrow them
STATUSES = {**{status.value: str(status.label) for status in Status}, NONE: "No status"}
PRIORITIES = {
    **{priority.value: str(priority.label) for priority in reversed(Priority)},
    NONE: "No priority",
}
FINDERS = {"people": "People", "atlas": "Atlas"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter offers."""

    value: str
    label: str
    icon: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """One filter of the bar: a name in the address, and its choices."""

    name: str
    label: str
    icon: str
    choices: list[Choice]

    @property
    def chosen(self) -> int:
        return sum(choice.is_chosen for choice in self.choices)

    @property
    def is_long(self) -> bool:
        return len(self.choices) >= FILTER_FROM


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is active, in words, and the address without it."""

    name: str
    value: str
    label: str
    without: str


def filter_of(request: PageRequest) -> IssueFilter:
    """What the address asks for; `me` is who looks."""
    return IssueFilter.parse(request.GET, me=request.user.email)


def answer_early(request: PageRequest, wanted: IssueFilter) -> HttpResponse | None:
    """A reference alone leads to its issue; a mistake in a query that is typed is explained at the field.

    For pages with a filter bar, before anything else. A whole page shows the mistake itself (`status_of`).
    """
    number = wanted.query.reference
    if number is not None and not wants_fragment(request) and wanted == IssueFilter(q=wanted.q):
        issue = Issue.objects.alive().filter(pk=number).first()
        if issue is not None:
            return HttpResponseRedirect(issue.get_absolute_url())
    if wanted.mistakes and wants_fragment(request):
        response = render(request, "_mistakes.html", {"filter": wanted}, status=422)
        response["HX-Retarget"], response["HX-Reswap"], response["HX-Push-Url"] = (
            "#q-mistakes",
            "outerHTML",
            "false",
        )
        patch_vary_headers(response, ("HX-Request",))
        return response
    return None


def status_of(wanted: IssueFilter) -> int:
    """What a page answers with: 422 for a query with mistakes, which shows nothing and says why."""
    return 422 if wanted.mistakes else 200


def filter_bar(
    wanted: IssueFilter,
    mark: int | None,
    *,
    address: str,
    target: str,
    kept: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What `_filters.html` and `_chips.html` take.

    `mark` is that of the request, `address` the page's path, `target` the selector of its results, `kept` the rest of
    the page's state (its sort).
    """
    kept = {name: value for name, value in (kept or {}).items() if value}
    return {
        "filter": wanted,
        "bar": {
            "mark": mark,
            "address": address,
            "target": target,
            "kept": (*kept.items(), *((name, value) for name, value, _ in wanted.from_charts)),
            "menus": lambda: _menus(wanted, mark),
            "finders": [("", "All", ""), ("people", "People", "users"), ("atlas", "Atlas", "atlas")],
            "is_filtered": bool(wanted.query_string()),
            "is_triage": wanted.query_string() == "untriaged=1",
            "chips": chips(wanted, address, kept),
            "clear": _address(address, IssueFilter(), kept),
            "words": in_words(wanted),
            "save": urlencode(
                {
                    "query": wanted.query_string(),
                    "page": ViewPage.BOARD if address == "/" else ViewPage.LIST,
                    "sort": kept.get("sort", ""),
                }
            ),
        },
    }  # fmt: skip


def chips(wanted: IssueFilter, address: str, kept: Mapping[str, str]) -> list[Chip]:
    """Every filter that is active but the text in the search field, each with the address without it."""
    found = []
    for name, field, labels in (
        ("status", "statuses", STATUSES),
        ("priority", "priorities", PRIORITIES),
        ("tag", "tags", {}),
        ("owner", "owners", {}),
    ):
        values: tuple[str, ...] = getattr(wanted, field)
        for value in values:
            rest = replace(wanted, **{field: tuple(other for other in values if other != value)})  # type: ignore[arg-type]
            label = labels.get(value) or (_owner(value) if name == "owner" else value)
            found.append(Chip(name, value, label, _address(address, rest, kept)))
    if wanted.mine:
        found.append(Chip("owner", ME, "Me", _address(address, replace(wanted, mine=False), kept)))
    if wanted.by:
        label = f"Found by {FINDERS[wanted.by]}"
        found.append(Chip("by", wanted.by, label, _address(address, replace(wanted, by=""), kept)))
    if wanted.untriaged:
        rest = replace(wanted, untriaged=False)
        found.append(Chip("untriaged", "1", "Untriaged", _address(address, rest, kept)))
    for name, value, label in wanted.from_charts:
        rest = replace(
            wanted,
            times=tuple(time for time in wanted.times if (time.name, time.value) != (name, value)),
            reopened="" if name == "reopened" else wanted.reopened,
            runs=tuple(run for run in wanted.runs if (name, value) != ("run", run)),
        )
        found.append(Chip(name, value, label, _address(address, rest, kept)))
    return found


def in_words(wanted: IssueFilter) -> str:
    """The filter as a sentence says it: `Search “overvolt” with status Open and tag tvac, found by Atlas.`"""
    having = [
        f"{name} {' or '.join(labels)}"
        for name, labels in (
            ("status", [STATUSES[value] for value in wanted.statuses]),
            ("priority", [PRIORITIES[value] for value in wanted.priorities]),
            ("tag", list(wanted.tags)),
            ("owner", [*map(_owner, wanted.owners), *(["me"] if wanted.mine else [])]),
        )
        if labels
    ]
    being = [f"found by {FINDERS[wanted.by]}"] if wanted.by else []
    being += [label[0].lower() + label[1:] for _, _, label in wanted.from_charts]
    head = "Untriaged issues" if wanted.untriaged else "Issues"
    if wanted.q:
        head = f"Search “{wanted.q}”{' in what is untriaged' if wanted.untriaged else ''}"
    if having:
        head += f" with {_listed(having)}"
    elif being:
        head += f" {being.pop(0)}"
    return f"{', '.join([head, *being])}."


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""


def _owner(owner: str) -> str:
    return name_from_email(owner) if "@" in owner else owner


def _menus(wanted: IssueFilter, mark: int | None) -> list[Menu]:
    used_tags = kept_at(mark, ("tags in use",), lambda: queries.tags_in_use(OFFERED))
    used_owners = kept_at(mark, ("owners in use",), lambda: queries.owners_in_use(OFFERED))
    tags = dict.fromkeys([*wanted.tags, *used_tags])
    owners = dict.fromkeys([*wanted.owners, UNASSIGNED, *used_owners])
    return [
        Menu("status", "Status", "st-open", [
            Choice(value, label, STATUS_ICONS.get(value, "st-none"), value in wanted.statuses)
            for value, label in STATUSES.items()
        ]),
        Menu("priority", "Priority", "p-high", [
            Choice(value, label, f"p-{value}", value in wanted.priorities) for value, label in PRIORITIES.items()
        ]),
        Menu("tag", "Tag", "tag", [Choice(tag, tag, "", tag in wanted.tags) for tag in tags]),
        Menu("owner", "Owner", "user", [
            Choice(ME, "Me", "", wanted.mine),
            *(Choice(owner, _owner(owner), "", owner in wanted.owners) for owner in owners),
        ]),
    ]  # fmt: skip


def _address(path: str, wanted: IssueFilter, kept: Mapping[str, str]) -> str:
    query = "&".join(part for part in (wanted.query_string(), urlencode(kept)) if part)
    return f"{path}?{query}" if query else path
