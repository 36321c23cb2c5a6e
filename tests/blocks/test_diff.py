"""What changed between two texts: nothing left out, in bounded time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issues.blocks.diff import AROUND, compare

TEXTS = st.text(st.sampled_from("ab c\n."), max_size=60)


def side(lines, kind):
    return [line for line in lines if line.kind in (kind, "same", "gap")]


@given(TEXTS, TEXTS)
def test_each_side_is_read_in_full(old, new):
    lines = compare(old, new)

    for text, kind in ((old, "old"), (new, "new")):
        hidden = sum(int(line.parts[0][1].split()[0]) for line in lines if line.kind == "gap")
        shown = ["".join(part for _, part in line.parts) for line in lines if line.kind in (kind, "same")]
        everything = text.split("\n")
        assert len(shown) + hidden == len(everything)
        rest = iter(everything)
        assert all(line in rest for line in shown)  # in their order


def test_inside_a_line_words_are_marked():
    old, new = compare("fell to 22.3 V", "fell to 22.4 V")

    assert [text for changed, text in old.parts if changed] == ["3"]
    assert [text for changed, text in new.parts if changed] == ["4"]


def test_long_unchanged_stretches_are_folded():
    lines = compare(
        "\n".join(map(str, range(100))), "\n".join(map(str, [*range(50), "new", *range(50, 100)]))
    )

    assert [line.kind for line in lines] == ["gap", *["same"] * AROUND, "new", *["same"] * AROUND, "gap"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\n" * 20_000, "b\n" * 20_000), ("a b " * 20_000, "b a " * 20_000), ("a\nb\n" * 499, "b\na\n" * 499)],
)
def test_the_worst_texts_end(old, new):
    assert compare(old, new)
