"""What a request may say: the shapes, and the strict reading of them.

Reading names every problem of a request at once, each with a JSON Pointer, so that a program can be mended in one go.
The shapes are msgspec types with the domain's limits in them; OpenAPI is made from the same types.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # the standard library's own reader of strings
from typing import Annotated, Any, Literal, NoReturn, TypeVar, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from .blocks.check import check_blocks, has_bad_characters
from .models import DEFAULT_TITLE, Priority, Status, limits
from .models.limits import UNASSIGNED

# Shapes

# Trimmed before they are measured, which the reference says by a pattern.
_TRIMMED = {"extra": {"trim": True}, "extra_json_schema": {"pattern": r"\S"}}
Title = Annotated[str, Meta(min_length=1, max_length=limits.TITLE_MAX, **_TRIMMED)]
Tag = Annotated[str, Meta(min_length=1, max_length=limits.TAG_MAX, **_TRIMMED)]
Tags = Annotated[list[Tag], Meta(max_length=limits.TAGS_MAX)]
Owner = Annotated[str, Meta(max_length=limits.OWNER_MAX, extra={"trim": True})]
Resolution = Annotated[str, Meta(max_length=limits.RESOLUTION_MAX)]
Links = Annotated[list[UUID], Meta(max_length=limits.LINKS_MAX)]
Content = Annotated[
    str, Meta(min_length=1, max_length=limits.COMMENT_MAX, pattern=r"\S", description="Not only white space.")
]
CommentFiles = Annotated[list[UUID], Meta(max_length=limits.COMMENT_FILES_MAX)]
FileType = Annotated[str, Meta(min_length=1, max_length=limits.FILE_TYPE_MAX)]
FileName = Annotated[str, Meta(min_length=1, max_length=limits.NAME_MAX)]
SessionTitle = Annotated[str, Meta(max_length=limits.SESSION_TITLE_MAX)]
SessionDescription = Annotated[str, Meta(max_length=limits.SESSION_DESCRIPTION_MAX)]
AttachmentText = Annotated[str, Meta(max_length=limits.ATTACHMENT_TEXT_MAX)]
StatusName = Literal["open", "in_progress", "resolved", "rejected"]
PriorityName = Literal["low", "medium", "high"]
assert set(get_args(StatusName)) == set(Status.values)  # noqa: S101 - a Literal cannot be made from an enum
assert set(get_args(PriorityName)) == set(Priority.values)  # noqa: S101

Blocks = Annotated[
    list[dict[str, Any]],
    Meta(
        max_length=limits.BLOCKS_MAX,
        description=f"Structured content blocks; at most {limits.BLOCKS_BYTES // 1024} KiB of JSON, "
        f"{limits.BLOCKS_DEPTH} levels deep. Comes back equal to what was sent.",
    ),
]


class NewIssue(Struct, kw_only=True):
    """An issue to be created. null for an optional field means left out."""

    title: Title
    description: Blocks
    status: StatusName | None = "open"
    priority: PriorityName | None = "low"
    tags: Tags | None = msgspec.field(default_factory=list)
    owner: Owner | None = UNASSIGNED
    resolution_summary: Resolution | None = None
    attachment_ids: Links | None = msgspec.field(default_factory=list)
    session_ids: Links | None = msgspec.field(default_factory=list)
    job_run_id: (
        Annotated[UUID, Meta(description="Taken from the agent only, ignored from anyone else.")] | None
    ) = None


class IssueChanges(Struct, kw_only=True):
    """Changes to an issue; only the fields that are sent change. null clears status, priority and resolution."""

    title: Title | UnsetType = UNSET
    status: StatusName | None | UnsetType = UNSET
    priority: PriorityName | None | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    owner: Owner | None | UnsetType = UNSET
    resolution_summary: Resolution | None | UnsetType = UNSET
    description: Blocks | UnsetType = UNSET
    attachment_ids: Links | UnsetType = UNSET
    session_ids: Links | UnsetType = UNSET


class NewComment(Struct, kw_only=True):
    """A comment to be added."""

    content: Content
    attachment_ids: CommentFiles | None = msgspec.field(default_factory=list)


class CommentChanges(Struct, kw_only=True):
    """A comment, said otherwise."""

    content: Content


class NewFile(Struct, kw_only=True):
    """An attachment in a role, such as troubleshooting_plan."""

    attachment_id: UUID
    file_type: FileType
    file_name: FileName | None = None


class AttachmentReference(Struct, kw_only=True):
    """An attachment, by its id."""

    attachment_id: UUID


class NewSession(Struct, kw_only=True):
    """A session to be created."""

    title: SessionTitle | None = DEFAULT_TITLE
    description: SessionDescription | None = ""
    attachments: Annotated[list[AttachmentReference], Meta(max_length=limits.LINKS_MAX)] | None = (
        msgspec.field(default_factory=list)
    )


class SessionChanges(Struct, kw_only=True):
    """Changes to a session; only what is sent changes."""

    title: SessionTitle | UnsetType = UNSET
    description: SessionDescription | UnsetType = UNSET
    starred: bool | UnsetType = UNSET


class AttachmentChanges(Struct, kw_only=True):
    """Changes to what is said about a file; only what is sent changes."""

    attachment_title: AttachmentText | UnsetType = UNSET
    attachment_description: AttachmentText | UnsetType = UNSET
    attachment_citation: AttachmentText | UnsetType = UNSET
    is_visible: bool | UnsetType = UNSET


# Problems


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: a JSON Pointer into the body (or `?name` of a query parameter), and what."""

    pointer: str
    detail: str


class Malformed(Exception):
    """The body is no JSON object at all."""


class Invalid(Exception):
    """The request breaks rules; all of them are listed."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.pointer} {problem.detail}" for problem in problems))
        self.problems = problems


Shape = TypeVar("Shape", bound=Struct)

# Reading a body


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the body: its value, and the very text of it."""

    value: Any
    text: str


def read_object(body: bytes) -> dict[str, Member]:
    """The members of a JSON object (RFC 8259, read strictly). Malformed for anything else.

    Duplicate names, NaN and Infinity are refused, which Python's own reading lets through.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (byte {error.start}).") from None
    try:
        return _members(text)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error.msg} at character {error.pos}.") from None


def _members(text: str) -> dict[str, Member]:
    """Walk the outermost object only; the C scanner reads each value. Gives the verbatim text of each."""
    at = _after_space(text, 0)
    if text[at : at + 1] != "{":
        _DECODER.decode(text)  # broken JSON says where it is broken
        raise Malformed("The body must be a JSON object.")
    members: dict[str, Member] = {}
    at = _after_space(text, at + 1)
    if text[at : at + 1] == "}":
        return _end(text, at + 1, members)
    while True:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        name, at = scanstring(text, at + 1, True)
        at = _after_space(text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
        begin = _after_space(text, at + 1)
        value, at = _DECODER.raw_decode(text, begin)
        if name in members:
            raise Malformed(f"The body names {name!r} twice.")
        members[name] = Member(value, text[begin:at])
        at = _after_space(text, at)
        if text[at : at + 1] == "}":
            return _end(text, at + 1, members)
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _after_space(text, at + 1)


def _end(text: str, at: int, members: dict[str, Member]) -> dict[str, Member]:
    if (at := _after_space(text, at)) != len(text):
        raise json.JSONDecodeError("Extra data", text, at)
    return members


def _after_space(text: str, at: int) -> int:
    return json.decoder.WHITESPACE.match(text, at).end()  # type: ignore[attr-defined,no-any-return]


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("An object in the body names a member twice.")
    return members


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")


def _integer(digits: str) -> int | float:
    # No field takes a number this long, and Python refuses to read it (over 4,300 digits).
    return int(digits) if len(digits) < 300 else float("inf")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_int=_integer)


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field of a shape is read."""

    name: str
    type: Any  # without null and "not sent"
    required: bool
    nullable: bool
    null_is_left_out: bool
    item: Any  # the type of a list's items, read one by one so that each problem has its pointer
    max_items: int | None
    trim: bool
    is_blocks: bool


def read(shape: type[Shape], members: dict[str, Member]) -> Shape:
    """The members as this shape. Unknown ones are ignored, whatever they hold. Invalid lists every problem."""
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for field in _fields(shape):
        member = members.get(field.name)
        if member is None:
            if field.required:
                problems.append(Problem(f"/{field.name}", "is required"))
        elif member.value is None:
            if field.nullable and not field.null_is_left_out:
                values[field.name] = None
            elif not field.null_is_left_out:
                problems.append(Problem(f"/{field.name}", "must not be null"))
        elif field.is_blocks:
            problems += [
                Problem(f"/{field.name}{at}", said) for at, said in check_blocks(member.text, member.value)
            ]
            values[field.name] = member.text
        else:
            values[field.name] = _value(field, member.value, problems)
    if problems:
        raise Invalid(problems)
    return shape(**values)


def _value(field: _Field, value: Any, problems: list[Problem]) -> Any:
    pointer = f"/{field.name}"
    if field.item is None or not isinstance(value, list):
        return _convert(value, field.type, pointer, problems, trim=field.trim)
    if field.max_items is not None and len(value) > field.max_items:
        problems.append(Problem(pointer, f"must have at most {field.max_items} items"))
        return None
    items = [
        _convert(item, field.item, f"{pointer}/{n}", problems, trim=field.item is Tag)
        for n, item in enumerate(value)
    ]
    return list(dict.fromkeys(items)) if field.item in (Tag, UUID) else items


def _convert(value: Any, type_: Any, pointer: str, problems: list[Problem], *, trim: bool = False) -> Any:
    if isinstance(value, str):
        if has_bad_characters(value):
            problems.append(Problem(pointer, "must not contain U+0000 or half of a surrogate pair"))
            return None
        if trim:
            value = value.strip()
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        problems.append(Problem(pointer + _pointer_within(str(error)), _in_words(str(error), type_)))
    return None


def _pointer_within(message: str) -> str:
    found = re.search(r" - at `\$((?:\.\w+|\[\d+\])+)`$", message)
    return re.sub(r"[.\[]", "/", found[1]).replace("]", "") if found else ""


def _in_words(message: str, type_: Any) -> str:
    """msgspec's message, as what the value must be."""
    message = message.split(" - at `")[0].replace("`", "")
    if "Invalid enum value" in message:
        return f"must be one of {', '.join(get_args(type_))}"
    if "matching regex" in message:
        return "must not be only white space"
    if "missing required field" in message:
        return message.replace("Object missing required field", "must have")
    message = message.replace("Expected str of length >= ", "must have a length of at least ")
    message = message.replace("Expected str of length <= ", "must have a length of at most ")
    message = re.sub(r"^Expected (\w+), got (\w+)", lambda m: f"must be {_NAMES.get(m[1], m[1])}", message)
    return "must be a UUID" if message.startswith("Invalid UUID") else message


_NAMES = {
    "str": "a string",
    "array": "an array",
    "object": "an object",
    "bool": "true or false",
    "uuid": "a UUID",
}


@cache
def _fields(shape: type[Struct]) -> tuple[_Field, ...]:
    found = []
    changes = shape.__name__.endswith("Changes")
    for field in msgspec.structs.fields(shape):
        kinds = [kind for kind in get_args(field.type) if kind not in (type(None), UnsetType)]
        union = get_origin(field.type) is not Annotated and len(kinds) < len(get_args(field.type))
        # (A Literal among the kinds of a union keeps its own arguments.)
        type_ = kinds[0] if union else field.type
        meta = [extra for extra in getattr(type_, "__metadata__", ()) if isinstance(extra, Meta)]
        base = get_args(type_)[0] if get_origin(type_) is Annotated else type_
        is_list = get_origin(base) is list
        found.append(
            _Field(
                name=field.name,
                type=type_,
                required=field.required,
                nullable=union and type(None) in get_args(field.type),
                null_is_left_out=not changes and not field.required,
                item=get_args(base)[0] if is_list else None,
                max_items=meta[0].max_length if is_list and meta else None,
                trim=any((extra.extra or {}).get("trim", False) for extra in meta),
                is_blocks=type_ is Blocks or base == get_args(Blocks)[0],
            )
        )
    return tuple(found)


# Reading a query string


def read_choices(
    values: list[str], allowed: Callable[[], list[str]] | list[str], name: str, problems: list[Problem]
) -> tuple[str, ...]:
    """The values of a repeatable parameter, each one of `allowed`."""
    known = allowed() if callable(allowed) else allowed
    if any(value not in known for value in values):
        problems.append(Problem(f"?{name}", f"must be one of {', '.join(known)}"))
    return tuple(dict.fromkeys(values))


def read_integer(
    values: list[str], name: str, problems: list[Problem], *, default: int, at_least: int, at_most: int | None
) -> int:
    """A parameter given at most once, as an integer in its range."""
    if not values:
        return default
    limits_ = f"from {at_least}" + (f" to {at_most:,}" if at_most is not None else " on")
    if len(values) == 1 and re.fullmatch(r"-?[0-9]{1,30}", values[0]):
        number = int(values[0])
        if number >= at_least and (at_most is None or number <= at_most):
            return number
    problems.append(Problem(f"?{name}", f"must be one integer {limits_}"))
    return default
