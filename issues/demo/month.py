"""Tells the month: plans the findings in the order of time, then lets everything happen through the verbs."""

import io
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from issues.models import TROUBLESHOOTING_PLAN, Attachment, Issue, Session, User

from .signals import Signal, measure
from .story import BY_HAND, FAMILIES, PEOPLE, Family

FINDINGS = 200
DAYS = 30
NEWEST_UNTRIAGED = 7
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """One finding to come: when, what, and by whom."""

    at: datetime
    family: Family | None
    by_hand: tuple[str, tuple[str, ...], str, str] | None
    run: int


def tell(now: datetime, progress: Progress, seed: int = 7) -> int:
    """Make the demo data; how many findings there are. The same `now` gives the same month."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    team = [User.objects.create_person(email, name=name, role=role) for email, name, role in PEOPLE]
    agent = User.objects.agent()
    plans = _plans(now, dice)
    for n, plan in enumerate(plans, 1):
        untriaged = n > len(plans) - NEWEST_UNTRIAGED
        if plan.family:
            _finding(
                plan,
                plan.family,
                dice,
                agent,
                team,
                now,
                untriaged=untriaged,
                rich=n > len(plans) - 60 or n % 4 == 0,
            )
        else:
            _by_hand(plan, dice, team, now)
        progress(n, len(plans))
    return len(plans)


def _plans(now: datetime, dice: random.Random) -> list[Plan]:
    """Findings in the order of time: runs of the agent at night, people in the daytime, the design's own ones last."""
    plans: list[Plan] = []
    nights = [now - timedelta(days=DAYS - n, hours=5) for n in range(DAYS)]
    while len(plans) < FINDINGS - len(FAMILIES) - len(BY_HAND) * 2:
        night = dice.randrange(DAYS)
        at = nights[night] + timedelta(minutes=dice.randrange(200))
        plans.append(Plan(at, dice.choice(FAMILIES), None, night))
    for story in BY_HAND * 2:
        at = nights[dice.randrange(2, DAYS - 1)] + timedelta(hours=8, minutes=dice.randrange(400))
        plans.append(Plan(at, None, story, 0))
    for n, family in enumerate(reversed(FAMILIES)):
        plans.append(
            Plan(now - timedelta(hours=2 + 7 * (len(FAMILIES) - 1 - n)), family, None, DAYS + n // 4)
        )
    return sorted((plan for plan in plans if plan.at < now), key=lambda plan: plan.at)


def _finding(
    plan: Plan,
    family: Family,
    dice: random.Random,
    agent: User,
    team: list[User],
    now: datetime,
    *,
    untriaged: bool,
    rich: bool,
) -> None:
    """One finding of the agent, with its evidence and what became of it."""
    signal = measure(family.shape, dice)
    words = {
        "unit": dice.choice(family.units),
        "extreme": _number(signal.extreme),
        "duration": f"{signal.duration:g}",
        "limit": f"{family.shape.limit:g}",
    }
    title = family.title.format(**words)
    files: list[Attachment] = []
    sessions: list[Session] = []
    if rich:
        files.append(_store(agent, "telemetry.csv", signal.csv(), plan.at))
        files.append(_store(agent, "plot.png", signal.png(), plan.at))
        if dice.random() < 0.15:
            files.append(_store(agent, "report.pdf", signal.pdf(title), plan.at))
        if dice.random() < 0.3:
            sessions.append(
                Session.create(
                    by=agent, at=plan.at, title=f"Why {family.shape.column} leaves its band", attachments=[files[0].uuid],
                    description=f"Looked at {len(signal.values):,} samples of {family.shape.column} in {family.job} and compared with the last ten runs.",
                )
            )  # fmt: skip
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{family.job}/{plan.run}")
    issue = Issue.create(
        by=agent,
        at=plan.at,
        title=title,
        description=json.dumps(_description(family, signal, rich), ensure_ascii=False),
        priority=dice.choices(["high", "medium", "low", None], [25, 40, 30, 5])[0],
        tags=family.tags,
        attachments=[file.uuid for file in files],
        sessions=[session.uuid for session in sessions],
        job_run_id=run,
    )
    if rich and family.steps:
        plan_file = _store(agent, f"{family.shape.column.replace('_', '-')}-plan.md", _steps(family), plan.at)
        issue.add_file(
            by=agent,
            attachment=plan_file.uuid,
            file_type=TROUBLESHOOTING_PLAN,
            at=plan.at + timedelta(minutes=3),
        )
    clock = _Clock(plan.at, now, dice)
    if untriaged:
        return
    owner = dice.choice(team)
    if dice.random() < 0.75 and clock.later(1, 10):
        issue.change(by=owner, owner=owner.email, at=clock.at)
    _talk(issue, family.talk, clock, dice, team, owner)
    _decide(issue, family, clock, dice, owner)


def _decide(issue: Issue, family: Family, clock: "_Clock", dice: random.Random, owner: User) -> None:
    """What became of it: rejected with a reason, worked on, resolved, now and then reopened."""
    draw = dice.random()
    if draw < 0.24:
        if clock.later(1, 20):
            issue.change(by=owner, status="rejected", resolution_summary=family.rejected, at=clock.at)
        return
    if draw > 0.86:
        if clock.later(1, 6):
            issue.change(
                by=owner, status="open", priority="high" if draw > 0.93 else issue.priority, at=clock.at
            )
        return
    if clock.later(1, 30):
        issue.change(by=owner, status="in_progress", at=clock.at)
    if draw < 0.70 and clock.later(6, 140):
        issue.change(by=owner, status="resolved", resolution_summary=family.fixed, at=clock.at)
        if draw < 0.27 and clock.later(10, 60):
            issue.change(by=owner, status="open", resolution_summary=None, at=clock.at)
            issue.comment(
                by=owner, content="Seen again in the last run, so I take it up once more.", at=clock.at
            )


def _talk(
    issue: Issue, lines: tuple[str, ...], clock: "_Clock", dice: random.Random, team: list[User], owner: User
) -> None:
    """A thread in which people answer each other, with a reaction here and there."""
    if dice.random() < 0.35:
        return
    for n, line in enumerate(lines[: dice.randint(1, len(lines))]):
        if not clock.later(0.3, 9):
            return
        author = owner if n % 2 else dice.choice(team)
        comment = issue.comment(by=author, content=line, at=clock.at)
        for reader in dice.sample(team, dice.choice((0, 0, 0, 1, 2))):
            if reader != author:
                comment.react(dice.choice("👍👀🎯🔧"), by=reader, at=clock.at + timedelta(minutes=4))


def _by_hand(plan: Plan, dice: random.Random, team: list[User], now: datetime) -> None:
    """A finding that a person wrote down."""
    assert plan.by_hand is not None  # noqa: S101 - _plans gives one or the other
    title, tags, priority, text = plan.by_hand
    author, clock = dice.choice(team), _Clock(plan.at, now, dice)
    blocks = [{"type": "paragraph", "text": text}]
    issue = Issue.create(
        by=author,
        at=plan.at,
        title=title,
        description=json.dumps(blocks, ensure_ascii=False),
        tags=tags,
        priority=priority,
    )
    if dice.random() < 0.6 and clock.later(1, 12):
        issue.change(by=author, owner=dice.choice(team).email, at=clock.at)
    if dice.random() < 0.5 and clock.later(4, 90):
        issue.change(
            by=dice.choice(team), status="resolved", resolution_summary="Done and checked.", at=clock.at
        )
    elif dice.random() < 0.5 and clock.later(1, 20):
        issue.change(by=dice.choice(team), status="in_progress", at=clock.at)


class _Clock:
    """The time in one finding's life; it never runs past now."""

    def __init__(self, start: datetime, now: datetime, dice: random.Random) -> None:
        self.at, self._now, self._dice = start, now, dice

    def later(self, least: float, most: float) -> bool:
        """Move on by so many hours; False, and unmoved, if that were in the future."""
        moment = self.at + timedelta(hours=self._dice.uniform(least, most))
        if moment >= self._now:
            return False
        self.at = moment
        return True


def _description(family: Family, signal: Signal, rich: bool) -> list[dict[str, Any]]:
    """The claim in blocks; every number in it is read from the signal."""
    shape, side = signal.shape, "under" if signal.shape.peak < signal.shape.base else "over"
    reads = f"**{_number(signal.extreme)} {shape.unit}**"
    blocks: list[dict[str, Any]] = [
        {
            "type": "paragraph",
            "text": f"`{shape.column}` reached {reads} at {signal.at:g} s and was {side} the limit of {shape.limit:g} {shape.unit} for **{signal.duration:g} s**.",
        },
        {"type": "callout", "kind": "warning", "title": "Limit crossed.", "text": family.why},
        {"type": "heading", "level": 2, "text": "What the data shows"},
        {"type": "list", "items": list(family.observations)},
        {
            "type": "table",
            "header": ["Quantity", "Measured", "Limit"],
            "rows": [
                ["Extreme", f"{_number(signal.extreme)} {shape.unit}", f"{shape.limit:g} {shape.unit}"],
                [f"Time {side} the limit", f"{signal.duration:g} s", "0 s"],
                ["First crossing", f"{signal.begin:g} s", ""],
            ],
        },
    ]
    blocks.append(
        {
            "type": "plot",
            "file": "telemetry.csv",
            "columns": [shape.column],
            "limits": [{"value": shape.limit, "label": "Limit"}],
            "label": f"{shape.column} over the run",
        }
    )
    if rich:
        compare = "<" if side == "under" else ">"
        ends = "min" if side == "under" else "max"
        code = f'df = read("telemetry.csv")\ndf["{shape.column}"].{ends}()  # {signal.extreme:.3f}\n(df["{shape.column}"] {compare} {shape.limit:g}).any()  # True'
        blocks += [
            {"type": "heading", "level": 2, "text": "How to reproduce the numbers"},
            {"type": "code", "language": "python", "text": code},
        ]
    return blocks


def _number(value: float) -> str:
    """Three significant digits and a true minus."""
    digits = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
    return digits.replace("-", "−")


def _steps(family: Family) -> bytes:
    steps = "\n".join(f"{n}. [ ] {step}" for n, step in enumerate(family.steps, 1))
    return f"# Troubleshooting plan\n\n{family.why}\n\n{steps}\n".encode()


def _store(by: User, name: str, content: bytes, at: datetime) -> Attachment:
    return Attachment.store(by=by, name=name, content=io.BytesIO(content), at=at)
