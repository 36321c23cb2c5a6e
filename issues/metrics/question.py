"""What somebody asks the dashboard: a period, a tag, an owner, who found it; and the weeks of where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from issues.models.spans import Time
from issues.queries import IssueFilter
from issues.search import NONE

UTC_ZONE = ZoneInfo("UTC")
NOT_CLOSED = ("open", "in_progress", NONE)


@dataclass(frozen=True, slots=True)
class Period:
    """`weeks` in all, this one last; bars show `bar` weeks each, shares and medians `point` weeks each."""

    key: str
    short: str
    words: str
    weeks: int
    bar: int
    point: int


PERIODS = {
    period.key: period
    for period in (
        Period("4w", "4 w", "4 weeks", 4, 1, 1),
        Period("12w", "12 w", "12 weeks", 12, 1, 2),
        Period("1y", "1 y", "52 weeks", 52, 4, 4),
    )
}
DEFAULT = PERIODS["12w"]


@dataclass(frozen=True, slots=True)
class Question:
    """One view of the dashboard; its address says all of it but the time zone, which is the viewer's."""

    period: Period = DEFAULT
    tag: str = ""
    owner: str = ""
    by: str = ""  # "people" or "atlas"
    zone: ZoneInfo = UTC_ZONE

    @classmethod
    def parse(cls, parameters: Mapping[str, str], zone: ZoneInfo = UTC_ZONE) -> "Question":
        """Read `period tag owner by`; what means nothing filters nothing."""
        by = parameters.get("by", "")
        return cls(
            period=PERIODS.get(parameters.get("period", ""), DEFAULT),
            tag=parameters.get("tag", "").replace("\0", "").strip(),
            owner=parameters.get("owner", "").replace("\0", "").strip(),
            by=by if by in IssueFilter.BY else "",
            zone=zone,
        )

    def query_string(self, **other: str) -> str:
        """This question as an address, with `other` values in place of some."""
        values = {
            "period": "" if self.period == DEFAULT else self.period.key,
            "tag": self.tag,
            "owner": self.owner,
            "by": self.by,
        } | other
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def filters(self) -> int:
        """How many things narrow it."""
        return sum(map(bool, (self.tag, self.owner, self.by)))

    @property
    def words(self) -> str:
        """What is shown, as a heading says it: `Last 12 weeks, tag power, Atlas`."""
        parts = [f"Last {self.period.words}", f"tag {self.tag}" if self.tag else "all tags"]
        parts += [f"owner {self.owner}"] if self.owner else []
        parts += [{"atlas": "found by Atlas", "people": "found by people"}[self.by]] if self.by else []
        return ", ".join(parts)

    def monday(self, now: datetime, weeks_ago: int = 0) -> datetime:
        """When the week of `now` began where the viewer is, or an earlier one (a later one for less than 0)."""
        today = now.astimezone(self.zone).date()
        return self.midnight(today - timedelta(days=today.weekday(), weeks=weeks_ago))

    def midnight(self, day: date) -> datetime:
        """When a day begins where the viewer is, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def day(self, moment: datetime) -> str:
        """A moment's date where the viewer is: `16 Nov`."""
        local = moment.astimezone(self.zone)
        return f"{local.day} {local:%b}"

    def issues(self, *times: Time, by: str | None = None, **filters: Any) -> str:
        """The address of the list of exactly those issues that a number counted."""
        wanted = IssueFilter(
            tags=(self.tag,) if self.tag else (),
            owners=(self.owner,) if self.owner else (),
            by=self.by if by is None else by,
            times=times,
        )
        return f"/list?{replace(wanted, **filters).query_string()}"
