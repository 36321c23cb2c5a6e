"""Comments, reactions and issue files: the documented tables and ours."""

from uuid import uuid4

import msgspec
import pytest

from issues.api import types
from tests.factories import make_administrator, make_attachment, make_comment, make_issue

from .conftest import Api, pointers


@pytest.fixture
def issue(api):
    return make_issue(api.user)


@pytest.fixture
def path(issue):
    return f"/issues/{issue.uuid}/comments"


class TestComments:
    def test_are_added_with_files_in_order(self, api, path):
        files = [str(make_attachment(name=f"{n}.csv").uuid) for n in "ba"]

        response = api.post(path, {"content": " kept as sent ", "attachment_ids": files})

        comment = response.json()
        assert response.status_code == 201
        assert list(comment) == [
            "uuid", "content", "attachments", "created_by", "created_at", "updated_at", "is_edited", "is_deleted", "reactions",
        ]  # fmt: skip
        assert comment["content"] == " kept as sent "
        assert [file["attachment_id"] for file in comment["attachments"]] == files
        assert (comment["is_edited"], comment["is_deleted"], comment["reactions"]) == (False, False, [])
        assert response.headers["Location"] == f"{path}/{comment['uuid']}"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/content"),
            ({"content": ""}, "/content"),
            ({"content": " \n "}, "/content"),
            ({"content": "x" * 10_001}, "/content"),
            ({"content": "a\u0000"}, "/content"),
            ({"content": None}, "/content"),
            ({"content": "x", "attachment_ids": [str(uuid4())] * 11}, "/attachment_ids"),
            ({"content": "x", "attachment_ids": [str(uuid4())]}, "/attachment_ids"),
        ],
    )
    def test_that_break_a_rule_are_refused(self, api, path, body, pointer):
        assert pointers(api.post(path, body)) == {pointer}

    def test_of_the_greatest_length_are_taken(self, api, path):
        assert api.post(path, {"content": "\U0001f50b" * 10_000}).status_code == 201

    def test_are_listed_oldest_first_with_limit_and_offset(self, api, path):
        for n in range(4):
            api.post(path, {"content": f"c{n}"})

        answer = api.get(f"{path}?limit=2&offset=1").json()

        assert [one["content"] for one in answer["items"]] == ["c1", "c2"]
        assert answer["count"] == 4
        assert api.get(f"{path}?offset=9").json() == {"items": [], "count": 4}
        assert pointers(api.get(f"{path}?limit=1001")) == {"?limit"}

    def test_are_listed_with_as_many_queries_for_one_as_for_many(
        self, api, issue, path, django_assert_num_queries
    ):
        for _ in range(3):
            comment = issue.comment(by=api.user, content="x", attachments=[make_attachment().uuid])
            comment.react("👍", by=api.user)

        api.get(path)  # the first call of a minute also notes that the token was used

        with django_assert_num_queries(3):  # token and issue, page, count
            msgspec.json.decode(api.get(path).content, type=types.CommentList)

    def test_are_edited_by_their_author_only(self, api, path):
        made = api.post(path, {"content": "a"}).json()
        at = f"{path}/{made['uuid']}"

        edited = api.patch(at, {"content": "b"}).json()

        assert (edited["content"], edited["is_edited"]) == ("b", True)
        assert edited["updated_at"] > made["updated_at"]
        assert api.patch(at, {"content": "b"}).json()["updated_at"] == edited["updated_at"]
        assert Api(make_administrator()).patch(at, {"content": "c"}).status_code == 403
        assert pointers(api.patch(at, {"content": ""})) == {"/content"}

    def test_are_deleted_by_their_author_or_an_administrator_and_leave_a_tombstone(self, api, issue, path):
        comment = make_comment(issue, api.user)
        comment.react("👍", by=api.user)
        at = f"{path}/{comment.uuid}"

        assert Api().delete(at).status_code == 403
        assert Api(make_administrator()).delete(at).status_code == 204

        [stone] = api.get(path).json()["items"]
        assert (stone["is_deleted"], stone["content"], stone["attachments"], stone["reactions"]) == (
            True,
            "",
            [],
            [],
        )
        assert api.get(path).json()["count"] == 1
        for method, body in (("PATCH", {"content": "x"}), ("DELETE", None)):
            assert api.call(method, at, body).status_code == 404
        assert api.put(f"{at}/reactions/👍").status_code == 404

    def test_of_another_issue_are_404(self, api, path):
        other = make_comment(by=api.user)

        assert api.patch(f"{path}/{other.uuid}", {"content": "x"}).status_code == 404
        assert api.delete(f"{path}/{uuid4()}").status_code == 404
        assert api.delete(f"{path}/nonsense").status_code == 404


class TestReactions:
    def test_come_and_go_and_count(self, api, issue, path):
        at = f"{path}/{make_comment(issue, api.user).uuid}/reactions"
        other = Api()
        for caller, emoji in ((api, "🔧"), (api, "👍"), (api, "👍"), (other, "👍")):
            assert caller.put(f"{at}/{emoji}").status_code == 204

        [comment] = api.get(path).json()["items"]
        assert comment["reactions"] == [
            {"emoji": "🔧", "count": 1, "users": [api.user.email]},
            {"emoji": "👍", "count": 2, "users": [api.user.email, other.user.email]},
        ]
        assert api.delete(f"{at}/👍").status_code == 204
        assert api.delete(f"{at}/👍").status_code == 204
        assert api.get(path).json()["items"][0]["reactions"][1]["count"] == 1

    @pytest.mark.parametrize("emoji", ["a", "%3Cb%3E", "👍👍", "1"])
    def test_are_emoji(self, api, issue, path, emoji):
        assert pointers(api.put(f"{path}/{make_comment(issue).uuid}/reactions/{emoji}")) == {"{emoji}"}


class TestFiles:
    def test_are_given_a_role_and_listed_by_it(self, api, issue):
        at, plan = f"/issues/{issue.uuid}/files", make_attachment(name="plan.md")

        made = api.post(at, {"attachment_id": str(plan.uuid), "file_type": "troubleshooting_plan"})
        api.post(at, {"attachment_id": str(plan.uuid), "file_type": "report", "file_name": "Report"})

        assert made.status_code == 201
        assert list(made.json()) == ["uuid", "file_name", "file_type", "attachment_id", "created_at"]
        assert made.json()["file_name"] == "plan.md"
        both = api.get(at).json()
        assert [one["file_name"] for one in both["items"]] == ["plan.md", "Report"]
        assert both["count"] == 2
        assert api.get(f"{at}?file_type=report").json()["count"] == 1
        assert api.get(f"{at}?file_type=other").json() == {"items": [], "count": 0}

    def test_are_taken_away(self, api, issue):
        file = issue.add_file(by=api.user, attachment=make_attachment().uuid, file_type="plan")
        at = f"/issues/{issue.uuid}/files/{file.uuid}"

        assert [api.delete(at).status_code, api.delete(at).status_code] == [204, 404]

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ({}, {"/attachment_id", "/file_type"}),
            ({"attachment_id": "x", "file_type": ""}, {"/attachment_id", "/file_type"}),
            ({"attachment_id": str(uuid4()), "file_type": "x" * 65}, {"/file_type"}),
            ({"attachment_id": str(uuid4()), "file_type": "x"}, {"/attachment_id"}),
            ({"attachment_id": str(uuid4()), "file_type": "x", "file_name": "y" * 256}, {"/file_name"}),
        ],
    )
    def test_that_break_a_rule_are_refused(self, api, issue, body, found):
        assert pointers(api.post(f"/issues/{issue.uuid}/files", body)) == found

    def test_of_an_odd_type_are_refused(self, api, issue):
        assert pointers(api.get(f"/issues/{issue.uuid}/files?file_type={'x' * 65}")) == {"?file_type"}
        assert pointers(api.get(f"/issues/{issue.uuid}/files?file_type=%00")) == {"?file_type"}


class TestSteps:
    def test_are_listed_ticked_and_unticked(self, api, issue):
        file = make_attachment(name="plan.md", content=b"1. [ ] Check the strap\n2. [x] Read the log\n")
        plan = issue.add_file(by=api.user, attachment=file.uuid, file_type="troubleshooting_plan")
        at = f"/issues/{issue.uuid}/files/{plan.uuid}/steps"
        strap, log = (one["step"] for one in api.get(at).json()["items"])

        ticked = [api.put(f"{at}/{strap}").status_code, api.put(f"{at}/{strap}").status_code]
        unticked = api.delete(f"{at}/{log}").status_code
        steps = api.get(at).json()

        assert (ticked, unticked) == ([204, 204], 204)
        assert (steps["count"], steps["done"]) == (2, 1)
        assert [(one["text"], one["is_done"], one["said_by"]) for one in steps["items"]] == [
            ("Check the strap", True, api.user.email),
            ("Read the log", False, api.user.email),
        ]
        assert issue.events.filter(kind="step_ticked").count() == 1

    def test_that_are_not_there_are_404(self, api, issue):
        file = make_attachment(name="plan.md", content=b"- [ ] a\n")
        plan = issue.add_file(by=api.user, attachment=file.uuid, file_type="troubleshooting_plan")
        notes = issue.add_file(by=api.user, attachment=file.uuid, file_type="notes")
        at = f"/issues/{issue.uuid}/files"

        for step in ("x", "%00", "é" * 300):
            assert api.put(f"{at}/{plan.uuid}/steps/{step}").status_code == 404
        assert api.get(f"{at}/{notes.uuid}/steps").status_code == 404
        issue.trash(by=api.user)
        assert api.get(f"{at}/{plan.uuid}/steps").status_code == 404
