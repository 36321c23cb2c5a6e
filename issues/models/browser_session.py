"""Where somebody is signed in: Django's session in the database, which also knows whose it is and which browser."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from .account import User

BROWSER_MAX = 300  # characters kept of what a browser calls itself


class BrowserSession(AbstractBaseSession):
    """A signed-in browser."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="browser_sessions")
    browser = models.CharField(max_length=BROWSER_MAX, blank=True)
    started_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> type["SessionStore"]:
        return SessionStore


class SessionStore(DatabaseStore):
    """What SESSION_ENGINE names. Only a sign-in writes a session: a page that is looked at writes nothing."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        made: BrowserSession = super().create_model_instance(data)  # type: ignore[assignment]
        user_id = data.get("_auth_user_id")
        made.user_id = int(user_id) if user_id else None
        made.browser = str(data.get("browser", ""))[:BROWSER_MAX]
        if "started" in data:
            made.started_at = datetime.fromisoformat(data["started"])
        return made
