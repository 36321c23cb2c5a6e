"""The floor: what the same work costs without a framework.

A bare WSGI program under the same gunicorn, asking the same database one query a request, in which PostgreSQL builds
the same JSON that ours answers with; `__main__` checks that. No routing, authentication, limit, validation or counts,
no search index, and of the event only the bare row. Ours, which has them all, is measured against it.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import psycopg

_LOCAL = threading.local()
ISSUE = os.environ["FLOOR_ISSUE"]  # the SQL expression of an issue `i` by its user `u`, as ours has it
LIST = f"""SELECT json_build_object(
        'items', coalesce(json_agg({ISSUE} ORDER BY i.created_at DESC, i.uuid DESC), '[]'))::text
    FROM (SELECT * FROM issues_issue WHERE deleted_at IS NULL ORDER BY created_at DESC, uuid DESC LIMIT 100) i
    JOIN issues_user u ON u.id = i.created_by_id"""
ONE = f"""SELECT ({ISSUE})::text FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id
    WHERE i.uuid = %s AND i.deleted_at IS NULL"""
CREATE = f"""WITH i AS (
        INSERT INTO issues_issue (uuid, title, description, status, priority, tags, owner, created_by_id, created_at,
            changed_at, triaged_at, version, comment_count, file_count, plan_count)
        VALUES (gen_random_uuid(), %s, %s, 'open', 'low', %s, 'Unassigned', 1, now(), now(), now(), 1, 0, 0, 0)
        RETURNING *
    ), event AS (
        INSERT INTO issues_event (issue_id, actor_id, kind, data, created_at)
        SELECT id, 1, 'created', '{{}}', now() FROM i
    ) SELECT ({ISSUE})::text FROM i JOIN issues_user u ON u.id = i.created_by_id"""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """GET /issues, GET /issues/<uuid>, POST /issues; nothing else, and no errors."""
    connection = getattr(_LOCAL, "connection", None)
    if connection is None:
        connection = _LOCAL.connection = psycopg.connect(
            os.environ["FLOOR_CONNINFO"], autocommit=True, prepare_threshold=1
        )
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "POST":
        sent = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        row = connection.execute(
            CREATE, [sent["title"], json.dumps(sent["description"]), sent["tags"]]
        ).fetchone()
        status = "201 Created"
    elif path == "/issues":
        parse_qs(environ["QUERY_STRING"])
        row, status = connection.execute(LIST).fetchone(), "200 OK"
    else:
        row, status = connection.execute(ONE, [path.rpartition("/")[2]]).fetchone(), "200 OK"
    body = row[0].encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
