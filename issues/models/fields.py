"""Column types that Django lacks."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class JSONTextField(_TextField):
    """JSON kept as the very text that was sent, in PostgreSQL's `json` type.

    `jsonb` would write numbers anew (1e300 as 301 digits: 6 bytes sent, 301 stored and answered) and Django's
    JSONField would send them through a float. A description must come back equal to what was sent.
    """

    def db_type(self, connection: Any) -> str:
        return "json"

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        # psycopg parses the json type into Python objects; the text is what we keep and pass on.
        return f"{sql}::text", params


if TYPE_CHECKING:
    _Field = models.Field[Decimal, Decimal]
else:
    _Field = models.Field


class WholeNumberField(_Field):
    """An integer of any length (up to 131,072 digits), in PostgreSQL's `numeric` type, which adds thousands of digits at once.

    A Decimal in Python, whose integers refuse to be written with more than 4,300 digits.
    """

    def db_type(self, connection: Any) -> str:
        return "numeric"
