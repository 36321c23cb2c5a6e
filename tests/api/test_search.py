"""`q` on GET /issues: the query language, with what is wrong named at its place; the documented parameters stay as they were."""

from urllib.parse import urlencode

import pytest

from issues.models import User
from tests.factories import make_issue, make_user

pytestmark = pytest.mark.django_db


def ask(api, **parameters):
    return api.get(f"/issues?{urlencode(parameters, doseq=True)}")


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["count"] == len(body["items"])
    return [item["title"] for item in body["items"]]


@pytest.fixture
def three(api):
    user = api.user
    make_issue(User.objects.agent(), title="Battery sags to 22.3 V", tags=["power"], priority="high")
    make_issue(user, title="Torque ripple", owner=user.email, status="in_progress")
    make_issue(user, title="Battery runs hot", status="resolved")


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "batt"}, ["Battery runs hot", "Battery sags to 22.3 V"]),
        ({"q": "batt", "status": "open"}, ["Battery sags to 22.3 V"]),
        ({"q": "batt -hot"}, ["Battery sags to 22.3 V"]),
        ({"q": '"sags to"'}, ["Battery sags to 22.3 V"]),
        ({"q": "owner:me"}, ["Torque ripple"]),
        ({"q": "by:atlas tag:power"}, ["Battery sags to 22.3 V"]),
        ({"q": ["batt", "is:closed"]}, ["Battery runs hot"]),
        ({"q": ""}, ["Battery runs hot", "Torque ripple", "Battery sags to 22.3 V"]),
    ],
)
def test_a_query_narrows_the_list(api, parameters, found):
    assert titles(ask(api, **parameters)) == found


@pytest.mark.usefixtures("three")
def test_the_pages_of_a_query_are_counted_and_linked(api):
    answer = ask(api, q="batt", limit=1)

    assert answer.json()["count"] == 2
    assert "q=batt" in answer.headers["Link"]
    assert ask(api, q="batt", limit=1, offset=2).json() == {"items": [], "count": 2}


def test_every_mistake_is_named_with_its_place(api):
    answer = ask(api, q="stauts:open has:cvs", limit="x")

    assert answer.status_code == 422
    errors = {(error["pointer"], error["detail"]) for error in answer.json()["errors"]}
    assert ("?q", "There is no “stauts:”. Did you mean status? (character 1)") in errors
    assert any(
        pointer == "?q" and "csv" in detail and "(character 17)" in detail for pointer, detail in errors
    )
    assert any(pointer == "?limit" for pointer, _ in errors)


@pytest.mark.parametrize(
    "q", ["\0", "x" * 1001, '"', "%00", "a " * 300, "tag:,", "-", "((((", "'; DROP", "a & b | !c <-> :*"]
)
def test_no_text_is_a_fault_of_the_server(api, q):
    make_issue(make_user())

    assert ask(api, q=q).status_code in (200, 422)


def test_the_reference_describes_it(api):
    listed = api.get("/openapi.json").json()["paths"]["/issues"]["get"]["parameters"]

    assert [parameter["schema"]["maxLength"] for parameter in listed if parameter["name"] == "q"] == [1000]
