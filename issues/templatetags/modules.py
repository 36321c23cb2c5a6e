"""How templates name their scripts: modules, with all that they import fetched at once."""

import re
from functools import cache
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
_IMPORT = re.compile(r'^(?:import|export)\b[^"\n]*"\./([\w-]+\.js)";', re.MULTILINE)


@register.simple_tag
def modules(*names: str) -> SafeString:
    """`<script>` for each of these modules (`js/board.js`), in their order.

    What they import is named, too: a browser that found it by reading would wait for the network once for each level.
    """
    return _tags(names)


@cache
def _tags(names: tuple[str, ...]) -> SafeString:
    found = dict.fromkeys(names)
    waiting = list(names)
    while waiting:
        new = [name for name in _imports(waiting.pop(0)) if name not in found]
        found |= dict.fromkeys(new)
        waiting += new
    imported = [name for name in found if name not in names]
    preloads = format_html_join(
        "", '<link rel="modulepreload" href="{}" fetchpriority="low">', ((static(name),) for name in imported)
    )
    return preloads + format_html_join(
        "",
        '<script src="{}" type="module" fetchpriority="low"></script>',
        ((static(name),) for name in names),
    )


def _imports(name: str) -> list[str]:
    """The modules that are imported by one as it is loaded. LookupError if there is no such module."""
    path = finders.find(name)
    if path is None:
        raise LookupError(f"There is no static file {name}.")
    folder = name.rpartition("/")[0]
    return [f"{folder}/{other}" for other in _IMPORT.findall(Path(path).read_text())]
