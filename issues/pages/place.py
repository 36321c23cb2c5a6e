"""Where one came from, and where one is in it: "1 of 17 open", previous and next."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict
from django.template.loader import get_template
from django.utils.html import escape

from issues import queries
from issues.models import Issue, Status
from issues.queries import IssueFilter

from .htmx import PageRequest
from .kept import kept_at

VIEWS = ("/", "/board", "/list")


@dataclass(frozen=True, slots=True)
class Came:
    """The board or list that led to an issue: its path and query. Empty for a link from elsewhere."""

    path: str = ""
    query: str = ""

    @classmethod
    def read(cls, request: PageRequest) -> "Came":
        """From `?from=/list?status=open`; on the first visit from the Referer. A board or list of this site only."""
        given = request.GET.get("from") or _from_of(request.POST.get("next", ""))
        if not given:
            referer = urlsplit(request.headers.get("Referer", ""))
            if referer.netloc != request.get_host():
                return cls()
            given = _from_of(f"{referer.path}?{referer.query}") or f"{referer.path}?{referer.query}"
        path, _, query = given.partition("?")
        known = path in VIEWS or path.startswith("/views/")
        return cls(path, query[:2000]) if known and len(path) < 200 else cls()

    @property
    def back(self) -> str:
        return str(escape(f"{self.path}?{self.query}" if self.query else self.path or "/"))

    @property
    def suffix(self) -> str:
        """What the address of an issue carries of it, escaped for an attribute."""
        if not self.path:
            return ""
        return str(
            escape("?" + urlencode({"from": f"{self.path}?{self.query}" if self.query else self.path}))
        )

    def address(self, issue: Issue, *, show: str = "all") -> str:
        """The address of the issue page as it is looked at."""
        parts = {"from": f"{self.path}?{self.query}" if self.query else self.path} if self.path else {}
        if show != "all":
            parts["show"] = show
        return issue.get_absolute_url() + (f"?{urlencode(parts)}" if parts else "")

    def place(self, issue: Issue, me: str, mark: int | None) -> str:
        """The issue's place with its links, as HTML. Two queries, none of which looks beyond a thousand issues."""
        if issue.deleted_at is not None:
            return ""
        parameters = QueryDict(self.query)
        wanted = IssueFilter.parse(parameters, me=me)
        order = parameters.get("sort", "") or ""
        if order.removeprefix("-") not in queries.ORDERS:
            order = "-created"
        if self.path in ("", "/", "/board"):
            # A board column: of one status, by priority and last change.
            if issue.status is None:
                return ""
            order, wanted = "board", replace(wanted, statuses=(issue.status,))
        key = ("place", self, wanted, order, issue.pk)
        return kept_at(mark if wanted.holds_still else None, key, lambda: self._place(issue, wanted, order))

    def _place(self, issue: Issue, wanted: IssueFilter, order: str) -> str:
        found = queries.neighbours(wanted, issue.pk, order)
        if found.total < 2 and not (found.previous or found.next):
            return ""
        one = wanted.statuses[0] if len(wanted.statuses) == 1 else ""
        context = {
            "position": f"{found.before + 1:,}" if found.is_in and found.before < queries.COUNT_MAX else "",
            "total": f"{found.total:,}" if found.total < queries.COUNT_MAX else f"{queries.COUNT_MAX:,}+",
            "kind": Status(one).label.lower()
            if one in Status.values
            else "in this view"
            if self.path
            else "",
            "previous": found.previous,
            "next": found.next,
            "suffix": self.suffix,
        }
        return get_template("issue/_place.html").render(context)


def _from_of(address: str) -> str:
    """The `from` in the address of an issue page."""
    parts = urlsplit(address)
    return QueryDict(parts.query).get("from", "") or "" if parts.path.startswith("/FND-") else ""
