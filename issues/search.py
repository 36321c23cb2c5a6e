"""The query language: what somebody types into the search box, as a value that can be applied and written back.

    battery "limit crossed" -ripple status:open,in_progress owner:me created:>2026-10-01 has:csv FND-231

Every term narrows. Words match from their start, single characters and words in quotes as they are; `-` in front
excludes; `name:value` asks for a property, values with commas between are alternatives. `str(query)` is the query
in one spelling, and reading that gives the same query again. No input is wrong without a `Mistake` that says where.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from uuid import UUID

from .models import Priority, Status
from .models.search_text import tokens

QUERY_MAX = 1_000  # characters
TERMS_MAX = 40
TOKENS_MAX = 40  # words to look up, the parts of compound words and phrases counted
REFERENCE_MAX = 10**18
NONE = "none"  # a status, priority or owner that is not set
ME = "me"

QUOTES = '"“”„'
NAMES = {
    "status": (*Status.values, NONE),
    "priority": (*(value for value in reversed(Priority.values)), NONE),
    "tag": None,
    "owner": None,
    "by": None,
    "created": None,
    "updated": None,
    "closed": None,
    "has": ("csv", "image", "pdf", "attachment", "comment", "plan", "session"),
    "no": ("owner", "tag", "status", "priority", "attachment", "comment", "plan", "session"),
    "is": ("open", "closed", "untriaged"),
    "run": None,
    "session": None,
}
DATES = ("created", "updated", "closed")

_CHUNK = re.compile(rf"[^\s{QUOTES}]+")
_NAME = re.compile(r"([A-Za-z]+):(?!//)")
_VALUE = re.compile(rf"[^\s,{QUOTES}]+")
_PHRASE = re.compile(rf"[{QUOTES}]([^{QUOTES}]*)[{QUOTES}]")
_REFERENCE = re.compile(r"fnd-([1-9]\d{0,17})", re.ASCII | re.IGNORECASE)
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AGO = re.compile(r"-(\d{1,5})([dw])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a query, and where: characters `at` to `at + length`, counted from 0."""

    at: int
    length: int
    detail: str

    def __str__(self) -> str:
        return f"{self.detail} (character {self.at + 1})"


@dataclass(frozen=True, slots=True)
class Words:
    """Text that must be there: a word from its start, or the very words in quotes, next to each other."""

    text: str
    quoted: bool = False
    negated: bool = False

    def __str__(self) -> str:
        return _minus(self) + (f'"{self.text}"' if self.quoted else self.text)

    @property
    def tokens(self) -> list[str]:
        return tokens(self.text)


@dataclass(frozen=True, slots=True)
class Property:
    """A property with any of these values."""

    name: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        # Without its quotes `tag:"//bus"` would be an address, as `http://bus` is.
        values = (f'"{value}"' if re.search(r"[\s,]|^//", value) else value for value in self.values)
        return f"{_minus(self)}{self.name}:{','.join(values)}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day (UTC): a date, or so many days before today."""

    exact: date | None = None
    ago: int = 0

    def __str__(self) -> str:
        if self.exact:
            return self.exact.isoformat()
        return f"-{self.ago}d" if self.ago else "today"

    def on(self, today: date) -> date:
        return self.exact or today - timedelta(days=min(self.ago, today.toordinal() - 1))


@dataclass(frozen=True, slots=True)
class When:
    """When something happened: from the first to the last day, both included; None is open-ended."""

    name: str
    first: Day | None
    last: Day | None
    negated: bool = False
    excluded: bool = False  # written with < or >: the day itself is left out

    def __str__(self) -> str:
        head = f"{_minus(self)}{self.name}:"
        if self.first == self.last:
            return f"{head}{self.first}"
        if self.first and self.last:
            return f"{head}{self.first}..{self.last}"
        sign = ">" if self.first else "<"
        return f"{head}{sign}{'' if self.excluded else '='}{self.first or self.last}"

    @property
    def is_relative(self) -> bool:
        return any(day is not None and day.exact is None for day in (self.first, self.last))

    def moments(self, today: date) -> tuple[datetime | None, datetime | None]:
        """From which moment on, and before which."""
        since = self.first and _midnight(self.first.on(today), after=self.excluded)
        until = self.last and _midnight(self.last.on(today), after=not self.excluded)
        return since or None, until or None


@dataclass(frozen=True, slots=True)
class Reference:
    """One issue, by what people call it."""

    number: int
    negated: bool = False

    def __str__(self) -> str:
        return f"{_minus(self)}FND-{self.number}"


Term = Words | Property | When | Reference


@dataclass(frozen=True, slots=True)
class Query:
    """All that must hold of an issue. Falsy when it asks for nothing."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def words(self) -> tuple[Words, ...]:
        return tuple(term for term in self.terms if isinstance(term, Words))

    @property
    def narrows(self) -> bool:
        """Whether it says more than words or references to look for."""
        return any(term.negated or not isinstance(term, Words | Reference) for term in self.terms)

    @property
    def is_relative(self) -> bool:
        """Whether it means something else tomorrow."""
        return any(isinstance(term, When) and term.is_relative for term in self.terms)

    @property
    def names_me(self) -> bool:
        """Whether it means something else to somebody else."""
        return any(isinstance(term, Property) and _is_me(term) for term in self.terms)

    @property
    def reference(self) -> int | None:
        """The number of the issue, if the query is nothing but its reference."""
        match self.terms:
            case (Reference(number, negated=False),):
                return number
        return None


@dataclass(slots=True)
class Reading:
    """A text being read: what was understood so far, and what was not."""

    text: str
    terms: list[Term] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, at: int, length: int, detail: str) -> None:
        self.mistakes.append(Mistake(at, max(length, 1), detail))


def parse(text: str) -> tuple[Query, tuple[Mistake, ...]]:
    """Read a query: what was understood, and every mistake. A query with mistakes is not to be applied."""
    reading = Reading(text[:QUERY_MAX])
    if len(text) > QUERY_MAX:
        reading.wrong(QUERY_MAX, len(text) - QUERY_MAX, f"A query has at most {QUERY_MAX:,} characters.")
    for found in _UNSTORABLE.finditer(reading.text):
        reading.wrong(found.start(), 1, "This character is no text.")
        return Query(), tuple(reading.mistakes)
    at = 0
    while at < len(reading.text):
        at = at + 1 if reading.text[at].isspace() else _read_term(reading, at)
    terms = tuple(dict.fromkeys(reading.terms))
    _check_size(reading, terms)
    return Query(terms), tuple(reading.mistakes)


def _read_term(reading: Reading, start: int) -> int:
    """Read one term from `start`; where the next one may begin."""
    text, at, negated = reading.text, start, False
    # "-20 °C" is a temperature; -"20" leaves the number out.
    if text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace() and not text[at + 1].isdigit():
        at, negated = at + 1, True
    if text[at] in QUOTES:
        return _read_phrase(reading, at, negated)
    if named := _NAME.match(text, at):
        name = named[1].lower()
        has_value = named.end() < len(text) and not text[named.end()].isspace()
        if name in NAMES:
            return _read_property(reading, at, name, named.end(), negated)
        if has_value:
            end = _end_of_values(reading, named.end())
            reading.wrong(at, len(name), _unknown(named[1], list(NAMES), f"There is no “{named[1]}:”."))
            return end
    chunk = _CHUNK.match(text, at)
    assert chunk is not None  # noqa: S101 - neither space nor quote stands at `at`
    if reference := _REFERENCE.fullmatch(chunk[0]):
        reading.terms.append(Reference(int(reference[1]), negated))
    else:
        _add_words(reading, Words(chunk[0], negated=negated), at, len(chunk[0]))
    return chunk.end()


def _read_phrase(reading: Reading, at: int, negated: bool) -> int:
    phrase = _PHRASE.match(reading.text, at)
    if phrase is None:
        reading.wrong(at, 1, "The quotation that begins here does not end.")
        return len(reading.text)
    words = " ".join(phrase[1].split())
    if tokens(words):
        _add_words(reading, Words(words, True, negated), at, len(phrase[0]))
    else:
        reading.wrong(at, len(phrase[0]), "There are no letters or digits between the quotes.")
    return phrase.end()


def _add_words(reading: Reading, words: Words, at: int, length: int) -> None:
    if words.negated and not words.tokens:
        reading.wrong(at, length, f"“{words.text}” has no letters or digits to leave out.")
    else:
        reading.terms.append(words)


def _read_property(reading: Reading, at: int, name: str, start: int, negated: bool) -> int:
    values = list(_values(reading, start))
    end = values[-1][2] if values else start
    good = [
        value for value, value_at, value_end in values if _check(reading, name, value, value_at, value_end)
    ]
    if not values:
        reading.wrong(at, start - at, f"“{name}:” needs a value, such as {name}:{_EXAMPLES[name]}.")
    elif len(good) < len(values):
        pass  # each mistake is named already
    elif name in DATES:
        _add_span(reading, name, values, negated)
    else:
        reading.terms.append(
            Property(name, tuple(dict.fromkeys(_READ[name](value) for value in good)), negated)
        )
    return end


def _values(reading: Reading, at: int) -> Iterator[tuple[str, int, int]]:
    """Values with commas between, from `at` on: each with where it stands and where it ends."""
    text = reading.text
    while True:
        quoted = at < len(text) and text[at] in QUOTES
        match = (_PHRASE if quoted else _VALUE).match(text, at)
        if match is None:
            if quoted:
                reading.wrong(at, 1, "The quotation that begins here does not end.")
                yield "", at, len(text)
            elif at < len(text) and text[at] == ",":
                reading.wrong(at, 1, "A value is missing here.")
                yield "", at, at + 1
                at += 1
                continue
            return
        yield (" ".join(match[1].split()) if quoted else match[0]), at, match.end()
        at = match.end()
        if at >= len(text) or text[at] != ",":
            return
        if at + 1 >= len(text) or text[at + 1].isspace():
            reading.wrong(at, 1, "A value is missing after the comma.")
            yield "", at, at + 1
            return
        at += 1


def _end_of_values(reading: Reading, at: int) -> int:
    """Pass over what stands behind a name that nobody knows, without more to say about it."""
    probe = Reading(reading.text)
    return max((end for _, _, end in _values(probe, at)), default=at) or at


def _check(reading: Reading, name: str, value: str, at: int, end: int) -> bool:
    """Whether the value makes sense; if not, say so (an empty one was named where it was read)."""
    if value:
        try:
            _READ[name](value)
        except ValueError as error:
            reading.wrong(at, end - at, str(error))
        else:
            return True
    elif not any(mistake.at == at for mistake in reading.mistakes):
        reading.wrong(at, end - at, "There is nothing between the quotes.")
    return False


def _choice(name: str) -> Callable[[str], str]:
    known = NAMES[name] or ()

    def read(value: str) -> str:
        word = value.lower().replace("-", "_")
        if (name, word) == ("is", "deleted"):
            raise ValueError("Deleted issues are not searched: they are in the trash.")
        if word not in known:
            raise ValueError(_unknown(value, list(known), f"“{value}” is not one of {', '.join(known)}."))
        return word

    return read


def _text(value: str) -> str:
    return value


def _person(value: str) -> str:
    """`me` and `none` in any case; a name or address as it is."""
    return value.lower() if value.lower() in (ME, NONE) else value


def _finder(value: str) -> str:
    """Who filed it: the agent, people, me, or somebody's address."""
    word = value.lower()
    if word not in ("atlas", "people", ME) and "@" not in word:
        known = ["atlas", "people", ME]
        raise ValueError(_unknown(value, known, f"“{value}” is not atlas, people, me or an e-mail address."))
    return word


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise ValueError(f"“{value}” is not an id such as 0199f0c2-7b1e-7000-8000-000000000000.") from None


def _span_text(value: str) -> str:
    _days(value)
    return value


def _days(value: str) -> tuple[Day | None, Day | None, bool]:
    """`2026-10-01`, `>2026-10-01`, `<=today`, `2026-10-01..-3d` as first day, last day, and whether < or > stood there."""
    sign = next((sign for sign in (">=", "<=", ">", "<") if value.startswith(sign)), "")
    if sign:
        day = _day(value[len(sign) :])
        return (day, None, sign == ">") if sign[0] == ">" else (None, day, sign == "<")
    first, dots, last = value.partition("..")
    if not dots:
        return _day(value), _day(value), False
    if not (first or last):
        raise ValueError("A span needs at least one day, such as 2026-10-01..2026-10-31.")
    return _day(first) if first else None, _day(last) if last else None, False


def _day(text: str) -> Day:
    word = text.lower()
    if word in ("today", "yesterday"):
        return Day(ago=int(word == "yesterday"))
    if ago := _AGO.fullmatch(word):
        return Day(ago=int(ago[1]) * (7 if ago[2] == "w" else 1))
    try:
        if not _DAY.fullmatch(word):
            raise ValueError
        return Day(date.fromisoformat(word))
    except ValueError:
        raise ValueError(f"“{text}” is not a day such as 2026-10-01, today, yesterday or -14d.") from None


def _add_span(reading: Reading, name: str, values: list[tuple[str, int, int]], negated: bool) -> None:
    if len(values) > 1:
        _, at, end = values[1]
        reading.wrong(at, end - at, f"“{name}:” takes one day or span, such as 2026-10-01..2026-10-31.")
        return
    value, at, end = values[0]
    first, last, excluded = _days(value)
    if first and last and first.exact and last.exact and first.exact > last.exact:
        reading.wrong(at, end - at, "The span ends before it begins.")
        return
    reading.terms.append(When(name, first, last, negated, excluded))


_READ: dict[str, Callable[[str], str]] = {
    **{name: _choice(name) for name, known in NAMES.items() if known},
    **dict.fromkeys(DATES, _span_text),
    "tag": _text,
    "owner": _person,
    "by": _finder,
    "run": _uuid,
    "session": _uuid,
}
_EXAMPLES = {
    **{name: known[0] for name, known in NAMES.items() if known},
    **dict.fromkeys(DATES, ">2026-10-01"),
    "tag": "power",
    "owner": "me",
    "by": "atlas",
    "run": "0199f0c2-7b1e-7000-8000-000000000000",
    "session": "0199f0c2-7b1e-7000-8000-000000000000",
}


def _check_size(reading: Reading, terms: tuple[Term, ...]) -> None:
    words = [term for term in terms if isinstance(term, Words)]
    if len(terms) > TERMS_MAX:
        reading.wrong(0, len(reading.text), f"A query has at most {TERMS_MAX} terms.")
    elif sum(len(term.tokens) for term in words) > TOKENS_MAX:
        reading.wrong(0, len(reading.text), f"A query has at most {TOKENS_MAX} words.")
    elif (
        words and len(words) == len(terms) and not any(term.tokens for term in words) and not reading.mistakes
    ):
        reading.wrong(0, len(reading.text), f"“{reading.text.strip()}” has no letters or digits to look for.")


def _unknown(word: str, known: list[str], otherwise: str) -> str:
    nearest = get_close_matches(word.lower(), known, 1, 0.5) if len(word) <= 30 else []
    return f"{otherwise} Did you mean {nearest[0]}?" if nearest else otherwise


def _midnight(day: date, *, after: bool) -> datetime:
    """When the day begins, or when it is over (UTC)."""
    return datetime.combine(day, time.min, UTC) + timedelta(days=int(after and day != date.max))


def _minus(term: Term) -> str:
    return "-" if term.negated else ""


def _is_me(term: Property) -> bool:
    return term.name in ("owner", "by") and ME in term.values
