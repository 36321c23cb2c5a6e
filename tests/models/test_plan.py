"""Steps of a plan: ticked by people, with an event and a version each, whatever becomes of the file."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from issues.models import Event, EventKind, Gone, IssueFile, NotThere, Overtaken, StepTick, undo
from issues.models.issue_file import TROUBLESHOOTING_PLAN
from tests.factories import make_administrator, make_attachment, make_issue, make_user

pytestmark = pytest.mark.django_db

TEXT = "# Plan\n\n1. [ ] Check the strap\n2. [ ] Measure again\n3. [x] Read the log\n"


def make_plan(text: str = TEXT, *, issue=None, by=None, name="plan.md") -> IssueFile:
    by = by or make_user()
    file = make_attachment(by, name, text.encode())
    return (issue or make_issue(by)).add_file(by=by, attachment=file.uuid, file_type=TROUBLESHOOTING_PLAN)


def keys(plan: IssueFile) -> list[str]:
    return [step.key for step in plan.progress().outline.steps]


def done(plan: IssueFile) -> list[str]:
    plan.refresh_from_db()
    progress = plan.progress()
    return [step.text for step in progress.outline.steps if progress.states[step.key].is_done]


class TestTick:
    def test_says_who_and_when_and_raises_the_version(self):
        plan, ada = make_plan(), make_user()
        strap, *_ = keys(plan)

        assert plan.tick(strap, by=ada)

        event = Event.objects.get(pk=plan.last_event_id)
        assert (event.kind, event.actor, event.data["text"]) == ("step_ticked", ada, "Check the strap")
        tick = plan.progress().states[strap].tick
        assert (tick.ticked_by, tick.ticked_at) == (ada, event.created_at)
        plan.issue.refresh_from_db()
        assert (plan.issue.version, plan.issue.changed_at) == (3, event.created_at)
        assert (plan.progress().done, plan.progress().total) == (2, 3)

    def test_again_is_nothing(self):
        plan, ada = make_plan(), make_user()
        strap, _, log = keys(plan)
        plan.tick(strap, by=ada)

        assert not plan.tick(strap, by=make_user())
        assert not plan.tick(log, by=ada)  # written as done

        assert plan.issue.events.count() == 3

    def test_what_is_written_as_done_can_be_said_not_to_be_and_back(self):
        plan, ada = make_plan(), make_user()
        log = keys(plan)[2]

        plan.untick(log, by=ada)
        before = done(plan)
        plan.tick(log, by=ada)

        assert before == []
        assert done(plan) == ["Read the log"]
        assert not StepTick.objects.exists()

    def test_a_step_that_is_not_there_is_refused(self):
        plan = make_plan()

        for key in ("", "0" * 16, "x" * 500, "\0"):
            with pytest.raises(Gone):
                plan.tick(key, by=make_user())

        assert plan.issue.events.count() == 2

    def test_no_other_role_than_a_plan_has_steps(self):
        issue, ada = make_issue(), make_user()
        file = make_attachment(ada, "notes.md", TEXT.encode())
        notes = issue.add_file(by=ada, attachment=file.uuid, file_type="notes")

        with pytest.raises(Gone):
            notes.tick(keys(notes)[0], by=ada)

    def test_not_while_the_issue_is_deleted_or_the_plan_gone(self):
        plan, ada = make_plan(), make_user()
        strap, *_ = keys(plan)
        plan.issue.trash(by=ada)
        with pytest.raises(Gone):
            plan.tick(strap, by=ada)

        plan.issue.restore(by=ada)
        IssueFile.objects.get(pk=plan.pk).remove(by=ada)
        with pytest.raises(Gone):
            plan.tick(strap, by=ada)

        assert not StepTick.objects.exists()

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"%PDF-1.4\n\xff\xfe", "not a text"),
            (b"- [ ] a\0b", "not a text"),
            (b"- [ ] a\n" * 20_000, "80 kB"),
            (b"- [ ] a\n" * 5_000, "20,000 characters"),
            (b"", "no steps"),
        ],
    )
    def test_a_file_that_is_no_plan_says_why(self, content, why):
        ada = make_user()
        file = make_attachment(ada, "plan.md", content)
        plan = make_issue(ada).add_file(by=ada, attachment=file.uuid, file_type=TROUBLESHOOTING_PLAN)

        assert why in plan.progress().outline.problem
        assert plan.progress().total == 0

    def test_a_file_missing_from_the_store_says_so_and_is_read_once_it_is_back(self):
        plan = make_plan()
        name = plan.attachment.file.name
        storage = plan.attachment.file.storage
        storage.delete(name)

        assert "missing" in plan.progress().outline.problem

        with storage.open(name, "wb") as file:
            file.write(TEXT.encode())
        assert plan.progress().total == 3


class TestReplace:
    def test_ticks_follow_the_steps_whose_words_are_the_same(self):
        plan, ada = make_plan(), make_user()
        for key in keys(plan)[:2]:
            plan.tick(key, by=ada)
        new = make_attachment(ada, "other.md", b"- [ ] Call the maker\n- [ ] **Check** the strap\n")

        assert plan.replace(new.uuid, by=ada)
        assert not plan.replace(new.uuid, by=ada)

        assert done(plan) == ["Check the strap"]
        assert (plan.file_name, plan.progress().total) == ("plan.md", 2)

    def test_undone_it_brings_the_old_file_and_all_its_ticks_back(self):
        plan, ada = make_plan(), make_user()
        plan.tick(keys(plan)[1], by=ada)
        plan.replace(make_attachment(ada, content=b"- [ ] Call the maker\n").uuid, by=ada)
        between = done(plan)

        undo.undo(plan.last_event_id, by=ada)

        assert between == []
        assert done(plan) == ["Measure again", "Read the log"]

    def test_undone_after_somebody_replaced_it_again_it_stays(self):
        plan, ada, bob = make_plan(), make_user(), make_user()
        plan.replace(make_attachment(ada, content=b"- [ ] One\n").uuid, by=ada)
        mine = plan.last_event_id
        plan.replace(make_attachment(bob, content=b"- [ ] Two\n").uuid, by=bob)

        with pytest.raises(Overtaken) as refused:
            undo.undo(mine, by=ada)

        assert refused.value.by == {"attachment": bob}

    def test_taken_away_and_added_anew_it_keeps_its_ticks(self):
        plan, ada = make_plan(), make_user()
        plan.tick(keys(plan)[0], by=ada)
        plan.remove(by=ada)

        again = make_plan(f"{TEXT}4. [ ] One more\n", issue=plan.issue)
        other = make_plan(issue=plan.issue, name="other.md")

        assert done(again) == ["Check the strap", "Read the log"]
        assert done(other) == ["Read the log"]

    def test_another_plan_of_the_same_name_has_the_same_ticks(self):
        plan, ada = make_plan(), make_user()
        again = make_plan(f"{TEXT}4. [ ] One more\n", issue=plan.issue)
        other = make_plan(issue=plan.issue, name="other.md")

        plan.tick(keys(plan)[0], by=ada)

        assert done(again) == ["Check the strap", "Read the log"]
        assert [*plan.namesakes()] == [again]
        assert [*other.namesakes()] == []

    def test_by_a_file_that_does_not_exist_is_refused(self):
        plan = make_plan()

        with pytest.raises(NotThere):
            plan.replace(plan.uuid, by=make_user())


class TestUndo:
    def test_of_a_tick_takes_it_off_and_redo_puts_it_back(self):
        plan, ada = make_plan(), make_user()
        plan.tick(keys(plan)[0], by=ada)

        undone = undo.undo(plan.last_event_id, by=ada)
        between = done(plan)
        undo.undo(undone.pk, by=ada)

        assert undone.kind == EventKind.STEP_UNTICKED
        assert between == ["Read the log"]
        assert done(plan) == ["Check the strap", "Read the log"]

    def test_of_an_untick_gives_the_tick_back_to_who_set_it(self):
        plan, ada, bob = make_plan(), make_user(), make_user()
        strap, *_ = keys(plan)
        plan.tick(strap, by=ada)
        was = plan.progress().states[strap].tick
        plan.untick(strap, by=bob)

        undo.undo(plan.last_event_id, by=bob)

        tick = plan.progress().states[strap].tick
        assert (tick.ticked_by, tick.ticked_at) == (ada, was.ticked_at)

    def test_of_a_tick_that_somebody_took_off_says_who(self):
        plan, ada, bob = make_plan(), make_user(), make_user()
        strap, *_ = keys(plan)
        plan.tick(strap, by=ada)
        mine = plan.last_event_id
        plan.untick(strap, by=bob)

        with pytest.raises(Overtaken) as refused:
            undo.undo(mine, by=ada)

        assert refused.value.by == {"step_unticked": bob}

    def test_of_a_tick_whose_step_is_gone_stays(self):
        plan, ada = make_plan(), make_administrator()
        plan.tick(keys(plan)[0], by=ada)
        mine = plan.last_event_id
        plan.replace(make_attachment(ada, content=b"- [ ] Other\n").uuid, by=ada)

        with pytest.raises(Overtaken):
            undo.undo(mine, by=ada)


@pytest.mark.django_db(transaction=True)
def test_two_people_ticking_at_once_both_hold_and_the_same_step_is_ticked_once():
    plan, people = make_plan(), [make_user(), make_user()]
    strap, again, _ = keys(plan)

    def tick(who, key):
        try:
            return IssueFile.objects.get(pk=plan.pk).tick(key, by=who)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        wanted = [(people[0], strap), (people[1], strap), (people[0], again), (people[1], again)]
        results = list(pool.map(lambda one: tick(*one), wanted))

    assert sorted(results) == [False, False, True, True]
    assert done(plan) == ["Check the strap", "Measure again", "Read the log"]
    plan.issue.refresh_from_db()
    assert plan.issue.version == plan.issue.events.count() == 4
