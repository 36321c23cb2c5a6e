"""What a verb may refuse. Each front end turns these into its own words and status codes."""

from collections.abc import Sequence
from uuid import UUID


class DomainError(Exception):
    """A rule that only the caller can do something about."""


class NotThere(DomainError):
    """Attachments or sessions that do not exist (or are deleted) were named in a link."""

    def __init__(self, field: str, missing: Sequence[UUID]) -> None:
        super().__init__(f"{field}: {', '.join(map(str, missing))} not found")
        self.field = field
        self.missing = list(missing)


class Gone(DomainError):
    """The thing was deleted before the verb reached it."""


class Conflict(DomainError):
    """The caller expected another version of the issue; nothing was changed."""

    def __init__(self, current_version: int) -> None:
        super().__init__(f"The issue is at version {current_version}.")
        self.current_version = current_version


class ChangedSince(DomainError):
    """These fields no longer have the value that the caller knew; nothing was changed."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"{', '.join(fields)} changed since.")
        self.fields = list(fields)


class NotYours(DomainError):
    """Only the author (or, to delete, an administrator) may do this to a comment."""
