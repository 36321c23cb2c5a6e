"""`manage.py recount` finds what is wrong in the sums, and mends it."""

import pytest
from django.core.management import CommandError, call_command

from issues.models import Issue, counts, flow
from tests.factories import make_issue


@pytest.mark.django_db
def test_right_sums_pass_the_check(capsys):
    make_issue(tags=["power"])

    call_command("recount", check=True)

    assert "All sums are right" in capsys.readouterr().out


@pytest.mark.django_db
def test_wrong_sums_fail_the_check_and_are_made_anew():
    make_issue()
    Issue.objects.update(status="in_progress")  # past the verbs

    with pytest.raises(CommandError, match="sums are wrong"):
        call_command("recount", check=True)
    call_command("recount")

    assert counts.mistakes() == flow.mistakes() == 0
    assert counts.by_state() == {("in_progress", "low"): 1}
