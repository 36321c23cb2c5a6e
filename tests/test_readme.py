"""The README's lines run as pasted: they are taken from it and run against the service in local mode."""

import re
import subprocess
from pathlib import Path

import pytest

from issues.api.urls import documented

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text()
[SCRIPT] = re.findall(r"```sh\n(API=.*?)```", README, re.DOTALL)


@pytest.mark.xdist_group("live")
def test_every_line_works_as_pasted(local, tmp_path):
    script = SCRIPT.replace("http://127.0.0.1:8000", local.address)

    # --fail-with-body: a 4xx or 5xx ends the script here, while a person sees what it says.
    told = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", f'curl() {{ command curl --fail-with-body "$@"; }}\n{script}'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"
    assert '"title" : "Battery string B drops to 22.3 V during eclipse"' in told.stdout
    assert "HTTP/1.1 304 Not Modified" in told.stdout
    assert '"status" : "in_progress"' in told.stdout
    assert '"file_type" : "troubleshooting_plan"' in told.stdout
    assert "HTTP/1.1 204 No Content" in told.stdout


def test_every_documented_route_has_its_line():
    called = re.findall(r'curl (?:-[a-z]+ )*(?:-X (\w+) )?"?\$API(/[^\s"?]*)(.*)', SCRIPT)
    lines = {
        (
            method or ("POST" if re.search(r" (-d|-F) ", rest) else "GET"),
            path.replace("$ID", "{issue_id}").replace("$CID", "{comment_id}"),
        )
        for method, path, rest in called
    }

    for pattern in documented:
        for operation in pattern.callback.operations:
            path = "/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
            assert (operation.method, path) in lines
