"""Saved views: who sees, changes and pins them, and in which order they stand."""

import pytest
from django.db import IntegrityError, transaction

from issues.models import Gone, NotYours, SavedView, ViewPin
from issues.models.limits import VIEWS_MAX
from issues.models.saved_view import NameTaken, TooManyViews, ViewPage
from tests.factories import make_administrator, make_user

pytestmark = pytest.mark.django_db


def make_view(by, name="TVAC campaign", **fields):
    return SavedView.create(by=by, **{"name": name, "query": "tag=tvac", **fields})


def pinned(user) -> list[str]:
    return [view.name for view in SavedView.objects.pinned_by(user)]


FIRST = ["Mine, open", "High, unassigned", "Waiting over 14 days"]


def test_a_new_person_finds_three_views():
    assert pinned(make_user()) == FIRST


def test_a_view_is_pinned_last_when_it_is_saved():
    ada = make_user()

    view = make_view(ada, page=ViewPage.BOARD)

    assert pinned(ada) == [*FIRST, "TVAC campaign"]
    assert view.get_absolute_url() == "/?tag=tvac"


def test_a_name_is_once_a_person():
    ada = make_user()
    make_view(ada)

    with pytest.raises(NameTaken):
        make_view(ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(owner=ada, name="TVAC campaign")

    assert make_view(make_user()).name == "TVAC campaign"


def test_there_are_not_endlessly_many():
    ada = make_user()
    SavedView.objects.bulk_create(
        SavedView(owner=ada, name=f"view {n}") for n in range(VIEWS_MAX - len(FIRST))
    )

    with pytest.raises(TooManyViews):
        make_view(ada)


class TestRename:
    def test_calls_it_otherwise(self):
        ada = make_user()
        view = make_view(ada)

        assert view.rename("TVAC 2", by=ada)
        assert not view.rename("TVAC 2", by=ada)
        assert pinned(ada)[-1] == "TVAC 2"

    def test_does_not_take_a_name_that_is_there(self):
        ada = make_user()

        with pytest.raises(NameTaken):
            make_view(ada).rename(FIRST[0], by=ada)

    def test_is_for_its_owner_and_administrators(self):
        view = make_view(make_user(), is_shared=True)

        with pytest.raises(NotYours):
            view.rename("Mine now", by=make_user())
        assert view.rename("Ours", by=make_administrator())


class TestShare:
    def test_lets_others_pin_it(self):
        ada, mara = make_user(), make_user()
        view = make_view(ada)
        with pytest.raises(Gone):
            view.pin(by=mara)

        assert view.share(by=ada)
        assert not view.share(by=ada)

        assert view.pin(by=mara)
        assert not view.pin(by=mara)
        assert pinned(mara)[-1] == view.name

    def test_taken_back_leaves_the_side_columns_of_others(self):
        ada, mara = make_user(), make_user()
        view = make_view(ada, is_shared=True)
        view.pin(by=mara)

        assert view.unshare(by=ada)

        assert pinned(mara) == FIRST
        assert pinned(ada)[-1] == view.name

    def test_one_that_is_not_shared_does_not_exist_for_others(self):
        view = make_view(make_user())

        with pytest.raises(Gone):
            view.rename("Guessed", by=make_user())


class TestMove:
    def test_changes_places_with_the_neighbour(self):
        ada = make_user()
        view = make_view(ada)

        assert view.move(by=ada, up=True)
        assert pinned(ada) == [*FIRST[:2], view.name, FIRST[2]]
        assert view.move(by=ada, up=False)
        assert not view.move(by=ada, up=False)
        assert pinned(ada) == [*FIRST, view.name]

    def test_does_not_move_what_is_not_pinned(self):
        ada = make_user()
        view = make_view(ada)
        assert view.unpin(by=ada)
        assert not view.unpin(by=ada)

        assert not view.move(by=ada, up=True)

    def test_passes_over_a_pin_that_cannot_be_seen(self):
        ada, mara = make_user(), make_user()
        hidden = make_view(ada, is_shared=True)
        hidden.pin(by=mara)
        view = make_view(mara, name="Last")
        hidden.unshare(by=ada)

        assert view.move(by=mara, up=True)

        assert pinned(mara) == [*FIRST[:2], "Last", FIRST[2]]


class TestTrash:
    def test_takes_it_away_and_restoring_brings_every_pin_back(self):
        ada, mara = make_user(), make_user()
        view = make_view(ada, is_shared=True)
        view.pin(by=mara)

        assert view.trash(by=ada)
        assert not view.trash(by=ada)
        assert (pinned(ada), pinned(mara)) == (FIRST, FIRST)

        assert view.restore(by=ada)
        assert not view.restore(by=ada)
        assert (pinned(ada)[-1], pinned(mara)[-1]) == (view.name, view.name)

    def test_frees_the_name_until_it_is_restored(self):
        ada = make_user()
        view = make_view(ada)
        view.trash(by=ada)
        make_view(ada)

        with pytest.raises(NameTaken):
            view.restore(by=ada)

    def test_a_deleted_view_cannot_be_changed(self):
        ada = make_user()
        view = make_view(ada)
        SavedView.objects.get(pk=view.pk).trash(by=ada)

        with pytest.raises(Gone):
            view.rename("Late", by=ada)
        with pytest.raises(Gone):
            view.pin(by=ada)


@pytest.mark.parametrize("wrong", [{"name": ""}, {"page": "poster"}])
def test_the_database_holds_the_rules(wrong):
    ada = make_user()

    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(**{"owner": ada, "name": "x", "page": "list", **wrong})


def test_a_view_is_pinned_once():
    ada = make_user()
    view = make_view(ada)

    with pytest.raises(IntegrityError), transaction.atomic():
        ViewPin.objects.create(user=ada, view=view, position=9)
