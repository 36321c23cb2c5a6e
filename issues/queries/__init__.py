"""One filter language for list, board, API and exports, and what is asked with it.

Others are built on `conditions`, then `filter`; `…_by_words` are for filters with words, and read from what `find` found.
Everything other layers may use is named here.
"""

from .board_by_words import Columns, find_columns, find_groups
from .board_columns import board, board_column, board_counts, board_rows, recent_since
from .board_page import ColumnPage, Place
from .counting import CAP, Tally, TooManyToCount, count, count_by_status, count_untriaged, count_up_to
from .filter import IssueFilter, find
from .neighbourhood import COUNT_MAX, ORDERS, Neighbours, neighbours
from .newest_by_words import EXTRA, STRETCHES, stretches, within_stretches
from .newest_first import Found, issue_page, newest, page_read
from .rows import Read, Row, matching, version_of, version_read
from .suggestions import owners_in_use, suggest, tags_in_use

__all__ = [
    "CAP",
    "COUNT_MAX",
    "EXTRA",
    "ORDERS",
    "STRETCHES",
    "ColumnPage",
    "Columns",
    "Found",
    "IssueFilter",
    "Neighbours",
    "Place",
    "Read",
    "Row",
    "Tally",
    "TooManyToCount",
    "board",
    "board_column",
    "board_counts",
    "board_rows",
    "count",
    "count_by_status",
    "count_untriaged",
    "count_up_to",
    "find",
    "find_columns",
    "find_groups",
    "issue_page",
    "matching",
    "neighbours",
    "newest",
    "owners_in_use",
    "page_read",
    "recent_since",
    "stretches",
    "suggest",
    "tags_in_use",
    "version_of",
    "version_read",
    "within_stretches",
]
