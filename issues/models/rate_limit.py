"""How many requests a caller made in this minute: one count for all workers."""

from django.db import models


class RateCount(models.Model):
    """
    A caller's count in its current window.

    The table is UNLOGGED: counting a request then costs no wait for the disk, and after a crash the counts begin anew,
    which is all a count of this minute is worth.
    """

    caller = models.CharField(max_length=100, primary_key=True)  # "token 12", "address 203.0.113.7"
    window = models.BigIntegerField()  # minutes since 1970
    n = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.n}"


# Counts one request and says which it is in its window. One statement, so that two at once are two.
COUNT_ONE = """
INSERT INTO issues_ratecount AS r (caller, "window", n)
VALUES (%(caller)s, floor(extract(epoch FROM now()) / 60), 1)
ON CONFLICT (caller) DO UPDATE SET "window" = excluded."window",
    n = CASE WHEN r."window" = excluded."window" THEN r.n + 1 ELSE 1 END
RETURNING n
"""
