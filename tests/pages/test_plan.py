"""A troubleshooting plan as a page, by its forms alone."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_attachment, make_issue, make_user, make_viewer
from tests.models.test_plan import done, keys, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def mara(production):
    return make_user("mara.lindqvist@example.com", name="Mara Lindqvist")


@pytest.fixture
def client(mara):
    client = Client()
    client.force_login(mara)
    return client


def address(plan) -> str:
    return f"/{plan.issue.reference}/plans/{plan.uuid}"


def tick(client, plan, key, *, verb="tick", script=False):
    headers = {"HX-Request": "true"} if script else {}
    return client.post(f"{address(plan)}/{verb}", {"step": key}, headers=headers)


def test_a_tick_comes_back_to_its_step_with_undo_and_shows_who(client, mara):
    plan = make_plan()
    strap, *_ = keys(plan)

    response = tick(client, plan, strap)
    page = client.get(response.headers["Location"]).text
    back = client.post("/undo", {"event": plan.issue.events.latest("id").pk})

    assert response.status_code == 303
    assert response.headers["Location"].endswith(f"#s-{strap}")
    assert "“Check the strap” of FND-" in page
    assert "2 of 3 steps" in page
    assert "Mara Lindqvist, <time" in page
    assert back.status_code == 303
    assert done(plan) == ["Read the log"]


def test_plans_of_one_name_tell_of_each_other(client):
    plan = make_plan()
    alone = client.get(address(plan)).text
    again = make_plan(issue=plan.issue)

    page = client.get(address(plan)).text

    assert "have one tick" not in alone
    assert f'href="{address(again)}">Another {again.file_name}</a>' in page
    assert "steps with the same words have one tick" in page


def test_by_script_only_the_plan_is_answered_and_a_second_click_says_nothing(client):
    plan = make_plan()
    strap, *_ = keys(plan)

    first, second = (tick(client, plan, strap, script=True) for _ in range(2))

    assert first.text.startswith('<div class="text stack plan" id="plan"')
    assert "Check the strap" in json.loads(first.headers["HX-Trigger"])["toast"]["text"]
    assert (second.status_code, second.headers.get("HX-Trigger")) == (200, None)
    assert "2 of 3 steps" in first.text
    assert "2 of 3 steps" in second.text


def test_a_step_that_was_replaced_meanwhile_is_said_and_nothing_is_changed(client, mara):
    plan = make_plan()
    strap, *_ = keys(plan)
    plan.replace(make_attachment(mara, content=b"- [ ] Other\n").uuid, by=mara)

    response = tick(client, plan, strap)

    assert response.status_code == 404
    assert "not in the plan any more" in response.text
    assert "0 of 1 step" in response.text
    assert tick(client, plan, "\0").status_code == 404


def test_the_file_is_replaced_by_a_form(client):
    plan = make_plan()
    tick(client, plan, keys(plan)[0])

    upload = SimpleUploadedFile("new.md", b"- [ ] Check the strap\n- [ ] Call the maker\n")
    response = client.post(f"{address(plan)}/replace", {"file": upload})
    none = client.post(f"{address(plan)}/replace")

    assert response.status_code == 303
    assert done(plan) == ["Check the strap"]
    assert (none.status_code, "A file must be chosen" in none.text) == (422, True)


def test_a_viewer_reads_and_cannot_tick(client):
    plan = make_plan()
    viewer = Client()
    viewer.force_login(make_viewer())

    page = viewer.get(address(plan)).text

    assert page.count('role="checkbox"') == page.count(" disabled>") == 3
    assert tick(viewer, plan, keys(plan)[0]).status_code == 403
    assert done(plan) == ["Read the log"]


def test_of_a_deleted_issue_it_can_be_read(client, mara):
    plan = make_plan()
    plan.issue.trash(by=mara)

    page = client.get(address(plan)).text

    assert "is deleted" in page
    assert " disabled>" in page
    assert tick(client, plan, keys(plan)[0]).status_code == 404


def test_what_is_no_plan_has_no_page_and_a_plan_of_another_issue_is_not_there(client, mara):
    plan, other = make_plan(), make_issue()
    notes = other.add_file(by=mara, attachment=make_attachment(mara).uuid, file_type="notes")

    assert client.get(f"/{other.reference}/plans/{plan.uuid}").status_code == 404
    assert client.get(address(notes)).status_code == 404


def test_the_issue_shows_how_far_its_plans_are_and_its_thread_what_was_ticked(client, mara):
    plan = make_plan(by=mara)
    make_plan("Only words.", issue=plan.issue, name="words.md")
    strap, again, log = keys(plan)
    before = client.get(f"/{plan.issue.reference}").text
    for key in (strap, again):
        tick(client, plan, key)
    tick(client, plan, log, verb="untick")
    tick(client, plan, log)

    after = client.get(f"/{plan.issue.reference}").text

    assert "1 of 3 steps, by" in before
    assert "3 of 3 steps, by" in after
    link = f'<a class="link" href="{address(plan)}">plan.md</a>'
    assert f"ticked “Check the strap”, “Measure again” in {link}" in after
    assert "took the tick off" not in after
    assert "words.md" in after


def test_a_page_of_a_plan_costs_the_same_however_many_ticks_it_has(client, django_assert_max_num_queries):
    plan = make_plan("".join(f"- [ ] Step {n}\n" for n in range(40)))
    for key in keys(plan):
        plan.tick(key, by=make_user())

    with django_assert_max_num_queries(9):
        client.get(address(plan))
