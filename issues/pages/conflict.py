"""Two people changed the same thing: who, and both versions beside each other."""

from dataclasses import dataclass

from issues.blocks.description import Piece, split_markdown
from issues.blocks.diff import Line, compare, opcodes
from issues.models import EventKind, Issue
from issues.models.limits import BLOCKS_MAX


def changed_by(issue: Issue, field: str) -> str:
    """Who changed the field last."""
    events = issue.events.filter(kind=EventKind.CHANGED, data__has_key=field).select_related("actor")
    event = events.order_by("-id").first()
    return event.actor.display_name if event else "Somebody"


def compared(theirs: str, mine: str) -> list[Line]:
    """From theirs to mine, line by line."""
    return compare(theirs, mine)


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of a description that is the same in both versions, or one to choose from."""

    name: str  # of the choice in the form; empty where both are the same
    theirs: str  # Markdown
    mine: str


def hunks(theirs: str, mine: str) -> list[Hunk]:
    """Both versions of a description, block by block."""
    a, b = _texts(split_markdown(theirs)), _texts(split_markdown(mine))
    found = []
    for n, (kind, i, j, k, m) in enumerate(opcodes(a, b, BLOCKS_MAX)):
        name = "" if kind == "equal" else f"hunk-{n}"
        found.append(Hunk(name, "\n\n".join(a[i:j]), "\n\n".join(b[k:m])))
    return found


def _texts(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces]
