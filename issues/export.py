"""The filtered list as a file: PostgreSQL writes the CSV, we pass it on as it comes, whatever there is of it.

Nothing of a row is made in Python, so a million of them hold little memory and leave the process to the others.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection
from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat

from .models import Issue
from .queries import IssueFilter

BYTE_ORDER_MARK = "\ufeff".encode()  # spreadsheets read UTF-8 after it
FORMULA = "=+-@\t\r\n＝＋－＠"  # a text that begins so would be run as a formula
ROWS = 500  # are passed on at a time


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it, as OWASP advises."""
    return f"'{text}" if text[:1] and text[0] in FORMULA else text


def _text(what: Combinable | str) -> Func:
    """The same in SQL."""
    first = "".join(f"\\{sign}" if sign in "-" else sign for sign in FORMULA)
    return Func(
        what, Value(f"^([{first}])"), Value("'\\1"), function="regexp_replace", output_field=TextField()
    )


def _moment(name: str) -> Func:
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return Func(name, template=template, output_field=CharField())


COLUMNS = {
    "Reference": Concat(Value("FND-"), Cast("id", TextField()), output_field=TextField()),
    "Title": _text("title"),
    "Status": F("status"),
    "Priority": F("priority"),
    "Tags": _text(Func("tags", Value(", "), function="array_to_string", output_field=TextField())),
    "Owner": _text("owner"),
    "Found by": Case(
        When(created_by__is_agent=True, then=Value("Atlas")),
        default=_text("created_by__email"),
        output_field=TextField(),
    ),
    "Created": _moment("created_at"),
    "Changed": _moment("changed_at"),
    "Closed": _moment("closed_at"),
    "Resolution": _text("resolution_summary"),
    "Job run": F("job_run_id"),
    "Comments": F("comment_count"),
    "UUID": F("uuid"),
}


def issues_as_csv(wanted: IssueFilter) -> Iterator[bytes]:
    """Every issue that matches (a filter without mistakes), newest first, in pieces of some hundred rows (RFC 4180)."""
    yield BYTE_ORDER_MARK + ",".join(COLUMNS).encode() + b"\r\n"
    columns = {f"column_{n}": column for n, column in enumerate(COLUMNS.values())}
    issues = wanted.apply(Issue.objects.alive()).newest_first().annotate(**columns).values_list(*columns)
    sql, parameters = issues.query.sql_with_params()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters) as rows,
    ):
        while piece := b"".join(_with_crlf(islice(rows, ROWS))):
            yield piece


def _with_crlf(rows: Iterable[memoryview]) -> Iterator[bytes]:
    return (bytes(row)[:-1] + b"\r\n" for row in rows)
