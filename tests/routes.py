"""Every address of the project and who may do what there: the table that tests/test_access.py holds the resolver to.

A new route needs one line here, and a value in `World` if its pattern has a part that none had before. From that line come
the crawl without a session, the matrix of methods and roles, and (for pages that can be looked at) the accessibility crawl.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.utils import replace_named_groups
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from issues.api.http import nowhere
from issues.models import Role, SavedView, User
from tests.factories import make_attachment, make_comment, make_issue, make_session, make_token, make_user

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# Who may: each level includes those after it, but for AUTHOR, which is the one member who wrote it.
ANYBODY, VIEWER, MEMBER, AUTHOR, ADMINISTRATOR = "anybody", "viewer", "member", "author", "administrator"

READ = {"GET": VIEWER}
READ_WRITE = {"GET": VIEWER, "POST": MEMBER}
WRITE = {"POST": MEMBER}

# The address with its parts by name: who may use which method. Whatever is not named is 405. HEAD goes with GET.
PAGES: dict[str, dict[str, str]] = {
    "/": READ,
    "/board": READ,
    "/FND-<number>": READ,
    "/fnd-<number>": READ,
    "/<number>": READ,
    "/board/changes": READ,
    "/list": READ,
    "/list/changes": READ,
    "/list/select": WRITE,
    "/list/change": WRITE,
    "/trash": READ,
    "/views/": READ,
    "/views/new": {"GET": VIEWER, "POST": MEMBER},
    "/views/counts": READ,
    "/views/<view_id>/rename": WRITE,
    "/views/<view_id>/delete": WRITE,
    "/views/<view_id>/restore": WRITE,
    "/views/<view_id>/<change>": WRITE,
    "/views/<view_id>/<place>": {"POST": VIEWER},  # in one's own side column
    "/palette": READ,
    "/help": {"GET": VIEWER, "POST": VIEWER},  # the switch for single keys
    "/list/columns": {"POST": VIEWER},  # which columns one sees
    "/menu/<field>": READ,
    "/mentions": READ,
    "/new/similar": READ,
    "/new": {"GET": MEMBER, "POST": MEMBER},
    "/FND-<number>/card": WRITE,
    "/FND-<number>/react": WRITE,
    "/FND-<number>/status": READ_WRITE,
    "/FND-<number>/<field>/choices": READ,
    "/FND-<number>/figure": READ,
    "/FND-<number>/description": READ_WRITE,
    "/FND-<number>/description/restore": WRITE,
    "/FND-<number>/history": READ,
    "/FND-<number>/files": READ_WRITE,
    "/FND-<number>/files/<attachment_id>": WRITE,
    "/FND-<number>/files/<attachment_id>/remove": WRITE,
    "/FND-<number>/roles/<file_id>/remove": WRITE,
    "/FND-<number>/plans/<file_id>": READ,
    "/FND-<number>/plans/<file_id>/tick": WRITE,
    "/FND-<number>/plans/<file_id>/untick": WRITE,
    "/FND-<number>/plans/<file_id>/replace": WRITE,
    "/FND-<number>/delete": WRITE,
    "/FND-<number>/restore": WRITE,
    "/FND-<number>/comments": WRITE,
    "/FND-<number>/comments/<comment_id>/edit": {"GET": AUTHOR, "POST": AUTHOR},
    "/FND-<number>/comments/<comment_id>/versions": READ,
    "/FND-<number>/comments/<comment_id>/delete": WRITE,
    "/FND-<number>/comments/<comment_id>/restore": WRITE,
    "/FND-<number>/comments/<comment_id>/react": WRITE,
    "/FND-<number>/<field>": READ_WRITE,
    "/file": WRITE,
    "/file/<attachment_id>": READ,
    "/file/<attachment_id>/view": READ,
    "/file/<attachment_id>/preview": READ,
    "/file/<attachment_id>/reading": READ,
    "/session/<session_id>": READ,
    "/session/<session_id>/edit": READ_WRITE,
    "/session/<session_id>/star": WRITE,
    "/session/<session_id>/unstar": WRITE,
    "/session/<session_id>/files": WRITE,
    "/dashboard": READ,
    "/dashboard/wall": READ,
    "/dashboard/digest": READ,
    "/dashboard/<name>.csv": READ,
    "/issues.csv": READ,
    "/live": READ,
    "/undo": WRITE,
    "/signin": {"GET": ANYBODY, "POST": ANYBODY},
    "/link/<key>": {"GET": ANYBODY, "POST": ANYBODY},  # the address is the permission
    "/signout": {"POST": VIEWER},
    "/theme": {"POST": VIEWER},
    "/account": READ,
    "/account/name": {"POST": VIEWER},
    "/account/password": {"POST": VIEWER},
    "/account/keys": {"POST": VIEWER},
    "/account/sessions/end": {"POST": VIEWER},
    "/account/tokens": {"POST": VIEWER},
    "/account/tokens/<token_id>/revoke": {"POST": VIEWER},
    "/people": {"GET": ADMINISTRATOR},
    "/people/invite": {"POST": ADMINISTRATOR},
    "/people/<person_id>/role": {"POST": ADMINISTRATOR},
    "/people/<person_id>/link": {"POST": ADMINISTRATOR},
    "/people/<person_id>/deactivate": {"POST": ADMINISTRATOR},
    "/people/<person_id>/reactivate": {"POST": ADMINISTRATOR},
    "/people/atlas/tokens": {"POST": ADMINISTRATOR},
    "/people/atlas/tokens/<token_id>/revoke": {"POST": ADMINISTRATOR},
    "/api/docs": READ,
}
# The JSON routes answer here and under /api/v1/.
API: dict[str, dict[str, str]] = {
    "/issues": READ_WRITE,
    "/issues/metrics": READ,
    "/metrics/<name>": READ,
    "/issues/<issue_id>": {"GET": VIEWER, "PATCH": MEMBER, "DELETE": MEMBER},
    "/issues/<issue_id>/comments": READ_WRITE,
    "/issues/<issue_id>/comments/<comment_id>": {"PATCH": AUTHOR, "DELETE": MEMBER},
    "/issues/<issue_id>/comments/<comment_id>/reactions/<emoji>": {"PUT": MEMBER, "DELETE": MEMBER},
    "/issues/<issue_id>/files": READ_WRITE,
    "/issues/<issue_id>/files/<file_id>": {"DELETE": MEMBER},
    "/issues/<issue_id>/files/<file_id>/steps": READ,
    "/issues/<issue_id>/files/<file_id>/steps/<step>": {"PUT": MEMBER, "DELETE": MEMBER},
    "/sessions": READ_WRITE,
    "/sessions/<session_id>": {"GET": VIEWER, "PUT": MEMBER, "DELETE": MEMBER},
    "/sessions/<session_id>/upload-files": WRITE,
    "/sessions/<session_id>/attachments/<attachment_id>": {"DELETE": MEMBER},
    "/attachments": READ_WRITE,
    "/attachments/<attachment_id>": {"GET": VIEWER, "PATCH": MEMBER},
    "/attachments/<attachment_id>/export": WRITE,
    "/attachments/<attachment_id>/content/<signature>": {"GET": ANYBODY},  # the address is the permission
    "/openapi.json": {"GET": ANYBODY},  # the same for every copy of Findings: it holds no data
}


@dataclass(frozen=True)
class Route:
    """A pattern of the resolver: its address in words, and the view behind it."""

    address: str
    view: Any

    @property
    def is_api(self) -> bool:
        return hasattr(self.view, "operations")

    @property
    def allowed(self) -> dict[str, str] | None:
        """Who may use which method; None when nobody has written it down."""
        bare = self.address.removeprefix("/api/v1")
        return (API if self.is_api else PAGES).get(
            bare if bare.startswith("/") and bare != "/" else self.address
        )

    def path(self, world: "World") -> str:
        """A real address of this route."""
        return re.sub(r"<(\w+)>", lambda part: str(getattr(world, part[1])), self.address)


def all_routes() -> list[Route]:
    """Every pattern of the project, from the resolver itself, but for those that answer everybody 404."""
    return [route for route in _routes(get_resolver(), "/") if route.view is not nowhere]


def _routes(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        address = prefix + _in_words(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield Route(address, pattern.callback)


def _in_words(pattern: str) -> str:
    """`^FND-(?P<number>[1-9]\\d*)/status$` and `FND-<int:number>/status` are both `FND-<number>/status`."""
    named = re.sub(r"<\w+:(\w+)>", r"<\1>", replace_named_groups(pattern))
    one_case = re.sub(r"\[[A-Z]([a-z])\]", r"\1", named)
    return one_case.removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace("\\", "")


PLAN = b"# Plan\n\nSee FND-1.\n\n1. [ ] Check the `strap`\n   - [x] torque wrench\n2. [ ] Measure again\n"


class World:
    """One of everything, and one person of each role; what they made is `member`'s. Parts of addresses by their names."""

    field = "priority"
    emoji = "👍"
    name = "status"  # of a chart
    change = "share"  # of a saved view
    place = "pin"
    key = "1-none"  # of a link that does not work
    token_id = 0  # nobody's

    def __init__(self, member: User | None = None) -> None:
        self.viewer = make_user(role=Role.VIEWER)
        self.member = member or make_user()
        self.administrator = make_user(role=Role.ADMINISTRATOR)
        self.person_id = make_user().pk
        self.issue = make_issue(self.member, attachments=[make_attachment(self.member).uuid])
        self.number = self.issue.pk
        self.issue_id = self.issue.uuid
        self.comment = make_comment(self.issue, self.member)
        self.comment_id = self.comment.uuid
        self.session_id = make_session(self.member).uuid
        self.view_id = SavedView.create(
            by=self.member, name="Power", query="tag=power", page="list", is_shared=True
        ).pk
        self.attachment = attachment = make_attachment(self.member)
        self.attachment_id = attachment.uuid
        self.signature = self._export()
        plan = make_attachment(self.member, "plan.md", PLAN)
        self.plan = self.issue.add_file(
            by=self.member, attachment=plan.uuid, file_type="troubleshooting_plan"
        )
        self.file_id = self.plan.uuid
        self.step = self.plan.progress().outline.steps[0].key

    def mend(self) -> None:
        """Bring back what a caller was allowed to delete, for the next one."""
        self.issue.restore(by=self.member)
        self.comment.restore(by=self.member)

    def _export(self) -> str:
        """The signature in the address that an export gives."""
        headers = {"Authorization": f"Bearer {make_token(self.member)}"}
        reply = Client().post(f"/attachments/{self.attachment_id}/export", headers=headers)
        return str(reply.json()["url"]).rpartition("/")[2]

    def person(self, role: str) -> User:
        user: User = getattr(self, role)
        return user
