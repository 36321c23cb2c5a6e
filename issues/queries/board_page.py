"""A page of a column of the board, and the place where the next one begins."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .rows import Row


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a board column ended: what comes after it is the next page."""

    rank: int
    changed_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.rank}.{int(self.changed_at.timestamp() * 1_000_000)}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Read what `str()` wrote; None for anything else."""
        try:
            rank, micros, id_ = (int(part) for part in text.split("."))
            changed_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        except (ValueError, OverflowError):
            return None
        return cls(rank, changed_at, id_) if 0 <= rank <= 3 and 0 < id_ < 2**63 else None


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """A page of a board column: what to show, and where the next page begins (None at the end)."""

    rows: list[Row] = field(default_factory=list)
    next: Place | None = None


def column_page(found: list[tuple[int, int, int, datetime]], limit: int) -> ColumnPage:
    """A page from one row more than it shows: (id, version, rank, changed_at)."""
    page = found[:limit]
    more = len(found) > limit
    return ColumnPage(
        rows=[(id_, version) for id_, version, _, _ in page],
        next=Place(page[-1][2], page[-1][3], page[-1][0]) if more else None,
    )
