"""Replies remembered by Idempotency-Key, so that a program that asks again makes nothing twice."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from django.db import OperationalError, connection, models
from django.utils import timezone

from .account import User

KEY_MAX = 255
HOURS = 24
WAIT = 10  # seconds that a second request waits for the first


class StillRunning(Exception):
    """The first request with this key has not ended within the wait."""


class RememberedReply(models.Model):
    """
    The first reply to a keyed request.

    Its row is inserted in the transaction of the verb itself: a second request with the same key waits on the unique
    constraint until the first has committed, and then finds the reply.
    """

    caller = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=KEY_MAX)
    fingerprint = models.BinaryField(max_length=32)  # SHA-256 of route and body
    status = models.SmallIntegerField(default=0)  # 0 while the first request runs
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("caller", "key"), name="reply_is_remembered_once_a_key"),
        )
        indexes = (models.Index(fields=("created_at",), name="reply_age"),)

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"

    @classmethod
    def claim(cls, caller: User, key: str, fingerprint: bytes) -> tuple[Self, bool]:
        """The reply remembered under this key, and whether this request is the first and must fill it in.

        To be called in the transaction that does the work. Waits while the first one runs, 10 s at most
        (StillRunning). A reply older than 24 hours is forgotten.
        """
        old = timezone.now() - timedelta(hours=HOURS)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}s'")
                cursor.execute(
                    """
                    INSERT INTO issues_rememberedreply AS r
                        (caller_id, key, fingerprint, status, headers, body, created_at)
                    VALUES (%s, %s, %s, 0, '{}', '', now())
                    ON CONFLICT (caller_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = 0,
                        headers = '{}', body = '', created_at = now() WHERE r.created_at < %s
                    RETURNING id
                    """,
                    [caller.pk, key, fingerprint, old],
                )
                is_first = cursor.fetchone() is not None
                cursor.execute("SET LOCAL lock_timeout = DEFAULT")
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == "55P03":  # lock_not_available
                raise StillRunning from None
            raise
        return cls.objects.get(caller=caller, key=key), is_first

    def remember(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the reply, in the transaction that did the work."""
        self.status, self.headers, self.body = status, dict(headers), body
        self.save(update_fields=["status", "headers", "body"])


def forget_old() -> int:
    """Delete the replies that nobody can ask for any more; how many."""
    deleted, _ = RememberedReply.objects.filter(
        created_at__lt=timezone.now() - timedelta(hours=HOURS)
    ).delete()
    return deleted
