"""schemathesis against the service as it is shipped: all its checks, on what /openapi.json promises.

Half of the requests are about things that exist, half about made-up ids; half keep the rules, half break them.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from issues.api.openapi import document

pytestmark = pytest.mark.xdist_group("live")
CASES = [
    (path, method, mode)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    for mode in GenerationMode
    if mode.is_positive or operation["parameters"] or "requestBody" in operation  # else nothing can be broken
]


@pytest.fixture(scope="module")
def agent_token(live):
    """The agent's: from anybody else a `job_run_id` that breaks its rule is passed over, which no schema can say."""
    return live.manage("create_token", "--agent").strip()


@pytest.fixture(scope="module")
def description(live):
    schema = schemathesis.openapi.from_url(f"{live.address}/openapi.json")
    schema.config.update(base_url=live.address)
    # U+0000 is JSON, but no text here (test_malice.py); parameters nobody knows are ignored.
    schema.config.generation.update(allow_x00=False)
    schema.config.generation.allow_extra_parameters = False
    return schema


@pytest.fixture(scope="module")
def there() -> dict[str, str]:
    """What `things` has made and nobody has deleted yet."""
    return {}


@pytest.fixture
def things(live, agent_token, there, method) -> Iterator[dict[str, str]]:
    """One of everything, linked together: the ids that paths take."""
    if not there:
        there.update(make_things(live, agent_token))
    yield there
    if method == "delete":
        there.clear()


def make_things(live, agent_token) -> dict[str, str]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {agent_token}"

        def post(path: str, **sent: Any) -> dict[str, Any]:
            answer = session.post(live.address + path, **sent)
            assert answer.ok, answer.text
            return dict(answer.json())

        file = post("/attachments", files={"file": ("telemetry.csv", b"t,v\n0,28.1\n")})["attachment_id"]
        one = post("/sessions", json={"attachments": [{"attachment_id": file}]})["session_id"]
        new = {"title": "Found", "description": [], "attachment_ids": [file], "session_ids": [one]}
        issue = post("/issues", json=new)["uuid"]
        comment = post(f"/issues/{issue}/comments", json={"content": "x", "attachment_ids": [file]})["uuid"]
        text = {"file": ("plan.md", b"- [ ] Check the strap\n")}
        plan = {"attachment_id": post("/attachments", files=text)["attachment_id"]}
        role = post(f"/issues/{issue}/files", json=plan | {"file_type": "troubleshooting_plan"})["uuid"]
        [step] = session.get(f"{live.address}/issues/{issue}/files/{role}/steps").json()["items"]
        signed = post(f"/attachments/{file}/export")["url"].rpartition("/")[2]
    return {"issue_id": issue, "comment_id": comment, "file_id": role, "session_id": one, "attachment_id": file,
            "signature": signed, "emoji": "🔧", "name": "status", "step": step["step"]}  # fmt: skip


def keep_what_no_schema_says(case: Case, things: dict[str, str]) -> None:
    """A good request names what exists, holds the version it was made from, and has a key of its own."""
    case.headers.pop("If-Match", None)
    case.query.pop("zone", None)  # the name of a time zone, of which there are hundreds
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if "q" in case.query:
        case.query["q"] = 'battery -"string b" status:open,in_progress created:>2026-10-01'
    if isinstance(case.body, dict):
        for name, id_ in (("attachment_ids", "attachment_id"), ("session_ids", "session_id")):
            if case.body.get(name):
                case.body[name] = [things[id_]]
        if case.body.get("attachments"):
            case.body["attachments"] = [{"attachment_id": things["attachment_id"]}]
        if "attachment_id" in case.body:
            case.body["attachment_id"] = things["attachment_id"]


@pytest.mark.parametrize(
    ("path", "method", "mode"), CASES, ids=[f"{method} {path} {mode}" for path, method, mode in CASES]
)
def test_every_answer_is_as_described(description, agent_token, things, path, method, mode):
    operation = description[path][method]
    known = {name: things[name] for name in re.findall(r"{(\w+)}", path)}
    requests_ = operation.as_strategy(mode)
    if known and mode.is_positive:
        requests_ |= operation.as_strategy(mode, path_parameters=known)

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,  # whoever lands something else must not meet a find of today
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_)
    def check(case):
        if mode.is_positive:
            keep_what_no_schema_says(case, things)
        # What arrives in a form is bytes, whatever type it was made from; and a token that is left out is sent all the same.
        breaks_nothing = case.media_type == "multipart/form-data" or "Authorization" not in case.headers
        excluded = [negative_data_rejection] if mode.is_negative and breaks_nothing else []
        headers = {"Authorization": f"Bearer {agent_token}"}
        answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
        assert answer.status_code < 500
        assert answer.headers["x-request-id"]

    check()
