"""What a verb may refuse. Each front end turns these into its own words and status codes."""

from collections.abc import Sequence
from errno import EDQUOT, ENOSPC
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


class TooLarge(DomainError):
    """An upload of more bytes than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The upload is over {limit:,} bytes.")
        self.limit = limit


class TooMany(DomainError):
    """An upload of more files than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} files can be sent at a time.")


class NoRoom(DomainError):
    """The disk (or the quota) is full; nothing was kept."""

    def __init__(self) -> None:
        super().__init__("There is no room for the file. Nothing was kept.")


class StoreAway(DomainError):
    """The file store does not answer; nothing was kept."""

    def __init__(self) -> None:
        super().__init__("The file store does not answer.")


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)
