"""What editors and agents really send, made by their own libraries (dialects/README.md): all of it is shown, safely, and found."""

import json
import re
import time
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from issues.blocks.check import check_blocks
from issues.blocks.description import description_to_markdown, markdown_to_blocks, markdown_to_description
from issues.blocks.html import HTML_MAX, render_html
from issues.blocks.text import plain_text

HERE = Path(__file__).parent / "dialects"
DIALECTS = sorted(path.stem for path in HERE.glob("*.json"))
EVERYWHERE = ["Bus voltage during eclipse", "22.3 V", "bus_v", "PWR-REQ-042", "Stay above 24.0 V in every phase.",
              "Cell 5 is the coldest", 'v = df["bus_v"]', "print(v.min() < 24.0)"]  # fmt: skip
LISTS = ["next to the radiator strap", "Heater 2 was on", "Repeat at −20 °C", "Swap the harness"]
TASKS = ["Sensor is seated", "Strap is torqued"]
TABLE = ["Phase", "Minimum", "Eclipse", "Sunlit", "25.9 V"]
WORDS = {
    "blocknote": [*LISTS, *TASKS, *TABLE, "strap torque unknown", "Raw samples", "28.1 V before eclipse", "Voltage against time",
                  "telemetry.csv", "The telemetry of the run", "Indented parent", "Indented child", "Folded heading",
                  "Inside the fold"],
    "editorjs": [*LISTS, *TASKS, *TABLE, "limited & hot", "148 s", "Power requirements", "Photos are taken", "Log is filed",
                 "Limit crossed", "Three eclipses in a row.", "Voltage against time"],
    "notion": [*LISTS, *TASKS, *TABLE, "not 041", "Limit crossed in every eclipse."],
    "prosemirror": [*LISTS, "Voltage against time"],
    "slack": ["Heater 2 was on", "Phase", "Eclipse", "Minimum", "Open the plot", "Telemetry of run 1184", "Voltage against time",
              "Found in job tvac-nightly 1184", "Atlas", "Take it", "Priority", "High priority"],
    "tiptap": [*LISTS, *TASKS, *TABLE, "for 148 s", "not 041", "Second paragraph of it.", "and log it", "Voltage against time"],
}  # fmt: skip
OUR_TAGS = {"p", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code", "div", "table", "thead", "tbody", "tr", "th",
            "td", "strong", "em", "s", "a", "br", "hr", "span", "svg", "use", "b", "figure", "figcaption", "img", "details",
            "summary"}  # fmt: skip
HOSTILE = '"><script>alert(1)</script><svg onload=alert(1)><img src=x onerror=alert(1)>'


def blocks_of(dialect):
    return json.loads((HERE / f"{dialect}.json").read_text())


def shown(html):
    """The text of it, and what stands for its images."""
    with_images = re.sub(r'<img [^>]*alt="([^"]*)"[^>]*>', r"\1", html)
    in_lines = re.sub(r"</?(?:strong|em|code|s|a)\b[^>]*>", "", with_images)
    return unescape(re.sub(r"<[^>]+>", "\n", in_lines))


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs


def swapped(value, text, url):
    """The same blocks, but every text and every address is another."""
    if isinstance(value, list):
        return [swapped(one, text, url) for one in value]
    if isinstance(value, dict):
        return {
            name: one
            if name in ("type", "style", "id", "object", "level", "action_id") and isinstance(one, str | int)
            else swapped(one, text, url)
            for name, one in value.items()
        }
    if isinstance(value, str):
        return url if re.match(r"https?://|/file/", value) else text
    return value


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_word_is_shown_and_found(dialect):
    blocks = blocks_of(dialect)
    html = render_html(blocks)
    lines = shown(html)
    found = plain_text(blocks)

    assert [words for words in EVERYWHERE + WORDS[dialect] if words not in lines] == []
    assert [words for words in EVERYWHERE + WORDS[dialect] if words not in found] == []
    assert "Show as JSON" not in html
    assert not re.search(r"&lt;/?(?:b|code|mark|a)\b|\*22", html)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_looks_and_links_are_kept(dialect):
    html = render_html(blocks_of(dialect))

    assert "<strong>22.3 V</strong>" in html
    assert "<code>bus_v</code>" in html
    assert "<em>not</em>" in html
    assert (
        '<a class="link" href="https://example.com/pwr-req-042" rel="noopener nofollow ugc">PWR-REQ-042</a>'
        in html
    )
    assert "<h2>Bus voltage during eclipse</h2>" in html


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one not in ("slack", "prosemirror")])
def test_tables_and_ticks_are_drawn_as_such(dialect):
    html = render_html(blocks_of(dialect))

    assert '<th scope="col">Minimum</th></tr></thead><tbody><tr><td>Eclipse</td>' in html
    assert '<li><span class="tick" data-on="1">☑</span> Sensor is seated</li>' in html
    assert '<li><span class="tick" data-on="0">☐</span> Strap is torqued</li>' in html
    assert "<ol><li>Repeat at −20 °C</li><li>Swap the harness" in html


@pytest.mark.parametrize("dialect", DIALECTS)
def test_editing_it_as_markdown_touches_nothing(dialect):
    text = (HERE / f"{dialect}.json").read_text()
    markdown = description_to_markdown(text)

    assert check_blocks(text) == []
    assert json.loads(markdown_to_description(markdown, text)) == json.loads(text)
    # Also without the original at hand, a copied text say, every word is still there.
    again = shown(render_html(markdown_to_blocks(markdown)))
    assert [words for words in EVERYWHERE + WORDS[dialect] if words not in again] == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/file/../../x"]
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_text_and_no_address_becomes_script(dialect, url):
    html = render_html(swapped(blocks_of(dialect), HOSTILE, url))
    tags = Tags(html)

    assert tags.names <= OUR_TAGS
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    targets = [
        value for name, value in tags.attributes if name in ("href", "src") and not value.startswith("#i-")
    ]
    assert not [target for target in targets if not re.match(r"https?://|/(?![/\\])", target)]
    assert "alert(1)" in shown(html)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ten_thousand_blocks_are_drawn_in_no_time(dialect):
    blocks = blocks_of(dialect)
    inner = blocks[0]["content"] if dialect == "tiptap" else blocks
    many = (inner * (10_000 // len(inner) + 1))[:10_000]
    begin = time.process_time()

    html = render_html(many)

    assert time.process_time() - begin < 10  # a second on a quiet machine
    assert len(html) < HTML_MAX + 10_000


NESTING = {
    "blocknote": lambda inside: {"type": "paragraph", "content": "x", "children": [inside]},
    "editorjs": lambda inside: {"type": "list", "data": {"style": "unordered", "items": [{"content": "x", "items": [inside]}]}},
    "tiptap": lambda inside: {"type": "blockquote", "content": [inside]},
    "notion": lambda inside: {"type": "column_list", "column_list": {"children": [inside]}},
    "links": lambda inside: {"type": "paragraph", "content": [{"type": "link", "href": "/x", "content": [inside]}]},
}  # fmt: skip


@pytest.mark.parametrize("dialect", NESTING)
def test_no_nesting_is_too_deep(dialect):
    block = {"type": "paragraph", "text": "The innermost"}
    for level in range(5_000):
        block = NESTING[dialect](block)
        if level == 3:
            assert "The innermost" in shown(render_html([block]))

    assert render_html([block])
    assert "The innermost" in plain_text([block])


@pytest.mark.parametrize(
    ("block", "html"),
    [
        # Slack's own composer (its reference gives these shapes; the builder above does not make them).
        (
            {"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "a ", "style": {"bold": True}}, {"type": "emoji", "name": "fire"}]},
                {"type": "rich_text_list", "style": "ordered", "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "https://x.org"}]}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x < y"}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q"}]}]},
            '<p><strong>a </strong>:fire:</p><ol><li><a class="link" href="https://x.org" rel="noopener nofollow ugc">https://x.org</a>'
            '</li></ol><pre tabindex="0"><code>x &lt; y</code></pre><blockquote><p>q</p></blockquote>',
        ),
        (
            {"type": "callout", "callout": {"rich_text": [{"text": {"content": "n"}}], "icon": {"emoji": "📘"}, "children": [{"type": "divider", "divider": {}}]}},
            '<div class="callout st-in_progress"><svg class="i" aria-hidden="true"><use href="#i-info"/></svg><p>n</p></div><div class="nested"><hr></div>',
        ),
        # Notion's answers say every text twice.
        (
            {"type": "paragraph", "paragraph": {"rich_text": [{"type": "text", "text": {"content": "n", "link": None}, "plain_text": "n", "href": None}]}},
            "<p>n</p>",
        ),
        ({"type": "bookmark", "bookmark": {"url": "https://x.org", "caption": []}},
         '<p><a class="link" href="https://x.org" rel="noopener nofollow ugc">https://x.org</a></p>'),
        ({"type": "quote", "content": [{"type": "text", "text": "a "}, {"type": "text", "text": "b", "styles": {"bold": True}}]},
         "<blockquote><p>a <strong>b</strong></p></blockquote>"),
        ({"type": "paragraph", "text": "***a `b`*** **[c](/FND-1)**"},
         '<p><em><strong>a </strong></em><em><strong><code>b</code></strong></em> '
         '<a class="link" href="/FND-1" rel="noopener nofollow ugc"><strong>c</strong></a></p>'),
        ({"type": "paragraph", "data": {"text": "a &lt;b&gt; <i>c</i> <u>d</u> <video src=x>"}},
         "<p>a &lt;b&gt; <em>c</em> d &lt;video src=x&gt;</p>"),
    ],
)  # fmt: skip
def test_shapes_that_no_fixture_has(block, html):
    assert render_html([block]) == html
    assert plain_text([block]).count("n") <= plain_text([block]).count("\n") + 1
