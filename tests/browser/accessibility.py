"""axe-core on an open page: `assert_accessible(page)` after `page.goto(…)`."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SCRIPT = Axe().axe_script
# axe leaves WCAG 2.2's target size out unless asked.
_ALL = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# Structure is the same in both themes; colours are not.
_COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
_STRUCTURE = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
}
# Only what is wrong comes back: the whole of what axe looked at takes longer to hand over than to find.
_RUN = "async (options) => (await axe.run(document, options)).violations"
# The colours of the new theme are painted, and no transition is under way.
_SETTLED = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null)));
}"""


def assert_accessible(page: Page, themes: tuple[str, ...] = ("light", "dark")) -> None:
    """No violation that axe knows of (WCAG 2.0 to 2.2, A and AA, and its best practices), in the light and the dark theme.

    Without themes, everything but colours, for a page whose colours were looked at in another width.
    """
    if not themes:
        found = _run(page, _STRUCTURE)
        assert not found, f"{page.url}\n" + "\n".join(map(_in_words, found))
    said = []
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        page.evaluate(_SETTLED)
        found = _run(page, _ALL if theme == themes[0] else _COLOURS)
        said += [f"{theme}: {_in_words(violation)}" for violation in found]
    page.emulate_media(color_scheme="light")
    assert not said, f"{page.url}\n" + "\n".join(said)


def _run(page: Page, options: dict[str, Any]) -> list[dict[str, Any]]:
    """What axe finds wrong; it is half a megabyte of script, which a page is given once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    violations: list[dict[str, Any]] = page.evaluate(_RUN, options)
    return violations


def _in_words(violation: dict[str, Any]) -> str:
    nodes = "\n".join(f"    {node['html'][:200]}\n      {_why(node)}" for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n{nodes}"


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])[:300]
