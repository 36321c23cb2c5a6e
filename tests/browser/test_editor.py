"""The block editor: what is typed, pasted and dropped becomes blocks; nothing that was not touched changes by a byte."""

import base64
import io
import json
import random
import re

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import expect

from issues.blocks.description import blocks_to_markdown, markdown_to_blocks
from issues.blocks.html import render_html
from issues.blocks.runs import inline
from issues.models import Attachment, Issue
from tests.blocks.test_blocks import BLOCK
from tests.blocks.test_description import LINES, MARKDOWN, OURS
from tests.browser.accessibility import assert_accessible
from tests.factories import make_issue, make_user

SPECTROGRAM = '{"type": "spectrogram", "caption": "Motor 4", "bins": [1, 2.50]}'
PASTE = """(field, given) => {
    const carrier = new DataTransfer();
    for (const [type, text] of Object.entries(given.texts ?? {})) carrier.setData(type, text);
    if (given.png) carrier.items.add(new File([Uint8Array.from(atob(given.png), (c) => c.charCodeAt(0))], "image.png", {type: "image/png"}));
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carrier, bubbles: true, cancelable: true}));
}"""


def png():
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "navy").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def editor(page):
    return page.locator(".blocks .prose")


def markdown(page):
    return page.locator("textarea[data-editor]").input_value()


def open_new(page):
    page.goto("/new")
    editor(page).click()


def paste(page, *, png=None, **texts):
    types = {name.replace("_", "/"): text for name, text in texts.items()}
    page.locator("*:focus").evaluate(PASTE, {"texts": types, "png": png})


def test_what_is_typed_becomes_blocks(page):
    open_new(page)
    type_ = page.keyboard.type
    press = page.keyboard.press

    type_("Fell to **22.3 V** in `eclipse`.\n")
    type_("## What I checked\n")
    type_("- Harness\n")
    press("Tab")
    type_("10 kΩ\n\n\n")
    type_("1. Repeat\n\n")
    type_("[x] Seated\n\n")
    type_("> Above 24 V\n")
    type_("```x = 1\nprint(x)\n\n")
    type_("/call")
    expect(page.get_by_role("listbox", name="Blocks").get_by_role("option")).to_have_count(1)
    press("Enter")
    type_("Limit crossed")
    page.get_by_label("Title").fill("Battery string B")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", name="Battery string B")).to_be_visible()
    assert json.loads(Issue.objects.get().description) == [
        {"type": "paragraph", "text": "Fell to **22.3 V** in `eclipse`."},
        {"type": "heading", "level": 2, "text": "What I checked"},
        {"type": "list", "items": [{"text": "Harness", "children": [{"type": "list", "items": ["10 kΩ"]}]}]},
        {"type": "numbered_list", "items": ["Repeat"]},
        {"type": "checklist", "items": [{"text": "Seated", "checked": True}]},
        {"type": "quote", "text": "Above 24 V"},
        {"type": "code", "text": "x = 1\nprint(x)"},
        {"type": "callout", "kind": "note", "text": "Limit crossed"},
    ]


THROUGH = """([docs, chance]) => {
    const {editor} = document.querySelector("textarea[data-editor]");
    const load = (doc) => { editor.textarea.value = doc; editor.load(); return [...editor.root.children]; };
    // As if these had been touched: they say the same, and are written anew.
    const touch = (blocks) => { for (const block of blocks) if (editor.units.has(block)) editor.units.get(block).written = null; return editor.markdown(); };
    return docs.map((doc, n) => {
        const blocks = load(doc);
        const same = editor.markdown();
        const some = touch(blocks.filter((_, at) => chance[(n + at) % chance.length]));
        const anew = touch(blocks);
        const again = load(doc).filter((block) => editor.units.has(block)), one = again[n % again.length];
        const fresh = Object.assign(document.createElement("p"), {className: "f block", textContent: "new"});
        fresh.dataset.kind = "paragraph";
        if (one) editor.root.append(fresh, one); // one goes to the end, behind a new one
        // (An item is no block, but a part of one.)
        const moved = again.some((block) => block.dataset.kind === "item") ? null : editor.markdown();
        return {same, some, anew, moved};
    });
}"""
DOCUMENTS = st.one_of(
    LINES,
    st.lists(LINES, max_size=3).map("\n\n".join),
    st.lists(OURS | BLOCK, max_size=4).map(blocks_to_markdown),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
).filter(lambda text: "\r" not in text)


def test_what_is_not_touched_stays_to_the_byte(page):
    """Any text, read and written by the editor, is the same text; and written anew the server draws the same."""
    open_new(page)

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(DOCUMENTS, min_size=30, max_size=60), st.lists(st.booleans(), min_size=7, max_size=7))
    def check(documents, chance):
        documents += ["text\n\n## one\n## two\n```\ncode"] * 4  # whichever is moved, none runs into another
        answers = page.evaluate(THROUGH, [documents, chance])
        for n, (document, found) in enumerate(zip(documents, answers, strict=True)):
            assert found["same"] == document
            blocks = markdown_to_blocks(document)
            assert render_html(markdown_to_blocks(found["some"])) == render_html(blocks)
            assert render_html(markdown_to_blocks(found["anew"])) == render_html(blocks)
            if found["moved"] is not None and blocks:
                blocks += [{"type": "paragraph", "text": "new"}, blocks.pop(n % len(blocks))]
                assert render_html(markdown_to_blocks(found["moved"])) == render_html(blocks)

    check()


def test_editor_and_server_see_the_same_looks(page):
    open_new(page)
    texts = st.text(st.sampled_from("ab *`~[]()/é_\\#-"), max_size=20)
    ask = """async ([address, texts]) => { const {readRuns} = await import(address); return texts.map((text) => readRuns(text)); }"""
    address = page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name).find((name) => name.includes('editor-markdown'))"
    )

    @settings(
        max_examples=5,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(texts, min_size=60, max_size=60))
    def check(lines):
        for line, runs in zip(lines, page.evaluate(ask, [address, lines]), strict=True):
            seen = [
                (
                    run["text"],
                    *(bool(run.get(look)) for look in ("bold", "italic", "code", "strike")),
                    run.get("href", ""),
                )
                for run in runs
            ]
            assert seen == joined(
                [(run.text, run.bold, run.italic, run.code, run.strike, run.href) for run in inline(line)]
            )

    check()


def joined(runs):
    found = []
    for text, *look in runs:
        if found and list(found[-1][1:]) == look:
            found[-1] = (found[-1][0] + text, *look)
        else:
            found.append((text, *look))
    return found


def test_a_description_is_edited_as_blocks_and_unknown_ones_stay(page):
    issue = make_issue(description=f'[{{"type": "paragraph", "text": "fell to 22.3 V"}}, {SPECTROGRAM}]')
    page.goto(f"/{issue.reference}")
    page.keyboard.press("e")
    expect(editor(page)).to_be_focused()
    expect(editor(page)).to_contain_text("Motor 4")
    assert_accessible(page)

    page.keyboard.press("Control+Home")
    page.keyboard.type("It ")
    before = markdown(page)
    page.get_by_role("button", name="Markdown").click()
    page.locator("textarea[data-editor]").press("End")
    page.get_by_role("button", name="Blocks").click()
    assert markdown(page) == before
    page.keyboard.press("Control+Enter")

    expect(page.locator(".blocks")).to_have_count(0)
    expect(page.locator("#description .prose")).to_contain_text("It fell to 22.3 V")
    assert (
        Issue.objects.get().description
        == f'[{{"type": "paragraph", "text": "It fell to 22.3 V"}}, {SPECTROGRAM}]'
    )


HOSTILE = (
    "[x](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n![<b>](javascript:alert(2))\n\n![x](https://x.org/x.png)\n\n"
    '```block\n{"type": "<script>", "html": "<script>alert(3)</script>"}\n```\n\n| <script>alert(4)</script> |\n| --- |'
)


def test_nothing_in_a_description_becomes_script(page):
    open_new(page)
    page.keyboard.press("Shift")  # focused, empty
    page.locator("textarea[data-editor]").evaluate(
        "(field, text) => { field.value = text; field.dispatchEvent(new Event('input')); }", HOSTILE
    )

    expect(editor(page)).to_contain_text("<script>alert(3)</script>")
    expect(editor(page).locator("script, img, a[href]")).to_have_count(0)
    page.keyboard.press("Control+End")
    page.keyboard.type("!")
    assert markdown(page) == f"{HOSTILE}\n\n!"


KEYS = ["Enter", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "Home", "Tab", "Shift+Tab", "Shift+Enter", "Alt+ArrowUp",
        "Alt+ArrowDown", "Shift+ArrowUp", "Shift+ArrowDown", "Control+b", "Control+e", "Control+a", "Control+Backspace"]  # fmt: skip
WRITTEN = ["word ", "**b**", "## ", "- ", "[ ] ", "> ", "```", "---", "/table\n", "/call\n", "[l](/x) "]
UNDONE = """start => {
    const {editor} = document.querySelector("textarea[data-editor]");
    const strange = [...editor.root.children].filter((block) => !block.matches(".block[data-kind]")).length;
    for (let steps = 0; editor.history.at > 0 && steps < 500; steps++) editor.undo(-1);
    return {strange, text: editor.textarea.value};
}"""


def test_whatever_is_done_is_undone(page):
    """Keys in any order break nothing, and undo leads back to the beginning."""
    open_new(page)
    field = page.locator("textarea[data-editor]")
    for seed in range(4):
        some = random.Random(seed)
        start = [MARKDOWN, "- a\n- b\n  - c", "| a | b |\n| --- | --- |\n| c | d |", "```\nx\n```"][seed % 4]
        field.evaluate(
            "(field, text) => { field.value = text; field.editor.load(); field.editor.focus(); }", start
        )
        for _ in range(12):
            if some.random() < 0.6:
                page.keyboard.press(some.choice(KEYS))
            else:
                page.keyboard.type(some.choice(WRITTEN))
            field.evaluate(
                "field => document.activeElement.closest('.blocks .prose') || field.editor.focus()"
            )

        assert page.evaluate(UNDONE, start) == {"strange": 0, "text": start}


def test_what_markdown_would_say_otherwise_is_still_edited_as_what_it_is(page):
    open_new(page)
    page.keyboard.type("## Head ")
    assert markdown(page) == "## Head"
    page.keyboard.press("Enter")
    paste(page, text_plain="- x")

    assert markdown(page) == '## Head\n\n```block\n{"type":"paragraph","text":"- x"}\n```'
    page.get_by_role("button", name="Markdown").click()
    page.get_by_role("button", name="Blocks").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("y")
    assert markdown(page).endswith('{"type":"paragraph","text":"- xy"}\n```')
    page.keyboard.press("Home")
    page.keyboard.type("a")
    assert markdown(page) == "## Head\n\na- xy"


def test_signs_that_are_taken_back_as_markdown_stay_signs(page):
    open_new(page)
    page.keyboard.type("2 *3*")
    assert markdown(page) == "2 *3*"
    expect(editor(page).locator("em")).to_have_text("3")

    page.keyboard.press("Control+z")
    expect(editor(page).locator("p")).to_have_text("2 *3*")
    assert markdown(page) == r"2 \*3\*"
    page.get_by_label("Title").fill("Stars")
    page.get_by_role("button", name="Create issue").click()

    expect(page.locator("#description .prose")).to_have_text("2 *3*")


def test_blocks_are_moved_turned_indented_and_all_of_it_undone(page):
    issue = make_issue(description=json.dumps(markdown_to_blocks(MARKDOWN)))
    page.goto(f"/{issue.reference}")
    page.keyboard.press("e")
    expect(editor(page)).to_be_focused()
    press = page.keyboard.press
    assert markdown(page) == MARKDOWN

    press("Control+Home")
    press("Alt+ArrowDown")
    expect(page.locator(".blocks [role=status]").last).to_have_text("Moved down, 2 of 16")
    press("Control+a")
    press("Delete")
    assert markdown(page) == ""
    page.keyboard.type("- one\ntwo")
    press("Tab")
    press("Control+b")
    assert markdown(page) == "- one\n  - **two**"
    press("Shift+Tab")
    press("Home")
    press("Backspace")
    press("Backspace")
    assert markdown(page) == "- one**two**"
    for _ in range(20):
        press("Control+z")
    assert markdown(page) == MARKDOWN
    for _ in range(20):
        press("Control+Shift+z")
    assert markdown(page) == "- one**two**"


def test_what_is_cut_across_blocks_comes_back_by_paste(page):
    open_new(page)
    page.keyboard.type("one\n## two\n- three\nfour")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowUp")
    before = markdown(page)

    cut = page.evaluate("""() => {
        const carrier = new DataTransfer();
        document.querySelector(".blocks .prose").dispatchEvent(new ClipboardEvent("cut", {clipboardData: carrier, bubbles: true, cancelable: true}));
        return carrier.getData("text/plain");
    }""")
    assert cut in before
    assert "## two\n\n- three" in cut
    assert len(markdown(page)) < len(before)
    paste(page, text_plain=cut)
    assert [block["type"] for block in markdown_to_blocks(markdown(page))] == ["paragraph", "heading", "list"]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")

    assert markdown(page) == before


def test_a_block_is_dragged_by_its_grip_and_more_stands_behind_it(page):
    open_new(page)
    page.keyboard.type("one\ntwo\nthree")
    blocks = editor(page)
    grip = page.get_by_label("Move block")
    blocks.get_by_text("three").hover()
    blocks.get_by_text("one").hover()
    at, to = grip.bounding_box(), blocks.get_by_text("three").bounding_box()
    page.mouse.move(at["x"] + 8, at["y"] + 8)
    page.mouse.down()
    page.mouse.move(at["x"] + 8, to["y"] + to["height"] / 2, steps=6)
    page.mouse.move(at["x"] + 8, to["y"] + to["height"] - 2)
    page.mouse.up()
    assert markdown(page) == "two\n\nthree\n\none"

    grip.click()
    page.get_by_role("option", name="Duplicate").click()
    page.keyboard.press("Control+k")  # nothing is selected: the palette
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    page.keyboard.press("Escape")
    blocks.get_by_text("one").last.dblclick(position={"x": 8, "y": 12})
    page.keyboard.press("Control+k")
    page.get_by_label("Address of the link").fill("FND-12")
    page.keyboard.press("Enter")

    assert markdown(page) == "two\n\nthree\n\none\n\n[one](/FND-12)"


def test_a_block_is_moved_with_a_thumb(phone_page):
    page = phone_page
    open_new(page)
    page.keyboard.type("one\ntwo\nthree\n" + "\n".join("abcdefghijklmnop"))
    blocks, grip = editor(page), page.get_by_label("Move block")
    blocks.get_by_text("one").tap()
    at, to = grip.bounding_box(), blocks.get_by_text("three").bounding_box()
    assert (at["width"], at["height"]) == (44, 44)
    assert at["x"] + at["width"] <= 390

    thumb = page.context.new_cdp_session(page)

    def touch(kind, *y):
        points = [{"x": at["x"] + 22, "y": one} for one in y]
        thumb.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", at["y"] + 22)
    touch("touchMove", to["y"])
    touch("touchMove", to["y"] + to["height"] - 2)
    touch("touchEnd")
    expect(page.locator("textarea[data-editor]")).to_have_value(re.compile("^two\n\nthree\n\none\n\na"))
    at = grip.bounding_box()
    touch("touchStart", at["y"] + 22)
    touch("touchMove", 800)
    expect(blocks.locator("> :last-child")).to_have_text("one")
    touch("touchEnd")
    expect(page.locator("textarea[data-editor]")).to_have_value(re.compile("^two.*p\n\none$", re.DOTALL))

    grip.tap()
    option = page.get_by_role("option", name="Move up")
    assert option.bounding_box()["height"] >= 44
    option.tap()
    expect(page.locator("textarea[data-editor]")).to_have_value(re.compile("one\n\np$"))


def test_a_range_of_a_spreadsheet_becomes_a_table(page):
    open_new(page)

    paste(page, text_plain='Phase\tMinimum\nEclipse\t22.3 V\n"Sun\nlit"\t25.9 V\n')
    page.keyboard.press("ArrowDown")
    paste(
        page,
        text_html="<table><tr><td style='color:red'>a</td><td><b>b</b></td></tr><tr><td colspan=2>c</td></tr></table>",
        text_plain="a\tb\nc\t",
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("!")

    assert markdown(page) == (
        "| Phase | Minimum |\n| --- | --- |\n| Eclipse | 22.3 V |\n| Sun lit | 25.9 V |\n\n"
        "| a | **b** |\n| --- | --- |\n| ! |  |"
    )  # fmt: skip


def test_a_page_that_is_pasted_becomes_blocks(page):
    open_new(page)

    paste(
        page,
        text_html="<h1>T</h1><p>a <b>b</b> <script>x()</script><a href='https://x.org'>c</a></p><ul><li>d<ol><li>e</li></ol></li></ul><pre>f\n g</pre><img src=x onerror=alert(1)>",
        text_plain="T",
    )

    assert markdown(page) == "## T\n\na **b** [c](https://x.org)\n\n- d\n  1. e\n\n```\nf\n g\n```"


def test_a_picture_is_pasted_with_progress_and_shown(page):
    make_user()
    open_new(page)
    held = []
    page.route("**/file", lambda route: held.append(route))
    paste(page, png=png())
    figure = page.locator(".blocks figure")
    expect(figure.get_by_role("progressbar")).to_be_visible()
    size = figure.locator("canvas").bounding_box()

    held.pop().abort()
    expect(figure.get_by_role("alert")).to_contain_text("was not uploaded. The server did not answer.")
    assert markdown(page) == ""
    page.unroute("**/file")
    figure.get_by_role("button", name="Try again").click()
    expect(figure.locator("img")).to_be_visible()
    assert figure.locator("img").bounding_box()["height"] == size["height"]
    page.get_by_role("textbox", name="What the image shows").fill("Voltage")

    image = Attachment.objects.get()
    assert markdown(page) == f"![Voltage]({image.get_absolute_url()})"
    assert re.fullmatch(r"pasted-[\d-]+\.png", image.name)


def test_the_editor_works_with_a_thumb_and_an_input_method(phone_page):
    open_new(phone_page)
    phone_page.get_by_role("button", name="Heading").tap()
    keys = phone_page.context.new_cdp_session(phone_page)
    keys.send("Input.imeSetComposition", {"text": "電", "selectionStart": 1, "selectionEnd": 1})
    keys.send("Input.imeSetComposition", {"text": "電圧", "selectionStart": 2, "selectionEnd": 2})
    keys.send("Input.insertText", {"text": "電圧"})
    phone_page.keyboard.press("Enter")
    phone_page.keyboard.type("/ta")
    phone_page.get_by_role("option", name="Table").tap()
    phone_page.keyboard.type("Phase")

    assert markdown(phone_page).startswith("## 電圧\n\n| Phase |  |  |\n| --- |")
    assert_accessible(phone_page, themes=("dark",))
    assert phone_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_menu_is_led_by_keys_and_says_what_it_is(page):
    open_new(page)

    page.keyboard.type("/")
    options = page.get_by_role("listbox", name="Blocks").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(editor(page)).to_have_attribute("aria-activedescendant", "editor-option-1")
    assert_accessible(page, themes=("light",))
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.type("x")
    expect(options).to_have_count(0)

    assert markdown(page) == "/x"
