"""Tells the month: plans the findings in the order of time, then lets everything happen through the verbs."""

import io
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from issues.models import TROUBLESHOOTING_PLAN, Attachment, Issue, IssueFile, Session, User

from .signals import Signal, measure
from .story import AGAIN, BY_HAND, FAMILIES, JOBS, PEOPLE, REJECTED_AGAIN, Family

FINDINGS = 200
DAYS = 30  # the month; a tenth of the findings are from the eight weeks before
WEEKS_BEFORE = 8
UNTRIAGED, OPEN, IN_PROGRESS = 7, 10, 10  # what the month ends with; the untriaged are open as well
WITH_EVIDENCE = 75  # the newest findings of the agent have their files, and every third of the older ones
Progress = Callable[[int, int], None]


class Fate(Enum):
    """What has become of a finding when the month ends."""

    UNTRIAGED = auto()
    OPEN = auto()
    IN_PROGRESS = auto()
    CLOSED = auto()


@dataclass(slots=True)
class Plan:
    """One finding to come: when, what, how it will end, and what a reader may expect of it."""

    at: datetime
    family: Family | None = None
    by_hand: tuple[str, tuple[str, ...], str, str, str] | None = None
    fate: Fate = Fate.CLOSED
    has_evidence: bool = False
    is_last: bool = False  # the newest of its family, on top of the board


@dataclass
class Month:
    """The people, the dice, and what of each family was told already."""

    now: datetime
    dice: random.Random
    team: list[User]
    agent: User
    before: dict[str, Issue] = field(default_factory=dict)  # by channel: the finding before of that family
    units: dict[str, int] = field(default_factory=dict)  # by channel: how many there were


def tell(now: datetime, progress: Progress, seed: int = 7) -> int:
    """Make the demo data; how many findings there are. The same `now` gives the same month."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    team = [User.objects.create_person(email, name=name, role=role) for email, name, role in PEOPLE]
    month = Month(now, dice, team, User.objects.agent())
    plans = _plans(now, dice)
    for n, plan in enumerate(plans, 1):
        if plan.family:
            _finding(month, plan, plan.family)
        else:
            _by_hand(month, plan)
        progress(n, len(plans))
    _review(month)
    return len(plans)


# The plan


def _plans(now: datetime, dice: random.Random) -> list[Plan]:
    """Findings in the order of time: the agent's at night, people's in the daytime, one of each family at the end."""
    last = [
        Plan(now - timedelta(hours=2 + 5 * n, minutes=dice.randrange(50)), family, is_last=True)
        for n, family in enumerate(FAMILIES[:12])
    ]
    last += [
        Plan(now - timedelta(days=3.2 + n * 0.7, hours=dice.uniform(0, 6)), family)
        for n, family in enumerate(FAMILIES[12:])
    ]
    by_hand = [
        Plan(
            _daytime(now - timedelta(days=1 + n * 1.35)) + timedelta(minutes=dice.randrange(400)), None, story
        )
        for n, story in enumerate(BY_HAND)
    ]
    others = FINDINGS - len(last) - len(by_hand)
    older = FINDINGS // 10
    ages = [dice.uniform(1.5, DAYS) for _ in range(others - older)]
    ages += [DAYS + dice.uniform(0, 7 * WEEKS_BEFORE) for _ in range(older)]
    # Every family as often as the others, in an order of its own.
    families = [
        family for _ in range(others // len(FAMILIES) + 1) for family in dice.sample(FAMILIES, len(FAMILIES))
    ]
    rest = [
        Plan(_night(now - timedelta(days=age)) + timedelta(minutes=dice.randrange(300)), family)
        for age, family in zip(ages, families, strict=False)
    ]
    plans = sorted((plan for plan in last + by_hand + rest if plan.at < now), key=lambda plan: plan.at)
    _give_fates(plans, dice)
    return plans


def _give_fates(plans: list[Plan], dice: random.Random) -> None:
    """The newest of the agent's wait for a person; most of what is open or worked on is from the last two weeks."""
    agents = [plan for plan in plans if plan.family]
    for n, plan in enumerate(reversed(agents)):
        plan.has_evidence = n < WITH_EVIDENCE or n % 3 == 0
    for plan in agents[-UNTRIAGED:]:
        plan.fate = Fate.UNTRIAGED
    decided = [plan for plan in plans if plan.fate is Fate.CLOSED]
    newest, older = decided[-26:], decided[-140:-26]
    waiting = dice.sample(newest, OPEN + IN_PROGRESS - 6) + dice.sample(older, 6)
    dice.shuffle(waiting)
    for n, plan in enumerate(waiting):
        plan.fate = Fate.OPEN if n < OPEN else Fate.IN_PROGRESS


def _night(moment: datetime) -> datetime:
    return moment.replace(hour=22, minute=0, second=0, microsecond=0) - timedelta(days=1)


def _daytime(moment: datetime) -> datetime:
    return moment.replace(hour=8, minute=30, second=0, microsecond=0)


# One finding


def _finding(month: Month, plan: Plan, family: Family) -> None:
    """One finding of the agent, with its evidence and what became of it."""
    dice, agent = month.dice, month.agent
    signal = measure(family.shape, dice)
    told = month.units.get(family.shape.column, 0)
    month.units[family.shape.column] = told + 1
    nth = 0 if plan.is_last else told
    words = _words(family, signal, family.units[nth % len(family.units)])
    title = family.titles[nth // 2 % len(family.titles)].format(**words)
    run = JOBS[family.job] + (plan.at - month.now).days + DAYS
    name = f"{family.job} {run}"
    files, sessions = _evidence(month, plan, family, signal, title, name)
    issue = Issue.create(
        by=agent,
        at=plan.at,
        title=title,
        description=_json(_description(family, signal, words, name, plan.has_evidence)),
        priority=dice.choices(["high", "medium", "low", None], [22, 42, 31, 5])[0],
        tags=family.tags,
        attachments=[file.uuid for file in files],
        sessions=[session.uuid for session in sessions],
        job_run_id=uuid.uuid5(uuid.NAMESPACE_URL, name),
    )
    steps = None
    if plan.has_evidence and family.steps:
        content = _steps(family, words)
        file = _store(agent, f"{family.shape.column.replace('_', '-')}-plan.md", content, plan.at)
        moment = plan.at + timedelta(minutes=3)
        steps = issue.add_file(by=agent, attachment=file.uuid, file_type=TROUBLESHOOTING_PLAN, at=moment)
    earlier = month.before.get(family.shape.column)
    month.before[family.shape.column] = issue
    if plan.fate is Fate.UNTRIAGED:
        return
    clock = _Clock(plan.at, month.now, dice)
    owner = dice.choice(month.team)
    if earlier is None or told < 2:
        thread = family.talk
    else:
        thread = tuple(line.format(earlier=earlier.reference) for line in dice.choice(AGAIN))
    is_rejected = plan.fate is Fate.CLOSED and dice.random() < 0.26
    if is_rejected:
        reason = family.rejected
        if earlier is not None and dice.random() < 0.35:
            reason = dice.choice(REJECTED_AGAIN).format(earlier=earlier.reference)
        _talk(month, issue, thread[:1], clock, owner)
        _reject(issue, reason, clock, owner)
    else:
        _take(issue, plan.fate, clock, owner, dice)
        _work(month, issue, plan.fate, thread, family.fixed, clock, owner, steps)


def _evidence(
    month: Month, plan: Plan, family: Family, signal: Signal, title: str, run: str
) -> tuple[list[Attachment], list[Session]]:
    """The files of a finding, and now and then the conversation that it came out of."""
    if not plan.has_evidence:
        return [], []
    agent, dice, shape = month.agent, month.dice, family.shape
    files = [
        _store(agent, "telemetry.csv", signal.csv(), plan.at),
        _store(agent, "plot.png", signal.png(), plan.at),
    ]
    if dice.random() < 0.15:
        lines = [
            f"Run: {run}",
            f"Channel: {shape.column}, {len(signal.values):,} samples at {shape.rate:g} Hz",
            f"Extreme: {_number(signal.extreme)} {shape.unit} at {signal.at:g} s, limit {shape.limit:g} {shape.unit}",
            f"Beyond the limit: {signal.duration:g} s in all, first at {signal.begin:g} s",
            family.why,
        ]
        files.append(_store(agent, "report.pdf", signal.pdf(title, lines), plan.at))
    if dice.random() >= 0.3:
        return files, []
    session = Session.create(
        by=agent,
        at=plan.at,
        title=f"Why {shape.column} leaves its band in {run}",
        description=f"Read {len(signal.values):,} samples of {shape.column} and {shape.witness} from {run}, and compared "
        f"them with the ten runs before. {dice.choice(_CONCLUSIONS)}",
        attachments=[files[0].uuid, _store(agent, "transcript.txt", _transcript(month, family, signal, run), plan.at).uuid],
    )  # fmt: skip
    return files, [session]


def _transcript(month: Month, family: Family, signal: Signal, run: str) -> bytes:
    """What was said over the data; the numbers are the signal's."""
    shape = family.shape
    asker = month.team[len(shape.column) % len(month.team)].name.split()[0]
    said = [
        ("Atlas", f"I read {run}: {len(signal.values):,} samples of {shape.column} at {shape.rate:g} Hz."),
        ("Atlas", f"It leaves its band at {signal.begin:g} s and is back at {signal.end:g} s."),
        (asker, "How far does it go?"),
        ("Atlas", f"To {_number(signal.extreme)} {shape.unit}, at {signal.at:g} s. The limit is {shape.limit:g} {shape.unit}."),
        (asker, f"Does {shape.witness} move with it?"),
        ("Atlas", f"No. It stays between {_number(min(signal.witness))} and {_number(max(signal.witness))}."),
        (asker, "So it is not the load. Have we seen this shape before?"),
        ("Atlas", "Not in the ten runs before this one. " + family.why),
        (asker, "File it, please, with the plot and the numbers."),
    ]  # fmt: skip
    lines = [f"[{n * 17 // 60:02}:{n * 17 % 60:02}] {who}: {words}" for n, (who, words) in enumerate(said)]
    return ("\n".join(lines) + "\n").encode()


def _review(month: Month) -> None:
    """The meeting that went through the cold soak: one session, and the findings that it took up."""
    at = month.now - timedelta(hours=20)
    lead, *others = month.team
    names = [person.name.split()[0] for person in month.team]
    taken = list(Issue.objects.filter(tags__contains=["tvac"], changed_at__lt=at).order_by("-created_at")[:6])
    lines = [f"[{n:02}:00] {names[n % len(names)]}: {issue.title}." for n, issue in enumerate(taken)]
    minutes = _store(lead, "minutes.md", "\n".join(["# Cold soak review", "", *lines, ""]).encode(), at)
    session = Session.create(
        by=lead,
        at=at,
        title="TVAC cold soak review",
        description=f"With {', '.join(names[1:4])}. Went through the findings of the last cold soak.\n\nDecided:\n\n"
        "- the strap torque is measured **before** the next eclipse\n- no hardware is moved without a photograph",
        attachments=[minutes.uuid],
    )
    session.change(by=others[0], starred=True, at=at + timedelta(minutes=50))
    for issue in taken:
        linked = issue.sessions.order_by("issue_links").values_list("uuid", flat=True)
        issue.change(by=lead, sessions=[*linked, session.uuid], at=at + timedelta(minutes=30))


_CONCLUSIONS = (
    "None of them crosses the limit.",
    "Two of them come close; this is the first that crosses.",
    "The neighbouring channel does not move, so the cause is in this one.",
    "The shape is new. The nearest one in the archive is three months old.",
)


def _take(issue: Issue, fate: Fate, clock: "_Clock", owner: User, dice: random.Random) -> None:
    """Somebody looks at it and mostly takes it. One that will be open in the end is begun, and put back for now."""
    clock.surely(1, 9)
    if fate is Fate.OPEN:
        issue.change(by=owner, status="in_progress", at=clock.at)
        clock.surely(1, 5)
        issue.change(by=owner, status="open", at=clock.at)
        if dice.random() < 0.5:
            issue.comment(by=owner, content=dice.choice(_WAITING), at=clock.at + timedelta(seconds=40))
    elif dice.random() < 0.8:
        issue.change(by=owner, owner=owner.email, at=clock.at)


_WAITING = (
    "The bench is taken until Thursday; back to open until then.",
    "Waits for the next cold case.",
    "I need the raw file first. Back to open.",
    "Not before the campaign is over; the unit is needed as it is.",
)


def _work(
    month: Month,
    issue: Issue,
    fate: Fate,
    thread: tuple[str, ...],
    fixed: str,
    clock: "_Clock",
    owner: User,
    plan: IssueFile | None = None,
) -> None:
    """From taken up to where it stands at the end of the month, with what is said on the way."""
    dice = month.dice
    half = (len(thread) + 1) // 2
    _talk(month, issue, thread[:half], clock, owner)
    if fate is Fate.OPEN:
        return
    if clock.later(0.5, 30):
        issue.change(by=owner, status="in_progress", at=clock.at)
    _talk(month, issue, thread[half:], clock, owner)
    if plan is not None:
        _tick(plan, 0.6 if fate is Fate.IN_PROGRESS else 1.0, clock, owner)
    if fate is Fate.IN_PROGRESS:
        issue.change(by=owner, status="in_progress", at=clock.at)
        return
    clock.surely(4, 110)
    issue.change(by=owner, status="resolved", resolution_summary=fixed, at=clock.at)
    if dice.random() < 0.08 and clock.later(10, 60):
        issue.change(by=owner, status="in_progress", resolution_summary=None, at=clock.at)
        issue.comment(by=owner, content="Seen again in the last run, so I take it up once more.", at=clock.at)
        clock.surely(10, 60)
        issue.change(by=owner, status="resolved", resolution_summary=f"{fixed} This time on all units.", at=clock.at)  # fmt: skip


def _tick(plan: IssueFile, share: float, clock: "_Clock", owner: User) -> None:
    """The first steps of the plan are done, an hour or so apart."""
    steps = plan.progress().outline.steps
    for step in steps[: round(len(steps) * share)]:
        clock.surely(0.2, 3)
        plan.tick(step.key, by=owner, at=clock.at)


def _reject(issue: Issue, reason: str, clock: "_Clock", owner: User) -> None:
    clock.surely(1, 20)
    issue.change(by=owner, status="rejected", resolution_summary=reason, at=clock.at)


def _talk(month: Month, issue: Issue, lines: tuple[str, ...], clock: "_Clock", owner: User) -> None:
    """A thread in which people answer each other, with a reaction here and there."""
    dice, author = month.dice, _other_than(owner, month)
    for n, line in enumerate(lines):
        if not clock.later(0.2, 7):
            return
        speaker = author if n % 2 == 0 else owner
        comment = issue.comment(by=speaker, content=line, at=clock.at)
        for reader in dice.sample(month.team, dice.choice((0, 0, 0, 1, 2))):
            if reader != speaker:
                comment.react(dice.choice("👍👀🎯🔧"), by=reader, at=clock.at + timedelta(minutes=4))


def _other_than(person: User, month: Month) -> User:
    return month.dice.choice([other for other in month.team if other != person])


def _by_hand(month: Month, plan: Plan) -> None:
    """A finding that a person wrote down."""
    assert plan.by_hand is not None  # noqa: S101 - _plans gives one or the other
    title, tags, priority, text, outcome = plan.by_hand
    dice, author = month.dice, month.dice.choice(month.team)
    issue = Issue.create(
        by=author,
        at=plan.at,
        title=title,
        description=_json([{"type": "paragraph", "text": text}]),
        tags=tags,
        priority=priority,
    )
    clock = _Clock(plan.at, month.now, dice)
    owner = dice.choice(month.team)
    if dice.random() < 0.8 and clock.later(1, 12):
        issue.change(by=author, owner=owner.email, at=clock.at)
    _work(month, issue, plan.fate, dice.choice(_REMARKS), outcome, clock, owner)


_REMARKS = (
    ("Thank you. Who has the drawing?", "In the store, folder 7."),
    ("I can do it on Thursday.",),
    ("Does this hold for the flight model, too?", "Yes, same parts, same lot."),
    (),
    ("Please add a photograph before anything is moved.", "Done, in the folder of the day."),
)


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

    def surely(self, least: float, most: float) -> None:
        """Move on by so many hours, or by half of what is left until now."""
        if not self.later(least, most):
            self.at += (self._now - self.at) / 2


# Words


def _words(family: Family, signal: Signal, unit: str) -> dict[str, str]:
    """What the texts may quote, all of it read from the signal."""
    return {
        "unit": unit,
        "extreme": _number(signal.extreme),
        "limit": _number(family.shape.limit, exact=True),
        "duration": f"{signal.duration:g}",
        "begin": f"{signal.begin:g}",
        "low": _number(min(signal.witness)),
        "high": _number(max(signal.witness)),
    }


def _number(value: float, *, exact: bool = False) -> str:
    """Three significant digits and a true minus; a limit as it was written."""
    digits = f"{value:g}" if exact else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"  # fmt: skip
    return digits.replace("-", "−")


def _description(
    family: Family, signal: Signal, words: dict[str, str], run: str, has_evidence: bool
) -> list[dict[str, Any]]:
    """The claim in blocks; every number about the data is read from the signal."""
    shape, side = signal.shape, "under" if signal.shape.is_down else "over"
    text = (
        f"In {run}, `{shape.column}` reached **{words['extreme']} {shape.unit}** at {signal.at:g} s and was {side} the "
        f"limit of {words['limit']} {shape.unit} for **{words['duration']} s**."
    )
    blocks: list[dict[str, Any]] = [
        {"type": "paragraph", "text": text},
        {"type": "callout", "kind": "warning", "title": "Limit crossed.", "text": family.why},
        {"type": "heading", "level": 2, "text": "What the data shows"},
        {"type": "list", "items": [line.format(**words) for line in family.observations]},
        {
            "type": "table",
            "header": ["Quantity", "Measured", "Limit"],
            "rows": [
                ["Extreme", f"{words['extreme']} {shape.unit}", f"{words['limit']} {shape.unit}"],
                [f"Time {side} the limit", f"{words['duration']} s", "0 s"],
                ["First crossing", f"{words['begin']} s", ""],
            ],
        },
    ]
    if has_evidence:
        compare, ends = ("<", "min") if shape.is_down else (">", "max")
        code = (
            f'df = read("telemetry.csv")\ndf["{shape.column}"].{ends}()  # {signal.extreme:.3f}\n'
            f'(df["{shape.column}"] {compare} {shape.limit:g}).sum() / {shape.rate:g}  # {signal.duration:g}'
        )
        blocks += [
            {
                "type": "plot",
                "file": "telemetry.csv",
                "columns": [shape.column],
                "limits": [{"value": shape.limit, "label": "Limit"}],
                "label": f"{shape.column} over the run",
            },
            {"type": "heading", "level": 2, "text": "How to reproduce the numbers"},
            {"type": "code", "language": "python", "text": code},
        ]
    return blocks


def _steps(family: Family, words: dict[str, str]) -> bytes:
    steps = "\n".join(f"{n}. [ ] {step.format(**words)}" for n, step in enumerate(family.steps, 1))
    return f"# Troubleshooting plan\n\n{family.why}\n\n{steps}\n".encode()


def _json(blocks: list[dict[str, Any]]) -> str:
    return json.dumps(blocks, ensure_ascii=False)


def _store(by: User, name: str, content: bytes, at: datetime) -> Attachment:
    return Attachment.store(by=by, name=name, content=io.BytesIO(content), at=at)
