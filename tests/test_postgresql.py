"""The kept connection to PostgreSQL: not asked whether it works, and yet never found dead in a request."""

import psycopg
import pytest
from django.db import DataError, connection, transaction
from django.db.transaction import TransactionManagementError

pytestmark = pytest.mark.django_db(transaction=True)


def begin_request() -> None:
    """What Django does at the beginning of every request."""
    connection.close_if_unusable_or_obsolete()


def test_a_connection_that_works_is_used_without_asking(monkeypatch):
    connection.ensure_connection()
    connection.health_check_enabled = True
    before = connection.connection
    monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("asked"))
    begin_request()

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    assert connection.connection is before


def test_a_connection_that_the_server_ended_is_replaced_before_it_is_used():
    connection.ensure_connection()
    connection.health_check_enabled = True
    dead = connection.connection
    with psycopg.connect(dead.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [dead.info.backend_pid])
    begin_request()

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    assert connection.connection is not dead


def test_a_connection_that_only_said_something_stays():
    connection.ensure_connection()
    connection.health_check_enabled = True
    before = connection.connection
    with psycopg.connect(before.info.dsn, autocommit=True) as other, connection.cursor() as cursor:
        cursor.execute("LISTEN something")
        other.execute("NOTIFY something")
        begin_request()
        cursor.execute("SELECT 1")

    assert connection.connection is before


def test_a_row_is_what_a_cursor_gives_on_whatever_connection_there_is():
    assert connection.row("SELECT 1 + %s, %s::text", [1, "two"]) == (2, "two")
    assert connection.row("SELECT 1 WHERE false", []) is None
    connection.close()
    assert connection.row("SELECT 3", []) == (3,)


def test_a_row_that_cannot_be_read_is_a_database_error_of_django_and_harms_nothing():
    with pytest.raises(DataError):
        connection.row("SELECT 1 / 0", [])
    assert connection.row("SELECT 1", []) == (1,)


def test_a_row_is_seen_by_whoever_listens(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert connection.row("SELECT 1", []) == (1,)


def test_a_row_is_refused_in_a_transaction_that_is_broken():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            connection.row("SELECT 1", [])
