"""The blocks that searches read follow the verbs, however often they are folded and whoever is at it beside them."""

import random
import threading
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from issues import queries
from issues.models import (
    Event,
    Issue,
    SearchBlock,
    SearchDay,
    SearchNote,
    SearchTerm,
    SearchText,
    bulk,
    search_index,
    search_text,
)
from issues.models.search_index import BLOCK, SPARSE, packed, places, span_of, unpacked
from issues.queries import IssueFilter
from tests import server
from tests.factories import elsewhere, make_attachment, make_issue, make_user


def found(q: str, **more) -> set[int]:
    return set(queries.find(IssueFilter(q=q, **more)).all.ids())


def terms(issue: Issue) -> set[str]:
    bit = 1 << issue.pk % BLOCK
    rows = SearchTerm.objects.filter(block=issue.pk // BLOCK).values_list("term", "issues")
    return {term for term, row in rows if unpacked(row) & bit}


@pytest.mark.parametrize("n", [0, 1, SPARSE, SPARSE + 1, 1_000, BLOCK])
def test_a_row_holds_a_few_by_their_places_and_many_as_bits(n):
    bits = sum(1 << place for place in random.Random(n).sample(range(BLOCK), n))

    row = packed(bits)

    assert unpacked(row) == bits
    assert len(row) == (2 * n if n <= SPARSE else BLOCK // 8)
    assert sum(1 << place for place in places(bits)) == bits


def test_short_beginnings_are_terms_and_longer_ones_a_span_of_words():
    assert span_of("ba", by_its_beginning=True) == ("*ba", "*ba")
    assert span_of("batt", by_its_beginning=True) == ("*batt", "*batt")
    first, last = span_of("batte", by_its_beginning=True)
    assert first <= "batte" <= "battery" <= "batte\uffff" <= last < "battf"
    assert span_of("batt") == ("batt", "batt")


@pytest.mark.django_db
def test_folded_an_issue_has_the_terms_of_its_words_and_facts():
    issue = make_issue(
        make_user(),
        title="Bus 5 drops",
        tags=["tvac"],
        owner="ada@example.com",
        status="resolved",
        priority="high",
    )
    assert terms(issue) == set()

    search_index.fold()

    day = issue.closed_at.date()
    assert terms(issue) == {
        "", "bus", "*bu", "*bus", "5", "drops", "*dr", "*dro", "*drop", "tvac", "*tv", "*tva", "*tvac",
        "#status:resolved", "#priority:high", "#owner:ada@example.com", "#tag:tvac", "#by:people",
        f"#by:{issue.created_by.email}", f"#closed:resolved:{day}",
    }  # fmt: skip
    [block] = SearchBlock.objects.all()
    assert block.oldest == block.newest == issue.created_at


@pytest.mark.django_db
def test_folded_an_issue_has_the_terms_of_what_it_has():
    ada = make_user()
    issue = make_issue(ada, attachments=[make_attachment(ada, name="run.csv").uuid])
    search_index.fold()
    assert {term for term in terms(issue) if term.startswith("#has:")} == {"#has:attachment", "#has:csv"}

    comment = issue.comment(by=ada, content="Seen again.")
    issue.change(by=ada, attachments=[make_attachment(ada, name="plot.png").uuid])
    search_index.fold()
    assert {term for term in terms(issue) if term.startswith("#has:")} == {
        "#has:attachment", "#has:comment", "#has:image",
    }  # fmt: skip

    comment.trash(by=ada)
    issue.change(by=ada, attachments=[])
    search_index.fold()
    assert not {term for term in terms(issue) if term.startswith("#has:")}
    assert search_index.mistakes() == 0


@pytest.mark.django_db
def test_a_beginning_that_two_words_share_stays_with_the_one_that_stays():
    ada = make_user()
    issue = make_issue(ada, title="battery bath")
    search_index.fold()

    issue.change(by=ada, title="battery")
    search_index.fold()

    assert {"battery", "*bat"} <= terms(issue)
    assert "bath" not in terms(issue)


@pytest.mark.django_db
def test_a_note_keeps_what_the_blocks_hold_through_any_number_of_changes():
    ada = make_user()
    issue = make_issue(ada, title="one", status="open")
    search_index.fold()

    for title, status in (("two", "resolved"), ("three", "rejected")):
        issue.change(by=ada, title=title, status=status)
    [note] = SearchNote.objects.all()

    assert ("one" in note.words, "#status:open" in note.facts) == (True, True)
    search_index.fold()
    assert terms(issue).isdisjoint({"one", "two", "#status:open", "#status:resolved"})
    assert {"three", "#status:rejected"} <= terms(issue)


@pytest.mark.django_db
def test_what_changes_nothing_leaves_no_note():
    ada = make_user()
    issue = make_issue(ada)
    search_index.fold()

    issue.change(by=ada, priority=issue.priority)
    bulk.change([issue.pk], by=ada, fields={"status": issue.status})

    assert not SearchNote.objects.exists()


def days(issue: Issue) -> list[tuple[date, bool]]:
    """The rows that have this issue, the true one first."""
    rows = SearchDay.objects.filter(block=issue.pk // BLOCK).values_list("day", "is_closed", "issues")
    bit = 1 << issue.pk % BLOCK
    return sorted(((day, is_closed) for day, is_closed, row in rows if unpacked(row) & bit), reverse=True)


@pytest.mark.django_db
def test_folded_an_issue_stands_on_the_day_that_it_was_last_changed():
    ada = make_user()
    monday = datetime(2026, 11, 2, 23, 59, tzinfo=UTC)
    issue, other = make_issue(ada, status="open", at=monday), make_issue(ada, status="open", at=monday)
    search_index.fold()
    assert days(issue) == days(other) == [(date(2026, 11, 2), False)]

    issue.change(by=ada, status="resolved", at=monday + timedelta(days=2))
    other.react("👍", by=ada, at=monday + timedelta(minutes=1))
    search_index.fold()

    assert days(issue)[0] == (date(2026, 11, 4), True)
    assert days(other)[0] == (date(2026, 11, 3), False)
    assert search_index.mistakes() == 0
    search_index.rebuild()
    assert (len(days(issue)), len(days(other))) == (1, 1)


@pytest.mark.django_db
def test_an_issue_that_is_closed_and_taken_up_on_one_day_stands_in_one_row_of_it():
    ada = make_user()
    issue = make_issue(ada, status="resolved")
    search_index.fold()

    issue.change(by=ada, status="open")
    search_index.fold()

    assert [is_closed for _, is_closed in days(issue)] == [False]


@pytest.mark.django_db
def test_a_clock_that_is_set_back_takes_an_issue_to_an_older_day():
    ada = make_user()
    issue = make_issue(ada, at=datetime(2026, 11, 4, tzinfo=UTC))
    search_index.fold()

    issue.change(by=ada, title="Earlier", at=datetime(2026, 11, 2, tzinfo=UTC))
    search_index.fold()

    assert [day for day, _ in days(issue)] == [date(2026, 11, 2)]
    assert search_index.mistakes() == 0


@pytest.mark.django_db
def test_a_wrong_day_is_noticed(capsys):
    issue = make_issue()
    search_index.fold()
    Issue.objects.filter(pk=issue.pk).update(changed_at=issue.changed_at + timedelta(days=1))

    with pytest.raises(CommandError, match="1 issues are not found as they are"):
        call_command("rebuild_search", check=True)


@pytest.mark.django_db
def test_a_verb_that_is_taken_back_leaves_no_note():
    ada = make_user()
    issue = make_issue(ada)
    search_index.fold()

    with transaction.atomic():
        issue.change(by=ada, title="Other")
        transaction.set_rollback(True)

    assert not SearchNote.objects.exists()
    assert found("other") == set()


@pytest.mark.django_db
def test_what_is_deleted_leaves_the_blocks_and_comes_back_into_them():
    ada = make_user()
    issue = make_issue(ada, title="battery", status="open")
    search_index.fold()

    issue.trash(by=ada)
    assert found("battery") == set()
    search_index.fold()
    assert (found("battery"), terms(issue)) == (set(), set())
    issue.restore(by=ada)
    assert found("battery") == {issue.pk}
    search_index.fold()
    assert found("battery", statuses=("open",)) == {issue.pk}
    assert search_index.mistakes() == 0


@pytest.mark.django_db
def test_what_is_purged_before_its_note_was_folded_is_not_found_afterwards():
    ada = make_user()
    issue, other = make_issue(ada, title="battery"), make_issue(ada, title="bus")
    search_index.fold()
    issue.trash(by=ada)
    SearchText.objects.filter(issue=issue).delete()
    Event.objects.filter(issue=issue).delete()
    Issue.objects.filter(pk=issue.pk).delete()

    search_index.fold()

    assert found("battery") == set()
    assert found("-bus") == set()
    assert found("-battery") == {other.pk}


@pytest.mark.django_db(transaction=True)
def test_the_256th_event_folds_once_it_is_committed():
    ada = make_user()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('issues_event_id_seq', %s)", [10 * search_index.FOLD_EVERY - 2])

    make_issue(ada)
    assert SearchNote.objects.count() == 1
    make_issue(ada)

    assert SearchNote.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_writers_and_folders_at_once_lose_nothing():
    ada = make_user()
    issues = [make_issue(ada, title=f"one {n}", status="open") for n in range(8)]
    failures = []

    def write(number: int) -> None:
        try:
            for n in range(12):
                issue = Issue.objects.get(pk=issues[(number + n) % 8].pk)
                issue.change(by=ada, title=f"word{number} {n}", status=("open", "resolved")[n % 2])
                make_issue(ada, title=f"new{number}")
                if n % 4 == 3:
                    bulk.change([one.pk for one in issues], by=ada, add_tags=[f"t{number}"])
                search_index.fold()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    search_index.rebuild()
    for writer in writers:
        writer.join()

    assert failures == []
    assert search_index.mistakes() == 0
    assert len(found("new2")) == 12
    search_index.fold()
    assert not SearchNote.objects.exists()
    assert search_index.mistakes() == 0


@pytest.mark.django_db(transaction=True)
def test_a_fold_passes_over_an_issue_that_is_being_changed():
    ada = make_user()
    issue = make_issue(ada, title="one")
    search_index.fold()
    issue.change(by=ada, title="two")

    with transaction.atomic():
        issue.change(by=ada, title="three")
        elsewhere(search_index.fold)

    assert SearchNote.objects.count() == 1
    assert (found("two"), found("three")) == (set(), {issue.pk})
    search_index.fold()
    assert search_index.mistakes() == 0


@pytest.mark.django_db
def test_what_went_past_the_verbs_is_noticed_and_mended(capsys):
    issue = make_issue(title="battery")
    search_index.fold()
    call_command("rebuild_search", check=True)
    Issue.objects.filter(pk=issue.pk).update(title="bus", status="rejected", closed_at=issue.created_at)

    with pytest.raises(CommandError, match="1 issues are not found as they are"):
        call_command("rebuild_search", check=True)
    call_command("rebuild_search")
    call_command("rebuild_search", check=True)

    assert found("bus", statuses=("rejected",)) == {issue.pk}
    assert capsys.readouterr().out.count("Searches find what is there.") == 2


@pytest.mark.django_db
def test_what_seed_scale_loads_is_found_beside_what_was_there():
    issue = make_issue(title="battery of mine")

    call_command("seed_scale", issues=300, comments=1, verbosity=0)

    assert search_index.mistakes() == 0
    assert found("battery mine") == {issue.pk}
    assert len(found("limit")) == 300


@pytest.mark.django_db
def test_a_database_from_before_the_blocks_is_found_when_it_is_migrated(settings, tmp_path):
    with server.database_to_migrate(settings.DATABASES["default"], tmp_path) as (url, environment):
        server.manage(environment, "migrate", "--verbosity=0", "issues", "0021")
        with psycopg.connect(url) as before:
            before.execute(
                """
                INSERT INTO issues_user (password, email, name, role, is_active, is_agent, created_at)
                VALUES ('', 'ada@example.com', '', 'member', true, false, now());

                INSERT INTO issues_issue (uuid, title, description, status, tags, owner, created_by_id, created_at,
                    changed_at, version, comment_count, file_count, plan_count)
                SELECT gen_random_uuid(), 'Battery ' || n, '[]', 'open', '{}', 'Unassigned', u.id, now(), now(), 1, 0, 0, 0
                FROM issues_user u, generate_series(1, 3) AS n
                """
            )
            before.execute(
                "INSERT INTO issues_searchtext SELECT id, '''battery'':1A'::tsvector FROM issues_issue"
            )
        server.manage(environment, "migrate", "--verbosity=0")
        server.manage(environment, "rebuild_search", "--check")
        with psycopg.connect(url) as after:
            [(row,)] = after.execute("SELECT issues FROM issues_searchterm WHERE term = 'battery'").fetchall()
            [(of_today,)] = after.execute(
                "SELECT issues FROM issues_searchday WHERE NOT is_closed"
            ).fetchall()

    assert unpacked(row).bit_count() == unpacked(of_today).bit_count() == 3


@pytest.mark.django_db
def test_words_beyond_what_postgresql_takes_are_none_of_the_terms():
    issue = make_issue(title="Needle " + "x" * 200)
    search_index.fold()

    assert "x" * search_text.TOKEN_MAX in terms(issue)
    assert found("needle " + "x" * 80) == {issue.pk}
