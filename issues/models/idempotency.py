"""Replies remembered by Idempotency-Key, so that a program that asks again makes nothing twice."""

from django.db import models
from django.utils import timezone

from .account import User

KEY_MAX = 255
HOURS = 24


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
