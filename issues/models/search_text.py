"""What an issue can be found by: one `tsvector` of all its words, kept in the transaction of every verb that changes one.

Words are taken apart here and nowhere else, for texts and for queries alike, so both always agree. The rules know no
language: accents and case do not count, numbers stay whole (`22.3`, `1,420` is 1420), every other compound is its parts
side by side (`PWR-REQ-042`, `str_b_v`, `118V` and `118 V`), and writing without spaces is a character a word.
Weights: A title, B tags, C description and resolution, D comments and file names. Rows exist for living issues only.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models, transaction

from issues.blocks.text import plain_text

from . import search_index

TOKEN_MAX = 60  # characters; longer ones are cut, in texts and queries alike
BYTES_MAX = 600_000  # of one issue's words: PostgreSQL takes a megabyte
COMMENTS_MAX = 1_000  # the newest comments of an issue that are searched
GAP = 8  # positions between two texts, so that no phrase reaches from one into the other
POSITION_MAX = 16_383  # PostgreSQL knows no further place in a text
CHUNK = 2_000  # issues at a time when all are done anew
# Which of these issues have these words. (In a query of its own, so that nobody looks up first who else has them.)
HAVING_WORDS = """SELECT issue_id FROM (
    SELECT issue_id, words FROM issues_searchtext WHERE issue_id = ANY(%s::bigint[]) OFFSET 0
) looked_at WHERE words @@ %s::tsquery"""

_TOKEN = re.compile(
    r"""
    [\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]  # kana and Han: a word for each character
    | \d+(?:\.\d+)*                                         # 42, 22.3, 1.0.7
    | °?[^\W\d_](?:(?![\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])[^\W_])*  # eclipse, q3, °c
    | [%‰]
    """,
    re.VERBOSE,
)
# The same of what is folded and ASCII, in a third of the time.
_ASCII_TOKEN = re.compile(r"[a-z][a-z0-9]*|[0-9]+(?:\.[0-9]+)*|%")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")


class SearchText(models.Model):
    """The words of one living issue."""

    issue = models.OneToOneField("issues.Issue", primary_key=True, on_delete=models.CASCADE, related_name="+")
    words = SearchVectorField()

    class Meta:
        # A short pending list: what was written lately is looked through at every search.
        indexes = (GinIndex(fields=("words",), name="search_words", gin_pending_list_limit=512),)

    def __str__(self) -> str:
        return f"words of issue {self.issue_id}"


def tokens(text: str) -> list[str]:
    """`118 °C, PWR-REQ-042` → `118 °c pwr req 042`."""
    text = _fold(text)
    return [token[:TOKEN_MAX] for token in (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)]


def _fold(text: str) -> str:
    """Case, accents and the spelling of thousands do not count."""
    if "," in text:
        text = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    if text.isascii():
        return text.lower()
    bare = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", "".join(bare)).casefold()


def vector(*texts: tuple[str, Iterable[str]]) -> str:
    """These texts, each a weight and its parts, as the input of a `tsvector`.

    What does not fit any more is left out from the end, so the most telling texts come first.
    """
    places: dict[str, list[str]] = {}
    position, size = 1, 0
    for weight, parts in texts:
        for part in parts:
            for token in tokens(part):
                place = f"{position}{weight}"
                if (known := places.get(token)) is None:
                    size += (len(token) if token.isascii() else len(token.encode())) + 8
                    if size > BYTES_MAX:
                        return _written(places)
                    places[token] = [place]
                elif len(known) < 255:
                    size += 2
                    known.append(place)
                if position < POSITION_MAX:
                    position += 1
            position = min(position + GAP, POSITION_MAX)
    return _written(places)


def _written(places: dict[str, list[str]]) -> str:
    # Tokens hold no quotes or backslashes, so they need no escaping.
    return " ".join(f"'{token}':{','.join(where)}" for token, where in places.items())


def of_new(title: str, tags: Sequence[str], description: str, resolution: str | None) -> str:
    """The words of an issue that has neither comments nor files yet."""
    return vector(("A", [title]), ("B", tags), ("C", [plain_text(_blocks(description)), resolution or ""]))


def _blocks(description: str) -> Any:
    # Numbers of thousands of digits stay text: nothing here calculates.
    return json.loads(description, parse_int=str, parse_float=str) if description != "[]" else []


def refresh(issue_ids: Iterable[int]) -> None:
    """Write these issues' words anew; deleted ones lose theirs. Called by verbs, in the transaction that holds them."""
    ids = list(issue_ids)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.id, i.title, i.tags, i.description::text, i.resolution_summary,
                array(SELECT c.content FROM issues_comment c WHERE c.issue_id = i.id AND c.deleted_at IS NULL
                    ORDER BY c.created_at DESC, c.uuid DESC LIMIT %(comments)s),
                array(SELECT a.name || ' ' || a.title FROM issues_issueattachment l
                    JOIN issues_attachment a ON a.id = l.attachment_id WHERE l.issue_id = i.id
                    UNION SELECT a.name || ' ' || a.title FROM issues_comment c
                    JOIN issues_commentattachment l ON l.comment_id = c.id
                    JOIN issues_attachment a ON a.id = l.attachment_id
                    WHERE c.issue_id = i.id AND c.deleted_at IS NULL
                    UNION SELECT f.file_name FROM issues_issuefile f WHERE f.issue_id = i.id)
            FROM issues_issue i WHERE i.id = ANY(%(ids)s) AND i.deleted_at IS NULL
            """,
            {"ids": ids, "comments": COMMENTS_MAX},
        )
        found = {
            id_: vector(
                ("A", [title]),
                ("B", tags),
                ("C", [plain_text(_blocks(description)), resolution or ""]),
                ("D", sorted(files)),
                ("D", comments),
            )
            for id_, title, tags, description, resolution, comments, files in cursor.fetchall()
        }
        if gone := [id_ for id_ in ids if id_ not in found]:
            cursor.execute(
                f"""
                WITH fresh AS (SELECT unnest(%s::bigint[]) AS id), noted AS ({search_index.NOTE_WORDS})
                DELETE FROM issues_searchtext WHERE issue_id IN (SELECT id FROM fresh)
                """,  # noqa: S608 - constants
                [gone],
            )
        if found:
            cursor.execute(
                f"""
                WITH fresh AS (SELECT * FROM unnest(%s::bigint[], %s::text[]) AS found (id, words)),
                    noted AS ({search_index.NOTE_WORDS})
                INSERT INTO issues_searchtext (issue_id, words) SELECT id, words::tsvector FROM fresh
                ON CONFLICT (issue_id) DO UPDATE SET words = EXCLUDED.words
                """,  # noqa: S608 - constants
                [list(found), list(found.values())],
            )


def rebuild() -> int:
    """Write the words of every issue and what is searched of them anew, after a load that went past the verbs.

    Returns how many issues there are. Each chunk is a transaction that holds its issues, so it can run while people
    work.
    """
    done, last = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM issues_issue WHERE id > %s ORDER BY id LIMIT %s FOR NO KEY UPDATE",
                [last, CHUNK],
            )
            ids = [id_ for (id_,) in cursor.fetchall()]
            if not ids:
                break
            refresh(ids)
            done, last = done + len(ids), ids[-1]
        search_index.fold()
    search_index.rebuild()
    return done


def parts(text: str, *, quoted: bool = False) -> list[tuple[str, bool]]:
    """What a word or a quotation looks for side by side: each part, and whether by its beginning.

    That is the last one unless quoted. A single character is looked up as it is: by its beginning it would be nearly
    every issue.
    """
    found = tokens(text)
    last = len(found) - 1
    return [(token, n == last and not quoted and len(token) > 1) for n, token in enumerate(found)]


def lookup(text: str, *, quoted: bool = False) -> str:
    """The same as a `tsquery`; empty where there is nothing to look for."""
    return " <-> ".join(
        f"'{token}':*" if by_its_beginning else f"'{token}'"
        for token, by_its_beginning in parts(text, quoted=quoted)
    )
