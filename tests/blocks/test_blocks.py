"""Descriptions: what is refused, what is shown, and that nothing sent becomes markup."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issues.blocks.check import BLOCKS_BYTES, BLOCKS_DEPTH, check_blocks
from issues.blocks.html import HTML_MAX, is_safe_url, render_html
from issues.blocks.markdown import markdown_to_html
from issues.blocks.text import TEXT_MAX, plain_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KINDS = st.sampled_from(
    [
        "paragraph",
        "heading",
        "list",
        "checklist",
        "quote",
        "code",
        "table",
        "callout",
        "image",
        "bulletList",
        "x",
    ]
)
FIELDS = st.sampled_from(
    ["text", "content", "items", "rows", "header", "level", "data", "attrs", "children", "url", "title"]
)
BLOCK = st.builds(
    lambda kind, fields: {**fields, "type": kind}, KINDS, st.dictionaries(FIELDS, JSON, max_size=4)
)


def nested(levels: int) -> list:
    """Blocks of so many levels of arrays and objects in all."""
    value: object = "x"
    for n in range(levels - 2):
        value = [value] if n % 2 else {"a": value}
    return [{"a": value}]


class TestCheck:
    @pytest.mark.parametrize(
        "blocks",
        [[], [{}], [{"type": "x", "n": 1}], [{}] * 1000, nested(BLOCKS_DEPTH), [{"é": "\U0001f527"}]],
    )
    def test_accepts(self, blocks):
        assert check_blocks(json.dumps(blocks)) == []

    @pytest.mark.parametrize(
        ("text", "pointer"),
        [
            ("{}", ""),
            ("[1]", "/0"),
            ('[{}, "a", null]', "/1"),
            (json.dumps([{}] * 1001), ""),
            (json.dumps(nested(BLOCKS_DEPTH + 1)), "/0"),
            ('[{"a": "\\u0000"}]', "/0"),
            ('[{}, {"a": ["\\ud800"]}]', "/1"),
            ('[{"\\u0000": 1}]', "/0"),
            ("[" * 100_000, ""),
            ("nonsense", ""),
            (json.dumps([{"a": "x" * BLOCKS_BYTES}]), ""),
        ],
    )
    def test_refuses(self, text, pointer):
        assert check_blocks(text)[0][0] == pointer

    def test_names_every_block_that_is_wrong(self):
        assert [pointer for pointer, _ in check_blocks('[1, {}, "a"]')] == ["/0", "/2"]

    def test_takes_numbers_of_any_spelling(self):
        assert check_blocks(f'[{{"n": 1e99999, "m": {"9" * 5000}}}]') == []


class TestPlainText:
    def test_reads_every_dialect_in_order(self):
        blocks = [
            {"type": "paragraph", "text": "one"},
            {"type": "paragraph", "content": [{"type": "text", "text": "two", "styles": {"bold": True}}]},
            {"type": "list", "data": {"items": ["three", {"content": "four"}]}},
            {"type": "table", "rows": [["five", "six"]]},
        ]

        assert plain_text(blocks).split("\n") == ["one", "two", "three", "four", "five", "six"]

    @given(JSON)
    def test_never_fails_and_is_bounded(self, value):
        assert len(plain_text(value)) <= TEXT_MAX

    def test_has_no_depth_too_deep(self):
        value: object = "end"
        for _ in range(50_000):
            value = [value]
        assert plain_text(value) == "end"


class TestRender:
    @pytest.mark.parametrize(
        ("block", "html"),
        [
            ({"type": "paragraph", "text": "fell to **22.3 V**"}, "<p>fell to <strong>22.3 V</strong></p>"),
            ({"type": "heading", "level": 3, "text": "x"}, "<h3>x</h3>"),
            ({"type": "heading", "level": 1, "text": "x"}, "<h2>x</h2>"),
            ({"type": "list", "items": ["a", "`b`"]}, "<ul><li>a</li><li><code>b</code></li></ul>"),
            ({"type": "numbered_list", "items": ["a"]}, "<ol><li>a</li></ol>"),
            ({"type": "code", "text": "a < b"}, '<pre tabindex="0"><code>a &lt; b</code></pre>'),
            ({"type": "quote", "text": "q"}, "<blockquote><p>q</p></blockquote>"),
            ({"type": "divider"}, "<hr>"),
            (
                {"type": "paragraph", "content": [{"type": "text", "text": "B", "styles": {"bold": True}}]},
                "<p><strong>B</strong></p>",
            ),
            (
                {
                    "type": "paragraph",
                    "content": [{"type": "text", "text": "P", "marks": [{"type": "italic"}]}],
                },
                "<p><em>P</em></p>",
            ),
            ({"type": "header", "data": {"level": 2, "text": "Editor"}}, "<h2>Editor</h2>"),
            ({"type": "heading_2", "heading_2": {"rich_text": [{"plain_text": "N"}]}}, "<h2>N</h2>"),
            ({"type": "section", "text": {"type": "mrkdwn", "text": "S"}}, "<p>S</p>"),
            (
                {
                    "type": "bulletList",
                    "content": [
                        {
                            "type": "listItem",
                            "content": [{"type": "paragraph", "content": [{"type": "text", "text": "i"}]}],
                        }
                    ],
                },
                "<ul><li>i</li></ul>",
            ),
        ],
    )
    def test_draws(self, block, html):
        assert render_html([block]) == html

    def test_draws_a_table_with_its_head(self):
        html = render_html([{"type": "table", "header": ["Q", "A"], "rows": [["Minimum", "25.9 V"], ["x"]]}])

        assert '<th scope="col">Q</th>' in html
        assert "<tr><td>x</td><td></td></tr>" in html

    def test_single_items_become_one_list(self):
        blocks = [{"type": "bulletListItem", "content": [{"type": "text", "text": t}]} for t in "ab"]

        assert render_html(blocks) == "<ul><li>a</li><li>b</li></ul>"

    def test_shows_what_it_does_not_know(self):
        html = render_html([{"type": "spectrogram", "caption": "Motor 4", "bins": [1, 2]}])

        assert "Motor 4" in html
        assert "Show as JSON" in html
        assert "&quot;bins&quot;" in html

    @settings(max_examples=200, deadline=None)
    @given(st.lists(BLOCK, max_size=5))
    def test_never_fails_and_makes_only_its_own_tags(self, blocks):
        html = render_html(blocks)

        names = set(re.findall(r"</?([a-zA-Z][\w-]*)", html))
        assert names <= {
            "p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code", "div", "table", "thead", "tbody", "tr",
            "th", "td", "strong", "em", "s", "a", "br", "hr", "span", "svg", "use", "b", "figure", "img", "details",
            "summary",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>)",
            "[x](//evil.example)",
            "[x](/\\evil.example)",
            '[x](https://a"onmouseover="alert(1))',
            "**<svg onload=alert(1)>**",
        ],
    )
    def test_text_never_becomes_script(self, text):
        for html in (
            render_html([{"type": "paragraph", "text": text}]),
            render_html([{"type": text, "x": text}]),
            render_html([{"type": "image", "url": text, "alt": text}]),
            render_html([{"type": "paragraph", "content": [{"text": text, "href": text}]}]),
            markdown_to_html(text),
        ):
            tags = re.findall(r"<[^>]*>", html)
            assert not [
                tag
                for tag in tags
                if re.search(r"script|\son\w+=|javascript:|data:|=\"//|=\"/\\", tag, re.IGNORECASE)
            ]

    def test_ten_thousand_blocks_are_bounded(self):
        assert len(render_html([{"type": "paragraph", "text": "x" * 900}] * 10_000)) < HTML_MAX + 200

    @pytest.mark.parametrize(
        "url", ["https://x.org/a?b=1#c", "mailto:a@b.c", "/FND-1", "http://x", "/file/a"]
    )
    def test_knows_a_safe_address(self, url):
        assert is_safe_url(url)

    @pytest.mark.parametrize(
        "url", ["javascript:1", " https://x", "//x", "/\\x", "ftp://x", "", "https://x\ny", "x"]
    )
    def test_knows_an_unsafe_address(self, url):
        assert not is_safe_url(url)


class TestComments:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("a\nb", "<p>a<br>\nb</p>"),
            ("**b** ~~s~~", "<strong>b</strong> <del>s</del>"),
            ("> q", "<blockquote>"),
            ("see FND-12.", '<a class="link" href="/FND-12">FND-12</a>.'),
            (
                "thanks @Mara.Lindqvist@example.com.",
                '"/list?owner=mara.lindqvist@example.com">@mara.lindqvist@example.com</a>.',
            ),
            ("https://x.org", 'rel="noopener nofollow ugc">https://x.org</a>'),
            ("| a |\n|---|\n| b |", "<td>b</td>"),
        ],
    )
    def test_draw(self, text, html):
        assert html in markdown_to_html(text)

    @pytest.mark.parametrize(
        "text",
        ["`FND-12`", "XFND-12", "FND-012", "FND-12-a", "[FND-1](https://x.org)", "`@a@b.org`", "x@a@b.org", "a@b.org", "@ a@b.org",
                 "```\n@a@b.org FND-1\n```", "[@a@b.org](https://x.org)"]
    )  # fmt: skip
    def test_link_only_whole_words_outside_code(self, text):
        html = markdown_to_html(text)

        assert 'href="/FND' not in html
        assert "mention" not in html

    @pytest.mark.parametrize(
        "text", ["[" * 10_000, "*a" * 5_000, "> " * 5_000, "`" * 9_999, "- " * 5_000, "|a" * 5_000, "<a" * 5_000,
                 "_a*" * 3_000, "![" * 5_000, "\\" * 10_000, "&#x" * 3_000, "a\n" * 5_000, "~" * 10_000]
    )  # fmt: skip
    def test_of_the_worst_kind_end(self, text):
        assert len(markdown_to_html(text)) < 40 * len(text)

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=300))
    def test_never_fail(self, text):
        assert "<script" not in markdown_to_html(text)
