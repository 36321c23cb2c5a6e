"""What the API shows, built by PostgreSQL: the one place where rows become JSON.

Reading rows into Python and writing JSON there takes several times as long. The order of the fields is the documented
one; `tests/api` holds these statements against the types in types.py.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from uuid import UUID

from django.db import connection

from issues.models import Issue, kept_json
from issues.models.account import AGENT_NAME
from issues.models.ids import as_array


def _moment(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _name(user: str) -> str:
    return f"CASE WHEN {user}.is_agent THEN '{AGENT_NAME}' ELSE {user}.email END"


def _in_one_line(sql: str) -> str:
    return " ".join(sql.split())


_ATTACHMENT = f"""json_build_object(
    'attachment_id', a.uuid, 'attachment_name', a.name, 'attachment_type', a.extension,
    'attachment_title', a.title, 'attachment_description', a.description, 'attachment_citation', a.citation,
    'attachment_source_session_id',
        (SELECT origin.uuid FROM issues_session origin WHERE origin.id = a.source_session_id),
    'attachment_created_by', {_name("au")}, 'attachment_created_at', {_moment("a.created_at")},
    'is_visible', a.is_visible)"""
_SESSION_FIELDS = f"""'session_id', s.uuid, 'session_title', s.title, 'session_description', s.description,
    'session_created_by', {_name("su")}, 'session_created_at', {_moment("s.created_at")},
    'imported_projects', '[]'::json, 'is_starred', s.starred_at IS NOT NULL, 'starred_at', {_moment("s.starred_at")}"""
_FILES_OF_SESSION = f"""coalesce((
    SELECT json_agg({_ATTACHMENT} ORDER BY l.id) FROM issues_sessionattachment l
    JOIN issues_attachment a ON a.id = l.attachment_id JOIN issues_user au ON au.id = a.created_by_id
    WHERE l.session_id = s.id), '[]')"""
_FILES_OF_COMMENT = f"""coalesce((
    SELECT json_agg({_ATTACHMENT} ORDER BY l.id) FROM issues_commentattachment l
    JOIN issues_attachment a ON a.id = l.attachment_id JOIN issues_user au ON au.id = a.created_by_id
    WHERE l.comment_id = c.id), '[]')"""
_REACTIONS = """coalesce((
    SELECT json_agg(json_build_object('emoji', emoji, 'count', count, 'users', users) ORDER BY first) FROM (
        SELECT r.emoji, count(*), min(r.id) AS first,
            json_agg(CASE WHEN ru.is_agent THEN '{agent}' ELSE ru.email END ORDER BY r.id) AS users
        FROM issues_reaction r JOIN issues_user ru ON ru.id = r.user_id WHERE r.comment_id = c.id GROUP BY r.emoji
    ) summary), '[]')""".replace("{agent}", AGENT_NAME)

# An issue `i` with its creator `u`. In one line: psycopg keeps what it makes of a statement of up to 4 kB.
ISSUE = _in_one_line(f"""json_build_object(
    'uuid', i.uuid, 'title', i.title, 'description', i.description, 'status', i.status, 'priority', i.priority,
    'tags', i.tags, 'owner', i.owner, 'resolution_summary', i.resolution_summary,
    'created_by', {_name("u")}, 'created_at', {_moment("i.created_at")},
    'sessions', coalesce((
        SELECT json_agg(json_build_object({_SESSION_FIELDS}) ORDER BY l.id) FROM issues_issuesession l
        JOIN issues_session s ON s.id = l.session_id JOIN issues_user su ON su.id = s.created_by_id
        WHERE l.issue_id = i.id), '[]'),
    'attachments', CASE WHEN i.file_count = 0 THEN '[]' ELSE coalesce((
        SELECT json_agg({_ATTACHMENT} ORDER BY l.id) FROM issues_issueattachment l
        JOIN issues_attachment a ON a.id = l.attachment_id JOIN issues_user au ON au.id = a.created_by_id
        WHERE l.issue_id = i.id), '[]') END,
    'session_attachments', coalesce((
        SELECT json_agg({_ATTACHMENT} ORDER BY f.place) FROM (
            SELECT sa.attachment_id,
                row_number() OVER (ORDER BY min(l.id), min(sa.id)) AS place
            FROM issues_issuesession l JOIN issues_sessionattachment sa ON sa.session_id = l.session_id
            WHERE l.issue_id = i.id GROUP BY sa.attachment_id
        ) f JOIN issues_attachment a ON a.id = f.attachment_id JOIN issues_user au ON au.id = a.created_by_id), '[]'),
    'job_run_id', i.job_run_id)""")
_ISSUES = f"""
SELECT i.id, i.version, coalesce(k.text, ({ISSUE})::text)
FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id
{kept_json.KEPT}
WHERE i.id = ANY(%s::bigint[]) AND i.deleted_at IS NULL
"""
_COMMENT = f"""json_build_object('uuid', c.uuid,
    'content', CASE WHEN c.deleted_at IS NULL THEN c.content ELSE '' END,
    'attachments', CASE WHEN c.deleted_at IS NULL THEN {_FILES_OF_COMMENT} ELSE '[]' END,
    'created_by', {_name("cu")}, 'created_at', {_moment("c.created_at")}, 'updated_at', {_moment("c.updated_at")},
    'is_edited', c.is_edited, 'is_deleted', c.deleted_at IS NOT NULL,
    'reactions', CASE WHEN c.deleted_at IS NULL THEN {_REACTIONS} ELSE '[]' END)::text"""
_FILE = f"""json_build_object('uuid', f.uuid, 'file_name', f.file_name, 'file_type', f.file_type,
    'attachment_id', a.uuid, 'created_at', {_moment("f.created_at")})::text"""


def issue_fragments(ids: Sequence[int]) -> Mapping[tuple[int, int], bytes]:
    """The JSON of these issues by (id, version), in one statement. What Fragments makes the missing ones with."""
    with connection.cursor() as cursor:
        cursor.execute(_ISSUES, [as_array(ids)])
        return {(id_, version): text.encode() for id_, version, text in cursor.fetchall()}


def keep_issues(*, seconds: float = float("inf")) -> int:
    """Keep the JSON of what was filed or changed since the last time, for about `seconds`; how many issues."""
    return kept_json.keep(ISSUE, seconds=seconds)


def new_issue(issue: Issue) -> bytes:
    """The JSON of an issue that was created a moment ago and has no links: letter by letter what PostgreSQL would say.

    It saves the round trip that would ask for what is known already. `tests/api` holds the two against each other.
    """
    members = {
        "uuid": _json(str(issue.uuid)),
        "title": _json(issue.title),
        "description": issue.description,
        "status": _json(issue.status),
        "priority": _json(issue.priority),
        "tags": f"[{','.join(map(_json, issue.tags))}]",
        "owner": _json(issue.owner),
        "resolution_summary": _json(issue.resolution_summary),
        "created_by": _json(issue.created_by.public_name),
        "created_at": issue.created_at.astimezone(UTC).strftime('"%Y-%m-%dT%H:%M:%S.%fZ"'),
        "sessions": "[]",
        "attachments": "[]",
        "session_attachments": "[]",
        "job_run_id": _json(str(issue.job_run_id) if issue.job_run_id else None),
    }
    return ("{" + ", ".join(f'"{name}" : {value}' for name, value in members.items()) + "}").encode()


_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes an encoder for each text


def comments(issue_id: int, limit: int, offset: int) -> tuple[list[bytes], int]:
    """A page of an issue's comments, oldest first, tombstones included, and how many there are."""
    return _page(
        f"SELECT {_COMMENT} FROM issues_comment c JOIN issues_user cu ON cu.id = c.created_by_id "
        "WHERE c.issue_id = %s ORDER BY c.created_at, c.uuid LIMIT %s OFFSET %s",
        "SELECT count(*) FROM issues_comment WHERE issue_id = %s",
        [issue_id],
        limit,
        offset,
    )


def comment(uuid: UUID) -> bytes:
    """One comment."""
    return _one(
        f"SELECT {_COMMENT} FROM issues_comment c JOIN issues_user cu ON cu.id = c.created_by_id WHERE c.uuid = %s",
        uuid,
    )


def files(issue_id: int, file_type: str | None) -> list[bytes]:
    """An issue's files, oldest first, of one type if one is given."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_FILE} FROM issues_issuefile f JOIN issues_attachment a ON a.id = f.attachment_id "
            "WHERE f.issue_id = %s AND (%s::text IS NULL OR f.file_type = %s) ORDER BY f.created_at, f.uuid",
            [issue_id, file_type, file_type],
        )
        return [text.encode() for (text,) in cursor.fetchall()]


def file(uuid: UUID) -> bytes:
    """One issue file."""
    return _one(
        f"SELECT {_FILE} FROM issues_issuefile f JOIN issues_attachment a ON a.id = f.attachment_id WHERE f.uuid = %s",
        uuid,
    )


def sessions(limit: int, offset: int) -> tuple[list[bytes], int]:
    """A page of the sessions, newest first, without their files, and how many there are."""
    return _page(
        f"SELECT json_build_object({_SESSION_FIELDS})::text FROM issues_session s "
        "JOIN issues_user su ON su.id = s.created_by_id WHERE s.deleted_at IS NULL "
        "ORDER BY s.created_at DESC, s.uuid DESC LIMIT %s OFFSET %s",
        "SELECT count(*) FROM issues_session WHERE deleted_at IS NULL",
        [],
        limit,
        offset,
    )


def session(uuid: UUID) -> bytes:
    """One session with its files."""
    return _one(
        f"SELECT json_build_object({_SESSION_FIELDS}, 'attachments', {_FILES_OF_SESSION})::text "
        "FROM issues_session s JOIN issues_user su ON su.id = s.created_by_id WHERE s.uuid = %s",
        uuid,
    )


def attachment(uuid: UUID) -> bytes:
    """One attachment."""
    [found] = attachments([uuid])
    return found


def attachments(uuids: Sequence[UUID]) -> list[bytes]:
    """These attachments, in this order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.uuid, {_ATTACHMENT}::text FROM issues_attachment a "
            "JOIN issues_user au ON au.id = a.created_by_id WHERE a.uuid = ANY(%s)",
            [list(uuids)],
        )
        found = dict(cursor.fetchall())
    return [found[uuid].encode() for uuid in uuids]


def collection(items: Sequence[bytes], count: int) -> bytes:
    """`{"items": […], "count": N}` from ready-made items."""
    return b'{"items":[' + b",".join(items) + b'],"count":' + str(count).encode() + b"}"


def _one(statement: str, uuid: UUID) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(statement, [uuid])
        [text] = cursor.fetchone()
    return bytes(text.encode())


def _page(
    statement: str, count: str, parameters: list[int], limit: int, offset: int
) -> tuple[list[bytes], int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, limit, offset])
        items = [text.encode() for (text,) in cursor.fetchall()]
        cursor.execute(count, parameters)
        [total] = cursor.fetchone()
    return items, total
