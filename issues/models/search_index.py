"""Which issues have a word, as bits: what a search reads instead of looking through issues.

Issues stand in **blocks** of 8,192 by their id. For each block and **term** one row says which of its issues have the
term, a bit for each, so words that meet are an `&` over rows, and a million issues are some hundred rows a word. A term
is a word of the issue, the first two to four letters of one (`*bat`), or a fact that searches are narrowed by
(`#status:open`). Further rows say which of them were last changed on a **day**, for those who want to see these first.

Verbs do not write here: they would wait for each other at every common word. They leave a note that an issue has
changed, in their own transaction (`SearchNote`), and a search looks at those issues themselves. Now and then one of
the writers **folds** the notes into the blocks. What a note says of an issue is what the blocks still hold of it.
"""

import json
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from .account import AGENT_EMAIL
from .ids import as_array
from .locks import Lock, is_taken_now

if TYPE_CHECKING:
    from .counts import Facts

BLOCK = 8_192  # issues; a row of bits is a kilobyte, which PostgreSQL keeps in the table itself
SPARSE = 64  # up to so many issues of a block are kept by their places, two bytes each
BEGINNINGS = (2, 3, 4)  # letters; longer beginnings are looked up among the words themselves
FOLD_EVERY = 256  # events; a search looks at about as many issues one by one
FOLDED_AT_ONCE = 2_000  # issues
EVERY = ""  # the term of all issues that the blocks know
LAST = "\U0010ffff"  # comes after every letter
_LAST_BLOCK = 2**31 - 1
# The edition of a block is the version of its row: which transaction wrote it, and where. Whatever changes a block's terms
# writes its row anew, so while this is the same they say the same; and nothing else is ever called so. (After a restart
# PostgreSQL may go on from an older state, and count transactions from there.)
EDITION = "xmin::text || ctid::text || (SELECT pg_postmaster_start_time()::text)"


class SearchBlock(models.Model):
    """8,192 issues, and when the oldest and the newest of them were filed."""

    number = models.IntegerField(primary_key=True)
    oldest = models.DateTimeField()
    newest = models.DateTimeField()

    def __str__(self) -> str:
        return f"issues {self.number * BLOCK} to {(self.number + 1) * BLOCK - 1}"


class SearchTerm(models.Model):
    """Which issues of a block have a term: bits or places, as `packed` makes them."""

    pk = models.CompositePrimaryKey("term", "block")
    term = models.TextField(db_collation="C")
    block = models.IntegerField()
    issues = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.term} in block {self.block}"


class SearchDay(models.Model):
    """Which issues of a block were last changed on a day (UTC) and are closed, or are not; as in SearchTerm.

    One that was changed again since may still stand in rows of older days, so that nobody has to look for them: of the
    rows that have an issue the newest one is true. Closed or not, because boards ask for either, and few issues stay
    open among the many that were changed of a day.
    """

    pk = models.CompositePrimaryKey("block", "day", "is_closed")
    block = models.IntegerField()
    day = models.DateField()
    is_closed = models.BooleanField()
    issues = models.BinaryField()

    def __str__(self) -> str:
        return f"{'closed' if self.is_closed else 'not closed'}, changed on {self.day}, in block {self.block}"


class SearchNote(models.Model):
    """An issue that the blocks do not know as it is now; `words` and `facts` are what they hold of it, if they changed."""

    issue_id = models.BigIntegerField(primary_key=True)
    words = SearchVectorField(null=True)
    facts = ArrayField(models.TextField(), null=True)

    def __str__(self) -> str:
        return f"issue {self.issue_id} changed"


# Terms


def of_status(status: str | None) -> str:
    return f"#status:{status or ''}"


def of_priority(priority: str | None) -> str:
    return f"#priority:{priority or ''}"


def of_owner(owner: str) -> str:
    return f"#owner:{owner}"


def of_tag(tag: str | None) -> str:
    """Of a tag; None is that there are none."""
    return f"#tag:{tag or ''}"


def of_finder(*, is_agent: bool) -> str:
    return "#by:atlas" if is_agent else "#by:people"


def of_creator(email: str) -> str:
    """Filed by this one; an address is never that of somebody else."""
    return f"#by:{email}"


def of_untriaged() -> str:
    """No person has decided on it yet."""
    return "#untriaged"


# What an issue may have: nobody tells what it had before, so a fold says of each of them whether it has it or not.
KINDS = {
    "csv": ["csv"],
    "pdf": ["pdf"],
    "image": ["png", "jpg", "jpeg", "gif", "webp"],
}  # of files, by their extensions
HAVING = ("attachment", "comment", "plan", "session", "reopened", *KINDS)


def of_having(what: str) -> str:
    """That it has at least one of these, or was reopened."""
    return f"#has:{what}"


def of_closing(status: str | None, day: date) -> str:
    """Closed as this on this day (UTC)."""
    return f"#closed:{status}:{day}"


def facts_of(facts: "Facts") -> list[str]:
    """The terms of what may change about an issue beside its words."""
    return _terms(
        facts.status, facts.priority, facts.owner, facts.tags, facts.closed_at, facts.triaged_at is None
    )


def _terms(
    status: str | None,
    priority: str | None,
    owner: str,
    tags: Collection[str],
    closed_at: datetime | None,
    is_untriaged: bool,
) -> list[str]:
    found = [of_status(status), of_priority(priority), of_owner(owner)]
    found += [of_tag(tag) for tag in tags] or [of_tag(None)]
    if closed_at is not None:
        found.append(of_closing(status, closed_at.astimezone(UTC).date()))
    if is_untriaged:
        found.append(of_untriaged())
    return found


def span_of(word: str, *, by_its_beginning: bool = False) -> tuple[str, str]:
    """From which term to which to look for a word."""
    if not by_its_beginning:
        return word, word
    if len(word) in BEGINNINGS:
        return f"*{word}", f"*{word}"
    return word, word + LAST


def _beginnings(word: str) -> Iterator[str]:
    if word and word[0] not in "#*":
        for n in BEGINNINGS:
            if len(word) >= n:
                yield f"*{word[:n]}"


def _with_beginnings(terms: Iterable[str]) -> set[str]:
    terms = set(terms)
    return terms.union(*(_beginnings(term) for term in terms))


# Bits. The issue with the lowest id of a block is bit 0.


def packed(bits: int) -> bytes:
    """Some issues of a block, as a row keeps them."""
    n = bits.bit_count()
    return struct.pack(f">{n}H", *places(bits)) if n <= SPARSE else bits.to_bytes(BLOCK // 8, "little")


def unpacked(row: bytes) -> int:
    if len(row) == BLOCK // 8:
        return int.from_bytes(row, "little")
    bits = 0
    for (place,) in struct.iter_unpack(">H", row):
        bits |= 1 << place
    return bits


_PLACES = [[place for place in range(8) if byte >> place & 1] for byte in range(256)]


def places(bits: int) -> list[int]:
    """Which bits of a block are set, from the lowest."""
    if bits.bit_count() > SPARSE:
        line = bits.to_bytes(BLOCK // 8, "little")
        return [8 * at + place for at, byte in enumerate(line) if byte for place in _PLACES[byte]]
    found = []
    while bits:  # from the highest, so that what is left gets shorter
        place = bits.bit_length() - 1
        found.append(place)
        bits ^= 1 << place
    found.reverse()
    return found


State = tuple[date, bool]  # on which day (UTC) issues were last changed, and whether they are closed


def newest_first(states: Iterable[tuple[State, int]]) -> Iterator[tuple[State, int]]:
    """The rows of a block's SearchDay without what has a newer one."""
    newer = 0
    for state, bits in sorted(states, reverse=True):
        if left := bits & ~newer:
            yield state, left
            newer |= left


def day_of(changed_at: datetime) -> date:
    """The day (UTC) of SearchDay."""
    return changed_at.astimezone(UTC).date()


# Notes: called by verbs, in the transaction that holds these issues, with their ids in order.

# Beside what writes the words anew, in one statement, so that it reads what they were. `fresh` names the issues.
NOTE_WORDS = """
    INSERT INTO issues_searchnote (issue_id, words)
    SELECT fresh.id, was.words FROM fresh LEFT JOIN issues_searchtext was ON was.issue_id = fresh.id ORDER BY 1
    ON CONFLICT (issue_id) DO UPDATE SET words = coalesce(issues_searchnote.words, EXCLUDED.words)
"""


def note(changes: Iterable[tuple[int, "Facts | None", "Facts | None"]]) -> None:
    """That these issues (id, before, after) were changed now, and are narrowed by other facts, if they are."""
    changed = []
    for issue_id, before, after in changes:
        was = facts_of(before) if before and after else None
        changed.append({"id": issue_id, "facts": None if after and was == facts_of(after) else was})
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO issues_searchnote (issue_id, facts)
            SELECT id, facts FROM jsonb_to_recordset(%s::jsonb) AS changed (id bigint, facts text[]) ORDER BY id
            ON CONFLICT (issue_id) DO UPDATE SET facts = coalesce(issues_searchnote.facts, EXCLUDED.facts)
            """,
            [json.dumps(changed)],
        )


def note_changed(issue_ids: Iterable[int]) -> None:
    """That these issues were changed now, whatever it is that changed about them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO issues_searchnote (issue_id) SELECT unnest(%s::bigint[]) ORDER BY 1
            ON CONFLICT (issue_id) DO NOTHING
            """,
            [as_array(issue_ids)],
        )


def fold_sometimes(event_ids: Iterable[int]) -> None:
    """Fold once this transaction is committed, if one of these events is the one whose turn it is."""
    if any(event_id % FOLD_EVERY == 0 for event_id in event_ids):
        transaction.on_commit(fold, robust=True)


def fold() -> None:
    """Bring the blocks up to date. Harmless at any time, and when another one is at it."""
    while _fold_some() == FOLDED_AT_ONCE:
        pass


def _fold_some() -> int:
    """Fold the first notes; how many. One at a time does it, and only this and `rebuild` write blocks and terms."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_taken_now(cursor, Lock.SEARCH):
            return 0
        # A verb that is changing one of these issues holds its note, which is passed over; a verb that comes later
        # waits at the note until this is done, and then writes it anew. So the issues that are read next are
        # exactly what such a verb takes for the state before.
        cursor.execute(
            """
            DELETE FROM issues_searchnote WHERE issue_id IN (
                SELECT issue_id FROM issues_searchnote ORDER BY issue_id LIMIT %s FOR UPDATE SKIP LOCKED
            ) RETURNING issue_id, tsvector_to_array(words), facts
            """,
            [FOLDED_AT_ONCE],
        )
        was = {id_: (words, facts) for id_, words, facts in cursor.fetchall()}
        if was:
            _write(cursor, was)
        return len(was)


_Was = tuple[
    list[str] | None, list[str] | None
]  # words and facts that the blocks hold; None: as they are now

_READ = """
    SELECT i.id, i.created_at, i.changed_at, i.closed_at IS NOT NULL, i.deleted_at IS NULL AND t.words IS NOT NULL, tsvector_to_array(t.words),
        i.status, i.priority, i.owner, i.tags, i.closed_at, i.triaged_at IS NULL, u.email,
        i.file_count > 0, i.comment_count > 0, i.plan_count > 0,
        EXISTS (SELECT FROM issues_issuesession l WHERE l.issue_id = i.id), i.reopened_at IS NOT NULL, array(
            SELECT a.extension FROM issues_issueattachment l JOIN issues_attachment a ON a.id = l.attachment_id
            WHERE i.file_count > 0 AND l.issue_id = i.id
        )
    FROM issues_issue i JOIN issues_user u ON u.id = i.created_by_id
    LEFT JOIN issues_searchtext t ON t.issue_id = i.id
"""


class _Row(NamedTuple):
    """What is read of an issue, in the order of _READ."""

    id: int
    created_at: datetime
    changed_at: datetime
    is_closed: bool
    is_there: bool  # it is not in the trash
    words: list[str] | None
    status: str | None
    priority: str | None
    owner: str
    tags: list[str]
    closed_at: datetime | None
    is_untriaged: bool
    email: str  # of who filed it
    has_files: bool
    has_comments: bool
    has_plans: bool
    has_sessions: bool
    was_reopened: bool
    extensions: list[str]

    @property
    def state(self) -> State:
        return day_of(self.changed_at), self.is_closed

    @property
    def facts(self) -> list[str]:
        return _terms(self.status, self.priority, self.owner, self.tags, self.closed_at, self.is_untriaged)

    @property
    def finders(self) -> tuple[str, str]:
        return of_finder(is_agent=self.email == AGENT_EMAIL), of_creator(self.email)

    @property
    def having(self) -> set[str]:
        """What of HAVING it has."""
        found = {kind for kind, known in KINDS.items() if not set(known).isdisjoint(self.extensions)}
        told = (
            ("attachment", self.has_files),
            ("comment", self.has_comments),
            ("plan", self.has_plans),
            ("session", self.has_sessions),
            ("reopened", self.was_reopened),
        )
        return found.union(what for what, has in told if has)

    @property
    def terms(self) -> list[str]:
        """All its terms but the beginnings of its words."""
        return [EVERY, *(self.words or ()), *self.facts, *self.finders, *map(of_having, self.having)]


def _write(cursor: CursorWrapper, was: dict[int, _Was]) -> None:
    """Make the blocks say of these issues what is true of them now."""
    cursor.execute(f"{_READ} WHERE i.id = ANY(%s)", [list(was)])
    now = {row.id: row for row in map(_Row._make, cursor.fetchall())}
    blocks = {number: _Changed() for number in {id_ // BLOCK for id_ in was}}
    cursor.execute(
        "SELECT block, issues FROM issues_searchterm WHERE term = %s AND block = ANY(%s)",
        [EVERY, list(blocks)],
    )
    known = {number: unpacked(issues) for number, issues in cursor.fetchall()}
    for id_, (words, facts) in was.items():
        number, bit = id_ // BLOCK, 1 << id_ % BLOCK
        block = blocks[number]
        is_member = bool(known.get(number, 0) & bit)
        if id_ not in now:  # purged; its words are in the note, as it was in the trash before
            for term in _with_beginnings([EVERY, *(words or ())]) if is_member else ():
                block.gone[term] |= bit
            continue
        row = now[id_]
        terms_now = row.terms if row.is_there else []
        if row.is_there:
            block.moments.append(row.created_at)
            block.states[row.state] |= bit
            having = row.having
            for what in HAVING:
                (block.new if what in having else block.gone)[of_having(what)] |= bit
        if not is_member:
            for term in terms_now:
                block.new[term] |= bit
        elif words is not None or facts is not None or not row.is_there:
            terms = [EVERY, *(words or row.words or ()), *(facts or row.facts), *row.finders]
            old, new = _with_beginnings(terms), _with_beginnings(terms_now)
            for term in old - new:
                block.gone[term] |= bit
            for term in new - old:
                block.new[term] |= bit
    for block in blocks.values():
        block.add_beginnings()
    _write_blocks(cursor, blocks)
    _write_terms(cursor, blocks)
    _write_days(cursor, blocks)


class _Changed:
    """What changes about a block."""

    def __init__(self) -> None:
        self.moments: list[datetime] = []  # when issues that are there were filed
        self.states: defaultdict[State, int] = defaultdict(int)  # of them
        self.new: defaultdict[str, int] = defaultdict(int)
        self.gone: defaultdict[str, int] = defaultdict(int)

    def add_beginnings(self) -> None:
        """For all issues that have a new word at once."""
        for term, bits in list(self.new.items()):
            for beginning in _beginnings(term):
                self.new[beginning] |= bits


def _write_blocks(cursor: CursorWrapper, blocks: dict[int, _Changed]) -> None:
    rows = [
        (number, min(block.moments), max(block.moments)) for number, block in blocks.items() if block.moments
    ]
    if rows:
        cursor.execute(
            """
            INSERT INTO issues_searchblock AS b (number, oldest, newest)
            SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[])
            ON CONFLICT (number) DO UPDATE
            SET oldest = least(b.oldest, EXCLUDED.oldest), newest = greatest(b.newest, EXCLUDED.newest)
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
    if emptied := [number for number, block in blocks.items() if block.gone and not block.moments]:
        # Another edition of it, though not filed over another time.
        cursor.execute("UPDATE issues_searchblock SET number = number WHERE number = ANY(%s)", [emptied])


def _write_terms(cursor: CursorWrapper, blocks: dict[int, _Changed]) -> None:
    pairs = [(term, number) for number, block in blocks.items() for term in sorted({*block.new, *block.gone})]
    if not pairs:
        return
    cursor.execute(
        """
        SELECT t.term, t.block, t.issues FROM unnest(%s::text[], %s::integer[]) AS asked (term, block)
        JOIN issues_searchterm t ON t.term = asked.term COLLATE "C" AND t.block = asked.block
        """,
        [list(column) for column in zip(*pairs, strict=True)],
    )
    known = {(term, number): unpacked(issues) for term, number, issues in cursor.fetchall()}
    rows, empty = [], []
    for term, number in pairs:
        before = known.get((term, number), 0)
        block = blocks[number]
        after = (before & ~block.gone.get(term, 0)) | block.new.get(term, 0)
        if after and after != before:
            rows.append((term, number, packed(after)))
        elif before and not after:
            empty.append((term, number))
    if rows:
        cursor.execute(
            """
            INSERT INTO issues_searchterm (term, block, issues)
            SELECT * FROM unnest(%s::text[], %s::integer[], %s::bytea[])
            ON CONFLICT (term, block) DO UPDATE SET issues = EXCLUDED.issues
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
    if empty:
        cursor.execute(
            """
            DELETE FROM issues_searchterm t USING unnest(%s::text[], %s::integer[]) AS empty (term, block)
            WHERE t.term = empty.term COLLATE "C" AND t.block = empty.block
            """,
            [list(column) for column in zip(*empty, strict=True)],
        )


def _write_days(cursor: CursorWrapper, blocks: dict[int, _Changed]) -> None:
    """These issues stand on their days, and on none that is newer."""
    moved = {number: block.states for number, block in blocks.items() if block.states}
    if not moved:
        return
    cursor.execute(
        """
        SELECT d.block, d.day, d.is_closed, d.issues FROM unnest(%s::integer[], %s::date[]) AS asked (block, since)
        JOIN issues_searchday d ON d.block = asked.block AND d.day >= asked.since
        """,
        [list(moved), [min(day for day, _ in states) for states in moved.values()]],
    )
    known = {
        (number, day, is_closed): unpacked(issues) for number, day, is_closed, issues in cursor.fetchall()
    }
    true = {(number, *state): bits for number, states in moved.items() for state, bits in states.items()}
    everything = {number: reduce(or_, states.values()) for number, states in moved.items()}
    rows, empty = [], []
    for key in sorted({*known, *true}):
        before = known.get(key, 0)
        after = (before & ~everything[key[0]]) | true.get(key, 0)
        if after and after != before:
            rows.append((*key, packed(after)))
        elif before and not after:
            empty.append(key)
    if rows:
        cursor.execute(
            """
            INSERT INTO issues_searchday (block, day, is_closed, issues)
            SELECT * FROM unnest(%s::integer[], %s::date[], %s::boolean[], %s::bytea[])
            ON CONFLICT (block, day, is_closed) DO UPDATE SET issues = EXCLUDED.issues
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )
    if empty:
        cursor.execute(
            """
            DELETE FROM issues_searchday d
            USING unnest(%s::integer[], %s::date[], %s::boolean[]) AS empty (block, day, is_closed)
            WHERE (d.block, d.day, d.is_closed) = (empty.block, empty.day, empty.is_closed)
            """,
            [list(column) for column in zip(*empty, strict=True)],
        )


def rebuild(first_id: int = 0) -> None:
    """Make the blocks anew from the words and the issues, from the one of this issue on.

    Each block is a transaction that holds its issues, so it can run while people work.
    """
    number = first_id // BLOCK
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            # The same lock as a fold takes, but this one waits for it.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.SEARCH.value])
            cursor.execute("SELECT min(id) / %s FROM issues_issue WHERE id >= %s", [BLOCK, number * BLOCK])
            [next_] = cursor.fetchone()
            if next_ is None:
                _delete(cursor, number, _LAST_BLOCK)
                return
            _delete(cursor, number, next_)
            _rebuild_block(cursor, next_)
            number = next_ + 1


def _delete(cursor: CursorWrapper, first: int, last: int) -> None:
    """All that is held of these blocks."""
    cursor.execute("DELETE FROM issues_searchterm WHERE block BETWEEN %s AND %s", [first, last])
    cursor.execute("DELETE FROM issues_searchday WHERE block BETWEEN %s AND %s", [first, last])
    cursor.execute("DELETE FROM issues_searchblock WHERE number BETWEEN %s AND %s", [first, last])


def _rebuild_block(cursor: CursorWrapper, number: int) -> None:
    ids = (number * BLOCK, (number + 1) * BLOCK - 1)
    cursor.execute(
        "SELECT id FROM issues_issue WHERE id BETWEEN %s AND %s ORDER BY id FOR NO KEY UPDATE", ids
    )
    held = [id_ for (id_,) in cursor.fetchall()]
    # Nobody changes these, so their notes are told; that of an issue which is not committed yet is not seen.
    cursor.execute("DELETE FROM issues_searchnote WHERE issue_id = ANY(%s)", [held])
    cursor.execute(f"{_READ} WHERE i.id = ANY(%s)", [held])
    block = _Changed()
    for row in map(_Row._make, cursor.fetchall()):
        if row.is_there:
            bit = 1 << row.id % BLOCK
            block.moments.append(row.created_at)
            block.states[row.state] |= bit
            for term in row.terms:
                block.new[term] |= bit
    block.add_beginnings()
    _write_blocks(cursor, {number: block})
    with cursor.copy("COPY issues_searchterm (term, block, issues) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["text", "int4", "bytea"])
        for term in sorted(block.new):
            copy.write_row((term, number, packed(block.new[term])))
    _write_days(cursor, {number: block})


def mistakes() -> int:
    """How many issues the blocks say something else of than is true, notes counted in: none, unless something went past the verbs."""
    wrong = 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT number FROM issues_searchblock UNION SELECT DISTINCT id / %s FROM issues_issue ORDER BY 1
            """,
            [BLOCK],
        )
        for (number,) in cursor.fetchall():
            wrong += _mistakes_in(cursor, number)
    return wrong


def _mistakes_in(cursor: CursorWrapper, number: int) -> int:
    ids = (number * BLOCK, (number + 1) * BLOCK - 1)
    cursor.execute("SELECT term, issues FROM issues_searchterm WHERE block = %s", [number])
    held: dict[str, int] = {term: unpacked(issues) for term, issues in cursor.fetchall()}
    members = held.get(EVERY, 0)
    cursor.execute("SELECT issue_id FROM issues_searchnote WHERE issue_id BETWEEN %s AND %s", ids)
    noted = sum(1 << id_ % BLOCK for (id_,) in cursor.fetchall())
    true: defaultdict[str, int] = defaultdict(int)
    cursor.execute(f"{_READ} WHERE i.id BETWEEN %s AND %s", ids)
    states: defaultdict[State, int] = defaultdict(int)
    for row in map(_Row._make, cursor.fetchall()):
        if row.is_there:
            bit = 1 << row.id % BLOCK
            states[row.state] |= bit
            for term in _with_beginnings(row.terms):
                true[term] |= bit
    wrong = 0
    for term in {*held, *true}:
        wrong |= (held.get(term, 0) & members) ^ true.get(term, 0)
    cursor.execute("SELECT day, is_closed, issues FROM issues_searchday WHERE block = %s", [number])
    held_states = dict(
        newest_first(((day, is_closed), unpacked(issues)) for day, is_closed, issues in cursor.fetchall())
    )
    for state in {*held_states, *states}:
        wrong |= (held_states.get(state, 0) ^ states.get(state, 0)) & members
    return int(wrong & ~noted).bit_count()
