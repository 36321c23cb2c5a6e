"""What is measured: requests, and what their right answers look like."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from . import load
from .place import Place

DESCRIPTION = [
    {
        "type": "paragraph",
        "text": "During eclipse 3 of the cold soak, string B fell to **22.3 V** for 148 s. " * 4,
    },
    {
        "type": "table",
        "header": ["Quantity", "String A", "String B"],
        "rows": [["Minimum", "25.9 V", "22.3 V"]] * 4,
    },
]
NEW = json.dumps(
    {"title": "Battery string B drops to 22.3 V", "description": DESCRIPTION, "tags": ["power", "tvac"]}
)


@dataclass(frozen=True)
class Case:
    """One thing that is measured, on ours and, where the floor has it, on the floor."""

    name: str
    requests: Callable[[Place], Iterator[bytes]]  # without end
    check: load.Check
    floor: bool = True
    cold: bool = False  # without kept fragments


def signed(request: bytes, token: str, session: str) -> bytes:
    """The request as somebody's: the placeholders that `get` and `post` leave become who asks."""
    return request.replace(b"TOKEN", token.encode()).replace(b"SESSION", session.encode())


def get(path: str, accept: str = "application/json", *, zone: str = "UTC") -> bytes:
    who = (
        f"Cookie: sessionid=SESSION; zone={zone}" if accept == "text/html" else "Authorization: Bearer TOKEN"
    )
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{who}\r\nAccept: {accept}\r\n\r\n".encode()


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer TOKEN\r\n"
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()
    )


def is_list(status: int, body: bytes) -> bool:
    return status == 200 and body.startswith(b'{"items"') and body.count(b'"uuid"') >= 100


def issue_pages(place: Place, rest: str = "") -> Iterator[bytes]:
    """Pages of the newest issues, whose addresses end in `rest`."""
    return itertools.cycle([get(f"/FND-{number}{rest}", "text/html") for number in place.numbers])


def from_view(view: str) -> str:
    """The end of the address of an issue that somebody comes to from a view: its page shows the place in it."""
    return f"?{urlencode({'from': view})}"


def is_page(status: int, body: bytes) -> bool:
    return status == 200 and b"</html>" in body


def is_issue_page(status: int, body: bytes) -> bool:
    return status == 200 and b'id="thread"' in body


# `words.py` says what is hard about some of them. Of ten thousand issues they find enough to fill every page that a million
# fills, or a ratio would compare a page of seven cards with one of twenty-four.
WORDS = {
    "common word": "q=limit",
    "rare word": "q=%224711%22",
    "old word": "q=bygone",
    "two words": "q=wheel+crossed",
    "two common": "q=limit+voltage",
    "never met": "q=evenly+oddly",
    "without": "q=limit+-wheel",
    "beginning": "q=over",
    "phrase": "q=%22limit+crossed%22",
    "rare phrase": "q=%22reaction+wheel%22",
    "and filter": "q=limit&tag=power&status=open",
    "old and filter": "q=bygone&tag=power",
}
ANY_ISSUE = b'id="FND-'


def page(name: str, path: str, shows: bytes, *, cold: bool = False) -> Case:
    """A page that a person opens, which is right if it has these bytes."""
    return Case(
        name,
        lambda _: itertools.repeat(get(path, "text/html")),
        lambda status, body: status == 200 and shows in body,
        floor=False,
        cold=cold,
    )


CASES = [
    Case("list of 100, cold", lambda _: itertools.repeat(get("/issues")), is_list, cold=True),
    Case("list of 100, warm", lambda _: itertools.repeat(get("/issues")), is_list),
    *(
        Case(
            f"one issue, {name}",
            lambda place: itertools.cycle([get(f"/issues/{uuid}") for uuid in place.uuids]),
            lambda status, body: status == 200 and b'"title"' in body,
            cold=name == "cold",
        )
        for name in ("cold", "warm")
    ),
    Case(
        "create",
        lambda _: itertools.repeat(post("/issues", NEW)),
        lambda status, body: status == 201 and b'"uuid"' in body,
    ),
    *(
        Case(
            f"dashboard{name}",
            lambda _, path=path, zone=zone: itertools.repeat(
                get(f"/dashboard{path}", "text/html", zone=zone)
            ),
            lambda status, body: status == 200 and b'id="created-and-closed"' in body,
            floor=False,
            cold=name.endswith("cold"),
        )
        for name, path, zone in (
            ("", "", "UTC"),
            (", cold", "", "UTC"),
            (", tag", "?tag=power", "UTC"),
            (", year", "?period=1y", "UTC"),
            (", year, cold", "?period=1y", "UTC"),
            (", year, west", "?period=1y", "America%2FLos_Angeles"),
            (", year, west, cold", "?period=1y", "America%2FLos_Angeles"),
        )
    ),
    Case(
        "board page",
        lambda _: itertools.repeat(get("/", "text/html")),
        lambda status, body: status == 200 and b"FND-" in body,
        floor=False,
    ),
    *(
        Case(
            name,
            lambda _, path=path: itertools.repeat(get(path, "text/html")),
            lambda status, body: status == 200 and body.count(b'<tr id="FND-') == 50,
            floor=False,
        )
        for name, path in (
            ("list page", "/list"),
            ("list by title", "/list?sort=title"),
            ("list by owner, down", "/list?sort=-owner"),
            ("list by priority, open", "/list?sort=priority&status=open"),
            ("list, some way down", "/list?sort=updated&after=1777000000000000~1"),
        )
    ),
    # What is typed into the search field, or chosen in the filter bar. (A board's cards stand in no row.)
    page("list by a tag", "/list?tag=power", ANY_ISSUE),
    page("board by a tag", "/?tag=power", ANY_ISSUE),
    # (Whatever is found, a page shows the field it was typed into.)
    *(
        page(f"{where}, {name}", f"{path}?{query}", b'name="q"')
        for where, path in (("search", "/list"), ("board", "/"))
        for name, query in WORDS.items()
    ),
    page("search, old, by status", "/list?q=bygone&sort=status", ANY_ISSUE),
    page("search, old, by change", "/list?q=bygone&sort=-updated", ANY_ISSUE),
    page("search, word and date", "/list?q=limit+created%3A%3C-60d", ANY_ISSUE),
    page("board, word and date", "/?q=limit+created%3A%3C-60d", ANY_ISSUE),
    page("search, closed before, by change", "/list?q=closed%3A%3C-60d&sort=-updated", ANY_ISSUE),
    page("board, changed before", "/?q=updated%3A%3C-60d", ANY_ISSUE),
    page("search, by a person", "/list?q=by%3Aengineer1%40example.com", ANY_ISSUE),
    page("board page, cold", "/", b"FND-", cold=True),
    page("list page, cold", "/list", b"FND-", cold=True),
    Case("issue page", issue_pages, is_issue_page, floor=False),
    Case("issue page, cold", issue_pages, is_issue_page, floor=False, cold=True),
    *(
        Case(
            f"issue page, {name}",
            lambda place, view=view: issue_pages(place, from_view(view)),
            is_issue_page,
            floor=False,
        )
        for name, view in (
            ("of a search", "/list?q=bygone"),
            ("of a tag", "/list?tag=power&sort=-updated"),
            ("of a board", "/?q=wheel+overshoots"),
        )
    ),
    Case("history", lambda place: issue_pages(place, "/history"), is_page, floor=False),
    # What else there is of pages, and what a page asks for by itself.
    *(
        page(f"other, {path.partition('?')[0].strip('/')}", path, shows)
        for path, shows in (
            ("/new", b'name="title"'),
            ("/trash", b"Trash"),
            ("/views/", b"views"),
            ("/account", b"bench@example.com"),
            ("/help", b"<kbd"),
            ("/palette?q=limit", b"FND-"),
            ("/menu/owner", b"@example.com"),
            ("/menu/tags", b"power"),
            ("/views/counts", b"data-view"),
            ("/dashboard/digest", b"<h1"),
        )
    ),
    Case(
        "metrics",
        lambda _: itertools.repeat(get("/issues/metrics")),
        lambda status, body: status == 200 and b"pie_chart" in body,
        floor=False,
    ),
    Case(
        "list, offset 90 %",
        lambda place: itertools.repeat(get(f"/issues?offset={place.deep}")),
        is_list,
        floor=False,
    ),
]


def chosen(beginnings: str) -> list[Case]:
    """The cases whose names begin with one of these, which have commas between them; all, if there are none."""
    cases = [case for case in CASES if case.name.startswith(tuple(beginnings.split(",")))]
    if not cases:
        raise SystemExit(f"No case begins with {beginnings}.")
    return cases


def need_words(cases: list[Case]) -> bool:
    """Whether any of them looks for the words that `words.py` spreads."""
    return any(case.name.startswith(("search", "board, ")) for case in cases)
