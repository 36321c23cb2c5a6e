"""Cards: rendered once per version of an issue, the same for every viewer, and joined into the board as they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from issues.fragments import Fragments
from issues.models import Issue, IssueAttachment, Status
from issues.models.account import hue, initials, name_from_email
from issues.models.limits import UNASSIGNED
from issues.queries import Row


@dataclass(frozen=True, slots=True)
class Person:
    """An owner as a card shows them: only what the issue itself says, so that the card stays true."""

    name: str
    initials: str
    hue: int

    @property
    def shown(self) -> str:
        """A name for people to read; an e-mail becomes one."""
        return name_from_email(self.name) if "@" in self.name else self.name

    @classmethod
    def of(cls, owner: str) -> "Person | None":
        return None if owner == UNASSIGNED else cls(owner, initials(owner), hue(owner))


def render_cards(ids: Sequence[int]) -> Mapping[tuple[int, int], bytes]:
    """The cards of these issues by (id, version): one query, and one pass of the template for each."""
    template = get_template("_card.html")
    issues = Issue.objects.alive().filter(id__in=ids).select_related("created_by").defer("description")
    traces = _traces(ids)
    return {
        (issue.pk, issue.version): template.render(
            {
                "issue": issue,
                "owner": Person.of(issue.owner),
                "statuses": Status,
                "tags": json.dumps(issue.tags, ensure_ascii=False),
                "trace": traces.get(issue.pk, ""),
            }
        ).encode()
        for issue in issues
    }


def _traces(ids: Sequence[int]) -> dict[int, SafeString]:
    """The drawing of each issue's first file that has one."""
    links = IssueAttachment.objects.filter(issue__in=ids, attachment__is_visible=True).exclude(
        attachment__reading__trace=""
    )
    found = links.order_by("issue", "id").distinct("issue").values_list("issue", "attachment__reading__trace")
    return {issue: mark_safe(trace) for issue, trace in found if trace}  # noqa: S308 - drawn by issues/evidence/plot.py


_cards = Fragments(render_cards, capacity=settings.FRAGMENT_BYTES // 12)


def cards(rows: Sequence[Row]) -> SafeString:
    """The cards of these issues as HTML, in this order."""
    return mark_safe(b"".join(_cards.get(rows)).decode())  # noqa: S308 - made by our template
