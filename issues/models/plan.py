"""Troubleshooting plans: which steps of a plan are done, by whom, since when. The plan's own text never changes.

A tick belongs to the issue, the name of the plan and the words of the step, not to a file: when the plan's file is
replaced, or taken away and added anew, the ticks follow the steps whose words are the same.

Two plans of one name in one issue therefore share their ticks. That is meant: an agent adds its next version beside the
last, and what was done to the hardware is done, whichever file says so. Their pages tell of each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db import models

from issues.blocks.markdown import MARKDOWN_MAX
from issues.blocks.plan import Outline, Part, read_plan

from .account import User
from .attachment import Attachment
from .errors import StoreAway
from .limits import NAME_MAX

PLAN_BYTES = MARKDOWN_MAX * 4  # of a file that can be a plan: as many characters, however long in UTF-8
STEP_MAX = 24  # characters of a step's key
EVENT_TEXT_MAX = 200  # characters of a step's words that the history repeats


class StepTick(models.Model):
    """Where people differ from what the plan's file says of a step: done, or (for one written as done) not."""

    issue = models.ForeignKey("issues.Issue", on_delete=models.CASCADE, related_name="ticks", db_index=False)
    plan = models.CharField(max_length=NAME_MAX)  # the name of the file in the issue
    step = models.CharField(max_length=STEP_MAX)  # the key of its words, see blocks/plan.py
    is_done = models.BooleanField()
    ticked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    ticked_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("issue", "plan", "step"), name="step_is_ticked_once"),)

    def __str__(self) -> str:
        return f"step {self.step} of {self.plan}"


@dataclass(frozen=True, slots=True)
class State:
    """Whether a step is done; who said so and when, unless it is only written so."""

    is_done: bool
    tick: StepTick | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A plan as it stands: what it says, and the state of each step by its key."""

    outline: Outline
    states: dict[str, State]

    @property
    def total(self) -> int:
        return len(self.states)

    @property
    def done(self) -> int:
        return sum(state.is_done for state in self.states.values())

    @property
    def parts(self) -> list[tuple[Part, State | None]]:
        """The plan's text piece by piece, each with the state of the step it ends at."""
        return [(part, self.states[part.step.key] if part.step else None) for part in self.outline.parts]

    @classmethod
    def of(cls, attachment: Attachment, ticks: Iterable[StepTick]) -> "Progress":
        """`ticks` are those of this plan's name in its issue."""
        outline = outline_of(attachment)
        said = {tick.step: tick for tick in ticks}
        states = {}
        for step in outline.steps:
            tick = said.get(step.key)
            states[step.key] = State(step.is_done if tick is None else tick.is_done, tick)
        return cls(outline, states)


def outline_of(attachment: Attachment) -> Outline:
    """What the file says as a plan. The bytes of a file never change, so it is read once a process."""
    if attachment.size > PLAN_BYTES:
        return Outline(problem=f"A file of more than {PLAN_BYTES // 1000} kB has no steps to tick.")
    try:
        return _outline(attachment.pk, attachment.file.name or "")
    except (OSError, StoreAway):
        return Outline(problem="The file is missing from the store, or the store does not answer.")
    except ValueError:
        return Outline(problem="This plan is not a text, so it has no steps to tick.")


@lru_cache(maxsize=128)
def _outline(_: int, key: str) -> Outline:
    """ValueError if it is not UTF-8 text, OSError if it is not there: neither is remembered."""
    with Attachment._meta.get_field("file").storage.open(key, "rb") as stored:
        text = stored.read(PLAN_BYTES).decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("not a text")
    return read_plan(text)
