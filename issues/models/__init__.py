"""The domain: what is true, what may happen, what happened. Everything other layers may use is named here."""

from . import (
    attempts,
    bulk,
    counts,
    flow,
    kept_json,
    limits,
    people,
    rate_limit,
    search_index,
    search_text,
    spans,
    undo,
)
from .account import ApiToken, Role, Scope, User
from .attachment import Attachment
from .browser_session import BrowserSession
from .comment import Comment, CommentAttachment, Reaction
from .counts import CountDelta
from .emoji import OFFERED, emoji_name, is_emoji
from .errors import (
    ChangedSince,
    Conflict,
    DomainError,
    Gone,
    NoRoom,
    NotThere,
    NotYours,
    StoreAway,
    TooLarge,
    TooMany,
)
from .event import Event, EventKind
from .flow import FlowEdition, FlowFact, FlowSum, FlowWaits
from .idempotency import RememberedReply, StillRunning
from .issue import (
    CLOSED,
    Issue,
    IssueAttachment,
    IssueFields,
    IssueReaction,
    IssueSession,
    Priority,
    Status,
)
from .issue_file import TROUBLESHOOTING_PLAN, IssueFile
from .kept_json import KeptJson, KeptUntil
from .people import AccountEvent, AccountEventKind
from .plan import Progress, StepTick
from .rate_limit import RateCount
from .reading import Channel, FileKind, Reading, ReadingState
from .saved_view import SavedView, ViewPin
from .search_index import SearchBlock, SearchDay, SearchNote, SearchTerm
from .search_text import SearchText
from .selection import SELECTION_MAX, Selection
from .session import DEFAULT_TITLE, Session, SessionAttachment
from .storage import all_or_nothing
from .undo import AlreadyUndone, CannotUndo, NotUndoable, Overtaken, PartsAreGone, Undone

__all__ = [
    "CLOSED",
    "DEFAULT_TITLE",
    "OFFERED",
    "SELECTION_MAX",
    "TROUBLESHOOTING_PLAN",
    "AccountEvent",
    "AccountEventKind",
    "AlreadyUndone",
    "ApiToken",
    "Attachment",
    "BrowserSession",
    "CannotUndo",
    "ChangedSince",
    "Channel",
    "Comment",
    "CommentAttachment",
    "Conflict",
    "CountDelta",
    "DomainError",
    "Event",
    "EventKind",
    "FileKind",
    "FlowEdition",
    "FlowFact",
    "FlowSum",
    "FlowWaits",
    "Gone",
    "Issue",
    "IssueAttachment",
    "IssueFields",
    "IssueFile",
    "IssueReaction",
    "IssueSession",
    "KeptJson",
    "KeptUntil",
    "NoRoom",
    "NotThere",
    "NotUndoable",
    "NotYours",
    "Overtaken",
    "PartsAreGone",
    "Priority",
    "Progress",
    "RateCount",
    "Reaction",
    "Reading",
    "ReadingState",
    "RememberedReply",
    "Role",
    "SavedView",
    "Scope",
    "SearchBlock",
    "SearchDay",
    "SearchNote",
    "SearchTerm",
    "SearchText",
    "Selection",
    "Session",
    "SessionAttachment",
    "Status",
    "StepTick",
    "StillRunning",
    "StoreAway",
    "TooLarge",
    "TooMany",
    "Undone",
    "User",
    "ViewPin",
    "all_or_nothing",
    "attempts",
    "bulk",
    "counts",
    "emoji_name",
    "flow",
    "is_emoji",
    "kept_json",
    "limits",
    "people",
    "rate_limit",
    "search_index",
    "search_text",
    "spans",
    "undo",
]
