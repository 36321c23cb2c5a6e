"""Saved views: a filter with a name, for oneself or for everybody. The side column shows those that one has pinned."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from django.db import connection, models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone

from .account import User
from .errors import DomainError, Gone, NotYours
from .limits import PINS_SHOWN, VIEW_NAME_MAX, VIEW_QUERY_MAX, VIEWS_MAX


class NameTaken(DomainError):
    """The person has a view of this name already."""


class TooManyViews(DomainError):
    """The person has as many views as one may have."""


class ViewPage(models.TextChoices):
    BOARD = "board", "Board"
    LIST = "list", "List"


# What a new person finds: name, query string, page.
DEFAULTS = (
    ("Mine, open", "q=owner%3Ame+is%3Aopen", ViewPage.LIST),
    ("High, unassigned", "q=is%3Aopen+no%3Aowner&priority=high", ViewPage.LIST),
    ("Waiting over 14 days", "q=status%3Aopen+updated%3A%3C-14d", ViewPage.LIST),
)


# What the side column of the user `u` shows, in its order, as text: a value that tells whether it is still the same.
PINNED = f"""(SELECT coalesce(json_agg(pinned), '[]')::text FROM (
    SELECT v.id, v.owner_id, v.name, v.query, v.page, v.sort, v.is_shared
    FROM issues_viewpin p JOIN issues_savedview v ON v.id = p.view_id
    WHERE p.user_id = u.id AND v.deleted_at IS NULL AND (v.owner_id = u.id OR v.is_shared)
    ORDER BY p.position, p.id LIMIT {PINS_SHOWN}) pinned)"""  # noqa: S608 - constants


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def visible_to(self, user: User) -> Self:
        """One's own views, and what others share."""
        return self.alive().filter(Q(owner=user) | Q(is_shared=True))

    def pinned_by(self, user: User) -> Self:
        """What the side column of this person shows, in its order."""
        return self.visible_to(user).filter(pins__user=user).order_by("pins__position", "pins__id")

    def for_list(self, user: User) -> Self:
        """The views this person can use, with whether they are pinned: the pinned ones first, in their order."""
        place = ViewPin.objects.filter(view=OuterRef("pk"), user=user)
        return (
            self.visible_to(user)
            .select_related("owner")
            .annotate(is_pinned=Exists(place), place=models.Subquery(place.values("position")[:1]))
            .order_by(F("place").asc(nulls_last=True), "name", "id")
        )


class SavedView(models.Model):
    """
    A filter, the page it shows on, and a sort, under a name.

    Its owner and administrators change it; others use and pin what is shared. Changes go through the verbs below.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    name = models.CharField(max_length=VIEW_NAME_MAX)
    query = models.CharField(
        max_length=VIEW_QUERY_MAX, blank=True
    )  # as the filter writes itself into an address
    page = models.CharField(max_length=10, choices=ViewPage, default=ViewPage.LIST)
    sort = models.CharField(max_length=40, blank=True)  # as the list writes it into an address
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="view_has_a_name"),
            models.CheckConstraint(condition=Q(page__in=ViewPage.values), name="view_page_is_known"),
            models.UniqueConstraint(
                fields=("owner", "name"), condition=Q(deleted_at=None), name="view_name_is_once_a_person"
            ),
        )
        indexes = (
            models.Index(fields=("name",), condition=Q(deleted_at=None, is_shared=True), name="view_shared"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        path = "/" if self.page == ViewPage.BOARD else "/list"
        parameters = "&".join(part for part in (self.query, f"sort={self.sort}" if self.sort else "") if part)
        return f"{path}?{parameters}" if parameters else path

    @classmethod
    def pinned_of(cls, user: User) -> str:
        """The views in the side column of this person, as `from_pinned` reads them."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {PINNED} FROM issues_user u WHERE u.id = %s", [user.pk])  # noqa: S608 - a constant
            row = cursor.fetchone()
        return row[0] if row else "[]"

    @classmethod
    def from_pinned(cls, text: str) -> list[Self]:
        """The views that `PINNED` gives."""
        return [cls(**fields) for fields in json.loads(text)]

    def can_be_changed_by(self, user: User) -> bool:
        return user.can_write and (self.owner_id == user.pk or user.is_administrator)

    @classmethod
    def create(
        cls,
        *,
        by: User,
        name: str,
        query: str,
        page: str = ViewPage.LIST,
        sort: str = "",
        is_shared: bool = False,
    ) -> Self:
        """Save a view and pin it, last in its owner's side column. NameTaken, TooManyViews."""
        with transaction.atomic():
            _hold(by)
            mine = cls.objects.alive().filter(owner=by)
            if mine.count() >= VIEWS_MAX:
                raise TooManyViews
            if mine.filter(name=name).exists():
                raise NameTaken
            view = cls(owner=by, name=name, query=query, page=page, sort=sort, is_shared=is_shared)
            view.save(force_insert=True)
            view._pin(by)
        return view

    def rename(self, name: str, *, by: User) -> bool:
        """Call it otherwise. False if it is called that. NameTaken."""
        with self._held(by):
            if name == self.name:
                return False
            if SavedView.objects.alive().filter(owner=self.owner_id, name=name).exists():
                raise NameTaken
            self.name = name
            self.save()
            return True

    def share(self, *, by: User) -> bool:
        """Let everybody use it. False if they can already."""
        return self._set_shared(True, by)

    def unshare(self, *, by: User) -> bool:
        """Keep it to its owner; it leaves the side columns of others. False if it was never shared."""
        return self._set_shared(False, by)

    def trash(self, *, by: User) -> bool:
        """Delete it; it can be restored with everybody's pins. False if somebody did so already."""
        with self._held(by, deleted_too=True):
            if self.deleted_at is not None:
                return False
            self.deleted_at = timezone.now()
            self.save()
            return True

    def restore(self, *, by: User) -> bool:
        """Take it back. False if it is not deleted. NameTaken if its name was given again meanwhile."""
        with self._held(by, deleted_too=True):
            if self.deleted_at is None:
                return False
            if SavedView.objects.alive().filter(owner=self.owner_id, name=self.name).exists():
                raise NameTaken
            self.deleted_at = None
            self.save()
            return True

    def pin(self, *, by: User) -> bool:
        """Put it last into this person's side column. False if it stands there. Gone if they cannot see it."""
        with transaction.atomic():
            _hold(by)
            if not SavedView.objects.visible_to(by).filter(pk=self.pk).exists():
                raise Gone
            return self._pin(by)

    def unpin(self, *, by: User) -> bool:
        """Take it out of this person's side column. False if it was not there."""
        removed, _ = ViewPin.objects.filter(view=self, user=by).delete()
        return removed > 0

    def move(self, *, by: User, up: bool) -> bool:
        """Change places with the one above or below in this person's side column. False at the end."""
        with transaction.atomic():
            _hold(by)
            pins = list(
                ViewPin.objects.filter(user=by, view__in=SavedView.objects.visible_to(by)).order_by(
                    "position", "id"
                )
            )
            at = next((n for n, pin in enumerate(pins) if pin.view_id == self.pk), None)
            if at is None or not 0 <= at + (-1 if up else 1) < len(pins):
                return False
            other = pins[at - 1 if up else at + 1]
            pins[at].position, other.position = other.position, pins[at].position
            ViewPin.objects.bulk_update([pins[at], other], ["position"])
            return True

    def _pin(self, user: User) -> bool:
        last = ViewPin.objects.filter(user=user).aggregate(last=Max("position"))["last"] or 0
        _, created = ViewPin.objects.get_or_create(view=self, user=user, defaults={"position": last + 1})
        return created

    def _set_shared(self, shared: bool, by: User) -> bool:
        with self._held(by):
            if self.is_shared == shared:
                return False
            self.is_shared = shared
            self.save()
            return True

    @contextmanager
    def _held(self, by: User, *, deleted_too: bool = False) -> Iterator[None]:
        """Hold the owner's views and this one, refreshed. Gone if it is deleted or not to be seen; NotYours."""
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).filter(pk=self.owner_id).first()
            try:
                self.refresh_from_db(from_queryset=SavedView.objects.select_for_update())
            except SavedView.DoesNotExist:
                raise Gone from None
            if self.deleted_at is not None and not deleted_too:
                raise Gone
            if self.owner_id != by.pk and not by.is_administrator:
                raise NotYours if self.is_shared else Gone
            yield


class ViewPin(models.Model):
    """A view in somebody's side column."""

    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="pins")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    position = models.IntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "view"), name="view_is_pinned_once_a_person"),)

    def __str__(self) -> str:
        return f"{self.view} at {self.position}"


def give_defaults(user: User) -> None:
    """The views that a new person finds, pinned. Called where the person is made."""
    views = SavedView.objects.bulk_create(
        SavedView(owner=user, name=name, query=query, page=page) for name, query, page in DEFAULTS
    )
    ViewPin.objects.bulk_create(
        ViewPin(view=view, user=user, position=n) for n, view in enumerate(views, start=1)
    )


def _hold(user: User) -> None:
    """One change of a person's views at a time."""
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
