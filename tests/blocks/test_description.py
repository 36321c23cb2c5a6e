"""Descriptions edited as Markdown: nothing that was not touched changes by a letter."""

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issues.blocks.check import check_blocks
from issues.blocks.description import (
    Unreadable,
    blocks_to_markdown,
    description_to_markdown,
    markdown_to_blocks,
    markdown_to_description,
    split_markdown,
)
from issues.blocks.html import render_html
from issues.blocks.runs import as_letters, inline, settle, words_of
from tests.blocks.test_blocks import BLOCK, JSON

WORDS = st.text(st.sampled_from("ab *_`#->|[](){}!\n1.x:~\\"), max_size=30)
LISTS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["list", "numbered_list"]), "items": st.lists(WORDS, max_size=3)}
    ),
    lambda inner: st.builds(
        lambda kind, items: {"type": kind, "items": items},
        st.sampled_from(["list", "numbered_list", "checklist"]),
        st.lists(
            st.fixed_dictionaries(
                {"text": WORDS, "children": st.lists(inner, max_size=2)}, optional={"checked": st.booleans()}
            ),
            max_size=3,
        ),
    ),
    max_leaves=6,
)
OURS = st.one_of(
    LISTS,
    st.fixed_dictionaries({"type": st.just("paragraph"), "text": WORDS}),
    st.fixed_dictionaries({"type": st.just("heading"), "level": st.integers(0, 5) | st.booleans(), "text": WORDS}),
    st.fixed_dictionaries({"type": st.sampled_from(["list", "numbered_list"]), "items": st.lists(WORDS, max_size=3)}),
    st.fixed_dictionaries(
        {
            "type": st.just("checklist"),
            "items": st.lists(st.fixed_dictionaries({"text": WORDS, "checked": st.booleans()}), max_size=3),
        }
    ),
    st.fixed_dictionaries({"type": st.just("quote"), "text": WORDS}),
    st.fixed_dictionaries({"type": st.just("code"), "text": WORDS, "language": st.sampled_from(["", "python", "block"])}),
    st.fixed_dictionaries(
        {"type": st.just("callout"), "kind": st.sampled_from(["note", "warning", "x"]), "title": WORDS, "text": WORDS}
    ),
    st.fixed_dictionaries({"type": st.just("image"), "url": WORDS, "alt": WORDS}),
    st.fixed_dictionaries(
        {
            "type": st.just("table"),
            "header": st.lists(WORDS, max_size=3),
            "rows": st.lists(st.lists(WORDS, max_size=3), max_size=3),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("paragraph"),
            "id": st.text(max_size=5),
            "content": st.lists(
                st.fixed_dictionaries(
                    {"type": st.just("text"), "text": WORDS, "styles": st.dictionaries(st.sampled_from(["bold", "code"]), st.booleans())}
                ),
                max_size=3,
            ),
        }
    ),
)  # fmt: skip
MARKDOWN = (
    "## Data\n\nfell to **22.3 V**\nfor 148 s\n\n- a\n- b\n  1. c\n\n1. x\n2. y\n\n- [x] done\n- [ ] not\n\n> q\n\n"
    "```python\ndf.min()\n\n# 22.31\n```\n\n| Q | A |\n| --- | --- |\n| min | 25.9 V |\n\n---\n\n"
    "> [!warning] Limit crossed.\n> PWR-REQ-042 asks for 24.0 V.\n\n![plot](/file/0198c0de-0000-7000-8000-000000000000)"
)


def verbatim(*texts: str) -> str:
    return f"[{', '.join(texts)}]"


def test_markdown_says_every_kind_and_back():
    blocks = markdown_to_blocks(MARKDOWN)

    assert [block["type"] for block in blocks] == [
        "heading", "paragraph", "list", "numbered_list", "checklist", "quote", "code", "table", "divider", "callout", "image",
    ]  # fmt: skip
    assert blocks_to_markdown(blocks) == MARKDOWN


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCK | OURS, max_size=5))
def test_what_is_not_touched_stays_to_the_letter(blocks):
    description = json.dumps(blocks, indent=1)

    saved = markdown_to_description(description_to_markdown(description), description)

    assert json.loads(saved) == json.loads(description)
    for block in blocks:
        assert json.dumps(block, indent=1).replace("\n", "\n ") in saved


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCK | OURS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_blocks_may_be_moved_and_others_written_between(blocks, order: random.Random):
    description = json.dumps(blocks)
    pieces = [piece.text for piece in split_markdown(description_to_markdown(description))]
    order.shuffle(pieces)

    saved = json.loads(markdown_to_description("\n\n".join(["Something new.", *pieces]), description))

    assert saved[0] == {"type": "paragraph", "text": "Something new."}
    assert sorted(map(json.dumps, saved[1:])) == sorted(map(json.dumps, json.loads(description)))


@settings(max_examples=100, deadline=None)
@given(BLOCK | OURS)
def test_markdown_alone_shows_the_same(block):
    """Without the original at hand (a copied text, say) every block still looks as it did."""
    assert render_html(markdown_to_blocks(blocks_to_markdown([block]))) == render_html(
        [json.loads(json.dumps(block))]
    )


def test_lists_stand_inside_lists():
    text = "- a\n  - b\n    goes on\n    1. c\n    2. d\n  - [x] e\n- f\n   - g\n - h\n\t- i"

    blocks = markdown_to_blocks(text)

    inner = [
        {
            "type": "list",
            "items": [{"text": "b\ngoes on", "children": [{"type": "numbered_list", "items": ["c", "d"]}]}],
        },
        {"type": "checklist", "items": [{"text": "e", "checked": True}]},
    ]
    assert blocks == [
        {"type": "list", "items": [{"text": "a", "children": inner}, {"text": "f", "children": [{"type": "list", "items": ["g"]}]}, {"text": "h", "children": [{"type": "list", "items": ["i"]}]}]}
    ]  # fmt: skip
    assert (
        blocks_to_markdown(blocks)
        == "- a\n  - b\ngoes on\n    1. c\n    2. d\n  - [x] e\n- f\n  - g\n- h\n  - i"
    )
    assert "<li>a<ul><li>b<br>goes on<ol><li>c</li><li>d</li></ol></li></ul><ul><li>" in render_html(blocks)


def test_what_is_indented_too_far_stands_on_the_last_level():
    text = "\n".join(f"{'  ' * level}- {level}" for level in range(50))

    blocks = markdown_to_blocks(text)

    assert check_blocks(json.dumps(blocks)) == []
    assert markdown_to_blocks(blocks_to_markdown(blocks)) == blocks
    assert "<li>49</li>" in render_html(blocks)


def test_a_nested_list_of_another_dialect_reads_as_markdown_and_stays_itself():
    def item(text, *children):
        return {
            "type": "bulletListItem",
            "content": [{"type": "text", "text": text}],
            "children": [*children],
        }

    description = json.dumps([item("a", item("b"), item("c"))])

    markdown = description_to_markdown(description)

    assert markdown == "- a\n  - b\n  - c"
    assert (
        json.loads(markdown_to_description(f"New.\n\n{markdown}", description))[1]
        == json.loads(description)[0]
    )


LINES = st.lists(
    st.builds(
        lambda space, mark, text: f"{space}{mark}{text}",
        st.sampled_from(["", "", " ", "  ", "    ", "\t"]),
        st.sampled_from(
            [
                "",
                "",
                "- ",
                "1. ",
                "- [ ] ",
                "> ",
                "## ",
                "| ",
                "```",
                "```block",
                "---",
                "> [!note] ",
                "|---|",
            ]
        ),
        WORDS,
    ),
    max_size=8,
).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_lines_of_markdown_become_blocks_and_stay(text):
    blocks = markdown_to_blocks(text)

    assert check_blocks(json.dumps(blocks)) == []
    assert markdown_to_blocks(blocks_to_markdown(blocks)) == blocks
    again = markdown_to_blocks("\n\n".join(piece.text for piece in split_markdown(text)))
    assert again == blocks


@given(st.text(max_size=200))
def test_any_text_becomes_blocks_and_stays(text):
    blocks = markdown_to_blocks(text)

    assert markdown_to_blocks(blocks_to_markdown(blocks)) == blocks


@given(JSON)
def test_a_block_of_an_unknown_kind_survives_in_its_fence(value):
    block = {"type": "spectrogram", "bins": value}

    assert markdown_to_blocks(blocks_to_markdown([block])) == [json.loads(json.dumps(block))]


@pytest.mark.parametrize("number", ["1e400", "-0", "1.50", "9" * 5000, "12345678901234567890.123456789"])
def test_numbers_keep_their_spelling_when_their_block_is_edited(number):
    description = verbatim(f'{{"type": "spectrogram", "limit": {number}, "unit": "g"}}')

    markdown = description_to_markdown(description).replace('"g"', '"m/s²"')

    assert markdown_to_description(markdown, description) == verbatim(
        f'{{"type": "spectrogram", "limit": {number}, "unit": "m/s²"}}'
    )


def test_fields_that_markdown_does_not_say_stay_with_the_edited_block():
    description = verbatim(
        '{"type": "heading", "level": 2, "text": "Data", "id": "h1"}',
        '{"type": "paragraph", "text": "fell", "confidence": 0.90}',
    )

    saved = markdown_to_description("## Data\n\nrose", description)

    assert saved == verbatim(
        '{"type": "heading", "level": 2, "text": "Data", "id": "h1"}',
        '{"type": "paragraph", "text": "rose", "confidence": 0.90}',
    )


def test_a_block_of_another_dialect_reads_as_markdown_and_stays_itself():
    block = {
        "id": "x",
        "type": "paragraph",
        "content": [
            {"type": "text", "text": "fell "},
            {"type": "text", "text": "22.3 V", "styles": {"bold": True}},
        ],
    }
    description = json.dumps([block, {"type": "paragraph", "text": "b"}])

    assert description_to_markdown(description) == "fell **22.3 V**\n\nb"
    assert json.loads(markdown_to_description("fell **22.3 V**\n\nc", description))[0] == block


def test_a_block_with_more_words_than_markdown_would_say_stays_json():
    block = {"type": "paragraph", "content": "a", "children": [{"type": "paragraph", "content": "b"}]}

    assert description_to_markdown(json.dumps([block])).startswith("```block\n")


def test_a_block_with_words_where_nobody_looks_stays_json():
    block = {"type": "paragraph", "content": "a", "footnote": "b"}

    assert description_to_markdown(json.dumps([block])).startswith("```block\n")


def test_code_with_a_fence_in_it_has_a_longer_one():
    assert blocks_to_markdown([{"type": "code", "text": "```\nx\n```"}]) == "````\n```\nx\n```\n````"


def test_a_list_may_be_indented_as_a_whole():
    assert markdown_to_blocks("  - a\n  - b") == [{"type": "list", "items": ["a", "b"]}]


def test_a_bar_inside_a_cell_stays_there():
    table = {"type": "table", "header": ["a|b", ""], "rows": [["|", "\\|"], ["", "c"]]}

    assert markdown_to_blocks(blocks_to_markdown([table])) == [table]
    assert blocks_to_markdown([table]).startswith("| a\\|b |  |\n")


def test_json_for_people_is_on_several_lines():
    block = {"type": "spectrogram", "rows": [{"name": "a" * 40, "n": 1}, {"name": "b" * 40, "n": 2}]}

    assert len(blocks_to_markdown([block]).split("\n")) > 5


@pytest.mark.parametrize(
    ("fence", "why"),
    [
        ("[1]", "must begin"),
        ("{", "line 1"),
        ('{"a": NaN}', "NaN"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 9999, "deep"),
    ],
)
def test_a_broken_block_is_refused_by_its_line(fence, why):
    with pytest.raises(Unreadable, match=rf"line 3.*{why}"):
        markdown_to_description(f"x\n\n```block\n{fence}\n```")


def test_an_open_fence_swallows_nothing():
    blocks = [{"type": "paragraph", "text": "```"}, {"type": "paragraph", "text": "after"}]

    assert markdown_to_blocks(blocks_to_markdown(blocks)) == blocks


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join("x" * 3 for _ in range(50_000)),
        "- a\n" * 50_000,
        "> " * 100_000,
        "`" * 300_000,
        "|" * 300_000,
    ],
)
def test_the_longest_texts_are_read_in_time(text):
    assert check_blocks(markdown_to_description(text, markdown_to_description(text[:1000]))) is not None


def test_windows_line_ends_are_line_ends():
    assert markdown_to_blocks("a\r\n\r\nb") == [
        {"type": "paragraph", "text": "a"},
        {"type": "paragraph", "text": "b"},
    ]
    assert not re.search("\r", json.dumps(markdown_to_blocks("a\rb")))


SIGNS = st.text(st.sampled_from("ab *`~[]()#>|!-\\\n"), max_size=20)


class TestABackslash:
    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            (r"2 \* 3 \* 4", "2 * 3 * 4"),
            (r"\*not italic\*", "*not italic*"),
            (r"\# no heading", "# no heading"),
            (r"\- no item", "- no item"),
            (r"\> no quote", "&gt; no quote"),
            (r"\[no link](/FND-1)", "[no link](/FND-1)"),
            (r"*a \* b*", "<em>a * b</em>"),
            (r"**C:\\**", r"<strong>C:\</strong>"),
            (r"[a\]b](https://example.com/)", "a]b</a>"),
            (r"`\*`", r"<code>\*</code>"),
            (r"\\*a*", r"\<em>a</em>"),
            (r"\\tvac-pc\runs\1184", r"\\tvac-pc\runs\1184"),
            ("ends with \\", "ends with \\"),
        ],
    )
    def test_makes_a_letter_of_the_sign_behind_it_and_is_itself_before_anything_else(self, written, shown):
        [block] = markdown_to_blocks(written)

        assert block == {"type": "paragraph", "text": written}
        assert f"{shown}</p>" in str(render_html([block]))
        assert blocks_to_markdown([block]) == written

    @settings(max_examples=300, deadline=None)
    @given(SIGNS)
    def test_lets_any_text_be_written(self, text):
        assert words_of(inline(settle(as_letters(text)))) == text

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.builds(
                lambda text, look: {"type": "text", "text": text, "styles": dict.fromkeys(look, True)},
                SIGNS.filter(bool),
                st.sets(st.sampled_from(["bold", "italic", "strike"]), max_size=1),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_lets_blocks_of_other_dialects_be_edited_as_markdown(self, runs):
        block = {"type": "paragraph", "content": runs}
        markdown = blocks_to_markdown([block])

        assert render_html(markdown_to_blocks(markdown)) == render_html([block])

    def test_keeps_a_star_of_another_dialect_out_of_json(self):
        block = {"type": "paragraph", "content": [{"type": "text", "text": "2 *3* 4"}]}

        assert blocks_to_markdown([block]) == r"2 \*3\* 4"

    @pytest.mark.parametrize(
        "text",
        ["\\" * 200_000, "\\*" * 100_000, "**" + "\\*" * 100_000, "[" + "\\]" * 100_000, "*a\\" * 60_000],
    )
    def test_is_read_in_time(self, text):
        assert words_of(inline(text)) is not None
