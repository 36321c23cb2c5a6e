"""What is a step of a plan, and that nothing in a plan's text becomes markup of its own."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issues.blocks.plan import STEPS_MAX, read_plan


def steps(text: str) -> list[str]:
    return [step.text for step in read_plan(text).steps]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [ ] a\n- [x] b\n- c\n\n1. d", ["a", "b"]),
        ("1. [ ] a\n   - [ ] inside\n   - detail\n2. [ ] b", ["a", "inside", "b"]),
        ("1. a\n   - detail\n   1. deeper\n2. b\n\n- tools", ["a", "b"]),
        ("- tools\n  1. a\n  2. b", ["a", "b"]),
        ("* a\n  * deeper\n* b", ["a", "b"]),
        ("- [ ] **Bold** `code`\n  over two lines", ["Bold code over two lines"]),
        ("```\n- [ ] in code\n```\n", []),
        ("Nothing to do.\n\n-\n", []),
        ("", []),
    ],
)
def test_steps_are_task_items_else_numbered_items_else_bullets(text, expected):
    assert steps(text) == expected
    assert bool(read_plan(text).problem) == (not expected)


def test_a_key_follows_the_words_and_not_the_place():
    before = {step.text: step.key for step in read_plan("1. [ ] a\n2. [ ] **b**\n3. [ ] a").steps}
    after = {step.text: step.key for step in read_plan("- [x] new\n- [ ] b\n- [ ] a").steps}
    twice = [step.key for step in read_plan("1. a\n2. a\n3. a").steps]

    assert after["b"] == before["b"]
    assert len(set(twice)) == 3
    assert after["a"] == twice[0]


def test_the_text_is_shown_whole_and_nothing_in_it_is_markup():
    plan = read_plan(
        "# Plan <script>x</script>\n\nSee FND-7.\n\n- [ ] <img src=x onerror=y> [go](javascript:z)\n\nEnd."
    )
    html = "".join(f"{part.html}{part.words}" for part in plan.parts)

    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html
    assert '<a class="link" href="/FND-7">' in html
    assert html.endswith("<p>End.</p>\n")


@given(st.text(alphabet="-*[]x 1.\n`>|_<&a", max_size=80))
def test_any_text_gives_as_many_boxes_as_steps(text):
    plan = read_plan(text)

    assert len({step.key for step in plan.steps}) == len(plan.steps)
    assert [part.step for part in plan.parts if part.step] == plan.steps
    assert all(step.text for step in plan.steps)


@pytest.mark.parametrize("piece", ["- a\n - b\n  - c\n", "- \n", "-\n\n", "> ", "- [ ] ", "1. a\n\n", "<"])
def test_a_plan_that_wants_to_be_slow_is_not(piece):
    begin = time.process_time()

    plan = read_plan((piece * 20_000)[:20_000])

    assert time.process_time() - begin < 1.5  # 0.5 s on an idle machine
    assert len(plan.steps) <= STEPS_MAX
