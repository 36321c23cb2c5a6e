"""Questions about time: what happened between two moments, and how long it took. Parts of the filter language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.db.models import F, Q

# Names in addresses, the field of an issue, and how people say it.
HAPPENED = {
    "created": ("created_at", "Created"),
    "triaged": ("triaged_at", "Triaged"),
    "closed": ("closed_at", "Closed"),
    "first_closed": ("first_closed_at", "First closed"),
}
TOOK = {"took": ("closed_at", "Closed"), "triage_took": ("triaged_at", "Triaged")}


@dataclass(frozen=True, slots=True)
class Span:
    """Something happened from `since` on and before `until`; either may be open. In addresses `closed=A..B`."""

    name: str
    since: datetime | None
    until: datetime | None

    @classmethod
    def parse(cls, name: str, text: str) -> "Span | None":
        """Read `2026-11-16..2026-11-23` or moments such as `2026-11-15T23:00Z`, UTC; None for anything else."""
        since, dots, until = text.partition("..")
        try:
            span = cls(name, _moment(since), _moment(until))
        except (ValueError, OverflowError):
            return None
        return span if dots and (span.since or span.until) else None

    @property
    def value(self) -> str:
        return f"{_written(self.since)}..{_written(self.until)}"

    @property
    def label(self) -> str:
        return f"{HAPPENED[self.name][1]} {_between(_said(self.since), _said(self.until))}"

    def condition(self) -> Q:
        field = HAPPENED[self.name][0]
        condition = Q()
        if self.since is not None:
            condition &= Q(**{f"{field}__gte": self.since})
        if self.until is not None:
            condition &= Q(**{f"{field}__lt": self.until})
        return condition


@dataclass(frozen=True, slots=True)
class Wait:
    """It took at least `least` minutes and less than `below`; either may be open. In addresses `took=60..120`."""

    name: str
    least: int | None
    below: int | None

    LONGEST = 50 * 366 * 1440

    @classmethod
    def parse(cls, name: str, text: str) -> "Wait | None":
        least, dots, below = text.partition("..")
        if not all(
            part == "" or (part.isascii() and part.isdigit() and len(part) < 9) for part in (least, below)
        ):
            return None
        wait = cls(name, int(least) if least else None, int(below) if below else None)
        sane = max(wait.least or 0, wait.below or 0) <= cls.LONGEST
        return wait if dots and sane and (least or below) else None

    @property
    def value(self) -> str:
        return f"{'' if self.least is None else self.least}..{'' if self.below is None else self.below}"

    @property
    def label(self) -> str:
        said = [None if minutes is None else duration(minutes) for minutes in (self.least, self.below)]
        if said[0] is None or said[1] is None:
            return f"{TOOK[self.name][1]} " + (f"after {said[0]} or more" if said[0] else f"within {said[1]}")
        return f"{TOOK[self.name][1]} after {said[0]} to {said[1]}"

    def condition(self) -> Q:
        field = TOOK[self.name][0]
        condition = Q(**{f"{field}__isnull": False})
        if self.least:
            condition &= Q(**{f"{field}__gte": F("created_at") + timedelta(minutes=self.least)})
        if self.below is not None:
            condition &= Q(**{f"{field}__lt": F("created_at") + timedelta(minutes=self.below)})
        return condition


@dataclass(frozen=True, slots=True)
class NotClosed:
    """It was there and not closed when a moment came. In addresses `not_closed_at=2026-11-16`."""

    at: datetime
    name: ClassVar = "not_closed_at"

    @classmethod
    def parse(cls, text: str) -> "NotClosed | None":
        """Read a date or a moment, UTC; None for anything else."""
        try:
            moment = _moment(text)
        except (ValueError, OverflowError):
            return None
        return cls(moment) if moment else None

    @property
    def value(self) -> str:
        return _written(self.at)

    @property
    def label(self) -> str:
        return f"Not closed before {_said(self.at)}"

    def condition(self) -> Q:
        """As the dashboard counts: while an issue is not closed now, it never was."""
        return Q(created_at__lt=self.at) & (Q(closed_at__isnull=True) | Q(closed_at__gte=self.at))


Time = Span | Wait | NotClosed
NAMES = (*HAPPENED, *TOOK, NotClosed.name)


def parse(values: "Iterable[tuple[str, str]]") -> tuple[Time, ...]:
    """Every question about time among these names and values; what means nothing is left out."""
    found: list[Time | None] = []
    for name, value in values:
        if name in HAPPENED:
            found.append(Span.parse(name, value.strip()))
        elif name == NotClosed.name:
            found.append(NotClosed.parse(value.strip()))
        elif name in TOOK:
            found.append(Wait.parse(name, value.strip()))
    return tuple(dict.fromkeys(span for span in found if span is not None))


def duration(minutes: int) -> str:
    """As people read it, after `flow.step` has rounded it: `95 min`, `26 h`, `4.2 d`, `12 d`."""
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 2880:
        return f"{minutes // 60} h"
    if minutes % 1440 == 0 or minutes >= 14400:
        return f"{minutes // 1440} d"
    return f"{minutes // 144 / 10:.1f} d"


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _written(moment: datetime | None) -> str:
    if moment is None:
        return ""
    if moment.time() == moment.time().min:
        return moment.date().isoformat()
    return (
        moment.replace(tzinfo=None).isoformat(
            timespec="auto" if moment.second or moment.microsecond else "minutes"
        )
        + "Z"
    )


def _said(moment: datetime | None) -> str:
    if moment is None:
        return ""
    day = f"{moment.day} {moment:%b %Y}"
    return day if moment.time() == moment.time().min else f"{day} {moment:%H:%M} UTC"


def _between(since: str, until: str) -> str:
    if not since:
        return f"before {until}"
    return f"from {since} until {until}" if until else f"since {since}"
