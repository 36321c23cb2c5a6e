"""What a search finds is what reading every issue finds, whatever happened, however it is asked, on every page."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues import hits, listing, looking, queries
from issues.listing import COLUMNS, Sort
from issues.models import (
    CLOSED,
    CountDelta,
    DomainError,
    Issue,
    Priority,
    SearchBlock,
    SearchDay,
    SearchNote,
    SearchTerm,
    Session,
    Status,
    User,
    bulk,
    search_index,
    search_text,
    undo,
)
from issues.models.spans import Time
from issues.models.spans import parse as parse_times
from issues.queries import IssueFilter, Tally, board_columns, counting
from tests.factories import elsewhere, make_issue, make_session, make_user
from tests.histories import forget
from tests.test_listing import everything

pytestmark = pytest.mark.django_db
RUN, SESSION = "6f0c2c55-5a0c-4c5e-9b8e-0d7a3f1f2a10", "3d1f6a70-2b7e-4a57-8f6c-9c1f0f5b7e21"
START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = START + timedelta(days=20)
TEXTS = ["bat", "battery", "batt-ery drop", "bag", "x", "22.3", "bus drop", "drop bus battery", "Bäg"]
TAGS = ["power", "bus", "tvac"]
VERBS = ["create"] * 5 + [
    "title",
    "comment",
    "uncomment",
    "react",
    "status",
    "priority",
    "owner",
    "tags",
    "trash",
    "restore",
]
VERBS += ["link", "undo", "bulk", "bulk trash", "fold", "fold", "rebuild", "reread"]
STEP = st.tuples(
    st.sampled_from(VERBS),
    st.integers(0, 9),
    st.sampled_from(TEXTS),
    st.sampled_from([*Status.values, None]),
    st.sampled_from([*Priority.values, None]),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
    st.integers(0, 3 * 24 * 60),
)
WORDS = [
    "bat",
    "batte",
    "battery",
    "ba",
    "drop",
    "x",
    "22.3",
    "bus",
    "nothing",
    "batt-ery",
    '"bus drop"',
    '"bat"',
]
WORDS += ['"drop bus battery"', "drop-bus"]
NARROWED = [
    "status:open",
    "status:open,none",
    "-status:resolved",
    "priority:high,none",
    "tag:power",
    "-tag:bus",
]
NARROWED += [
    "no:tag",
    "owner:me",
    "owner:none",
    "by:atlas",
    "-by:atlas",
    "by:ada@example.com",
    "by:me,atlas",
    "-by:me",
    "by:nobody@example.com",
    f"run:{RUN}",
    f"-run:{RUN}",
    f"session:{SESSION}",
    f"-session:{SESSION}",
    "has:session",
    "no:session",
    "-has:session,comment",
    f"FND-{search_index.BLOCK - 2}",
    f"-FND-{search_index.BLOCK}",
    "is:open",
    "has:comment",
    "no:comment",
    "has:comment,plan",
    "no:priority",
    "-no:status",
    "no:owner,tag",
    "is:untriaged",
    "-is:open",
    "is:closed",
]
NARROWED += [
    f"{minus}{name}:{when}"
    for minus, name, when in product(
        ("", "-"),
        ("created", "updated", "closed"),
        ("<2026-11-04", ">=2026-11-03", "2026-11-02..2026-11-05", "2026-10-31"),
    )
]
TIMES = [
    f"{name}={since}..{until}"
    for name, (since, until) in product(
        ("created", "closed", "triaged"),
        [("2026-11-02", ""), ("", "2026-11-04"), ("2026-11-02T07:30Z", "2026-11-05T12:00Z")],
    )
]
TIMES += [
    "not_closed_at=2026-11-04",
    "not_closed_at=2026-11-03T05:15Z",
    "took=60..",
    "created=..0001-01-01",
    "closed=..0001-01-01",
]


def times_of(written: list[str]) -> tuple[Time, ...]:
    return parse_times((name, value) for name, _, value in (text.partition("=") for text in written))


@st.composite
def filters(draw) -> IssueFilter:
    """Some words, with a minus or without, or none, and what may narrow them: in the query itself, and beside it."""
    terms = draw(st.lists(st.tuples(st.booleans(), st.sampled_from(WORDS)), max_size=3))
    q = " ".join([f"-{word}" if minus and word != "22.3" else word for minus, word in terms])
    q = " ".join([q, *draw(st.lists(st.sampled_from(NARROWED), max_size=2))])
    beside = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "statuses": st.sampled_from([("open",), ("resolved", "none")]),
                "priorities": st.sampled_from([("high",), ("low", "none")]),
                "tags": st.sampled_from([("power",), ("power", "tvac")]),
                "owners": st.just(("Unassigned",)),
                "mine": st.just(True),
                "by": st.sampled_from(["atlas", "people"]),
                "untriaged": st.just(True),
                "runs": st.just((RUN,)),
                "reopened": st.sampled_from(["0", "1"]),
                "times": st.lists(st.sampled_from(TIMES), min_size=1, max_size=2).map(times_of),
            },
        )
    )
    return IssueFilter(q=q, me="ada@example.com", **beside)


def matching_of(wanted: IssueFilter, living: list[Issue]) -> set[int]:
    """Those that have the words, told from their texts; what narrows them is asked of the database, without words."""
    rest = " ".join(str(term) for term in wanted.query.terms if term not in wanted.query.words)
    narrowed = set(replace(wanted, q=rest).apply(Issue.objects.alive()).values_list("id", flat=True))
    found = set()
    for issue in living:
        said = [comment.content for comment in issue.comments.all() if comment.deleted_at is None]
        texts = [search_text.tokens(text) for text in (issue.title, *issue.tags, *said)]
        if issue.pk in narrowed and all(
            has(texts, search_text.tokens(words.text), words.quoted) != words.negated
            for words in wanted.query.words
        ):
            found.add(issue.pk)
    return found


def has(texts: list[list[str]], looked_for: list[str], quoted: bool) -> bool:
    """Whether these words stand side by side in one of the texts, the last by its beginning unless quoted or a single letter."""
    *first, last = looked_for
    return any(
        text[at : at + len(first)] == first
        and len(text) > at + len(first)
        and (
            text[at + len(first)] == last
            or (not quoted and len(last) > 1 and text[at + len(first)].startswith(last))
        )
        for text in texts
        for at in range(len(text))
    )


def live(steps) -> None:
    """A history of twenty days, at the border of two blocks."""
    forget((Issue, CountDelta, SearchBlock, SearchDay, SearchTerm, SearchNote))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('issues_issue_id_seq', %s)", [search_index.BLOCK - 4])
    ada = User.objects.filter(email="ada@example.com").first() or make_user("ada@example.com")
    session = Session.objects.filter(uuid=SESSION).first() or make_session(ada)
    Session.objects.filter(pk=session.pk).update(uuid=SESSION)
    atlas, made, at = User.objects.agent(), [], START
    for verb, which, text, status, priority, tags, minutes in steps:
        at = min(at + timedelta(minutes=minutes), NOW)
        issue = made[which % len(made)] if made else None
        if verb == "create" or issue is None:
            by = atlas if which % 2 else ada
            # Ids are not always in the order of when issues were filed.
            filed = at - timedelta(hours=which)
            evidence = {
                "sessions": [UUID(SESSION)] if which % 4 == 0 else (),
                "job_run_id": UUID(RUN) if which % 3 == 0 else None,
            }
            made.append(
                make_issue(by, title=text, status=status, priority=priority, tags=tags, at=filed, **evidence)
            )
            continue
        values = {"title": text, "status": status, "priority": priority, "tags": tags, "owner": ada.email}
        ids = [one.pk for one in made if one.pk % 3 == which % 3]
        with contextlib.suppress(DomainError):
            match verb:
                case "title" | "status" | "priority" | "tags" | "owner":
                    issue.change(by=ada, at=at, **{verb: values[verb]})
                case "comment":
                    issue.comment(by=ada, content=text, at=at)
                case "uncomment":
                    if comment := issue.comments.filter(deleted_at=None).first():
                        comment.trash(by=ada)
                case "react":
                    issue.react("👍", by=ada, at=at)
                case "trash":
                    issue.trash(by=ada, at=at)
                case "restore":
                    issue.restore(by=ada, at=at)
                case "undo":
                    undo.undo(issue.events.latest("id").pk, by=ada, at=at)
                case "link":
                    issue.change(by=ada, at=at, sessions=[] if issue.sessions.exists() else [UUID(SESSION)])
                case "bulk":
                    bulk.change(ids, by=ada, fields={"status": status}, add_tags=tags, at=at)
                case "bulk trash":
                    bulk.trash(ids[:2], by=ada, at=at)
                case "fold":
                    search_index.fold()
                case "rebuild":
                    search_index.rebuild()
                case "reread":
                    search_text.rebuild()


@pytest.fixture(params=["by id", "by bit"])
def by(request, monkeypatch):
    """Both ways to look at what was found, as for a few and for many."""
    if request.param == "by bit":
        monkeypatch.setattr(hits, "FEW", 0)
        monkeypatch.setattr(hits, "PAGE", 0)
        monkeypatch.setattr(looking, "PART", 8)
        monkeypatch.setattr(hits, "NAMED", 0)
        monkeypatch.setattr(hits, "FULL", 1)


SORTS = [Sort(column, descending) for column, descending in product(COLUMNS, (False, True))]


@settings(max_examples=9, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(STEP, min_size=4, max_size=30),
    st.lists(filters(), min_size=2, max_size=3),
    st.lists(st.sampled_from(SORTS), min_size=5, max_size=5, unique=True),
)
def test_any_history_is_found_as_reading_all_of_it_finds(by, steps, asked, sorts):
    live(steps)
    assert search_index.mistakes() == 0
    check(asked, sorts)

    search_index.fold()

    assert not SearchNote.objects.exists()
    assert search_index.mistakes() == 0
    check(asked, sorts)


def check(asked: list[IssueFilter], sorts: list[Sort]) -> None:
    living = list(Issue.objects.alive().newest_first().prefetch_related("comments"))
    orders = {sort: everything(IssueFilter(), sort, 1_000) for sort in sorts}
    whole = {(status, since): column(status, since) for status, since in product(Status, SINCE)}
    for wanted in asked:
        matching = check_list(wanted, living, orders)
        check_board(wanted, matching, whole)
        check_places(wanted, matching, orders, whole)


SINCE = (None, START + timedelta(days=6))


def column(status: Status, since: datetime | None) -> list[queries.Row]:
    """All that stands in a column of the board, without a filter."""
    since = since if status in CLOSED else None
    return queries.board_column(IssueFilter(), status, 1_000, since=since).rows


def check_list(wanted: IssueFilter, living: list[Issue], orders: dict[Sort, list[int]]) -> set[int]:
    assert wanted.mistakes == ()
    matching = matching_of(wanted, living)
    newest = [issue.pk for issue in living if issue.pk in matching]

    assert set(wanted.apply(Issue.objects.alive()).values_list("id", flat=True)) == matching, wanted
    assert queries.count(wanted) == len(matching)
    for most in (0, 2, 1_000):
        n = len(matching)
        exact = Tally(n) if wanted.is_by_state_only else Tally(min(n, most), n > most)
        assert queries.count_up_to(wanted, most) == exact
    for offset in (0, 2):
        rows, total = queries.issue_page(wanted, 3, offset)
        assert ([id_ for id_, _ in rows], total) == (newest[offset : offset + 3], len(matching))
    for sort, ids in orders.items():
        assert everything(wanted, sort, 3) == [id_ for id_ in ids if id_ in matching], (wanted, sort)
    return matching


def check_board(wanted: IssueFilter, matching: set[int], whole) -> None:
    for since in SINCE:
        counted = queries.board_counts(wanted, since)
        first = queries.board(wanted, 2, since or datetime(1, 1, 1, tzinfo=UTC))
        for status in Status:
            shown = [row for row in whole[status, since] if row[0] in matching]
            if wanted.statuses and status not in wanted.statuses:
                shown = []
            assert counted[status] == Tally(len(shown)), (wanted, status, since)
            if wanted.statuses and status not in wanted.statuses and not wanted.by_terms:
                continue  # (a hidden column is not drawn, whatever it would have)
            assert first[status].rows == shown[:2]
            rows, after = [], None
            while True:
                page = queries.board_column(
                    wanted, status, 2, after, since=since if status in CLOSED else None
                )
                rows += page.rows
                after = page.next
                if after is None:
                    break
            assert rows == shown


def check_places(wanted: IssueFilter, matching: set[int], orders: dict[Sort, list[int]], whole) -> None:
    """Every issue knows its place among those that match, whether it is one of them or not."""
    for sort, ids in orders.items():
        if sort.column in queries.ORDERS:
            check_place(wanted, str(sort), ids, matching)
    for status in Status:
        if not wanted.statuses or status in wanted.statuses:
            column = [id_ for id_, _ in whole[status, None]]
            check_place(replace(wanted, statuses=(status.value,)), "board", column, matching)


def check_place(wanted: IssueFilter, order: str, ids: list[int], matching: set[int]) -> None:
    total = sum(id_ in matching for id_ in ids)
    for at, id_ in enumerate(ids):
        before = [one for one in ids[:at] if one in matching]
        after = [one for one in ids[at + 1 :] if one in matching]
        place = queries.neighbours(wanted, id_, order)
        expected = ((before or [None])[-1], (after or [None])[0], len(before), total, id_ in matching)
        assert (place.previous, place.next, place.before, place.total, place.is_in) == expected, (
            wanted, order, id_,
        )  # fmt: skip


def test_words_that_most_old_issues_have_are_found_past_the_new_ones(by):
    ada = make_user()
    for n in range(30):
        make_issue(ada, title=f"old {n}" if n < 20 else f"new {n}")
    search_index.fold()
    wanted = IssueFilter(q="old")

    rows, total = queries.issue_page(wanted, 7, 2)

    assert ([Issue.objects.get(pk=pk).title for pk, _ in rows], total) == (
        [f"old {n}" for n in range(17, 10, -1)],
        20,
    )
    assert queries.count_up_to(wanted, 19) == Tally(19, is_more=True)


def test_columns_of_many_are_counted_no_further_than_anybody_wants_to_know(monkeypatch):
    monkeypatch.setattr(board_columns, "CAP", 2)
    monkeypatch.setattr(hits, "FEW", 2)
    ada = make_user()
    made = []
    for last in (search_index.BLOCK - 6, search_index.BLOCK):
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('issues_issue_id_seq', %s)", [last])
        made += [
            make_issue(ada, title="battery", status=status, priority="high", at=NOW)
            for status in ("open", "open", "open", "resolved")
        ]
    made += [make_issue(ada, title="battery", status="in_progress", at=NOW) for _ in range(3)]
    search_index.fold()
    wanted = IssueFilter(q="battery")

    for since in (None, START):
        counted = queries.board_counts(wanted, since)
        shown = queries.board(wanted, 12, START) if since else {}

        assert [str(counted[status]) for status in Status] == ["2+", "2+", "2", "0"]
        for status, page in shown.items():
            ids = sorted((one.pk for one in made if one.status == status), reverse=True)
            assert [id_ for id_, _ in page.rows] == ids


def test_a_search_asks_no_more_of_the_database_for_more_issues(django_assert_num_queries):
    ada = make_user()
    for n in range(5):
        make_issue(ada, title=f"battery {n}")
    search_index.fold()
    wanted = IssueFilter(q="battery -drop", tags=())
    hits.forget()

    for n, asked in ((5, 2), (5, 2), (6, 3), (6, 2)):
        if asked == 3:  # a block was folded since: what was kept of it is read again
            make_issue(ada, title="battery")
            search_index.fold()
        with django_assert_num_queries(asked):
            found = queries.find(wanted)
            assert queries.count_up_to(wanted, found=found) == Tally(n)
            assert len(listing.list_page(wanted, Sort(), 50, hits=found).rows) == n


def test_the_days_of_changes_are_read_again_only_of_blocks_that_were_folded(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(hits, "NAMED", 0)
    monkeypatch.setattr(hits, "SOON", 2)
    ada = make_user()
    made = [make_issue(ada, title="battery", status="open", at=START + timedelta(days=n)) for n in range(5)]
    search_index.fold()
    wanted = IssueFilter(q="battery")
    hits.forget()

    def shown() -> list[int]:
        found = queries.find_columns(wanted, START)
        return [id_ for id_, _ in queries.board(wanted, 3, START, found=found)["open"].rows]

    with django_assert_num_queries(3):
        assert shown() == [made[4].pk, made[3].pk, made[2].pk]
    with django_assert_num_queries(2):
        shown()
    made[0].react("👍", by=ada, at=START + timedelta(days=9))
    with django_assert_num_queries(2):  # it is only noted
        assert shown() == [made[0].pk, made[4].pk, made[3].pk]
    search_index.fold()
    with django_assert_num_queries(4):
        assert shown() == [made[0].pk, made[4].pk, made[3].pk]
    with django_assert_num_queries(2):
        shown()


def test_closed_and_open_issues_of_one_day_are_all_found_by_last_change(by):
    ada = make_user()
    made = [
        make_issue(ada, title="battery", status=status, at=START + timedelta(minutes=n))
        for n, status in enumerate(["open", "resolved", "open", "rejected", None])
    ]
    search_index.fold()

    page = listing.list_page(IssueFilter(q="battery"), Sort("updated", True), 10)
    place = queries.neighbours(IssueFilter(q="battery"), made[2].pk, "-updated")

    assert [id_ for id_, _ in page.rows] == [issue.pk for issue in reversed(made)]
    assert (place.previous, place.next, place.before) == (made[3].pk, made[1].pk, 2)


def test_what_is_seen_of_a_phrase_is_kept_until_the_block_is_folded(django_assert_num_queries):
    ada = make_user()
    one, other = (make_issue(ada, title=title) for title in ("bus drop", "drop bus"))
    search_index.fold()
    wanted = IssueFilter(q='"bus drop"')
    assert queries.count(wanted) == 1

    with django_assert_num_queries(1):
        assert queries.count(wanted) == 1
    one.change(by=ada, title="bus, then drop")
    other.change(by=ada, title="a bus drop")
    for fold in (lambda: None, search_index.fold, lambda: None):
        fold()
        found = queries.find(wanted)
        assert (queries.count(wanted, found), list(found.all.ids())) == (1, [other.pk])


def test_what_an_undone_transaction_folded_is_undone_in_what_is_kept():
    ada = make_user()
    issue = make_issue(ada, title="battery")
    search_index.fold()
    assert counted("battery", "bus", '"bus drop"') == [1, 0, 0]

    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        issue.change(by=ada, title="bus drop")
        assert counted("battery", "bus", '"bus drop"') == [0, 1, 1]
        search_index.fold()
        assert counted("battery", "bus", '"bus drop"') == [0, 1, 1]
        1 / 0  # noqa: B018

    assert counted("battery", "bus", '"bus drop"') == [1, 0, 0]
    issue.refresh_from_db()
    issue.trash(by=ada)
    search_index.fold()
    assert counted("battery", "bus", '"bus drop"') == [0, 0, 0]


def counted(*asked: str) -> list[int]:
    return [queries.count(IssueFilter(q=q)) for q in asked]


def test_what_is_seen_of_an_issue_that_its_block_does_not_know_is_not_kept():
    ada = make_user()
    issue = make_issue(ada, title="bus drop")
    search_index.fold()
    wanted = IssueFilter(q='"bus drop"')

    for fold in (lambda: None, search_index.fold):
        found = queries.find(wanted)
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            issue.change(by=ada, title="drop bus")
            fold()
            assert queries.count(wanted, found) == 0
            1 / 0  # noqa: B018
        issue.refresh_from_db()
        assert queries.count(wanted) == 1
        hits.forget()


@pytest.mark.django_db(transaction=True)
def test_one_thread_keeps_nothing_for_another_that_sees_another_state():
    ada = make_user()
    issue = make_issue(ada, title="battery")
    search_index.fold()
    seen = []

    with transaction.atomic():
        issue.change(by=ada, title="bus drop")
        search_index.fold()
        for _ in range(2):
            elsewhere(lambda: seen.append(counted("battery", "bus", '"bus drop"')))
            seen.append(counted("battery", "bus", '"bus drop"'))
    elsewhere(lambda: seen.append(counted("battery", "bus", '"bus drop"')))

    assert seen == [[1, 0, 0], [0, 1, 1], [1, 0, 0], [0, 1, 1], [0, 1, 1]]


@pytest.mark.django_db(transaction=True)
def test_what_is_folded_while_a_search_reads_again_is_read_again_too():
    ada = make_user()
    made = []
    for last in (search_index.BLOCK - 2, search_index.BLOCK):  # one each of two blocks
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('issues_issue_id_seq', %s)", [last])
        made.append(make_issue(ada, title="battery"))
    search_index.fold()
    assert counted("battery", "bus") == [2, 0]
    made[0].change(by=ada, title="bus")
    search_index.fold()
    looks = []

    def meanwhile(execute, sql, *arguments):
        if "issues_searchblock" in sql:
            looks.append(sql)
            if len(looks) == 2:  # of the first block alone
                elsewhere(lambda: [made[1].change(by=ada, title="drop"), search_index.fold()])
        return execute(sql, *arguments)

    with connection.execute_wrapper(meanwhile):
        assert queries.count(IssueFilter(q="battery")) == 0
    assert len(looks) == 3
    assert counted("battery", "bus", "drop") == [0, 1, 1]


def test_an_issue_filed_after_the_search_was_read_is_in_no_page_of_it(by):
    ada = make_user()
    one = make_issue(ada, title="battery")
    found = queries.find(IssueFilter(q="battery"))
    make_issue(ada, title="battery")

    page = listing.list_page(IssueFilter(q="battery"), Sort(), 50, hits=found)

    assert [id_ for id_, _ in page.rows] == [one.pk]


def test_an_exact_count_of_issues_to_be_looked_at_is_given_up(monkeypatch):
    for _ in range(3):
        make_issue(title="bus drop")
    search_index.fold()
    monkeypatch.setattr(counting, "COUNT_SECONDS", -1)

    assert queries.count(IssueFilter(q="bus drop")) == 3
    with pytest.raises(queries.TooManyToCount):
        queries.count(IssueFilter(q='"bus drop"'))
