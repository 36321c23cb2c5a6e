"""The replies, as types: what the reference is made from and the tests hold every reply against."""

from typing import Any

from msgspec import Struct

from issues.input import PriorityName, StatusName


class Attachment(Struct):
    """A stored file."""

    attachment_id: str
    attachment_name: str
    attachment_type: str
    attachment_title: str
    attachment_description: str
    attachment_citation: str
    attachment_source_session_id: str | None
    attachment_created_by: str
    attachment_created_at: str
    is_visible: bool


class LinkedSession(Struct):
    """A session as issues and lists show it, without its files."""

    session_id: str
    session_title: str
    session_description: str
    session_created_by: str
    session_created_at: str
    imported_projects: list[str]
    is_starred: bool
    starred_at: str | None


class Session(LinkedSession):
    """A session with its files."""

    attachments: list[Attachment]


class Issue(Struct):
    """A finding."""

    uuid: str
    title: str
    description: list[dict[str, Any]]
    status: StatusName | None
    priority: PriorityName | None
    tags: list[str]
    owner: str
    resolution_summary: str | None
    created_by: str
    created_at: str
    sessions: list[LinkedSession]
    attachments: list[Attachment]
    session_attachments: list[Attachment]
    job_run_id: str | None


class Reaction(Struct):
    """One emoji on a comment, and who used it."""

    emoji: str
    count: int
    users: list[str]


class Comment(Struct):
    """A remark on an issue; a tombstone once it is deleted."""

    uuid: str
    content: str
    attachments: list[Attachment]
    created_by: str
    created_at: str
    updated_at: str
    is_edited: bool
    is_deleted: bool
    reactions: list[Reaction]


class IssueFile(Struct):
    """An attachment in a role."""

    uuid: str
    file_name: str
    file_type: str
    attachment_id: str
    created_at: str


class Step(Struct):
    """One step of a troubleshooting plan; `said_by` and `said_at` are null when the plan itself says so."""

    step: str
    text: str
    is_done: bool
    said_by: str | None
    said_at: str | None


class IssueList(Struct):
    """A page of issues, and how many match in all."""

    items: list[Issue]
    count: int


class CommentList(Struct):
    """A page of comments, and how many there are."""

    items: list[Comment]
    count: int


class IssueFileList(Struct):
    """An issue's files."""

    items: list[IssueFile]
    count: int


class StepList(Struct):
    """The steps of a plan, how many there are, and how many of them are done."""

    items: list[Step]
    count: int
    done: int


class SessionList(Struct):
    """A page of sessions, and how many there are."""

    items: list[LinkedSession]
    count: int


class AttachmentList(Struct):
    """A page of attachments, and how many match."""

    items: list[Attachment]
    count: int


class Export(Struct):
    """An address that serves a file's bytes without a token until it expires."""

    url: str
    expires_at: str


class ProblemDetail(Struct):
    """One thing wrong with a request."""

    pointer: str
    detail: str


class ProblemReply(Struct):
    """What every error says (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemDetail]
