"""Where somebody is signed in: Django's session in the database, which also knows whose it is and which browser."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import connection, models
from django.utils import timezone

from .account import User
from .event import MARK
from .saved_view import PINNED

BROWSER_MAX = 300  # characters kept of what a browser calls itself


class BrowserSession(AbstractBaseSession):
    """A signed-in browser."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="browser_sessions")
    browser = models.CharField(max_length=BROWSER_MAX, blank=True)
    started_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> type["SessionStore"]:
        return SessionStore


_USER = ("id", "password", "last_login", "email", "name", "role", "is_active", "is_agent", "created_at")
# Everything that a page asks of who looks at it, in one round trip.
_LOOK = f"""
SELECT s.session_data, {MARK}, {PINNED}, {", ".join(f"u.{name}" for name in _USER)}
FROM issues_browsersession s LEFT JOIN issues_user u ON u.id = s.user_id
WHERE s.session_key = %s AND s.expire_date > now()
"""  # noqa: S608 - constants


class SessionStore(DatabaseStore):
    """What SESSION_ENGINE names. Only a sign-in writes a session: a page that is looked at writes nothing."""

    looked = False  # whether what follows was read
    user: User | None = (
        None  # who was signed in when the session was read; whether they still are is for others to say
    )
    mark: int | None = None  # where the record of events stood then
    pinned = "[]"  # the user's pinned views, as SavedView.from_pinned reads them

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def load(self) -> dict[str, Any]:
        row, self.looked = None, True
        if self.session_key and "\0" not in self.session_key:
            with connection.cursor() as cursor:
                cursor.execute(_LOOK, [self.session_key])
                row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        data, self.mark, self.pinned, *user = row
        self.user = User.from_db(connection.alias, _USER, user) if user[0] is not None else None
        decoded: dict[str, Any] = self.decode(data)
        return decoded

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        made: BrowserSession = super().create_model_instance(data)  # type: ignore[assignment]
        user_id = data.get("_auth_user_id")
        made.user_id = int(user_id) if user_id else None
        made.browser = str(data.get("browser", ""))[:BROWSER_MAX]
        if "started" in data:
            made.started_at = datetime.fromisoformat(data["started"])
        return made
